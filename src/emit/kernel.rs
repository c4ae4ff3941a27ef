//! Kernel instances: a kernel's source rendered for constants, attributes and strides, once per distinct key.

use indexmap::IndexMap;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde_json::json;

use super::environment;
use super::shader::Bindings;
use super::split::split;
use crate::diagnostic::{Diagnostic, Result, Source};
use crate::ir::{Attr, Kind, Node, hex_float};
use crate::maps::{KernelDef, Maps, OpMap};
use crate::pipeline::Inputs;
use crate::select::{Chosen, Selected};

/// A rendered kernel and how to call it.
#[derive(Debug, Clone)]
pub struct Instance {
    pub symbol: String,
    pub id: String,
    pub class: String,
    pub variant: usize,
    pub text: String,
    /// C types of the pointer parameters: operands, result, tables.
    pub params: Vec<String>,
    pub args: usize,
    pub bindings: Bindings,
    /// How a host may cut a call.
    pub split: Option<serde_json::Value>,
}

/// All instances of a build, and what they need besides, each once and in first-use order.
#[derive(Default)]
pub struct Instances {
    pub list: IndexMap<String, Instance>,
    pub snippets: IndexMap<String, String>,
    pub tables: IndexMap<String, String>,
}

impl Instances {
    /// Index of the instance of `kernel` that this node needs.
    pub fn get(
        &mut self,
        i: &Inputs,
        map: &OpMap,
        kernel: &KernelDef,
        variant: usize,
        node: &Node<Chosen>,
        selected: &Selected,
    ) -> Result<usize> {
        let Kind::Op { attrs, .. } = &node.kind else {
            return Err(node.at.error("internal-emit", "only ops have kernels", "this value"));
        };
        self.instance(i.maps, map, kernel, variant, attrs, selected)
    }

    /// Index of the instance of `kernel` for these attributes, and for the constants, types and layouts of `selected`.
    pub fn instance(
        &mut self,
        maps: &Maps,
        map: &OpMap,
        kernel: &KernelDef,
        variant: usize,
        attrs: &IndexMap<String, Attr>,
        selected: &Selected,
    ) -> Result<usize> {
        let call = Call::new(map, kernel, attrs, selected);
        let symbol = format!("{}{}", kernel.id.symbol(), call.suffix());
        if let Some((index, _, _)) = self.list.get_full(&symbol) {
            return Ok(index);
        }
        for name in &kernel.shared {
            self.snippet(maps, name, &kernel.lang)?;
        }
        for name in &kernel.tables {
            if !self.tables.contains_key(name) {
                self.tables.insert(name.clone(), source(maps, &format!("_tables/{name}.{}", kernel.lang))?);
            }
        }
        let (prototype, params) = call.prototype(&symbol);
        let text = render(maps, &kernel.source, call.context(&symbol, &prototype))?;
        let bindings = Bindings::of(&call);
        let text = if kernel.is_shader() { call.shader(maps, &bindings, &text)? } else { text };
        let instance = Instance {
            symbol: symbol.clone(),
            id: kernel.id.text.clone(),
            class: kernel.id.class.clone(),
            variant,
            text,
            params,
            args: kernel.args.len(),
            bindings,
            split: split(&call)?,
        };
        Ok(self.list.insert_full(symbol, instance).0)
    }

    pub fn snippet(&mut self, maps: &Maps, name: &str, lang: &str) -> Result<()> {
        if !self.snippets.contains_key(name) {
            self.snippets.insert(name.to_string(), source(maps, &format!("_shared/{name}.{lang}"))?);
        }
        Ok(())
    }
}

pub fn source(maps: &Maps, path: &str) -> Result<String> {
    maps.files
        .get(path)
        .map(str::to_string)
        .ok_or_else(|| Diagnostic::new("map-snippet", format!("{} does not exist", maps.files.name(path))))
}

/// The C functions of a preprocessing kernel: `symbol`, and helpers whose names begin with it.
pub fn preprocessing(maps: &Maps, kernel: &KernelDef, symbol: &str, attrs: &IndexMap<String, Attr>) -> Result<String> {
    let with = Value::from(Serde(&kernel.with));
    let context = context! { name => symbol, attr => Value::from(Serde(attributes(attrs))), with => with };
    render(maps, &kernel.source, context)
}

/// Renders a kernel source of the maps.
fn render(maps: &Maps, path: &str, context: Value) -> Result<String> {
    let name = maps.files.name(path);
    let text = source(maps, path)?;
    environment().render_named_str(&name, &text, context).map_err(|e| {
        let why = e.detail().map_or_else(|| e.kind().to_string(), |d| format!("{}: {d}", e.kind()));
        let span = e.range().unwrap_or_default();
        Diagnostic::new("emit-kernel", format!("kernel {path} does not render: {why}")).at(
            &Source::new(name.clone(), text.as_str()),
            span,
            "",
            "while rendering this",
        )
    })
}

/// One use of a kernel: names and values its source may use.
pub struct Call<'a> {
    pub map: &'a OpMap,
    pub kernel: &'a KernelDef,
    attrs: &'a IndexMap<String, Attr>,
    pub selected: &'a Selected,
}

impl<'a> Call<'a> {
    fn new(map: &'a OpMap, kernel: &'a KernelDef, attrs: &'a IndexMap<String, Attr>, selected: &'a Selected) -> Self {
        Self { map, kernel, attrs, selected }
    }

    /// (parameter name, pattern name) of every operand.
    pub fn operands(&self) -> Vec<(String, String)> {
        let Some(signature) = &self.map.signature else { return Vec::new() };
        let fixed = signature.operands.iter().filter(|p| !p.variadic).count();
        (0..self.selected.operands.len())
            .filter_map(|slot| {
                let p = signature.operand(slot)?;
                Some(if p.variadic { (format!("{}{}", p.name, slot - fixed), p.name.clone()) } else { (p.name.clone(), p.name.clone()) })
            })
            .collect()
    }

    fn constant(&self, name: &str) -> Option<u64> {
        self.selected.bound.get(name).and_then(|d| d.as_const())
    }

    /// Last dimensions of variadic operands by pattern name.
    fn widths(&self) -> IndexMap<String, Vec<u64>> {
        let mut out: IndexMap<String, Vec<u64>> = IndexMap::new();
        for ((param, pattern), (shape, _)) in self.operands().iter().zip(&self.selected.operands) {
            if param != pattern
                && let Some(width) = shape.last().and_then(|d| d.as_const())
            {
                out.entry(pattern.clone()).or_default().push(width);
            }
        }
        out
    }

    /// The part of the symbol that tells instances of one kernel apart: constants, attributes, strides, widths.
    fn suffix(&self) -> String {
        let mut parts: Vec<String> = self.kernel.consts.iter().filter_map(|n| self.constant(n).map(|v| format!("{n}{v}"))).collect();
        for (name, attr) in self.attrs {
            match attr {
                Attr::F32(v) => parts.push(format!("{name}{:08x}", v.to_bits())),
                Attr::Dim(d) if !self.kernel.consts.contains(name) && !self.kernel.args.contains(name) => {
                    if let Some(v) = d.as_const() {
                        parts.push(format!("{name}{v}"));
                    }
                }
                Attr::Word(w) => parts.push(format!("{name}{w}")),
                Attr::F32List(l) => {
                    parts.push(format!("{name}{}", l.iter().map(|v| format!("{:08x}", v.to_bits())).collect::<Vec<_>>().join("x")))
                }
                Attr::U8List(l) => parts.push(format!("{name}{}", l.iter().map(u8::to_string).collect::<Vec<_>>().join("x"))),
                Attr::Dim(_) | Attr::Shape(_) => {}
            }
        }
        // the id holds the type of one operand; classes with several rows for it need the others
        let id = self.map.id_operand().unwrap_or_default();
        let rows = &self.map.classes[&self.kernel.id.class].types;
        if rows.iter().filter(|r| r.get(&id) == self.selected.row.get(&id)).count() > 1 {
            parts.push(self.selected.row.values().map(|d| d.name()).collect());
        }
        for ((param, pattern), (shape, layout)) in self.operands().iter().zip(&self.selected.operands) {
            if self.kernel.strided.contains(pattern) && !layout.is_contiguous(shape) {
                let s: Vec<_> = layout.strides.iter().map(u64::to_string).collect();
                parts.push(format!("{param}s{}", s.join("x")));
            }
        }
        for (name, widths) in self.widths() {
            let w: Vec<_> = widths.iter().map(u64::to_string).collect();
            parts.push(format!("{name}{}", w.join("x")));
        }
        if parts.is_empty() { String::new() } else { format!("__{}", parts.join("_")) }
    }

    fn prototype(&self, symbol: &str) -> (String, Vec<String>) {
        let mut text = Vec::new();
        let mut params = Vec::new();
        let restrict = |name: &str| if self.kernel.over.iter().any(|o| o == name) { "" } else { "restrict " };
        for (param, pattern) in self.operands() {
            let c = self.selected.row.get(&pattern).map_or("void", |d| d.c_type());
            text.push(format!("const {c} *{}{param}", restrict(&pattern)));
            params.push(format!("const {c} *"));
        }
        if let Some(result) = self.map.signature.as_ref().map(|s| &s.result.name) {
            let c = self.selected.row.get(result).map_or("void", |d| d.c_type());
            let restrict = if self.kernel.over.is_empty() { "restrict " } else { "" };
            text.push(format!("{c} *{restrict}{result}"));
            params.push(format!("{c} *"));
        }
        for t in &self.kernel.tables {
            text.push(format!("const table_{t}_t *restrict {t}"));
            params.push(format!("const table_{t}_t *"));
        }
        text.extend(self.kernel.args.iter().map(|a| format!("size_t {a}")));
        text.push("size_t t0".to_string());
        text.push("size_t t1".to_string());
        text.push("void *restrict scratch".to_string());
        (format!("static void {symbol}({})", text.join(", ")), params)
    }

    /// A shader is a module of its own: bindings, snippets, kernel.
    fn shader(&self, maps: &Maps, bindings: &Bindings, kernel: &str) -> Result<String> {
        let mut text = format!("// {}\n{}", self.kernel.id.text, bindings.declarations(self));
        for name in &self.kernel.shared {
            text += "\n";
            text += &source(maps, &format!("_shared/{name}.{}", self.kernel.lang))?;
        }
        Ok(text + "\n" + kernel)
    }

    fn context(&self, symbol: &str, prototype: &str) -> Value {
        let mut c = serde_json::Map::new();
        for name in &self.kernel.consts {
            c.insert(name.clone(), json!(self.constant(name)));
        }
        for (name, widths) in self.widths() {
            c.insert(format!("{name}_k"), json!(widths));
        }
        let mut stride = serde_json::Map::new();
        for ((param, pattern), (_, layout)) in self.operands().iter().zip(&self.selected.operands) {
            if self.kernel.strided.contains(pattern) {
                stride.insert(param.clone(), json!(layout.strides));
            }
        }
        let types: serde_json::Map<_, _> = self.selected.row.iter().map(|(k, v)| (k.clone(), json!(v.name()))).collect();
        let variadic: Vec<_> = self.operands().into_iter().filter(|(p, n)| p != n).map(|(p, _)| json!({ "name": p })).collect();
        context! {
            name => symbol,
            prototype => prototype,
            c => Value::from(Serde(&c)),
            attr => Value::from(Serde(attributes(self.attrs))),
            stride => Value::from(Serde(&stride)),
            types => Value::from(Serde(&types)),
            variadic => Value::from(Serde(&variadic)),
            with => Value::from(Serde(&self.kernel.with)),
        }
    }
}

/// Attributes as kernel sources see them: integers, hexadecimal float literals, words, lists.
fn attributes(attrs: &IndexMap<String, Attr>) -> serde_json::Map<String, serde_json::Value> {
    attrs
        .iter()
        .filter_map(|(k, v)| {
            let value = match v {
                Attr::Dim(d) => json!(d.as_const()?),
                Attr::F32(f) => json!(hex_float(*f)),
                Attr::F32List(l) => json!(l.iter().map(|f| hex_float(*f)).collect::<Vec<_>>()),
                Attr::U8List(l) => json!(l),
                Attr::Word(w) => json!(w),
                Attr::Shape(_) => return None,
            };
            Some((k.clone(), value))
        })
        .collect()
}
