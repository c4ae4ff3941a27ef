//! Kernel maps as read from JSON: ops with their numerics classes and kernels, profiles, targets.

mod op;
mod profile;
mod promise;
mod split;
mod target;

use indexmap::IndexMap;

pub use op::{AttrKind, ChainLink, ClassDef, Fused, KernelDef, KernelId, OpMap, Role, Row};
pub use profile::{Native, Near, Profile, ProfileOption, Rule};
pub use promise::Promise;
pub use split::{COUNT, FIRST, Part, Split};
pub use target::{Target, Variant};

use crate::compare::causes;
use crate::diagnostic::{Diagnostic, Result};
use crate::expr::{Expr, Guard};
use crate::files::{Files, hash};
use crate::json::{self, Node};
use crate::template::Template;

/// All op maps of a set of files, sorted by op.
#[derive(Debug)]
pub struct Maps {
    pub files: Files,
    pub ops: IndexMap<String, OpMap>,
}

impl Maps {
    /// Reads and checks every op map; all errors at once.
    pub fn load(files: Files) -> Result<Self> {
        let mut ops = IndexMap::new();
        let mut errors = Vec::new();
        for stem in files.json_stems("") {
            match OpMap::read(&files, &stem) {
                Ok(map) => {
                    ops.insert(stem, map);
                }
                Err(e) => errors.push(e),
            }
        }
        if let Some(e) = Diagnostic::all(errors) {
            return Err(e);
        }
        if ops.is_empty() {
            return Err(Diagnostic::new("maps-empty", format!("{} holds no op map", files.origin))
                .help("give the directory that holds <op>.json files with --maps"));
        }
        let maps = Self { files, ops };
        maps.check_references()?;
        Ok(maps)
    }

    /// What op maps say of each other: chains of fused ops, their classes, conversions.
    fn check_references(&self) -> Result<()> {
        for map in self.ops.values() {
            if let Some(fused) = &map.fused {
                self.check_chain(map, fused)?;
            }
            for class in map.classes.values() {
                for (operand, op) in class.convert.iter().flat_map(|(operand, ops)| ops.values().map(move |op| (operand, op))) {
                    let fail = |why: String| {
                        Err(class.at.error(
                            "map-convert",
                            format!("{operand} of {} cannot be converted by \"{op}\": {why}", map.op),
                            "in this class",
                        ))
                    };
                    let Some(converter) = self.ops.get(op) else { return fail("no such op map".to_string()) };
                    if converter.signature.as_ref().is_none_or(|s| s.operands.len() != 1 || s.operands[0].variadic)
                        || !converter.attributes.is_empty()
                    {
                        return fail("a conversion has one operand and no attributes".to_string());
                    }
                    if converter.fused.is_some() || converter.classes.values().any(|c| !c.convert.is_empty()) {
                        return fail("a conversion is neither fused nor needs one itself".to_string());
                    }
                }
            }
        }
        Ok(())
    }

    fn check_chain(&self, map: &OpMap, fused: &Fused) -> Result<()> {
        for (i, link) in fused.chain.iter().enumerate() {
            let fail =
                |why: &str| Err(link.at.error("map-chain", format!("{} cannot replace \"{}\": {why}", map.op, link.op), "named here"));
            let Some(member) = self.ops.get(&link.op) else { return fail("no such op map").map_err(|e| e.near(&link.op, self.ops.keys())) };
            if member.signature.is_none() || member.fused.is_some() {
                return fail("only ops with a signature that are not fused themselves form chains");
            }
            if fused.chain[..i].iter().any(|l| l.op == link.op) {
                return fail("an op occurs once in a chain");
            }
            for (name, class) in &map.classes {
                match class.of.get(&link.op) {
                    Some(c) if member.classes.contains_key(c) => {}
                    Some(c) => {
                        return Err(class.at.error(
                            "map-class",
                            format!("{} has no class \"{c}\", which class {name} of {} names", link.op, map.op),
                            "in this class",
                        ));
                    }
                    None => {
                        return Err(class.at.error(
                            "map-class",
                            format!("class {name} of {} does not say which class of {} it equals", map.op, link.op),
                            "in this class",
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    pub fn op(&self, name: &str) -> Option<&OpMap> {
        self.ops.get(name)
    }

    /// A profile with the template's options among its own.
    pub fn profile_for(&self, name: &str, template: &Template) -> Result<Profile> {
        let mut profile = self.profile(name)?;
        profile.adopt(template)?;
        Ok(profile)
    }

    /// A profile with the choices that `other` has taken for the template's options.
    pub fn profile_beside(&self, name: &str, other: &Profile, template: &Template) -> Result<Profile> {
        let mut profile = self.profile_for(name, template)?;
        for option in template.options.keys() {
            if let Some(taken) = other.options.get(option) {
                profile.choose(option, &taken.chosen)?;
            }
        }
        Ok(profile)
    }

    pub fn profile(&self, name: &str) -> Result<Profile> {
        Profile::read(self, name)
    }

    pub fn target(&self, name: &str) -> Result<Target> {
        Target::read(self, name)
    }

    /// SHA-256 over every file of the set that a build can depend on.
    pub fn hash(&self) -> String {
        let mut all = String::new();
        for path in self.files.paths().filter(|p| *p != causes::PATH) {
            if let Some(text) = self.files.get(path) {
                all.push_str(&format!("{path}\n{}\n{text}", text.len()));
            }
        }
        hash(all.as_bytes())
    }

    /// Parses `<folder>/<name>.json`; the error lists what there is.
    fn read_json(&self, folder: &str, kind: &str, name: &str) -> Result<Node> {
        let path = format!("{folder}/{name}.json");
        let text = self.files.get(&path).ok_or_else(|| {
            Diagnostic::new("map-not-found", format!("no {kind} \"{name}\" in {}", self.files.name(folder)))
                .fact(format!("there is: {}", self.files.json_stems(folder).join(", ")))
                .near(name, &self.files.json_stems(folder))
        })?;
        json::parse(&self.files.name(&path), text)
    }
}

/// Parses expression text held by a JSON string or number.
fn expr(node: &Node) -> Result<Expr> {
    let text = match &node.value {
        json::Value::Number(n) => n.clone(),
        _ => node.str()?.to_string(),
    };
    Expr::parse(&text).map_err(|e| node.at.error("map-expression", e, "this expression"))
}

fn guard(node: &Node) -> Result<Guard> {
    Guard::parse(node.str()?).map_err(|e| node.at.error("map-guard", e, "this condition"))
}
