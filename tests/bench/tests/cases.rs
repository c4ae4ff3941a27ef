//! Cases files that read, and those that are refused.

use serde_json::{Value, json};

use crate::cases::*;

fn small() -> Value {
    json!({ "encoder": "e", "preset": "p", "cases": [{
        "name": "a", "weights": "f16", "pixels": "64x96", "attention": "flash", "threads": 2, "profiles": ["x"], "goals": { "faster": 1.5 },
    }] })
}

fn refused(change: impl FnOnce(&mut Value)) -> String {
    let mut v = small();
    change(&mut v);
    Cases::parse("f.json", &v.to_string()).unwrap_err()
}

#[test]
fn the_file_of_the_repository_reads() {
    let cases = Cases::parse("cases.json", include_str!("../cases.json")).unwrap();
    assert_eq!(cases.cases.iter().filter(|c| c.picture).count(), 1);
    assert!(cases.cases.iter().all(|c| !c.goals.is_empty()));
}

#[test]
fn what_is_left_out_is_as_usual() {
    let cases = Cases::parse("f.json", &small().to_string()).unwrap();
    let case = &cases.cases[0];
    assert_eq!((case.measure, case.against.as_str(), case.pixels, case.picture), (Measure::Encode, "f16", (64, 96), false));
    assert_eq!(case.goals, [Goal { kind: Kind::Faster, bound: 1.5 }]);
}

#[test]
fn errors_name_file_case_and_key() {
    assert_eq!(refused(|v| v["cases"][0]["treads"] = json!(2)).split(';').next(), Some("f.json: case \"a\": key \"treads\" is not known"));
    assert_eq!(refused(|v| v["cases"][0]["threads"] = json!(0)), "f.json: case \"a\": \"threads\" is no number from 1 to 512");
    assert_eq!(refused(|v| v["cases"][0]["pixels"] = json!("64")), "f.json: case \"a\": \"pixels\" is \"64\", no size like 768x768");
    assert_eq!(refused(|v| v["cases"][0]["goals"]["faster"] = json!(-1)), "f.json: case \"a\": goal \"faster\" is no positive number");
    assert!(refused(|v| v["cases"][0]["goals"]["scaling"] = json!(2)).ends_with("need each other"));
    assert!(refused(|v| v["cases"][0]["scaling_of"] = json!("b")).ends_with("need each other"));
    assert!(refused(|v| v["cases"] = json!([v["cases"][0], v["cases"][0]])).ends_with("is there twice"));
    assert!(Cases::parse("f.json", "{").unwrap_err().starts_with("f.json: EOF"));
}

#[test]
fn names_choose_cases() {
    let cases = Cases::parse("f.json", &small().to_string()).unwrap();
    assert_eq!(cases.only(&[]).unwrap().len(), 1);
    assert_eq!(cases.only(&["b".to_string()]).unwrap_err(), "there is no case \"b\"; there are a");
}
