//! `ir-build compare`: the first value, in graph order, whose bits differ from a reference, and the op that is at fault.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::process::ExitCode;

use super::args::CompareArgs;
use super::output::Output;
use super::sides::Sides;
use crate::atomic::write_atomic;
use crate::compare::{Knowledge, Nearness, Paint, Report, stages};
use crate::diagnostic::{Diagnostic, Result};
use crate::report;

/// Exit code 0 if every value is equal, or within the bound of a build that promises one; 1 if not.
pub fn compare(args: &CompareArgs, out: &Output) -> Result<ExitCode> {
    let mut sides = Sides::open(&args.sides, out)?;
    let compared = sides.compare(&BTreeSet::new(), out)?;
    let causes = sides.causes()?;
    let segments = sides.subject.as_ref().map(|s| compared.segments(s));
    let knowledge = Knowledge { maps: sides.maps()?, causes: &causes, cells: &compared.cells, segments: segments.as_ref() };
    let forced = compared.forced.as_ref().map(|p| p.comparison.clone());
    let report = Report::new(compared.free.clone(), forced, &knowledge);
    if let Some(file) = &args.html {
        let build = match &sides.subject {
            Some(s) => {
                let place = s.compiled.plan.place(&s.compiled.dims(&s.loaded.sizes, &s.info)?);
                let place = place.ok_or_else(|| Diagnostic::new("plan-size", "the memory of this input does not fit 64-bit numbers"))?;
                Some(report::Build { label: s.label(), plan: &s.compiled.plan, place, segments: segments.as_ref() })
            }
            None => None,
        };
        let page = report::page(&report, build.as_ref())?;
        write_atomic(file, |f| f.write_all(page.as_bytes()))?;
    }
    let near = sides.subject.as_ref().and_then(|s| s.compiled.near.as_ref());
    if let Some(near) = near {
        let forced = compared.forced.as_ref().map(|p| &p.comparison);
        let nearness = Nearness { comparison: &compared.free, forced, nmse: near.nmse };
        out.result(&nearness.text(args.rows), &nearness.json());
        return Ok(if nearness.holds() { ExitCode::SUCCESS } else { ExitCode::from(1) });
    }
    let colours = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let mut text = report.text(args.rows, Paint(colours));
    if sides.subject.as_ref().is_some_and(|s| s.runner.is_some()) {
        text += &format!("\n{}", stages(&compared.free, args.rows, None));
    }
    if let Some(file) = &args.html {
        text += &format!("\npage: {}\n", file.display());
    }
    out.result(&text, &report.json());
    Ok(if report.is_equal() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
