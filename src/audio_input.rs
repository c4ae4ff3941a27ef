//! Reads WAV files as mono samples in [-1, 1).
//!
//! Integers of b bits are divided by 2^(b-1), floats are taken as they are; several channels are averaged, in f32, in order.
//! The sample rate is never converted: resampling is a choice of its own, and it decides the bits.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use hound::{SampleFormat, WavReader};

use crate::diagnostic::{Diagnostic, Result};

/// Most samples of all channels that are read.
const MAX_SAMPLES: u64 = 1 << 31;

/// A sound: mono samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Sound {
    /// Samples per second.
    pub rate: u32,
    pub samples: Vec<f32>,
    /// Of the file, before they were averaged.
    pub channels: u16,
}

impl Sound {
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.rate)
    }
}

/// Reads a WAV file whose rate must be `rate`.
pub fn read(path: &Path, rate: u64) -> Result<Sound> {
    let fail = |code, message: String| Diagnostic::new(code, message).in_file(path);
    let convert = format!("convert it, for example: ffmpeg -i FILE -ac 1 -ar {rate} speech.wav");
    let file = File::open(path).map_err(|e| fail("audio-unreadable", format!("cannot open the sound: {e}")))?;
    let reader = WavReader::new(BufReader::new(file))
        .map_err(|e| fail("audio-format", format!("the file is no WAV file that can be read: {e}")).help(convert.clone()))?;
    let spec = reader.spec();
    if u64::from(spec.sample_rate) != rate {
        return Err(fail("audio-rate", format!("the sound has {} samples per second, the encoder takes {rate}", spec.sample_rate))
            .help(format!("convert it, for example: ffmpeg -i FILE -ar {rate} speech.wav, or sox FILE -r {rate} speech.wav")));
    }
    let count = u64::from(reader.len());
    if count > MAX_SAMPLES {
        return Err(fail("audio-too-long", format!("the file has {count} samples; {MAX_SAMPLES} is the most")));
    }
    let damaged = |e: hound::Error| fail("audio-damaged", format!("the WAV file is damaged or cut short: {e}"));
    let all: Vec<f32> = match spec.sample_format {
        SampleFormat::Float => reader.into_samples::<f32>().collect::<Result<_, _>>().map_err(damaged)?,
        SampleFormat::Int => {
            if !(1..=32).contains(&spec.bits_per_sample) {
                let message = format!("a sample that is an integer has 1 to 32 bits, not {}", spec.bits_per_sample);
                return Err(fail("audio-format", message).help(convert));
            }
            let scale = 1.0 / (1u64 << (spec.bits_per_sample - 1)) as f32;
            reader.into_samples::<i32>().map(|s| s.map(|v| v as f32 * scale)).collect::<Result<_, _>>().map_err(damaged)?
        }
    };
    if let Some(at) = all.iter().position(|v| !v.is_finite()) {
        return Err(fail("audio-damaged", format!("sample {at} is no number")));
    }
    let channels = usize::from(spec.channels.max(1));
    let samples = match channels {
        1 => all,
        n => all.chunks_exact(n).map(|frame| frame.iter().sum::<f32>() / n as f32).collect(),
    };
    if samples.is_empty() {
        return Err(fail("audio-empty", "the sound has no samples".to_string()));
    }
    Ok(Sound { rate: spec.sample_rate, samples, channels: spec.channels })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hound::{WavSpec, WavWriter};

    fn written(spec: WavSpec, write: impl Fn(&mut WavWriter<std::io::BufWriter<File>>)) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut writer = WavWriter::create(file.path(), spec).unwrap();
        write(&mut writer);
        writer.finalize().unwrap();
        file
    }

    fn spec(channels: u16, bits: u16, format: SampleFormat) -> WavSpec {
        WavSpec { channels, sample_rate: 16000, bits_per_sample: bits, sample_format: format }
    }

    #[test]
    fn samples_are_scaled_and_channels_averaged() {
        let file = written(spec(1, 16, SampleFormat::Int), |w| {
            for v in [0i16, 16384, -32768, 32767] {
                w.write_sample(v).unwrap();
            }
        });
        assert_eq!(read(file.path(), 16000).unwrap().samples, [0.0, 0.5, -1.0, 32767.0 / 32768.0]);
        let file = written(spec(2, 32, SampleFormat::Float), |w| {
            for v in [0.5f32, -0.25, 1.0, 1.0] {
                w.write_sample(v).unwrap();
            }
        });
        let sound = read(file.path(), 16000).unwrap();
        assert_eq!((sound.samples, sound.channels), (vec![0.125, 1.0], 2));
    }

    /// A file of one sample in four bytes, whose header claims these numbers of bits: `stored` is what the sample takes, `valid` (of the
    /// longer kind of header only) what of it counts.
    fn claimed(stored: u16, valid: Option<u16>) -> tempfile::NamedTempFile {
        const PCM: [u8; 16] = [1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];
        let tag: u16 = if valid.is_some() { 0xfffe } else { 1 };
        let mut format = [tag, 1].map(u16::to_le_bytes).concat();
        format.extend([16000u32, 4 * 16000].map(u32::to_le_bytes).concat());
        format.extend([4u16, stored].map(u16::to_le_bytes).concat());
        if let Some(valid) = valid {
            format.extend([22, valid, 0, 0].map(u16::to_le_bytes).concat());
            format.extend(PCM);
        }
        let part = |name: &[u8], body: &[u8]| [name, &(body.len() as u32).to_le_bytes(), body].concat();
        let body = [b"WAVE".to_vec(), part(b"fmt ", &format), part(b"data", &(1i32 << 30).to_le_bytes())].concat();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), part(b"RIFF", &body)).unwrap();
        file
    }

    #[test]
    fn samples_of_impossible_sizes_are_refused() {
        let open = |stored, valid| read(claimed(stored, valid).path(), 16000);
        assert_eq!(open(32, None).unwrap().samples, [0.5]);
        assert_eq!(open(32, Some(32)).unwrap().samples, [0.5]);
        // The reader of WAV files takes 0 valid bits for a mistake, and refuses samples of 0 bits itself.
        assert_eq!(open(32, Some(0)).unwrap().samples, [0.5]);
        let error = open(0, None).unwrap_err();
        assert_eq!(
            (error.code(), error.message()),
            ("audio-format", "the file is no WAV file that can be read: Ill-formed WAVE file: bits per sample is 0")
        );
        for bits in [33, 64, 65, 100, u16::MAX] {
            let error = open(32, Some(bits)).unwrap_err();
            let message = format!("a sample that is an integer has 1 to 32 bits, not {bits}");
            assert_eq!((error.code(), error.message()), ("audio-format", message.as_str()));
        }
        // Sizes that could be, but that nothing reads.
        assert_eq!(open(32, Some(20)).unwrap_err().code(), "audio-damaged");
    }

    #[test]
    fn other_rates_and_other_files_are_refused() {
        let file = written(spec(1, 16, SampleFormat::Int), |w| w.write_sample(1i16).unwrap());
        let error = read(file.path(), 24000).unwrap_err();
        assert_eq!((error.code(), error.message()), ("audio-rate", "the sound has 16000 samples per second, the encoder takes 24000"));
        let bytes = std::fs::read(file.path()).unwrap();
        for length in 0..bytes.len() {
            std::fs::write(file.path(), &bytes[..length]).unwrap();
            assert!(read(file.path(), 16000).unwrap_err().code().starts_with("audio-"), "{length}");
        }
        assert_eq!(read(Path::new("/nonexistent.wav"), 16000).unwrap_err().code(), "audio-unreadable");
        let empty = written(spec(1, 16, SampleFormat::Int), |_| ());
        assert_eq!(read(empty.path(), 16000).unwrap_err().code(), "audio-empty");
    }
}
