//! The laws of preprocessing: the size rule, Pillow's resampling, and normalisation, computed once more.

use std::f64::consts::PI;

/// The size an image is resized to, or none if it cannot be represented.
pub fn fit_smart(w: u32, h: u32, align: u64, min_pixels: u64, max_pixels: u64) -> Option<(u32, u32)> {
    if w == 0 || h == 0 {
        return None;
    }
    let step = align as f32;
    let sides = [w as f32, h as f32];
    let largest = f64::from(i32::MAX);
    let mut units = sides.map(|s| (s / step).round().max(1.0));
    let area = sides[1] * sides[0];
    let pixels = f64::from(units[0]) * f64::from(units[1]) * (align * align) as f64;
    if (max_pixels > 0 || min_pixels > 0) && pixels > largest {
        return None;
    }
    if max_pixels > 0 && pixels > max_pixels as f64 {
        let beta = (area / max_pixels as f32).sqrt();
        units = sides.map(|s| (s / beta / step).floor().max(1.0));
    } else if min_pixels > 0 && pixels < min_pixels as f64 {
        let beta = (min_pixels as f32 / area).sqrt();
        units = sides.map(|s| (s * beta / step).ceil());
    }
    let out = units.map(|u| f64::from(u) * align as f64);
    out.iter().all(|side| *side <= largest).then(|| (out[0] as u32, out[1] as u32))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    Bilinear,
    Bicubic,
    Lanczos,
}

impl Filter {
    fn radius(self) -> f64 {
        match self {
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
            Self::Lanczos => 3.0,
        }
    }

    fn at(self, x: f64) -> f64 {
        let sinc = |v: f64| if v == 0.0 { 1.0 } else { (v * PI).sin() / (v * PI) };
        if self == Self::Lanczos {
            return if (-3.0..3.0).contains(&x) { sinc(x) * sinc(x / 3.0) } else { 0.0 };
        }
        let (x, a) = (x.abs(), -0.5);
        match self {
            Self::Bilinear => (1.0 - x).max(0.0),
            Self::Bicubic if x < 1.0 => ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0,
            Self::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * a,
            Self::Bicubic | Self::Lanczos => 0.0,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pad {
    None,
    Ceil,
    Nearest,
}

/// An image of three interleaved channels.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<u8>,
}

impl Image {
    fn at(&self, x: usize, y: usize, c: usize) -> u8 {
        self.pixels[(y * self.width + x) * 3 + c]
    }

    fn make(width: usize, height: usize, mut at: impl FnMut(usize, usize, usize) -> u8) -> Self {
        let mut pixels = Vec::with_capacity(width * height * 3);
        for y in 0..height {
            for x in 0..width {
                pixels.extend((0..3).map(|c| at(x, y, c)));
            }
        }
        Self { width, height, pixels }
    }
}

/// Of every output position: the first input, and the weights from there on.
fn windows(from: usize, to: usize, filter: Filter) -> Vec<(usize, Vec<i32>)> {
    let s = from as f64 / to as f64;
    let wide = s.max(1.0);
    let support = filter.radius() * wide;
    (0..to)
        .map(|x| {
            let x0 = (x as f64 + 0.5) * s;
            let first = ((x0 - support + 0.5).trunc() as i64).max(0);
            let end = ((x0 + support + 0.5).trunc() as i64).min(from as i64);
            let raw: Vec<f64> = (first..end).map(|i| filter.at((i as f64 - x0 + 0.5) * (1.0 / wide))).collect();
            let mut sum = 0.0;
            for w in &raw {
                sum += w;
            }
            let fixed = |w: &f64| (w / sum * f64::from(1 << 22)).round() as i32;
            (first as usize, raw.iter().map(fixed).collect())
        })
        .collect()
}

fn weighted(weights: &[i32], at: impl Fn(usize) -> u8) -> u8 {
    let sum = weights.iter().enumerate().fold(1i32 << 21, |sum, (i, w)| sum + i32::from(at(i)) * w);
    (sum >> 22).clamp(0, 255) as u8
}

fn resized(image: &Image, width: usize, height: usize, filter: Filter) -> Image {
    let mut image = image.clone();
    if width != image.width {
        let windows = windows(image.width, width, filter);
        image = Image::make(width, image.height, |x, y, c| weighted(&windows[x].1, |i| image.at(windows[x].0 + i, y, c)));
    }
    if height != image.height {
        let windows = windows(image.height, height, filter);
        image = Image::make(width, height, |x, y, c| weighted(&windows[y].1, |i| image.at(x, windows[y].0 + i, c)));
    }
    image
}

pub fn resize_pad(image: &Image, width: usize, height: usize, filter: Filter, pad: Pad, color: [u8; 3]) -> Image {
    if (image.width, image.height) == (width, height) {
        return image.clone();
    }
    if pad == Pad::None {
        return resized(image, width, height, filter);
    }
    let scale = (width as f32 / image.width as f32).min(height as f32 / image.height as f32);
    let place = |side: usize, target: usize| {
        let exact = side as f32 * scale;
        let inner = (if pad == Pad::Ceil { exact.ceil() } else { exact.round() } as usize).min(target);
        let gap = target - inner;
        (inner, if pad == Pad::Ceil { gap / 2 } else { (gap as f64 / 2.0).round() as usize })
    };
    let ((inner_w, left), (inner_h, top)) = (place(image.width, width), place(image.height, height));
    let inner = resized(image, inner_w, inner_h, filter);
    Image::make(width, height, |x, y, c| {
        if (left..left + inner_w).contains(&x) && (top..top + inner_h).contains(&y) { inner.at(x - left, y - top, c) } else { color[c] }
    })
}

pub fn normalize(pixels: &[u8], mean: &[f32], std: &[f32]) -> Vec<f32> {
    pixels.iter().enumerate().map(|(i, x)| ((f32::from(*x) / 255.0) - mean[i % 3]) / std[i % 3]).collect()
}

/// Tiles of a grid that is cut from the image after `steps`, then the whole after `whole`. A step is width, height and resampler.
fn tiles(cols: u32, rows: u32, tile: u32, steps: &[[u32; 3]], whole: &[[u32; 3]]) -> Vec<Vec<u32>> {
    let count = cols * rows + 1;
    let view = |steps: &[[u32; 3]], rectangle: [u32; 4]| {
        let mut numbers = vec![count, steps.len() as u32];
        numbers.extend(steps.iter().flatten());
        numbers.resize(11, 0);
        numbers.extend(rectangle);
        numbers
    };
    let cells = (0..rows).flat_map(|r| (0..cols).map(move |c| (c, r)));
    let mut views: Vec<_> = cells.map(|(c, r)| view(steps, [c * tile, r * tile, tile, tile])).collect();
    let [width, height, _] = whole[whole.len() - 1];
    views.push(view(whole, [0, 0, width, height]));
    views
}

/// Count, steps and rectangle of every view of an image, or none if it has none.
pub fn views(op: &str, w: u32, h: u32, dim: &dyn Fn(&str) -> u64) -> Option<Vec<Vec<u32>>> {
    let number = |name: &str| dim(name) as u32;
    let tile = number("tile");
    if w == 0 || h == 0 || (op != "views_longest_edge" && u64::from(w) * u64::from(h) > i32::MAX as u64) {
        return None;
    }
    match op {
        "views_longest_edge" => {
            let edge = number("edge");
            if edge == 0 {
                let units = |side: u32| (side as f32 / tile as f32).round().max(1.0) as u64;
                let (cols, rows) = (units(w), units(h));
                let fits = cols.max(rows) * u64::from(tile) <= 65535;
                return fits.then(|| {
                    let (cols, rows) = (cols as u32, rows as u32);
                    tiles(cols, rows, tile, &[[cols * tile, rows * tile, 2]], &[[tile, tile, 1]])
                });
            }
            let aspect = f64::from(w) / f64::from(h);
            let even = |side: f64| (side.trunc() / 2.0).ceil() as u32 * 2;
            let size = if w >= h { [edge, even(f64::from(edge) / aspect)] } else { [even(f64::from(edge) * aspect), edge] };
            let [cols, rows] = size.map(|s| s.div_ceil(tile));
            if size.contains(&0) || cols.max(rows) * tile > 65535 {
                return None;
            }
            let steps = [[size[0], size[1], 0], [cols * tile, rows * tile, 0], [tile, tile, 0]];
            Some(tiles(cols, rows, tile, &steps[..2], &steps))
        }
        "views_aspect" => {
            let align = dim("align") as f64;
            let side = |s: u32| ((f64::from(s as f32) / align).round_ties_even() * align).max(dim("min_side") as f64);
            if side(w) * side(h) <= (dim("tolerance") * dim("max_pixels")) as f64 {
                return Some(tiles(0, 0, tile, &[], &[[0, 0, 1]]));
            }
            let grids =
                (number("min_tiles")..=number("max_tiles")).flat_map(|n| (1..=n).filter(move |c| n % c == 0).map(move |c| (c, n / c)));
            let mut best = (1, 1, f32::MAX);
            for (c, r) in grids {
                let difference = (w as f32 / h as f32 - c as f32 / r as f32).abs();
                let large = (w * h) as f32 > 0.5 * (tile * tile * c * r) as f32;
                if difference < best.2 || (difference == best.2 && large) {
                    best = (c, r, difference);
                }
            }
            Some(tiles(best.0, best.1, tile, &[[best.0 * tile, best.1 * tile, 2]], &[[0, 0, 1]]))
        }
        _ => {
            if w.max(h) <= tile {
                return Some(tiles(0, 0, tile, &[], &[[tile, tile, 1]]));
            }
            let (min, max) = (number("min_tiles"), number("max_tiles"));
            let mut best: Option<(u32, u32, i64, i64)> = None;
            for c in min..=max {
                for r in min.div_ceil(c).max(min)..=(max / c).min(max) {
                    let scale = ((c * tile) as f32 / w as f32).min((r * tile) as f32 / h as f32);
                    let kept = (((w as f32 * scale) as i64) * ((h as f32 * scale) as i64)).min(i64::from(w) * i64::from(h));
                    let wasted = i64::from(c * r) * i64::from(tile * tile) - kept;
                    let (most, least) = best.map_or((0, i64::from(i32::MAX)), |b| (b.2, b.3));
                    if kept > most || (kept == most && wasted < least) {
                        best = Some((c, r, kept, wasted));
                    }
                }
            }
            best.map(|(c, r, ..)| tiles(c, r, tile, &[[c * tile, r * tile, 2]], &[[tile, tile, 1]]))
        }
    }
}
