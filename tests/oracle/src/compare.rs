//! Bit comparison of two arrays, and the rules by which taps and graph nodes of one name find each other.

use std::collections::{HashMap, HashSet};

use crate::tensor::DType;

/// What a comparison of two arrays of equal type and length found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Difference {
    pub elements: u64,
    pub differing: u64,
    /// Largest distance between two differing numbers; pairs with a NaN are counted in `nan` instead.
    pub max_abs: f64,
    pub max_ulp: u64,
    pub nan: u64,
    /// Row-major position of the first differing element.
    pub first: Option<u64>,
    /// How many rows and columns (of the last dimension) hold a differing element: tells a stripe from a whole tensor.
    pub rows: u64,
    pub columns: u64,
}

/// Compares by bits: -0 differs from +0, and two NaNs are equal only if their bits are.
pub fn compare(dtype: DType, columns: u64, reference: &[u8], other: &[u8]) -> Difference {
    assert_eq!(reference.len(), other.len(), "arrays of different length are not compared");
    let size = dtype.bytes();
    let mut found = Difference { elements: (reference.len() / size) as u64, ..Difference::default() };
    if reference == other {
        return found;
    }
    let columns = columns.max(1);
    let mut column_hit = HashSet::new();
    let mut last_row = None;
    let pairs = reference.chunks_exact(size).zip(other.chunks_exact(size));
    for (index, (a, b)) in pairs.enumerate() {
        if a == b {
            continue;
        }
        let index = index as u64;
        found.differing += 1;
        found.first.get_or_insert(index);
        let row = index / columns;
        if last_row != Some(row) {
            last_row = Some(row);
            found.rows += 1;
        }
        column_hit.insert(index % columns);
        match distance(dtype, a, b) {
            Some((abs, ulp)) => {
                found.max_abs = found.max_abs.max(abs);
                found.max_ulp = found.max_ulp.max(ulp);
            }
            None => found.nan += 1,
        }
    }
    found.columns = column_hit.len() as u64;
    found
}

/// Absolute distance and steps between neighbouring numbers; None if one of them is a NaN.
fn distance(dtype: DType, a: &[u8], b: &[u8]) -> Option<(f64, u64)> {
    let (x, y, steps) = match dtype {
        DType::F32 => {
            let (a, b) = (u32::from_le_bytes(a.try_into().ok()?), u32::from_le_bytes(b.try_into().ok()?));
            let steps = ordered(a.into(), 31).abs_diff(ordered(b.into(), 31));
            (f64::from(f32::from_bits(a)), f64::from(f32::from_bits(b)), steps)
        }
        DType::F16 => {
            let (a, b) = (u16::from_le_bytes(a.try_into().ok()?), u16::from_le_bytes(b.try_into().ok()?));
            (half(a), half(b), ordered(a.into(), 15).abs_diff(ordered(b.into(), 15)))
        }
        DType::I32 => {
            let (a, b) = (i32::from_le_bytes(a.try_into().ok()?), i32::from_le_bytes(b.try_into().ok()?));
            (f64::from(a), f64::from(b), u64::from(a.abs_diff(b)))
        }
    };
    if x.is_nan() || y.is_nan() {
        return None;
    }
    // Two infinities of one sign are equal bits and never get here; any other pair with one is infinitely far apart.
    Some(((x - y).abs(), steps))
}

/// Maps float bits to integers in numeric order; -0 comes one step below +0, because the two are different bits.
fn ordered(bits: u64, sign: u32) -> i64 {
    let magnitude = (bits & !(1 << sign)) as i64;
    if bits >> sign & 1 == 1 { -1 - magnitude } else { magnitude }
}

/// Value of an IEEE half.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    sign * match exponent {
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        0 => fraction * 2f64.powi(-24),
        e => (1.0 + fraction / 1024.0) * 2f64.powi(e - 15),
    }
}

/// Name and 1-based occurrence: several nodes of one graph may carry the same name.
pub type Key = (String, u32);

/// Numbers the occurrences of names in the order in which they appear.
#[derive(Default)]
pub struct Occurrences(HashMap<String, u32>);

impl Occurrences {
    pub fn next(&mut self, name: &str) -> u32 {
        let count = self.0.entry(name.to_string()).or_insert(0);
        *count += 1;
        *count
    }

    /// The key of the next tap: its suffix decides, and a name without one counts up as graph nodes do.
    pub fn key(&mut self, tap: &str) -> Key {
        let (name, occurrence) = tap_key(tap);
        if tap == name { (name, self.next(tap)) } else { (name, occurrence) }
    }
}

/// Splits `norm_w-8#2` into the name and the occurrence; a name without a suffix is its first occurrence.
fn tap_key(name: &str) -> Key {
    match name.rsplit_once('#') {
        Some((base, digits)) => match digits.parse::<u32>() {
            Ok(k) if k > 0 && !base.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => (base.to_string(), k),
            _ => (name.to_string(), 1),
        },
        None => (name.to_string(), 1),
    }
}

/// The inverse of `tap_key`.
pub fn tap_name((name, occurrence): &Key) -> String {
    if *occurrence == 1 { name.clone() } else { format!("{name}#{occurrence}") }
}

/// Whether `name` fits a pattern in which `*` stands for any run of characters.
pub fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == name };
    let Some(rest) = name.strip_prefix(head) else { return false };
    rest.char_indices().map(|(i, _)| i).chain([rest.len()]).any(|i| matches(tail, &rest[i..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floats(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|v| v.to_le_bytes()).collect()
    }

    fn f32s(a: &[f32], b: &[f32]) -> Difference {
        compare(DType::F32, 2, &floats(a), &floats(b))
    }

    #[test]
    fn equal_bits_are_equal_even_for_nan() {
        let nan = f32::from_bits(0x7fc0_1234);
        assert_eq!(f32s(&[1.0, nan, -0.0], &[1.0, nan, -0.0]).differing, 0);
    }

    #[test]
    fn another_nan_is_a_difference_without_a_distance() {
        let found = f32s(&[f32::from_bits(0x7fc0_0000), 1.0], &[f32::from_bits(0x7fc0_0001), f32::NAN]);
        assert_eq!((found.differing, found.nan, found.max_ulp), (2, 2, 0));
    }

    #[test]
    fn signed_zeros_differ_by_one_step() {
        let found = f32s(&[0.0], &[-0.0]);
        assert_eq!((found.differing, found.max_ulp, found.max_abs), (1, 1, 0.0));
    }

    #[test]
    fn neighbours_are_one_step_apart_across_powers_of_two_and_zero() {
        assert_eq!(f32s(&[1.0], &[f32::from_bits(1.0f32.to_bits() - 1)]).max_ulp, 1);
        assert_eq!(f32s(&[f32::from_bits(1)], &[-f32::from_bits(1)]).max_ulp, 3);
        assert_eq!(f32s(&[f32::MAX], &[f32::INFINITY]).max_ulp, 1);
    }

    #[test]
    fn rows_columns_and_first_index_locate_a_stripe() {
        let found = f32s(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[1.0, 2.5, 3.0, 4.0, 5.0, 6.25]);
        assert_eq!((found.differing, found.first, found.rows, found.columns), (2, Some(1), 2, 1));
        assert_eq!(found.max_abs, 0.5);
    }

    #[test]
    fn halves_and_integers_have_distances_too() {
        let found = compare(DType::F16, 1, &0x3c00u16.to_le_bytes(), &0x3c02u16.to_le_bytes());
        assert_eq!((found.max_ulp, found.max_abs), (2, 2.0 / 1024.0));
        let found = compare(DType::I32, 1, &(-5i32).to_le_bytes(), &7i32.to_le_bytes());
        assert_eq!((found.max_ulp, found.max_abs), (12, 12.0));
        assert_eq!(half(0x0001), 2f64.powi(-24));
        assert_eq!(half(0xfc00), f64::NEG_INFINITY);
        assert!(half(0x7e00).is_nan());
    }

    #[test]
    fn occurrences_count_per_name_in_order() {
        let mut count = Occurrences::default();
        let seen: Vec<u32> = ["norm_w-0", "ffn_up-0", "norm_w-0", "norm_w-1", "norm_w-0"].iter().map(|n| count.next(n)).collect();
        assert_eq!(seen, [1, 1, 2, 1, 3]);
    }

    #[test]
    fn tap_names_carry_their_occurrence() {
        assert_eq!(tap_key("norm_w-8"), ("norm_w-8".to_string(), 1));
        assert_eq!(tap_key("norm_w-8#3"), ("norm_w-8".to_string(), 3));
        for odd in ["a#0", "a#x", "#2", "a#", "a#+2"] {
            assert_eq!(tap_key(odd), (odd.to_string(), 1));
        }
        for name in ["norm_w-8", "norm_w-8#2"] {
            assert_eq!(tap_name(&tap_key(name)), name);
        }
    }

    #[test]
    fn taps_without_a_suffix_count_up_like_nodes() {
        let mut count = Occurrences::default();
        let keys: Vec<u32> = ["a", "a#3", "a", "b"].iter().map(|tap| count.key(tap).1).collect();
        assert_eq!(keys, [1, 3, 2, 1]);
    }

    #[test]
    fn patterns_match_whole_names() {
        assert!(matches("Qcur-*", "Qcur-12") && matches("*", "") && matches("a*b*c", "aXbYbc") && matches("same", "same"));
        assert!(!matches("Qcur-*", "Qcur_rope-1") && !matches("same", "sam") && !matches("a*b", "abX"));
    }
}
