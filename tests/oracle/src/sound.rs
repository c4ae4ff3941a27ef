//! Test sounds: deterministic samples and spectrograms, the same for the same arguments everywhere.

use crate::llama::{Input, Modality};

/// xorshift64*: the top bits are as good as noise needs to be.
struct Noise(u64);

impl Noise {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d)
    }

    fn byte(&mut self) -> i32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 56) as i32
    }
}

/// Samples in [-1, 1], whole multiples of 2^-15: two triangle waves, one of them rising in pitch, silence between bursts, noise.
pub fn synthetic_pcm(samples: u64, seed: u64) -> Vec<f32> {
    let mut noise = Noise::new(seed);
    // A triangle from 0 to 65535 and back in 2^17 steps of the phase.
    let triangle = |phase: u64| {
        let at = (phase & 0x1_ffff) as i32;
        if at < 0x1_0000 { at } else { 0x1_ffff - at }
    };
    let (mut low, mut high) = (0, 0);
    let value = |n: u64| {
        low += 1801; // 220 Hz at 16 kHz
        high += 4000 + n / 16 % 20000; // 488 Hz to 2930 Hz
        let tone = (triangle(low) - 0x8000) / 4 + (triangle(high) - 0x8000) / 8;
        let loud = n / 4000 % 4 != 3;
        (if loud { tone } else { tone / 256 }) + (noise.byte() - 128) * if loud { 8 } else { 1 }
    };
    (0..samples).map(value).map(|v: i32| v as f32 / 32768.0).collect()
}

/// A spectrogram with values in [-1, 2], whole multiples of 2^-10: bands that drift over time, and noise.
pub fn synthetic_mel(bins: u32, frames: u32, seed: u64) -> Input {
    let mut noise = Noise::new(seed);
    let mut values = Vec::with_capacity(bins as usize * frames as usize);
    for bin in 0..i64::from(bins) {
        for frame in 0..i64::from(frames) {
            let band = (bin * 16 + frame * 3) % 256;
            let slope = 1024 - bin * 1536 / i64::from(bins);
            let value = slope + (128 - (band - 128).abs()) * 4 + i64::from(noise.byte()) - 384;
            values.push(value.clamp(-1024, 2048) as f32 / 1024.0);
        }
    }
    Input { modality: Modality::Audio, width: frames, height: bins, values, whole: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sounds_repeat_and_depend_on_the_seed() {
        let pcm = synthetic_pcm(48000, 7);
        assert_eq!(pcm, synthetic_pcm(48000, 7));
        assert_ne!(pcm, synthetic_pcm(48000, 8));
        assert!(pcm.iter().all(|v| v.abs() <= 1.0) && pcm.iter().any(|v| *v > 0.2) && pcm.iter().any(|v| *v < -0.2));
        let mel = synthetic_mel(80, 30, 7);
        assert_eq!((mel.shape(), mel.values.len()), (vec![80, 30], 2400));
        assert_eq!(mel, synthetic_mel(80, 30, 7));
        assert_ne!(mel, synthetic_mel(80, 30, 8));
        assert!(mel.values.iter().any(|v| *v > 0.5) && mel.values.iter().any(|v| *v < -0.5));
    }
}
