//! The program for devices that do not compute as kernels of bits take for granted: the same template under another profile.

use crate::diagnostic::{Diagnostic, Result};
use crate::pipeline::{Inputs, compile};
use crate::plan::Plan;

/// The plan under the other profile, over the same weights in the same order as `exact`.
pub fn plan(i: &Inputs, exact: &Plan) -> Result<Plan> {
    let plan = compile(i)?;
    let names = |plan: &Plan| plan.weights.iter().map(|w| plan.graph.node(*w).name.clone()).collect::<Vec<_>>();
    match names(&plan) == names(exact) {
        true => Ok(plan),
        false => {
            Err(Diagnostic::new("internal-emit", format!("profile {} reads other weights", i.profile.name)).help("this is a bug in isobit"))
        }
    }
}
