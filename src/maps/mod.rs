//! Kernel maps as read from JSON: ops with their numerics classes and kernels, profiles, targets.

mod op;
mod profile;
mod target;

use indexmap::IndexMap;

pub use op::{AttrKind, ChainLink, ClassDef, Fused, KernelDef, KernelId, OpMap, Role, Row};
pub use profile::{Profile, Rule};
pub use target::{Target, Variant};

use crate::diagnostic::{Diagnostic, Result};
use crate::expr::{Expr, Guard};
use crate::files::{Files, hash};
use crate::json::{self, Node};

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
        maps.check_chains()?;
        Ok(maps)
    }

    fn check_chains(&self) -> Result<()> {
        for map in self.ops.values() {
            for link in map.fused.iter().flat_map(|f| &f.chain) {
                if !self.ops.contains_key(&link.op) {
                    return Err(link.at.error("map-unknown-op", format!("no op map \"{}\"", link.op), "named here"));
                }
            }
        }
        Ok(())
    }

    pub fn op(&self, name: &str) -> Option<&OpMap> {
        self.ops.get(name)
    }

    pub fn profile(&self, name: &str) -> Result<Profile> {
        Profile::read(self, name)
    }

    pub fn target(&self, name: &str) -> Result<Target> {
        Target::read(self, name)
    }

    /// SHA-256 over every file of the set.
    pub fn hash(&self) -> String {
        let mut all = String::new();
        for path in self.files.paths().map(str::to_string).collect::<Vec<_>>() {
            if let Some(text) = self.files.get(&path) {
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
