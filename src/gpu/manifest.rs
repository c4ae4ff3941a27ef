//! `manifest.json`: what an emitted encoder needs of its host, read strictly and checked before anything runs.

use std::collections::BTreeMap;
use std::fmt;

use super::formula::{Condition, Dims, Formula};
use super::limits;
use super::pieces::Split;
use super::probe::Probe;
use crate::diagnostic::{Diagnostic, Result};
use crate::gguf::GgmlType;
use crate::json::{self, At, Fields, Node, Value};
use crate::maps::Promise;
use crate::taps::DType;

/// The only format that there is.
const FORMAT: u64 = 1;

#[derive(Debug)]
pub struct Manifest {
    pub encoder: String,
    pub input: ImageInput,
    /// Run-time dimensions that follow from the others, in order.
    pub derived: Vec<(String, Formula)>,
    /// Rows and columns of the image's cells.
    pub grid: [Formula; 2],
    /// Of one image.
    pub tokens: Formula,
    /// Floats per token.
    pub embedding: u64,
    pub flops: Formula,
    pub checks: Vec<Check>,
    /// Beginnings of names of tensors that are the encoder's; each is a weight, or unused.
    pub known_tensors: Vec<String>,
    pub unused_tensors: Vec<String>,
    pub weights: Vec<Weight>,
    pub tables: Vec<Table>,
    pub probe: Probe,
    pub shaders: Vec<ShaderEntry>,
    pub variants: Vec<Variant>,
    pub run: Run,
    /// What runs on devices that fail the probe, and the profile that it has.
    pub otherwise: Option<(String, Run)>,
    pub outputs: Vec<OutputEntry>,
    /// WebGPU name of a limit and its least value.
    pub limits: BTreeMap<String, u64>,
}

/// What an encode runs.
#[derive(Debug)]
pub struct Run {
    pub promise: Promise,
    /// The first is the input.
    pub buffers: Vec<BufferSize>,
    pub steps: Vec<Step>,
    pub taps: Vec<TapEntry>,
}

/// Images as f32 `[batch, rows, columns, channels]`.
#[derive(Debug, Clone)]
pub struct ImageInput {
    pub batch_dim: String,
    pub row_dim: Option<String>,
    pub col_dim: Option<String>,
    /// Pixels of one row or column of cells.
    pub row_unit: u64,
    pub col_unit: u64,
    pub channels: u64,
    pub max_rows: u64,
    pub max_cols: u64,
    pub max_batch: u64,
    /// Most cells.
    pub max_grid: u64,
}

/// A metadata value that the build was made for.
#[derive(Debug)]
pub struct Check {
    pub key: String,
    /// The key's names in other files.
    pub also: Vec<String>,
    /// A file without the key has this value.
    pub optional: bool,
    pub list: bool,
    pub expected: Expected,
}

/// Values of one kind; one of them unless the check is of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    Integers(Vec<i128>),
    /// By their bits.
    Floats(Vec<u32>),
    Bools(Vec<bool>),
    Strings(Vec<String>),
}

#[derive(Debug)]
pub struct Weight {
    pub name: String,
    pub kind: GgmlType,
    /// The fastest dimension first.
    pub ne: Vec<u64>,
    pub bytes: u64,
}

/// A lookup table that a shader of its own fills once.
#[derive(Debug)]
pub struct Table {
    pub name: String,
    pub file: String,
    pub words: u64,
    pub workgroups: u32,
    /// FNV-1a of 64 bits over the bytes.
    pub checksum: u64,
}

#[derive(Debug)]
pub struct BufferSize {
    pub name: String,
    bytes: Vec<Formula>,
}

#[derive(Debug)]
pub struct ShaderEntry {
    pub name: String,
    pub file: String,
    pub kernel: String,
    /// Names of operands, result and tables, in the order of their bindings.
    pub bindings: Vec<String>,
    /// Numbers that a call is given, in order.
    pub params: Vec<String>,
    /// How a call is cut whose bindings are too large.
    pub(super) split: Option<Split>,
}

#[derive(Debug)]
pub struct Step {
    pub name: String,
    pub op: String,
    pub choices: Vec<Choice>,
    pub params: BTreeMap<String, Formula>,
    pub refs: Vec<Ref>,
    pub at: At,
}

/// A class and what computes in it, the best first.
#[derive(Debug)]
pub struct Choice {
    pub when: Option<Condition>,
    pub class: String,
    pub candidates: Vec<Candidate>,
}

#[derive(Debug)]
pub struct Candidate {
    /// Index into the variants.
    pub variant: usize,
    pub shader: usize,
    pub workgroups: Vec<Formula>,
    /// What sizes of input it takes.
    pub when: Option<Condition>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Buffer,
    Weight,
    Output,
    Table,
}

/// What a step reads or writes.
#[derive(Debug)]
pub struct Ref {
    pub kind: Kind,
    pub index: usize,
    /// Elements before the first one.
    pub at: u64,
    /// Bytes of an element.
    pub element: u64,
    /// From the first element to the end of the last; none: all that is there.
    pub bytes: Option<Formula>,
}

/// A set of kernels, and the WebGPU features that a device needs for them.
#[derive(Debug)]
pub struct Variant {
    pub name: String,
    pub needs: Vec<String>,
}

#[derive(Debug)]
pub struct TapEntry {
    /// The step after which the value is there.
    pub step: usize,
    pub name: String,
    pub kind: Kind,
    pub index: usize,
    /// Bytes before the first element.
    pub offset: u64,
    pub dtype: DType,
    pub shape: Vec<Formula>,
    /// Bytes from one index to the next, per dimension.
    pub stride: Vec<Formula>,
}

#[derive(Debug)]
pub struct OutputEntry {
    pub name: String,
    pub bytes: Formula,
}

impl Manifest {
    /// Reads the text of a manifest; `name` stands for its file in messages. Errors of its content have the codes
    /// `manifest-format`, `manifest-value`, `manifest-index` and `manifest-expression`.
    pub fn read(name: &str, text: &str) -> Result<Self> {
        let root = json::parse(name, text)?;
        let f = root.fields()?;
        let format = f.required("format")?;
        if format.u64()? != FORMAT {
            return Err(format
                .at
                .error("manifest-format", format!("this program reads manifests of format {FORMAT}"), "found this")
                .help("emit the encoder again with this version"));
        }
        f.required("build")?.map()?; // facts for people
        let input = f.required("input")?;
        let input_fields = input.fields()?;
        let grid = f.required("grid")?.fields()?;
        let given = f.required("dims")?.strings()?;
        let variants = each(&f, "variants", variant)?;
        let manifest = Self {
            encoder: text_of(&f, "encoder")?,
            input: image_input(input_fields)?,
            derived: each(&f, "derived", |n| {
                let f = n.fields()?;
                let one = (text_of(&f, "name")?, Formula::read(f.required("value")?)?);
                f.finish()?;
                Ok(one)
            })?,
            grid: [Formula::read(grid.required("rows")?)?, Formula::read(grid.required("cols")?)?],
            tokens: Formula::read(f.required("tokens")?)?,
            embedding: f.required("embedding")?.u64()?,
            flops: Formula::read(f.required("flops")?)?,
            checks: each(&f, "checks", check)?,
            known_tensors: f.required("known_tensors")?.strings()?,
            unused_tensors: f.required("unused_tensors")?.strings()?,
            weights: each(&f, "weights", weight)?,
            tables: each(&f, "tables", table)?,
            probe: Probe::read(f.required("probe")?)?,
            shaders: each(&f, "shaders", shader)?,
            run: run(&f, &variants)?,
            otherwise: match f.required("otherwise")? {
                Node { value: Value::Null, .. } => None,
                node => {
                    let f = node.fields()?;
                    let other = (text_of(&f, "profile")?, run(&f, &variants)?);
                    f.finish()?;
                    Some(other)
                }
            },
            variants,
            outputs: each(&f, "outputs", |n| {
                let f = n.fields()?;
                let one = OutputEntry { name: text_of(&f, "name")?, bytes: Formula::read(f.required("bytes")?)? };
                f.finish()?;
                Ok(one)
            })?,
            limits: f
                .required("limits")?
                .map()?
                .iter()
                .map(|(name, n)| match limits::NAMES.contains(&name.as_str()) {
                    true => Ok((name.clone(), n.u64()?)),
                    false => Err(bad(n, format!("\"{name}\" is no limit that this host knows"))),
                })
                .collect::<Result<_>>()?,
        };
        grid.finish()?;
        f.finish()?;
        manifest.check(&root, &given)?;
        Ok(manifest)
    }

    /// What refers to something refers to something that is there.
    fn check(&self, root: &Node, given: &[String]) -> Result<()> {
        let bad = |at: &At, message: String| at.error("manifest-index", message, "here");
        let known: Vec<&String> =
            [Some(&self.input.batch_dim), self.input.row_dim.as_ref(), self.input.col_dim.as_ref()].into_iter().flatten().collect();
        if !given.iter().all(|d| known.contains(&d)) || known.len() != given.len() {
            return Err(bad(&root.at, format!("the input gives the dimensions {known:?}, the manifest has {given:?}")));
        }
        for run in [&self.run].into_iter().chain(self.otherwise.as_ref().map(|(_, run)| run)) {
            self.check_run(root, run)?;
        }
        match self.outputs.len() {
            1 => Ok(()),
            n => Err(bad(&root.at, format!("there are {n} outputs, one is needed"))),
        }
    }

    fn check_run(&self, root: &Node, run: &Run) -> Result<()> {
        let bad = |at: &At, message: String| at.error("manifest-index", message, "here");
        for step in &run.steps {
            if step.choices.last().is_none_or(|c| c.when.is_some()) {
                return Err(bad(&step.at, format!("the last choice of {} has a condition", step.name)));
            }
            for reference in &step.refs {
                self.exists(run, reference.kind, reference.index).map_err(|message| bad(&step.at, message))?;
            }
            for candidate in step.choices.iter().flat_map(|c| &c.candidates) {
                let shader = self.shaders.get(candidate.shader);
                let shader = shader.ok_or_else(|| bad(&step.at, format!("there is no shader {}", candidate.shader)))?;
                if shader.bindings.len() != step.refs.len() {
                    let message = format!("{} binds {} buffers, {} has {}", shader.name, shader.bindings.len(), step.name, step.refs.len());
                    return Err(bad(&step.at, message));
                }
                if let Some(name) = shader.params.iter().find(|name| step.param(shader, name).is_none()) {
                    return Err(bad(&step.at, format!("{} is called without a value for {name}", shader.name)));
                }
            }
        }
        for tap in &run.taps {
            let exists = self.exists(run, tap.kind, tap.index).and_then(|()| match run.steps.len() {
                n if tap.step < n => Ok(()),
                n => Err(format!("step {} of {n}", tap.step)),
            });
            exists.map_err(|message| bad(&root.at, format!("the tap {}: {message}", tap.name)))?;
            if tap.shape.len() != tap.stride.len() {
                return Err(bad(&root.at, format!("the tap {} has {} sizes and {} strides", tap.name, tap.shape.len(), tap.stride.len())));
            }
        }
        if run.buffers.is_empty() {
            return Err(bad(&root.at, "there are no buffers; the first is the input".to_string()));
        }
        Ok(())
    }

    fn exists(&self, run: &Run, kind: Kind, index: usize) -> Result<(), String> {
        let count = match kind {
            Kind::Buffer => run.buffers.len(),
            Kind::Weight => self.weights.len(),
            Kind::Output => self.outputs.len(),
            Kind::Table => self.tables.len(),
        };
        if index < count { Ok(()) } else { Err(format!("there is no {kind} {index}, there are {count}")) }
    }

    /// Values of all run-time dimensions of `batch` images of `height` x `width` pixels. Errors: `gpu-input`.
    pub fn dims(&self, batch: u64, height: u64, width: u64) -> Result<Dims> {
        let i = &self.input;
        let bad = |message: String| Diagnostic::new("gpu-input", message);
        let mut dims = Dims::new();
        let mut cells = 1u64;
        for (what, side, unit, max, dim) in
            [("height", height, i.row_unit, i.max_rows, &i.row_dim), ("width", width, i.col_unit, i.max_cols, &i.col_dim)]
        {
            let count = side / unit.max(1);
            let most = if dim.is_some() { max } else { 1 };
            if side == 0 || !side.is_multiple_of(unit.max(1)) || count > most {
                return Err(bad(format!("a {what} of {side} pixels is not taken: 1 to {most} times {unit} are")));
            }
            cells = cells.saturating_mul(count);
            dims.extend(dim.clone().map(|d| (d, count)));
        }
        if cells > i.max_grid {
            return Err(bad(format!("an image of {width} x {height} pixels is too large: it has {cells} cells, {} are taken", i.max_grid)));
        }
        if batch == 0 || batch > i.max_batch {
            return Err(bad(format!("{batch} images at once are not taken: 1 to {} are", i.max_batch)));
        }
        dims.insert(i.batch_dim.clone(), batch);
        for (name, value) in &self.derived {
            let value = value.value(&dims)?;
            dims.insert(name.clone(), value);
        }
        Ok(dims)
    }

    /// Floats of the input for these dimensions, `[batch, rows, columns, channels]`.
    pub fn input_floats(&self, dims: &Dims) -> u64 {
        let i = &self.input;
        let side = |dim: &Option<String>, unit: u64| dim.as_ref().and_then(|d| dims.get(d)).map_or(unit, |n| n.saturating_mul(unit));
        let batch = dims.get(&i.batch_dim).copied().unwrap_or(1);
        [side(&i.row_dim, i.row_unit), side(&i.col_dim, i.col_unit), i.channels].into_iter().fold(batch, u64::saturating_mul)
    }
}

/// Where a number of a call comes from.
enum Param<'a> {
    /// 0, which no compiler knows.
    Zero,
    /// Elements before the first one of an operand.
    At(u64),
    Formula(&'a Formula),
}

impl Step {
    fn param(&self, shader: &ShaderEntry, name: &str) -> Option<Param<'_>> {
        if name == "zero" {
            return Some(Param::Zero);
        }
        if let Some(formula) = self.params.get(name) {
            return Some(Param::Formula(formula));
        }
        let operand = name.strip_suffix("_at")?;
        let slot = shader.bindings.iter().position(|b| b == operand)?;
        self.refs.get(slot).map(|r| Param::At(r.at))
    }

    /// The numbers that this step calls a shader with, in the order of the shader's parameters.
    pub fn numbers(&self, shader: &ShaderEntry, dims: &Dims) -> Result<Vec<u32>> {
        let number = |name: &String| match self.param(shader, name) {
            Some(Param::Zero) => Ok(0),
            Some(Param::Formula(formula)) => formula.word(dims),
            Some(Param::At(at)) => {
                at.try_into().map_err(|_| self.at.error("manifest-value", format!("{name} is no 32-bit number: {at}"), "in this step"))
            }
            None => Err(self.at.error("manifest-index", format!("there is no value for {name}"), "in this step")),
        };
        shader.params.iter().map(number).collect()
    }
}

impl BufferSize {
    /// Bytes for these dimensions: the largest of the values that lie here, one after another.
    pub fn bytes(&self, dims: &Dims) -> Result<u64> {
        self.bytes.iter().try_fold(0, |most, f| Ok(f.value(dims)?.max(most)))
    }
}

impl Kind {
    fn read(node: &Node) -> Result<Self> {
        match node.str()? {
            "buffer" => Ok(Self::Buffer),
            "weight" => Ok(Self::Weight),
            "output" => Ok(Self::Output),
            "table" => Ok(Self::Table),
            other => Err(bad(node, format!("\"{other}\" is no kind of memory"))),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Buffer => "buffer",
            Self::Weight => "weight",
            Self::Output => "output",
            Self::Table => "table",
        })
    }
}

pub(super) fn bad(node: &Node, message: impl Into<String>) -> Diagnostic {
    node.at.error("manifest-value", message, "found this")
}

pub(super) fn text_of(f: &Fields<'_>, key: &str) -> Result<String> {
    f.required(key)?.str().map(str::to_string)
}

pub(super) fn each<T>(f: &Fields<'_>, key: &str, read: impl Fn(&Node) -> Result<T>) -> Result<Vec<T>> {
    f.required(key)?.array()?.iter().map(read).collect()
}

fn index(node: &Node) -> Result<usize> {
    usize::try_from(node.u64()?).map_err(|_| bad(node, "an index is too large"))
}

fn image_input(f: Fields<'_>) -> Result<ImageInput> {
    let kind = f.required("kind")?;
    if kind.str()? != "image" {
        return Err(bad(kind, "this host encodes images only"));
    }
    let dim = |key: &str| match f.required(key)? {
        Node { value: Value::Null, .. } => Ok(None),
        node => node.str().map(|s| Some(s.to_string())),
    };
    let number = |key: &str| f.required(key)?.u64();
    f.optional("max_side"); // for preprocessing
    let input = ImageInput {
        batch_dim: text_of(&f, "batch_dim")?,
        row_dim: dim("row_dim")?,
        col_dim: dim("col_dim")?,
        row_unit: number("row_unit")?,
        col_unit: number("col_unit")?,
        channels: number("channels")?,
        max_rows: number("max_rows")?,
        max_cols: number("max_cols")?,
        max_batch: number("max_batch")?,
        max_grid: number("max_grid")?,
    };
    f.finish()?;
    Ok(input)
}

fn check(node: &Node) -> Result<Check> {
    let f = node.fields()?;
    let kind = f.required("type")?;
    let (element, list) = match kind.str()?.strip_suffix("[]") {
        Some(element) => (element, true),
        None => (kind.str()?, false),
    };
    let values: Vec<&Node> = match list {
        true => f.required("values")?.array()?.iter().collect(),
        false => vec![f.required("value")?],
    };
    let expected = match element {
        "u32" | "i32" | "u64" | "i64" => Expected::Integers(values.into_iter().map(integer).collect::<Result<_>>()?),
        "f32" => Expected::Floats(values.into_iter().map(float_bits).collect::<Result<_>>()?),
        "bool" => Expected::Bools(values.into_iter().map(truth).collect::<Result<_>>()?),
        "string" => Expected::Strings(values.into_iter().map(|n| n.str().map(str::to_string)).collect::<Result<_>>()?),
        other => return Err(bad(kind, format!("\"{other}\" is no type of metadata"))),
    };
    let check = Check {
        key: text_of(&f, "key")?,
        also: match f.optional("also") {
            None | Some(Node { value: Value::Null, .. }) => Vec::new(),
            Some(node @ Node { value: Value::String(_), .. }) => vec![node.str()?.to_string()],
            Some(list) => list.strings()?,
        },
        optional: f.optional("optional").map(Node::bool).transpose()?.unwrap_or(false),
        list,
        expected,
    };
    f.finish()?;
    Ok(check)
}

/// A number, or its digits as text: not every reader of JSON has integers of 64 bits.
fn integer(node: &Node) -> Result<i128> {
    match &node.value {
        Value::Number(text) | Value::String(text) => text.parse().map_err(|_| bad(node, "an integer is expected")),
        _ => Err(bad(node, "an integer is expected")),
    }
}

fn truth(node: &Node) -> Result<bool> {
    match &node.value {
        Value::Bool(value) => Ok(*value),
        _ => match integer(node)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(bad(node, "true or false is expected")),
        },
    }
}

/// `"0x3f000000"`, so that no reader rounds.
pub(super) fn float_bits(node: &Node) -> Result<u32> {
    let digits = node.str()?.strip_prefix("0x").filter(|d| d.len() == 8);
    digits.and_then(|d| u32::from_str_radix(d, 16).ok()).ok_or_else(|| bad(node, "floats are written as the 8 digits of their bits"))
}

fn weight(node: &Node) -> Result<Weight> {
    let f = node.fields()?;
    let kind = f.required("type")?;
    let ne: Vec<u64> = f.required("ne")?.array()?.iter().map(Node::u64).collect::<Result<_>>()?;
    let weight = Weight {
        name: text_of(&f, "name")?,
        kind: GgmlType::from_name(kind.str()?).ok_or_else(|| bad(kind, "this is no type of tensors"))?,
        bytes: f.required("bytes")?.u64()?,
        ne,
    };
    f.finish()?;
    if weight.kind.tensor_bytes(&weight.ne) != Some(weight.bytes) {
        return Err(bad(node, format!("a tensor {} {:?} has not {} bytes", weight.kind, weight.ne, weight.bytes)));
    }
    Ok(weight)
}

fn table(node: &Node) -> Result<Table> {
    let f = node.fields()?;
    let (groups, sum) = (f.required("workgroups")?, f.required("checksum")?);
    let digits = sum.str()?.trim_start_matches("0x");
    let table = Table {
        name: text_of(&f, "name")?,
        file: text_of(&f, "file")?,
        words: f.required("words")?.u64()?,
        workgroups: groups.u64()?.try_into().map_err(|_| bad(groups, "too many workgroups"))?,
        checksum: u64::from_str_radix(digits, 16).map_err(|_| bad(sum, "a checksum is a hexadecimal number of 64 bits"))?,
    };
    f.finish()?;
    Ok(table)
}

fn shader(node: &Node) -> Result<ShaderEntry> {
    let f = node.fields()?;
    f.required("class")?.str()?;
    let entry = ShaderEntry {
        name: text_of(&f, "name")?,
        file: text_of(&f, "file")?,
        kernel: text_of(&f, "kernel")?,
        bindings: f.required("bindings")?.strings()?,
        params: f.required("params")?.strings()?,
        split: Split::optional(f.optional("split"))?,
    };
    f.finish()?;
    Ok(entry)
}

fn variant(node: &Node) -> Result<Variant> {
    let f = node.fields()?;
    let variant = Variant { name: text_of(&f, "name")?, needs: f.required("needs")?.strings()? };
    f.finish()?;
    Ok(variant)
}

fn run(f: &Fields, variants: &[Variant]) -> Result<Run> {
    Ok(Run {
        promise: Promise::read(f.required("promise")?)?,
        buffers: each(f, "buffers", |n| {
            let f = n.fields()?;
            let one = BufferSize { name: text_of(&f, "name")?, bytes: Formula::list(f.required("bytes")?)? };
            f.finish()?;
            Ok(one)
        })?,
        steps: each(f, "steps", |n| step(n, variants))?,
        taps: each(f, "taps", tap)?,
    })
}

fn step(node: &Node, variants: &[Variant]) -> Result<Step> {
    let f = node.fields()?;
    let step = Step {
        name: text_of(&f, "name")?,
        op: text_of(&f, "op")?,
        choices: each(&f, "choices", |n| choice(n, variants))?,
        params: f.required("params")?.map()?.iter().map(|(name, n)| Ok((name.clone(), Formula::read(n)?))).collect::<Result<_>>()?,
        refs: each(&f, "refs", |n| {
            let f = n.fields()?;
            let at = f.optional("at").map(Node::u64).transpose()?.unwrap_or(0);
            let one = Ref {
                kind: Kind::read(f.required("kind")?)?,
                index: index(f.required("index")?)?,
                at,
                element: f.optional("element").map(Node::u64).transpose()?.unwrap_or(1).max(1),
                bytes: f.optional("bytes").map(Formula::read).transpose()?,
            };
            f.finish()?;
            Ok(one)
        })?,
        at: node.at.clone(),
    };
    f.finish()?;
    Ok(step)
}

fn choice(node: &Node, variants: &[Variant]) -> Result<Choice> {
    let f = node.fields()?;
    let when = match f.required("when")? {
        Node { value: Value::Null, .. } => None,
        node => Some(Condition::read(node)?),
    };
    let candidate = |node: &Node| {
        let f = node.fields()?;
        let (name, groups) = (f.required("variant")?, f.required("workgroups")?);
        let text = name.str()?;
        let one = Candidate {
            variant: variants.iter().position(|v| v.name == text).ok_or_else(|| bad(name, format!("there is no variant \"{text}\"")))?,
            shader: index(f.required("shader")?)?,
            workgroups: Formula::list(groups)?,
            when: f.optional("when").map(Condition::read).transpose()?,
        };
        f.finish()?;
        if !(1..=3).contains(&one.workgroups.len()) {
            return Err(bad(groups, "workgroups have one to three sizes"));
        }
        Ok(one)
    };
    let choice = Choice { when, class: text_of(&f, "class")?, candidates: each(&f, "candidates", candidate)? };
    f.finish()?;
    Ok(choice)
}

fn tap(node: &Node) -> Result<TapEntry> {
    let f = node.fields()?;
    let (dtype, reference) = (f.required("dtype")?, f.required("ref")?.fields()?);
    reference.optional("at"); // the same in elements
    let entry = TapEntry {
        step: index(f.required("step")?)?,
        name: text_of(&f, "name")?,
        kind: Kind::read(reference.required("kind")?)?,
        index: index(reference.required("index")?)?,
        offset: reference.required("offset")?.u64()?,
        dtype: DType::parse(dtype.str()?).ok_or_else(|| bad(dtype, "this is no type of values that can be watched"))?,
        shape: Formula::list(f.required("shape")?)?,
        stride: Formula::list(f.required("stride")?)?,
    };
    reference.finish()?;
    f.finish()?;
    Ok(entry)
}
