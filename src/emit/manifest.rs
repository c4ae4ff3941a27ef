//! Plan → shaders and `manifest.json`: all that a host needs to run them on a device, sizes as expressions of the input's dimensions.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::Sources;
use super::facts::{self, build_info, check_sizes, input_facts, output, stamp};
use super::kernel::Instances;
use super::slots::slots;
use super::{preprocess, probe, table, unproven};
use crate::diagnostic::Result;
use crate::expr::Bound;
use crate::input::Input;
use crate::ir::Id;
use crate::maps::Promise;
use crate::near::near;
use crate::pipeline::Inputs;
use crate::plan::{Place, Plan, Pointer, span};
use crate::select::How;
use crate::wgsl::validate::MAX_STORAGE_BUFFERS;
use crate::wgsl::{Shader, with_enables};

/// Version of the manifest's format.
const FORMAT: u64 = 1;

/// Bytes per binding that every WebGPU device has.
const BINDING_BYTES: u64 = 128 << 20;

/// Adds shaders and manifest to `sources`; returns what the frame's files are rendered with.
pub fn build(i: &Inputs, plan: &Plan, sources: &mut Sources) -> Result<Value> {
    let input = Input::of_graph(i.template, i.sizes, &plan.graph, |f| f.shape.clone())?;
    check_sizes(i, plan, &input)?;
    let mut instances = Instances::default();
    let program = program(i, plan, &mut instances)?;
    let preprocess = preprocess::build(i, &mut instances)?;
    let otherwise = match &i.target.unproven {
        Some(name) if program["promise"] == "bits" => Some(otherwise(i, plan, name, &mut instances)?),
        _ => None,
    };
    let (tables, probe) = modules(i, &instances, sources)?;
    let (tokens, embedding) = output(i, plan)?;
    let weights: Vec<_> = plan.weights.iter().filter_map(|id| plan.graph.node(*id).facts.stored.as_ref()).collect();
    let largest = weights.iter().map(|w| w.bytes).max().unwrap_or_default().max(BINDING_BYTES);
    let mut manifest = json!({
        "format": FORMAT,
        "encoder": i.template.encoder,
        "build": build_info(i),
        "input": input_facts(&input),
        "dims": i.sizes.runtime.keys().collect::<Vec<_>>(),
        "derived": i.sizes.runtime_derived.iter().map(|(name, b)| json!({ "name": name, "value": b.to_string() })).collect::<Vec<_>>(),
        "tokens": tokens.to_string(),
        "embedding": embedding,
        "flops": facts::flops(plan).iter().map(|b| format!("({b})")).collect::<Vec<_>>().join("+"),
        "limits": { "maxStorageBuffersPerShaderStage": MAX_STORAGE_BUFFERS, "maxStorageBufferBindingSize": largest, "maxBufferSize": largest },
        "variants": i.target.variants.iter().map(|v| json!({ "name": v.name, "needs": v.features })).collect::<Vec<_>>(),
        "checks": i.sizes.checks.iter().map(|c| facts::check(c, bits)).collect::<Result<Vec<_>>>()?,
        "known_tensors": i.template.tensors.known,
        "unused_tensors": i.template.tensors.unused,
        "weights": weights.iter().map(|s| json!({ "name": s.tensor, "type": s.dtype.to_string(), "ne": s.ne, "bytes": s.bytes })).collect::<Vec<_>>(),
        "tables": tables,
        "probe": probe,
        "outputs": plan.graph.outputs.iter().map(|(name, id)| {
            let shape = &plan.graph.node(*id).facts.shape;
            json!({ "name": name, "bytes": format!("4*{}", shape.iter().map(|d| format!("({d})")).collect::<Vec<_>>().join("*")) })
        }).collect::<Vec<_>>(),
        "shaders": instances.list.values().map(|k| json!({
            "name": k.symbol, "file": file_of(&k.symbol), "kernel": k.id, "class": k.class,
            "bindings": k.bindings.buffers, "params": k.bindings.params, "split": k.split,
        })).collect::<Vec<_>>(),
    });
    extend(&mut manifest, program);
    extend(&mut manifest, json!({ "otherwise": otherwise }));
    if !i.template.is_audio() {
        let [rows, cols] = facts::grid(i)?;
        manifest["grid"] = json!({ "rows": rows.to_string(), "cols": cols.to_string() });
    }
    sources.insert("manifest.json".to_string(), lines(&manifest));
    Ok(json!({
        "encoder": i.template.encoder,
        "stamp": stamp(i),
        "preprocess": preprocess,
        "bundle": bundle(sources),
    }))
}

/// What runs: buffers, steps and taps, and what the values promise.
fn program(i: &Inputs, plan: &Plan, instances: &mut Instances) -> Result<Value> {
    let (slots, of_value) = slots(plan);
    let steps = steps(i, plan, &of_value, instances)?;
    let promise = near(i, plan).map_or(Promise::Bits, |near| Promise::Nmse(near.nmse));
    Ok(json!({
        "promise": promise.to_string(),
        "buffers": slots.iter().map(|s| {
            json!({ "name": s.name, "bytes": s.bytes.iter().map(ToString::to_string).collect::<Vec<_>>() })
        }).collect::<Vec<_>>(),
        "steps": steps,
        "taps": taps(plan, &of_value)?,
    }))
}

/// The program for devices that fail the probe. Weights, tables and shaders serve both; so does the preprocessing, which no device computes.
fn otherwise(i: &Inputs, exact: &Plan, name: &str, instances: &mut Instances) -> Result<Value> {
    let profile = i.maps.profile_beside(name, i.profile, i.template)?;
    let i = Inputs { profile: &profile, ..*i };
    let plan = unproven::plan(&i, exact)?;
    let mut program = program(&i, &plan, instances)?;
    program["profile"] = json!(profile.label());
    Ok(program)
}

/// Adds the entries of another object.
fn extend(to: &mut Value, from: Value) {
    if let (Some(to), Value::Object(from)) = (to.as_object_mut(), from) {
        to.extend(from);
    }
}

/// Files as one JSON object that can stand in an HTML page: a page opened from a disk may not read the files beside it.
fn bundle(sources: &Sources) -> String {
    serde_json::json!(sources).to_string().replace("</", "<\\/")
}

/// Every call of a kernel: shaders by the condition under which they run, parameters, buffers.
fn steps(i: &Inputs, plan: &Plan, of_value: &[usize], instances: &mut Instances) -> Result<Vec<Value>> {
    let mut steps = Vec::new();
    for step in &plan.steps {
        let node = plan.graph.node(step.node);
        let How::Kernels(selected) = &node.facts.how else { continue };
        let Some(map) = i.maps.op(node.op().unwrap_or_default()) else { continue };
        let mut choices = Vec::new();
        let mut params: IndexMap<String, String> = IndexMap::new();
        let mut tables: Option<&Vec<String>> = None;
        for choice in &selected.choices {
            let mut candidates = Vec::new();
            for c in &choice.candidates {
                let kernel = &map.kernels[&c.kernel];
                if *tables.get_or_insert(&kernel.tables) != &kernel.tables {
                    return Err(kernel.at.error("map-tables", "kernels of one op must read the same tables", "this kernel"));
                }
                let shader = instances.get(i, map, kernel, c.variant, node, selected)?;
                for arg in &kernel.args {
                    let value = kernel
                        .value(arg)
                        .bind(&|n| selected.bound.get(n).cloned())
                        .map_err(|e| kernel.at.error("map-args", e, "this kernel"))?;
                    if params.insert(arg.clone(), value.to_string()).is_some_and(|other| other != value.to_string()) {
                        return Err(kernel.at.error("map-args", format!("kernels of one op must agree on {arg}"), "this kernel"));
                    }
                }
                let workgroups: Vec<String> = c.launch.iter().map(Bound::to_string).collect();
                let mut candidate = json!({ "variant": i.target.variants[c.variant].name, "shader": shader, "workgroups": workgroups });
                if let Some(guard) = &c.guard {
                    candidate["when"] = json!(guard.to_string());
                }
                candidates.push(candidate);
            }
            choices
                .push(json!({ "when": choice.guard.as_ref().map(ToString::to_string), "class": choice.class, "candidates": candidates }));
        }
        let values = plan.graph.operands(step.node).into_iter().chain([step.node]);
        let mut refs = values.zip(&step.pointers).map(|(v, p)| operand(plan, of_value, v, p)).collect::<Result<Vec<_>>>()?;
        for name in tables.into_iter().flatten() {
            refs.push(json!({ "kind": "table", "index": instances.tables.get_index_of(name), "at": 0 }));
        }
        steps.push(json!({ "name": node.name, "op": map.op, "choices": choices, "params": params, "refs": refs }));
    }
    Ok(steps)
}

/// The shaders of kernels, of tables and of the probe, each checked; the manifest's lines of the last two.
fn modules(i: &Inputs, instances: &Instances, sources: &mut Sources) -> Result<(Vec<Value>, Value)> {
    let mut add = |file: &str, text: String| -> Result<()> {
        Shader::new(file, &text)?;
        sources.insert(file.to_string(), text);
        Ok(())
    };
    for shader in instances.list.values() {
        add(&file_of(&shader.symbol), with_enables(&i.target.variants[shader.variant].features, &shader.text))?;
    }
    let mut tables = Vec::new();
    for name in instances.tables.keys() {
        let (text, facts) = table::table(i.maps, name)?;
        add(facts["file"].as_str().unwrap_or_default(), text)?;
        tables.push(facts);
    }
    let (text, probe) = probe::probe(i.maps)?;
    add(probe::FILE, text)?;
    Ok((tables, probe))
}

fn file_of(symbol: &str) -> String {
    format!("{symbol}.wgsl")
}

fn taps(plan: &Plan, of_value: &[usize]) -> Result<Vec<Value>> {
    let taps = plan.taps.iter().map(|t| {
        let tap = facts::tap(plan, t)?;
        let mut place = reference(plan, of_value, t.node, &t.pointer)?;
        place["offset"] = json!(t.pointer.offset);
        Ok(json!({
            "step": t.step, "name": plan.graph.node(t.node).tap, "ref": place, "dtype": tap.dtype,
            "shape": tap.shape.iter().map(ToString::to_string).collect::<Vec<_>>(), "stride": tap.strides,
        }))
    });
    taps.collect()
}

/// A pointer to a value as a buffer and an offset in elements.
fn reference(plan: &Plan, of_value: &[usize], value: Id, p: &Pointer) -> Result<Value> {
    let (kind, index) = match p.place {
        Place::Value(v) => ("buffer", of_value[v]),
        Place::Weight(w) => ("weight", w),
        Place::Output(o) => ("output", o),
    };
    // views of block formats begin at the first block
    let bytes = plan.graph.node(value).facts.dtype.element_bytes().unwrap_or(1);
    if !p.offset.is_multiple_of(bytes) {
        return Err(plan.graph.node(value).at.error("internal-emit", "a view begins amid an element", "this value"));
    }
    Ok(json!({ "kind": kind, "index": index, "at": p.offset / bytes }))
}

/// The same with the bytes from its first element to its last, for hosts that bind less than the buffer.
fn operand(plan: &Plan, of_value: &[usize], value: Id, p: &Pointer) -> Result<Value> {
    let mut found = reference(plan, of_value, value, p)?;
    if !matches!(p.place, Place::Weight(_)) {
        found["element"] = json!(plan.graph.node(value).facts.dtype.element_bytes().unwrap_or(1));
        found["bytes"] = json!(span(&plan.graph, value)?.to_string());
    }
    Ok(found)
}

/// A number by its bits.
fn bits(v: f32) -> String {
    format!("0x{:08x}", v.to_bits())
}

/// JSON with a line per entry, and per element of the long lists.
fn lines(manifest: &Value) -> String {
    let list = |v: &Value| match v.as_array() {
        Some(items) if items.iter().any(Value::is_object) => {
            let items: Vec<String> = items.iter().map(|item| format!("    {item}")).collect();
            format!("[\n{}\n  ]", items.join(",\n"))
        }
        _ => v.to_string(),
    };
    let entries: Vec<String> = manifest.as_object().into_iter().flatten().map(|(k, v)| format!("  {}: {}", json!(k), list(v))).collect();
    format!("{{\n{}\n}}\n", entries.join(",\n"))
}
