//! TypedGraph → FusedGraph: chains that the target asks for become one op of equal bits; outputs still exist, taps as asked.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use crate::classes::{Alternative, alternatives};
use crate::diagnostic::Result;
use crate::infer::{BATCH, Typed, TypedGraph, symbols};
use crate::ir::{Attr, Dag, Id, Kind, Node};
use crate::maps::{Maps, OpMap, Profile, Target};

/// Which taps a build keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taps {
    /// Every tap of the template; fusion stops at them.
    All,
    /// Those, and the result of every other kernel under the name of its value.
    Every,
    /// Only those that fusion leaves over.
    Kept,
}

pub type FusedGraph = Dag<Typed>;

pub fn fuse(mut graph: TypedGraph, maps: &Maps, profile: &Profile, target: &Target, taps: Taps) -> Result<FusedGraph> {
    for op in &target.fuse {
        if let Some(map) = maps.op(op) {
            graph = fuse_one(graph, map, maps, profile, target, taps)?;
        }
    }
    graph.check("fuse")?;
    Ok(graph)
}

fn fuse_one(graph: TypedGraph, fused: &OpMap, maps: &Maps, profile: &Profile, target: &Target, taps: Taps) -> Result<FusedGraph> {
    let mut chains: Vec<Vec<Id>> = Vec::new();
    let mut taken = BTreeSet::new();
    for id in graph.ids() {
        if let Some(chain) = chain_from(&graph, id, fused, maps, taps)
            && chain.iter().all(|id| !taken.contains(id))
            && chain_attrs(&graph, &chain).is_some()
            && same_bits(&graph, &chain, fused, maps, profile, target)?
        {
            taken.extend(chain.iter().copied());
            chains.push(chain);
        }
    }
    let mut out = FusedGraph::default();
    let mut ids: Vec<Option<Id>> = vec![None; graph.len()];
    for id in graph.ids() {
        let node = graph.node(id).clone();
        let chain = chains.iter().find(|c| c.contains(&id));
        let new = match chain {
            Some(chain) if chain.last() != Some(&id) => continue,
            Some(chain) => {
                let operands: Vec<Id> = chain_operands(&graph, chain).iter().filter_map(|o| ids[o.index()]).collect();
                let (shape, attrs) = (node.facts.shape.clone(), chain_attrs(&graph, chain).unwrap_or_default());
                let shapes: Vec<_> = operands.iter().map(|o| out.node(*o).facts.shape.clone()).collect();
                let mut bound = symbols(&attrs);
                let unified = fused.signature.as_ref().map(|s| s.unify(&shapes, &mut bound));
                match unified {
                    Some(Ok(s)) if s == shape => {}
                    other => {
                        let why = other.and_then(Result::err).unwrap_or_else(|| "the result's shape differs".to_string());
                        return Err(fused.at.error(
                            "map-fusion",
                            format!("{} does not fit the chain it replaces: {why}", fused.op),
                            "this map",
                        ));
                    }
                }
                let kind = Kind::Op { op: fused.op.clone(), attrs };
                if let Some(batch) = node.facts.bound.get(BATCH) {
                    bound.entry(BATCH.to_string()).or_insert_with(|| batch.clone());
                }
                out.add(Node { kind, facts: Typed { shape, stored: None, bound }, ..node }, &operands)
            }
            None => {
                let operands: Vec<Id> = graph.operands(id).iter().filter_map(|o| ids[o.index()]).collect();
                out.add(node, &operands)
            }
        };
        ids[id.index()] = Some(new);
    }
    out.outputs = graph.outputs.iter().filter_map(|(k, v)| Some((k.clone(), ids[v.index()]?))).collect();
    Ok(out)
}

/// The nodes of the chain that starts here, if each is used by the next alone.
fn chain_from(graph: &TypedGraph, first: Id, fused: &OpMap, maps: &Maps, taps: Taps) -> Option<Vec<Id>> {
    let links = &fused.fused.as_ref()?.chain;
    if graph.node(first).op() != links.first().map(|l| l.op.as_str()) {
        return None;
    }
    let mut chain = vec![first];
    for link in &links[1..] {
        let current = *chain.last()?;
        let node = graph.node(current);
        if graph.is_output(current) || (taps != Taps::Kept && node.tap.is_some()) {
            return None;
        }
        let users = graph.users(current);
        let [(user, slot)] = users.as_slice() else { return None };
        let enters = *slot == 0 || (*slot == 1 && maps.op(&link.op)?.commutes);
        if graph.node(*user).op() != Some(&link.op) || !enters {
            return None;
        }
        chain.push(*user);
    }
    Some(chain)
}

/// Operands of the first op, then of each next one all but the chain's own value.
fn chain_operands(graph: &TypedGraph, chain: &[Id]) -> Vec<Id> {
    let mut operands = graph.operands(chain[0]);
    for pair in chain.windows(2) {
        operands.extend(graph.operands(pair[1]).into_iter().filter(|o| *o != pair[0]));
    }
    operands
}

/// Attributes of all members; none if two give one name different values.
fn chain_attrs(graph: &TypedGraph, chain: &[Id]) -> Option<IndexMap<String, Attr>> {
    let mut attrs: IndexMap<String, Attr> = IndexMap::new();
    for id in chain {
        if let Kind::Op { attrs: a, .. } = &graph.node(*id).kind {
            for (name, value) in a {
                if attrs.insert(name.clone(), value.clone()).is_some_and(|before| before != *value) {
                    return None;
                }
            }
        }
    }
    Some(attrs)
}

/// Whether the fused op has a class equal to what the profile asks of the chain, for every guard.
fn same_bits(graph: &TypedGraph, chain: &[Id], fused: &OpMap, maps: &Maps, profile: &Profile, target: &Target) -> Result<bool> {
    let members = member_classes(graph, chain, maps, profile, target)?;
    Ok(fused_alternatives(fused, &members).is_some())
}

fn member_classes(
    graph: &TypedGraph,
    chain: &[Id],
    maps: &Maps,
    profile: &Profile,
    target: &Target,
) -> Result<Vec<(String, Vec<Alternative>)>> {
    chain
        .iter()
        .map(|id| {
            let node = graph.node(*id);
            let op = node.op().unwrap_or_default().to_string();
            let types = graph
                .operands(*id)
                .iter()
                .map(|o| graph.node(*o).facts.stored.as_ref().map(|s| crate::ir::Dtype::of(s.dtype)))
                .collect::<Vec<_>>();
            let alternatives = alternatives(maps, profile, &target.lang, &op, &node.facts.bound, &types, &node.at)?;
            Ok((op, alternatives))
        })
        .collect()
}

/// Classes of the fused op for the guards of its members: at most one member may have guards.
pub fn fused_alternatives(fused: &OpMap, members: &[(String, Vec<Alternative>)]) -> Option<Vec<Alternative>> {
    let guarded: Vec<_> = members.iter().filter(|(_, a)| a.len() > 1).collect();
    if guarded.len() > 1 {
        return None;
    }
    let rows: Vec<Option<&Alternative>> = match guarded.first() {
        Some((_, alternatives)) => alternatives.iter().map(Some).collect(),
        None => vec![None],
    };
    rows.into_iter()
        .map(|row| {
            let class_of = |op: &str| -> Option<String> {
                let (_, a) = members.iter().find(|(name, _)| name == op)?;
                match (a.as_slice(), row) {
                    ([only], _) => Some(only.class.clone()),
                    (_, Some(r)) => Some(r.class.clone()),
                    _ => None,
                }
            };
            let class = fused
                .classes
                .iter()
                .find(|(_, c)| members.iter().all(|(op, _)| c.of.get(op).is_some() && c.of.get(op) == class_of(op).as_ref()))?;
            Some(Alternative {
                guard: row.and_then(|r| r.guard.clone()),
                guard_text: row.and_then(|r| r.guard_text.clone()),
                class: class.0.clone(),
            })
        })
        .collect()
}
