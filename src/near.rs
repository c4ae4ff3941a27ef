//! Whether a build promises bits, or how near its values come.

use crate::maps::{Near, Promise};
use crate::pipeline::Inputs;
use crate::plan::Plan;
use crate::select::How;

/// The profile's bound if some step runs in a class that promises no bits.
pub fn near<'a>(i: &Inputs<'a>, plan: &Plan) -> Option<&'a Near> {
    let bounded = plan.steps.iter().map(|step| plan.graph.node(step.node)).any(|node| {
        let (How::Kernels(selected), Some(map)) = (&node.facts.how, i.maps.op(node.op().unwrap_or_default())) else { return false };
        selected.choices.iter().any(|c| map.classes[&c.class].promise != Promise::Bits)
    });
    i.profile.near.as_ref().filter(|_| bounded)
}
