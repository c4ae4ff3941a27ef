//! Cuts ops out of a run as a test vector: operands, attributes and the reference's result, as few rows as say it all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use super::segment::{Segment, Segments};
use crate::atomic::Staged;
use crate::diagnostic::{Diagnostic, Result};
use crate::expr::{Dim, Expr};
use crate::gguf::GgufDirectory;
use crate::host::npy;
use crate::ir::{Attr, Dtype, Id, Kind};
use crate::maps::{Maps, OpMap};
use crate::plan::Plan;
use crate::select::{How, Selected};
use crate::taps::{DType, Tap};
use crate::view::Layout;

/// File that describes a vector.
pub const INDEX: &str = "vector.json";

/// What a vector is cut from.
pub struct Cut<'a> {
    pub plan: &'a Plan,
    pub maps: &'a Maps,
    pub segments: &'a Segments<'a>,
    /// Run-time dimensions of the input.
    pub dims: &'a BTreeMap<String, u64>,
    /// Values as the ops read them, by tap.
    pub captured: &'a BTreeMap<String, (Tap, Vec<u8>)>,
    pub model: &'a Path,
    /// The preprocessed image or sound.
    pub input: &'a [f32],
    /// Most rows that are kept where every row stands for itself.
    pub rows: u64,
}

/// The value whose ops are cut out.
pub struct Target<'a> {
    pub label: &'a str,
    pub segment: &'a Segment,
    pub shape: &'a [u64],
    pub dtype: DType,
    pub ours: &'a [u8],
    pub expected: &'a [u8],
}

/// A finished vector, not written yet.
pub struct Vector {
    pub index: Value,
    /// Name, type, shape and bytes of each file.
    pub files: Vec<(String, DType, Vec<u64>, Vec<u8>)>,
    pub rows: Option<u64>,
}

/// Taps that must be captured to cut a segment.
pub fn needs(plan: &Plan, segments: &Segments, segment: &Segment) -> BTreeSet<String> {
    let operands = segment.steps.iter().flat_map(|s| plan.graph.operands(s.node));
    operands.filter_map(|o| plan.graph.node(segments.resolved(o)?).tap.clone()).collect()
}

/// An array without gaps. Block formats are bytes.
struct Array {
    dtype: DType,
    shape: Vec<u64>,
    bytes: Vec<u8>,
}

impl Array {
    fn row(&self) -> usize {
        self.bytes.len() / self.shape.first().map_or(1, |&n| n.max(1) as usize)
    }

    fn keep(&mut self, rows: &[u64]) {
        let row = self.row();
        self.bytes = rows.iter().flat_map(|r| self.bytes[*r as usize * row..(*r as usize + 1) * row].to_vec()).collect();
        self.shape[0] = rows.len() as u64;
    }
}

impl Cut<'_> {
    pub fn cut(&self, target: &Target, doc: &str, source: &str) -> Result<Vector> {
        let g = &self.plan.graph;
        let rows = self.rows_of(target)?;
        let mut files: Vec<(String, DType, Vec<u64>, Vec<u8>)> = Vec::new();
        let mut steps = Vec::new();
        for step in &target.segment.steps {
            let node = g.node(step.node);
            let (How::Kernels(selected), Kind::Op { attrs, .. }, Some(map)) = (&node.facts.how, &node.kind, self.maps.op(&step.op)) else {
                return Err(self.refuse(step.node, "it has no kernel"));
            };
            let cut = rows.as_ref().and_then(|r| Some((row_symbol(map, selected)?, r)));
            let mut operands = Vec::new();
            let mut widths = Vec::new();
            for (slot, operand) in g.operands(step.node).into_iter().enumerate() {
                let Some(pattern) = map.signature.as_ref().and_then(|s| s.operand(slot)) else { continue };
                let (shape, layout) = &selected.operands[slot];
                let mut shape = self.shape(step.node, shape)?;
                let strides = if layout.is_contiguous(&selected.operands[slot].0) { None } else { Some(layout.strides.clone()) };
                let by_row = cut.as_ref().filter(|(m, _)| first_is(&pattern.dims, m)).map(|(_, rows)| *rows);
                if let Some(rows) = by_row {
                    shape[0] = rows.len() as u64;
                }
                if pattern.variadic {
                    widths.push(shape.last().copied().unwrap_or(0));
                }
                let mut entry = json!({ "name": pattern.name });
                match self.segments.resolved(operand) {
                    Some(known) => {
                        let mut array = self.known(operand, known)?;
                        if let Some(rows) = by_row {
                            array.keep(rows);
                        }
                        let file = format!("{}.npy", file_stem(&g.node(operand).name));
                        entry["file"] = json!(file);
                        if !files.iter().any(|f| f.0 == file) {
                            files.push((file, array.dtype, array.shape, array.bytes));
                        }
                    }
                    None => {
                        entry["value"] = json!(g.node(self.segments.base(operand)).name);
                        entry["offset"] = json!(g.node(operand).facts.layout.offset);
                    }
                }
                entry["shape"] = json!(shape);
                if let Some(strides) = strides {
                    entry["strides"] = json!(strides);
                }
                operands.push(entry);
            }
            let mut dims = serde_json::Map::new();
            for (name, dim) in &selected.bound {
                let all = dim.eval(self.dims).ok_or_else(|| self.refuse(step.node, "a dimension is too large"))?;
                let part = cut.as_ref().filter(|(m, _)| m == name).map_or(all, |(_, rows)| rows.len() as u64);
                dims.insert(name.clone(), json!(part));
            }
            let types: serde_json::Map<_, _> = selected.row.iter().map(|(k, v)| (k.clone(), json!(v.name()))).collect();
            steps.push(json!({
                "value": node.name, "op": step.op, "class": step.class, "kernel": step.kernel, "types": types, "dims": dims,
                "attributes": self.attributes(step.node, attrs)?, "widths": widths, "operands": operands,
            }));
        }
        let mut expected = Array { dtype: target.dtype, shape: target.shape.to_vec(), bytes: target.expected.to_vec() };
        if let Some(rows) = &rows {
            expected.keep(rows);
        }
        let mut result = json!({ "file": "expected.npy", "shape": expected.shape });
        if let Some(end) = self.segments.tap(target.label).filter(|id| self.segments.base(*id) != *id) {
            let layout = &g.node(end).facts.layout;
            result["offset"] = json!(layout.offset);
            result["strides"] = json!(layout.strides);
        }
        let index = json!({ "doc": doc, "source": source, "tap": target.label, "rows": rows, "steps": steps, "result": result });
        files.push(("expected.npy".to_string(), expected.dtype, expected.shape, expected.bytes));
        Ok(Vector { index, files, rows: rows.map(|r| r.len() as u64) })
    }

    /// The rows that are kept: the first that differ, else the first. None if rows do not stand for themselves: some op of the
    /// segment has another run-time dimension than the first of its result, or a view changes what a row is.
    fn rows_of(&self, target: &Target) -> Result<Option<Vec<u64>>> {
        let g = &self.plan.graph;
        let count = target.shape.first().copied().unwrap_or(0);
        for step in &target.segment.steps {
            let node = g.node(step.node);
            let (How::Kernels(selected), Some(map)) = (&node.facts.how, self.maps.op(&step.op)) else { return Ok(None) };
            let Some(symbol) = row_symbol(map, selected) else { return Ok(None) };
            if selected.bound.get(&symbol).and_then(|d| d.eval(self.dims)) != Some(count) {
                return Ok(None);
            }
            for (slot, operand) in g.operands(step.node).into_iter().enumerate() {
                let base = g.node(self.segments.base(operand));
                let whole = self.shape(step.node, &base.facts.shape)?;
                let by_row = map.signature.as_ref().and_then(|s| s.operand(slot)).is_some_and(|p| first_is(&p.dims, &symbol));
                if by_row && base.name != g.node(operand).name {
                    let seen = self.shape(step.node, &g.node(operand).facts.shape)?;
                    let row: u64 = whole.iter().skip(1).product();
                    let strides = &g.node(operand).facts.layout.strides;
                    if seen.first() != whole.first() || strides.first() != Some(&row) {
                        return Ok(None);
                    }
                }
            }
        }
        let end = self.segments.tap(target.label);
        if let Some(end) = end.filter(|id| self.segments.base(*id) != *id) {
            let base = self.shape(end, &g.node(self.segments.base(end)).facts.shape)?;
            let row: u64 = base.iter().skip(1).product();
            if base.first() != Some(&count) || g.node(end).facts.layout.strides.first() != Some(&row) {
                return Ok(None);
            }
        }
        let row = target.expected.len() / count.max(1) as usize;
        if row == 0 || target.ours.len() != target.expected.len() {
            return Ok(None);
        }
        let pairs = target.ours.chunks_exact(row).zip(target.expected.chunks_exact(row)).enumerate();
        let mut rows: Vec<u64> = pairs.filter(|(_, (a, b))| a != b).map(|(i, _)| i as u64).take(self.rows as usize).collect();
        if rows.is_empty() {
            rows = (0..count.min(self.rows)).collect();
        }
        Ok(Some(rows))
    }

    /// A known operand without gaps, in the operand's own shape.
    fn known(&self, operand: Id, known: Id) -> Result<Array> {
        let g = &self.plan.graph;
        let node = g.node(known);
        let whole = match &node.kind {
            Kind::Weight => self.weight(known)?,
            Kind::Input => {
                let shape = self.shape(known, &node.facts.shape)?;
                Array { dtype: DType::F32, shape, bytes: self.input.iter().flat_map(|v| v.to_le_bytes()).collect() }
            }
            Kind::Op { .. } => {
                let tap = node.tap.as_deref().unwrap_or_default();
                let (tap, bytes) = self.captured.get(tap).ok_or_else(|| self.refuse(known, "its value was not seen"))?;
                Array { dtype: tap.dtype, shape: tap.shape.clone(), bytes: bytes.clone() }
            }
        };
        if known == operand {
            return Ok(whole);
        }
        // through the bytes of the value that both are views of
        let size = whole.dtype.size();
        let layout =
            |id: Id| -> Result<(Vec<u64>, Layout)> { Ok((self.shape(id, &g.node(id).facts.shape)?, g.node(id).facts.layout.clone())) };
        let ((from, from_layout), (to, to_layout)) = (layout(known)?, layout(operand)?);
        let (from, to_places) = (places(&from, &from_layout), places(&to, &to_layout));
        let by_place: BTreeMap<u64, usize> = from.into_iter().enumerate().map(|(i, at)| (at, i)).collect();
        let mut bytes = Vec::with_capacity(to_places.len() * size);
        for at in to_places {
            let i = by_place.get(&at).ok_or_else(|| self.refuse(operand, "it lies outside of what is known"))?;
            bytes.extend_from_slice(&whole.bytes[i * size..(i + 1) * size]);
        }
        Ok(Array { dtype: whole.dtype, shape: to, bytes })
    }

    fn weight(&self, id: Id) -> Result<Array> {
        let node = self.plan.graph.node(id);
        let stored = node.facts.stored.as_ref().ok_or_else(|| self.refuse(id, "it is stored nowhere"))?;
        let info = GgufDirectory::read(self.model)?.tensor(&stored.tensor)?.clone();
        let fail = |e: std::io::Error| Diagnostic::new("gguf-open", format!("cannot read {}: {e}", stored.tensor)).in_file(self.model);
        let mut file = std::fs::File::open(self.model).map_err(fail)?;
        std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(info.offset)).map_err(fail)?;
        let mut bytes = vec![0; info.bytes as usize];
        std::io::Read::read_exact(&mut file, &mut bytes).map_err(fail)?;
        let shape = self.shape(id, &node.facts.shape)?;
        Ok(array(node.facts.dtype, shape, bytes))
    }

    fn shape(&self, id: Id, shape: &[Dim]) -> Result<Vec<u64>> {
        shape.iter().map(|d| d.eval(self.dims).ok_or_else(|| self.refuse(id, "a dimension is too large"))).collect()
    }

    fn attributes(&self, id: Id, attrs: &indexmap::IndexMap<String, Attr>) -> Result<Value> {
        let mut out = serde_json::Map::new();
        for (name, attr) in attrs {
            let value = match attr {
                Attr::Dim(d) => json!(d.eval(self.dims).ok_or_else(|| self.refuse(id, "an attribute is too large"))?),
                Attr::F32(v) => json!(f64::from(*v)),
                Attr::F32List(l) => json!(l.iter().map(|v| f64::from(*v)).collect::<Vec<_>>()),
                Attr::U8List(l) => json!(l),
                Attr::Word(w) => json!(w),
                Attr::Shape(_) => continue,
            };
            out.insert(name.clone(), value);
        }
        Ok(Value::Object(out))
    }

    fn refuse(&self, id: Id, why: &str) -> Diagnostic {
        let node = self.plan.graph.node(id);
        Diagnostic::new("vector-cut", format!("\"{}\" cannot be cut out: {why}", node.name))
    }
}

impl Vector {
    /// The description with one operand per line.
    fn text(&self) -> String {
        let mut out = String::from("{\n");
        for key in ["doc", "source", "tap", "rows"] {
            out += &format!("  \"{key}\": {},\n", self.index[key]);
        }
        let lines = |items: &Value, indent: &str| {
            let items: Vec<String> = items.as_array().into_iter().flatten().map(|i| format!("{indent}{i}")).collect();
            items.join(",\n")
        };
        let steps = self.index["steps"].as_array().into_iter().flatten().map(|step| {
            let facts = ["value", "op", "class", "kernel", "types", "dims", "attributes", "widths"];
            let facts: Vec<String> = facts.iter().map(|key| format!("\"{key}\": {}", step[key])).collect();
            format!("    {{ {},\n      \"operands\": [\n{}\n      ] }}", facts.join(", "), lines(&step["operands"], "        "))
        });
        out += &format!("  \"steps\": [\n{}\n  ],\n", steps.collect::<Vec<_>>().join(",\n"));
        out + &format!("  \"result\": {}\n}}\n", self.index["result"])
    }

    /// Writes the files, and the description last.
    pub fn write(&self, dir: &Path) -> Result<u64> {
        let mut staged = Vec::new();
        for (name, dtype, shape, bytes) in &self.files {
            staged.push(Staged::new(&dir.join(name), |out| {
                npy::write_header(out, *dtype, shape)?;
                out.write_all(bytes)
            })?);
        }
        let text = self.text();
        staged.push(Staged::new(&dir.join(INDEX), |out| out.write_all(text.as_bytes()))?);
        staged.into_iter().try_for_each(Staged::commit)?;
        Ok(self.files.iter().map(|f| f.3.len() as u64).sum::<u64>() + text.len() as u64)
    }
}

/// The symbol of the result's rows, if the op has no other run-time dimension and no attribute that may be one: then each
/// row of the result comes from the rows of the operands with the same number, and from operands that are the same for all.
fn row_symbol(map: &OpMap, selected: &Selected) -> Option<String> {
    let signature = map.signature.as_ref()?;
    let symbol = match signature.result.dims.first()? {
        Some(Expr::Name(n)) => n.clone(),
        _ => return None,
    };
    let fixed = |e: &Expr| e.names().iter().all(|n| selected.bound.get(n).is_some_and(|d| d.as_const().is_some()));
    let sound = |dims: &[Option<Expr>]| {
        let rest = if first_is(dims, &symbol) { &dims[1..] } else { dims };
        rest.iter().flatten().all(|e| !e.names().contains(&symbol) && fixed(e))
    };
    let plain = !map.attributes.values().any(|kind| *kind == crate::maps::AttrKind::Dim);
    let patterns = signature.operands.iter().chain([&signature.result]);
    let any = signature.operands.iter().any(|p| first_is(&p.dims, &symbol));
    (plain && any && patterns.into_iter().all(|p| sound(&p.dims))).then_some(symbol)
}

fn first_is(dims: &[Option<Expr>], symbol: &str) -> bool {
    matches!(dims.first(), Some(Some(Expr::Name(n))) if n == symbol)
}

/// Where each element of a value lies in the bytes of its base, in elements.
fn places(shape: &[u64], layout: &Layout) -> Vec<u64> {
    let mut strides = layout.strides.clone();
    if strides.is_empty() {
        strides = (0..shape.len()).map(|d| shape[d + 1..].iter().product()).collect();
    }
    let count: u64 = shape.iter().product();
    (0..count).map(|i| layout.offset + super::index_of(i, shape).iter().zip(&strides).map(|(i, s)| i * s).sum::<u64>()).collect()
}

fn array(dtype: Dtype, mut shape: Vec<u64>, bytes: Vec<u8>) -> Array {
    let plain = DType::parse(&dtype.name());
    if plain.is_none()
        && let Some(last) = shape.last_mut()
    {
        *last = dtype.ggml().row_bytes(*last).unwrap_or(*last);
    }
    Array { dtype: plain.unwrap_or(DType::U8), shape, bytes }
}

fn file_stem(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect()
}
