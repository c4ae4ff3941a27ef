//! What the frame of a target is rendered with: tables of values, weights, kernels, steps and taps.

use indexmap::IndexSet;
use serde_json::{Value, json};

use super::facts::{self, build_info, check_sizes, input_facts, output, pointer, stamp};
use super::kernel::Instances;
use super::preprocess;
use crate::diagnostic::{Diagnostic, Result};
use crate::expr::Bound;
use crate::input::Input;
use crate::ir::hex_float;
use crate::maps::Promise;
use crate::near::near;
use crate::pipeline::Inputs;
use crate::plan::Plan;
use crate::select::How;

/// Largest table of the emitted code: its indices have 16 bits and one value of them means none.
const MOST_ENTRIES: usize = 0xfffe;

pub fn build(i: &Inputs, plan: &Plan) -> Result<Value> {
    let mut exprs = IndexSet::new();
    let mut instances = Instances::default();
    let mut choices: IndexSet<String> = IndexSet::new();
    let mut steps = Vec::new();
    for step in &plan.steps {
        let node = plan.graph.node(step.node);
        let How::Kernels(selected) = &node.facts.how else { continue };
        let Some(map) = i.maps.op(node.op().unwrap_or_default()) else { continue };
        let mut indices = Vec::new();
        let mut args: Option<Vec<usize>> = None;
        let mut tables: Vec<String> = Vec::new();
        for choice in &selected.choices {
            let mut candidates = Vec::new();
            for c in &choice.candidates {
                let kernel = &map.kernels[&c.kernel];
                let index = instances.get(i, map, kernel, c.variant, node, selected)?;
                candidates.push(json!({ "kernel": index, "tasks": add(&mut exprs, c.launch[0].to_c()) }));
                let these: Vec<usize> = kernel.args.iter().map(|a| add(&mut exprs, selected.bound[a].to_c())).collect();
                same(&mut args, these, &kernel.at)?;
                if tables.is_empty() {
                    tables.clone_from(&kernel.tables);
                } else if tables != kernel.tables {
                    return Err(kernel.at.error("map-tables", "kernels of one op must read the same tables", "this kernel"));
                }
            }
            let guard = choice.guard.as_ref().map(|g| add(&mut exprs, format!("({}) ? 1 : 0", g.to_c())));
            indices.push(choices.insert_full(json!({ "guard": guard, "candidates": candidates }).to_string()).0);
        }
        let mut refs: Vec<Value> = step.pointers.iter().map(pointer).collect();
        refs.extend(tables.iter().map(|t| json!({ "kind": "table", "index": instances.tables.get_index_of(t), "offset": 0 })));
        steps.push(json!({ "name": node.name, "op": map.op, "choices": indices, "refs": refs, "args": args.unwrap_or_default() }));
    }
    let preprocess = preprocess::build(i, &mut instances)?;
    let values: Vec<Value> = plan
        .values
        .iter()
        .map(|v| json!({ "name": v.name, "bytes": add(&mut exprs, v.bytes.to_c()), "first": v.first, "last": v.last }))
        .collect();
    let worker_scratch: Vec<usize> = plan.worker_scratch.iter().map(|s| add(&mut exprs, s.to_c())).collect();
    let taps = taps(plan, &mut exprs)?;
    let (tokens, embedding) = output(i, plan)?;
    let flops = facts::flops(plan).iter().map(Bound::to_c).collect::<Vec<_>>().join(" + ");
    let choices: Vec<Value> = choices.iter().map(|c| serde_json::from_str(c)).collect::<Result<_, _>>().map_err(json_error)?;
    let input = Input::of_graph(i.template, i.sizes, &plan.graph, |f| f.shape.clone())?;
    check_sizes(i, plan, &input)?;
    let grid = if i.template.is_audio() { Value::Null } else { grid(i, &mut exprs)? };
    if exprs.len().max(plan.values.len()).max(plan.steps.len()) > MOST_ENTRIES {
        let facts = format!("{} steps, {} values, {} expressions", plan.steps.len(), plan.values.len(), exprs.len());
        return Err(i
            .template
            .at
            .error("emit-limit", format!("target c has tables of at most {MOST_ENTRIES} entries"), "this template")
            .fact(facts));
    }
    let (tokens, flops) = (add(&mut exprs, tokens.to_c()), add(&mut exprs, flops));
    // ways of running that no kernel of this encoder knows are left out
    let used = |n: usize, suffix: &str| {
        let snippet = |name: &String| name.split_once('.').is_some_and(|(_, s)| s == suffix);
        suffix.is_empty() || instances.list.values().any(|k| k.variant == n) || instances.snippets.keys().any(snippet)
    };
    let variants = i.target.variants.iter().enumerate().filter(|(n, v)| used(*n, &v.suffix)).map(|(_, v)| v);
    let guard_of = |suffix: &str| i.target.variants.iter().find(|v| v.suffix == suffix).and_then(|v| v.guard.clone());
    let near = near(i, plan);
    let promise = near.as_ref().map_or(Promise::Bits, |n| Promise::Nmse(n.nmse));
    let mut info = build_info(i);
    info["promise"] = json!(promise.to_string());
    Ok(json!({
        "encoder": i.template.encoder,
        "ENCODER": i.template.encoder.to_uppercase(),
        "stamp": stamp(i),
        "build_info": info.to_string(),
        "near": near.map(|n| json!({ "nmse": format!("{:e}", n.nmse), "profile": n.profile })),
        "rt": i.sizes.runtime.keys().chain(i.sizes.runtime_derived.keys()).collect::<Vec<_>>(),
        "derived": i.sizes.runtime_derived.iter().map(|(name, b)| json!({ "name": name, "text": b.to_c() })).collect::<Vec<_>>(),
        "input": input_facts(&input),
        "grid": grid,
        "checks": i.sizes.checks.iter().map(|c| facts::check(c, hex_float)).collect::<Result<Vec<_>>>()?,
        "weights": plan.weights.iter().filter_map(|id| {
            let s = plan.graph.node(*id).facts.stored.as_ref()?;
            Some(json!({ "name": s.tensor, "type_id": s.dtype.id(), "type": s.dtype.to_string(), "ne": s.ne, "bytes": s.bytes }))
        }).collect::<Vec<_>>(),
        "known_tensors": i.template.tensors.known,
        "unused_tensors": i.template.tensors.unused,
        "exprs": exprs.iter().collect::<Vec<_>>(),
        "values": values,
        "worker_scratch": worker_scratch,
        "snippets": instances.snippets.iter().map(|(name, text)| {
            json!({ "name": name, "text": text, "guard": name.split_once('.').and_then(|(_, suffix)| guard_of(suffix)) })
        }).collect::<Vec<_>>(),
        "tables": instances.tables.iter().map(|(name, text)| json!({ "name": name, "text": text })).collect::<Vec<_>>(),
        "kernels": instances.list.values().map(|k| {
            let v = &i.target.variants[k.variant];
            json!({ "symbol": k.symbol, "id": k.id, "variant": v.name, "guard": v.guard, "text": k.text, "params": k.params, "args": k.args })
        }).collect::<Vec<_>>(),
        "variants": variants.map(|v| json!({
            "name": v.name, "macro": v.macro_name, "attribute": v.attribute, "features": v.features, "guard": v.guard,
        })).collect::<Vec<_>>(),
        "choices": choices,
        "steps": steps,
        "taps": taps,
        "tokens": tokens,
        "embedding": embedding,
        "flops": flops,
        "preprocess": preprocess,
    }))
}

fn add(exprs: &mut IndexSet<String>, text: String) -> usize {
    exprs.insert_full(text).0
}

fn same(args: &mut Option<Vec<usize>>, these: Vec<usize>, at: &crate::json::At) -> Result<()> {
    match args {
        None => *args = Some(these),
        Some(before) if *before == these => {}
        Some(_) => return Err(at.error("map-args", "kernels of one op must take the same args", "this kernel")),
    }
    Ok(())
}

/// Rows and columns of the output's tokens as expressions.
fn grid(i: &Inputs, exprs: &mut IndexSet<String>) -> Result<Value> {
    let [rows, cols] = facts::grid(i)?;
    Ok(json!({ "rows": add(exprs, rows.to_c()), "cols": add(exprs, cols.to_c()) }))
}

fn taps(plan: &Plan, exprs: &mut IndexSet<String>) -> Result<Vec<Value>> {
    plan.taps
        .iter()
        .map(|t| {
            let facts = facts::tap(plan, t)?;
            Ok(json!({
                "step": t.step,
                "name": plan.graph.node(t.node).tap,
                "ref": pointer(&t.pointer),
                "dtype": facts.dtype,
                "shape": facts.shape.iter().map(|d| add(exprs, d.to_c())).collect::<Vec<_>>(),
                "stride": facts.strides,
            }))
        })
        .collect()
}

fn json_error(e: serde_json::Error) -> Diagnostic {
    Diagnostic::new("internal-emit", format!("a table does not read back: {e}"))
}
