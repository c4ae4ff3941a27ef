//! Compares two tap sets value by value: where they first differ, by how much, and in what pattern.

use std::fmt;

use comfy_table::{CellAlignment, LineStyle, Table, presets};
use half::f16;
use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Result};
use crate::taps::{DType, Tap, TapSet};

/// The result of `compare`. The right-hand set is the reference that error measures are relative to.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// Who computed each side.
    pub left: String,
    pub right: String,
    /// Values that both sides have, in graph order of the left one.
    pub taps: Vec<TapComparison>,
    pub only_left: Vec<String>,
    pub only_right: Vec<String>,
}

/// One value on both sides.
#[derive(Debug, Clone)]
pub struct TapComparison {
    pub label: String,
    pub op: String,
    pub kernel: String,
    pub dtype: DType,
    pub shape: Vec<u64>,
    /// The reference's shape where it is another way to write the same number of elements.
    pub other_shape: Option<Vec<u64>>,
    pub outcome: Outcome,
}

#[derive(Debug, Clone)]
pub enum Outcome {
    Equal,
    Different(Box<Difference>),
    /// The sides hold another type or number of elements; the text says which.
    Incomparable(String),
}

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
    /// First and last differing row and column, where a row is one run of the last dimension.
    pub rows: [u64; 2],
    pub columns: [u64; 2],
    pub place: Place,
    pub size: Size,
}

/// Where the differing elements lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Nine of ten elements or more.
    All,
    /// The same rows in another order.
    RowOrder,
    OneElement,
    /// One index of the last but one of three or more dimensions.
    OneHead(u64),
    /// Only columns behind the last whole vector of 4 to 64 lanes.
    TailLanes(Steps),
    /// A regular set of rows.
    Rows(Steps),
    /// A regular set of columns.
    Columns(Steps),
    Scattered,
}

/// Indices `first, first + step, … last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    pub first: u64,
    pub last: u64,
    pub step: u64,
}

/// How large the differences are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Equal as numbers: signs of zero, or which NaN.
    SameNumbers,
    /// At most 64 units in the last place of the largest magnitude in the reference (4 for f16, 0 for integers):
    /// what another order of summation or another rounding gives.
    LastDigits,
    Large,
}

/// Compares the values of two sets by name; none in common is an error.
pub fn compare(left: &TapSet, right: &TapSet) -> Result<Comparison> {
    let mut taps = Vec::new();
    let mut only_left = Vec::new();
    for tap in &left.taps {
        match right.find(&tap.label()) {
            Some(other) => taps.push(compare_tap(left, tap, right, other)?),
            None => only_left.push(tap.label()),
        }
    }
    let only_right: Vec<String> = right.taps.iter().map(Tap::label).filter(|l| left.find(l).is_none()).collect();
    if taps.is_empty() {
        let names = |list: &[String]| list.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
        return Err(Diagnostic::new("compare-nothing", "the two tap sets have no value in common")
            .fact(format!("{}: {} values ({} …)", left.dir.display(), only_left.len(), names(&only_left)))
            .fact(format!("{}: {} values ({} …)", right.dir.display(), only_right.len(), names(&only_right))));
    }
    Ok(Comparison { left: left.source.clone(), right: right.source.clone(), taps, only_left, only_right })
}

fn compare_tap(left: &TapSet, tap: &Tap, right: &TapSet, other: &Tap) -> Result<TapComparison> {
    let elements = |t: &Tap| t.shape.iter().product::<u64>();
    let outcome = if tap.dtype != other.dtype {
        Outcome::Incomparable(format!("{} against {}", tap.dtype.name(), other.dtype.name()))
    } else if elements(tap) != elements(other) {
        Outcome::Incomparable(format!("shape {:?} against {:?}", tap.shape, other.shape))
    } else {
        match difference(tap.dtype, &tap.shape, &left.read(tap)?, &right.read(other)?) {
            None => Outcome::Equal,
            Some(d) => Outcome::Different(Box::new(d)),
        }
    };
    Ok(TapComparison {
        label: tap.label(),
        op: tap.op.clone(),
        kernel: tap.kernel.clone(),
        dtype: tap.dtype,
        shape: tap.shape.clone(),
        other_shape: (significant(&tap.shape) != significant(&other.shape)).then(|| other.shape.clone()),
        outcome,
    })
}

/// A shape without leading ones, which some writers pad with.
fn significant(shape: &[u64]) -> &[u64] {
    &shape[shape.iter().take_while(|&&d| d == 1).count()..]
}

/// Compares two row-major little-endian arrays of one type and shape; none if all bits are equal.
pub fn difference(dtype: DType, shape: &[u64], left: &[u8], right: &[u8]) -> Option<Difference> {
    assert_eq!(left.len(), right.len());
    if left == right {
        return None;
    }
    let size = dtype.size();
    let columns = shape.last().map_or(1, |&d| d.max(1) as usize);
    let rows = left.len() / size / columns;
    let mut sums = Sums::default();
    let mut row_hits = vec![0u64; rows];
    let mut column_hits = vec![0u64; columns];
    let mut first = None;
    for (i, (l, r)) in left.chunks_exact(size).zip(right.chunks_exact(size)).enumerate() {
        let (a, b) = (number(dtype, l), number(dtype, r));
        sums.add(a, b);
        if l != r {
            first.get_or_insert((i, [a, b]));
            row_hits[i / columns] += 1;
            column_hits[i % columns] += 1;
            sums.differing(a, b, ordinal(dtype, l).abs_diff(ordinal(dtype, r)));
        }
    }
    let (at, first_values) = first?;
    let hit = |hits: &[u64]| hits.iter().enumerate().filter(|(_, n)| **n > 0).map(|(i, _)| i as u64).collect::<Vec<_>>();
    let (hit_rows, hit_columns) = (hit(&row_hits), hit(&column_hits));
    let ends = |v: &[u64]| [v[0], v[v.len() - 1]];
    let grid = Grid { shape, rows: rows as u64, columns: columns as u64, hit_rows: &hit_rows, hit_columns: &hit_columns };
    let place = if sums.differing > 1 && same_rows(left, right, columns * size) { Place::RowOrder } else { grid.place(sums.differing) };
    let n = (left.len() / size) as u64;
    let finite = sums.finite.max(1) as f64;
    Some(Difference {
        elements: n,
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
        rows: ends(&hit_rows),
        columns: ends(&hit_columns),
        place,
        size: sums.size(dtype),
    })
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
        DType::I32 => f64::from(i32::from_le_bytes(array(bytes))),
        DType::U8 => f64::from(bytes[0]),
    }
}

/// A number that grows by one from each value to the next larger one; both zeros are 0.
fn ordinal(dtype: DType, bytes: &[u8]) -> i64 {
    let signed = |bits: u32, sign: u32| if bits & sign != 0 { -i64::from(bits & !sign) } else { i64::from(bits) };
    match dtype {
        DType::F32 => signed(u32::from_le_bytes(array(bytes)), 1 << 31),
        DType::F16 => signed(u32::from(u16::from_le_bytes(array(bytes))), 1 << 15),
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
        let unit = match dtype {
            DType::F32 => 64.0 * f64::from(f32::EPSILON),
            DType::F16 => 4.0 * f64::from(f16::EPSILON),
            DType::I32 | DType::U8 => 0.0,
        };
        if self.same_numbers == self.differing {
            Size::SameNumbers
        } else if self.nonfinite == 0 && self.max_abs <= unit * self.largest {
            Size::LastDigits
        } else {
            Size::Large
        }
    }
}

/// Whether both sides have the same rows, each as often; they are known to differ.
fn same_rows(left: &[u8], right: &[u8], row: usize) -> bool {
    if left.len() / row < 2 {
        return false;
    }
    fn sorted(bytes: &[u8], row: usize) -> Vec<&[u8]> {
        let mut rows: Vec<&[u8]> = bytes.chunks_exact(row).collect();
        rows.sort_unstable();
        rows
    }
    sorted(left, row) == sorted(right, row)
}

/// The differing rows and columns of an array seen as a matrix of its last dimension.
struct Grid<'a> {
    shape: &'a [u64],
    rows: u64,
    columns: u64,
    hit_rows: &'a [u64],
    hit_columns: &'a [u64],
}

impl Grid<'_> {
    fn place(&self, differing: u64) -> Place {
        if differing == 1 {
            return Place::OneElement;
        }
        if differing * 10 >= self.rows * self.columns * 9 {
            return Place::All;
        }
        if let Some(head) = self.head() {
            return Place::OneHead(head);
        }
        // The block must be filled well beyond what as many elements at random places would do.
        let filled = differing as f64 / (self.hit_rows.len() * self.hit_columns.len()) as f64;
        if filled <= 0.1 || filled * differing as f64 <= 1.5 {
            return Place::Scattered;
        }
        let columns = regular(self.hit_columns, self.columns);
        let rows = regular(self.hit_rows, self.rows);
        let in_tail = |s: &Steps| [64, 32, 16, 8, 4].iter().any(|w| s.first > 0 && s.first >= self.columns - self.columns % w);
        // Of two stripes, the smaller part of its side says more.
        let narrow_columns = self.hit_columns.len() as u64 * self.rows <= self.hit_rows.len() as u64 * self.columns;
        match (columns, rows) {
            (Some(c), _) if in_tail(&c) => Place::TailLanes(c),
            (Some(c), rows) if rows.is_none() || narrow_columns => Place::Columns(c),
            (_, Some(r)) => Place::Rows(r),
            _ => Place::Scattered,
        }
    }

    /// The one index of the last but one dimension that all differing rows have.
    fn head(&self) -> Option<u64> {
        let &[.., outer, heads, _] = self.shape else { return None };
        let head = self.hit_rows[0] % heads.max(1);
        let one = self.hit_rows.iter().all(|r| r % heads == head);
        (heads > 1 && one && (self.hit_rows.len() > 1 || outer == 1)).then_some(head)
    }
}

/// The indices as an even progression over at most half of all; a step above one needs three to be seen.
fn regular(hits: &[u64], all: u64) -> Option<Steps> {
    let (first, last) = (hits[0], hits[hits.len() - 1]);
    let step = hits.get(1).map_or(1, |second| second - first);
    let even = hits.windows(2).all(|w| w[1] - w[0] == step);
    (even && hits.len() as u64 * 2 <= all && (step == 1 || hits.len() > 2)).then_some(Steps { first, last, step })
}

fn index_of(mut at: u64, shape: &[u64]) -> Vec<u64> {
    let mut index: Vec<u64> = shape.iter().rev().map(|&d| (at % d, at /= d).0).collect();
    index.reverse();
    index
}

impl Comparison {
    /// The first value in graph order that is not equal.
    pub fn first_different(&self) -> Option<&TapComparison> {
        self.taps.iter().find(|t| !t.is_equal())
    }

    /// The last value before the first different one; with no difference the last of all.
    pub fn last_equal(&self) -> Option<&TapComparison> {
        self.taps.iter().take_while(|t| t.is_equal()).last()
    }

    /// All values that both sides have are equal bit for bit.
    pub fn is_equal(&self) -> bool {
        self.first_different().is_none()
    }

    pub fn equal_count(&self) -> usize {
        self.taps.iter().filter(|t| t.is_equal()).count()
    }

    /// For a terminal: the last equal value and up to `rows` different ones, then what they mean in words.
    pub fn table(&self, rows: usize) -> String {
        let mut out = format!("left:  {}\nright: {}\n", self.left, self.right);
        let different: Vec<&TapComparison> = self.taps.iter().filter(|t| !t.is_equal()).collect();
        if !different.is_empty() {
            let mut table = Table::new();
            let lines = presets::UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none());
            table
                .load_style(lines)
                .set_header(["value", "kernel", "shape", "differ", "share", "max abs", "NMSE", "max ULP", "first at", "pattern"]);
            table.add_rows(self.last_equal().iter().chain(different.iter().take(rows)).map(|t| t.cells()));
            for i in 3..8 {
                if let Some(column) = table.column_mut(i) {
                    column.set_cell_alignment(CellAlignment::Right);
                }
            }
            out += &format!("{}\n", table.trim_fmt());
            if different.len() > rows {
                out += &format!("{} more values differ\n", different.len() - rows);
            }
        }
        out + &self.summary()
    }

    fn summary(&self) -> String {
        let mut out = String::new();
        for (side, list) in [("left", &self.only_left), ("right", &self.only_right)] {
            if !list.is_empty() {
                let names = list.iter().take(6).map(String::as_str).collect::<Vec<_>>().join(", ");
                let more = if list.len() > 6 { ", …" } else { "" };
                out += &format!("only {side}: {} value(s): {names}{more}\n", list.len());
            }
        }
        let Some(first) = self.first_different() else {
            return out + &format!("{} values, all bits equal\n", self.taps.len());
        };
        out += &format!("{} of {} values equal\n", self.equal_count(), self.taps.len());
        out += &format!("last equal:      {}\n", self.last_equal().map_or("none", |t| &t.label));
        out += &format!("first different: {} (op {}, kernel {})\n", first.label, first.op, first.kernel);
        match &first.outcome {
            Outcome::Different(d) => {
                let [a, b] = d.first_values;
                out += &format!("pattern:         {}; first at {}: {a:.8e} against {b:.8e}\n", d.pattern(), dims(&d.first));
                out += &format!("likely cause:    {}\n", d.likely_cause());
                let cosine = d.cosine.map_or("-".to_string(), |c| format!("{c:.9}"));
                let (mean, rmse, nmse) = (d.mean_abs, d.rmse, scientific(d.nmse));
                out += &format!("measures:        mean abs {mean:.2e}, RMSE {rmse:.2e}, NMSE {nmse}, cosine {cosine}\n");
            }
            Outcome::Incomparable(why) => out += &format!("not comparable:  {why}\n"),
            Outcome::Equal => {}
        }
        out
    }

    /// For machines: everything, with numbers that are not finite as null.
    pub fn json(&self) -> Value {
        json!({
            "reason": "compare",
            "left": self.left,
            "right": self.right,
            "equal": self.is_equal(),
            "last_equal": self.last_equal().map(|t| &t.label),
            "first_different": self.first_different().map(|t| &t.label),
            "only_left": self.only_left,
            "only_right": self.only_right,
            "taps": self.taps.iter().map(TapComparison::json).collect::<Vec<_>>(),
        })
    }
}

impl TapComparison {
    pub fn is_equal(&self) -> bool {
        matches!(self.outcome, Outcome::Equal)
    }

    fn cells(&self) -> Vec<String> {
        let shape = match &self.other_shape {
            Some(other) => format!("{} | {}", dims(&self.shape), dims(other)),
            None => dims(&self.shape),
        };
        let mut cells = vec![self.label.clone(), self.kernel.clone(), format!("{} {shape}", self.dtype.name())];
        match &self.outcome {
            Outcome::Equal => cells.extend(["0", "", "", "", "", "", "equal"].map(str::to_string)),
            Outcome::Incomparable(why) => {
                cells.extend([""; 6].map(str::to_string));
                cells.push(why.clone());
            }
            Outcome::Different(d) => cells.extend([
                d.differing.to_string(),
                format!("{:.3} %", 100.0 * d.share()),
                format!("{:.2e}", d.max_abs),
                scientific(d.nmse),
                d.max_ulp.to_string(),
                dims(&d.first),
                d.pattern(),
            ]),
        }
        cells
    }

    fn json(&self) -> Value {
        let mut value = json!({
            "name": self.label, "op": self.op, "kernel": self.kernel, "dtype": self.dtype.name(), "shape": self.shape,
        });
        let object = value.as_object_mut().expect("made as an object");
        if let Some(other) = &self.other_shape {
            object.insert("other_shape".to_string(), json!(other));
        }
        let (outcome, more) = match &self.outcome {
            Outcome::Equal => ("equal", json!({})),
            Outcome::Incomparable(why) => ("incomparable", json!({ "why": why })),
            Outcome::Different(d) => ("different", d.json()),
        };
        object.insert("outcome".to_string(), json!(outcome));
        object.extend(more.as_object().cloned().unwrap_or_default());
        value
    }
}

impl Difference {
    /// Share of differing elements, 0 to 1.
    pub fn share(&self) -> f64 {
        self.differing as f64 / self.elements as f64
    }

    /// Place and size in words: `one head (3), large`.
    pub fn pattern(&self) -> String {
        let nonfinite = if self.nonfinite > 0 && self.size == Size::Large { ", inf or NaN" } else { "" };
        format!("{}, {}{nonfinite}", self.place, self.size)
    }

    /// What usually makes this pattern; a hint, not a proof.
    pub fn likely_cause(&self) -> &'static str {
        match (&self.place, self.size) {
            (_, Size::SameNumbers) => "an operation that loses the sign of zero or makes another NaN: a - b for -(b - a), or 0 + x",
            (Place::RowOrder, _) => "rows (tokens or patches) are in another order: position or merge order",
            (Place::OneElement, Size::LastDigits) => "a special value: a rounding tie or a tiny number in one element",
            (Place::OneElement, Size::Large) => "one wrong store or a special value (infinity, NaN, overflow to f16)",
            (Place::OneHead(_), _) => "the offset or stride of one head",
            (Place::TailLanes(_), _) => "the tail behind the last whole vector: a missing lane, mask or padding",
            (Place::Rows(_), _) => "the border of a row tile or of a thread's range, or wrong rows in the input",
            (Place::Columns(_), _) => "the border of a column tile, or a wrong part of the weight",
            (Place::Scattered | Place::All, Size::LastDigits) => {
                "another order of summation, a fused or unfused multiply-add, or another rounding or exp"
            }
            (Place::Scattered, Size::Large) => "some inputs differ, or a branch on the value (mask, clamp) goes another way",
            (Place::All, Size::Large) => "another operand, layout or formula: check the op's inputs first",
        }
    }

    fn json(&self) -> Value {
        json!({
            "elements": self.elements, "differing": self.differing, "share": self.share(), "nonfinite": self.nonfinite,
            "max_abs": self.max_abs, "mean_abs": self.mean_abs, "rmse": self.rmse, "cosine": self.cosine, "nmse": self.nmse,
            "max_ulp": self.max_ulp, "first": self.first, "first_left": self.first_values[0],
            "first_right": self.first_values[1], "rows": self.rows, "columns": self.columns,
            "place": self.place.to_string(), "size": self.size.to_string(), "likely_cause": self.likely_cause(),
        })
    }
}

fn scientific(value: Option<f64>) -> String {
    value.map_or("-".to_string(), |v| format!("{v:.2e}"))
}

fn dims(shape: &[u64]) -> String {
    format!("[{}]", shape.iter().map(u64::to_string).collect::<Vec<_>>().join(", "))
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::RowOrder => f.write_str("row order"),
            Self::OneElement => f.write_str("one element"),
            Self::OneHead(head) => write!(f, "one head ({head})"),
            Self::TailLanes(steps) => write!(f, "tail lanes ({steps})"),
            Self::Rows(steps) => write!(f, "stripe of rows ({steps})"),
            Self::Columns(steps) => write!(f, "stripe of columns ({steps})"),
            Self::Scattered => f.write_str("scattered"),
        }
    }
}

impl fmt::Display for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.first == self.last, self.step) {
            (true, _) => write!(f, "{}", self.first),
            (false, 1) => write!(f, "{}..{}", self.first, self.last),
            (false, step) => write!(f, "{}..{} step {step}", self.first, self.last),
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SameNumbers => "same numbers",
            Self::LastDigits => "last digits",
            Self::Large => "large",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::taps::{TapView, TapWriter};
    use std::path::Path;

    /// Values of mixed size and sign without a pattern.
    fn values(n: u64) -> Vec<f32> {
        (0..n).map(|i| ((i.wrapping_mul(0x9E37_79B9) >> 7) % 4001) as f32 / 1000.0 - 2.0).collect()
    }

    fn bytes(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|v| v.to_le_bytes()).collect()
    }

    /// The difference after `change` was applied to the left elements with these indices.
    fn changed(shape: &[u64], which: impl Fn(&[u64]) -> bool, change: impl Fn(f32) -> f32) -> Difference {
        let right = values(shape.iter().product());
        let left: Vec<f32> =
            right.iter().enumerate().map(|(i, &v)| if which(&index_of(i as u64, shape)) { change(v) } else { v }).collect();
        difference(DType::F32, shape, &bytes(&left), &bytes(&right)).expect("something was changed")
    }

    fn steps(first: u64, last: u64, step: u64) -> Steps {
        Steps { first, last, step }
    }

    fn next_up(v: f32) -> f32 {
        f32::from_bits(v.to_bits() + 1)
    }

    #[test]
    fn places_are_recognised() {
        let add = |v: f32| v + 1.0;
        let place = |shape: &[u64], which: &dyn Fn(&[u64]) -> bool| changed(shape, which, add).place;
        assert_eq!(place(&[40, 72], &|_| true), Place::All);
        assert_eq!(place(&[40, 72], &|i| i == [7, 70]), Place::OneElement);
        assert_eq!(place(&[40, 16, 72], &|i| i[1] == 3), Place::OneHead(3));
        assert_eq!(place(&[1, 16, 72], &|i| i[1] == 3), Place::OneHead(3));
        assert_eq!(place(&[40, 72], &|i| i[1] >= 64), Place::TailLanes(steps(64, 71, 1)));
        assert_eq!(place(&[40, 72], &|i| i[1] == 71), Place::TailLanes(steps(71, 71, 1)));
        assert_eq!(place(&[40, 64], &|i| i[1] >= 60), Place::Columns(steps(60, 63, 1)));
        assert_eq!(place(&[40, 72], &|i| i[0] % 8 == 5), Place::Rows(steps(5, 37, 8)));
        assert_eq!(place(&[40, 72], &|i| (10..20).contains(&i[0])), Place::Rows(steps(10, 19, 1)));
        assert_eq!(place(&[40, 72], &|i| i[0] == 10), Place::Rows(steps(10, 10, 1)));
        assert_eq!(place(&[40, 72], &|i| i[1] % 2 == 1), Place::Columns(steps(1, 71, 2)));
        assert_eq!(place(&[40, 72], &|i| (i[0] * 5 + i[1] * 3) % 7 == 1), Place::Scattered);
        // Too few elements to speak of a stripe.
        assert_eq!(place(&[40, 72], &|i| i == [3, 5] || i == [4, 9]), Place::Scattered);
        assert_eq!(place(&[40, 72], &|i| i == [3, 5] || i == [9, 25] || i == [15, 45]), Place::Scattered);
        assert_eq!(place(&[72], &|i| i[0] < 70), Place::All);
    }

    #[test]
    fn rows_in_another_order_are_recognised() {
        let right = values(40 * 72);
        let mut left = right.clone();
        left[72 * 3..72 * 5].rotate_left(72);
        let d = difference(DType::F32, &[40, 72], &bytes(&left), &bytes(&right)).unwrap();
        assert_eq!((d.place, d.size, d.rows), (Place::RowOrder, Size::Large, [3, 4]));
    }

    #[test]
    fn sizes_are_recognised() {
        let d = changed(&[10, 10], |_| true, next_up);
        assert_eq!((d.size, d.max_ulp, d.differing), (Size::LastDigits, 1, 100));
        assert_eq!(d.pattern(), "all, last digits");
        let d = changed(&[10, 10], |i| i == [2, 3], |_| f32::NAN);
        assert_eq!((d.size, d.nonfinite, d.first.as_slice()), (Size::Large, 1, [2, 3].as_slice()));
        assert_eq!(d.pattern(), "one element, large, inf or NaN");
        assert_eq!(d.max_abs, 0.0);
        let (zero, minus) = (bytes(&[0.0, 1.0, f32::NAN]), bytes(&[-0.0, 1.0, -f32::NAN]));
        let d = difference(DType::F32, &[3], &zero, &minus).unwrap();
        assert_eq!((d.size, d.differing, d.max_ulp), (Size::SameNumbers, 2, 0));
    }

    #[test]
    fn measures_are_those_of_the_books() {
        let d = difference(DType::F32, &[2, 2], &bytes(&[1.0, 2.0, 3.0, 5.0]), &bytes(&[1.0, 2.0, 3.0, 4.0])).unwrap();
        assert_eq!((d.elements, d.differing, d.share(), d.max_abs), (4, 1, 0.25, 1.0));
        assert_eq!((d.mean_abs, d.rmse, d.nmse), (0.25, 0.5, Some(1.0 / 30.0)));
        assert_eq!(d.cosine, Some(34.0 / (39f64.sqrt() * 30f64.sqrt())));
        assert_eq!((d.first, d.first_values, d.max_ulp), (vec![1, 1], [5.0, 4.0], 1 << 21));
        let d = difference(DType::F32, &[1], &bytes(&[1.0]), &bytes(&[0.0])).unwrap();
        assert_eq!((d.cosine, d.nmse), (None, None));
        let across = difference(DType::F32, &[1], &bytes(&[f32::from_bits(2)]), &bytes(&[-f32::from_bits(3)])).unwrap();
        assert_eq!(across.max_ulp, 5);
    }

    #[test]
    fn other_types_are_measured_in_their_own_units() {
        let halves = |v: [f32; 3]| v.iter().flat_map(|&x| f16::from_f32(x).to_le_bytes()).collect::<Vec<u8>>();
        let d = difference(DType::F16, &[3], &halves([1.0, 2.0, 3.0]), &halves([1.0, 2.0, 3.001_953_1])).unwrap();
        assert_eq!((d.max_ulp, d.size, d.differing), (1, Size::LastDigits, 1));
        let ints = |v: [i32; 3]| v.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
        let d = difference(DType::I32, &[3], &ints([1, 2, -3]), &ints([1, 2, 3])).unwrap();
        assert_eq!((d.max_ulp, d.max_abs, d.size), (6, 6.0, Size::Large));
    }

    fn set(dir: &Path, name: &str, taps: &[(&str, &[u64], Vec<f32>)]) -> TapSet {
        let mut writer = TapWriter::create(&dir.join(name), name).unwrap();
        for (label, shape, values) in taps {
            let strides: Vec<u64> = (0..shape.len()).map(|d| 4 * shape[d + 1..].iter().product::<u64>()).collect();
            let data = bytes(values);
            let view = TapView::strided(label, "add", "add.f32.rn", DType::F32, shape, &strides, &data).unwrap();
            writer.write(&view).unwrap();
        }
        writer.finish().unwrap()
    }

    #[test]
    fn the_first_difference_is_found_in_left_order() {
        let dir = tempfile::tempdir().unwrap();
        let v = values(6);
        let mut w = v.clone();
        w[4] = next_up(w[4]);
        let one: &[u64] = &[2, 3];
        let left = set(
            dir.path(),
            "left",
            &[("a", one, v.clone()), ("b", &[6], v.clone()), ("c", one, w.clone()), ("d", &[6], v.clone()), ("x", &[6], v.clone())],
        );
        let right = set(
            dir.path(),
            "right",
            &[("d", &[6], w), ("c", &[1, 2, 3], v.clone()), ("y", &[6], v.clone()), ("b", one, v.clone()), ("a", one, v.clone())],
        );
        let c = compare(&left, &right).unwrap();
        assert_eq!(c.first_different().unwrap().label, "c");
        assert_eq!(c.last_equal().unwrap().label, "b");
        assert_eq!((c.only_left.as_slice(), c.only_right.as_slice()), (["x".to_string()].as_slice(), ["y".to_string()].as_slice()));
        assert_eq!((c.taps[1].other_shape.as_deref(), c.taps[2].other_shape.as_deref()), (Some(one), None));
        let text = c.table(1);
        for part in [
            "1 more values differ",
            "last equal:      b",
            "first different: c (op add, kernel add.f32.rn)",
            "only right: 1 value(s): y",
            "one element, last digits",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        let json = c.json();
        assert_eq!(json["first_different"], "c");
        assert_eq!(json["taps"][2]["first"], json!([1, 1]));
        assert_eq!(json["taps"][0]["outcome"], "equal");
    }

    #[test]
    fn equal_and_incomparable_sets_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let a = set(dir.path(), "a", &[("a", &[6], values(6))]);
        let b = set(dir.path(), "b", &[("a", &[5], values(5))]);
        let none = set(dir.path(), "none", &[("z", &[5], values(5))]);
        let same = compare(&a, &a).unwrap();
        assert!(same.is_equal() && same.table(9).contains("1 values, all bits equal"), "{}", same.table(9));
        let other = compare(&a, &b).unwrap();
        assert!(!other.is_equal() && other.table(9).contains("not comparable:  shape [6] against [5]"), "{}", other.table(9));
        assert_eq!(compare(&a, &none).unwrap_err().code(), "compare-nothing");
    }
}
