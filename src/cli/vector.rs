//! `ir-build vector`: cuts an op's operands and the reference's result out as a test vector for its kernels.

use std::collections::BTreeSet;
use std::process::ExitCode;

use serde_json::json;

use super::USAGE;
use super::args::VectorArgs;
use super::output::{Output, bytes};
use super::sides::Sides;
use crate::compare::vector::{Cut, Target, needs};
use crate::compare::{Outcome, dims};
use crate::diagnostic::{Diagnostic, Result};

pub fn vector(args: &VectorArgs, out: &Output) -> Result<ExitCode> {
    let mut sides = Sides::open(&args.sides, out)?;
    if sides.subject.is_none() {
        return Err(Diagnostic::new(USAGE, "a vector needs a build to cut it from: --template, --model and --image, or --against"));
    }
    let all = BTreeSet::from([String::new()]); // no value has this name: a replay is made in any case
    let compared = sides.compare(&all, out)?;
    let forced = compared.forced.as_ref().map(|p| p.comparison.clone());
    let forced = forced.ok_or_else(|| Diagnostic::new("internal-compare", "there was no replay"))?;
    let found = match &args.tap {
        Some(name) => forced.find(name).ok_or_else(|| {
            let known: Vec<String> = forced.taps.iter().map(|t| t.label.clone()).collect();
            Diagnostic::new("vector-tap", format!("both sides have no value \"{name}\"")).near(name, &known)
        })?,
        None => forced.first_different().ok_or_else(|| {
            Diagnostic::new("vector-nothing", "no value differs on the reference's own operands")
                .help("--tap NAME cuts out one that is equal; kernels are then tested against the reference's bits")
        })?,
    };
    let label = found.label.clone();
    if let Outcome::Incomparable(why) = &found.outcome {
        return Err(Diagnostic::new("vector-tap", format!("the value {label} cannot be compared: {why}")));
    }
    let subject = sides.subject.as_ref().ok_or_else(|| Diagnostic::new("internal-compare", "there is no build"))?;
    let segments = compared.segments(subject);
    let end = segments.tap(&label).ok_or_else(|| Diagnostic::new("internal-compare", format!("no value is named {label}")))?;
    let segment = segments.of(end);
    let mut capture = needs(&subject.compiled.plan, &segments, &segment);
    // the output is a value of the graph under its own name
    let own = subject.compiled.plan.graph.node(end).tap.clone().unwrap_or_else(|| label.clone());
    capture.insert(own.clone());
    drop(segments);
    let again = sides.compare(&capture, out)?;
    let pass = again.forced.as_ref().ok_or_else(|| Diagnostic::new("internal-compare", "there was no replay"))?;
    let subject = sides.subject.as_ref().ok_or_else(|| Diagnostic::new("internal-compare", "there is no build"))?;
    let segments = again.segments(subject);
    let runtime = subject.compiled.dims(&subject.loaded.sizes, &subject.info)?;
    let reference = sides.reference.find(&label).ok_or_else(|| Diagnostic::new("internal-compare", "the reference has lost a value"))?;
    let expected = sides.reference.read(reference)?;
    let model = args.sides.source.model.as_deref().unwrap_or(std::path::Path::new(""));
    let cut = Cut {
        plan: &subject.compiled.plan,
        maps: &subject.loaded.maps,
        segments: &segments,
        dims: &runtime,
        captured: &pass.captured,
        model,
        input: &pass.input,
        rows: args.rows.max(1),
    };
    let (tap, ours) = pass.before.get(&own).ok_or_else(|| {
        Diagnostic::new("vector-tap", format!("no op of the graph makes {label}"))
            .help("name a value that an op of the graph makes; `compare --rows 999` lists them")
    })?;
    let target = Target { label: &label, segment: &segment, shape: &tap.shape, dtype: tap.dtype, ours, expected: &expected };
    let doc = format!("{} of {label}, profile {}", segment.ops(), subject.loaded.profile.label());
    let vector = cut.cut(&target, &doc, &sides.reference.source)?;
    let size = vector.write(&args.output)?;
    let equal = *ours == expected;
    let what = if equal { "equal to the reference's result here" } else { "other bits than the reference's here" };
    let rows = vector.rows.map_or_else(|| "whole".to_string(), |n| format!("{n} rows"));
    let text = format!(
        "{label}: {} of {}, {rows}, {what}\n{}: {} files, {}",
        segment.ops(),
        dims(&tap.shape),
        args.output.display(),
        vector.files.len() + 1,
        bytes(size),
    );
    let json = json!({
        "reason": "vector", "tap": label, "ops": segment.steps.iter().map(|s| &s.op).collect::<Vec<_>>(), "rows": vector.rows,
        "equal": equal, "bytes": size, "directory": args.output.display().to_string(),
    });
    out.result(&text, &json);
    Ok(ExitCode::SUCCESS)
}
