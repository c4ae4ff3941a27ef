//! Gives every kernel's result a tap, so that a replay sees each op alone.

use std::collections::BTreeSet;

use crate::fuse::Taps;
use crate::select::{How, KernelGraph};

/// Most dimensions of a tap.
const MOST_DIMENSIONS: usize = 4;

/// Names the results that the template gives no tap after their values; only if every one is asked for.
pub fn watch(mut graph: KernelGraph, taps: Taps) -> KernelGraph {
    if taps != Taps::Every {
        return graph;
    }
    let mut used: BTreeSet<String> = graph.ids().filter_map(|id| graph.node(id).tap.clone()).collect();
    for id in graph.ids() {
        let node = graph.node_mut(id);
        if node.tap.is_none() && matches!(node.facts.how, How::Kernels(_)) && node.facts.shape.len() <= MOST_DIMENSIONS {
            let mut name = node.name.clone();
            while !used.insert(name.clone()) {
                name.push_str(".value");
            }
            node.tap = Some(name);
        }
    }
    graph
}
