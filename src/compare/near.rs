//! A comparison of values that promise no bits: which are within the bound, and the first that is not.

use serde_json::{Value, json};

use super::report::scientific;
use super::{Comparison, Outcome, TapComparison, stages};

/// Values beside a reference, and the largest squared error over the reference's squares that each may have.
pub struct Nearness<'a> {
    pub comparison: &'a Comparison,
    /// The same with every op on the reference's own operands, where that was run.
    pub forced: Option<&'a Comparison>,
    pub nmse: f64,
}

/// Whether a value is finite wherever the reference is, and its error within the bound. One of another type or size is not.
pub fn is_within(tap: &TapComparison, nmse: f64) -> bool {
    match &tap.outcome {
        Outcome::Equal => true,
        Outcome::Different(d) => d.nonfinite == 0 && d.nmse.is_some_and(|n| n <= nmse),
        Outcome::Incomparable(_) => false,
    }
}

impl Nearness<'_> {
    pub fn holds(&self) -> bool {
        self.first_beyond().is_none()
    }

    fn first_beyond(&self) -> Option<&TapComparison> {
        self.comparison.taps.iter().find(|t| !is_within(t, self.nmse))
    }

    /// The value with the largest error.
    fn farthest(&self) -> Option<(&TapComparison, f64)> {
        let errors = self.comparison.taps.iter().filter_map(|t| Some((t, t.difference()?.nmse?)));
        errors.max_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// For a terminal: every value in a line, then the finding in words.
    pub fn text(&self, rows: usize) -> String {
        let c = self.comparison;
        let mut text = format!("left   {}\nright  {}\n\n{}\n", c.left, c.right, stages(c, rows, Some(self.nmse)));
        let equal = c.equal_count();
        let farthest =
            self.farthest().map_or(String::new(), |(t, n)| format!("; the farthest is {}, nmse {}", t.label, scientific(Some(n))));
        text += &match self.first_beyond() {
            None => format!("all {} values are within nmse {:e}, {equal} of them equal{farthest}\n", c.taps.len(), self.nmse),
            Some(tap) => {
                let alone = self.forced.and_then(|f| f.find(&tap.label)).and_then(TapComparison::difference);
                let alone =
                    alone.map_or(String::new(), |d| format!("; on the reference's own operands its op has nmse {}", scientific(d.nmse)));
                format!("{} is the first value beyond nmse {:e}, computed by {}{alone}{farthest}\n", tap.label, self.nmse, tap.kernel)
            }
        };
        text
    }

    pub fn json(&self) -> Value {
        let tap = |t: &TapComparison| {
            let nmse = t.difference().and_then(|d| d.nmse).or(t.is_equal().then_some(0.0));
            json!({ "value": t.label, "kernel": t.kernel, "shape": t.shape, "nmse": nmse, "within": is_within(t, self.nmse),
                    "difference": t.difference().map(|d| d.json()) })
        };
        json!({
            "reason": "near", "left": self.comparison.left, "right": self.comparison.right, "bound": self.nmse, "within": self.holds(),
            "first_beyond": self.first_beyond().map(|t| &t.label), "farthest": self.farthest().map(|(t, _)| &t.label),
            "values": self.comparison.taps.iter().map(tap).collect::<Vec<_>>(),
        })
    }
}
