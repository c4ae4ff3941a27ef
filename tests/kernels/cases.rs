//! The table of cases, `cases.json`: which sizes, attributes and layouts every op is run with.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use isobit::diagnostic::Result;
use isobit::expr::{Dim, Expr};
use isobit::ir::Attr;
use isobit::json::{self, Node};
use isobit::maps::{AttrKind, Maps, OpMap};

use super::data::Mode;

/// What the numbers of an operand mean.
#[derive(Debug, Clone, Copy)]
pub enum Numbers {
    /// 0 .. n-1, each once.
    Order(u64),
    /// Any of 0 .. n-1.
    Below(u64),
    /// (first, one past the last) of 0 .. n-1, some rows the same.
    Ranges(u64),
}

/// One set of sizes for one op; every number is known.
#[derive(Debug, Clone)]
pub struct Case {
    pub op: String,
    /// `k=7 n=5 m=13`
    pub text: String,
    /// Symbols of the signature, integer attributes among them.
    pub dims: BTreeMap<String, u64>,
    pub attrs: IndexMap<String, Attr>,
    /// Operand to element strides; an operand that is absent is contiguous.
    pub strides: BTreeMap<String, Vec<u64>>,
    /// Operands of numbers that have a meaning.
    pub numbers: BTreeMap<String, Numbers>,
    /// Last dimension of every variadic operand.
    pub widths: Vec<u64>,
    /// The classes the case is for; none: all.
    pub only: Vec<String>,
    /// The kinds of values it is run with.
    pub modes: Vec<Mode>,
    /// Preprocessing: sizes of images.
    pub sizes: Vec<Vec<u32>>,
}

impl Case {
    /// A symbol's value as a constant dimension.
    pub fn constant(&self, name: &str) -> Option<Dim> {
        self.dims.get(name).map(|v| Dim::constant(*v))
    }

    /// The value of an expression over the case's dimensions.
    pub fn value(&self, e: &Expr) -> u64 {
        let bound = e.bind(&|n| self.constant(n)).unwrap_or_else(|why| panic!("{} {}: {why}", self.op, self.text));
        bound.as_const().unwrap_or_else(|| panic!("{} {}: an expression is not constant", self.op, self.text))
    }
}

/// Cases by op, in the order of the file.
pub fn read(maps: &Maps, text: &str) -> Result<IndexMap<String, Vec<Case>>> {
    let root = json::parse("tests/kernels/cases.json", text)?;
    let mut out = IndexMap::new();
    for (op, node) in root.map()? {
        let Some(map) = maps.op(op) else {
            return Err(node.at.error("case", format!("there is no op \"{op}\""), "its cases"));
        };
        let mut cases = Vec::new();
        for item in node.array()? {
            expand(map, item, &mut cases)?;
        }
        out.insert(op.clone(), cases);
    }
    Ok(out)
}

/// Every combination of the lists in `dims` and `attrs`.
fn expand(map: &OpMap, node: &Node, out: &mut Vec<Case>) -> Result<()> {
    let f = node.fields()?;
    let mut variants: Vec<(IndexMap<String, u64>, IndexMap<String, Attr>)> = vec![Default::default()];
    let mut listed: Vec<(&String, &Node)> = Vec::new();
    for key in ["dims", "attrs"] {
        listed.extend(f.optional(key).map(Node::map).transpose()?.into_iter().flatten());
    }
    for (name, node) in listed {
        let kind = map.attributes.get(name);
        let values: Vec<Attr> = match (&node.value, kind) {
            // a list is a list of values, but for attributes that are lists themselves
            (json::Value::Array(items), None | Some(AttrKind::Int | AttrKind::Dim | AttrKind::F32 | AttrKind::Enum(_))) => {
                items.iter().map(|n| value(n, kind)).collect::<Result<_>>()?
            }
            _ => vec![value(node, kind)?],
        };
        let before = std::mem::take(&mut variants);
        for (dims, attrs) in &before {
            for v in &values {
                let (mut dims, mut attrs) = (dims.clone(), attrs.clone());
                if let Attr::Dim(d) = v {
                    dims.insert(name.clone(), d.as_const().unwrap_or_default());
                }
                if kind.is_some() {
                    attrs.insert(name.clone(), v.clone());
                }
                variants.push((dims, attrs));
            }
        }
    }
    let numbers = |n: &Node| n.array()?.iter().map(Node::u64).collect::<Result<Vec<u64>>>();
    let meanings = f.optional("numbers").map(Node::map).transpose()?;
    let widths = f.optional("widths").map(numbers).transpose()?.unwrap_or_default();
    let mut sizes = Vec::new();
    for n in f.optional("sizes").map(Node::array).transpose()?.unwrap_or_default() {
        sizes.push(numbers(n)?.iter().map(|v| *v as u32).collect());
    }
    let only = f.optional("only").map(Node::strings).transpose()?.unwrap_or_default();
    let mut modes = Mode::ALL.to_vec();
    if let Some(n) = f.optional("modes") {
        let mode =
            |n: &Node| Mode::from_name(n.str()?).ok_or_else(|| n.at.error("case", "a mode is plain, awkward, special or tiny", "this one"));
        modes = n.array()?.iter().map(mode).collect::<Result<_>>()?;
    }
    let layouts = f.optional("strides").map(Node::map).transpose()?;
    f.finish()?;
    for (dims, attrs) in variants {
        if let Some(missing) = map.attributes.keys().find(|a| !attrs.contains_key(*a)) {
            return Err(node.at.error("case", format!("{} needs the attribute \"{missing}\"", map.op), "in this case"));
        }
        let mut words: Vec<String> = dims.iter().map(|(k, v)| format!("{k}={v}")).collect();
        words.extend(attrs.iter().filter(|(k, _)| !dims.contains_key(*k)).map(|(k, v)| format!("{k}={v}")));
        if !widths.is_empty() {
            words.push(format!("widths={widths:?}"));
        }
        let mut case = Case {
            op: map.op.clone(),
            text: String::new(),
            dims: dims.into_iter().collect(),
            attrs,
            strides: BTreeMap::new(),
            numbers: BTreeMap::new(),
            widths: widths.clone(),
            only: only.clone(),
            modes: modes.clone(),
            sizes: sizes.clone(),
        };
        for (operand, n) in layouts.into_iter().flatten() {
            let mut strides = Vec::new();
            for e in n.array()? {
                let parsed = Expr::parse(e.str()?).map_err(|why| e.at.error("case", why, "this stride"))?;
                strides.push(case.value(&parsed));
            }
            words.push(format!("{operand}:{strides:?}"));
            case.strides.insert(operand.clone(), strides);
        }
        for (operand, n) in meanings.into_iter().flatten() {
            let (word, of) = n.str()?.split_once(' ').unwrap_or_default();
            let limit = case.constant(of).and_then(|d| d.as_const());
            let numbers = match (word, limit) {
                ("order", Some(limit)) => Numbers::Order(limit),
                ("below", Some(limit)) => Numbers::Below(limit),
                ("ranges", Some(limit)) => Numbers::Ranges(limit),
                _ => return Err(n.at.error("case", "numbers are \"order N\", \"below N\" or \"ranges N\" of a dimension N", "these")),
            };
            case.numbers.insert(operand.clone(), numbers);
        }
        case.text = words.join(" ");
        let symbols = map.signature.iter().flat_map(|s| s.operands.iter().chain([&s.result])).flat_map(|p| p.dims.iter().flatten());
        for symbol in symbols.flat_map(|e| e.names()) {
            if !case.dims.contains_key(&symbol) {
                return Err(node.at.error("case", format!("{} needs the dimension \"{symbol}\"", map.op), "in this case"));
            }
        }
        out.push(case);
    }
    Ok(())
}

fn value(node: &Node, kind: Option<&AttrKind>) -> Result<Attr> {
    Ok(match kind {
        None | Some(AttrKind::Int | AttrKind::Dim) => Attr::Dim(Dim::constant(node.u64()?)),
        Some(AttrKind::F32) => Attr::F32(node.f32()?),
        Some(AttrKind::F32List(_)) => Attr::F32List(node.array()?.iter().map(Node::f32).collect::<Result<_>>()?),
        Some(AttrKind::U8List(_)) => Attr::U8List(node.array()?.iter().map(|n| n.u64().map(|v| v as u8)).collect::<Result<_>>()?),
        Some(AttrKind::Enum(_)) => Attr::Word(node.str()?.to_string()),
        Some(AttrKind::Shape) => return Err(node.at.error("case", "views have no kernels", "this attribute")),
    })
}
