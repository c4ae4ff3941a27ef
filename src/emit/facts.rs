//! What every target says of an encoder: input, output, sizes, metadata checked at open, where the build came from.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Result};
use crate::expr::{Bound, Dim, Expr};
use crate::files::hash;
use crate::fuse::Taps;
use crate::gguf::{MetaArray, MetaValue};
use crate::input::Input;
use crate::json::At;
use crate::pipeline::Inputs;
use crate::plan::{Place, Plan, Pointer, TapPoint};
use crate::select::How;
use crate::signature::show;
use crate::sizes::Check;
use crate::view::Layout;

/// Largest width or height of a source image, in pixels.
const LARGEST_SIDE: u64 = 65535;

/// Most samples of a sound.
const MOST_SAMPLES: u64 = 1 << 36;

/// A pointer's place; its offset is in bytes.
pub fn pointer(p: &Pointer) -> Value {
    let (kind, index) = match p.place {
        Place::Value(v) => ("value", v),
        Place::Weight(w) => ("weight", w),
        Place::Output(o) => ("output", o),
    };
    json!({ "kind": kind, "index": index, "offset": p.offset })
}

/// A tap as it leaves the encoder: element type, shape, strides in bytes (0: the run time multiplies).
pub struct TapFacts {
    pub dtype: String,
    pub shape: Vec<Dim>,
    pub strides: Vec<u64>,
}

pub fn tap(plan: &Plan, t: &TapPoint) -> Result<TapFacts> {
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
    Ok(TapFacts { dtype, shape, strides: strides.iter().map(|s| s.saturating_mul(bytes)).collect() })
}

/// Tokens per image and floats per token of the one output.
pub fn output(i: &Inputs, plan: &Plan) -> Result<(Dim, u64)> {
    let last = i.template.outputs.values().last();
    let at = last.map_or(&i.template.at, |n| &n.at);
    let mut outputs = plan.graph.outputs.iter();
    let (Some((name, id)), None) = (outputs.next(), outputs.next()) else {
        return Err(at.error("template-output", "exactly one output is emitted", "one too many"));
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
pub fn input_facts(input: &Input) -> Value {
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
pub fn grid(i: &Inputs) -> Result<[Dim; 2]> {
    let at = &i.template.at;
    let grid = i.template.grid.as_ref().ok_or_else(|| {
        at.error("template-grid", "the template does not say how tokens lie over the image", "this template")
            .help("\"grid\": { \"rows\": …, \"cols\": …, \"row_tokens\": …, \"first\": … }")
    })?;
    let part = |(expr, at): &(Expr, At)| i.sizes.eval(expr, at, &BTreeMap::new());
    Ok([part(&grid.rows)?, part(&grid.cols)?])
}

/// Sizes are computed in 64 bits without a check at run time, so those of the largest inputs must fit.
pub fn check_sizes(i: &Inputs, plan: &Plan, input: &Input) -> Result<()> {
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
            && calls.flat_map(|k| &k.choices).flat_map(|c| &c.candidates).flat_map(|c| &c.launch).all(|n| fits(n.eval(&dims)));
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

/// Floating-point operations: the terms of a sum.
pub fn flops(plan: &Plan) -> Vec<Bound> {
    let mut sum = Dim::constant(0);
    let mut rest: Vec<Bound> = Vec::new();
    for s in &plan.steps {
        if let How::Kernels(k) = &plan.graph.node(s.node).facts.how {
            match &k.flops {
                Bound::Dim(d) => match sum.add(d) {
                    Some(next) => sum = next,
                    None => rest.push(k.flops.clone()),
                },
                other => rest.push(other.clone()),
            }
        }
    }
    rest.insert(0, Bound::Dim(sum));
    rest
}

/// A metadata entry that the file at open must have; `float` spells a number in the target's language.
pub fn check(check: &Check, float: fn(f32) -> String) -> Result<Value> {
    let key = &check.key;
    let mut json = match &check.value {
        MetaValue::String(s) => json!({ "key": key, "type": "string", "value": s }),
        MetaValue::Bool(b) => json!({ "key": key, "type": "bool", "value": u8::from(*b).to_string() }),
        MetaValue::U32(v) => json!({ "key": key, "type": "u32", "value": v.to_string() }),
        MetaValue::F32(v) => json!({ "key": key, "type": "f32", "value": float(*v) }),
        MetaValue::Array(MetaArray::U32(v)) => json!({ "key": key, "type": "u32[]", "values": v }),
        MetaValue::Array(MetaArray::I32(v)) => json!({ "key": key, "type": "i32[]", "values": v }),
        MetaValue::Array(MetaArray::F32(v)) => {
            json!({ "key": key, "type": "f32[]", "values": v.iter().map(|f| float(*f)).collect::<Vec<_>>() })
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

pub fn stamp(i: &Inputs) -> Vec<String> {
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
pub fn build_info(i: &Inputs) -> Value {
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
}
