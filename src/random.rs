//! Deterministic random weights: the same bits on every platform, and any row range without the rows before it.
//!
//! Values come from ChaCha8, keyed by SHA-256 of seed and tensor name. A normal value is the sum of four 16-bit
//! uniform values, centred and scaled: integer arithmetic, then one rounding to `f32`, so no libm is involved.
//! Element `i` of a tensor always uses bytes `8 i .. 8 i + 8` of its stream. The sum reaches ±3.46 standard
//! deviations; what trained weights have beyond that are whole outlier channels, which [`WeightKind`] adds.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// Random bytes that make one value.
const BYTES: usize = 8;
/// Values made at a time: the byte buffer stays in the first-level cache.
const CHUNK: usize = 1024;
/// Mean of the sum of four uniform values in `0..=65535`.
const SUM_MEAN: i32 = 2 * 65535;
/// Standard deviation of that sum: the square root of 4 (65536² - 1) / 12, rounded to `f64`.
const SUM_STD: f64 = 37_837.227_237_206_48;
/// The stream of a key that channels are drawn from; values come from stream 0.
const CHANNELS: u64 = 1;

/// How the values of a weight are distributed. Channels are positions along the fastest dimension.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum WeightKind {
    /// Normal around 0; `outlier_channels` input channels are 6 times as large.
    Matrix { std: f32, outlier_channels: u64 },
    /// Normal around 0.
    Bias { std: f32 },
    /// Normal around 1; `outliers` channels are 4 times as large.
    NormScale { std: f32, outliers: u64 },
    /// Normal around 0.
    Position { std: f32 },
    /// One number everywhere.
    Constant { value: f32 },
}

impl WeightKind {
    /// Matrix with rows of `row` elements: one outlier channel in 256, at least one.
    pub fn matrix(row: u64) -> Self {
        Self::Matrix { std: 0.02, outlier_channels: (row / 256).max(1) }
    }

    pub fn bias() -> Self {
        Self::Bias { std: 0.05 }
    }

    /// Scale of a norm over `row` channels: one outlier in 128, at least one.
    pub fn norm_scale(row: u64) -> Self {
        Self::NormScale { std: 0.1, outliers: (row / 128).max(1) }
    }

    pub fn position() -> Self {
        Self::Position { std: 0.1 }
    }
}

/// The random stream of one tensor, at some element.
#[derive(Debug, Clone)]
pub struct TensorRandom {
    rng: ChaCha8Rng,
}

impl TensorRandom {
    /// The stream of the tensor of this name, at element 0.
    pub fn new(seed: u64, tensor_name: &str) -> Self {
        let key = Sha256::new().chain_update(seed.to_le_bytes()).chain_update(tensor_name.as_bytes()).finalize();
        Self { rng: ChaCha8Rng::from_seed(key.into()) }
    }

    /// Continues at this element.
    pub fn seek(&mut self, element: u64) {
        self.rng.set_word_pos(u128::from(element) * (BYTES as u128 / 4));
    }

    /// Normal values around 0.
    pub fn fill_normal(&mut self, out: &mut [f32], std: f32) {
        self.fill(out, std, |x| x);
    }

    /// Normal values around 1.
    pub fn fill_around_one(&mut self, out: &mut [f32], std: f32) {
        self.fill(out, std, |x| 1.0 + x);
    }

    fn fill(&mut self, out: &mut [f32], std: f32, shift: impl Fn(f32) -> f32) {
        let scale = (f64::from(std) / SUM_STD) as f32;
        let mut bytes = [0; CHUNK * BYTES];
        for out in out.chunks_mut(CHUNK) {
            let bytes = &mut bytes[..out.len() * BYTES];
            self.rng.fill_bytes(bytes);
            for (y, b) in out.iter_mut().zip(bytes.chunks_exact(BYTES)) {
                let x = u64::from_le_bytes(b.try_into().expect("eight bytes"));
                // Two sums of two 16-bit values in the halves of a word, then the sum of the halves.
                let pairs = (x & 0x0000_ffff_0000_ffff) + ((x >> 16) & 0x0000_ffff_0000_ffff);
                let sum = (pairs as u32).wrapping_add((pairs >> 32) as u32).cast_signed();
                *y = shift((sum - SUM_MEAN) as f32 * scale);
            }
        }
    }

    /// `count` different numbers below `n` (all of them if there are fewer), ascending; the position stays.
    pub fn choose(&self, n: u64, count: u64) -> Vec<u64> {
        let mut rng = self.rng.clone();
        rng.set_stream(CHANNELS);
        rng.set_word_pos(0);
        // Floyd's method: one draw per number, whatever `n`.
        let mut chosen: Vec<u64> = Vec::new();
        for top in n - count.min(n)..n {
            let draw = below(rng.next_u64(), top + 1);
            let number = if chosen.contains(&draw) { top } else { draw };
            chosen.push(number);
        }
        chosen.sort_unstable();
        chosen
    }
}

/// Maps 64 uniform bits to `0..n`.
fn below(bits: u64, n: u64) -> u64 {
    ((u128::from(bits) * u128::from(n)) >> 64) as u64
}

/// The values of one weight tensor, row by row.
#[derive(Debug, Clone)]
pub struct WeightRandom {
    random: TensorRandom,
    kind: WeightKind,
    row: u64,
    outliers: Vec<u64>,
}

impl WeightRandom {
    /// `row` is the number of elements along the fastest dimension.
    pub fn new(seed: u64, tensor_name: &str, kind: WeightKind, row: u64) -> Self {
        let random = TensorRandom::new(seed, tensor_name);
        let outliers = match kind {
            WeightKind::Matrix { outlier_channels: n, .. } | WeightKind::NormScale { outliers: n, .. } => random.choose(row, n),
            WeightKind::Bias { .. } | WeightKind::Position { .. } | WeightKind::Constant { .. } => Vec::new(),
        };
        Self { random, kind, row, outliers }
    }

    /// The outlier channels, ascending.
    pub fn outliers(&self) -> &[u64] {
        &self.outliers
    }

    /// Whole rows from `first_row` on, as many as `out` holds. Rows do not depend on how they are asked for.
    ///
    /// # Panics
    /// If `out` is no whole number of rows.
    pub fn fill_rows(&mut self, first_row: u64, out: &mut [f32]) {
        assert!((out.len() as u64).is_multiple_of(self.row), "{} values are no whole rows of {}", out.len(), self.row);
        self.random.seek(first_row * self.row);
        let factor = match self.kind {
            WeightKind::Matrix { std, .. } => {
                self.random.fill_normal(out, std);
                6.0
            }
            WeightKind::NormScale { std, .. } => {
                self.random.fill_around_one(out, std);
                4.0
            }
            WeightKind::Constant { value } => {
                out.fill(value);
                return;
            }
            WeightKind::Bias { std } | WeightKind::Position { std } => {
                self.random.fill_normal(out, std);
                return;
            }
        };
        for row in out.chunks_mut(self.row as usize) {
            for &channel in &self.outliers {
                row[channel as usize] *= factor;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(values: &[f32]) -> Vec<u32> {
        values.iter().map(|v| v.to_bits()).collect()
    }

    /// Expected values come from an independent implementation of ChaCha8 and of the rules above.
    #[test]
    fn values_never_change() {
        const NAME: &str = "v.blk.0.attn_qkv.weight";
        let mut out = [0.0; 4];
        let mut random = TensorRandom::new(1234, NAME);
        random.fill_normal(&mut out, 0.02);
        assert_eq!(bits(&out), [0x3d03_272e, 0x3d02_881c, 0x3b89_865c, 0x3c18_152d]);
        random.seek(10_003);
        random.fill_normal(&mut out[..2], 0.02);
        assert_eq!(bits(&out[..2]), [0xbcf1_04ea, 0xbcce_9722]);
        TensorRandom::new(0, "").fill_around_one(&mut out, 0.1);
        assert_eq!(bits(&out), [0x3f90_ced9, 0x3f9b_405b, 0x3f4e_efb0, 0x3f87_963c]);
        assert_eq!(TensorRandom::new(1234, NAME).choose(1152, 4), [211, 342, 724, 908]);
    }

    #[test]
    fn sum_std_is_the_nearest_double() {
        let variance: f64 = 4.0 * (65536.0 * 65536.0 - 1.0) / 12.0;
        assert_eq!(variance.sqrt(), SUM_STD);
    }

    #[test]
    fn any_row_range_gives_the_same_values() {
        for kind in [WeightKind::matrix(600), WeightKind::bias(), WeightKind::norm_scale(600), WeightKind::position()] {
            let mut whole = vec![0.0; 600 * 7];
            WeightRandom::new(7, "w", kind, 600).fill_rows(0, &mut whole);
            let mut random = WeightRandom::new(7, "w", kind, 600);
            for (first, rows) in [(5, 2), (0, 1), (1, 4)] {
                let mut part = vec![0.0; 600 * rows];
                random.fill_rows(first, &mut part);
                let at = first as usize * 600;
                assert_eq!(bits(&part), bits(&whole[at..at + part.len()]));
            }
        }
    }

    #[test]
    fn distribution() {
        let mut values = vec![0.0; 1 << 20];
        TensorRandom::new(1, "x").fill_normal(&mut values, 0.5);
        let n = values.len() as f64;
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
        let variance = values.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>() / n;
        assert!(mean.abs() < 2e-3, "{mean}");
        assert!((variance.sqrt() - 0.5).abs() < 1e-3, "{variance}");
        let beyond = |k: f32| values.iter().filter(|v| v.abs() > k * 0.5).count() as f64 / n;
        assert!((beyond(1.0) - 0.32).abs() < 0.02 && beyond(3.0) > 3e-4 && beyond(3.5) == 0.0);
    }

    #[test]
    fn outliers_stand_out() {
        let mut weights = WeightRandom::new(3, "w", WeightKind::Matrix { std: 0.02, outlier_channels: 3 }, 512);
        let mut rows = vec![0.0; 512 * 256];
        weights.fill_rows(0, &mut rows);
        let rms = |c: usize| (rows.iter().skip(c).step_by(512).map(|v| v * v).sum::<f32>() / 256.0).sqrt();
        for c in 0..512 {
            assert_eq!(weights.outliers().contains(&(c as u64)), rms(c) > 0.06, "channel {c}: {}", rms(c));
        }
    }

    #[test]
    fn streams_differ_by_name_and_seed() {
        let first = |seed, name| {
            let mut out = [0.0; 4];
            TensorRandom::new(seed, name).fill_normal(&mut out, 1.0);
            bits(&out)
        };
        assert_ne!(first(1, "a"), first(1, "b"));
        assert_ne!(first(1, "a"), first(2, "a"));
    }

    #[test]
    fn choose_gives_different_numbers_in_range() {
        let random = TensorRandom::new(9, "c");
        assert_eq!(random.choose(5, 9), [0, 1, 2, 3, 4]);
        assert_eq!(random.choose(0, 3), [0; 0]);
        let many = random.choose(1000, 500);
        assert!(many.len() == 500 && many.windows(2).all(|w| w[0] < w[1]) && many[499] < 1000);
    }
}
