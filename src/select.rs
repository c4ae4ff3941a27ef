//! FusedGraph → KernelGraph: one numerics class per op and guard, its kernels per variant, conversions as ops of their own.

use std::collections::BTreeMap;

use crate::classes::alternatives;
use crate::diagnostic::{Diagnostic, Result};
use crate::expr::{Bound, Condition, Dim, Verdict};
use crate::fuse::FusedGraph;
use crate::infer::{BATCH, Typed};
use crate::ir::{Dag, Dtype, Id, Kind, Node};
use crate::maps::{ClassDef, KernelDef, Maps, OpMap, Profile, Promise, Row, Target};
use crate::signature::show;
use crate::sizes::Stored;
use crate::view::{self, Layout};

/// A value with its bytes' type and layout, and the kernels that make it.
#[derive(Debug, Clone)]
pub struct Chosen {
    pub shape: Vec<Dim>,
    pub dtype: Dtype,
    pub layout: Layout,
    pub stored: Option<Stored>,
    pub how: How,
}

#[derive(Debug, Clone)]
pub enum How {
    /// Input or weight.
    Given,
    /// Lies in its operand's bytes.
    View,
    Kernels(Selected),
}

#[derive(Debug, Clone)]
pub struct Selected {
    pub bound: BTreeMap<String, Dim>,
    /// Operand name → type, result last.
    pub row: Row,
    /// Operand shapes as the signature sees them, and their layouts.
    pub operands: Vec<(Vec<Dim>, Layout)>,
    pub choices: Vec<Choice>,
    pub flops: Bound,
}

/// One branch: a class and its kernels, best first.
#[derive(Debug, Clone)]
pub struct Choice {
    pub guard: Option<Condition>,
    pub guard_text: Option<String>,
    pub class: String,
    pub candidates: Vec<Candidate>,
    /// Kernels of the op that were not taken, and why.
    pub refused: Refused,
}

/// Kernel ids, each with a reason.
pub type Refused = Vec<(String, String)>;

#[derive(Debug, Clone)]
pub struct Candidate {
    pub kernel: String,
    /// Index into the target's variants.
    pub variant: usize,
    /// What the input's size must fulfil; the next candidate is taken where it does not.
    pub guard: Option<Condition>,
    /// Number of tasks, or workgroups in x, y and z.
    pub launch: Vec<Bound>,
    /// Bytes per worker.
    pub scratch: Bound,
}

pub type KernelGraph = Dag<Chosen>;

pub fn select(graph: FusedGraph, maps: &Maps, profile: &Profile, target: &Target) -> Result<KernelGraph> {
    let mut s = Selector { maps, profile, target, out: KernelGraph::default(), converted: BTreeMap::new() };
    let mut ids: Vec<Id> = Vec::with_capacity(graph.len());
    let mut errors = Vec::new();
    for id in graph.ids() {
        let operands: Vec<Id> = graph.operands(id).iter().map(|o| ids[o.index()]).collect();
        let node = graph.node(id).clone();
        match s.node(node, &operands) {
            Ok(new) => ids.push(new),
            Err(e) => {
                errors.push(e);
                break;
            }
        }
    }
    if let Some(e) = Diagnostic::all(errors) {
        return Err(e);
    }
    s.out.outputs = graph.outputs.iter().map(|(k, v)| (k.clone(), ids[v.index()])).collect();
    s.out.check("select")?;
    Ok(s.out)
}

struct Selector<'a> {
    maps: &'a Maps,
    profile: &'a Profile,
    target: &'a Target,
    out: KernelGraph,
    converted: BTreeMap<(Id, String), Id>,
}

impl Selector<'_> {
    fn node(&mut self, node: Node<Typed>, operands: &[Id]) -> Result<Id> {
        let shape = node.facts.shape.clone();
        let at = node.at.clone();
        let refuse = |why: String| at.error("layout", format!("\"{}\": {why}", node.name), "this op");
        match &node.kind {
            Kind::Input | Kind::Weight => {
                let dtype = node.facts.stored.as_ref().map_or(Dtype::F32, |s| Dtype::of(s.dtype));
                let layout = Layout::contiguous(&shape).map_err(refuse)?;
                let facts = Chosen { shape, dtype, layout, stored: node.facts.stored.clone(), how: How::Given };
                Ok(self.out.add(node.with(facts), &[]))
            }
            Kind::Op { op, attrs } => {
                let Some(map) = self.maps.op(op) else { return Err(refuse(format!("no op {op}"))) };
                if let Some(rule) = &map.view {
                    let base = &self.out.node(operands[0]).facts;
                    let layout = view::layout(rule, &base.layout, &base.shape, &shape, attrs).map_err(refuse)?;
                    let facts = Chosen { shape, dtype: base.dtype, layout, stored: base.stored.clone(), how: How::View };
                    return Ok(self.out.add(node.with(facts), operands));
                }
                let (selected, operands) = self.op(map, &node, operands)?;
                let layout = Layout::contiguous(&shape).map_err(refuse)?;
                let result = map.signature.as_ref().map(|s| s.result.name.clone()).unwrap_or_default();
                let dtype = selected.row.get(&result).copied().unwrap_or(Dtype::F32);
                let facts = Chosen { shape, dtype, layout, stored: None, how: How::Kernels(selected) };
                Ok(self.out.add(node.with(facts), &operands))
            }
        }
    }

    fn op(&mut self, map: &OpMap, node: &Node<Typed>, operands: &[Id]) -> Result<(Selected, Vec<Id>)> {
        let bound = &node.facts.bound;
        let dtypes: Vec<Option<Dtype>> = operands.iter().map(|o| Some(self.out.node(*o).facts.dtype)).collect();
        let alternatives = alternatives(self.maps, self.profile, &self.target.lang, &map.op, bound, &dtypes, &node.at)?;
        let mut chosen: Option<(Row, Vec<Id>)> = None;
        for a in &alternatives {
            let class = &map.classes[&a.class];
            if let (Promise::Nmse(_), None) = (class.promise, &self.profile.near) {
                return Err(node
                    .at
                    .error(
                        "class-near",
                        format!("profile {} promises bits, class {} of {} is {}", self.profile.name, a.class, map.op, class.promise),
                        "this op",
                    )
                    .help("say in the profile under \"near\" how near its values come, or take a class that promises bits"));
            }
            let row = self.row(map, class, &a.class, node, operands)?;
            let converted = self.convert(map, class, &row, node, operands)?;
            match &chosen {
                None => chosen = Some((row, converted)),
                Some((_, before)) if *before == converted => {}
                Some(_) => {
                    return Err(node.at.error(
                        "select-branches",
                        format!("the guarded classes of {} read operands of different types", map.op),
                        "this op",
                    ));
                }
            }
        }
        let Some((row, operands)) = chosen else {
            return Err(node.at.error("class-none", format!("no class for {}", map.op), "this op"));
        };
        let signature = map.signature.as_ref();
        let seen: Vec<(Vec<Dim>, Layout)> = operands
            .iter()
            .enumerate()
            .map(|(slot, o)| {
                let f = &self.out.node(*o).facts;
                let rank = signature.and_then(|s| s.operand(slot)).map_or(f.shape.len(), |p| p.dims.len());
                pad(&f.shape, &f.layout, rank)
            })
            .collect();
        let choices = alternatives
            .into_iter()
            .map(|a| {
                let (candidates, refused) = self.candidates(map, &a.class, &row, bound, &seen, node)?;
                Ok(Choice { guard: a.guard, guard_text: a.guard_text, class: a.class, candidates, refused })
            })
            .collect::<Result<_>>()?;
        let flops = match &map.flops {
            Some(e) => e.bind(&|n| bound.get(n).cloned()).map_err(|e| map.at.error("map-expression", e, "flops"))?,
            None => Bound::Dim(Dim::constant(0)),
        };
        Ok((Selected { bound: bound.clone(), row, operands: seen, choices, flops }, operands))
    }

    /// The row of types that needs the fewest conversions; two equally good rows are an error.
    fn row(&self, map: &OpMap, class: &ClassDef, name: &str, node: &Node<Typed>, operands: &[Id]) -> Result<Row> {
        let mut best: Vec<(usize, &Row)> = Vec::new();
        let mut reasons = Vec::new();
        for row in &class.types {
            let mut conversions = 0;
            let mut why = None;
            for (slot, o) in operands.iter().enumerate() {
                let Some(pattern) = map.signature.as_ref().and_then(|s| s.operand(slot)) else { continue };
                let (want, have) = (row[&pattern.name], self.out.node(*o).facts.dtype);
                if want != have {
                    let converts = class.convert.get(&pattern.name).is_some_and(|by_type| by_type.contains_key(&want));
                    if have == Dtype::F32 && converts && self.out.node(*o).facts.stored.is_none() {
                        conversions += 1;
                    } else {
                        why = Some(format!("{} ({}) is {have}, this row wants {want}", pattern.name, self.out.node(*o).name));
                    }
                }
            }
            match why {
                Some(w) => reasons.push(format!("{name} {}: {w}", show_row(row))),
                None => best.push((conversions, row)),
            }
        }
        best.sort_by_key(|(n, _)| *n);
        match best.as_slice() {
            [(_, row)] => Ok((*row).clone()),
            [(a, row), (b, _), ..] if a < b => Ok((*row).clone()),
            [] => {
                let mut e = node.at.error("select-types", format!("no kernel types of {} class {name} fit", map.op), "this op");
                for r in reasons {
                    e = e.fact(r);
                }
                Err(e.help("convert the file to a weight type that is listed, or add a kernel for this one"))
            }
            [(_, a), (_, b), ..] => Err(node
                .at
                .error("select-tie", format!("two rows of types of {} class {name} fit equally well", map.op), "this op")
                .fact(show_row(a))
                .fact(show_row(b))),
        }
    }

    fn convert(&mut self, map: &OpMap, class: &ClassDef, row: &Row, node: &Node<Typed>, operands: &[Id]) -> Result<Vec<Id>> {
        let mut out = Vec::with_capacity(operands.len());
        for (slot, o) in operands.iter().enumerate() {
            let name = map.signature.as_ref().and_then(|s| s.operand(slot)).map(|p| p.name.clone()).unwrap_or_default();
            let want = row[&name];
            if self.out.node(*o).facts.dtype == want {
                out.push(*o);
                continue;
            }
            let op = &class.convert[&name][&want];
            if let Some(done) = self.converted.get(&(*o, op.clone())) {
                out.push(*done);
                continue;
            }
            let converter = self
                .maps
                .op(op)
                .ok_or_else(|| map.at.error("map-unknown-op", format!("no op map \"{op}\" to convert with"), "in this map"))?;
            let source = self.out.node(*o);
            let shape = source.facts.shape.clone();
            let signature =
                converter.signature.as_ref().ok_or_else(|| converter.at.error("map-kind", "a conversion needs a signature", "here"))?;
            let rank = signature.operands.first().map_or(0, |p| p.dims.len());
            let (padded, _) = pad(&shape, &source.facts.layout, rank);
            let mut bound = BTreeMap::new();
            signature.unify(&[padded], &mut bound).map_err(|e| node.at.error("shape", e, "operand of this op"))?;
            if let Some(batch) = node.facts.bound.get(BATCH) {
                bound.entry(BATCH.to_string()).or_insert_with(|| batch.clone());
            }
            let conversion = Node {
                name: format!("{}.{want}", source.name),
                kind: Kind::Op { op: op.clone(), attrs: Default::default() },
                tap: None,
                at: node.at.clone(),
                facts: Typed { shape, stored: None, bound },
            };
            let id = self.node(conversion, &[*o])?;
            if self.out.node(id).facts.dtype != want {
                return Err(map.at.error("map-convert", format!("{op} does not give {want}"), "in this map"));
            }
            self.converted.insert((*o, op.clone()), id);
            out.push(id);
        }
        Ok(out)
    }

    fn candidates(
        &self,
        map: &OpMap,
        class: &str,
        row: &Row,
        bound: &BTreeMap<String, Dim>,
        operands: &[(Vec<Dim>, Layout)],
        node: &Node<Typed>,
    ) -> Result<(Vec<Candidate>, Refused)> {
        let mut candidates: Vec<Candidate> = Vec::new();
        let mut refused = Vec::new();
        for (id, kernel) in &map.kernels {
            match self.fits(map, kernel, class, row, bound, operands) {
                Err(why) => refused.push((id.clone(), why)),
                Ok(candidate) => {
                    if let Some(twin) = candidates.iter().find(|c| c.variant == candidate.variant) {
                        return Err(node
                            .at
                            .error("select-tie", format!("two kernels of {} fit equally well", map.op), "this op")
                            .fact(twin.kernel.clone())
                            .fact(id.clone()));
                    }
                    candidates.push(candidate);
                }
            }
        }
        candidates.sort_by_key(|c| c.variant);
        let portable = self.target.everywhere();
        if candidates.last().map(|c| c.variant) != Some(portable) {
            let mut e = node.at.error(
                "select-none",
                format!(
                    "no kernel of {} class {class} for types {} runs everywhere under target {}",
                    map.op,
                    show_row(row),
                    self.target.name
                ),
                "this op",
            );
            for (id, why) in &refused {
                e = e.fact(format!("{id}: {why}"));
            }
            let v = &self.target.variants[portable];
            let exists = map.kernels.values().any(|k| k.lang == self.target.lang && k.id.class == class && k.id.variant == v.suffix);
            return Err(e.help(if exists {
                format!("the kernel of variant {} does not take this, for the reason above; change the graph, or the kernel", v.name)
            } else {
                format!("every class needs a kernel of variant {}, which runs everywhere; add one to the op's map", v.name)
            }));
        }
        Ok((candidates, refused))
    }

    fn fits(
        &self,
        map: &OpMap,
        kernel: &KernelDef,
        class: &str,
        row: &Row,
        bound: &BTreeMap<String, Dim>,
        operands: &[(Vec<Dim>, Layout)],
    ) -> Result<Candidate, String> {
        if kernel.lang != self.target.lang {
            return Err(format!("is {}, the target is {}", kernel.lang, self.target.lang));
        }
        if kernel.id.class != class {
            return Err(format!("computes class {}, {class} is asked for", kernel.id.class));
        }
        let operand = map.id_operand().unwrap_or_default();
        let dtype = row.get(&operand).map(|d| d.name()).unwrap_or_default();
        if kernel.id.dtype != dtype {
            return Err(format!("takes {operand} of type {}, it is {dtype}", kernel.id.dtype));
        }
        let variant = self
            .target
            .rank(&kernel.id.variant)
            .ok_or_else(|| format!("variant \"{}\" is not one of target {}", kernel.id.variant, self.target.name))?;
        let env = |n: &str| bound.get(n).cloned();
        let mut guard: Option<Condition> = None;
        for g in &kernel.requires {
            match g.decide(&env)? {
                Verdict::Always => {}
                Verdict::Never => return Err(format!("requires {}", g.text)),
                Verdict::Depends(c) if self.target.per_call && variant != self.target.everywhere() => {
                    guard = Some(guard.map_or(c.clone(), |before| before.and(c)));
                }
                Verdict::Depends(_) => return Err(format!("requires {}, which depends on the image", g.text)),
            }
        }
        for name in &kernel.consts {
            match bound.get(name) {
                Some(d) if d.as_const().is_some() => {}
                Some(d) => return Err(format!("needs a static {name}, it is {d}")),
                None => return Err(format!("names {name}, which the signature does not bind")),
            }
        }
        if let Some(name) = kernel.args.iter().flat_map(|a| kernel.value(a).names()).find(|n| !bound.contains_key(n)) {
            return Err(format!("names {name}, which the signature does not bind"));
        }
        for (slot, (shape, layout)) in operands.iter().enumerate() {
            let name = map.signature.as_ref().and_then(|s| s.operand(slot)).map(|p| p.name.clone()).unwrap_or_default();
            if !kernel.strided.contains(&name) && !layout.is_contiguous(shape) {
                return Err(format!("{name} must be contiguous, it has strides {:?} for shape {}", layout.strides, show(shape)));
            }
        }
        for name in &kernel.vec4 {
            let operand = operands
                .iter()
                .enumerate()
                .find(|(slot, _)| map.signature.as_ref().and_then(|s| s.operand(*slot)).is_some_and(|p| p.name == *name));
            if let Some((_, (shape, layout))) = operand
                && let Some(bytes) = row.get(name).and_then(|d| d.element_bytes())
                && layout.strides.iter().rev().skip(1).chain([&layout.offset]).any(|s| !(s * bytes).is_multiple_of(16))
            {
                return Err(format!(
                    "reads {name} in pieces of 16 bytes, it lies at {} with strides {:?} for shape {}",
                    layout.offset,
                    layout.strides,
                    show(shape)
                ));
            }
        }
        let launch = kernel.launch.iter().map(|e| e.bind(&env)).collect::<Result<_, _>>()?;
        Ok(Candidate { kernel: kernel.id.text.clone(), variant, guard, launch, scratch: kernel.scratch.bind(&env)? })
    }
}

/// Fits a value to a signature of higher rank: dimensions of one element go before the last.
fn pad(shape: &[Dim], layout: &Layout, rank: usize) -> (Vec<Dim>, Layout) {
    let (mut shape, mut layout) = (shape.to_vec(), layout.clone());
    while shape.len() < rank && !shape.is_empty() {
        let at = shape.len() - 1;
        let inner = shape[at].as_const().unwrap_or(1).saturating_mul(layout.strides.get(at).copied().unwrap_or(1));
        shape.insert(at, Dim::constant(1));
        if !layout.strides.is_empty() {
            layout.strides.insert(at, inner);
        }
    }
    (shape, layout)
}

fn show_row(row: &Row) -> String {
    row.iter().map(|(k, v)| format!("{k}:{v}")).collect::<Vec<_>>().join(" ")
}
