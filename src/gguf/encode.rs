//! Rows of `f32` values in the element types that weights are written in, with the bits of ggml's reference
//! quantisers.
//!
//! The reference is ggml's code compiled for plain x86-64: products and sums are rounded one by one. Rounding a
//! value out of range to an integer, which C leaves undefined, gives what that machine gives.

use half::f16;
use half::slice::HalfFloatSliceExt;

use super::GgmlType;

/// The types that [`encode`] writes.
pub const ENCODABLE: [GgmlType; 5] = [GgmlType::F32, GgmlType::F16, GgmlType::BF16, GgmlType::Q8_0, GgmlType::Q4_0];

/// Elements of a Q8_0 or Q4_0 block.
const BLOCK: usize = 32;

/// Appends the values to `out` as `dtype`; `false`, and nothing appended, if the type is not [`ENCODABLE`].
///
/// # Panics
/// If the values are no whole number of blocks.
pub fn encode(dtype: GgmlType, values: &[f32], out: &mut Vec<u8>) -> bool {
    assert!((values.len() as u64).is_multiple_of(dtype.block_size()), "{} values are no whole {dtype} blocks", values.len());
    match dtype {
        GgmlType::F32 => out.extend(values.iter().flat_map(|v| v.to_le_bytes())),
        GgmlType::F16 => encode_f16(values, out),
        GgmlType::BF16 => out.extend(values.iter().flat_map(|&v| bf16_bits(v).to_le_bytes())),
        GgmlType::Q8_0 => blocks(values).for_each(|block| encode_q8_0(block, out)),
        GgmlType::Q4_0 => blocks(values).for_each(|block| encode_q4_0(block, out)),
        _ => return false,
    }
    true
}

fn blocks(values: &[f32]) -> impl Iterator<Item = &[f32; BLOCK]> {
    values.chunks_exact(BLOCK).map(|block| block.try_into().expect("a whole block"))
}

fn encode_f16(values: &[f32], out: &mut Vec<u8>) {
    let mut halves = [f16::ZERO; 1024];
    for values in values.chunks(halves.len()) {
        let halves = &mut halves[..values.len()];
        halves.convert_from_f32_slice(values);
        for (h, &v) in halves.iter().zip(values) {
            let bits = if v.is_nan() { f16_nan(v) } else { h.to_bits() };
            out.extend(bits.to_le_bytes());
        }
    }
}

/// To nearest, ties to even; every NaN becomes the quiet one of its sign.
fn f16_bits(v: f32) -> u16 {
    if v.is_nan() { f16_nan(v) } else { f16::from_f32(v).to_bits() }
}

fn f16_nan(v: f32) -> u16 {
    0x7e00 | ((v.to_bits() >> 16) as u16 & 0x8000)
}

/// To nearest, ties to even; a NaN keeps its upper bits and becomes quiet.
fn bf16_bits(v: f32) -> u16 {
    let bits = v.to_bits();
    if v.is_nan() {
        return (bits >> 16) as u16 | 0x40;
    }
    // The sum cannot overflow: the largest operand is infinity, 0xff80_0000.
    ((bits + 0x7fff + (bits >> 16 & 1)) >> 16) as u16
}

/// Scale as f16, then 32 signed bytes. The scale makes the largest magnitude 127.
fn encode_q8_0(x: &[f32; BLOCK], out: &mut Vec<u8>) {
    // Not `f32::max`: which of two operands survives a NaN is part of the reference's bits.
    let largest = x.iter().fold(0.0f32, |m, v| if m > v.abs() { m } else { v.abs() });
    let d = largest / 127.0;
    let inverse = if d != 0.0 { 1.0 / d } else { 0.0 };
    out.extend(f16_bits(d).to_le_bytes());
    // `round` takes halves away from zero, as C's roundf.
    out.extend(x.iter().map(|v| truncate_to_i8((v * inverse).round()).cast_unsigned()));
}

/// Scale as f16, then 16 bytes: values 0..16 in the low halves, 16..32 in the high halves. The scale makes the
/// value of largest magnitude -8.
fn encode_q4_0(x: &[f32; BLOCK], out: &mut Vec<u8>) {
    let mut magnitude = 0.0;
    let mut largest = 0.0;
    for &v in x {
        if magnitude < v.abs() {
            magnitude = v.abs();
            largest = v;
        }
    }
    let d: f32 = largest / -8.0;
    let inverse = if d != 0.0 { 1.0 / d } else { 0.0 };
    out.extend(f16_bits(d).to_le_bytes());
    // Two roundings, product then sum: a fused multiply-add gives other bits.
    let level = |v: f32| truncate_to_i8(v * inverse + 8.5).min(15).cast_unsigned();
    let (low, high) = x.split_at(BLOCK / 2);
    out.extend(low.iter().zip(high).map(|(&a, &b)| level(a) | level(b) << 4));
}

/// `(int8_t) v` of x86: through a 32-bit integer, whose lowest value stands for all that does not fit.
fn truncate_to_i8(v: f32) -> i8 {
    if v.abs() < 2_147_483_648.0 { v as i32 as i8 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_values() {
        for (v, half, brain) in [
            (f32::NAN, 0x7e00, 0x7fc0),
            (-f32::NAN, 0xfe00, 0xffc0),
            (f32::from_bits(0x7f80_0001), 0x7e00, 0x7fc0),
            (f32::INFINITY, 0x7c00, 0x7f80),
            (f32::MAX, 0x7c00, 0x7f80),
            (65519.996, 0x7bff, 0x4780),
            (65520.0, 0x7c00, 0x4780),
            (-0.0, 0x8000, 0x8000),
            (f32::from_bits(1), 0x0000, 0x0000),
            (5.960_464_5e-8, 0x0001, 0x3380),
            (1.000_488_3, 0x3c00, 0x3f80),
            (1.001_464_8, 0x3c02, 0x3f80),
            (1.003_906_3, 0x3c04, 0x3f80),
            (1.011_718_8, 0x3c0c, 0x3f82),
        ] {
            assert_eq!((f16_bits(v), bf16_bits(v)), (half, brain), "{v:e}");
            let mut out = Vec::new();
            assert!(encode(GgmlType::F16, &[v], &mut out));
            assert_eq!(out, half.to_le_bytes(), "{v:e}");
        }
    }

    #[test]
    fn zero_and_tiny_blocks_have_no_scale() {
        for tiny in [0.0, 1e-44] {
            let mut out = Vec::new();
            encode(GgmlType::Q8_0, &[tiny; 32], &mut out);
            assert_eq!(out[..2], [0, 0]);
            out.clear();
            encode(GgmlType::Q4_0, &[tiny; 32], &mut out);
            assert_eq!(out[0], 0);
        }
    }

    #[test]
    fn unknown_types_append_nothing() {
        let mut out = Vec::new();
        for t in GgmlType::ALL {
            let values = vec![1.0; t.block_size() as usize];
            out.clear();
            assert_eq!(encode(*t, &values, &mut out), ENCODABLE.contains(t));
            assert_eq!(out.len() as u64, if ENCODABLE.contains(t) { t.block_bytes() } else { 0 });
        }
    }
}
