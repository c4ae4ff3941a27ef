//! A model template as read from JSON: what an encoder computes, without sizes, kernels or buffers.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use crate::diagnostic::Result;
use crate::expr::{Expr, Guard, is_identifier};
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
    /// Behaviours of which the references have more than one.
    pub options: IndexMap<String, TemplateOption>,
    pub default_preset: String,
    pub presets: IndexMap<String, Preset>,
    pub storage: IndexMap<String, Vec<StorageRule>>,
    pub tensors: Tensors,
    pub weights: IndexMap<String, WeightDef>,
    pub synth: Synth,
    pub preprocess: IndexMap<String, OpUse>,
    pub input: InputDef,
    pub graph: Vec<Stmt>,
    pub outputs: IndexMap<String, Node>,
    pub grid: Option<Grid>,
    pub text: String,
    pub at: At,
}

/// The parts of an image's preprocessing: the size of the result, the resized image, its normalised pixels.
const IMAGE_PARTS: [&str; 3] = ["size", "image", "pixels"];

/// What an image that is cut into views has besides: the views, and how the whole and the image under the tiles are resampled.
const VIEW_PARTS: [&str; 3] = ["views", "overview", "refined"];

/// The parts of a sound's preprocessing: number of chunks and their frames, the spectrogram.
const AUDIO_PARTS: [&str; 2] = ["frames", "mel"];

/// A static dimension or number.
#[derive(Debug)]
pub enum DimDef {
    Key {
        key: String,
        kind: KeyKind,
        absent: Option<Node>,
        zero: bool,
        at: At,
    },
    Expr {
        expr: Expr,
        at: At,
    },
    /// A side of a file's tensor, as the weight's shape counts them; a preset gives it under [`tensor_key`].
    Tensor {
        tensor: String,
        axis: u64,
        at: At,
    },
    /// The largest element of a list, or a number if it is empty.
    Largest {
        list: String,
        empty: Expr,
        at: At,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    U32,
    /// 0 or 1 in expressions.
    Bool,
    F32,
    F32List(usize),
    U32List,
}

#[derive(Debug)]
pub struct RuntimeDim {
    pub doc: String,
    pub size: RuntimeSize,
}

/// What decides a run-time dimension.
#[derive(Debug)]
pub enum RuntimeSize {
    /// The caller, up to a largest value.
    Given { max: u64 },
    /// Other run-time dimensions: a symbol of its own in shapes.
    Derived { expr: Expr, at: At },
}

/// A behaviour of which the references have more than one; ops under `when` follow the choice.
#[derive(Debug)]
pub struct TemplateOption {
    pub doc: String,
    /// Word → what it stands for.
    pub choices: IndexMap<String, String>,
    /// Reference that a profile follows → choice.
    pub follows: IndexMap<String, String>,
    pub at: At,
}

/// How the output's tokens lie over the image: token of cell (r, c) = first + r*row_tokens + c.
#[derive(Debug)]
pub struct Grid {
    pub rows: (Expr, At),
    pub cols: (Expr, At),
    pub row_tokens: (Expr, At),
    pub first: (Expr, At),
}

/// An upper bound on a run-time dimension or a product of them.
#[derive(Debug)]
pub struct Limit {
    pub expr: Expr,
    pub max: Expr,
    pub at: At,
}

/// Published sizes: GGUF key → value, and which optional weights exist.
#[derive(Debug)]
pub struct Preset {
    pub doc: String,
    pub values: IndexMap<String, Node>,
    /// Weight pattern → list of the values of its loop variable for which it exists; `[0]` if it has none and exists.
    pub present: IndexMap<String, Node>,
    pub at: At,
}

/// First matching rule gives the element type of a weight.
#[derive(Debug)]
pub struct StorageRule {
    pub rank: Option<u64>,
    /// Exact tensor name, or its beginning and end around a `*`.
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
            && self.name.as_deref().is_none_or(|p| name_matches(p, name))
    }
}

/// What a file's tensors may be called: none that would change the result is passed over in silence.
#[derive(Debug)]
pub struct Tensors {
    /// Prefixes of this encoder's tensors: each such tensor must be a weight of the graph, or
    pub known: Vec<String>,
    /// one of these: a name, or its beginning and end around a `*`.
    pub unused: Vec<String>,
}

impl Tensors {
    /// Whether a tensor that the graph does not read must be refused.
    pub fn refuses(&self, name: &str) -> bool {
        self.known.iter().any(|p| name.starts_with(p.as_str())) && !self.unused.iter().any(|p| name_matches(p, name))
    }
}

/// An exact name, or its beginning and end around one `*`.
fn name_matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        Some((begin, end)) => name.strip_prefix(begin).is_some_and(|rest| rest.ends_with(end)),
        None => name == pattern,
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
    /// Of a sound, in samples per second.
    pub sample_rate: Option<(Expr, At)>,
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
    For {
        var: String,
        count: (Expr, At),
        carry: IndexMap<String, (String, String, At)>,
        body: Vec<Stmt>,
        at: At,
    },
    /// One of two bodies.
    When {
        condition: Condition,
        body: Vec<Stmt>,
        otherwise: Vec<Stmt>,
    },
    /// Appends a value to a list that ops read as `*list`.
    Collect {
        list: String,
        value: (String, At),
    },
}

/// What a `when` asks.
#[derive(Debug, Clone)]
pub enum Condition {
    /// The file has this weight.
    Weight(String, At),
    /// A guard over static dimensions and loop variables.
    Dims(Guard, At),
    /// An option has this choice.
    Option { option: String, choice: String, at: At },
    /// A number is an element of a list.
    Listed { number: Expr, list: String, at: At },
}

impl Template {
    /// The first choice of every option: for what no profile decides, such as which weights a file has.
    pub fn first_choices(&self) -> BTreeMap<String, String> {
        self.options.iter().filter_map(|(name, o)| Some((name.clone(), o.choices.keys().next()?.clone()))).collect()
    }

    /// Whether the encoder takes sound, not images.
    pub fn is_audio(&self) -> bool {
        self.preprocess.keys().any(|part| AUDIO_PARTS.contains(&part.as_str()))
    }

    /// The ops of preprocessing, in order, for reports.
    pub fn preprocessing(&self) -> String {
        self.preprocess.values().map(|p| p.op.as_str()).collect::<Vec<_>>().join(", ")
    }

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
                return Err(inputs.at.error("template-input", "an encoder has exactly one input", format!("{} here", map.len())));
            };
            let i = node.fields()?;
            check_name(name, &node.at)?;
            let sample_rate = i.optional("sample_rate").map(expression).transpose()?;
            let def = InputDef { name: name.clone(), shape: shape(i.required("shape")?)?, sample_rate, at: node.at.clone() };
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
            options: f.optional("options").map(|n| named(n.map()?, template_option)).transpose()?.unwrap_or_default(),
            default_preset: f.required("default_preset")?.str()?.to_string(),
            presets: entries(table("presets")?, preset)?,
            storage: entries(table("storage")?, |n| n.array()?.iter().map(storage_rule).collect())?,
            tensors: {
                let t = f.required("tensors")?.fields()?;
                let tensors = Tensors { known: t.required("known")?.strings()?, unused: t.required("unused")?.strings()? };
                t.finish()?;
                tensors
            },
            weights: entries(table("weights")?, weight_def)?,
            preprocess: {
                let node = f.required("preprocess")?;
                let p = node.fields()?;
                let audio = node.map()?.keys().any(|k| AUDIO_PARTS.contains(&k.as_str()));
                let views = if p.optional(VIEW_PARTS[0]).is_some() { &VIEW_PARTS[..] } else { &[] };
                let parts = if audio { AUDIO_PARTS.to_vec() } else { [&IMAGE_PARTS, views].concat() };
                let parts = parts.iter().map(|part| Ok((part.to_string(), preprocess_op(p.required(part)?)?))).collect::<Result<_>>()?;
                p.finish()?;
                parts
            },
            graph: body(f.required("graph")?)?,
            outputs: table("outputs")?.clone(),
            grid: f.optional("grid").map(grid).transpose()?,
            input,
            synth,
            text: text.to_string(),
            at: root.at.clone(),
        };
        f.finish()?;
        template.cross_check(root.map()?)?;
        Ok(template)
    }

    fn cross_check(&self, top: &IndexMap<String, Node>) -> Result<()> {
        let at = |key: &str| top.get(key).map_or(&self.at, |n| &n.at);
        if !self.presets.contains_key(&self.default_preset) {
            return Err(at("default_preset")
                .error("template-preset", format!("default preset \"{}\" does not exist", self.default_preset), "named here")
                .fact(format!("presets: {}", list(self.presets.keys())))
                .near(&self.default_preset, self.presets.keys()));
        }
        let keys: Vec<String> = self
            .dims
            .values()
            .filter_map(|d| match d {
                DimDef::Key { key, .. } => Some(key.clone()),
                DimDef::Tensor { tensor, axis, .. } => Some(tensor_key(tensor, *axis)),
                _ => None,
            })
            .collect();
        for p in self.presets.values() {
            if let Some((key, node)) = p.values.iter().find(|(k, _)| !keys.contains(*k)) {
                let e = node.at.error("template-preset", format!("no dimension reads the key \"{key}\""), "its value");
                return Err(e.near(key, &keys));
            }
            if let Some((weight, node)) = p.present.iter().find(|(w, _)| !self.weights.contains_key(*w)) {
                return Err(node
                    .at
                    .error("template-preset", format!("weight \"{weight}\" is not declared"), "said to exist here")
                    .near(weight, self.weights.keys()));
            }
        }
        if self.outputs.is_empty() {
            return Err(at("outputs").error("template-output", "an encoder has an output", "none is here"));
        }
        self.check_mentions()?;
        for def in self.weights.values() {
            if !self.synth.kinds.contains_key(&def.synth) {
                return Err(def
                    .at
                    .error("template-synth", format!("no synth kind \"{}\"", def.synth), "used here")
                    .fact(format!("kinds: {}", list(self.synth.kinds.keys())))
                    .near(&def.synth, self.synth.kinds.keys()));
            }
        }
        for name in self.runtime.keys() {
            if self.dims.contains_key(name) {
                return Err(at("runtime").error(
                    "template-dim",
                    format!("\"{name}\" is both a static and a run-time dimension"),
                    "one of these",
                ));
            }
        }
        Ok(())
    }

    /// Weights and lists by name: what the graph mentions exists, what is declared is mentioned.
    fn check_mentions(&self) -> Result<()> {
        let (mut weights, mut read, mut collected) = (Vec::new(), Vec::new(), BTreeSet::new());
        mentions(&self.graph, &mut weights, &mut read, &mut collected);
        for (name, at) in &weights {
            if !self.weights.contains_key(*name) {
                return Err(at
                    .error("template-missing-weight", format!("weight \"{name}\" is not declared under \"weights\""), "used here")
                    .fact(format!("declared: {}", list(self.weights.keys())))
                    .near(name, self.weights.keys()));
            }
        }
        for (name, at) in read {
            if !collected.contains(name) {
                let known: Vec<String> = collected.iter().map(ToString::to_string).collect();
                return Err(at
                    .error("template-list", format!("nothing is collected in a list \"{name}\""), "read here")
                    .fact(format!("lists: {}", known.join(", ")))
                    .near(name, &known));
            }
        }
        match self.weights.iter().find(|(name, _)| !weights.iter().any(|(n, _)| n == name)) {
            Some((name, def)) => Err(def
                .at
                .error("template-unused", format!("weight \"{name}\" is never used"), "declared here")
                .help("remove it, or read it as \"@…\"")),
            None => Ok(()),
        }
    }
}

/// Weight patterns and lists that statements name.
fn mentions<'a>(
    body: &'a [Stmt],
    weights: &mut Vec<(&'a str, &'a At)>,
    read: &mut Vec<(&'a str, &'a At)>,
    collected: &mut BTreeSet<&'a str>,
) {
    for stmt in body {
        match stmt {
            Stmt::Op(op) => {
                for (name, at) in &op.inputs {
                    match (name.strip_prefix('@'), name.strip_prefix('*')) {
                        (Some(weight), _) => weights.push((weight, at)),
                        (_, Some(list)) => read.push((list, at)),
                        _ => {}
                    }
                }
            }
            Stmt::For { body, .. } => mentions(body, weights, read, collected),
            Stmt::When { condition, body, otherwise } => {
                if let Condition::Weight(weight, at) = condition {
                    weights.push((weight, at));
                }
                mentions(body, weights, read, collected);
                mentions(otherwise, weights, read, collected);
            }
            Stmt::Collect { list, .. } => {
                collected.insert(list);
            }
        }
    }
}

fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.cloned().collect::<Vec<_>>().join(", ")
}

fn entries<T>(map: &IndexMap<String, Node>, read: impl Fn(&Node) -> Result<T>) -> Result<IndexMap<String, T>> {
    map.iter().map(|(k, v)| Ok((k.clone(), read(v)?))).collect()
}

/// Entries whose keys are used in expressions and in C.
fn named<T>(map: &IndexMap<String, Node>, read: impl Fn(&Node) -> Result<T>) -> Result<IndexMap<String, T>> {
    map.iter().try_for_each(|(k, v)| check_name(k, &v.at))?;
    entries(map, read)
}

fn check_name(name: &str, at: &At) -> Result<()> {
    if is_identifier(name) {
        return Ok(());
    }
    Err(at.error("template-name", format!("\"{name}\" is no name: lower-case letters, digits and _, a letter first"), "of this"))
}

fn identifier(node: &Node) -> Result<String> {
    let s = node.str()?;
    check_name(s, &node.at).map(|()| s.to_string())
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

/// What presets call a side of a tensor.
pub fn tensor_key(tensor: &str, axis: u64) -> String {
    format!("{tensor}[{axis}]")
}

fn dim_def(node: &Node) -> Result<DimDef> {
    let f = node.fields()?;
    let def = match (f.optional("expr"), f.optional("largest"), f.optional("tensor")) {
        (None, None, Some(tensor)) => {
            DimDef::Tensor { tensor: tensor.str()?.to_string(), axis: f.required("axis")?.u64()?, at: node.at.clone() }
        }
        (Some(e), ..) => {
            let (expr, at) = expression(e)?;
            DimDef::Expr { expr, at }
        }
        (None, Some(list), _) => {
            let (empty, at) = expression(f.required("empty")?)?;
            DimDef::Largest { list: list.str()?.to_string(), empty, at }
        }
        (None, None, None) => {
            let kind = f.required("type")?;
            let kind = match kind.str()? {
                "u32" => KeyKind::U32,
                "bool" => KeyKind::Bool,
                "f32" => KeyKind::F32,
                "u32[]" => KeyKind::U32List,
                text => match text.strip_prefix("f32[").and_then(|t| t.strip_suffix(']')).and_then(|t| t.parse().ok()) {
                    Some(n) => KeyKind::F32List(n),
                    None => return Err(kind.at.error("template-type", "a key's type is u32, bool, f32, u32[] or f32[n]", "found this")),
                },
            };
            let zero = f.optional("zero").map(Node::bool).transpose()?.unwrap_or(false);
            let key = f.required("key")?.str()?.to_string();
            DimDef::Key { key, kind, absent: f.optional("absent").cloned(), zero, at: node.at.clone() }
        }
    };
    f.finish()?;
    Ok(def)
}

fn runtime_dim(node: &Node) -> Result<RuntimeDim> {
    let f = node.fields()?;
    let size = match f.optional("expr") {
        Some(e) => expression(e).map(|(expr, at)| RuntimeSize::Derived { expr, at })?,
        None => RuntimeSize::Given { max: f.required("max")?.u64()? },
    };
    let d = RuntimeDim { doc: f.required("doc")?.str()?.to_string(), size };
    f.finish()?;
    Ok(d)
}

fn template_option(node: &Node) -> Result<TemplateOption> {
    let f = node.fields()?;
    let words = |key: &str| -> Result<IndexMap<String, String>> {
        f.required(key)?.map()?.iter().map(|(k, v)| Ok((k.clone(), v.str()?.to_string()))).collect()
    };
    let option = TemplateOption {
        doc: f.required("doc")?.str()?.to_string(),
        choices: words("choices")?,
        follows: words("follows")?,
        at: node.at.clone(),
    };
    f.finish()?;
    match option.follows.iter().find(|(_, choice)| !option.choices.contains_key(*choice)) {
        Some((reference, choice)) => Err(node
            .at
            .error("template-option", format!("{reference} follows \"{choice}\", which is none of the choices"), "this option")
            .fact(format!("choices: {}", list(option.choices.keys())))
            .near(choice, option.choices.keys())),
        None => Ok(option),
    }
}

fn grid(node: &Node) -> Result<Grid> {
    let f = node.fields()?;
    let part = |key: &str| f.required(key).and_then(expression);
    let g = Grid { rows: part("rows")?, cols: part("cols")?, row_tokens: part("row_tokens")?, first: part("first")? };
    f.finish()?;
    Ok(g)
}

fn limit(node: &Node) -> Result<Limit> {
    let f = node.fields()?;
    let l = Limit { expr: expression(f.required("expr")?)?.0, max: expression(f.required("max")?)?.0, at: node.at.clone() };
    f.finish()?;
    Ok(l)
}

fn preset(node: &Node) -> Result<Preset> {
    let f = node.fields()?;
    let present = match f.optional("present") {
        Some(n) => n.map()?.clone(),
        None => IndexMap::new(),
    };
    let p =
        Preset { doc: f.required("doc")?.str()?.to_string(), values: f.required("values")?.map()?.clone(), present, at: node.at.clone() };
    f.finish()?;
    Ok(p)
}

fn storage_rule(node: &Node) -> Result<StorageRule> {
    let f = node.fields()?;
    let kind = f.required("type")?;
    let rule = StorageRule {
        rank: f.optional("rank").map(Node::u64).transpose()?,
        name: f.optional("name").map(|n| n.str().map(str::to_string)).transpose()?,
        row_multiple: match f.optional("row_multiple") {
            Some(n) => match n.u64()? {
                0 => return Err(n.at.error("json-type", "a multiple is at least 1", "found this")),
                m => Some(m),
            },
            None => None,
        },
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

/// An op of preprocessing: its operands are the image and its size, given by its role.
fn preprocess_op(node: &Node) -> Result<OpUse> {
    let f = node.fields()?;
    f.required("op")?;
    f.optional("attr");
    f.finish()?;
    op_use(node)
}

fn op_use(node: &Node) -> Result<OpUse> {
    let f = node.fields()?;
    let word = |n: &Node| n.str().map(|s| (s.to_string(), n.at.clone()));
    let use_ = OpUse {
        op: f.required("op")?.str()?.to_string(),
        inputs: f.optional("in").map(|n| n.array()?.iter().map(word).collect()).transpose()?.unwrap_or_default(),
        out: f.optional("out").map(|n| identifier(n).map(|s| (s, n.at.clone()))).transpose()?,
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

fn condition(node: &Node) -> Result<Condition> {
    let f = node.fields()?;
    let forms: Vec<&str> = ["weight", "dims", "option", "listed"].into_iter().filter(|k| f.optional(k).is_some()).collect();
    let at = &node.at;
    let condition = match forms.as_slice() {
        ["weight"] => {
            let weight = f.required("weight")?;
            Condition::Weight(weight.str()?.to_string(), weight.at.clone())
        }
        ["dims"] => {
            let text = f.required("dims")?;
            let guard = Guard::parse(text.str()?).map_err(|e| text.at.error("template-expression", e, "this condition"))?;
            Condition::Dims(guard, text.at.clone())
        }
        ["option"] => {
            let option = f.required("option")?;
            let (Some((name, choice)), 1) = (option.map()?.first(), option.map()?.len()) else {
                return Err(option.at.error("template-option", "a condition is one option and one choice", "found this"));
            };
            Condition::Option { option: name.clone(), choice: choice.str()?.to_string(), at: option.at.clone() }
        }
        ["listed"] => {
            let pair = f.required("listed")?;
            let [number, list] = pair.array()? else {
                return Err(pair.at.error("template-listed", "\"listed\" is [number, name of a list]", "found this"));
            };
            Condition::Listed { number: expression(number)?.0, list: list.str()?.to_string(), at: pair.at.clone() }
        }
        _ => return Err(at.error("template-form", "a condition is exactly one of weight, dims, option, listed", "this condition")),
    };
    f.finish()?;
    Ok(condition)
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
                check_name(name, &n.at)?;
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
            let otherwise = f.optional("else").map(body).transpose()?.unwrap_or_default();
            let s = Stmt::When { condition: condition(f.required("when")?)?, body: body(f.required("body")?)?, otherwise };
            f.finish()?;
            Ok(s)
        }
        ["collect"] => {
            let f = node.fields()?;
            let s = Stmt::Collect { list: identifier(f.required("collect")?)?, value: word(f.required("value")?)? };
            f.finish()?;
            Ok(s)
        }
        _ => Err(node
            .at
            .error("template-form", "a graph entry is exactly one of op, for, when, collect", "this entry")
            .fact(format!("keys given: {}", map.keys().cloned().collect::<Vec<_>>().join(", ")))),
    }
}
