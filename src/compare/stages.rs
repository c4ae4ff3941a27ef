//! Every value of a comparison in one line, equal or not: how far two ways to compute the same encoder agree, stage by stage.

use super::report::{align, plain_table};
use super::{Comparison, Outcome, TapComparison, dims};

/// The table of the first `rows` values in graph order.
pub fn stages(comparison: &Comparison, rows: usize) -> String {
    let mut table = plain_table(&["value", "kernel", "shape", "cosine", "max abs", "max ULP", "verdict"]);
    for tap in comparison.taps.iter().take(rows) {
        table.add_row(line(tap));
    }
    align(&mut table, 3..6);
    let mut text = format!("{}\n", table.trim_fmt());
    if let Some(rest) = comparison.taps.get(rows..).filter(|rest| !rest.is_empty()) {
        let equal = rest.iter().filter(|t| t.is_equal()).count();
        text += &format!("and {} more, {equal} of them equal\n", rest.len());
    }
    text
}

fn line(tap: &TapComparison) -> [String; 7] {
    let [cosine, abs, ulp, verdict] = match &tap.outcome {
        Outcome::Equal => ["1".to_string(), "0".to_string(), "0".to_string(), "equal".to_string()],
        Outcome::Different(d) => [
            d.cosine.map_or("-".to_string(), |c| format!("{c:.9}")),
            format!("{:.2e}", d.max_abs),
            d.max_ulp.to_string(),
            format!("{} of {} differ", d.differing, d.elements),
        ],
        Outcome::Incomparable(why) => ["-".to_string(), "-".to_string(), "-".to_string(), why.clone()],
    };
    [tap.label.clone(), tap.kernel.clone(), dims(&tap.shape), cosine, abs, ulp, verdict]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::difference;
    use crate::taps::DType;

    #[test]
    fn a_line_says_how_far_a_value_agrees() {
        let bytes = |v: [f32; 2]| v.map(f32::to_le_bytes).concat();
        let tap = |label: &str, left: [f32; 2]| TapComparison {
            label: label.to_string(),
            op: "add".to_string(),
            kernel: "add.f32.rn.wgsl".to_string(),
            other_kernel: String::new(),
            dtype: DType::F32,
            shape: vec![1, 2],
            other_shape: None,
            outcome: match difference(DType::F32, &[1, 2], &bytes(left), &bytes([3.0, 4.0])) {
                None => Outcome::Equal,
                Some(d) => Outcome::Different(Box::new(d)),
            },
        };
        let mut comparison = Comparison::new("a".to_string(), "b".to_string());
        comparison.taps = vec![tap("one", [3.0, 4.0]), tap("two", [3.0, 4.0f32.next_up()]), tap("three", [3.0, 4.0])];
        let text = stages(&comparison, 2);
        let lines: Vec<String> = text.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        for line in [
            "one add.f32.rn.wgsl [1, 2] 1 0 0 equal",
            "two add.f32.rn.wgsl [1, 2] 1.000000000 4.77e-7 1 1 of 2 differ",
            "and 1 more, 1 of them equal",
        ] {
            assert!(lines.iter().any(|l| l == line), "{text}");
        }
        assert!(!text.contains("three"), "{text}");
    }
}
