//! A target: the language emitted, its variants in order of preference, the fusions it wants, compiler flags.

use super::Maps;
use crate::diagnostic::Result;
use crate::expr::is_identifier;
use crate::json::{At, Node};

/// A way to run kernels: a set of CPU features.
#[derive(Debug, Clone)]
pub struct Variant {
    pub name: String,
    /// Last part of kernel ids; may be empty.
    pub suffix: String,
    pub macro_name: Option<String>,
    pub attribute: Option<String>,
    pub features: Vec<String>,
    /// Preprocessor condition under which the variant's code exists.
    pub guard: Option<String>,
    pub at: At,
}

#[derive(Debug)]
pub struct Target {
    pub name: String,
    pub doc: String,
    pub lang: String,
    /// Language of preprocessing: that of the program around the kernels.
    pub host: String,
    /// Profile of a build that names none.
    pub default_profile: String,
    pub variants: Vec<Variant>,
    /// Whether variants are chosen at every call, so that a kernel's requirements may depend on the input's size.
    pub per_call: bool,
    /// Profile of the program that runs on devices which do not compute as the kernels of bits take for granted.
    pub unproven: Option<String>,
    /// Fused ops, most wanted first.
    pub fuse: Vec<String>,
    pub compile: Vec<String>,
    pub link: Vec<String>,
    pub at: At,
}

impl Target {
    pub fn read(maps: &Maps, name: &str) -> Result<Self> {
        let root = maps.read_json("targets", "target", name)?;
        let f = root.fields()?;
        f.optional("$schema");
        let title = f.required("target")?;
        if title.str()? != name {
            return Err(title.at.error("map-name", format!("the target of {name}.json must be \"{name}\""), "found this"));
        }
        let list = f.required("variants")?;
        let variants: Vec<Variant> = list.array()?.iter().map(variant).collect::<Result<_>>()?;
        let per_call = f.optional("per_call").map(Node::bool).transpose()?.unwrap_or(false);
        let free = variants.iter().filter(|v| v.features.is_empty()).count();
        if variants.last().is_none_or(|v| !v.features.is_empty()) || (free > 1 && !per_call) {
            return Err(list.at.error(
                "target-variants",
                "the last variant, and where none is chosen per call no other, needs no features: it runs everywhere",
                "of these",
            ));
        }
        for (i, v) in variants.iter().enumerate() {
            let same = variants[..i].iter().any(|w| w.name == v.name || w.suffix == v.suffix);
            if same || !is_identifier(&v.name) || !(v.suffix.is_empty() || is_identifier(&v.suffix)) {
                let what = format!("variant \"{}\": names and suffixes are identifiers and differ from each other", v.name);
                return Err(v.at.error("target-variants", what, "this variant"));
            }
        }
        let fuse_node = f.required("fuse")?;
        let fuse = fuse_node.strings()?;
        for (op, node) in fuse.iter().zip(fuse_node.array()?) {
            if maps.op(op).is_none_or(|m| m.fused.is_none()) {
                return Err(node.at.error("map-unknown-op", format!("\"{op}\" is no fused op"), "listed here"));
            }
        }
        let target = Self {
            name: name.to_string(),
            doc: f.required("doc")?.str()?.to_string(),
            lang: f.required("lang")?.str()?.to_string(),
            host: f.required("host")?.str()?.to_string(),
            default_profile: f.required("default_profile")?.str()?.to_string(),
            variants,
            per_call,
            unproven: f.optional("unproven").map(|n| n.str().map(str::to_string)).transpose()?,
            fuse,
            compile: f.required("compile")?.strings()?,
            link: f.required("link")?.strings()?,
            at: root.at.clone(),
        };
        f.finish()?;
        Ok(target)
    }

    /// The variant that runs everywhere.
    pub fn everywhere(&self) -> usize {
        self.variants.len() - 1
    }

    /// Rank of a kernel's suffix, best first.
    pub fn rank(&self, suffix: &str) -> Option<usize> {
        self.variants.iter().position(|v| v.suffix == suffix)
    }
}

fn variant(node: &Node) -> Result<Variant> {
    let f = node.fields()?;
    let word = |key: &str| f.optional(key).map(|n| n.str().map(str::to_string)).transpose();
    let v = Variant {
        name: f.required("name")?.str()?.to_string(),
        suffix: f.required("suffix")?.str()?.to_string(),
        macro_name: word("macro")?,
        attribute: word("attribute")?,
        features: f.required("features")?.strings()?,
        guard: word("guard")?,
        at: node.at.clone(),
    };
    f.finish()?;
    Ok(v)
}
