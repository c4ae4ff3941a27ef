//! A picture of a sound: its spectrogram, low tones at the bottom, and under it what the encoder makes of it.

use super::{Features, GAP, colours, pca, select};
use crate::diagnostic::Result;
use crate::image_input::RgbImage;

/// Spectrograms `[chunks, bins, frames]`.
#[derive(Debug, Clone, Copy)]
pub struct Spectrum<'a> {
    pub data: &'a [f32],
    pub bins: usize,
    pub frames: usize,
}

/// Widest picture, in pixels.
const MAX_WIDTH: usize = 1600;

/// Pixels of height per mel bin.
const BIN: usize = 2;

/// Height of the strip of token colours.
const STRIP: usize = 48;

/// Dimensions of the output that are drawn, those of the largest variance.
const DIMENSIONS: usize = 64;

/// From dark to light, evenly spaced.
const SHADES: [[u8; 3]; 9] = [
    [0, 0, 4],
    [29, 17, 71],
    [81, 18, 124],
    [131, 38, 129],
    [182, 54, 121],
    [230, 81, 98],
    [251, 136, 97],
    [254, 194, 135],
    [252, 253, 191],
];

/// The spectrogram; tokens in the colours of their first three principal components; their most varying dimensions. Silence
/// at the end is left out.
pub fn draw_sound(spectrum: &Spectrum, tokens: &[f32], dim: usize) -> Result<RgbImage> {
    let count = tokens.len() / dim.max(1);
    let features = Features { data: tokens, dim, rows: 1, cols: count as u32 };
    let part = select(&features, &(0..dim))?;
    let token_colours = colours(&pca::principal_components::<3>(&part, dim).scores);
    let (all, bins) = (spectrum.data.len() / spectrum.bins, spectrum.bins);
    let mel = |frame: usize, bin: usize| spectrum.data[(frame / spectrum.frames * bins + bin) * spectrum.frames + frame % spectrum.frames];
    let same = |frame: usize| (0..bins).all(|bin| mel(frame, bin) == mel(all - 1, bin));
    let heard = (0..all).rev().take_while(|f| same(*f)).count();
    let frames = (all - heard + all / 100).clamp(1, all);
    let shown_tokens = (frames * count).div_ceil(all).max(1);

    let level = |values: &[f32]| {
        let (low, high) = values.iter().fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
        move |v: f32| shade(if high > low { (v - low) / (high - low) } else { 0.0 })
    };
    let mel_shade = level(spectrum.data);
    let chosen = widest(&part, dim);
    let shades: Vec<_> = chosen.iter().map(|d| level(&part.iter().skip(*d).step_by(dim).copied().collect::<Vec<_>>())).collect();

    let width = frames.clamp(64, MAX_WIDTH);
    let gap = GAP as usize;
    let (top, strip) = (bins * BIN, bins * BIN + gap + STRIP);
    let height = strip + gap + chosen.len() * BIN;
    let mut data = vec![255u8; width * height * 3];
    for y in 0..height {
        for x in 0..width {
            let token = x * shown_tokens / width;
            let colour = match y {
                _ if y < top => mel_shade(mel(x * frames / width, bins - 1 - y / BIN)),
                _ if y < top + gap || (strip..strip + gap).contains(&y) => continue,
                _ if y < strip => token_colours[token],
                _ => {
                    let row = (y - strip - gap) / BIN;
                    shades[row](part[token * dim + chosen[row]])
                }
            };
            data[(y * width + x) * 3..][..3].copy_from_slice(&colour);
        }
    }
    Ok(RgbImage { width: width as u32, height: height as u32, data })
}

/// The dimensions of the largest variance, largest first.
fn widest(part: &[f32], dim: usize) -> Vec<usize> {
    let count = (part.len() / dim) as f64;
    let mut spread: Vec<(f64, usize)> = (0..dim)
        .map(|d| {
            let column = || part.iter().skip(d).step_by(dim).map(|v| f64::from(*v));
            let mean = column().sum::<f64>() / count;
            (column().map(|v| (v - mean) * (v - mean)).sum::<f64>(), d)
        })
        .collect();
    spread.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    spread.into_iter().take(DIMENSIONS).map(|(_, d)| d).collect()
}

/// The colour of a level from 0 to 1.
fn shade(level: f32) -> [u8; 3] {
    let at = level.clamp(0.0, 1.0) * (SHADES.len() - 1) as f32;
    let low = (at as usize).min(SHADES.len() - 2);
    let part = at - low as f32;
    std::array::from_fn(|c| (f32::from(SHADES[low][c]) * (1.0 - part) + f32::from(SHADES[low + 1][c]) * part).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_at_the_end_is_left_out_and_low_tones_are_at_the_bottom() {
        let (bins, frames) = (4, 200);
        let mut mel = vec![-1.0f32; bins * frames];
        mel[..100].fill(1.0); // bin 0 sounds in the first half
        let tokens: Vec<f32> = (0..100 * 3).map(|i| (i % 7) as f32).collect();
        let picture = draw_sound(&Spectrum { data: &mel, bins, frames }, &tokens, 3).unwrap();
        assert_eq!((picture.width, picture.height as usize), (102, bins * BIN + 8 + STRIP + 8 + 3 * BIN));
        let pixel = |x: usize, y: usize| &picture.data[(y * picture.width as usize + x) * 3..][..3];
        assert_eq!(pixel(0, bins * BIN - 1), SHADES[8]);
        assert_eq!(pixel(0, 0), SHADES[0]);
        assert_eq!(pixel(101, bins * BIN - 1), SHADES[0]);
    }
}
