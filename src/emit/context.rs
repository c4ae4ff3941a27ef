//! What the frame of a target is rendered with: tables of values, weights, kernels, steps and taps.

use std::collections::BTreeMap;

use indexmap::IndexSet;
use serde_json::{Value, json};

use super::kernel::Instances;
use super::preprocess;
use crate::diagnostic::{Diagnostic, Result};
use crate::expr::{Bound, Dim, Expr};
use crate::files::hash;
use crate::fuse::Taps;
use crate::gguf::{MetaArray, MetaValue};
use crate::input::Input;
use crate::ir::hex_float;
use crate::json::At;
use crate::pipeline::Inputs;
use crate::plan::{Place, Plan, Pointer};
use crate::select::How;
use crate::signature::show;
use crate::sizes::Check;
use crate::view::Layout;

/// Largest table of the emitted code: its indices have 16 bits and one value of them means none.
const MOST_ENTRIES: usize = 0xfffe;

/// Largest width or height of a source image, in pixels.
const LARGEST_SIDE: u64 = 65535;

/// Most samples of a sound.
const MOST_SAMPLES: u64 = 1 << 36;

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
                candidates.push(json!({ "kernel": index, "tasks": add(&mut exprs, c.tasks.to_c()) }));
                let these: Vec<usize> = kernel.args.iter().map(|a| add(&mut exprs, selected.bound[a].to_c())).collect();
                same(&mut args, these, &kernel.at)?;
                if tables.is_empty() {
                    tables.clone_from(&kernel.tables);
                } else if tables != kernel.tables {
                    return Err(kernel.at.error("map-tables", "kernels of one op must read the same tables", "this kernel"));
                }
            }
            let guard = choice.guard.clone().map(|g| add(&mut exprs, format!("({g}) ? 1 : 0")));
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
    let flops = flops(plan);
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
    Ok(json!({
        "encoder": i.template.encoder,
        "ENCODER": i.template.encoder.to_uppercase(),
        "stamp": stamp(i),
        "build_info": build_info(i),
        "rt": i.sizes.runtime.keys().chain(i.sizes.runtime_derived.keys()).collect::<Vec<_>>(),
        "derived": i.sizes.runtime_derived.iter().map(|(name, b)| json!({ "name": name, "text": b.to_c() })).collect::<Vec<_>>(),
        "input": input_facts(&input),
        "grid": grid,
        "checks": i.sizes.checks.iter().map(check).collect::<Result<Vec<_>>>()?,
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

fn pointer(p: &Pointer) -> Value {
    let (kind, index) = match p.place {
        Place::Value(v) => ("value", v),
        Place::Weight(w) => ("weight", w),
        Place::Output(o) => ("output", o),
    };
    json!({ "kind": kind, "index": index, "offset": p.offset })
}

fn taps(plan: &Plan, exprs: &mut IndexSet<String>) -> Result<Vec<Value>> {
    plan.taps
        .iter()
        .map(|t| {
            let node = plan.graph.node(t.node);
            let facts = &node.facts;
            let refuse = || node.at.error("plan-tap", "this block format cannot be tapped", "this value");
            // blocks are shown as their bytes
            let (dtype, bytes, shape) = match (facts.dtype.element_bytes(), facts.shape.split_last()) {
                (Some(bytes), _) => (facts.dtype.name(), bytes, facts.shape.clone()),
                (None, Some((row, outer))) => {
                    let row = row.as_const().and_then(|n| facts.dtype.ggml().row_bytes(n)).ok_or_else(refuse)?;
                    ("u8".to_string(), 1, outer.iter().cloned().chain([Dim::constant(row)]).collect())
                }
                (None, None) => return Err(refuse()),
            };
            let strides = if bytes == 1 { Layout::contiguous(&shape).map_err(|_| refuse())?.strides } else { facts.layout.strides.clone() };
            // no gaps, and inner dimensions that depend on the image: the run time multiplies
            let strides = if strides.is_empty() { shape.iter().skip(1).map(|_| 0).chain([1]).collect() } else { strides };
            if node.facts.shape.len() > 4 {
                return Err(node.at.error("plan-tap", "a tap has at most four dimensions", "this value"));
            }
            Ok(json!({
                "step": t.step,
                "name": node.tap,
                "ref": pointer(&t.pointer),
                "dtype": dtype,
                "shape": shape.iter().map(|d| add(exprs, d.to_c())).collect::<Vec<_>>(),
                "stride": strides.iter().map(|s| s.saturating_mul(bytes)).collect::<Vec<_>>(),
            }))
        })
        .collect()
}

/// Tokens per image and floats per token of the one output.
fn output(i: &Inputs, plan: &Plan) -> Result<(Dim, u64)> {
    let last = i.template.outputs.values().last();
    let at = last.map_or(&i.template.at, |n| &n.at);
    let mut outputs = plan.graph.outputs.iter();
    let (Some((name, id)), None) = (outputs.next(), outputs.next()) else {
        return Err(at.error("template-output", "target c emits exactly one output", "one too many"));
    };
    let facts = &plan.graph.node(*id).facts;
    let batch = &plan.graph.node(input_node(plan)?).facts.shape[0];
    let fail = |why: &str| {
        at.error("template-output", format!("output \"{name}\": {why}"), "this value").fact(format!("it has shape {}", show(&facts.shape)))
    };
    let [rows, width] = facts.shape.as_slice() else { return Err(fail("must be [rows, features]")) };
    let tokens = rows.div(batch).ok_or_else(|| fail("rows are not a multiple of the batch"))?;
    Ok((tokens, width.as_const().ok_or_else(|| fail("features must be static"))?))
}

fn input_node(plan: &Plan) -> Result<crate::ir::Id> {
    plan.graph
        .ids()
        .find(|id| plan.graph.node(*id).kind == crate::ir::Kind::Input)
        .ok_or_else(|| Diagnostic::new("template-input", "the graph has no input"))
}

/// The input's sides in cells or frames, and their limits.
fn input_facts(input: &Input) -> Value {
    match input {
        Input::Image(image) => json!({
            "kind": "image",
            "batch_dim": image.batch_dim, "row_dim": image.rows.dim, "col_dim": image.cols.dim,
            "row_unit": image.rows.unit, "col_unit": image.cols.unit, "channels": 3,
            "max_rows": image.rows.max, "max_cols": image.cols.max, "max_batch": image.max_batch,
            "max_grid": image.max_cells, "max_side": LARGEST_SIDE,
        }),
        Input::Audio(audio) => json!({
            "kind": "audio",
            "batch_dim": audio.batch_dim, "max_batch": audio.max_batch, "mel_bins": audio.mel_bins, "sample_rate": audio.sample_rate,
            "frame_dim": audio.frames.dim, "frame_unit": audio.frames.unit, "max_frames": audio.frames.max.saturating_mul(audio.frames.unit),
            "max_samples": MOST_SAMPLES,
        }),
    }
}

/// Rows and columns of the output's tokens.
fn grid(i: &Inputs, exprs: &mut IndexSet<String>) -> Result<Value> {
    let at = &i.template.at;
    let grid = i.template.grid.as_ref().ok_or_else(|| {
        at.error("template-grid", "the template does not say how tokens lie over the image", "this template")
            .help("\"grid\": { \"rows\": …, \"cols\": …, \"row_tokens\": …, \"first\": … }")
    })?;
    let mut part = |(expr, at): &(Expr, At)| Ok::<_, Diagnostic>(add(exprs, i.sizes.eval(expr, at, &BTreeMap::new())?.to_c()));
    Ok(json!({ "rows": part(&grid.rows)?, "cols": part(&grid.cols)? }))
}

/// Sizes are computed in 64 bits without a check at run time, so those of the largest inputs must fit.
fn check_sizes(i: &Inputs, plan: &Plan, input: &Input) -> Result<()> {
    for dims in input.corners(i.sizes) {
        let fits = |n: Option<u64>| n.is_some_and(|n| i64::try_from(n).is_ok());
        let place = plan.place(&dims);
        let calls = plan.steps.iter().filter_map(|s| match &plan.graph.node(s.node).facts.how {
            How::Kernels(k) => Some(k),
            _ => None,
        });
        let fine = fits(place.map(|p| p.values_bytes.max(p.worker_scratch)))
            && fits(plan.flops(&dims))
            && plan
                .graph
                .outputs
                .values()
                .all(|o| fits(plan.graph.node(*o).facts.shape.iter().try_fold(4u64, |p, d| p.checked_mul(d.eval(&dims)?))))
            && calls.flat_map(|k| &k.choices).flat_map(|c| &c.candidates).all(|c| fits(c.tasks.eval(&dims)));
        if !fine {
            let facts = dims.iter().map(|(k, v)| format!("{k} = {v}")).collect::<Vec<_>>().join(", ");
            return Err(i
                .template
                .input
                .at
                .error("plan-size", "sizes of the largest input do not fit 64 bits", "this input")
                .fact(facts)
                .help("lower \"max\" of the run-time dimensions"));
        }
    }
    Ok(())
}

fn flops(plan: &Plan) -> String {
    let mut sum = Dim::constant(0);
    let mut rest: Vec<String> = Vec::new();
    for s in &plan.steps {
        if let How::Kernels(k) = &plan.graph.node(s.node).facts.how {
            match &k.flops {
                Bound::Dim(d) => match sum.add(d) {
                    Some(next) => sum = next,
                    None => rest.push(d.to_c()),
                },
                other => rest.push(other.to_c()),
            }
        }
    }
    rest.insert(0, sum.to_c());
    rest.join(" + ")
}

fn check(check: &Check) -> Result<Value> {
    let key = &check.key;
    let mut json = match &check.value {
        MetaValue::String(s) => json!({ "key": key, "type": "string", "value": s }),
        MetaValue::Bool(b) => json!({ "key": key, "type": "bool", "value": u8::from(*b).to_string() }),
        MetaValue::U32(v) => json!({ "key": key, "type": "u32", "value": v.to_string() }),
        MetaValue::F32(v) => json!({ "key": key, "type": "f32", "value": hex_float(*v) }),
        MetaValue::Array(MetaArray::U32(v)) => json!({ "key": key, "type": "u32[]", "values": v }),
        MetaValue::Array(MetaArray::I32(v)) => json!({ "key": key, "type": "i32[]", "values": v }),
        MetaValue::Array(MetaArray::F32(v)) => {
            json!({ "key": key, "type": "f32[]", "values": v.iter().map(|f| hex_float(*f)).collect::<Vec<_>>() })
        }
        other => {
            return Err(Diagnostic::new(
                "internal-emit",
                format!("metadata \"{key}\" of type {} cannot be checked", other.describe_type()),
            ));
        }
    };
    json["optional"] = json!(check.optional);
    json["also"] = json!(check.also);
    Ok(json)
}

/// SHA-256 of a map file as the build read it.
fn map_hash(i: &Inputs, path: &str) -> String {
    hash(i.maps.files.get(path).unwrap_or_default().as_bytes())
}

fn stamp(i: &Inputs) -> Vec<String> {
    let taps = match i.taps {
        Taps::All => "all of the template",
        Taps::Every => "every kernel's result",
        Taps::Kept => "those that fusion leaves",
    };
    [
        format!("Written by isobit {}; this code is yours to use under any licence you like.", env!("CARGO_PKG_VERSION")),
        format!("template  {} {}", i.template.encoder, hash(i.template.text.as_bytes())),
        format!("sizes     {}", i.sizes.label()),
        format!("profile   {} {}", i.profile.label(), map_hash(i, &format!("profiles/{}.json", i.profile.name))),
        format!("          {}", i.profile.doc),
        format!("target    {} {}", i.target.name, map_hash(i, &format!("targets/{}.json", i.target.name))),
        format!("maps      {}", i.maps.hash()),
        format!("taps      {taps}"),
    ]
    .map(|line| comment_line(&line))
    .into()
}

/// Text for one line of a C comment, which it can neither end nor leave; file names hold anything.
fn comment_line(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        // "*/" ends a comment, "/*" and trigraphs in one are warnings
        if out.ends_with(['*', '/', '?']) && ['*', '/', '?'].contains(&c) {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

/// The stamp for machines.
fn build_info(i: &Inputs) -> String {
    json!({
        "isobit": env!("CARGO_PKG_VERSION"),
        "encoder": i.template.encoder,
        "template_sha256": hash(i.template.text.as_bytes()),
        "sizes": i.sizes.label(),
        "profile": i.profile.name,
        "options": i.profile.options.iter().map(|(k, o)| (k.clone(), json!(o.chosen))).collect::<serde_json::Map<_, _>>(),
        "reference": i.profile.reference(),
        "target": i.target.name,
        "maps_sha256": i.maps.hash(),
        "taps": match i.taps {
            Taps::All => "all",
            Taps::Every => "every",
            Taps::Kept => "kept",
        },
    })
    .to_string()
}

fn json_error(e: serde_json::Error) -> Diagnostic {
    Diagnostic::new("internal-emit", format!("a table does not read back: {e}"))
}
