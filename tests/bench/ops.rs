//! Time, operations and bytes per kind of op, of both sides: what the pictures are drawn from.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use indexmap::IndexMap;
use isobit::fuse::Taps;
use isobit::host::hooks::{Hooks, Progress};
use isobit::host::library::{Library, OpenOptions};
use isobit::input::Input;
use isobit::ir::{Id, Kind};
use isobit::media::Planned;
use isobit::pipeline::{self, Inputs};
use isobit::plan::{Plan, span};
use isobit::select::{How, KernelGraph};
use serde_json::{Value, json};

use crate::cases::Case;
use crate::encoder::text;
use crate::groups::{GROUPS, of_nodes, of_op};
use crate::measure::Bench;
use crate::oracle::{self, Oracle};

/// Encodes of each side; medians count.
const ENCODES: usize = 5;

/// All steps of one kind.
#[derive(Clone, Default)]
struct Sum {
    steps: u64,
    ours: f64,
    theirs: f64,
    flops: u64,
    bytes: u64,
}

/// One of our steps.
struct Step {
    group: &'static str,
    /// What distinguishes it in the roofline: the sizes of its weight, or its op.
    label: Option<String>,
    seconds: f64,
    flops: u64,
    /// Operands and result, once each.
    bytes: u64,
}

pub fn measure(bench: &Bench, case: &Case, profile: &str, oracle: &Oracle) -> Result<Value, String> {
    let steps = our_steps(bench, case, profile)?;
    let emitted = bench.emit(case, profile)?;
    let library = oracle::compiled(&bench.encoder, &emitted.sources)?;
    let model = bench.model(&case.weights)?;
    let (pairs, nodes) = ("1".to_string(), ENCODES.to_string());
    let told = bench.oracle_bench(case, oracle, [&model, &model, &library], &["--pairs", &pairs, "--warmup", "0", "--nodes", &nodes])?;
    let nodes = told["llama_cpp_nodes"].as_array().cloned().unwrap_or_default();
    if nodes.is_empty() {
        return Err("the oracle tells no times of nodes".to_string());
    }
    Ok(lay_together(case, &steps, &nodes))
}

fn lay_together(case: &Case, steps: &[Step], nodes: &[Value]) -> Value {
    let mut groups: IndexMap<&str, Sum> = GROUPS.iter().map(|g| (*g, Sum::default())).collect();
    let mut points: IndexMap<String, Sum> = IndexMap::new();
    for s in steps {
        let sums = [groups.get_mut(s.group), s.label.clone().map(|l| points.entry(l).or_default())];
        for sum in sums.into_iter().flatten() {
            sum.steps += 1;
            sum.ours += s.seconds;
            sum.flops += s.flops;
            sum.bytes += s.bytes;
        }
    }
    let theirs = of_nodes(nodes);
    let seconds = |n: &Value| n["seconds"].as_f64().unwrap_or(0.0);
    for (node, (group, _)) in nodes.iter().zip(&theirs) {
        groups[*group].theirs += seconds(node);
    }
    // Both sides have the same products in the same order; a product's bias and residual follow it.
    let labels: Vec<&String> = steps.iter().filter(|s| s.group == "linears").filter_map(|s| s.label.as_ref()).collect();
    let same = theirs.iter().filter(|t| t.1).count() == labels.len();
    let mut at = None;
    for (node, (group, product)) in nodes.iter().zip(&theirs) {
        at = match (product, *group) {
            (true, _) => Some(at.map_or(0, |i: usize| i + 1)),
            _ => at,
        };
        let label = match *group {
            "linears" if same => at.map(|i| labels[i].clone()),
            "attention" => Some("attention".to_string()),
            _ => None,
        };
        if let Some(sum) = label.and_then(|l| points.get_mut(&l)) {
            sum.theirs += seconds(node);
        }
    }
    let to_json = |(name, s): (&str, &Sum)| json!({ "name": name, "steps": s.steps, "ours_seconds": s.ours, "llama_cpp_seconds": s.theirs, "flops": s.flops, "bytes": s.bytes });
    json!({
        "case": case.name, "weights": case.weights, "pixels": case.size(), "threads": case.threads, "attention": case.attention,
        "groups": groups.iter().map(|(n, s)| to_json((n, s))).collect::<Vec<_>>(),
        "points": points.iter().map(|(n, s)| to_json((n, s))).collect::<Vec<_>>(),
    })
}

/// Every step of an encode, timed between the calls of the progress hook.
fn our_steps(bench: &Bench, case: &Case, profile: &str) -> Result<Vec<Step>, String> {
    let encoder = &bench.encoder;
    let sizes = encoder.of_preset(&bench.preset, &case.weights)?;
    let mut chosen = encoder.maps.profile_for(profile, &encoder.template).map_err(text)?;
    for (option, choice) in bench.options(case, profile)? {
        chosen.choose(option, &choice).map_err(text)?;
    }
    let inputs = Inputs {
        template: &encoder.template,
        sizes: &sizes,
        maps: &encoder.maps,
        profile: &chosen,
        target: &encoder.target,
        taps: Taps::Kept,
    };
    let plan = pipeline::compile(&inputs).map_err(text)?;
    let library = oracle::compiled(encoder, &pipeline::emit(&inputs, &plan).map_err(text)?)?;
    let library = Library::load(&library, encoder.name()).map_err(text)?;
    let options = OpenOptions { threads: case.threads, variant: None };
    let mut open = library.open(Path::new(&bench.model(&case.weights)?), &options).map_err(text)?;
    let info = open.plan_pixels(case.pixels.0, case.pixels.1, 1).map_err(text)?;
    open.reserve(&info).map_err(text)?;
    let pixels: Vec<f32> =
        (0..u64::from(case.pixels.0) * u64::from(case.pixels.1) * 3).map(|i| (i * 7 % 251) as f32 / 125.0 - 1.0).collect();

    let mut by_step: Vec<Vec<f64>> = vec![Vec::new(); plan.steps.len()];
    for encode in 0..=ENCODES {
        let mut marks: Vec<Instant> = Vec::with_capacity(plan.steps.len() + 1);
        let mut progress = |_: Progress<'_>| {
            marks.push(Instant::now());
            ControlFlow::Continue(())
        };
        let hooks = Hooks { progress: Some(&mut progress), tap: None };
        open.encode_pixels(&pixels, case.pixels.0, case.pixels.1, 1, hooks).map_err(text)?;
        marks.push(Instant::now());
        if marks.len() != plan.steps.len() + 1 {
            return Err(format!("the encoder tells {} steps of {}", marks.len() - 1, plan.steps.len()));
        }
        if encode > 0 {
            by_step.iter_mut().zip(marks.windows(2)).for_each(|(list, pair)| list.push((pair[1] - pair[0]).as_secs_f64()));
        }
    }
    let input = Input::of_graph(&encoder.template, &sizes, &plan.graph, |f| f.shape.clone()).map_err(text)?;
    let dims = Planned::Image(info).dims(&input, &sizes).map_err(text)?;
    by_step.iter_mut().enumerate().map(|(i, seconds)| step(&plan, i, seconds, &dims)).collect()
}

fn step(plan: &Plan, index: usize, seconds: &mut [f64], dims: &BTreeMap<String, u64>) -> Result<Step, String> {
    let (graph, id) = (&plan.graph, plan.steps[index].node);
    let node = graph.node(id);
    let too_large = || format!("{} is too large to count", node.name);
    let flops = match &node.facts.how {
        How::Kernels(k) => k.flops.eval(dims).ok_or_else(too_large)?,
        _ => 0,
    };
    let mut bytes = 0;
    for value in graph.operands(id).into_iter().chain([id]) {
        bytes += span(graph, value).map_err(text)?.eval(dims).ok_or_else(too_large)?;
    }
    let op = node.op().unwrap_or_default();
    let group = of_op(op, feeds_attention(graph, id));
    seconds.sort_by(f64::total_cmp);
    let label = (flops > 0).then(|| weight_sizes(graph, id).filter(|_| group == "linears").unwrap_or_else(|| group.to_string()));
    Ok(Step { group, label, seconds: seconds[seconds.len() / 2], flops, bytes })
}

/// Features in and out of the weight that an op multiplies with.
fn weight_sizes(graph: &KernelGraph, id: Id) -> Option<String> {
    let weight = graph.operands(id).into_iter().map(|o| graph.node(o)).find(|n| n.kind == Kind::Weight && n.facts.shape.len() >= 2)?;
    let (out, rest) = weight.facts.shape.split_first()?;
    let features = rest.iter().map(|d| d.as_const()).product::<Option<u64>>()?;
    Some(format!("{features} \u{2192} {}", out.as_const()?))
}

/// Whether attention reads the value, itself or a view of it.
fn feeds_attention(graph: &KernelGraph, id: Id) -> bool {
    graph.users(id).iter().any(|(user, _)| {
        let node = graph.node(*user);
        let view = matches!(node.facts.how, How::View);
        node.op().is_some_and(|op| op.starts_with("attention")) || view && feeds_attention(graph, *user)
    })
}
