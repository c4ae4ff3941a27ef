//! Lookup tables of shaders: a shader that fills one, the number of words, the checksum of its bytes.

use serde_json::{Value, json};

use super::kernel::source;
use crate::diagnostic::Result;
use crate::json;
use crate::maps::Maps;

/// Reads `_tables/<name>.wgsl.json`; the shader's text and its line of the manifest.
pub fn table(maps: &Maps, name: &str) -> Result<(String, Value)> {
    let path = format!("_tables/{name}.wgsl.json");
    let root = json::parse(&maps.files.name(&path), &source(maps, &path)?)?;
    let f = root.fields()?;
    let (words, workgroups) = (f.required("words")?.u64()?, f.required("workgroups")?.u64()?);
    let checksum = f.required("checksum")?.str()?.to_string();
    let shared = f.required("shared")?.strings()?;
    f.finish()?;
    let mut text = String::new();
    for snippet in &shared {
        text += &source(maps, &format!("_shared/{snippet}.wgsl"))?;
        text += "\n";
    }
    text += &source(maps, &format!("_tables/{name}.wgsl"))?;
    let file = format!("{name}.table.wgsl");
    Ok((text, json!({ "name": name, "file": file, "words": words, "workgroups": workgroups, "checksum": checksum })))
}
