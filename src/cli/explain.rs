//! `ir-build explain TEMPLATE VALUE`: the class and kernels of a value, every candidate and why it was or was not taken.

use std::process::ExitCode;

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use serde_json::json;

use super::USAGE;
use super::args::ExplainArgs;
use super::build::Loaded;
use super::output::Output;
use crate::diagnostic::{Diagnostic, Result};
use crate::maps::Variant;
use crate::pipeline;
use crate::select::{Candidate, How};
use crate::signature::show;

pub fn explain(args: &ExplainArgs, out: &Output) -> Result<ExitCode> {
    if args.source.template.is_some() {
        return Err(Diagnostic::new(USAGE, "explain takes the template as its first argument, not as --template"));
    }
    let loaded = Loaded::named(&args.name, &args.source)?;
    let plan = pipeline::compile(&loaded.inputs(args.taps.into()))?;
    let g = &plan.graph;
    let id = g.ids().find(|id| g.node(*id).name == args.value || g.node(*id).tap.as_deref() == Some(&args.value)).ok_or_else(|| {
        let stem = args.value.split('-').next().unwrap_or_default();
        let known: Vec<String> = g.ids().flat_map(|id| [Some(g.node(id).name.clone()), g.node(id).tap.clone()]).flatten().collect();
        let alike: Vec<_> = known.iter().filter(|n| n.contains(stem)).take(12).cloned().collect();
        let e = Diagnostic::new("explain-value", format!("no value or tap \"{}\" after fusion", args.value))
            .help("`ir-build --template … --stop kernels` prints all values; --taps all keeps those that fusion removes");
        if alike.is_empty() { e } else { e.fact(format!("alike: {}", alike.join(", "))) }.near(&args.value, &known)
    })?;
    let node = g.node(id);
    let mut text = format!("{} : {} {}\n", node.name, node.facts.dtype, show(&node.facts.shape));
    let mut json = json!({ "reason": "explain", "value": node.name, "dtype": node.facts.dtype.name(), "shape": show(&node.facts.shape) });
    match &node.facts.how {
        How::Given => text += "given: an input or a weight\n",
        How::View => {
            text += &format!("a view: offset {} elements, strides {:?}, no kernel\n", node.facts.layout.offset, node.facts.layout.strides);
        }
        How::Kernels(s) => {
            let op = node.op().unwrap_or_default();
            text += &format!("op {op}, profile {}, target {}\n", loaded.profile.label(), loaded.target.name);
            let map = loaded.maps.op(op);
            let mut rows = Vec::new();
            for c in &s.choices {
                let guard = c.guard_text.clone().unwrap_or_else(|| "otherwise".to_string());
                let promise = map.map_or(String::new(), |m| m.classes[&c.class].promise.to_string());
                text += &format!("\nclass {} ({guard}), promises {promise}:\n", c.class);
                for step in map.iter().flat_map(|m| &m.classes[&c.class].steps) {
                    text += &format!("  {step}\n");
                }
                let mut table = Table::new();
                table.load_style(UTF8_FULL_CONDENSED).set_header(["kernel", "verdict"]);
                for k in &c.candidates {
                    let needs = verdict(&loaded.target.variants[k.variant], k);
                    table.add_row([k.kernel.clone(), needs.clone()]);
                    rows.push(json!({ "class": c.class, "guard": c.guard_text, "kernel": k.kernel, "verdict": needs }));
                }
                let foreign = |k: &String| map.and_then(|m| m.kernels.get(k)).is_some_and(|k| k.lang != loaded.target.lang);
                for (k, why) in &c.refused {
                    if !foreign(k) {
                        table.add_row([k.clone(), format!("no: {why}")]);
                    }
                    rows.push(json!({ "class": c.class, "guard": c.guard_text, "kernel": k, "refused": why }));
                }
                let others = c.refused.iter().filter(|(k, _)| foreign(k)).count();
                text += &format!("{table}\n");
                if others > 0 {
                    text += &format!("{others} kernels of other languages than {} are not listed\n", loaded.target.lang);
                }
            }
            json["op"] = json!(op);
            json["kernels"] = json!(rows);
        }
    }
    out.result(&text, &json);
    Ok(ExitCode::SUCCESS)
}

/// When a kernel that fits is taken.
fn verdict(variant: &Variant, candidate: &Candidate) -> String {
    let has = (!variant.features.is_empty()).then(|| format!("if there is {}", variant.features.join(" ")));
    let size = candidate.guard.as_ref().map(|g| format!("where {g}"));
    match (has, size) {
        (None, None) => "runs everywhere".to_string(),
        (has, size) => format!("taken {}", has.into_iter().chain(size).collect::<Vec<_>>().join(", ")),
    }
}
