//! Checks a template that was read as a whole: what one part of it names, another declares.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::{Condition, DimDef, Stmt, Template, list, tensor_key};
use crate::diagnostic::Result;
use crate::json::{At, Node};

impl Template {
    /// Checks names across the template; `top` gives the places of its keys.
    pub(super) fn cross_check(&self, top: &IndexMap<String, Node>) -> Result<()> {
        let at = |key: &str| top.get(key).map_or(&self.at, |n| &n.at);
        if !self.presets.contains_key(&self.default_preset) {
            return Err(at("default_preset")
                .error("template-preset", format!("default preset \"{}\" does not exist", self.default_preset), "named here")
                .fact(format!("presets: {}", list(self.presets.keys())))
                .near(&self.default_preset, self.presets.keys()));
        }
        let keys: Vec<String> = self
            .dims
            .values()
            .filter_map(|d| match d {
                DimDef::Key { key, .. } => Some(key.clone()),
                DimDef::Tensor { tensor, axis, .. } => Some(tensor_key(tensor, *axis)),
                _ => None,
            })
            .collect();
        for p in self.presets.values() {
            if let Some((key, node)) = p.values.iter().find(|(k, _)| !keys.contains(*k)) {
                let e = node.at.error("template-preset", format!("no dimension reads the key \"{key}\""), "its value");
                return Err(e.near(key, &keys));
            }
            if let Some((weight, node)) = p.present.iter().find(|(w, _)| !self.weights.contains_key(*w)) {
                return Err(node
                    .at
                    .error("template-preset", format!("weight \"{weight}\" is not declared"), "said to exist here")
                    .near(weight, self.weights.keys()));
            }
        }
        if self.outputs.is_empty() {
            return Err(at("outputs").error("template-output", "an encoder has an output", "none is here"));
        }
        self.check_mentions()?;
        for def in self.weights.values() {
            if !self.synth.kinds.contains_key(&def.synth) {
                return Err(def
                    .at
                    .error("template-synth", format!("no synth kind \"{}\"", def.synth), "used here")
                    .fact(format!("kinds: {}", list(self.synth.kinds.keys())))
                    .near(&def.synth, self.synth.kinds.keys()));
            }
        }
        for name in self.runtime.keys() {
            if self.dims.contains_key(name) {
                return Err(at("runtime").error(
                    "template-dim",
                    format!("\"{name}\" is both a static and a run-time dimension"),
                    "one of these",
                ));
            }
        }
        Ok(())
    }

    /// Weights and lists by name: what the graph mentions exists, what is declared is mentioned.
    fn check_mentions(&self) -> Result<()> {
        let (mut weights, mut read, mut collected) = (Vec::new(), Vec::new(), BTreeSet::new());
        mentions(&self.graph, &mut weights, &mut read, &mut collected);
        for (name, at) in &weights {
            if !self.weights.contains_key(*name) {
                return Err(at
                    .error("template-missing-weight", format!("weight \"{name}\" is not declared under \"weights\""), "used here")
                    .fact(format!("declared: {}", list(self.weights.keys())))
                    .near(name, self.weights.keys()));
            }
        }
        for (name, at) in read {
            if !collected.contains(name) {
                let known: Vec<String> = collected.iter().map(ToString::to_string).collect();
                return Err(at
                    .error("template-list", format!("nothing is collected in a list \"{name}\""), "read here")
                    .fact(format!("lists: {}", known.join(", ")))
                    .near(name, &known));
            }
        }
        match self.weights.iter().find(|(name, _)| !weights.iter().any(|(n, _)| n == name)) {
            Some((name, def)) => Err(def
                .at
                .error("template-unused", format!("weight \"{name}\" is never used"), "declared here")
                .help("remove it, or read it as \"@…\"")),
            None => Ok(()),
        }
    }
}

/// Weight patterns and lists that statements name.
fn mentions<'a>(
    body: &'a [Stmt],
    weights: &mut Vec<(&'a str, &'a At)>,
    read: &mut Vec<(&'a str, &'a At)>,
    collected: &mut BTreeSet<&'a str>,
) {
    for stmt in body {
        match stmt {
            Stmt::Op(op) => {
                for (name, at) in &op.inputs {
                    match (name.strip_prefix('@'), name.strip_prefix('*')) {
                        (Some(weight), _) => weights.push((weight, at)),
                        (_, Some(list)) => read.push((list, at)),
                        _ => {}
                    }
                }
            }
            Stmt::For { body, .. } => mentions(body, weights, read, collected),
            Stmt::When { condition, body, otherwise } => {
                if let Condition::Weight(weight, at) = condition {
                    weights.push((weight, at));
                }
                mentions(body, weights, read, collected);
                mentions(otherwise, weights, read, collected);
            }
            Stmt::Collect { list, .. } => {
                collected.insert(list);
            }
        }
    }
}
