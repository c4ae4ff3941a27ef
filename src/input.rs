//! How an input's sides relate to run-time dimensions: images of shape [batch, rows*unit, columns*unit, 3], spectrograms of
//! shape [batch, mel bins, frames*unit].

use std::collections::BTreeMap;

use crate::diagnostic::Result;
use crate::expr::Dim;
use crate::ir::{Dag, Kind};
use crate::sizes::Sizes;
use crate::template::Template;

/// Colour channels of a pixel.
const CHANNELS: u64 = 3;

/// One side of the image, in cells of `unit` pixels.
#[derive(Debug, Clone)]
pub struct Side {
    pub unit: u64,
    /// The run-time dimension that counts cells; none if there is always one cell: the side is fixed.
    pub dim: Option<String>,
    /// Most cells.
    pub max: u64,
}

#[derive(Debug, Clone)]
pub struct ImageInput {
    pub batch_dim: String,
    pub max_batch: u64,
    pub rows: Side,
    pub cols: Side,
    /// Most cells, rows times columns.
    pub max_cells: u64,
}

#[derive(Debug, Clone)]
pub struct AudioInput {
    pub batch_dim: String,
    pub max_batch: u64,
    pub mel_bins: u64,
    pub frames: Side,
    /// Samples per second.
    pub sample_rate: u64,
}

/// What an encoder takes.
#[derive(Debug, Clone)]
pub enum Input {
    Image(ImageInput),
    Audio(AudioInput),
}

impl Input {
    /// Reads the relation off a graph that holds the input.
    pub fn of_graph<F>(template: &Template, sizes: &Sizes, graph: &Dag<F>, shape: impl Fn(&F) -> Vec<Dim>) -> Result<Self> {
        let input = graph.ids().find(|id| graph.node(*id).kind == Kind::Input);
        let shape = input.map(|id| shape(&graph.node(id).facts)).unwrap_or_default();
        match template.is_audio() {
            true => AudioInput::of(template, sizes, &shape).map(Input::Audio),
            false => ImageInput::of(template, sizes, &shape).map(Input::Image),
        }
    }

    /// Run-time dimensions of the largest inputs that the limits allow: sums of products with positive coefficients are
    /// largest at one of these.
    pub fn corners(&self, sizes: &Sizes) -> Vec<BTreeMap<String, u64>> {
        match self {
            Input::Image(image) => {
                let (rows, cols, cells) = (image.rows.max.max(1), image.cols.max.max(1), image.max_cells.max(1));
                [(rows.min(cells), cols.min(cells / rows.min(cells))), (rows.min(cells / cols.min(cells)), cols.min(cells))]
                    .map(|(r, c)| image.dims(sizes, image.max_batch.max(1), r, c).unwrap_or_default())
                    .into()
            }
            Input::Audio(audio) => vec![audio.dims(sizes, audio.max_batch.max(1), audio.frames.max.max(1)).unwrap_or_default()],
        }
    }
}

impl AudioInput {
    fn of(template: &Template, sizes: &Sizes, shape: &[Dim]) -> Result<Self> {
        let at = &template.input.at;
        let fail = |why: &str| at.error("template-input", format!("the input must be [batch, mel bins, frames*unit]: {why}"), "this input");
        let [batch, bins, frames] = shape else { return Err(fail("it has another rank")) };
        let (batch_dim, one, max_batch) = given(sizes, batch).ok_or_else(|| fail("the first dimension is no run-time dimension"))?;
        let mel_bins = bins.as_const().ok_or_else(|| fail("the number of mel bins is not fixed"))?;
        let mut frames = side(sizes, frames).ok_or_else(|| fail("frames are neither fixed nor a multiple of one run-time dimension"))?;
        if one != 1 {
            return Err(fail("batch differs"));
        }
        for limit in &template.limits {
            let bounded = sizes.eval(&limit.expr, &limit.at, &BTreeMap::new())?;
            let max = sizes.eval(&limit.max, &limit.at, &BTreeMap::new())?.as_const();
            let times = frames.dim.as_ref().and_then(|d| bounded.div(&Dim::symbol(d))?.as_const()).filter(|n| *n > 0);
            let (Some(max), Some(times)) = (max, times) else {
                let e = limit.at.error("template-limit", "only the frames of a sound can be limited, by a static number", "this limit");
                return Err(e.fact(format!("this is {bounded}")));
            };
            frames.max = frames.max.min(max / times);
        }
        let sample_rate = Self::sample_rate(template, sizes)?;
        Ok(Self { batch_dim, max_batch, mel_bins, frames, sample_rate })
    }

    /// Samples per second of the sounds that the encoder takes.
    pub fn sample_rate(template: &Template, sizes: &Sizes) -> Result<u64> {
        let fail = |why: &str| template.input.at.error("template-input", why, "this input");
        let (rate, at) = template.input.sample_rate.as_ref().ok_or_else(|| fail("the \"sample_rate\" of the input is missing"))?;
        sizes.eval(rate, at, &BTreeMap::new())?.as_const().ok_or_else(|| fail("the sample rate is not fixed"))
    }

    /// Run-time dimensions of a batch of spectrograms of so many units of frames, the derived ones among them.
    pub fn dims(&self, sizes: &Sizes, batch: u64, frames: u64) -> Option<BTreeMap<String, u64>> {
        let frames = self.frames.dim.clone().map(|dim| (dim, frames));
        sizes.complete([(self.batch_dim.clone(), batch)].into_iter().chain(frames).collect())
    }
}

/// The run-time dimension that a dimension is a multiple of, the factor, and its largest value.
fn given(sizes: &Sizes, d: &Dim) -> Option<(String, u64, u64)> {
    sizes.runtime.iter().find_map(|(r, max)| Some((r.clone(), d.div(&Dim::symbol(r))?.as_const()?, *max)))
}

fn side(sizes: &Sizes, d: &Dim) -> Option<Side> {
    match d.as_const() {
        Some(unit) => Some(Side { unit, dim: None, max: 1 }),
        None => given(sizes, d).map(|(dim, unit, max)| Side { unit, dim: Some(dim), max }),
    }
}

impl ImageInput {
    /// Reads the relation off the input's shape.
    fn of(template: &Template, sizes: &Sizes, shape: &[Dim]) -> Result<Self> {
        let at = &template.input.at;
        let fail =
            |why: &str| at.error("template-input", format!("the input must be [batch, rows*unit, columns*unit, 3]: {why}"), "this input");
        let [batch, rows, cols, channels] = shape else { return Err(fail("it has another rank")) };
        let (batch_dim, one, max_batch) = given(sizes, batch).ok_or_else(|| fail("the first dimension is no run-time dimension"))?;
        let mut rows = side(sizes, rows).ok_or_else(|| fail("rows are neither fixed nor a multiple of one run-time dimension"))?;
        let mut cols = side(sizes, cols).ok_or_else(|| fail("columns are neither fixed nor a multiple of one run-time dimension"))?;
        if one != 1 || channels.as_const() != Some(CHANNELS) {
            return Err(fail("batch or channels differ"));
        }
        let counted: Vec<&String> = [&rows.dim, &cols.dim].into_iter().flatten().collect();
        let cells = counted.iter().try_fold(Dim::constant(1), |p, d| p.mul(&Dim::symbol(d))).ok_or_else(|| fail("overflow"))?;
        let mut max_cells = None;
        for limit in &template.limits {
            let bounded = sizes.eval(&limit.expr, &limit.at, &BTreeMap::new())?;
            let max = sizes.eval(&limit.max, &limit.at, &BTreeMap::new())?.as_const();
            let max = max.ok_or_else(|| limit.at.error("template-limit", "the largest value is not static", "this limit"))?;
            // a multiple of what is bounded is bounded by the quotient
            let times = |d: &Dim| bounded.div(d).and_then(|n| n.as_const()).filter(|n| *n > 0);
            let of = |side: &Side| side.dim.as_ref().and_then(|d| times(&Dim::symbol(d)));
            if let Some(n) = of(&rows) {
                rows.max = rows.max.min(max / n);
            } else if let Some(n) = of(&cols) {
                cols.max = cols.max.min(max / n);
            } else if let Some(n) = times(&cells) {
                max_cells = Some(max_cells.unwrap_or(u64::MAX).min(max / n));
            } else {
                let e = limit.at.error("template-limit", format!("only rows, columns or {cells} can be limited"), "this limit");
                return Err(e.fact(format!("this is {bounded}")));
            }
        }
        let all = rows.dim.is_none() || cols.dim.is_none();
        let max_cells = match max_cells {
            Some(n) => n,
            None if all => rows.max.saturating_mul(cols.max),
            None => return Err(fail(&format!("no limit for {cells} is given"))),
        };
        Ok(Self { batch_dim, max_batch, rows, cols, max_cells })
    }

    /// Run-time dimensions of a batch with these numbers of cells, the derived ones among them; `None` on overflow.
    pub fn dims(&self, sizes: &Sizes, batch: u64, rows: u64, cols: u64) -> Option<BTreeMap<String, u64>> {
        let sides = [(&self.rows, rows), (&self.cols, cols)].into_iter().filter_map(|(side, n)| Some((side.dim.clone()?, n)));
        sizes.complete([(self.batch_dim.clone(), batch)].into_iter().chain(sides).collect())
    }
}
