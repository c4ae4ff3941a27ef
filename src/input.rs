//! How an image's sides relate to run-time dimensions: input of shape [batch, rows*unit, columns*unit, 3].

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

impl ImageInput {
    /// Reads the relation off the input's shape.
    pub fn of(template: &Template, sizes: &Sizes, shape: &[Dim]) -> Result<Self> {
        let at = &template.input.at;
        let fail =
            |why: &str| at.error("template-input", format!("the input must be [batch, rows*unit, columns*unit, 3]: {why}"), "this input");
        let [batch, rows, cols, channels] = shape else { return Err(fail("it has another rank")) };
        let given = |d: &Dim| sizes.runtime.iter().find_map(|(r, max)| Some((r.clone(), d.div(&Dim::symbol(r))?.as_const()?, *max)));
        let side = |d: &Dim| match d.as_const() {
            Some(unit) => Some(Side { unit, dim: None, max: 1 }),
            None => given(d).map(|(dim, unit, max)| Side { unit, dim: Some(dim), max }),
        };
        let (batch_dim, one, max_batch) = given(batch).ok_or_else(|| fail("the first dimension is no run-time dimension"))?;
        let mut rows = side(rows).ok_or_else(|| fail("rows are neither fixed nor a multiple of one run-time dimension"))?;
        let mut cols = side(cols).ok_or_else(|| fail("columns are neither fixed nor a multiple of one run-time dimension"))?;
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

    /// The same, of a graph that holds the input.
    pub fn of_graph<F>(template: &Template, sizes: &Sizes, graph: &Dag<F>, shape: impl Fn(&F) -> Vec<Dim>) -> Result<Self> {
        let input = graph.ids().find(|id| graph.node(*id).kind == Kind::Input);
        Self::of(template, sizes, &input.map(|id| shape(&graph.node(id).facts)).unwrap_or_default())
    }

    /// Run-time dimensions of a batch with these numbers of cells, the derived ones among them; `None` on overflow.
    pub fn dims(&self, sizes: &Sizes, batch: u64, rows: u64, cols: u64) -> Option<BTreeMap<String, u64>> {
        let sides = [(&self.rows, rows), (&self.cols, cols)].into_iter().filter_map(|(side, n)| Some((side.dim.clone()?, n)));
        sizes.complete([(self.batch_dim.clone(), batch)].into_iter().chain(sides).collect())
    }
}
