//! Compares two sets of named values: where they first differ, by how much, in what pattern, and which op is at fault.

pub(crate) mod causes;
mod measure;
mod near;
mod pattern;
mod replay;
mod report;
mod segment;
mod stages;
mod target;
pub mod vector;

pub use causes::Causes;
pub use measure::{Difference, Extent, difference, index_of};
pub use near::{Nearness, is_within};
pub use pattern::{Place, Relation, Size, Steps};
pub use replay::{OUTPUT, Pass, Replay};
pub use report::{Finding, Knowledge, Paint, Report, Verdict, dims, scientific};
pub use segment::{Segment, SegmentStep, Segments};
pub use stages::stages;
pub use target::{Cell, Cells};

use crate::diagnostic::{Diagnostic, Result};
use crate::taps::{DType, Tap, TapSet};

/// The values of two sides. The right-hand side is the reference that error measures are relative to.
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
    /// What made the reference's value; empty if that side has no kernels of these maps.
    pub other_kernel: String,
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

/// Compares the values of two sets by name; none in common is an error.
pub fn compare(left: &TapSet, right: &TapSet) -> Result<Comparison> {
    let mut out = Comparison::new(left.source.clone(), right.source.clone());
    for tap in &left.taps {
        match right.find(&tap.label()) {
            Some(other) => out.taps.push(compare_value(tap, &left.read(tap)?, right, other)?),
            None => out.only_left.push(tap.label()),
        }
    }
    out.close(&left.dir.display().to_string(), left.taps.len(), right)?;
    Ok(out)
}

/// Compares one value with its counterpart in the reference.
pub fn compare_value(tap: &Tap, bytes: &[u8], right: &TapSet, other: &Tap) -> Result<TapComparison> {
    let elements = |t: &Tap| t.shape.iter().product::<u64>();
    let outcome = if tap.dtype != other.dtype {
        Outcome::Incomparable(format!("{} against {}", tap.dtype.name(), other.dtype.name()))
    } else if elements(tap) != elements(other) {
        Outcome::Incomparable(format!("shape {:?} against {:?}", tap.shape, other.shape))
    } else {
        match difference(tap.dtype, &tap.shape, bytes, &right.read(other)?) {
            None => Outcome::Equal,
            Some(d) => Outcome::Different(Box::new(d)),
        }
    };
    // the side that names its kernel knows the op's name in the maps
    let named = if tap.kernel.is_empty() && !other.kernel.is_empty() { other } else { tap };
    Ok(TapComparison {
        label: tap.label(),
        op: named.op.clone(),
        kernel: named.kernel.clone(),
        other_kernel: other.kernel.clone(),
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

impl Comparison {
    pub fn new(left: String, right: String) -> Self {
        Self { left, right, taps: Vec::new(), only_left: Vec::new(), only_right: Vec::new() }
    }

    /// Notes what only the reference has; no value in common is an error.
    pub fn close(&mut self, left: &str, count: usize, right: &TapSet) -> Result<()> {
        let seen: std::collections::HashSet<&str> = self.taps.iter().map(|t| t.label.as_str()).collect();
        self.only_right = right.taps.iter().map(Tap::label).filter(|l| !seen.contains(l.as_str())).collect();
        if self.taps.is_empty() {
            let names = |list: &[String]| list.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
            return Err(Diagnostic::new("compare-nothing", "the two tap sets have no value in common")
                .fact(format!("{left}: {count} values ({} …)", names(&self.only_left)))
                .fact(format!("{}: {} values ({} …)", right.dir.display(), self.only_right.len(), names(&self.only_right))));
        }
        Ok(())
    }

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

    pub fn find(&self, label: &str) -> Option<&TapComparison> {
        self.taps.iter().find(|t| t.label == label)
    }
}

impl TapComparison {
    pub fn is_equal(&self) -> bool {
        matches!(self.outcome, Outcome::Equal)
    }

    pub fn difference(&self) -> Option<&Difference> {
        match &self.outcome {
            Outcome::Different(d) => Some(d),
            _ => None,
        }
    }

    /// The class in the kernel's id; empty if no kernel of maps made the value.
    pub fn class(&self) -> &str {
        class_of(&self.kernel)
    }
}

/// The class in a kernel's id.
fn class_of(kernel: &str) -> &str {
    kernel.split('.').nth(2).unwrap_or_default()
}
