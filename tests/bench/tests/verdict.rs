//! The fastest build, ratios and goals.

use serde_json::{Value, json};

use crate::cases::{Case, Cases, Kind};
use crate::record::Record;
use crate::verdict::*;

fn run(case: &str, profile: &str, threads: u32, ours: f64, theirs: f64) -> Value {
    json!({
        "case": case, "profile": profile, "build": profile, "measure": "encode", "against": "f16", "pixels": "768x768",
        "attention": "flash", "threads": threads, "ours": { "median": ours }, "llama_cpp": { "median": theirs }, "flops": 8e9,
        "ours_rss_bytes": 130, "ours_file_bytes": 100, "llama_cpp_rss_bytes": 180, "llama_cpp_file_bytes": 100,
    })
}

fn record(runs: Vec<Value>) -> Record {
    let mut record = Record::new(json!({}), None);
    record.peaks = vec![json!({ "gflops_1": 4.0, "gflops": 8.0 }), json!({ "gflops_1": 5.0, "gflops": 10.0 })];
    record.runs = runs;
    record
}

fn case(name: &str) -> Case {
    Cases::parse("cases.json", include_str!("../cases.json")).unwrap().only(&[name.to_string()]).unwrap().remove(0)
}

fn value(judged: &[Judged], kind: Kind) -> (f64, Option<bool>) {
    let one = judged.iter().find(|j| j.goal.kind == kind).unwrap();
    (one.value, one.met())
}

#[test]
fn the_fastest_build_counts_and_only_that_of_the_same_input() {
    let mut full = run("x", "d", 2, 1.0, 0.1);
    full["attention"] = json!("full");
    let runs = [run("f16", "a", 2, 1.0, 3.0), run("f16", "b", 2, 1.0, 2.0), run("f16-1", "c", 1, 1.0, 0.5), full];
    assert_eq!(fastest(&runs, &runs[0]), (2.0, "b"));
    assert_eq!(times_faster(&runs, &runs[0]), 2.0);
    assert_eq!(fastest(&runs, &runs[2]), (0.5, "c"));
    assert!(fastest(&[], &runs[0]).0.is_nan());
}

#[test]
fn goals_are_bounds_from_the_right_side() {
    let record = record(vec![run("f16", "a", 2, 1.0, 1.2), run("f16-1", "a", 1, 1.96, 9.0)]);
    let judged = judge(&record, &case("f16"), &record.runs[0]);
    assert_eq!(value(&judged, Kind::Faster), (1.2, Some(false)));
    assert_eq!(value(&judged, Kind::OfPeak), (0.8, Some(false)));
    assert_eq!(value(&judged, Kind::Memory), (30.0 / 80.0, Some(true)));
    let judged = judge(&record, &case("f16-1"), &record.runs[1]);
    assert_eq!(value(&judged, Kind::Scaling), (1.96, Some(true)));
    assert!((value(&judged, Kind::OfPeak).0 - 8.0 / 1.96 / 5.0).abs() < 1e-12);
}

#[test]
fn what_was_not_measured_is_neither_met_nor_missed() {
    let record = record(vec![run("f16-1", "a", 1, 1.96, 9.0)]);
    let judged = judge(&record, &case("f16-1"), &record.runs[0]);
    assert_eq!(value(&judged, Kind::Scaling).1, None);
    assert_eq!(judged[0].measured(), "not measured");
}
