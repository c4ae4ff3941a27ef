//! Names the pattern in which two arrays differ: where, how large, and by which simple relation of their numbers.

use std::fmt;

use super::measure::Pair;

/// Where the differing elements lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Nine of ten elements or more.
    All,
    /// The same rows in another order.
    RowOrder,
    /// The same columns in another order.
    ColumnOrder,
    /// The same elements in another order, but neither rows nor columns.
    ElementOrder,
    OneElement,
    /// One index of the last but one of three or more dimensions.
    OneHead(u64),
    /// Only columns behind the last whole vector of 4 to 64 lanes.
    TailLanes(Steps),
    /// A regular set of rows.
    Rows(Steps),
    /// Whole rows without a rule; how many.
    SomeRows(u64),
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
    /// What another order of summation or another rounding gives: at most 64 units in the last place of the largest
    /// magnitude in the reference (4 for f16 and bf16, 0 for integers).
    LastDigits,
    /// What a rounding to f16 on the way gives.
    HalfDigits,
    Large,
    /// Infinities or NaNs on one side only.
    NonFinite,
}

/// What the left numbers are of the right ones, up to last digits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Relation {
    /// Each is the other times this number.
    Scale(f64),
    /// A factor for each row, or for each column.
    RowScale,
    ColumnScale,
    /// This number more.
    Offset(f64),
    RowOffset,
    ColumnOffset,
}

impl Place {
    /// Every word that [`Place::word`] gives.
    pub const WORDS: [&str; 11] = [
        "all",
        "row order",
        "column order",
        "element order",
        "one element",
        "one head",
        "tail lanes",
        "stripe of rows",
        "some rows",
        "stripe of columns",
        "scattered",
    ];

    /// The kind of place, without its numbers.
    pub fn word(&self) -> &'static str {
        let index = match self {
            Self::All => 0,
            Self::RowOrder => 1,
            Self::ColumnOrder => 2,
            Self::ElementOrder => 3,
            Self::OneElement => 4,
            Self::OneHead(_) => 5,
            Self::TailLanes(_) => 6,
            Self::Rows(_) => 7,
            Self::SomeRows(_) => 8,
            Self::Columns(_) => 9,
            Self::Scattered => 10,
        };
        Self::WORDS[index]
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            Self::OneHead(n) | Self::SomeRows(n) => write!(f, " ({n})"),
            Self::TailLanes(s) | Self::Rows(s) | Self::Columns(s) => write!(f, " ({s})"),
            _ => Ok(()),
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

impl Size {
    pub const WORDS: [&str; 5] = ["same numbers", "last digits", "f16 digits", "large", "inf or NaN"];

    pub fn word(self) -> &'static str {
        Self::WORDS[self as usize]
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Relation {
    pub const WORDS: [&str; 6] =
        ["constant ratio", "ratio per row", "ratio per column", "constant offset", "offset per row", "offset per column"];

    pub fn word(&self) -> &'static str {
        let index = match self {
            Self::Scale(_) => 0,
            Self::RowScale => 1,
            Self::ColumnScale => 2,
            Self::Offset(_) => 3,
            Self::RowOffset => 4,
            Self::ColumnOffset => 5,
        };
        Self::WORDS[index]
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            Self::Scale(c) | Self::Offset(c) => write!(f, " ({c:.6})"),
            _ => Ok(()),
        }
    }
}

/// Where a pair of arrays differs. `rows` and `columns` are the differing ones, in order.
pub fn place(pair: &Pair, differing: u64, rows: &[u64], columns: &[u64]) -> Place {
    if differing == 1 {
        return Place::OneElement;
    }
    if let Some(order) = order(pair) {
        return order;
    }
    let (all_rows, all_columns) = (pair.rows() as u64, pair.columns() as u64);
    if differing * 10 >= all_rows * all_columns * 9 {
        return Place::All;
    }
    if let Some(head) = head(pair.shape, rows) {
        return Place::OneHead(head);
    }
    // The block must be filled well beyond what as many elements at random places would do.
    let filled = differing as f64 / (rows.len() * columns.len()) as f64;
    if filled <= 0.1 || filled * differing as f64 <= 1.5 {
        return Place::Scattered;
    }
    let even_columns = regular(columns, all_columns);
    let even_rows = regular(rows, all_rows);
    let in_tail = |s: &Steps| [64, 32, 16, 8, 4].iter().any(|w| s.first > 0 && s.first >= all_columns - all_columns % w);
    // Of two stripes, the smaller part of its side says more.
    let narrow_columns = columns.len() as u64 * all_rows <= rows.len() as u64 * all_columns;
    match (even_columns, even_rows) {
        (Some(c), _) if in_tail(&c) => Place::TailLanes(c),
        (Some(c), rows) if rows.is_none() || narrow_columns => Place::Columns(c),
        (_, Some(r)) => Place::Rows(r),
        _ if filled > 0.5 && rows.len() as u64 * 2 <= all_rows => Place::SomeRows(rows.len() as u64),
        _ => Place::Scattered,
    }
}

/// The one index of the last but one dimension that all differing rows have.
fn head(shape: &[u64], rows: &[u64]) -> Option<u64> {
    let &[.., outer, heads, _] = shape else { return None };
    let head = rows[0] % heads.max(1);
    let one = rows.iter().all(|r| r % heads == head);
    (heads > 1 && one && (rows.len() > 1 || outer == 1)).then_some(head)
}

/// The indices as an even progression over at most half of all; a step above one needs three to be seen.
fn regular(hits: &[u64], all: u64) -> Option<Steps> {
    let (first, last) = (hits[0], hits[hits.len() - 1]);
    let step = hits.get(1).map_or(1, |second| second - first);
    let even = hits.windows(2).all(|w| w[1] - w[0] == step);
    (even && hits.len() as u64 * 2 <= all && (step == 1 || hits.len() > 2)).then_some(Steps { first, last, step })
}

/// Whether both sides hold the same rows, columns or elements, each as often. Sums of hashes rule most pairs out before
/// anything is sorted.
fn order(pair: &Pair) -> Option<Place> {
    let (left, right, element) = (pair.left, pair.right, pair.dtype.size());
    if multiset(left, element) != multiset(right, element) {
        return None;
    }
    let row = pair.columns() * element;
    // Rows of the first dimension, which hold all heads of a token, and rows of the last.
    let outer = left.len() / pair.shape.first().map_or(1, |&d| d.max(1) as usize);
    for width in [outer, row] {
        let rows = left.len() / width;
        if width == element || rows < 2 {
            continue;
        }
        if same_pieces(left, right, width) {
            return Some(Place::RowOrder);
        }
        if same_pieces(&turned(left, width, element), &turned(right, width, element), rows * element) {
            return Some(Place::ColumnOrder);
        }
    }
    same_pieces(left, right, element).then_some(Place::ElementOrder)
}

/// A number that pieces in any order share.
fn multiset(bytes: &[u8], width: usize) -> u64 {
    let hash = |piece: &[u8]| piece.iter().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3));
    let mix = |h: u64| (h ^ h >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bytes.chunks_exact(width).fold(0u64, |sum, piece| sum.wrapping_add(mix(hash(piece))))
}

fn same_pieces(left: &[u8], right: &[u8], width: usize) -> bool {
    fn sorted(bytes: &[u8], width: usize) -> Vec<&[u8]> {
        let mut pieces: Vec<&[u8]> = bytes.chunks_exact(width).collect();
        pieces.sort_unstable();
        pieces
    }
    multiset(left, width) == multiset(right, width) && sorted(left, width) == sorted(right, width)
}

/// Columns as rows.
fn turned(bytes: &[u8], row: usize, element: usize) -> Vec<u8> {
    let rows = bytes.len() / row;
    let mut out = Vec::with_capacity(bytes.len());
    for column in (0..row).step_by(element) {
        for r in 0..rows {
            out.extend_from_slice(&bytes[r * row + column..r * row + column + element]);
        }
    }
    out
}

/// How far a relation may be off, in parts of the largest magnitude: some last digits of f32.
const EXACT: f64 = 1.0 / (1 << 17) as f64;

/// Fewest rows or columns that a factor or offset of their own is told from.
const FEWEST: usize = 4;

/// The simplest relation that explains a large difference of finite floats.
pub fn relation(pair: &Pair) -> Option<Relation> {
    let (rows, columns) = (pair.rows(), pair.columns());
    let mut by_row = vec![Fit::default(); rows];
    let mut by_column = vec![Fit::default(); columns];
    let (mut whole, mut largest) = (Fit::default(), 0f64);
    for (i, (a, b)) in pair.numbers().enumerate() {
        if !a.is_finite() || !b.is_finite() {
            return None;
        }
        whole.add(a, b);
        by_row[i / columns].add(a, b);
        by_column[i % columns].add(a, b);
        largest = largest.max(a.abs()).max(b.abs());
    }
    if rows * columns < FEWEST || largest == 0.0 {
        return None;
    }
    let explains =
        |guess: &dyn Fn(usize, f64) -> f64| pair.numbers().enumerate().all(|(i, (a, b))| (a - guess(i, b)).abs() <= EXACT * largest);
    if explains(&|_, b| whole.ratio() * b) && whole.ratio() != 0.0 {
        return Some(Relation::Scale(whole.ratio()));
    }
    if explains(&|_, b| b + whole.offset()) {
        return Some(Relation::Offset(whole.offset()));
    }
    if rows >= FEWEST && explains(&|i, b| b + by_column[i % columns].offset()) {
        return Some(Relation::ColumnOffset);
    }
    if columns >= FEWEST && explains(&|i, b| b + by_row[i / columns].offset()) {
        return Some(Relation::RowOffset);
    }
    let vanish = |fits: &[Fit]| fits.iter().all(|f| f.ratio() == 0.0);
    if rows >= FEWEST && !vanish(&by_column) && explains(&|i, b| by_column[i % columns].ratio() * b) {
        return Some(Relation::ColumnScale);
    }
    if columns >= FEWEST && !vanish(&by_row) && explains(&|i, b| by_row[i / columns].ratio() * b) {
        return Some(Relation::RowScale);
    }
    None
}

/// Sums for the best factor and the best offset.
#[derive(Clone, Copy, Default)]
struct Fit {
    product: f64,
    square: f64,
    distance: f64,
    count: f64,
}

impl Fit {
    fn add(&mut self, a: f64, b: f64) {
        self.product += a * b;
        self.square += b * b;
        self.distance += a - b;
        self.count += 1.0;
    }

    fn ratio(&self) -> f64 {
        if self.square > 0.0 { self.product / self.square } else { 0.0 }
    }

    fn offset(&self) -> f64 {
        self.distance / self.count.max(1.0)
    }
}
