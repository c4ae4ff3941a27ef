//! Text of every stage: one fact per line, names instead of numbers, template order, floats with their bits.

use std::fmt::Write;

use crate::expand::OpGraph;
use crate::infer::Typed;
use crate::ir::{Dag, Id, Kind};
use crate::pipeline::Inputs;
use crate::plan::{Place, Plan, Pointer};
use crate::select::{How, KernelGraph};
use crate::signature::show;
use crate::sizes::{Number, Stored};

fn preamble(i: &Inputs, stage: &str) -> String {
    let mut out = format!("stage {stage}\nencoder {}\nsizes {}\n", i.template.encoder, i.sizes.label());
    for (name, n) in &i.sizes.numbers {
        let value = match n {
            Number::Int(v) => v.to_string(),
            Number::Bool(v) => v.to_string(),
            Number::F32(v) => crate::ir::hex_float(*v),
            Number::F32List(v) => v.iter().map(|x| crate::ir::hex_float(*x)).collect::<Vec<_>>().join(" "),
            Number::U32List(v) => format!("{v:?}"),
        };
        let _ = writeln!(out, "dim {name} = {value}");
    }
    for (name, d) in &i.sizes.derived {
        let _ = writeln!(out, "dim {name} = {d}");
    }
    for (name, max) in &i.sizes.runtime {
        let _ = writeln!(out, "runtime {name} <= {max}");
    }
    for (name, expr) in &i.sizes.runtime_derived {
        let _ = writeln!(out, "runtime {name} = {expr}");
    }
    for (name, choice) in i.profile.choices().iter().filter(|(name, _)| i.template.options.contains_key(*name)) {
        let _ = writeln!(out, "option {name} = {choice}");
    }
    out.push('\n');
    out
}

fn outputs<F>(dag: &Dag<F>) -> String {
    dag.outputs.iter().fold("\n".to_string(), |s, (name, id)| s + &format!("output {name} = {}\n", dag.node(*id).name))
}

fn stored(s: &Stored) -> String {
    format!("{} {:?} {} bytes", s.dtype, s.ne, s.bytes)
}

/// `name = op(a, b) {attr = v} tap "t"`
fn line<F>(dag: &Dag<F>, id: Id) -> String {
    let node = dag.node(id);
    let mut out = match &node.kind {
        Kind::Input => format!("input {}", node.name),
        Kind::Weight => format!("weight {}", node.name),
        Kind::Op { op, attrs } => {
            let operands: Vec<_> = dag.operands(id).iter().map(|o| dag.node(*o).name.clone()).collect();
            let mut s = format!("{} = {op}({})", node.name, operands.join(", "));
            if !attrs.is_empty() {
                let list: Vec<_> = attrs.iter().map(|(k, v)| format!("{k} = {v}")).collect();
                s += &format!(" {{{}}}", list.join(", "));
            }
            s
        }
    };
    if let Some(tap) = &node.tap {
        let _ = write!(out, " tap \"{tap}\"");
    }
    out
}

pub fn ops(i: &Inputs, g: &OpGraph) -> String {
    let mut out = preamble(i, "ops");
    for id in g.ids() {
        let facts = &g.node(id).facts;
        let extra = facts.stored.as_ref().map(|s| format!(" {}", stored(s))).unwrap_or_default();
        let _ = writeln!(out, "{}{extra}", line(g, id));
    }
    out + &outputs(g)
}

pub fn typed(i: &Inputs, stage: &str, g: &Dag<Typed>) -> String {
    let mut out = preamble(i, stage);
    for id in g.ids() {
        let facts = &g.node(id).facts;
        let extra = facts.stored.as_ref().map(|s| format!(" {}", stored(s))).unwrap_or_default();
        let _ = writeln!(out, "{} : {}{extra}", line(g, id), show(&facts.shape));
    }
    out + &outputs(g)
}

pub fn kernels(i: &Inputs, g: &KernelGraph) -> String {
    let mut out = preamble(i, "kernels");
    for id in g.ids() {
        let f = &g.node(id).facts;
        let _ = writeln!(out, "{} : {} {}", line(g, id), f.dtype, show(&f.shape));
        match &f.how {
            How::Given => {}
            How::View => {
                let _ = writeln!(out, "  view offset {} strides {:?}", f.layout.offset, f.layout.strides);
            }
            How::Kernels(s) => {
                for c in &s.choices {
                    let guard = c.guard_text.as_ref().map(|g| format!(" if {g}")).unwrap_or_default();
                    let names: Vec<_> = c.candidates.iter().map(|k| k.kernel.clone()).collect();
                    let _ = writeln!(out, "  class {}{guard}: {}", c.class, names.join(" > "));
                }
            }
        }
    }
    out + &outputs(g)
}

fn pointer(p: &Plan, ptr: &Pointer) -> String {
    let name = match ptr.place {
        Place::Value(v) => p.values[v].name.clone(),
        Place::Weight(w) => p.graph.node(p.weights[w]).name.clone(),
        Place::Output(o) => format!("output {}", p.graph.outputs.keys().nth(o).cloned().unwrap_or_default()),
    };
    if ptr.offset == 0 { name } else { format!("{name}+{}", ptr.offset) }
}

pub fn plan(i: &Inputs, p: &Plan) -> String {
    let mut out = preamble(i, "plan");
    for v in &p.values {
        let _ = writeln!(out, "value {} bytes {} steps {}..{}", v.name, v.bytes, v.first, v.last);
    }
    out.push('\n');
    for (n, s) in p.steps.iter().enumerate() {
        let node = p.graph.node(s.node);
        let mut ptrs: Vec<_> = s.pointers.iter().map(|x| pointer(p, x)).collect();
        let result = ptrs.pop().unwrap_or_default();
        let over = s.in_place.map(|slot| format!(" over operand {slot}")).unwrap_or_default();
        let _ = writeln!(out, "step {n} {} {}({}) -> {result}{over}", node.name, node.op().unwrap_or_default(), ptrs.join(", "));
    }
    out.push('\n');
    for t in &p.taps {
        let node = p.graph.node(t.node);
        let _ = writeln!(out, "tap {} after step {} at {}", node.tap.clone().unwrap_or_default(), t.step, pointer(p, &t.pointer));
    }
    out + &outputs(&p.graph)
}
