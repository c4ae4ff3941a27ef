//! Results that are taken up again, and those that must not be.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::cases::{Case, Cases};
use crate::record::*;

fn case() -> Case {
    Cases::parse("cases.json", include_str!("../cases.json")).unwrap().cases.remove(0)
}

fn record(file: &Path, pairs: u32) -> Record {
    Record::new(json!({ "machine": "m", "pairs": pairs }), Some(file.to_path_buf()))
}

#[test]
fn what_is_finished_is_found_again_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("results.json");
    let mut first = record(&file, 5);
    first.peaks.push(json!({ "gflops": 2.0, "gflops_1": 1.0 }));
    let mut run = identity(&case(), "p", "hash");
    run["ours"] = json!({ "median": 1.5 });
    first.add(run).unwrap();

    let mut second = record(&file, 5);
    second.resume(&file).unwrap();
    assert_eq!(second.finished(&case(), "p", "hash").unwrap()["ours"]["median"], 1.5);
    assert_eq!((second.peak(1), second.peak(2)), (1.0, 2.0));
    assert!(second.finished(&case(), "p", "other library").is_none());
    assert!(second.finished(&case(), "q", "hash").is_none());
    assert!(second.finished(&Case { threads: 7, ..case() }, "p", "hash").is_none());
    assert!(record(&file, 3).resume(&file).unwrap_err().ends_with("it has pairs 5, this run 3"));
}

#[test]
fn a_measurement_takes_the_place_of_its_older_self() {
    let dir = tempfile::tempdir().unwrap();
    let mut record = record(&dir.path().join("r.json"), 5);
    for library in ["a", "b"] {
        record.add(identity(&case(), "p", library)).unwrap();
    }
    assert_eq!(record.runs.len(), 1);
    assert!(record.finished(&case(), "p", "b").is_some());
}

#[test]
fn files_of_something_else_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("r.json");
    fs::write(&file, r#"{"machine":"m","pairs":5}"#).unwrap();
    assert!(record(&file, 5).resume(&file).unwrap_err().ends_with("it has no list \"peaks\""));
    assert!(record(&file, 5).resume(&dir.path().join("none")).is_err());
}
