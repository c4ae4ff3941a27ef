//! Reads a template from JSON: every key is known, every expression parses, every name is one.

use indexmap::IndexMap;

use super::{
    AUDIO_PARTS, Condition, DimDef, Grid, InputDef, KeyKind, Limit, OpUse, Preset, RuntimeDim, RuntimeSize, Stmt, StorageRule, Synth,
    Template, TemplateOption, Tensors, WeightDef, list,
};
use crate::diagnostic::Result;
use crate::expr::{Expr, Guard, is_identifier};
use crate::gguf::GgmlType;
use crate::json::{self, At, Node, Value};

/// The parts of an image's preprocessing: the size of the result, the resized image, its normalised pixels.
const IMAGE_PARTS: [&str; 3] = ["size", "image", "pixels"];

/// What an image that is cut into views has besides: the views, and how the whole and the image under the tiles are resampled.
const VIEW_PARTS: [&str; 3] = ["views", "overview", "refined"];

impl Template {
    /// Reads and checks a template; `name` is what errors call the text.
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
