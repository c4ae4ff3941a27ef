//! KernelGraph → Plan: execution order, liveness, in-place results, storage; offsets for a concrete image by first fit.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Result};
use crate::expr::{Bound, Dim};
use crate::ir::{Id, Kind};
use crate::maps::Maps;
use crate::select::{How, KernelGraph, Selected};

/// Alignment of every value in the arena, in bytes: one cache line, and the widest vector register.
pub const ALIGNMENT: u64 = 64;

/// Where a pointer of a step leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Value(usize),
    Weight(usize),
    Output(usize),
}

/// A pointer: a place and a byte offset into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    pub place: Place,
    pub offset: u64,
}

#[derive(Debug)]
pub struct Step {
    pub node: Id,
    /// Operands, then the result.
    pub pointers: Vec<Pointer>,
    /// Operand slot whose bytes the result takes over.
    pub in_place: Option<usize>,
}

/// Bytes in the arena that live from step `first` to step `last`, both included.
#[derive(Debug)]
pub struct Storage {
    pub name: String,
    pub bytes: Dim,
    pub first: usize,
    pub last: usize,
}

#[derive(Debug)]
pub struct TapPoint {
    pub node: Id,
    /// Called right after this step.
    pub step: usize,
    pub pointer: Pointer,
}

#[derive(Debug)]
pub struct Plan {
    pub graph: KernelGraph,
    pub steps: Vec<Step>,
    /// The input first.
    pub values: Vec<Storage>,
    pub weights: Vec<Id>,
    pub taps: Vec<TapPoint>,
    pub worker_scratch: Vec<Bound>,
}

/// Concrete numbers for one image size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    pub offsets: Vec<u64>,
    pub sizes: Vec<u64>,
    /// End of the last value.
    pub values_bytes: u64,
    pub worker_scratch: u64,
}

pub fn plan(graph: KernelGraph, maps: &Maps) -> Result<Plan> {
    let order: Vec<Id> = graph.ids().filter(|id| matches!(graph.node(*id).facts.how, How::Kernels(_))).collect();
    let step_of: BTreeMap<Id, usize> = order.iter().enumerate().map(|(i, id)| (*id, i)).collect();
    let base: Vec<Id> = graph.ids().map(|id| base_of(&graph, id)).collect();

    // last step that reads each base value, through whatever view
    let mut last_use: BTreeMap<Id, usize> = BTreeMap::new();
    for id in &order {
        for o in graph.operands(*id) {
            let e = last_use.entry(base[o.index()]).or_insert(0);
            *e = (*e).max(step_of[id]);
        }
    }

    let mut values: Vec<Storage> = Vec::new();
    let mut weights = Vec::new();
    let mut place: BTreeMap<Id, Place> = BTreeMap::new();
    for id in graph.ids() {
        let node = graph.node(id);
        match node.kind {
            Kind::Input => {
                let last = last_use.get(&id).copied().unwrap_or(0);
                place.insert(id, Place::Value(values.len()));
                values.push(Storage { name: node.name.clone(), bytes: bytes(&graph, id)?, first: 0, last });
            }
            Kind::Weight => {
                place.insert(id, Place::Weight(weights.len()));
                weights.push(id);
            }
            Kind::Op { .. } => {}
        }
    }
    for (i, (name, id)) in graph.outputs.iter().enumerate() {
        let node = graph.node(*id);
        if !step_of.contains_key(id) {
            return Err(node.at.error(
                "plan-output",
                format!("output \"{name}\" must be the result of a kernel, not a view, input or weight"),
                "this value",
            ));
        }
        place.insert(*id, Place::Output(i));
    }

    let mut steps = Vec::new();
    let mut worker_scratch: Vec<Bound> = Vec::new();
    for (i, id) in order.iter().enumerate() {
        let node = graph.node(*id);
        let How::Kernels(selected) = &node.facts.how else { continue };
        for c in selected.choices.iter().flat_map(|c| &c.candidates) {
            if c.scratch.as_const() != Some(0) && !worker_scratch.contains(&c.scratch) {
                worker_scratch.push(c.scratch.clone());
            }
        }
        let operands = graph.operands(*id);
        let mut in_place = None;
        if !place.contains_key(id) {
            let size = bytes(&graph, *id)?;
            in_place = in_place_slot(&graph, maps, selected, &operands, &base, &place, &last_use, i, &size)?;
            match in_place.and_then(|slot| place.get(&base[operands[slot].index()])) {
                Some(Place::Value(v)) => {
                    let v = *v;
                    values[v].last = values[v].last.max(last_use.get(id).copied().unwrap_or(i));
                    place.insert(*id, Place::Value(v));
                }
                _ => {
                    place.insert(*id, Place::Value(values.len()));
                    values.push(Storage { name: node.name.clone(), bytes: size, first: i, last: last_use.get(id).copied().unwrap_or(i) });
                }
            }
        }
        let mut pointers = Vec::new();
        for o in operands.iter().chain([id]) {
            pointers.push(pointer(&graph, &base, &place, *o)?);
        }
        steps.push(Step { node: *id, pointers, in_place });
    }

    let mut taps = Vec::new();
    for id in graph.ids().filter(|id| graph.node(*id).tap.is_some()) {
        let node = graph.node(id);
        let step = step_of
            .get(&base[id.index()])
            .copied()
            .ok_or_else(|| node.at.error("plan-tap", format!("\"{}\" is not computed, so it cannot be a tap", node.name), "this value"))?;
        taps.push(TapPoint { node: id, step, pointer: pointer(&graph, &base, &place, id)? });
    }
    taps.sort_by_key(|t| t.step);
    let plan = Plan { graph, steps, values, weights, taps, worker_scratch };
    plan.check()?;
    Ok(plan)
}

#[allow(clippy::too_many_arguments)]
fn in_place_slot(
    graph: &KernelGraph,
    maps: &Maps,
    selected: &Selected,
    operands: &[Id],
    base: &[Id],
    place: &BTreeMap<Id, Place>,
    last_use: &BTreeMap<Id, usize>,
    step: usize,
    size: &Dim,
) -> Result<Option<usize>> {
    for (slot, o) in operands.iter().enumerate() {
        let b = base[o.index()];
        let allowed = selected.choices.iter().flat_map(|c| &c.candidates).all(|c| {
            let op = c.kernel.split('.').next().unwrap_or_default();
            let map = maps.op(op);
            let name = map.and_then(|m| m.signature.as_ref()?.operand(slot).map(|p| p.name.clone()));
            map.and_then(|m| m.kernels.get(&c.kernel)).is_some_and(|k| name.is_some_and(|n| k.over.contains(&n)))
        });
        let whole = graph.node(*o).facts.layout.offset == 0 && graph.node(*o).facts.layout.is_contiguous(&graph.node(*o).facts.shape);
        let alone = operands.iter().filter(|p| base[p.index()] == b).count() == 1;
        if allowed
            && whole
            && alone
            && last_use.get(&b) == Some(&step)
            && matches!(place.get(&b), Some(Place::Value(v)) if *v > 0)
            && bytes(graph, b)? == *size
        {
            return Ok(Some(slot));
        }
    }
    Ok(None)
}

fn base_of(graph: &KernelGraph, id: Id) -> Id {
    let mut id = id;
    while matches!(graph.node(id).facts.how, How::View) {
        id = graph.operands(id)[0];
    }
    id
}

fn pointer(graph: &KernelGraph, base: &[Id], place: &BTreeMap<Id, Place>, id: Id) -> Result<Pointer> {
    let facts = &graph.node(id).facts;
    let b = base[id.index()];
    let place = place.get(&b).cloned().ok_or_else(|| graph.node(b).at.error("internal-plan", "a value has no place", "this value"))?;
    let element = facts.dtype.element_bytes();
    let offset = match (facts.layout.offset, element) {
        (0, _) => 0,
        (o, Some(e)) => o.checked_mul(e).ok_or_else(|| graph.node(id).at.error("plan-size", "integer overflow", "this view"))?,
        _ => return Err(graph.node(id).at.error("plan-view", "a view of a block format must start at its first element", "this view")),
    };
    Ok(Pointer { place, offset })
}

fn bytes(graph: &KernelGraph, id: Id) -> Result<Dim> {
    let node = graph.node(id);
    let dtype = node.facts.dtype;
    let size = || match dtype.element_bytes() {
        Some(element) => node.facts.shape.iter().try_fold(Dim::constant(element), |p, d| p.mul(d)),
        None => {
            // blocks lie along the last dimension
            let (row, outer) = node.facts.shape.split_last()?;
            let row = Dim::constant(dtype.ggml().row_bytes(row.as_const()?)?);
            outer.iter().try_fold(row, |p, d| p.mul(d))
        }
    };
    size().ok_or_else(|| {
        let shape = crate::signature::show(&node.facts.shape);
        node.at
            .error("plan-size", format!("\"{}\" has no size in bytes: {shape} of {dtype}", node.name), "this value")
            .help("a row of a block format has a fixed length that is a multiple of its block, and sizes fit into 64 bits")
    })
}

/// Bytes from the first element of a value to its last, which may have gaps between them.
pub fn span(graph: &KernelGraph, id: Id) -> Result<Dim> {
    let node = graph.node(id);
    let (shape, layout) = (&node.facts.shape, &node.facts.layout);
    match node.facts.dtype.element_bytes().filter(|_| !layout.is_contiguous(shape)) {
        None => bytes(graph, id),
        Some(element) => {
            let one = Dim::constant(element);
            let last = |d: &Dim, stride: u64| d.sub(&Dim::constant(1))?.mul(&Dim::constant(stride.checked_mul(element)?));
            let end = shape.iter().zip(&layout.strides).try_fold(one, |end, (d, s)| end.add(&last(d, *s)?));
            end.ok_or_else(|| node.at.error("plan-size", "integer overflow", "this view"))
        }
    }
}

impl Plan {
    /// Every pointer a step reads was written before and is still alive; nothing is written over while others need it.
    fn check(&self) -> Result<()> {
        let bug = |what: String| Err(Diagnostic::new("internal-invariant", format!("after plan: {what}")).help("this is a bug in isobit"));
        for (i, step) in self.steps.iter().enumerate() {
            for p in &step.pointers {
                if let Place::Value(v) = p.place
                    && !(self.values[v].first <= i && i <= self.values[v].last)
                {
                    return bug(format!("step {i} uses {} outside its life", self.values[v].name));
                }
            }
        }
        Ok(())
    }

    /// Offsets for concrete run-time dimensions: each value at the lowest free multiple of [`ALIGNMENT`].
    pub fn place(&self, dims: &BTreeMap<String, u64>) -> Option<Placement> {
        let mut offsets: Vec<u64> = Vec::with_capacity(self.values.len());
        let mut sizes: Vec<u64> = Vec::with_capacity(self.values.len());
        let mut end = 0u64;
        for (i, v) in self.values.iter().enumerate() {
            let size = v.bytes.eval(dims)?;
            let mut busy: Vec<(u64, u64)> = (0..i)
                .filter(|j| self.values[*j].first <= v.last && v.first <= self.values[*j].last)
                .map(|j| (offsets[j], offsets[j] + sizes[j]))
                .collect();
            busy.sort();
            let mut at = 0u64;
            for (from, to) in busy {
                if at.checked_add(size)? <= from {
                    break;
                }
                at = at.max(to.checked_next_multiple_of(ALIGNMENT)?);
            }
            offsets.push(at);
            sizes.push(size);
            end = end.max(at.checked_add(size)?);
        }
        let scratch = self.worker_scratch.iter().map(|s| s.eval(dims)).try_fold(0u64, |m, s| Some(m.max(s?)))?;
        Some(Placement {
            offsets,
            sizes,
            values_bytes: end.checked_next_multiple_of(ALIGNMENT)?,
            worker_scratch: scratch.checked_next_multiple_of(ALIGNMENT)?,
        })
    }

    /// Floating-point operations for concrete dimensions.
    pub fn flops(&self, dims: &BTreeMap<String, u64>) -> Option<u64> {
        self.steps.iter().try_fold(0u64, |sum, s| match &self.graph.node(s.node).facts.how {
            How::Kernels(k) => sum.checked_add(k.flops.eval(dims)?),
            _ => Some(sum),
        })
    }
}
