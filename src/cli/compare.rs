//! `ir-build compare LEFT RIGHT`: the first tap, in graph order, whose bits differ.

use std::process::ExitCode;

use super::args::CompareArgs;
use super::output::Output;
use crate::compare;
use crate::diagnostic::Result;
use crate::taps::TapSet;

/// Exit code 0 if every tap is equal, 1 if not.
pub fn compare(args: &CompareArgs, out: &Output) -> Result<ExitCode> {
    let (left, right) = (TapSet::open(&args.left)?, TapSet::open(&args.right)?);
    let result = compare::compare(&left, &right)?;
    out.result(&result.table(args.rows), &result.json());
    Ok(if result.is_equal() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
