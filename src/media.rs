//! What is encoded: an image or a sound, and the calls of an encoder that fit it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::audio_input::{self, Sound};
use crate::diagnostic::{Diagnostic, Result};
use crate::host::hooks::Hooks;
use crate::host::library::Encoder;
use crate::host::plans::{AudioPlan, PlanInfo, Work};
use crate::image_input::{self, RgbImage};
use crate::input::{AudioInput, Input};
use crate::sizes::Sizes;
use crate::template::Template;

/// What a file holds.
#[derive(Debug, Clone)]
pub enum Media {
    Image(RgbImage),
    Audio(Sound),
}

/// Sizes of one call, as the library plans them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planned {
    Image(PlanInfo),
    Audio(AudioPlan),
}

impl Media {
    /// Reads a file of the kind that the encoder takes.
    pub fn read(path: &Path, template: &Template, sizes: &Sizes) -> Result<Self> {
        match template.is_audio() {
            false => image_input::read(path).map(Media::Image),
            true => audio_input::read(path, AudioInput::sample_rate(template, sizes)?).map(Media::Audio),
        }
    }

    /// Sizes for the whole.
    pub fn plan(&self, encoder: &Encoder) -> Result<Planned> {
        match self {
            Media::Image(image) => encoder.plan(image.width, image.height, 1).map(Planned::Image),
            Media::Audio(sound) => encoder.plan_audio(sound.samples.len() as u64).map(Planned::Audio),
        }
    }

    /// The graph's input: normalised pixels or spectrograms.
    pub fn preprocess(&self, encoder: &mut Encoder) -> Result<Vec<f32>> {
        match self {
            Media::Image(image) => encoder.preprocess_rgb(&image.data, image.width, image.height, 1),
            Media::Audio(sound) => encoder.preprocess_pcm(&sound.samples),
        }
    }

    /// Encodes the whole: floats `[tokens, embedding]`, the chunks of a sound one after another.
    pub fn encode(&self, encoder: &mut Encoder, hooks: Hooks<'_>) -> Result<Vec<f32>> {
        match self {
            Media::Image(image) => encoder.encode_rgb(&image.data, image.width, image.height, 1, hooks),
            Media::Audio(sound) => encoder.encode_pcm(&sound.samples, hooks),
        }
    }
}

impl Planned {
    /// Shape of the graph's input, as dumps hold it: without the batch if that is one.
    pub fn input_shape(&self) -> Vec<u64> {
        match self {
            Planned::Image(p) => vec![u64::from(p.height), u64::from(p.width), 3],
            Planned::Audio(p) if p.work.batch == 1 => vec![u64::from(p.mel_bins), u64::from(p.frames)],
            Planned::Audio(p) => vec![u64::from(p.work.batch), u64::from(p.mel_bins), u64::from(p.frames)],
        }
    }

    /// Allocates the working memory of a call.
    pub fn reserve(&self, encoder: &mut Encoder) -> Result<()> {
        match self {
            Planned::Image(p) => encoder.reserve(p),
            Planned::Audio(p) => encoder.reserve_audio(p),
        }
    }

    /// Encodes what `preprocess` gave, or values in its place.
    pub fn encode(&self, encoder: &mut Encoder, values: &[f32], hooks: Hooks<'_>) -> Result<Vec<f32>> {
        match self {
            Planned::Image(p) => encoder.encode_pixels(values, p.width, p.height, p.work.batch, hooks),
            Planned::Audio(p) => encoder.encode_mel(values, p.frames, p.work.batch, hooks),
        }
    }

    /// The encoded size in words.
    pub fn size(&self) -> String {
        match self {
            Planned::Image(p) => format!("{}x{} pixels", p.width, p.height),
            Planned::Audio(p) if p.work.batch == 1 => format!("{} frames", p.frames),
            Planned::Audio(p) => format!("{} chunks of {} frames", p.work.batch, p.frames),
        }
    }

    /// Adds the encoded size to a message for machines.
    pub fn describe(&self, json: &mut Value) {
        match self {
            Planned::Image(p) => {
                (json["width"], json["height"], json["grid"]) = (p.width.into(), p.height.into(), json!([p.grid_rows, p.grid_cols]));
            }
            Planned::Audio(p) => {
                (json["samples"], json["frames"], json["mel_bins"]) = (p.samples.into(), p.frames.into(), p.mel_bins.into());
            }
        }
    }

    /// Values of all run-time dimensions.
    pub fn dims(&self, input: &Input, sizes: &Sizes) -> Result<BTreeMap<String, u64>> {
        let dims = match (self, input) {
            (Planned::Image(p), Input::Image(image)) => {
                let (rows, cols) = (u64::from(p.height) / image.rows.unit, u64::from(p.width) / image.cols.unit);
                image.dims(sizes, u64::from(p.work.batch), rows, cols)
            }
            (Planned::Audio(p), Input::Audio(audio)) => audio.dims(sizes, u64::from(p.work.batch), u64::from(p.frames) / audio.frames.unit),
            _ => None,
        };
        dims.ok_or_else(|| Diagnostic::new("plan-size", "the dimensions of this input do not fit 64-bit numbers"))
    }

    /// How much is computed, and the memory that it takes.
    pub fn work(&self) -> &Work {
        match self {
            Planned::Image(p) => &p.work,
            Planned::Audio(p) => &p.work,
        }
    }
}
