//! A model template as read from JSON: what an encoder computes, without sizes, kernels or buffers.

use indexmap::IndexMap;

use crate::diagnostic::Result;
use crate::expr::Expr;
use crate::gguf::GgmlType;
use crate::json::{self, At, Node, Value};

#[derive(Debug)]
pub struct Template {
    pub encoder: String,
    pub title: String,
    pub reference: Vec<String>,
    /// GGUF metadata that identifies a file of this encoder.
    pub requires: IndexMap<String, Node>,
    pub dims: IndexMap<String, DimDef>,
    pub runtime: IndexMap<String, RuntimeDim>,
    pub limits: Vec<Limit>,
    pub default_preset: String,
    pub presets: IndexMap<String, Preset>,
    pub storage: IndexMap<String, Vec<StorageRule>>,
    pub weights: IndexMap<String, WeightDef>,
    pub synth: Synth,
    pub preprocess: IndexMap<String, OpUse>,
    pub input: InputDef,
    pub graph: Vec<Stmt>,
    pub outputs: IndexMap<String, Node>,
    /// Class overrides per op: op → class.
    pub numerics: IndexMap<String, Node>,
    pub text: String,
    pub at: At,
}

/// A static dimension or number.
#[derive(Debug)]
pub enum DimDef {
    Key { key: String, kind: KeyKind, absent: Option<Node>, at: At },
    Expr { expr: Expr, at: At },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    U32,
    F32,
    F32List(usize),
}

#[derive(Debug)]
pub struct RuntimeDim {
    pub doc: String,
    pub max: u64,
}

/// An upper bound on a product of run-time dimensions.
#[derive(Debug)]
pub struct Limit {
    pub expr: Expr,
    pub max: u64,
    pub at: At,
}

/// Published sizes: GGUF key → value, and which optional weights exist.
#[derive(Debug)]
pub struct Preset {
    pub doc: String,
    pub values: IndexMap<String, Node>,
    /// Weight pattern → indices of its loop variable for which it exists.
    pub present: IndexMap<String, Vec<u64>>,
    pub at: At,
}

/// First matching rule gives the element type of a weight.
#[derive(Debug)]
pub struct StorageRule {
    pub rank: Option<u64>,
    /// Exact tensor name, or a prefix if it ends in `*`.
    pub name: Option<String>,
    /// Row length must be a multiple of this.
    pub row_multiple: Option<u64>,
    pub dtype: GgmlType,
}

impl StorageRule {
    pub fn matches(&self, name: &str, shape: &[u64]) -> bool {
        let row = shape.last().copied().unwrap_or(0);
        self.rank.is_none_or(|r| r == shape.len() as u64)
            && self.row_multiple.is_none_or(|m| row % m == 0)
            && self.name.as_deref().is_none_or(|p| match p.strip_suffix('*') {
                Some(prefix) => name.starts_with(prefix),
                None => name == p,
            })
    }
}

#[derive(Debug)]
pub struct WeightDef {
    /// Row-major shape in the file.
    pub shape: Vec<(Expr, At)>,
    /// Shape the graph sees, if another.
    pub seen_as: Option<Vec<(Expr, At)>>,
    /// Key into `synth.kinds`.
    pub synth: String,
    pub at: At,
}

#[derive(Debug)]
pub struct Synth {
    pub metadata: IndexMap<String, Node>,
    pub kinds: IndexMap<String, Node>,
}

#[derive(Debug)]
pub struct InputDef {
    pub name: String,
    pub shape: Vec<(Expr, At)>,
    pub at: At,
}

/// One op as written.
#[derive(Debug, Clone)]
pub struct OpUse {
    pub op: String,
    pub inputs: Vec<(String, At)>,
    pub out: Option<(String, At)>,
    pub attrs: IndexMap<String, Node>,
    pub tap: Option<(String, At)>,
    pub at: At,
}

/// The closed set of graph forms.
#[derive(Debug, Clone)]
pub enum Stmt {
    Op(OpUse),
    /// Body once per index; a carried name starts as one value and becomes another after each round.
    For { var: String, count: (Expr, At), carry: IndexMap<String, (String, String, At)>, body: Vec<Stmt>, at: At },
    /// Body only if the weight exists.
    When { weight: (String, At), body: Vec<Stmt> },
    /// Appends a value to a list that ops read as `*list`.
    Collect { list: String, value: (String, At) },
}

impl Template {
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let root = json::parse(name, text)?;
        let f = root.fields()?;
        f.optional("$schema");
        let table = |key: &str| f.required(key).and_then(|n| n.map());
        let synth = {
            let s = f.required("synth")?.fields()?;
            let synth = Synth { metadata: s.required("metadata")?.map()?.clone(), kinds: s.required("kinds")?.map()?.clone() };
            s.finish()?;
            synth
        };
        let input = {
            let inputs = f.required("inputs")?;
            let map = inputs.map()?;
            let (Some((name, node)), 1) = (map.first(), map.len()) else {
                return Err(inputs.at.error("template-input", "an encoder has exactly one input", "here"));
            };
            let i = node.fields()?;
            let def = InputDef { name: name.clone(), shape: shape(i.required("shape")?)?, at: node.at.clone() };
            i.finish()?;
            def
        };
        let template = Self {
            encoder: identifier(f.required("encoder")?)?,
            title: f.required("title")?.str()?.to_string(),
            reference: f.required("reference")?.strings()?,
            requires: table("requires")?.clone(),
            dims: named(table("dims")?, dim_def)?,
            runtime: named(table("runtime")?, runtime_dim)?,
            limits: f.required("limits")?.array()?.iter().map(limit).collect::<Result<_>>()?,
            default_preset: f.required("default_preset")?.str()?.to_string(),
            presets: named(table("presets")?, preset)?,
            storage: named(table("storage")?, |n| n.array()?.iter().map(storage_rule).collect())?,
            weights: named(table("weights")?, weight_def)?,
            preprocess: named(table("preprocess")?, op_use)?,
            graph: body(f.required("graph")?)?,
            outputs: table("outputs")?.clone(),
            numerics: f.optional("numerics").map(|n| n.map().cloned()).transpose()?.unwrap_or_default(),
            input,
            synth,
            text: text.to_string(),
            at: root.at.clone(),
        };
        f.finish()?;
        template.cross_check()?;
        Ok(template)
    }

    fn cross_check(&self) -> Result<()> {
        if !self.presets.contains_key(&self.default_preset) {
            return Err(self
                .at
                .error("template-preset", format!("default preset \"{}\" does not exist", self.default_preset), "in this template")
                .fact(format!("presets: {}", self.presets.keys().cloned().collect::<Vec<_>>().join(", "))));
        }
        for def in self.weights.values() {
            if !self.synth.kinds.contains_key(&def.synth) {
                return Err(def
                    .at
                    .error("template-synth", format!("no synth kind \"{}\"", def.synth), "used here")
                    .fact(format!("kinds: {}", self.synth.kinds.keys().cloned().collect::<Vec<_>>().join(", "))));
            }
        }
        for name in self.runtime.keys() {
            if self.dims.contains_key(name) {
                return Err(self.at.error("template-dim", format!("\"{name}\" is both a static and a run-time dimension"), "in this template"));
            }
        }
        Ok(())
    }
}

fn named<T>(map: &IndexMap<String, Node>, read: impl Fn(&Node) -> Result<T>) -> Result<IndexMap<String, T>> {
    map.iter().map(|(k, v)| Ok((k.clone(), read(v)?))).collect()
}

fn identifier(node: &Node) -> Result<String> {
    let s = node.str()?;
    let ok = s.starts_with(|c: char| c.is_ascii_lowercase()) && s.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if ok { Ok(s.to_string()) } else { Err(node.at.error("template-name", "a name is lower-case letters, digits and _", "found this")) }
}

fn expression(node: &Node) -> Result<(Expr, At)> {
    let text = match &node.value {
        Value::Number(n) => n.clone(),
        _ => node.str()?.to_string(),
    };
    Expr::parse(&text).map(|e| (e, node.at.clone())).map_err(|e| node.at.error("template-expression", e, "this expression"))
}

/// A list of expressions.
pub fn shape(node: &Node) -> Result<Vec<(Expr, At)>> {
    node.array()?.iter().map(expression).collect()
}

fn dim_def(node: &Node) -> Result<DimDef> {
    let f = node.fields()?;
    let def = match f.optional("expr") {
        Some(e) => {
            let (expr, at) = expression(e)?;
            DimDef::Expr { expr, at }
        }
        None => {
            let kind = f.required("type")?;
            let kind = match kind.str()? {
                "u32" => KeyKind::U32,
                "f32" => KeyKind::F32,
                text => match text.strip_prefix("f32[").and_then(|t| t.strip_suffix(']')).and_then(|t| t.parse().ok()) {
                    Some(n) => KeyKind::F32List(n),
                    None => return Err(kind.at.error("template-type", "a key's type is u32, f32 or f32[n]", "found this")),
                },
            };
            DimDef::Key { key: f.required("key")?.str()?.to_string(), kind, absent: f.optional("absent").cloned(), at: node.at.clone() }
        }
    };
    f.finish()?;
    Ok(def)
}

fn runtime_dim(node: &Node) -> Result<RuntimeDim> {
    let f = node.fields()?;
    let d = RuntimeDim { doc: f.required("doc")?.str()?.to_string(), max: f.required("max")?.u64()? };
    f.finish()?;
    Ok(d)
}

fn limit(node: &Node) -> Result<Limit> {
    let f = node.fields()?;
    let l = Limit { expr: expression(f.required("expr")?)?.0, max: f.required("max")?.u64()?, at: node.at.clone() };
    f.finish()?;
    Ok(l)
}

fn preset(node: &Node) -> Result<Preset> {
    let f = node.fields()?;
    let present = match f.optional("present") {
        Some(n) => named(n.map()?, |v| v.array()?.iter().map(Node::u64).collect())?,
        None => IndexMap::new(),
    };
    let p = Preset {
        doc: f.required("doc")?.str()?.to_string(),
        values: f.required("values")?.map()?.clone(),
        present,
        at: node.at.clone(),
    };
    f.finish()?;
    Ok(p)
}

fn storage_rule(node: &Node) -> Result<StorageRule> {
    let f = node.fields()?;
    let kind = f.required("type")?;
    let rule = StorageRule {
        rank: f.optional("rank").map(Node::u64).transpose()?,
        name: f.optional("name").map(|n| n.str().map(str::to_string)).transpose()?,
        row_multiple: f.optional("row_multiple").map(Node::u64).transpose()?.filter(|m| *m > 0),
        dtype: GgmlType::from_name(kind.str()?)
            .ok_or_else(|| kind.at.error("dtype-unknown", "no such element type", "found this").fact(GgmlType::list()))?,
    };
    f.finish()?;
    Ok(rule)
}

fn weight_def(node: &Node) -> Result<WeightDef> {
    let f = node.fields()?;
    let def = WeightDef {
        shape: shape(f.required("shape")?)?,
        seen_as: f.optional("as").map(shape).transpose()?,
        synth: f.required("synth")?.str()?.to_string(),
        at: node.at.clone(),
    };
    f.finish()?;
    Ok(def)
}

fn op_use(node: &Node) -> Result<OpUse> {
    let f = node.fields()?;
    let word = |n: &Node| n.str().map(|s| (s.to_string(), n.at.clone()));
    let use_ = OpUse {
        op: f.required("op")?.str()?.to_string(),
        inputs: f.optional("in").map(|n| n.array()?.iter().map(word).collect()).transpose()?.unwrap_or_default(),
        out: f.optional("out").map(word).transpose()?,
        attrs: f.optional("attr").map(|n| n.map().cloned()).transpose()?.unwrap_or_default(),
        tap: f.optional("tap").map(word).transpose()?,
        at: node.at.clone(),
    };
    f.finish()?;
    Ok(use_)
}

fn body(node: &Node) -> Result<Vec<Stmt>> {
    node.array()?.iter().map(stmt).collect()
}

fn stmt(node: &Node) -> Result<Stmt> {
    let map = node.map()?;
    let forms: Vec<&str> = ["op", "for", "when", "collect"].into_iter().filter(|k| map.contains_key(*k)).collect();
    let word = |n: &Node| n.str().map(|s| (s.to_string(), n.at.clone()));
    match forms.as_slice() {
        ["op"] => Ok(Stmt::Op(op_use(node)?)),
        ["for"] => {
            let f = node.fields()?;
            let mut carry = IndexMap::new();
            for (name, n) in f.required("carry")?.map()? {
                let pair = n.strings()?;
                let [from, next] = pair.as_slice() else {
                    return Err(n.at.error("template-carry", "a carried value is [start, next]", "found this"));
                };
                carry.insert(name.clone(), (from.clone(), next.clone(), n.at.clone()));
            }
            let s = Stmt::For {
                var: identifier(f.required("for")?)?,
                count: expression(f.required("count")?)?,
                carry,
                body: body(f.required("body")?)?,
                at: node.at.clone(),
            };
            f.finish()?;
            Ok(s)
        }
        ["when"] => {
            let f = node.fields()?;
            let c = f.required("when")?.fields()?;
            let weight = word(c.required("weight")?)?;
            c.finish()?;
            let s = Stmt::When { weight, body: body(f.required("body")?)? };
            f.finish()?;
            Ok(s)
        }
        ["collect"] => {
            let f = node.fields()?;
            let s = Stmt::Collect { list: f.required("collect")?.str()?.to_string(), value: word(f.required("value")?)? };
            f.finish()?;
            Ok(s)
        }
        _ => Err(node
            .at
            .error("template-form", "a graph entry is exactly one of op, for, when, collect", "this entry")
            .fact(format!("keys given: {}", map.keys().cloned().collect::<Vec<_>>().join(", ")))),
    }
}
