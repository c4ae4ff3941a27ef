//! The graph as boxes in order, layer by layer: which kernel each op ran, and what became of its result.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Build;
use crate::compare::Report;
use crate::select::How;

pub fn graph(report: &Report, build: &Build) -> Value {
    let g = &build.plan.graph;
    let seeds: BTreeSet<&str> = report.seeds.iter().map(|f| f.label.as_str()).collect();
    let outcomes: BTreeMap<&str, bool> = report.comparison.taps.iter().map(|t| (t.label.as_str(), t.is_equal())).collect();
    // what a view of a result says counts for the result
    let mut states: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for id in g.ids() {
        if let Some(tap) = g.node(id).tap.as_deref() {
            let mut base = id;
            while matches!(g.node(base).facts.how, How::View) {
                base = g.operands(base)[0];
            }
            states.entry(base.index()).or_default().push(tap);
        }
    }
    let first = report.first.as_ref().map(|f| f.label.as_str());
    let mut groups: Vec<(String, Vec<Value>, bool)> = Vec::new();
    for step in &build.plan.steps {
        let node = g.node(step.node);
        let taps = states.get(&step.node.index()).cloned().unwrap_or_default();
        let differs = taps.iter().any(|t| outcomes.get(t) == Some(&false));
        let state = if taps.iter().any(|t| seeds.contains(t)) {
            "seed"
        } else if differs {
            "echo"
        } else if taps.iter().any(|t| outcomes.contains_key(t)) {
            "equal"
        } else {
            "unseen"
        };
        let kernel = match &node.facts.how {
            How::Kernels(s) => s.choices.iter().map(|c| c.class.as_str()).collect::<Vec<_>>().join(" or "),
            _ => String::new(),
        };
        let ran = taps.iter().find_map(|t| report.comparison.find(t)).map(|t| t.kernel.clone());
        let operands: Vec<&str> = g.operands(step.node).iter().map(|o| g.node(*o).name.as_str()).collect();
        let marked = first.is_some_and(|f| taps.contains(&f));
        let entry = json!({
            "value": node.name, "op": node.op(), "class": kernel, "kernel": ran, "operands": operands.join(", "), "state": state,
            "first": marked, "shape": format!("{} {}", node.facts.dtype, crate::signature::show(&node.facts.shape)),
        });
        let name = layer(&node.name);
        match groups.last_mut() {
            Some((last, list, any)) if *last == name => {
                list.push(entry);
                *any |= marked;
            }
            _ => groups.push((name, vec![entry], marked)),
        }
    }
    let few = groups.len() <= 8;
    groups
        .into_iter()
        .map(|(name, steps, open)| {
            let count = |state: &str| steps.iter().filter(|s| s["state"] == state).count();
            json!({ "name": name, "open": open || few, "seeds": count("seed"), "echoes": count("echo"), "steps": steps })
        })
        .collect()
}

/// The part of an unrolled loop that a value belongs to, by the number at the end of its name.
fn layer(name: &str) -> String {
    let stem = name.split('.').next().unwrap_or(name);
    match stem.rsplit_once('-') {
        Some((_, n)) if !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()) => format!("layer {n}"),
        _ => "outside of layers".to_string(),
    }
}
