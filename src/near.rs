//! Whether a build promises bits, or how near its values come.

use crate::maps::{Near, Promise};
use crate::pipeline::Inputs;
use crate::plan::Plan;
use crate::select::How;

/// The profile's bound if some step runs in a class that promises no bits: the largest of those that its classes have.
pub fn near(i: &Inputs, plan: &Plan) -> Option<Near> {
    let mut near = i.profile.near.clone()?;
    let (usual, mut bounded) = (near.nmse, false);
    for node in plan.steps.iter().map(|step| plan.graph.node(step.node)) {
        let (How::Kernels(selected), Some(map)) = (&node.facts.how, i.maps.op(node.op().unwrap_or_default())) else { continue };
        for choice in selected.choices.iter().filter(|c| map.classes[&c.class].promise != Promise::Bits) {
            bounded = true;
            near.nmse = near.nmse.max(near.coarser.get(&choice.class).copied().unwrap_or(usual));
        }
    }
    bounded.then_some(near)
}
