//! Shaders: the declarations in front of a kernel's source that bind operands, result, tables and parameters.

use std::fmt::Write;

use super::kernel::Call;
use crate::ir::Dtype;

/// What a dispatch binds: storage buffers in order, then a uniform buffer of these parameters.
#[derive(Debug, Clone)]
pub struct Bindings {
    pub buffers: Vec<String>,
    pub params: Vec<String>,
}

impl Bindings {
    pub fn of(call: &Call) -> Self {
        let operands: Vec<String> = call.operands().into_iter().map(|(name, _)| name).collect();
        let offsets = operands.iter().map(|name| format!("{name}_at"));
        let params = call.kernel.args.iter().cloned().chain(offsets).chain(["zero".to_string()]).collect();
        let result = call.map.signature.iter().map(|s| s.result.name.clone());
        let buffers = operands.iter().cloned().chain(result).chain(call.kernel.tables.iter().cloned()).collect();
        Self { buffers, params }
    }

    /// WGSL declarations; operands and tables are read, the result is written.
    pub fn declarations(&self, call: &Call) -> String {
        let types = call.operands().into_iter().chain(call.map.signature.iter().map(|s| (s.result.name.clone(), s.result.name.clone())));
        let typed = types.map(|(_, pattern)| {
            let word = call.selected.row.get(&pattern).map_or("u32", |d| word(*d));
            if call.kernel.vec4.contains(&pattern) { format!("vec4<{word}>") } else { word.to_string() }
        });
        let mut elements: Vec<String> = typed.collect();
        elements.resize(self.buffers.len(), "u32".to_string());
        let result = call.map.signature.as_ref().map(|s| &s.result.name);
        let mut text = String::new();
        for (n, (name, element)) in self.buffers.iter().zip(&elements).enumerate() {
            let access = if Some(name) == result { "read_write" } else { "read" };
            let _ = writeln!(text, "@group(0) @binding({n}) var<storage, {access}> {name}: array<{element}>;");
        }
        text += "struct Params {\n";
        for name in &self.params {
            let _ = writeln!(text, "    {name}: u32,");
        }
        let _ = writeln!(text, "}}\n@group(0) @binding({}) var<uniform> p: Params;", self.buffers.len());
        text
    }
}

/// What a storage buffer is an array of; types of less than 32 bits lie packed in words, the first element lowest.
fn word(dtype: Dtype) -> &'static str {
    match dtype.c_type() {
        "float" => "f32",
        "int32_t" => "i32",
        _ => "u32",
    }
}
