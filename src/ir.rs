//! The graph that all stages share, and the invariants each stage keeps.
//!
//! * every node is a value: an input, a weight, or the one result of an op;
//! * node order is template order and is an execution order: operands come before their users;
//! * operand slots live on the edges; nobody but this file touches petgraph;
//! * value names are unique, tap names are unique;
//! * a pass takes a graph by value and builds a new one; nodes are never removed in place.

use std::collections::BTreeSet;
use std::fmt;

use indexmap::IndexMap;
use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::diagnostic::{Diagnostic, Result};
use crate::expr::Dim;
use crate::gguf::dtype::GgmlType;
use crate::json::{At, Node as Json};

/// How an element is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dtype(GgmlType);

impl Dtype {
    pub const F32: Self = Self(GgmlType::F32);
    pub const F16: Self = Self(GgmlType::F16);
    pub const I32: Self = Self(GgmlType::I32);

    /// The type that maps and kernel ids call `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        GgmlType::from_name(name).map(Self)
    }

    pub fn from_node(node: &Json) -> Result<Self> {
        let name = node.str()?;
        Self::from_name(name).ok_or_else(|| node.at.error("dtype-unknown", format!("\"{name}\" is no element type"), "found this"))
    }

    pub fn of(kind: GgmlType) -> Self {
        Self(kind)
    }

    pub fn ggml(self) -> GgmlType {
        self.0
    }

    /// Lower-case name as maps and kernel ids spell it.
    pub fn name(self) -> String {
        self.0.name().to_lowercase()
    }

    /// Bytes of one element; `None` for block formats.
    pub fn element_bytes(self) -> Option<u64> {
        (self.0.block_size() == 1).then(|| self.0.block_bytes())
    }

    /// C type of a pointer to such elements.
    pub fn c_type(self) -> &'static str {
        match self.0 {
            GgmlType::F32 => "float",
            GgmlType::I32 => "int32_t",
            _ if self.element_bytes() == Some(2) => "uint16_t",
            _ => "uint8_t",
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// An attribute whose names are resolved.
#[derive(Debug, Clone, PartialEq)]
pub enum Attr {
    Dim(Dim),
    F32(f32),
    F32List(Vec<f32>),
    U8List(Vec<u8>),
    Word(String),
    Shape(Vec<Dim>),
}

impl fmt::Display for Attr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Attr::Dim(d) => write!(f, "{d}"),
            Attr::F32(v) => write!(f, "{}", hex_float(*v)),
            Attr::F32List(v) => write!(f, "[{}]", v.iter().map(|x| hex_float(*x)).collect::<Vec<_>>().join(", ")),
            Attr::U8List(v) => write!(f, "{v:?}"),
            Attr::Word(w) => f.write_str(w),
            Attr::Shape(s) => f.write_str(&crate::signature::show(s)),
        }
    }
}

/// A float as a C99 hexadecimal literal: the same bits in every compiler.
pub fn hex_float(v: f32) -> String {
    let bits = v.to_bits();
    let (sign, exp, frac) = (if bits >> 31 == 1 { "-" } else { "" }, (bits >> 23 & 0xff) as i32, bits & 0x7f_ffff);
    match (exp, frac) {
        (0, 0) => format!("{sign}0x0p+0f"),
        (0, _) => format!("{sign}0x0.{:06x}p-126f", frac << 1),
        _ => {
            let digits = format!("{:06x}", frac << 1);
            let digits = digits.trim_end_matches('0');
            let dot = if digits.is_empty() { "" } else { "." };
            format!("{sign}0x1{dot}{digits}p{:+}f", exp - 127)
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    Input,
    Weight,
    Op { op: String, attrs: IndexMap<String, Attr> },
}

/// A value and how it comes to be; `facts` is what the stage has found out.
#[derive(Debug, Clone)]
pub struct Node<F> {
    pub name: String,
    pub kind: Kind,
    pub tap: Option<String>,
    pub at: At,
    pub facts: F,
}

impl<F> Node<F> {
    pub fn op(&self) -> Option<&str> {
        match &self.kind {
            Kind::Op { op, .. } => Some(op),
            _ => None,
        }
    }

    pub fn with<G>(self, facts: G) -> Node<G> {
        Node { name: self.name, kind: self.kind, tap: self.tap, at: self.at, facts }
    }
}

/// Index of a value in its graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(NodeIndex);

impl Id {
    pub fn index(self) -> usize {
        self.0.index()
    }
}

#[derive(Debug, Clone)]
pub struct Dag<F> {
    graph: DiGraph<Node<F>, usize>,
    pub outputs: IndexMap<String, Id>,
}

impl<F> Default for Dag<F> {
    fn default() -> Self {
        Self { graph: DiGraph::new(), outputs: IndexMap::new() }
    }
}

impl<F> Dag<F> {
    pub fn add(&mut self, node: Node<F>, operands: &[Id]) -> Id {
        let id = self.graph.add_node(node);
        for (slot, operand) in operands.iter().enumerate() {
            self.graph.add_edge(operand.0, id, slot);
        }
        Id(id)
    }

    pub fn ids(&self) -> impl Iterator<Item = Id> + use<F> {
        (0..self.graph.node_count()).map(|i| Id(NodeIndex::new(i)))
    }

    pub fn node(&self, id: Id) -> &Node<F> {
        &self.graph[id.0]
    }

    pub fn node_mut(&mut self, id: Id) -> &mut Node<F> {
        &mut self.graph[id.0]
    }

    /// Operands by slot.
    pub fn operands(&self, id: Id) -> Vec<Id> {
        let mut edges: Vec<_> = self.graph.edges_directed(id.0, Direction::Incoming).map(|e| (*e.weight(), Id(e.source()))).collect();
        edges.sort();
        edges.into_iter().map(|(_, id)| id).collect()
    }

    /// Users in template order, each with the slot it reads by.
    pub fn users(&self, id: Id) -> Vec<(Id, usize)> {
        let mut edges: Vec<_> = self.graph.edges_directed(id.0, Direction::Outgoing).map(|e| (Id(e.target()), *e.weight())).collect();
        edges.sort();
        edges
    }

    pub fn is_output(&self, id: Id) -> bool {
        self.outputs.values().any(|o| *o == id)
    }

    pub fn len(&self) -> usize {
        self.graph.node_count()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The invariants of the file header; a violation is a bug in the pass before.
    pub fn check(&self, stage: &str) -> Result<()> {
        let bug = |what: String| Diagnostic::new("internal-invariant", format!("after {stage}: {what}")).help("this is a bug in isobit");
        let (mut names, mut taps) = (BTreeSet::new(), BTreeSet::new());
        for id in self.ids() {
            let node = self.node(id);
            if !names.insert(&node.name) {
                return Err(bug(format!("two values are named {}", node.name)));
            }
            if let Some(tap) = &node.tap
                && !taps.insert(tap)
            {
                return Err(bug(format!("two values have the tap {tap}")));
            }
            let slots: Vec<_> = self.graph.edges_directed(id.0, Direction::Incoming).map(|e| *e.weight()).collect();
            if slots.iter().collect::<BTreeSet<_>>().len() != slots.len() {
                return Err(bug(format!("{} has two operands in one slot", node.name)));
            }
            if self.operands(id).iter().any(|o| *o >= id) {
                return Err(bug(format!("{} is computed before one of its operands", node.name)));
            }
        }
        if self.outputs.is_empty() {
            return Err(bug("there is no output".to_string()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::hex_float;

    #[test]
    fn hex_floats_keep_their_bits() {
        for (v, text) in
            [(1e-6f32, "0x1.0c6f7ap-20f"), (0.5, "0x1p-1f"), (-0.0, "-0x0p+0f"), (1e-40, "0x0.022d84p-126f"), (3.0, "0x1.8p+1f")]
        {
            assert_eq!(hex_float(v), text);
        }
    }
}
