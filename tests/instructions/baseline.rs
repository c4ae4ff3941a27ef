//! Counts in git, by compiler and case, and what differs from them.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Map, Value, json};

use crate::callgrind::Counts;

/// A count may differ by this share: runs of one program are equal to the last instruction, but a patched compiler of the same version is
/// to pass.
pub const TOLERANCE: f64 = 0.001;

/// Functions with a smaller share of all instructions are part of the total only.
pub const SHARE: f64 = 0.001;

const CALLS_OUT: &str = "calls of libc and libm";
const TOTAL: &str = "total";

/// Something counted in one case that is not what was blessed.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    pub case: String,
    pub what: String,
    /// None: a function that was not there, or not worth keeping.
    pub blessed: Option<u64>,
    pub now: u64,
}

impl Difference {
    pub fn ratio(&self) -> f64 {
        self.blessed.map_or(f64::INFINITY, |blessed| self.now as f64 / blessed as f64)
    }

    /// How far from equal, up or down.
    fn distance(&self) -> f64 {
        let ratio = self.ratio();
        ratio.max(1.0 / ratio)
    }
}

/// What is kept of a run.
pub fn record(counts: &Counts) -> Value {
    let functions: Map<String, Value> = large(counts).map(|(name, n)| (name.to_string(), json!(n))).collect();
    json!({ "total": counts.total(), "calls_out": counts.calls_out, "functions": functions })
}

fn large(counts: &Counts) -> impl Iterator<Item = (&str, u64)> {
    let least = counts.total() as f64 * SHARE;
    counts.functions.iter().filter(move |(_, n)| **n as f64 >= least).map(|(name, n)| (name.as_str(), *n))
}

/// Everything in a case that is beyond the tolerance, the largest change first.
pub fn compare(case: &str, blessed: &Value, counts: &Counts) -> Result<Vec<Difference>, String> {
    let number = |value: &Value, what: &str| value.as_u64().ok_or_else(|| format!("the baseline of {case} has no number for {what}"));
    let functions = blessed["functions"].as_object().ok_or_else(|| format!("the baseline of {case} has no functions"))?;
    let mut all = vec![
        (TOTAL, Some(number(&blessed["total"], TOTAL)?), counts.total()),
        (CALLS_OUT, Some(number(&blessed["calls_out"], CALLS_OUT)?), counts.calls_out),
    ];
    for (name, value) in functions {
        all.push((name, Some(number(value, name)?), counts.functions.get(name).copied().unwrap_or(0)));
    }
    // of equal total, a function at the border of what is kept is no news
    let news = |n: u64| n as f64 >= counts.total() as f64 * SHARE * (1.0 + TOLERANCE);
    all.extend(large(counts).filter(|(name, n)| !functions.contains_key(*name) && news(*n)).map(|(name, n)| (name, None, n)));
    let beyond = |blessed: Option<u64>, now: u64| blessed.is_none_or(|b| now.abs_diff(b) as f64 > b as f64 * TOLERANCE);
    let mut found: Vec<Difference> = all
        .into_iter()
        .filter(|(_, blessed, now)| beyond(*blessed, *now))
        .map(|(what, blessed, now)| Difference { case: case.to_string(), what: what.to_string(), blessed, now })
        .collect();
    worst_first(&mut found);
    Ok(found)
}

pub fn worst_first(found: &mut [Difference]) {
    found.sort_by(|a, b| b.distance().partial_cmp(&a.distance()).unwrap_or(Ordering::Equal).then_with(|| b.now.cmp(&a.now)));
}

/// One line per difference.
pub fn table(found: &[Difference]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_header(["case", "function", "blessed", "now", "now / blessed"]);
    for d in found {
        let blessed = d.blessed.map_or("-".to_string(), |n| n.to_string());
        let ratio = if d.blessed.is_some() { format!("{:.4}", d.ratio()) } else { "new".to_string() };
        table.add_row([d.case.clone(), d.what.clone(), blessed, d.now.to_string(), ratio]);
    }
    right_aligned(&mut table, 2);
    table
}

/// Everything that is kept of a case, the most instructions first.
pub fn listing(cases: &BTreeMap<String, Counts>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_header(["case", "function", "instructions", "share"]);
    for (case, counts) in cases {
        let mut rows: Vec<(&str, u64)> = large(counts).collect();
        rows.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        for (name, n) in [(TOTAL, counts.total())].into_iter().chain(rows) {
            table.add_row([case, name, &n.to_string(), &format!("{:.1} %", 100.0 * n as f64 / counts.total() as f64)]);
        }
        table.add_row([case, CALLS_OUT, &counts.calls_out.to_string(), "-"]);
    }
    right_aligned(&mut table, 2);
    table
}

fn right_aligned(table: &mut Table, from: usize) {
    for index in from..table.column_count() {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

/// The file with the counts of this compiler in place of its old ones; other compilers keep theirs.
pub fn bless(file: &str, compiler: &str, cases: &BTreeMap<String, Counts>) -> Result<String, String> {
    let old: BTreeMap<String, Value> = serde_json::from_str(file).map_err(|e| format!("baseline.json: {e}"))?;
    let mut new = old;
    new.insert(compiler.to_string(), cases.iter().map(|(case, counts)| (case.clone(), record(counts))).collect());
    serde_json::to_string_pretty(&new).map(|text| text + "\n").map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(functions: &[(&str, u64)], calls_out: u64) -> Counts {
        Counts { functions: functions.iter().map(|(name, n)| (name.to_string(), *n)).collect(), calls_out }
    }

    fn found(before: &Counts, now: &Counts) -> Vec<(String, Option<u64>, u64)> {
        compare("c", &record(before), now).unwrap().into_iter().map(|d| (d.what, d.blessed, d.now)).collect()
    }

    const USUAL: [(&str, u64); 4] = [("gemm", 1_000_000), ("norm", 40_000), ("softmax", 20_000), ("tiny", 50)];

    #[test]
    fn a_slower_and_a_faster_function_are_found_worst_first() {
        let before = counts(&USUAL, 100);
        assert_eq!(found(&before, &before), []);
        let now = counts(&[("gemm", 1_000_900), ("norm", 80_000), ("softmax", 5_000), ("tiny", 50)], 100);
        let wanted = [("softmax", 20_000, 5_000), ("norm", 40_000, 80_000), ("total", 1_060_050, 1_085_950)];
        assert_eq!(found(&before, &now), wanted.map(|(what, blessed, now)| (what.to_string(), Some(blessed), now)));
    }

    #[test]
    fn small_changes_pass_up_to_the_tolerance_and_no_farther() {
        let before = counts(&USUAL, 100);
        let with = |norm: u64| counts(&[("gemm", 1_000_000), ("norm", norm), ("softmax", 20_000), ("tiny", 50)], 100);
        assert_eq!(found(&before, &with(40_040)), []);
        assert_eq!(found(&before, &with(39_960)), []);
        assert_eq!(found(&before, &with(40_041)), [("norm".to_string(), Some(40_000), 40_041)]);
        assert_eq!(found(&before, &with(39_959)), [("norm".to_string(), Some(40_000), 39_959)]);
    }

    #[test]
    fn functions_that_come_or_go_and_calls_of_libc_are_found() {
        let before = counts(&USUAL, 100);
        let now = counts(&[("gemm", 1_000_000), ("norm", 40_000), ("exp", 20_000), ("tiny", 60)], 101);
        let wanted = [("exp", None, 20_000), ("softmax", Some(20_000), 0), ("calls of libc and libm", Some(100), 101)];
        assert_eq!(found(&before, &now), wanted.map(|(what, blessed, now)| (what.to_string(), blessed, now)));
    }

    #[test]
    fn blessing_leaves_other_compilers_alone() {
        let case = |n| BTreeMap::from([("c".to_string(), counts(&[("gemm", n)], 3))]);
        let both = bless(&bless("{}", "gcc 2", &case(20)).unwrap(), "gcc 1", &case(10)).unwrap();
        let again: Value = serde_json::from_str(&bless(&both, "gcc 2", &case(21)).unwrap()).unwrap();
        assert_eq!(again["gcc 1"]["c"], json!({ "total": 10, "calls_out": 3, "functions": { "gemm": 10 } }));
        assert_eq!(again["gcc 2"]["c"]["functions"]["gemm"], 21);
        assert!(both.find("gcc 1") < both.find("gcc 2"), "sorted");
        assert!(bless("nothing", "gcc 1", &case(1)).is_err());
    }

    #[test]
    fn a_baseline_without_numbers_is_no_baseline() {
        let now = counts(&USUAL, 100);
        assert!(compare("c", &json!({}), &now).is_err());
        assert!(compare("c", &json!({ "total": 1, "calls_out": "x", "functions": {} }), &now).is_err());
    }
}
