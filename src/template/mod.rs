//! What an encoder computes, without sizes, kernels or buffers: the types of a template.

mod check;
mod read;

use std::collections::BTreeMap;

use indexmap::IndexMap;

use crate::expr::{Expr, Guard};
use crate::gguf::GgmlType;
use crate::json::{At, Node};

pub use read::shape;

/// The parts of a sound's preprocessing: number of chunks and their frames, the spectrogram.
const AUDIO_PARTS: [&str; 2] = ["frames", "mel"];

/// One encoder.
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
}

/// What presets call a side of a tensor.
pub fn tensor_key(tensor: &str, axis: u64) -> String {
    format!("{tensor}[{axis}]")
}

fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.cloned().collect::<Vec<_>>().join(", ")
}
