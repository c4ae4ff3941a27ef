//! One op map: signature or view rule, attributes, numerics classes, kernels.

use indexmap::IndexMap;

use super::split::Split;
use super::{Promise, expr, guard};
use crate::diagnostic::Result;
use crate::expr::{Expr, Guard, is_identifier};
use crate::files::Files;
use crate::ir::Dtype;
use crate::json::{self, At, Node};
use crate::signature::Signature;
use crate::view;

/// What a kind of attribute may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttrKind {
    /// A static integer; a symbol of the signature.
    Int,
    /// An integer that may depend on run-time dimensions; a symbol of the signature.
    Dim,
    F32,
    /// `f32[n]`
    F32List(usize),
    /// `u8[n]`
    U8List(usize),
    /// One word of a closed list.
    Enum(Vec<String>),
    /// A list of dimensions (view rules).
    Shape,
}

/// Which part of preprocessing an op does; graph ops have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Size,
    Image,
    Pixels,
    Views,
    Frames,
    Mel,
}

impl Role {
    /// The role is named as the part; the resamplers of views are images too.
    pub fn of_part(part: &str) -> Option<Self> {
        match part {
            "size" => Some(Role::Size),
            "image" => Some(Role::Image),
            "pixels" => Some(Role::Pixels),
            "views" => Some(Role::Views),
            "overview" | "refined" => Self::of_part("image"),
            "frames" => Some(Role::Frames),
            "mel" => Some(Role::Mel),
            _ => None,
        }
    }
}

/// A row of operand types a class is defined for.
pub type Row = IndexMap<String, Dtype>;

#[derive(Debug)]
pub struct ClassDef {
    pub promise: Promise,
    pub steps: Vec<String>,
    pub types: Vec<Row>,
    /// Operand → type that a row asks for → op that converts an f32 value to it.
    pub convert: IndexMap<String, IndexMap<Dtype, String>>,
    /// For a fused op: chain op → class it must equal.
    pub of: IndexMap<String, String>,
    pub at: At,
}

#[derive(Debug)]
pub struct KernelDef {
    pub id: KernelId,
    pub lang: String,
    /// Path of the source in the maps.
    pub source: String,
    /// Words that the source sees as `with.<name>`: kernels may share a source.
    pub with: IndexMap<String, String>,
    pub args: Vec<String>,
    pub consts: Vec<String>,
    pub requires: Vec<Guard>,
    pub strided: Vec<String>,
    pub over: Vec<String>,
    /// Size of a call: the number of tasks that threads share out, or workgroups in x, y and z.
    pub launch: Vec<Expr>,
    /// Bytes per worker.
    pub scratch: Expr,
    /// Operands and result that a shader reads and writes as vectors of four words.
    pub vec4: Vec<String>,
    /// How the work of a shader can be cut.
    pub split: Option<Split>,
    pub shared: Vec<String>,
    pub tables: Vec<String>,
    pub at: At,
}

impl KernelDef {
    /// An argument of a call that is not cut, over the symbols of the signature.
    pub fn value(&self, arg: &str) -> Expr {
        self.split.as_ref().and_then(|s| s.whole(arg)).unwrap_or_else(|| Expr::Name(arg.to_string()))
    }

    /// Whether the kernel is a module of its own that a device runs.
    pub fn is_shader(&self) -> bool {
        self.lang == "wgsl"
    }
}

/// `<op>.<dtype>.<class>[.<variant>]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KernelId {
    pub text: String,
    pub op: String,
    pub dtype: String,
    pub class: String,
    /// Empty for the portable kernel.
    pub variant: String,
}

impl KernelId {
    fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('.').collect();
        let (op, dtype, class, variant) = match parts.as_slice() {
            [op, dtype, class] => (op, dtype, class, ""),
            [op, dtype, class, variant] => (op, dtype, class, *variant),
            _ => return None,
        };
        if !parts.iter().all(|p| is_identifier(p)) {
            return None;
        }
        Some(Self {
            text: text.to_string(),
            op: op.to_string(),
            dtype: dtype.to_string(),
            class: class.to_string(),
            variant: variant.to_string(),
        })
    }

    /// Path in the maps of a source that belongs to this kernel alone, for a language.
    pub fn path(&self, extension: &str) -> String {
        let (_, rest) = self.text.split_at(self.op.len() + 1);
        format!("{}/{rest}.{extension}.j2", self.op)
    }

    /// The id as a C identifier.
    pub fn symbol(&self) -> String {
        self.text.replace(['.', '-'], "_")
    }
}

/// One member of the chain that a fused op replaces.
#[derive(Debug)]
pub struct ChainLink {
    pub op: String,
    pub at: At,
}

#[derive(Debug)]
pub struct Fused {
    pub chain: Vec<ChainLink>,
}

#[derive(Debug)]
pub struct OpMap {
    pub op: String,
    pub doc: String,
    /// Absent for preprocessing ops and views.
    pub signature: Option<Signature>,
    pub view: Option<String>,
    pub role: Option<Role>,
    pub attributes: IndexMap<String, AttrKind>,
    pub classes: IndexMap<String, ClassDef>,
    pub kernels: IndexMap<String, KernelDef>,
    pub fused: Option<Fused>,
    /// The first two operands may change places without changing a bit.
    pub commutes: bool,
    pub flops: Option<Expr>,
    pub at: At,
}

impl OpMap {
    pub fn read(files: &Files, stem: &str) -> Result<Self> {
        let path = format!("{stem}.json");
        let root = json::parse(&files.name(&path), files.get(&path).unwrap_or_default())?;
        let f = root.fields()?;
        f.optional("$schema");
        let op = f.required("op")?;
        if op.str()? != stem {
            return Err(op.at.error("map-name", format!("the op of {stem}.json must be \"{stem}\""), "found this"));
        }
        let attributes = match f.optional("attributes") {
            Some(n) => n.map()?.iter().map(|(k, v)| attribute(k, v)).collect::<Result<_>>()?,
            None => IndexMap::new(),
        };
        let role = f.optional("role").map(role).transpose()?;
        let view = match f.optional("view") {
            Some(n) if view::RULES.contains(&n.str()?) => Some(n.str()?.to_string()),
            Some(n) => return Err(n.at.error("map-view", format!("a view rule is one of {}", view::RULES.join(", ")), "found this")),
            None => None,
        };
        let signature = match f.optional("signature") {
            Some(n) => Some(Signature::parse(n.str()?).map_err(|e| n.at.error("map-signature", e, "this signature"))?),
            None => None,
        };
        if [signature.is_some(), role.is_some(), view.is_some()].iter().filter(|b| **b).count() != 1 {
            return Err(root.at.error(
                "map-kind",
                "an op has exactly one of \"signature\" (a graph op), \"view\" (no kernel) and \"role\" (preprocessing)",
                "in this map",
            ));
        }
        let fused = match f.optional("replaces") {
            Some(n) if signature.is_none() || n.array()?.len() < 2 => {
                return Err(n.at.error("map-chain", "a fused op has a signature and replaces a chain of two ops or more", "this chain"));
            }
            Some(n) => Some(Fused { chain: n.array()?.iter().map(chain_link).collect::<Result<_>>()? }),
            None => None,
        };
        let mut map = Self {
            op: stem.to_string(),
            doc: f.required("doc")?.str()?.to_string(),
            view,
            role,
            attributes,
            classes: IndexMap::new(),
            kernels: IndexMap::new(),
            fused,
            commutes: f.optional("commutes").map(Node::bool).transpose()?.unwrap_or(false),
            flops: f.optional("flops").map(expr).transpose()?,
            signature,
            at: root.at.clone(),
        };
        if map.view.is_none() {
            for (name, node) in f.required("classes")?.map()? {
                map.classes.insert(name.clone(), map.class(node)?);
            }
            for (id, node) in f.required("kernels")?.map()? {
                let kernel = map.kernel(files, id, node)?;
                map.kernels.insert(id.clone(), kernel);
            }
        }
        f.finish()?;
        Ok(map)
    }

    fn class(&self, node: &Node) -> Result<ClassDef> {
        let f = node.fields()?;
        let class = ClassDef {
            promise: Promise::read(f.required("match")?)?,
            steps: f.required("steps")?.strings()?,
            types: match (self.role, f.optional("types")) {
                (Some(_), None) => Vec::new(),
                (_, Some(n)) => n.array()?.iter().map(|r| self.row(r)).collect::<Result<_>>()?,
                (None, None) => return Err(node.at.error("json-missing-key", "key \"types\" is missing", "in this class")),
            },
            convert: self.conversions(f.optional("convert"))?,
            of: words(f.optional("of"))?,
            at: node.at.clone(),
        };
        f.finish()?;
        if class.steps.is_empty() {
            return Err(node.at.error("map-class", "a class says its steps", "this class"));
        }
        Ok(class)
    }

    fn conversions(&self, node: Option<&Node>) -> Result<IndexMap<String, IndexMap<Dtype, String>>> {
        let Some(node) = node else { return Ok(IndexMap::new()) };
        let mut out = IndexMap::new();
        for (operand, by_type) in node.map()? {
            if !self.operand_names().contains(operand) {
                return Err(by_type.at.error("map-operand", format!("\"{operand}\" is no operand of {}", self.op), "converted here"));
            }
            let mut ops = IndexMap::new();
            for (dtype, op) in by_type.map()? {
                let dtype = Dtype::from_name(dtype)
                    .ok_or_else(|| op.at.error("dtype-unknown", format!("\"{dtype}\" is no element type"), "its conversion"))?;
                ops.insert(dtype, op.str()?.to_string());
            }
            out.insert(operand.clone(), ops);
        }
        Ok(out)
    }

    fn row(&self, node: &Node) -> Result<Row> {
        let mut row = Row::new();
        let names = self.operand_names();
        for (operand, dtype) in node.map()? {
            if !names.contains(operand) {
                return Err(dtype.at.error("map-operand", format!("\"{operand}\" is no operand of {}", self.op), "typed here"));
            }
            row.insert(operand.clone(), Dtype::from_node(dtype)?);
        }
        if let Some(missing) = names.iter().find(|n| !row.contains_key(*n)) {
            return Err(node.at.error("map-operand", format!("operand \"{missing}\" has no type"), "in this row"));
        }
        Ok(row)
    }

    /// Operand names in signature order, the result last.
    pub fn operand_names(&self) -> Vec<String> {
        self.signature.iter().flat_map(|s| s.operands.iter().chain([&s.result])).map(|p| p.name.clone()).collect()
    }

    fn kernel(&self, files: &Files, text: &str, node: &Node) -> Result<KernelDef> {
        let id = KernelId::parse(text).filter(|id| id.op == self.op).ok_or_else(|| {
            node.at.error("map-kernel-id", format!("\"{text}\" is not {}.<dtype>.<class>[.<variant>]", self.op), "this kernel")
        })?;
        if !self.classes.contains_key(&id.class) {
            return Err(node
                .at
                .error("map-class", format!("{text} names class \"{}\", which {} does not define", id.class, self.op), "this kernel")
                .fact(format!("classes: {}", self.classes.keys().cloned().collect::<Vec<_>>().join(", "))));
        }
        let f = node.fields()?;
        let lang = f.required("lang")?.str()?.to_string();
        let source = match f.optional("source") {
            Some(n) => format!("{}.{lang}.j2", n.str()?),
            None => id.path(&lang),
        };
        if files.get(&source).is_none() {
            return Err(node
                .at
                .error("map-kernel-file", format!("kernel {text} has no file"), "declared here")
                .fact(format!("expected {}", files.name(&source))));
        }
        let list = |key: &str| f.optional(key).map(Node::strings).transpose().map(Option::unwrap_or_default);
        let shared = list("shared")?;
        let tables = list("tables")?;
        for (folder, names) in [("_shared", &shared), ("_tables", &tables)] {
            if let Some(name) = names.iter().find(|n| files.get(&format!("{folder}/{n}.{lang}")).is_none()) {
                return Err(node.at.error(
                    "map-snippet",
                    format!("{text} needs {folder}/{name}.{lang}, which does not exist"),
                    "declared here",
                ));
            }
        }
        let graph = self.signature.is_some();
        let count = |key: &str| match (graph, f.optional(key)) {
            (_, Some(n)) => expr(n),
            (false, None) => Ok(Expr::Int(0)),
            (true, None) => Err(node.at.error("json-missing-key", format!("key \"{key}\" is missing"), "in this kernel")),
        };
        let (mut launch, scratch): (Vec<Expr>, Expr) = match f.optional("workgroups") {
            None => (vec![count("tasks")?], count("scratch")?),
            Some(n) if graph && (1..=3).contains(&n.array()?.len()) => (n.array()?.iter().map(expr).collect::<Result<_>>()?, Expr::Int(0)),
            Some(n) => return Err(n.at.error("map-workgroups", "a graph kernel has one to three counts of workgroups", "these")),
        };
        let args = list("args")?;
        let split = match (f.optional("split"), &self.signature) {
            (None, _) => None,
            (Some(n), Some(signature)) if f.optional("workgroups").is_some() => Some(Split::read(n, signature, &args, &launch)?),
            (Some(n), _) => return Err(n.at.error("map-split", "only shaders of graphs are cut", "found this")),
        };
        if let Some(split) = &split {
            launch = launch.iter().map(|e| e.replace(&|name| split.whole(name))).collect();
        }
        let kernel = KernelDef {
            lang,
            source,
            with: words(f.optional("with"))?,
            args,
            consts: list("consts")?,
            requires: match f.optional("requires") {
                Some(n) => n.array()?.iter().map(guard).collect::<Result<_>>()?,
                None => Vec::new(),
            },
            strided: list("strided")?,
            over: list("over")?,
            launch,
            scratch,
            vec4: list("vec4")?,
            split,
            shared,
            tables,
            at: node.at.clone(),
            id,
        };
        f.finish()?;
        let names = self.operand_names();
        let result = names.last().filter(|_| graph);
        for operand in kernel.strided.iter().chain(&kernel.over).chain(kernel.vec4.iter().filter(|n| Some(*n) != result)) {
            if !names.contains(operand) || Some(operand) == result {
                return Err(kernel.at.error("map-operand", format!("\"{operand}\" is no operand of {}", self.op), "in this kernel"));
            }
        }
        if kernel.is_shader()
            && let Some(name) = taken_name(&names, &kernel)
        {
            return Err(kernel
                .at
                .error("map-shader-name", format!("{text}: \"{name}\" would stand for two things in the shader"), "this kernel")
                .fact(format!("its own names: {}, and of the numbers it is called with zero and <operand>_at", SHADER_NAMES.join(", ")))
                .help("call the operand, table or argument otherwise"));
        }
        if let Some(operand) = self.id_operand()
            && !self.classes[&kernel.id.class].types.iter().any(|row| row[&operand].name() == kernel.id.dtype)
        {
            return Err(kernel.at.error(
                "map-kernel-id",
                format!("{text} is for {operand} of type {}, which class {} does not list", kernel.id.dtype, kernel.id.class),
                "this kernel",
            ));
        }
        Ok(kernel)
    }

    /// The operand whose type stands in kernel ids: `w` if there is one, else the first, else the result.
    pub fn id_operand(&self) -> Option<String> {
        let names = self.operand_names();
        names.iter().find(|n| *n == "w").or_else(|| names.first()).cloned()
    }
}

/// What every shader declares beside its buffers.
const SHADER_NAMES: [&str; 3] = ["p", "Params", "main"];

/// A name that a shader with these operands would declare twice: among its buffers, or among the numbers it is called with.
fn taken_name(operands: &[String], kernel: &KernelDef) -> Option<String> {
    let twice = |list: Vec<String>| (1..list.len()).find(|i| list[..*i].contains(&list[*i])).map(|i| list[i].clone());
    let own = SHADER_NAMES.map(str::to_string);
    let offsets = operands.iter().map(|name| format!("{name}_at"));
    let numbers = offsets.chain(["zero".to_string()]).chain(kernel.args.iter().cloned()).collect();
    twice(own.iter().chain(operands).chain(&kernel.tables).cloned().collect()).or_else(|| twice(numbers))
}

fn words(node: Option<&Node>) -> Result<IndexMap<String, String>> {
    node.map_or(Ok(IndexMap::new()), |n| n.map()?.iter().map(|(k, v)| Ok((k.clone(), v.str()?.to_string()))).collect())
}

fn chain_link(node: &Node) -> Result<ChainLink> {
    let f = node.fields()?;
    let op = f.required("op")?;
    let link = ChainLink { op: op.str()?.to_string(), at: op.at.clone() };
    f.finish()?;
    Ok(link)
}

fn role(node: &Node) -> Result<Role> {
    let text = node.str()?;
    let role = Role::of_part(text).filter(|_| text != "overview" && text != "refined");
    role.ok_or_else(|| node.at.error("map-role", "a role is size, image, pixels, views, frames or mel", "found this"))
}

fn attribute(name: &str, node: &Node) -> Result<(String, AttrKind)> {
    if !is_identifier(name) {
        return Err(node.at.error("map-attribute", format!("\"{name}\" is no name of lower-case letters, digits and _"), "of this"));
    }
    Ok((name.to_string(), attr_kind(node)?))
}

fn attr_kind(node: &Node) -> Result<AttrKind> {
    let text = node.str()?;
    let list = |prefix: &str| text.strip_prefix(prefix)?.strip_suffix(']')?.parse::<usize>().ok();
    Ok(match text {
        "int" => AttrKind::Int,
        "dim" => AttrKind::Dim,
        "f32" => AttrKind::F32,
        "shape" => AttrKind::Shape,
        _ => {
            if let Some(n) = list("f32[") {
                AttrKind::F32List(n)
            } else if let Some(n) = list("u8[") {
                AttrKind::U8List(n)
            } else if let Some(words) = text.strip_prefix("enum:").filter(|w| w.split('|').all(is_identifier)) {
                AttrKind::Enum(words.split('|').map(str::to_string).collect())
            } else {
                return Err(node.at.error(
                    "map-attribute",
                    "an attribute is int, dim, f32, f32[n], u8[n], shape or enum:a|b",
                    "found this",
                ));
            }
        }
    })
}
