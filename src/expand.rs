//! Template → OpGraph: loops unrolled, conditions decided, names and attributes resolved; every value named once.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, Result};
use crate::expr::{Dim, Expr, Verdict};
use crate::ir::{Attr, Dag, Id, Kind, Node};
use crate::json::{At, Node as Json};
use crate::maps::{AttrKind, Maps, OpMap};
use crate::sizes::{Number, Origin, Sizes, Stored};
use crate::template::{Condition, OpUse, Stmt, Template, shape};

/// Unknown tensors that an error lists.
const SHOWN: usize = 8;

/// Most rounds of one loop: more than any encoder has layers.
const MOST_ROUNDS: u64 = 4096;

/// What expansion knows of a node: weights carry their storage and the shape the graph sees.
#[derive(Debug, Clone, Default)]
pub struct Named {
    pub stored: Option<Stored>,
    pub given_shape: Option<Vec<Dim>>,
}

pub type OpGraph = Dag<Named>;

/// What was chosen of each option of the template.
pub type Choices = BTreeMap<String, String>;

/// Unrolls a template for concrete sizes and choices.
pub fn expand(template: &Template, sizes: &Sizes, maps: &Maps, choices: &Choices) -> Result<OpGraph> {
    let mut e = Expander {
        template,
        sizes,
        maps,
        choices,
        options_read: BTreeSet::new(),
        dag: Dag::default(),
        scopes: vec![BTreeMap::new()],
        weights: BTreeMap::new(),
        names: BTreeSet::from([template.input.name.clone()]),
        lists: BTreeMap::new(),
        lists_read: BTreeSet::new(),
        vars: BTreeMap::new(),
        taps: BTreeMap::new(),
    };
    let input = &template.input;
    let given = input.shape.iter().map(|(x, at)| sizes.eval(x, at, &e.vars)).collect::<Result<_>>()?;
    let id = e.dag.add(
        Node {
            name: input.name.clone(),
            kind: Kind::Input,
            tap: None,
            at: input.at.clone(),
            facts: Named { stored: None, given_shape: Some(given) },
        },
        &[],
    );
    e.scopes[0].insert(input.name.clone(), id);
    e.body(&template.graph)?;
    for (name, node) in &template.outputs {
        let id = e.value(node.str()?, &node.at)?;
        e.dag.outputs.insert(name.clone(), id);
    }
    for id in e.dag.ids() {
        let n = e.dag.node(id);
        if e.dag.users(id).is_empty() && !e.dag.is_output(id) && n.tap.is_none() {
            return Err(n
                .at
                .error("template-unused", format!("value \"{}\" is never used", n.name), "computed here")
                .help("remove it, tap it, or make it an output"));
        }
    }
    e.options_used()?;
    e.tensors_known()?;
    e.dag.check("expand")?;
    Ok(e.dag)
}

/// Weights in the order of the graph, each with its definition; used to write files.
pub fn weight_list(dag: &OpGraph) -> Vec<Stored> {
    dag.ids().filter_map(|id| dag.node(id).facts.stored.clone()).collect()
}

struct Expander<'a> {
    template: &'a Template,
    sizes: &'a Sizes,
    maps: &'a Maps,
    choices: &'a Choices,
    options_read: BTreeSet<String>,
    dag: OpGraph,
    scopes: Vec<BTreeMap<String, Id>>,
    weights: BTreeMap<String, Id>,
    names: BTreeSet<String>,
    lists: BTreeMap<String, Vec<Id>>,
    lists_read: BTreeSet<String>,
    /// Loop variables.
    vars: BTreeMap<String, u64>,
    taps: BTreeMap<String, At>,
}

impl Expander<'_> {
    fn body(&mut self, stmts: &[Stmt]) -> Result<()> {
        for stmt in stmts {
            match stmt {
                Stmt::Op(use_) => self.op(use_)?,
                Stmt::For { var, count, carry, body, at } => {
                    if self.vars.contains_key(var) || self.sizes.dim(var).is_some() {
                        return Err(at.error("template-loop", format!("\"{var}\" already has a meaning"), "this loop"));
                    }
                    let n = self.sizes.eval(&count.0, &count.1, &self.vars)?;
                    let n = n.as_const().filter(|n| *n <= MOST_ROUNDS).ok_or_else(|| {
                        count.1.error("template-loop", format!("the count {n} is no static number from 0 to {MOST_ROUNDS}"), "this count")
                    })?;
                    for (name, (start, _, at)) in carry {
                        let id = self.value(start, at)?;
                        self.define(name, id, at)?;
                    }
                    for i in 0..n {
                        self.vars.insert(var.clone(), i);
                        self.scopes.push(BTreeMap::new());
                        self.body(body)?;
                        let next: Vec<(String, Id)> =
                            carry.iter().map(|(name, (_, next, at))| Ok((name.clone(), self.value(next, at)?))).collect::<Result<_>>()?;
                        self.scopes.pop();
                        if let Some(scope) = self.scopes.last_mut() {
                            scope.extend(next);
                        }
                    }
                    self.vars.remove(var);
                }
                Stmt::When { condition, body, otherwise } => {
                    let taken = if self.holds(condition)? { body } else { otherwise };
                    self.body(taken)?;
                }
                Stmt::Collect { list, value } => {
                    let id = self.value(&value.0, &value.1)?;
                    if self.lists_read.contains(list) {
                        return Err(value
                            .1
                            .error("template-list", format!("list \"{list}\" was read before this"), "too late")
                            .help("a list is read when it is complete"));
                    }
                    self.lists.entry(list.clone()).or_default().push(id);
                }
            }
        }
        Ok(())
    }

    fn holds(&mut self, condition: &Condition) -> Result<bool> {
        match condition {
            Condition::Weight(weight, at) => {
                let tensor = self.interpolate(weight, at)?;
                let variable = weight.rsplit_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(name, _)| name);
                let index = variable.and_then(|v| self.vars.get(v)).copied().unwrap_or(0);
                self.sizes.has_weight(weight, &tensor, index, at)
            }
            Condition::Dims(guard, at) => {
                let env = |n: &str| self.vars.get(n).map(|v| Dim::constant(*v)).or_else(|| self.sizes.dim(n));
                match guard.decide(&env).map_err(|e| at.error("template-expression", e, "this condition"))? {
                    Verdict::Always => Ok(true),
                    Verdict::Never => Ok(false),
                    Verdict::Depends(_) => Err(at
                        .error("template-when", format!("\"{}\" is not known before the image is", guard.text), "this condition")
                        .help("a graph depends on static dimensions only; what depends on the image is a guard of a profile's rule")),
                }
            }
            Condition::Option { option, choice, at } => {
                let known = self.template.options.get(option);
                let chosen = self.choices.get(option).filter(|_| known.is_some_and(|o| o.choices.contains_key(choice)));
                self.options_read.insert(option.clone());
                match chosen {
                    Some(chosen) => Ok(chosen == choice),
                    None => {
                        let mut e = at.error(
                            "template-option",
                            format!("the template has no option {option} with the choice {choice}"),
                            "asked here",
                        );
                        for (name, o) in &self.template.options {
                            e = e.fact(format!("{name}: {}", o.choices.keys().cloned().collect::<Vec<_>>().join(", ")));
                        }
                        Err(e)
                    }
                }
            }
            Condition::Listed { number, list, at } => {
                let n = self.sizes.eval(number, at, &self.vars)?.as_const();
                match (n, self.sizes.numbers.get(list)) {
                    (Some(n), Some(Number::U32List(v))) => Ok(v.iter().any(|x| u64::from(*x) == n)),
                    (None, _) => Err(at.error("template-listed", "the number is not static", "this condition")),
                    _ => Err(at.error("template-list", format!("\"{list}\" is no list of numbers"), "this condition")),
                }
            }
        }
    }

    /// Every tensor of the file that looks like this encoder's is read, or declared unused.
    fn tensors_known(&self) -> Result<()> {
        let Origin::File(file) = &self.sizes.origin else { return Ok(()) };
        let unknown: Vec<&String> =
            file.tensors.keys().filter(|name| !self.weights.contains_key(*name) && self.template.tensors.refuses(name)).collect();
        let Some(first) = unknown.first() else { return Ok(()) };
        let mut e = Diagnostic::new(
            "gguf-unknown-tensor",
            format!("the file has {} tensors that {} does not read", unknown.len(), self.template.encoder),
        )
        .in_file(&file.file);
        for name in unknown.iter().take(SHOWN) {
            e = e.fact(name.to_string());
        }
        Err(e
            .near(first, self.weights.keys())
            .help("it is another architecture or a variant: without these tensors the result would be another; a template says under \"tensors\" what it leaves unused"))
    }

    /// An option that no condition asks for would be a promise without effect.
    fn options_used(&self) -> Result<()> {
        match self.template.options.iter().find(|(name, _)| !self.options_read.contains(*name)) {
            Some((name, o)) => Err(o.at.error("template-unused", format!("no condition asks for the option \"{name}\""), "declared here")),
            None => Ok(()),
        }
    }

    fn op(&mut self, use_: &OpUse) -> Result<()> {
        let map = self.maps.op(&use_.op).filter(|m| m.role.is_none() && m.fused.is_none()).ok_or_else(|| {
            let known: Vec<_> = self.maps.ops.values().filter(|m| m.role.is_none() && m.fused.is_none()).map(|m| m.op.clone()).collect();
            use_.at
                .error("template-unknown-op", format!("no op \"{}\"", use_.op), "used here")
                .fact(format!("ops: {}", known.join(", ")))
                .near(&use_.op, &known)
        })?;
        let mut operands = Vec::new();
        for (name, at) in &use_.inputs {
            if let Some(list) = name.strip_prefix('*') {
                operands.extend(self.lists.get(list).cloned().unwrap_or_default());
                self.lists_read.insert(list.to_string());
            } else if let Some(pattern) = name.strip_prefix('@') {
                operands.push(self.weight(pattern, at)?);
            } else {
                operands.push(self.value(name, at)?);
            }
        }
        let attrs = resolve_attrs(map, &use_.attrs, self.sizes, &self.vars, &use_.at)?;
        let (out, out_at) = use_.out.as_ref().ok_or_else(|| use_.at.error("json-missing-key", "key \"out\" is missing", "in this op"))?;
        let suffix: String = self.vars.values().map(|v| format!("-{v}")).collect();
        let tap = match &use_.tap {
            Some((name, at)) => {
                let name = self.interpolate(name, at)?;
                if let Some(first) = self.taps.insert(name.clone(), at.clone()) {
                    let e = at.error("template-tap", format!("tap \"{name}\" is used twice"), "second use");
                    if first.span == at.span {
                        return Err(e.help("a tap in a loop names its round, as in \"ln1-{layer}\""));
                    }
                    let (line, col) = first.source.line_col(first.span.start);
                    return Err(e.fact(format!("first use at {}:{line}:{col}", first.source.name)));
                }
                Some(name)
            }
            None => None,
        };
        let node = Node {
            name: format!("{out}{suffix}"),
            kind: Kind::Op { op: use_.op.clone(), attrs },
            tap,
            at: use_.at.clone(),
            facts: Named::default(),
        };
        if self.scopes.iter().any(|s| s.contains_key(out)) {
            return Err(out_at.error("template-twice", format!("\"{out}\" is defined twice"), "second definition"));
        }
        self.only_once(&node.name, out_at)?;
        let id = self.dag.add(node, &operands);
        self.define(out, id, out_at)
    }

    /// Values and tensors share one space of names.
    fn only_once(&mut self, name: &str, at: &At) -> Result<()> {
        if self.names.insert(name.to_string()) {
            return Ok(());
        }
        Err(at.error("template-twice", format!("a value and a tensor are both called \"{name}\""), "second use of the name"))
    }

    fn define(&mut self, name: &str, id: Id, at: &At) -> Result<()> {
        if self.scopes.iter().any(|s| s.contains_key(name)) {
            return Err(at.error("template-twice", format!("\"{name}\" is defined twice"), "second definition"));
        }
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name.to_string(), id);
        }
        Ok(())
    }

    fn value(&self, name: &str, at: &At) -> Result<Id> {
        self.scopes.iter().rev().find_map(|s| s.get(name)).copied().ok_or_else(|| {
            let known: Vec<_> = self.scopes.iter().flat_map(|s| s.keys().cloned()).collect();
            at.error("template-unknown-value", format!("no value \"{name}\" is defined before this"), "used here")
                .fact(format!("values in scope: {}", known.join(", ")))
                .help("values are defined top to bottom; a value cannot depend on a later one (no cycles)")
        })
    }

    fn weight(&mut self, pattern: &str, at: &At) -> Result<Id> {
        let def = self.template.weights.get(pattern).ok_or_else(|| {
            at.error("template-missing-weight", format!("weight \"{pattern}\" is not declared under \"weights\""), "used here")
                .fact(format!("declared: {}", self.template.weights.keys().cloned().collect::<Vec<_>>().join(", ")))
        })?;
        let tensor = self.interpolate(pattern, at)?;
        if let Some(id) = self.weights.get(&tensor) {
            return Ok(*id);
        }
        let stored = self.sizes.weight(&tensor, def, &self.vars)?;
        let file_shape: Vec<u64> = stored.ne.iter().rev().copied().collect();
        let seen = match &def.seen_as {
            Some(s) => {
                let seen = self.sizes.static_shape(s, &self.vars)?;
                let elements = |s: &[u64]| s.iter().try_fold(1u64, |p, n| p.checked_mul(*n));
                if elements(&seen) != elements(&file_shape) {
                    return Err(def.at.error("weight-shape", format!("{seen:?} and {file_shape:?} differ in elements"), "this weight"));
                }
                seen
            }
            None => file_shape,
        };
        self.only_once(&tensor, at)?;
        let node = Node {
            name: tensor.clone(),
            kind: Kind::Weight,
            tap: None,
            at: at.clone(),
            facts: Named { stored: Some(stored), given_shape: Some(seen.into_iter().map(Dim::constant).collect()) },
        };
        let id = self.dag.add(node, &[]);
        self.weights.insert(tensor, id);
        Ok(id)
    }

    /// Replaces `{name}` by the value of a loop variable or a static dimension.
    fn interpolate(&self, text: &str, at: &At) -> Result<String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, tail) =
                after.split_once('}').ok_or_else(|| at.error("template-name", format!("\"{text}\" has no closing brace"), "this name"))?;
            let static_dim = || self.sizes.dim(name).and_then(|d| d.as_const());
            let value = self.vars.get(name).copied().or_else(static_dim).ok_or_else(|| {
                at.error("template-name", format!("no loop variable or static dimension \"{name}\""), "used here")
                    .fact(format!("loop variables: {}", self.vars.keys().cloned().collect::<Vec<_>>().join(", ")))
            })?;
            out.push_str(before);
            out.push_str(&value.to_string());
            rest = tail;
        }
        Ok(out + rest)
    }
}

/// Attributes as the op map declares them, all present, none besides.
pub fn resolve_attrs(
    map: &OpMap,
    given: &IndexMap<String, Json>,
    sizes: &Sizes,
    vars: &BTreeMap<String, u64>,
    at: &At,
) -> Result<IndexMap<String, Attr>> {
    let known = || format!("attributes of {}: {}", map.op, map.attributes.keys().cloned().collect::<Vec<_>>().join(", "));
    if let Some((name, node)) = given.iter().find(|(n, _)| !map.attributes.contains_key(*n)) {
        return Err(node.at.error("template-attribute", format!("{} has no attribute \"{name}\"", map.op), "given here").fact(known()));
    }
    map.attributes
        .iter()
        .map(|(name, kind)| {
            let node = given.get(name).ok_or_else(|| {
                at.error("template-attribute", format!("attribute \"{name}\" of {} is missing", map.op), "this op").fact(known())
            })?;
            Ok((name.clone(), attr(name, node, kind, sizes, vars)?))
        })
        .collect()
}

fn attr(name: &str, node: &Json, kind: &AttrKind, sizes: &Sizes, vars: &BTreeMap<String, u64>) -> Result<Attr> {
    use crate::json::Value;
    let dim = |node: &Json| -> Result<Dim> {
        let (e, at) = shape_item(node)?;
        sizes.eval(&e, &at, vars)
    };
    let wrong = |what: &str| node.at.error("template-attribute", format!("attribute \"{name}\" must be {what}"), "given here");
    match kind {
        AttrKind::Dim => dim(node).map(Attr::Dim),
        AttrKind::Int => {
            let d = dim(node)?;
            d.as_const().map(|_| Attr::Dim(d.clone())).ok_or_else(|| wrong("a static integer").fact(format!("it is {d}")))
        }
        AttrKind::F32 => match &node.value {
            Value::Number(_) => node.f32().map(Attr::F32),
            Value::String(name) => match sizes.numbers.get(name) {
                Some(Number::F32(v)) => Ok(Attr::F32(*v)),
                _ => Err(wrong("a number or the name of an f32 dimension")),
            },
            Value::Object(_) => {
                // roots and quotients are correctly rounded, so the bits are the same everywhere
                let f = node.fields()?;
                let inverse = f.optional("rsqrt");
                let n = dim(match inverse {
                    Some(n) => n,
                    None => f.required("sqrt")?,
                })?;
                let over = f.optional("over").map(|o| attr("over", o, kind, sizes, vars)).transpose()?;
                f.finish()?;
                let n = n.as_const().filter(|n| *n > 0).ok_or_else(|| wrong("the root of a static number of at least 1"))?;
                let root = if inverse.is_some() { 1.0 / (n as f32).sqrt() } else { (n as f32).sqrt() };
                match over {
                    Some(Attr::F32(over)) if over != 0.0 => Ok(Attr::F32(root / over)),
                    Some(_) => Err(wrong("a root over a number other than 0")),
                    None => Ok(Attr::F32(root)),
                }
            }
            _ => Err(wrong("a number, the name of an f32 dimension, or {\"rsqrt\": n}")),
        },
        AttrKind::F32List(n) => match &node.value {
            Value::String(name) => match sizes.numbers.get(name) {
                Some(Number::F32List(v)) if v.len() == *n => Ok(Attr::F32List(v.clone())),
                _ => Err(wrong(&format!("{n} numbers or the name of an f32[{n}] dimension"))),
            },
            _ => {
                let v: Vec<f32> = node.array()?.iter().map(Json::f32).collect::<Result<_>>()?;
                if v.len() == *n { Ok(Attr::F32List(v)) } else { Err(wrong(&format!("{n} numbers"))) }
            }
        },
        AttrKind::U8List(n) => {
            let v: Vec<u8> = node
                .array()?
                .iter()
                .map(|x| x.u64().and_then(|v| u8::try_from(v).map_err(|_| wrong("numbers up to 255"))))
                .collect::<Result<_>>()?;
            if v.len() == *n { Ok(Attr::U8List(v)) } else { Err(wrong(&format!("{n} numbers"))) }
        }
        AttrKind::Enum(words) => {
            let w = node.str()?;
            if words.iter().any(|x| x == w) { Ok(Attr::Word(w.to_string())) } else { Err(wrong(&format!("one of {}", words.join(", ")))) }
        }
        AttrKind::Shape => Ok(Attr::Shape(shape(node)?.iter().map(|(e, at)| sizes.eval(e, at, vars)).collect::<Result<_>>()?)),
    }
}

fn shape_item(node: &Json) -> Result<(Expr, At)> {
    let text = match &node.value {
        crate::json::Value::Number(n) => n.clone(),
        _ => node.str()?.to_string(),
    };
    Expr::parse(&text).map(|e| (e, node.at.clone())).map_err(|e| node.at.error("template-expression", e, "this expression"))
}
