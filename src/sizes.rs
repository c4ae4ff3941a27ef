//! Static sizes of one build: dimensions and weight types, from a GGUF file or from a preset of the template.

use std::cell::RefCell;
use std::collections::BTreeMap;

use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, Result};
use crate::expr::{Bound, Dim, Expr};
use crate::gguf::{GgmlType, GgufDirectory, MAX_DIMS, MetaArray, MetaValue};
use crate::json::{At, Node, Value};
use crate::template::{DimDef, KeyKind, Preset, RuntimeSize, StorageRule, Template, WeightDef, tensor_key};

/// Where sizes and weight types come from.
#[derive(Debug)]
pub enum Origin {
    File(GgufDirectory),
    Preset { name: String, weights: String },
}

#[derive(Debug, Clone, PartialEq)]
pub enum Number {
    Int(u64),
    Bool(bool),
    F32(f32),
    F32List(Vec<f32>),
    U32List(Vec<u32>),
}

impl Number {
    /// The number as a file carries it; integers of files have 32 bits.
    pub fn meta(&self) -> MetaValue {
        match self {
            Number::Int(v) => MetaValue::U32(u32::try_from(*v).unwrap_or(u32::MAX)),
            Number::Bool(v) => MetaValue::Bool(*v),
            Number::F32(v) => MetaValue::F32(*v),
            Number::F32List(v) => MetaValue::Array(MetaArray::F32(v.clone())),
            // writers of files take signed lists, and some readers nothing else
            Number::U32List(v) => MetaValue::Array(match v.iter().map(|v| i32::try_from(*v).ok()).collect() {
                Some(signed) => MetaArray::I32(signed),
                None => MetaArray::U32(v.clone()),
            }),
        }
    }
}

/// A key of a file's metadata and the one value it may have.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    pub key: String,
    /// The name of the key in other files; the first that a file has counts.
    pub also: Option<String>,
    pub value: MetaValue,
    /// The key may be left out: that means this value.
    pub optional: bool,
}

/// A weight's storage.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    pub tensor: String,
    pub dtype: GgmlType,
    /// GGUF order, fastest first.
    pub ne: Vec<u64>,
    pub bytes: u64,
}

/// Everything static about one build.
#[derive(Debug)]
pub struct Sizes {
    pub origin: Origin,
    pub numbers: IndexMap<String, Number>,
    /// Dimensions that depend on run-time ones.
    pub derived: IndexMap<String, Dim>,
    /// Run-time dimensions that the caller gives, in template order, with their largest value.
    pub runtime: IndexMap<String, u64>,
    /// Run-time dimensions that follow from others before them.
    pub runtime_derived: IndexMap<String, Bound>,
    /// Metadata that a file must carry.
    pub checks: Vec<Check>,
    storage: Vec<StorageRule>,
    /// Of a preset: weight pattern → values of its loop variable for which it exists.
    present: IndexMap<String, Node>,
}

impl Sizes {
    /// Sizes of this very file.
    pub fn of_file(template: &Template, file: GgufDirectory) -> Result<Self> {
        Self::new(template, Origin::File(file), Vec::new(), IndexMap::new())
    }

    /// Sizes of a preset, its weights stored by the policy `weights` of the template.
    pub fn of_preset(template: &Template, preset: Option<&str>, weights: &str) -> Result<Self> {
        let name = preset.unwrap_or(&template.default_preset);
        let found = template.presets.get(name).ok_or_else(|| {
            Diagnostic::new("preset-unknown", format!("{} has no preset \"{name}\"", template.encoder))
                .fact(format!("presets: {}", list(template.presets.keys())))
                .near(name, template.presets.keys())
        })?;
        let rules = template.storage.get(weights).ok_or_else(|| {
            Diagnostic::new("weights-unknown", format!("{} has no weight storage \"{weights}\"", template.encoder))
                .fact(format!("--weights takes: {}", list(template.storage.keys())))
                .near(weights, template.storage.keys())
        })?;
        let rules = rules
            .iter()
            .map(|r| StorageRule { rank: r.rank, name: r.name.clone(), row_multiple: r.row_multiple, dtype: r.dtype })
            .collect();
        let origin = Origin::Preset { name: name.to_string(), weights: weights.to_string() };
        Self::new(template, origin, rules, found.present.clone())
    }

    fn new(template: &Template, origin: Origin, storage: Vec<StorageRule>, present: IndexMap<String, Node>) -> Result<Self> {
        let mut sizes = Self {
            origin,
            numbers: IndexMap::new(),
            derived: IndexMap::new(),
            runtime: template
                .runtime
                .iter()
                .filter_map(|(k, v)| match v.size {
                    RuntimeSize::Given { max } => Some((k.clone(), max)),
                    RuntimeSize::Derived { .. } => None,
                })
                .collect(),
            runtime_derived: IndexMap::new(),
            checks: Vec::new(),
            storage,
            present,
        };
        for (key, node) in &template.requires {
            sizes.require(template, key, node)?;
        }
        let preset = match &sizes.origin {
            Origin::Preset { name, .. } => template.presets.get(name),
            Origin::File(_) => None,
        };
        for (name, def) in &template.dims {
            if let DimDef::Key { key, kind, absent, zero, at } = def {
                let number = sizes.number(preset, key, *kind, absent.as_ref(), *zero, at)?;
                sizes.numbers.insert(name.clone(), number);
            }
            if let DimDef::Tensor { tensor, axis, at } = def {
                let number = sizes.side_of_tensor(preset, tensor, *axis, at)?;
                sizes.numbers.insert(name.clone(), Number::Int(number));
            }
        }
        for (name, def) in &template.runtime {
            if let RuntimeSize::Derived { .. } = def.size {
                // known by name before its expression is: shapes may mention it anywhere
                sizes.runtime_derived.insert(name.clone(), Bound::Dim(Dim::symbol(name)));
            }
        }
        // Expressions may refer to each other in any order; a cycle is found by the open set.
        let open = RefCell::new(Vec::new());
        for name in template.dims.keys() {
            let dim = resolve(template, &sizes, name, &open)?;
            if let (Some(dim), DimDef::Expr { .. } | DimDef::Largest { .. }) = (dim, &template.dims[name]) {
                match dim.as_const() {
                    Some(v) => {
                        sizes.numbers.insert(name.clone(), Number::Int(v));
                    }
                    None => {
                        sizes.derived.insert(name.clone(), dim);
                    }
                }
            }
        }
        sizes.derive_runtime(template)?;
        Ok(sizes)
    }

    /// Binds the expressions of derived run-time dimensions; each may use those before it.
    fn derive_runtime(&mut self, template: &Template) -> Result<()> {
        let names: Vec<String> = self.runtime_derived.keys().cloned().collect();
        for (i, name) in names.iter().enumerate() {
            let RuntimeSize::Derived { expr, at } = &template.runtime[name].size else { continue };
            let later = &names[i..];
            let bound = expr.bind(&|n| if later.iter().any(|l| l == n) { None } else { self.dim(n) }).map_err(|e| {
                at.error("template-dimension", format!("run-time dimension \"{name}\": {e}"), "this expression")
                    .help("it may use static dimensions and run-time dimensions before it")
            })?;
            self.runtime_derived.insert(name.clone(), bound);
        }
        Ok(())
    }

    /// Adds the derived run-time dimensions to given ones; `None` if a size overflows.
    pub fn complete(&self, mut given: BTreeMap<String, u64>) -> Option<BTreeMap<String, u64>> {
        for (name, bound) in &self.runtime_derived {
            let value = bound.eval(&given)?;
            given.insert(name.clone(), value);
        }
        Some(given)
    }

    fn require(&mut self, template: &Template, key: &str, node: &Node) -> Result<()> {
        let expected = literal(node)?;
        let (key, also) = key.split_once('|').map_or((key, None), |(key, also)| (key, Some(also)));
        if let Origin::File(file) = &self.origin {
            let found = file.metadata.get(key).or_else(|| also.and_then(|also| file.metadata.get(also)));
            if found != Some(&expected) {
                let found = found.map_or("no such key".to_string(), |v| v.to_string());
                return Err(Diagnostic::new("gguf-wrong-encoder", format!("this file is not for {}", template.encoder))
                    .in_file(&file.file)
                    .fact(format!(
                        "{}: the template requires {expected}, the file has {found}",
                        also.map_or(key.to_string(), |also| format!("{key} or {also}"))
                    ))
                    .help("choose the template of this file's projector, or convert the right model (`ir-build list encoders`)"));
            }
        }
        self.checks.push(Check { key: key.to_string(), also: also.map(str::to_string), value: expected, optional: false });
        Ok(())
    }

    fn number(&mut self, preset: Option<&Preset>, key: &str, kind: KeyKind, absent: Option<&Node>, zero: bool, at: &At) -> Result<Number> {
        let given = match (&self.origin, preset) {
            (Origin::File(file), _) => match (file.metadata.contains_key(key), absent) {
                (false, Some(_)) => None,
                _ => Some(match kind {
                    KeyKind::U32 => Number::Int(u64::from(file.u32(key)?)),
                    KeyKind::Bool => Number::Bool(file.bool(key)?),
                    KeyKind::F32 => Number::F32(file.f32(key)?),
                    KeyKind::U32List => Number::U32List(file.u32_array(key)?),
                    KeyKind::F32List(n) => {
                        let v = file.f32_array(key)?;
                        if v.len() != n {
                            return Err(Diagnostic::new("gguf-array-length", format!("\"{key}\" must have {n} elements"))
                                .in_file(&file.file)
                                .fact(format!("the file has {}", v.len())));
                        }
                        Number::F32List(v.to_vec())
                    }
                }),
            },
            (_, Some(preset)) => match (preset.values.get(key), absent) {
                (Some(node), _) => Some(typed(node, kind)?),
                (None, Some(_)) => None,
                (None, None) => {
                    return Err(at.error("preset-value", format!("the preset has no value for \"{key}\""), "needed here"));
                }
            },
            _ => None,
        };
        let number = match (given, absent) {
            (Some(n), _) => n,
            (None, Some(node)) => typed(node, kind)?,
            (None, None) => return Err(at.error("preset-value", format!("no value for \"{key}\""), "needed here")),
        };
        let refuse = |code: &'static str, message: String, label: &str| {
            let e = at.error(code, message, label);
            match &self.origin {
                Origin::File(file) => Err(e.fact(format!("in {}", file.file.display()))),
                Origin::Preset { name, .. } => Err(e.fact(format!("in preset \"{name}\""))),
            }
        };
        match &number {
            Number::Int(0) if !zero => return refuse("size-zero", format!("\"{key}\" is 0"), "sizes are at least 1"),
            Number::F32(v) if !v.is_finite() => return refuse("size-not-finite", format!("\"{key}\" is {v}"), "numbers are finite"),
            Number::F32List(v) if v.iter().any(|x| !x.is_finite()) => {
                return refuse("size-not-finite", format!("\"{key}\" is {v:?}"), "numbers are finite");
            }
            _ => {}
        }
        // a file may leave out a key whose absence means the same value
        let optional = absent.map(|node| typed(node, kind)).transpose()?.as_ref() == Some(&number);
        self.checks.push(Check { key: key.to_string(), also: None, value: number.meta(), optional });
        Ok(number)
    }

    fn side_of_tensor(&self, preset: Option<&Preset>, tensor: &str, axis: u64, at: &At) -> Result<u64> {
        let key = tensor_key(tensor, axis);
        let side = match (&self.origin, preset.and_then(|p| p.values.get(&key))) {
            (Origin::File(file), _) => {
                let ne = &file.tensor(tensor)?.ne;
                usize::try_from(axis).ok().and_then(|axis| ne.iter().rev().nth(axis)).copied().ok_or_else(|| {
                    at.error("size-axis", format!("tensor \"{tensor}\" has no axis {axis}"), "needed here")
                        .fact(format!("in {}: {ne:?}, fastest first", file.file.display()))
                })?
            }
            (_, Some(node)) => node.u64()?,
            (_, None) => return Err(at.error("preset-value", format!("the preset has no value for \"{key}\""), "needed here")),
        };
        match side {
            0 => Err(at.error("size-zero", format!("\"{key}\" is 0"), "sizes are at least 1")),
            n => Ok(n),
        }
    }

    /// A dimension by name: static, derived or run-time.
    pub fn dim(&self, name: &str) -> Option<Dim> {
        match self.numbers.get(name) {
            Some(Number::Int(v)) => return Some(Dim::constant(*v)),
            Some(Number::Bool(v)) => return Some(Dim::constant(u64::from(*v))),
            Some(_) => return None,
            None => {}
        }
        let symbol = self.runtime.contains_key(name) || self.runtime_derived.contains_key(name);
        self.derived.get(name).cloned().or_else(|| symbol.then(|| Dim::symbol(name)))
    }

    /// Evaluates an expression of the template, loop variables first.
    pub fn eval(&self, expr: &Expr, at: &At, vars: &BTreeMap<String, u64>) -> Result<Dim> {
        expr.dim(&|n| vars.get(n).map(|v| Dim::constant(*v)).or_else(|| self.dim(n))).map_err(|e| {
            at.error("template-dimension", e, "in this expression").fact(format!(
                "dimensions: {}",
                list(self.numbers.keys().chain(self.derived.keys()).chain(self.runtime.keys()).chain(self.runtime_derived.keys()))
            ))
        })
    }

    /// Whether an optional weight exists; `index` is the value of the loop variable in its pattern, 0 if it has none.
    pub fn has_weight(&self, pattern: &str, tensor: &str, index: u64, at: &At) -> Result<bool> {
        match &self.origin {
            Origin::File(f) => Ok(f.tensors.contains_key(tensor)),
            Origin::Preset { name, .. } => match self.present.get(pattern) {
                Some(list) => Ok(list.array()?.iter().map(Node::u64).collect::<Result<Vec<_>>>()?.contains(&index)),
                None => Err(at.error("preset-weight", format!("preset \"{name}\" does not say where \"{pattern}\" exists"), "asked here")),
            },
        }
    }

    /// Type, shape and size of a weight; a file's tensor must have the template's shape.
    pub fn weight(&self, tensor: &str, def: &WeightDef, vars: &BTreeMap<String, u64>) -> Result<Stored> {
        let shape = self.static_shape(&def.shape, vars)?;
        if !(1..=MAX_DIMS).contains(&shape.len()) {
            return Err(def.at.error(
                "weight-shape",
                format!("a weight has 1 to {MAX_DIMS} dimensions, this one {}", shape.len()),
                "this weight",
            ));
        }
        let ne: Vec<u64> = shape.iter().rev().copied().collect();
        let dtype = match &self.origin {
            Origin::File(file) => {
                let info = file.tensor(tensor)?;
                if info.ne != ne {
                    return Err(Diagnostic::new("gguf-tensor-shape", format!("tensor \"{tensor}\" has another shape than the template's"))
                        .at_byte(&file.file, info.header_offset)
                        .fact(format!("template: {ne:?} (from {})", show_shape(def)))
                        .fact(format!("file:     {:?}", info.ne))
                        .help("the file's metadata contradicts its tensors, or it is another architecture"));
                }
                info.dtype
            }
            Origin::Preset { weights, .. } => {
                let rule = self.storage.iter().find(|r| r.matches(tensor, &shape));
                rule.ok_or_else(|| {
                    def.at.error("storage-rule", format!("no storage rule of \"{weights}\" matches {tensor}"), "this weight")
                })?
                .dtype
            }
        };
        let bytes = dtype
            .tensor_bytes(&ne)
            .ok_or_else(|| def.at.error("weight-size", format!("{tensor}: {ne:?} cannot be stored as {dtype}"), "this weight"))?;
        Ok(Stored { tensor: tensor.to_string(), dtype, ne, bytes })
    }

    pub fn static_shape(&self, shape: &[(Expr, At)], vars: &BTreeMap<String, u64>) -> Result<Vec<u64>> {
        shape
            .iter()
            .map(|(e, at)| {
                let d = self.eval(e, at, vars)?;
                d.as_const().filter(|v| *v > 0).ok_or_else(|| {
                    at.error("weight-shape", format!("a weight's dimension must be static and positive, this is {d}"), "this dimension")
                })
            })
            .collect()
    }

    /// One line saying what was built for.
    pub fn label(&self) -> String {
        match &self.origin {
            Origin::File(f) => {
                format!("file {}", f.file.file_name().map_or_else(|| "?".to_string(), |n| n.to_string_lossy().into_owned()))
            }
            Origin::Preset { name, weights } => format!("preset {name}, weights {weights}"),
        }
    }
}

fn show_shape(def: &WeightDef) -> String {
    def.shape.iter().map(|(_, at)| at.source.text[at.span.clone()].to_string()).collect::<Vec<_>>().join(", ")
}

fn resolve(template: &Template, sizes: &Sizes, name: &str, open: &RefCell<Vec<String>>) -> Result<Option<Dim>> {
    if let Some(d) = sizes.dim(name) {
        return Ok(Some(d));
    }
    let (expr, at) = match template.dims.get(name) {
        Some(DimDef::Expr { expr, at }) => (expr, at),
        Some(DimDef::Largest { list, empty, at }) => match sizes.numbers.get(list) {
            Some(Number::U32List(v)) => match v.iter().max() {
                Some(max) => return Ok(Some(Dim::constant(u64::from(*max)))),
                None => (empty, at),
            },
            _ => return Err(at.error("template-list", format!("\"{list}\" is no list of numbers"), "this dimension")),
        },
        _ => return Ok(None),
    };
    if open.borrow().iter().any(|n| n == name) {
        return Err(at
            .error("template-cycle", format!("dimension \"{name}\" depends on itself"), "through this expression")
            .fact(format!("cycle: {} -> {name}", open.borrow().join(" -> "))));
    }
    open.borrow_mut().push(name.to_string());
    let mut found = BTreeMap::new();
    for n in expr.names() {
        if let Some(d) = resolve(template, sizes, &n, open)? {
            found.insert(n, d);
        }
    }
    open.borrow_mut().pop();
    let dim = expr.dim(&|n| found.get(n).cloned()).map_err(|e| {
        let mut error = at.error("template-dimension", format!("dimension \"{name}\": {e}"), "this expression");
        for (k, v) in &found {
            if let Some(DimDef::Key { key, .. }) = template.dims.get(k) {
                error = error.fact(format!("{k} = {v}, from \"{key}\" of {}", sizes.label()));
            } else if v.to_string() != *k {
                error = error.fact(format!("{k} = {v}"));
            }
        }
        error
    })?;
    Ok(Some(dim))
}

/// A JSON literal as GGUF metadata: a string, a boolean or an unsigned integer.
pub fn literal(node: &Node) -> Result<MetaValue> {
    match &node.value {
        Value::String(s) => Ok(MetaValue::String(s.clone())),
        Value::Bool(b) => Ok(MetaValue::Bool(*b)),
        _ => node.u64().and_then(|v| {
            u32::try_from(v).map(MetaValue::U32).map_err(|_| node.at.error("json-type", "the value must fit 32 bits", "found this"))
        }),
    }
}

fn typed(node: &Node, kind: KeyKind) -> Result<Number> {
    match kind {
        KeyKind::U32 => match node.u64()? {
            v if v > u64::from(u32::MAX) => Err(node.at.error("json-type", "the value must fit 32 bits", "found this")),
            v => Ok(Number::Int(v)),
        },
        KeyKind::Bool => node.bool().map(Number::Bool),
        KeyKind::F32 => node.f32().map(Number::F32),
        KeyKind::U32List => node
            .array()?
            .iter()
            .map(|n| {
                n.u64().and_then(|v| u32::try_from(v).map_err(|_| n.at.error("json-type", "the value must fit 32 bits", "found this")))
            })
            .collect::<Result<_>>()
            .map(Number::U32List),
        KeyKind::F32List(n) => {
            let list: Vec<f32> = node.array()?.iter().map(Node::f32).collect::<Result<_>>()?;
            if list.len() != n {
                return Err(node.at.error("json-type", format!("{n} numbers are needed"), format!("{} given", list.len())));
            }
            Ok(Number::F32List(list))
        }
    }
}

fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.cloned().collect::<Vec<_>>().join(", ")
}
