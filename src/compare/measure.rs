//! Measures of the difference of two arrays: how many elements, by how much, where.

use half::{bf16, f16};
use serde_json::{Value, json};

use super::pattern::{self, Place, Relation, Size};
use crate::taps::DType;

/// How two arrays of equal type and size differ. Sums are taken over the elements that are finite on both sides.
#[derive(Debug, Clone)]
pub struct Difference {
    pub elements: u64,
    /// Elements whose bits differ.
    pub differing: u64,
    /// Differing elements that are infinite or no number on at least one side.
    pub nonfinite: u64,
    pub max_abs: f64,
    pub mean_abs: f64,
    pub rmse: f64,
    /// None if one side is all zero.
    pub cosine: Option<f64>,
    /// Squared error over the reference's squares; none if the reference is all zero.
    pub nmse: Option<f64>,
    /// Largest distance in units in the last place; for integers the largest distance.
    pub max_ulp: u64,
    /// Index, left and right value of the first differing element in row-major order.
    pub first: Vec<u64>,
    pub first_values: [f64; 2],
    /// Differing rows and columns, where a row is one run of the last dimension: first, last, and how many of how many.
    pub rows: Extent,
    pub columns: Extent,
    pub place: Place,
    pub size: Size,
    /// Looked for where the difference is large and everywhere.
    pub relation: Option<Relation>,
}

/// Which of some indices are hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    pub first: u64,
    pub last: u64,
    pub hit: u64,
    pub of: u64,
}

/// Two row-major little-endian arrays of one type and shape.
pub struct Pair<'a> {
    pub dtype: DType,
    pub shape: &'a [u64],
    pub left: &'a [u8],
    pub right: &'a [u8],
}

impl Pair<'_> {
    pub fn columns(&self) -> usize {
        self.shape.last().map_or(1, |&d| d.max(1) as usize)
    }

    pub fn rows(&self) -> usize {
        self.left.len() / self.dtype.size() / self.columns()
    }

    /// Both sides' elements as numbers.
    pub fn numbers(&self) -> impl Iterator<Item = (f64, f64)> {
        let size = self.dtype.size();
        let read = |bytes| number(self.dtype, bytes);
        self.left.chunks_exact(size).zip(self.right.chunks_exact(size)).map(move |(l, r)| (read(l), read(r)))
    }
}

/// Compares two arrays; none if all bits are equal.
pub fn difference(dtype: DType, shape: &[u64], left: &[u8], right: &[u8]) -> Option<Difference> {
    assert_eq!(left.len(), right.len());
    if left == right {
        return None;
    }
    let pair = Pair { dtype, shape, left, right };
    let (size, columns) = (dtype.size(), pair.columns());
    let mut sums = Sums::default();
    let mut row_hits = vec![false; pair.rows()];
    let mut column_hits = vec![false; columns];
    let mut first = None;
    for (i, (l, r)) in left.chunks_exact(size).zip(right.chunks_exact(size)).enumerate() {
        let (a, b) = (number(dtype, l), number(dtype, r));
        sums.add(a, b);
        if l != r {
            first.get_or_insert((i, [a, b]));
            row_hits[i / columns] = true;
            column_hits[i % columns] = true;
            sums.differing(a, b, ordinal(dtype, l).abs_diff(ordinal(dtype, r)));
        }
    }
    let (at, first_values) = first?;
    let hit = |hits: &[bool]| hits.iter().enumerate().filter(|(_, hit)| **hit).map(|(i, _)| i as u64).collect::<Vec<_>>();
    let (rows, all_columns) = (hit(&row_hits), hit(&column_hits));
    let place = pattern::place(&pair, sums.differing, &rows, &all_columns);
    let magnitude = sums.size(dtype);
    let float = matches!(dtype, DType::F32 | DType::F16 | DType::Bf16);
    let related = float && magnitude == Size::Large && matches!(place, Place::All | Place::Scattered);
    let extent = |v: &[u64], of: usize| Extent { first: v[0], last: v[v.len() - 1], hit: v.len() as u64, of: of as u64 };
    let finite = sums.finite.max(1) as f64;
    Some(Difference {
        elements: (left.len() / size) as u64,
        differing: sums.differing,
        nonfinite: sums.nonfinite,
        max_abs: sums.max_abs,
        mean_abs: sums.abs / finite,
        rmse: (sums.square / finite).sqrt(),
        cosine: (sums.left > 0.0 && sums.right > 0.0).then(|| sums.product / (sums.left.sqrt() * sums.right.sqrt())),
        nmse: (sums.right > 0.0).then(|| sums.square / sums.right),
        max_ulp: sums.max_ulp,
        first: index_of(at as u64, shape),
        first_values,
        rows: extent(&rows, row_hits.len()),
        columns: extent(&all_columns, columns),
        place,
        size: magnitude,
        relation: if related { pattern::relation(&pair) } else { None },
    })
}

impl Difference {
    /// Share of differing elements, 0 to 1.
    pub fn share(&self) -> f64 {
        self.differing as f64 / self.elements as f64
    }

    /// Place, size and relation in words: `one head (3), large`.
    pub fn pattern(&self) -> String {
        let relation = self.relation.map_or(String::new(), |r| format!(", {r}"));
        format!("{}, {}{relation}", self.place, self.size)
    }

    /// Numbers that are not finite are null.
    pub fn json(&self) -> Value {
        let extent = |e: &Extent| json!({ "first": e.first, "last": e.last, "hit": e.hit, "of": e.of });
        json!({
            "elements": self.elements, "differing": self.differing, "share": self.share(), "nonfinite": self.nonfinite,
            "max_abs": self.max_abs, "mean_abs": self.mean_abs, "rmse": self.rmse, "cosine": self.cosine, "nmse": self.nmse,
            "max_ulp": self.max_ulp, "first": self.first, "first_left": self.first_values[0],
            "first_right": self.first_values[1], "rows": extent(&self.rows), "columns": extent(&self.columns),
            "place": self.place.to_string(), "size": self.size.word(), "relation": self.relation.map(|r| r.to_string()),
        })
    }
}

/// The bytes of one element; there are as many as its type has.
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(bytes);
    out
}

fn number(dtype: DType, bytes: &[u8]) -> f64 {
    match dtype {
        DType::F32 => f64::from(f32::from_le_bytes(array(bytes))),
        DType::F16 => f64::from(f16::from_le_bytes(array(bytes))),
        DType::Bf16 => f64::from(bf16::from_le_bytes(array(bytes))),
        DType::I32 => f64::from(i32::from_le_bytes(array(bytes))),
        DType::U8 => f64::from(bytes[0]),
    }
}

/// A number that grows by one from each value to the next larger one; both zeros are 0.
fn ordinal(dtype: DType, bytes: &[u8]) -> i64 {
    let signed = |bits: u32, sign: u32| if bits & sign != 0 { -i64::from(bits & !sign) } else { i64::from(bits) };
    match dtype {
        DType::F32 => signed(u32::from_le_bytes(array(bytes)), 1 << 31),
        DType::F16 | DType::Bf16 => signed(u32::from(u16::from_le_bytes(array(bytes))), 1 << 15),
        DType::I32 => i64::from(i32::from_le_bytes(array(bytes))),
        DType::U8 => i64::from(bytes[0]),
    }
}

#[derive(Default)]
struct Sums {
    finite: u64,
    differing: u64,
    nonfinite: u64,
    same_numbers: u64,
    max_abs: f64,
    abs: f64,
    square: f64,
    left: f64,
    right: f64,
    product: f64,
    largest: f64,
    max_ulp: u64,
}

impl Sums {
    fn add(&mut self, a: f64, b: f64) {
        if a.is_finite() && b.is_finite() {
            self.finite += 1;
            let d = (a - b).abs();
            self.max_abs = self.max_abs.max(d);
            self.abs += d;
            self.square += d * d;
            self.left += a * a;
            self.right += b * b;
            self.product += a * b;
            self.largest = self.largest.max(b.abs());
        }
    }

    fn differing(&mut self, a: f64, b: f64, ulp: u64) {
        self.differing += 1;
        if a == b || a.is_nan() && b.is_nan() {
            self.same_numbers += 1;
        }
        if a.is_finite() && b.is_finite() {
            self.max_ulp = self.max_ulp.max(ulp);
        } else {
            self.nonfinite += 1;
        }
    }

    fn size(&self, dtype: DType) -> Size {
        let half = 4.0 * f64::from(f16::EPSILON);
        let unit = match dtype {
            DType::F32 => 64.0 * f64::from(f32::EPSILON),
            DType::F16 => half,
            DType::Bf16 => 4.0 * f64::from(bf16::EPSILON),
            DType::I32 | DType::U8 => 0.0,
        };
        if self.same_numbers == self.differing {
            Size::SameNumbers
        } else if self.nonfinite > 0 {
            Size::NonFinite
        } else if self.max_abs <= unit * self.largest {
            Size::LastDigits
        } else if dtype == DType::F32 && self.max_abs <= half * self.largest {
            Size::HalfDigits
        } else {
            Size::Large
        }
    }
}

/// Index per dimension of the element at a row-major position.
pub fn index_of(mut at: u64, shape: &[u64]) -> Vec<u64> {
    let mut index: Vec<u64> = shape.iter().rev().map(|&d| (at % d, at /= d).0).collect();
    index.reverse();
    index
}
