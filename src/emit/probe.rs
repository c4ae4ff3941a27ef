//! The probe of a device: a shader that tries what exact bits rest on, and its facts as every host reads them.

use serde_json::{Value, json};

use super::kernel::source;
use crate::diagnostic::Result;
use crate::json;
use crate::maps::Maps;

const SHADER: &str = include_str!("../runtime/wgsl/probe.wgsl");
const FACTS: &str = include_str!("../runtime/wgsl/probe.json");

/// Its name among the emitted files.
pub const FILE: &str = "probe.wgsl";

/// Cases that one workgroup computes.
const CASES: usize = 64;

/// The shader's text, the maps' snippets before it, and its entry of the manifest.
pub fn probe(maps: &Maps) -> Result<(String, Value)> {
    let root = json::parse("probe.json", FACTS)?;
    let f = root.fields()?;
    let mut text = String::new();
    for snippet in f.required("shared")?.strings()? {
        text += &source(maps, &format!("_shared/{snippet}.wgsl"))?;
        text += "\n";
    }
    let mut facts = Vec::new();
    let mut count = 0;
    for node in f.required("facts")?.array()? {
        let f = node.fields()?;
        let cases = f.required("cases")?.array()?.iter().map(json::Node::strings).collect::<Result<Vec<_>>>()?;
        count += cases.len();
        let mut fact = json!({ "name": f.required("name")?.str()?, "op": f.required("op")?.u64()?, "cases": cases });
        if let Some(optional) = f.optional("optional") {
            fact["optional"] = json!(optional.bool()?);
        }
        facts.push(fact);
        f.finish()?;
    }
    f.finish()?;
    Ok((text + SHADER, json!({ "file": FILE, "workgroups": count.div_ceil(CASES), "facts": facts })))
}
