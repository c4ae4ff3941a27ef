//! Every value of a comparison in one line, equal or not: how far two ways to compute the same encoder agree, stage by stage.

use super::report::{align, plain_table, scientific};
use super::{Comparison, Outcome, TapComparison, dims, is_within};

/// The table of the first `rows` values in graph order; with a bound (squared error over the reference's squares) it is what decides.
pub fn stages(comparison: &Comparison, rows: usize, nmse: Option<f64>) -> String {
    let mut table = plain_table(&["value", "kernel", "shape", "cosine", "max abs", "max ULP", "verdict"]);
    for tap in comparison.taps.iter().take(rows) {
        table.add_row(line(tap, nmse));
    }
    align(&mut table, 3..6);
    let mut text = format!("{}\n", table.trim_fmt());
    if let Some(rest) = comparison.taps.get(rows..).filter(|rest| !rest.is_empty()) {
        let (good, word) = match nmse {
            None => (rest.iter().filter(|t| t.is_equal()).count(), "equal"),
            Some(nmse) => (rest.iter().filter(|t| is_within(t, nmse)).count(), "within the bound"),
        };
        text += &format!("and {} more, {good} of them {word}\n", rest.len());
    }
    text
}

fn line(tap: &TapComparison, nmse: Option<f64>) -> [String; 7] {
    let [cosine, abs, ulp, verdict] = match &tap.outcome {
        Outcome::Equal => ["1".to_string(), "0".to_string(), "0".to_string(), "equal".to_string()],
        Outcome::Different(d) => [
            d.cosine.map_or("-".to_string(), |c| format!("{c:.9}")),
            format!("{:.2e}", d.max_abs),
            d.max_ulp.to_string(),
            match nmse {
                None => format!("{} of {} differ", d.differing, d.elements),
                Some(bound) => format!("nmse {}, {}", scientific(d.nmse), if is_within(tap, bound) { "within" } else { "BEYOND" }),
            },
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
        let text = stages(&comparison, 2, None);
        let lines: Vec<String> = text.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        for line in [
            "one add.f32.rn.wgsl [1, 2] 1 0 0 equal",
            "two add.f32.rn.wgsl [1, 2] 1.000000000 4.77e-7 1 1 of 2 differ",
            "and 1 more, 1 of them equal",
        ] {
            assert!(lines.iter().any(|l| l == line), "{text}");
        }
        assert!(!text.contains("three"), "{text}");
        // 2^-42 over 3^2 + 4^2
        for (bound, verdict) in [(1e-14, "within"), (1e-15, "BEYOND")] {
            let text = stages(&comparison, 3, Some(bound));
            assert!(
                text.lines().any(|l| l.trim().starts_with("two") && l.trim().ends_with(&format!("nmse 9.09e-15, {verdict}"))),
                "{text}"
            );
        }
    }
}
