//! OpGraph → TypedGraph: the shape of every value, by unifying each op's signature; every symbol of the signature bound.

use std::collections::BTreeMap;

use crate::diagnostic::Result;
use crate::expand::OpGraph;
use crate::expr::Dim;
use crate::ir::{Attr, Dag, Kind};
use crate::maps::Maps;
use crate::signature::show;
use crate::sizes::Stored;
use crate::view;

/// Symbol that guards and kernels may use besides those of the signature: images in the batch, the first dimension of the
/// input. A guard that counts rows must count them per image, or an image would get other bits in a batch than alone.
pub const BATCH: &str = "batch";

/// Shape of a value; for ops also what each symbol of the signature stands for, and [`BATCH`].
#[derive(Debug, Clone)]
pub struct Typed {
    pub shape: Vec<Dim>,
    pub stored: Option<Stored>,
    pub bound: BTreeMap<String, Dim>,
}

pub type TypedGraph = Dag<Typed>;

pub fn infer(graph: OpGraph, maps: &Maps) -> Result<TypedGraph> {
    let mut out = TypedGraph::default();
    let mut ids = Vec::with_capacity(graph.len());
    let mut batch = None;
    for id in graph.ids() {
        let node = graph.node(id).clone();
        let operands: Vec<_> = graph.operands(id).iter().map(|o| ids[o.index()]).collect();
        let typed = match &node.kind {
            Kind::Input | Kind::Weight => Typed {
                shape: node.facts.given_shape.clone().unwrap_or_default(),
                stored: node.facts.stored.clone(),
                bound: BTreeMap::new(),
            },
            Kind::Op { op, attrs } => {
                let shapes: Vec<Vec<Dim>> = operands.iter().map(|o| out.node(*o).facts.shape.clone()).collect();
                let mut bound = symbols(attrs);
                let map = maps.op(op).ok_or_else(|| node.at.error("template-unknown-op", format!("no op \"{op}\""), "used here"))?;
                let shape = match (&map.signature, &map.view) {
                    (Some(signature), _) => signature.unify(&shapes, &mut bound),
                    (None, Some(rule)) => view::shape(rule, &shapes, attrs),
                    (None, None) => Err(format!("{op} is a preprocessing op")),
                };
                let shape = shape.map_err(|why| {
                    let mut e = node.at.error("shape", format!("{op} \"{}\": {why}", node.name), "this op");
                    for o in &operands {
                        let n = out.node(*o);
                        e = e.fact(format!("{} has shape {}", n.name, show(&n.facts.shape)));
                    }
                    for (k, v) in attrs {
                        e = e.fact(format!("{k} = {v}"));
                    }
                    e
                })?;
                if let Some(batch) = &batch {
                    bound.entry(BATCH.to_string()).or_insert_with(|| Dim::clone(batch));
                }
                Typed { shape, stored: None, bound }
            }
        };
        if node.kind == Kind::Input {
            batch = typed.shape.first().cloned();
        }
        ids.push(out.add(node.with(typed), &operands));
    }
    out.outputs = graph.outputs.iter().map(|(k, v)| (k.clone(), ids[v.index()])).collect();
    out.check("infer")?;
    Ok(out)
}

/// Integer attributes are symbols of the signature.
pub fn symbols(attrs: &indexmap::IndexMap<String, Attr>) -> BTreeMap<String, Dim> {
    attrs
        .iter()
        .filter_map(|(k, v)| match v {
            Attr::Dim(d) => Some((k.clone(), d.clone())),
            _ => None,
        })
        .collect()
}
