//! The program for devices that do not compute as kernels of bits take for granted: the same template under another profile.

use crate::diagnostic::{Diagnostic, Result};
use crate::maps::Profile;
use crate::pipeline::{Inputs, compile};
use crate::plan::Plan;

/// The profile that the target names for such devices, with the choices taken for the first one.
pub fn profile(i: &Inputs, name: &str) -> Result<Profile> {
    let mut profile = i.maps.profile_for(name, i.template)?;
    for option in i.template.options.keys() {
        if let Some(chosen) = i.profile.options.get(option) {
            profile.choose(option, &chosen.chosen)?;
        }
    }
    Ok(profile)
}

/// Its plan, over the same weights in the same order as `exact`.
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
