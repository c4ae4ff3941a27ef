//! A picture of an encoder's features: the photo, and beside it every token in the colour of its first three
//! principal components.

mod pca;
mod sound;

use std::ops::Range;
use std::path::Path;

use image::codecs::png::PngEncoder;
use image::imageops::{FilterType, resize};
use image::{ExtendedColorType, ImageEncoder, Rgb};

use crate::atomic::write_atomic;
use crate::diagnostic::{Diagnostic, Result};
use crate::image_input::RgbImage;

pub use sound::{Spectrum, draw_sound};

/// Height of the picture: that of the photo, within these bounds.
const HEIGHT: Range<u32> = 256..768;

/// Widest a half of the picture gets.
const MAX_WIDTH: u32 = 4096;

/// White pixels between the halves.
const GAP: u32 = 8;

/// Features of one image: a row of `dim` numbers per token, the tokens line by line over a grid.
#[derive(Debug, Clone, Copy)]
pub struct Features<'a> {
    pub data: &'a [f32],
    pub dim: usize,
    pub rows: u32,
    pub cols: u32,
}

/// A picture with the share of the variance that its three colours show.
#[derive(Debug, Clone)]
pub struct Picture {
    pub image: RgbImage,
    pub explained: [f64; 3],
}

/// Draws the photo and the features side by side. `dims` picks a part of each token, `0..dim` all of it.
pub fn draw(photo: &RgbImage, features: &Features<'_>, dims: Range<usize>) -> Result<Picture> {
    let part = select(features, &dims)?;
    let components = pca::principal_components::<3>(&part, dims.len());
    let tokens = colours(&components.scores);

    let height = photo.height.clamp(HEIGHT.start, HEIGHT.end);
    let width = |w: u32, h: u32| ((f64::from(height) * f64::from(w) / f64::from(h)).round() as u32).clamp(1, MAX_WIDTH);
    let source = image::RgbImage::from_raw(photo.width, photo.height, photo.data.clone())
        .ok_or_else(|| Diagnostic::new("picture-photo", "the photo does not fill its size"))?;
    let left_width = width(photo.width, photo.height);
    let left = match (left_width, height) == (photo.width, photo.height) {
        true => source,
        false => resize(&source, left_width, height, FilterType::CatmullRom),
    };
    let right_width = width(features.cols, features.rows);
    let picture = image::RgbImage::from_fn(left_width + GAP + right_width, height, |x, y| match x {
        _ if x < left_width => *left.get_pixel(x, y),
        _ if x < left_width + GAP => Rgb([255; 3]),
        _ => {
            let cell = |at: u32, cells: u32, size: u32| (u64::from(at) * u64::from(cells) / u64::from(size)) as usize;
            let col = cell(x - left_width - GAP, features.cols, right_width);
            Rgb(tokens[cell(y, features.rows, height) * features.cols as usize + col])
        }
    });
    let image = RgbImage { width: picture.width(), height, data: picture.into_raw() };
    Ok(Picture { image, explained: components.explained })
}

/// Writes an image as PNG; the file appears whole or not at all.
pub fn write_png(path: &Path, image: &RgbImage) -> Result<()> {
    let mut png = Vec::new();
    PngEncoder::new(&mut png)
        .write_image(&image.data, image.width, image.height, ExtendedColorType::Rgb8)
        .map_err(|e| Diagnostic::new("write-failed", format!("cannot encode the picture: {e}")).in_file(path))?;
    write_atomic(path, |out| out.write_all(&png))
}

/// The chosen part of every token, checked.
fn select(features: &Features<'_>, dims: &Range<usize>) -> Result<Vec<f32>> {
    let tokens = features.rows as usize * features.cols as usize;
    let fits = tokens.checked_mul(features.dim) == Some(features.data.len());
    if !fits || tokens == 0 || dims.is_empty() || dims.end > features.dim {
        return Err(Diagnostic::new("picture-features", "the features do not fill their grid")
            .fact(format!("grid {} x {}, {} numbers per token", features.rows, features.cols, features.dim))
            .fact(format!("{} numbers, dimensions {} to {} wanted", features.data.len(), dims.start, dims.end)));
    }
    let part: Vec<f32> = features.data.chunks_exact(features.dim).flat_map(|t| &t[dims.clone()]).copied().collect();
    match part.iter().position(|v| !v.is_finite()) {
        None => Ok(part),
        Some(at) => {
            let (token, dim) = (at / dims.len(), dims.start + at % dims.len());
            Err(Diagnostic::new("picture-features", "the features hold infinite or undefined numbers")
                .fact(format!("the first is {} in token {token}, dimension {dim}", part[at]))
                .help("compare the run with a reference to find where they come from"))
        }
    }
}

/// One colour per token: each component stretched from its 2nd to its 98th percentile.
fn colours(scores: &[[f64; 3]]) -> Vec<[u8; 3]> {
    let bounds: [(f64, f64); 3] = std::array::from_fn(|c| {
        let mut sorted: Vec<f64> = scores.iter().map(|s| s[c]).collect();
        sorted.sort_by(f64::total_cmp);
        (percentile(&sorted, 0.02), percentile(&sorted, 0.98))
    });
    // A component far below the strongest is rounding noise, and stays grey.
    let widest = bounds.iter().map(|(low, high)| high - low).fold(0.0, f64::max);
    let level = |value: f64, (low, high): (f64, f64)| {
        if high - low <= 1e-6 * widest { 128 } else { (255.0 * (value - low) / (high - low)).round().clamp(0.0, 255.0) as u8 }
    };
    scores.iter().map(|s| std::array::from_fn(|c| level(s[c], bounds[c]))).collect()
}

/// Linear between the two nearest of sorted values.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    low + (high - low) * at.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photo(width: u32, height: u32) -> RgbImage {
        RgbImage { width, height, data: (0..width * height * 3).map(|i| (i % 251) as u8).collect() }
    }

    /// A grid whose left half differs from its right half in half of the dimensions, with a small ramp.
    fn halves(rows: u32, cols: u32, dim: usize) -> Vec<f32> {
        let mut data = Vec::new();
        for i in 0..rows * cols {
            let side = if i % cols < cols / 2 { 1.0 } else { -1.0 };
            data.extend((0..dim).map(|d| if d % 2 == 0 { side } else { 0.01 * ((i as usize * 7 + d) % 5) as f32 }));
        }
        data
    }

    #[test]
    fn the_grid_stands_beside_the_photo() {
        let data = halves(4, 6, 10);
        let features = Features { data: &data, dim: 10, rows: 4, cols: 6 };
        let photo = photo(300, 280);
        let picture = draw(&photo, &features, 0..10).unwrap().image;
        assert_eq!((picture.width, picture.height), (300 + 8 + 420, 280));
        let pixel = |x: u32, y: u32| &picture.data[((y * picture.width + x) * 3) as usize..][..3];
        assert_eq!(pixel(17, 30), &photo.data[(30 * 300 + 17) * 3..][..3]);
        assert_eq!(pixel(303, 100), [255; 3]);
        let (left, right) = (pixel(310, 10), pixel(720, 10));
        assert_eq!(left[0].abs_diff(right[0]), 255);
        // Cells are 70 pixels wide and whole.
        assert_eq!(pixel(308, 0), pixel(308 + 69, 69));
        assert_eq!(pixel(308 + 139, 5)[0], left[0]);
    }

    #[test]
    fn small_and_large_photos_are_scaled() {
        let data = halves(2, 2, 4);
        let features = Features { data: &data, dim: 4, rows: 2, cols: 2 };
        for (w, h, expected) in [(10, 8, (320 + 8 + 256, 256)), (1536, 1536, (768 + 8 + 768, 768))] {
            let picture = draw(&photo(w, h), &features, 0..4).unwrap().image;
            assert_eq!((picture.width, picture.height), expected);
        }
    }

    #[test]
    fn a_part_of_the_dimensions_can_be_drawn() {
        let data = halves(3, 4, 8);
        let features = Features { data: &data, dim: 8, rows: 3, cols: 4 };
        let only = |dims| draw(&photo(8, 8), &features, dims).unwrap().explained;
        assert!((only(0..1)[0] - 1.0).abs() < 1e-12);
        assert!(only(1..8)[1] > 0.0);
        let flat = Features { data: &[1.5; 96], ..features };
        let grey = draw(&photo(8, 8), &flat, 0..8).unwrap();
        assert_eq!(grey.image.data[grey.image.data.len() - 3..], [128; 3]);
    }

    #[test]
    fn wrong_features_are_refused() {
        let data = halves(3, 4, 8);
        let features = Features { data: &data, dim: 8, rows: 3, cols: 4 };
        let code = |f: Features<'_>, dims| draw(&photo(8, 8), &f, dims).unwrap_err().code();
        assert_eq!(code(Features { rows: 4, ..features }, 0..8), "picture-features");
        assert_eq!(code(features, 0..9), "picture-features");
        assert_eq!(code(features, 3..3), "picture-features");
        let mut bad = data.clone();
        bad[8 * 5 + 2] = f32::INFINITY;
        let text = draw(&photo(8, 8), &Features { data: &bad, ..features }, 1..8).unwrap_err().plain();
        assert!(text.contains("inf in token 5, dimension 2"), "{text}");
    }

    #[test]
    fn the_file_is_a_png_of_the_picture() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.png");
        let image = photo(21, 13);
        write_png(&path, &image).unwrap();
        assert_eq!(crate::image_input::read(&path).unwrap(), image);
    }
}
