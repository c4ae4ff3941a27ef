//! The ops between a value and the values before it that both sides have: what a difference there can come from.

use std::collections::{BTreeMap, BTreeSet};

use super::{OUTPUT, class_of};
use crate::ir::{Id, Kind};
use crate::plan::Plan;
use crate::select::How;

/// One op of a segment.
#[derive(Debug, Clone)]
pub struct SegmentStep {
    pub node: Id,
    pub value: String,
    pub op: String,
    /// The one that ran; before a run the candidates of every guard.
    pub kernel: String,
    pub class: String,
}

/// The ops that make a value out of known ones, in graph order.
#[derive(Debug, Clone)]
pub struct Segment {
    pub steps: Vec<SegmentStep>,
    /// Names of the known operands: taps, weights, the input.
    pub operands: Vec<String>,
    /// The image is among them and the reference's is not known, so preprocessing is part of the segment.
    pub from_input: bool,
}

/// Segments of a plan for a set of known values.
pub struct Segments<'a> {
    plan: &'a Plan,
    /// Taps that the reference has, too.
    known: BTreeSet<Id>,
    by_tap: BTreeMap<&'a str, Id>,
    /// Kernels by value name, as far as they were seen to run.
    ran: BTreeMap<String, String>,
}

impl<'a> Segments<'a> {
    /// `paired` says whether a tap has a counterpart.
    pub fn new(plan: &'a Plan, paired: impl Fn(&str) -> bool) -> Self {
        let taps = plan.graph.ids().filter_map(|id| Some((plan.graph.node(id).tap.as_deref()?, id)));
        let mut by_tap: BTreeMap<&str, Id> = taps.collect();
        if let Some(id) = plan.graph.outputs.values().next() {
            by_tap.entry(OUTPUT).or_insert(*id);
        }
        for id in plan.graph.ids().filter(|id| plan.graph.node(*id).kind == Kind::Input) {
            by_tap.entry(&plan.graph.node(id).name).or_insert(id);
        }
        let known = by_tap.iter().filter(|(tap, _)| paired(tap)).map(|(_, id)| *id).collect();
        Self { plan, known, by_tap, ran: BTreeMap::new() }
    }

    /// Remembers which kernels made the taps.
    pub fn ran(&mut self, kernels: &BTreeMap<String, String>) {
        for (tap, kernel) in kernels {
            if let Some(id) = self.by_tap.get(tap.as_str()) {
                let value = &self.plan.graph.node(self.base(*id)).name;
                self.ran.insert(value.clone(), kernel.clone());
            }
        }
    }

    pub fn tap(&self, label: &str) -> Option<Id> {
        self.by_tap.get(label).copied()
    }

    pub fn is_known(&self, id: Id) -> bool {
        self.known.contains(&id)
    }

    /// The value whose bytes a view lies in.
    pub fn base(&self, id: Id) -> Id {
        let mut id = id;
        while matches!(self.plan.graph.node(id).facts.how, How::View) {
            id = self.plan.graph.operands(id)[0];
        }
        id
    }

    /// The segment that ends in the value of a node.
    pub fn of(&self, end: Id) -> Segment {
        let g = &self.plan.graph;
        let (mut steps, mut known) = (BTreeSet::new(), BTreeSet::new());
        let mut open: Vec<Id> = [self.base(end)].into_iter().filter(|id| matches!(g.node(*id).kind, Kind::Op { .. })).collect();
        while let Some(id) = open.pop() {
            if !steps.insert(id) {
                continue;
            }
            for operand in g.operands(id) {
                match self.resolved(operand) {
                    Some(found) => {
                        known.insert(found);
                    }
                    None => open.push(self.base(operand)),
                }
            }
        }
        // values before weights
        let mut known: Vec<Id> = known.into_iter().collect();
        known.sort_by_key(|id| (g.node(*id).kind == Kind::Weight, *id));
        Segment {
            steps: steps.into_iter().map(|id| self.step(id)).collect(),
            operands: known.iter().map(|id| g.node(*id).tap.clone().unwrap_or_else(|| g.node(*id).name.clone())).collect(),
            from_input: known.iter().any(|id| g.node(*id).kind == Kind::Input && !self.known.contains(id)),
        }
    }

    /// The known value that an operand is or lies in: on the way to its base the first that is a tap of both sides, a weight or
    /// the input.
    pub fn resolved(&self, operand: Id) -> Option<Id> {
        let g = &self.plan.graph;
        let mut id = operand;
        loop {
            if self.known.contains(&id) || matches!(g.node(id).kind, Kind::Input | Kind::Weight) {
                return Some(id);
            }
            if !matches!(g.node(id).facts.how, How::View) {
                return None;
            }
            id = g.operands(id)[0];
        }
    }

    fn step(&self, id: Id) -> SegmentStep {
        let node = self.plan.graph.node(id);
        let How::Kernels(selected) = &node.facts.how else {
            return SegmentStep { node: id, value: node.name.clone(), op: String::new(), kernel: String::new(), class: String::new() };
        };
        let (kernel, class) = match self.ran.get(&node.name) {
            Some(kernel) => (kernel.clone(), class_of(kernel).to_string()),
            None => {
                let best = selected.choices.iter().filter_map(|c| Some(c.candidates.first()?.kernel.as_str()));
                let classes = selected.choices.iter().map(|c| c.class.as_str());
                (best.collect::<Vec<_>>().join(" or "), classes.collect::<Vec<_>>().join(" or "))
            }
        };
        SegmentStep { node: id, value: node.name.clone(), op: node.op().unwrap_or_default().to_string(), kernel, class }
    }
}
