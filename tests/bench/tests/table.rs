//! What the table and the lines below it say.

use serde_json::{Value, json};

use crate::cases::{Case, Cases};
use crate::record::{Record, identity};
use crate::table::*;

pub fn cases() -> Vec<Case> {
    Cases::parse("cases.json", include_str!("../cases.json")).unwrap().only(&["f32".to_string(), "fast-f16".to_string()]).unwrap()
}

fn run(case: &Case, profile: &str, ours: f64) -> Value {
    let mut run = identity(case, profile, "hash");
    (run["build"], run["flops"]) = (json!("some-build"), json!(4e9));
    (run["ours"], run["llama_cpp"]) = (json!({ "median": ours, "min": 0.9, "max": 1.25 }), json!({ "median": 2.0 }));
    (run["bits_promised"], run["equal"], run["nmse"]) = (json!(profile != "fast"), json!(profile != "fast"), json!(2.5e-5));
    run
}

pub fn record() -> Record {
    let mut record = Record::new(json!({}), None);
    record.peaks = vec![json!({ "gflops_1": 4.0, "gflops": 8.0, "threads": 2, "copy_gbytes": 10.0, "isa": "avx2" })];
    record.runs = vec![run(&cases()[0], "ggml-avx2", 1.0), run(&cases()[1], "fast", 1.0)];
    record
}

#[test]
fn rows_say_what_was_measured_and_whether_it_is_enough() {
    let text = table(&record(), &cases()).to_string();
    let row = |name: &str| text.lines().find(|l| l.contains(name)).unwrap().split('┆').map(str::trim).collect::<Vec<_>>().join(";");
    assert!(row("f32").contains("f32;ggml-avx2;2.000;some-build;1.000;0.900..1.250;2.00;1.40x faster;yes, 2.00x;4.0;50 %;-;- | -;-;equal"));
    assert!(row("fast-f16").contains("2.40x faster;NO, 2.00x") && row("fast-f16").contains("NMSE 2.5e-5"));
    let missed = missed(&record(), &cases());
    assert_eq!(missed, ["f32 ggml-avx512: goal 1.40x faster, not measured", "fast-f16 fast: goal 2.40x faster, 2.00x"]);
}

#[test]
fn only_promised_bits_can_differ() {
    let mut record = record();
    assert_eq!(differing(&record, &cases()), 0);
    record.runs[0]["equal"] = json!(false);
    assert_eq!(differing(&record, &cases()), 1);
}

#[test]
fn a_busy_machine_is_warned_of() {
    let mut record = record();
    assert!(!facts(&record, &cases(), 5).iter().any(|l| l.starts_with("WARNING")));
    record.runs[0]["others_percent"] = json!(30.0);
    assert!(facts(&record, &cases(), 5).iter().any(|l| l.contains("up to 30 %")));
}
