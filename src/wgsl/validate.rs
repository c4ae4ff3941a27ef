//! One compute shader, parsed and validated: what it binds, the size of its workgroups, the workgroup memory it takes.
//!
//! Whatever WebGPU promises on every device is a limit here, so that a shader that passes runs wherever its `enable` lines are known.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use naga::front::wgsl;
use naga::proc::Layouter;
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{AddressSpace, Module, ShaderStage, Span, StorageAccess};

use crate::diagnostic::{Diagnostic, Result, Source};

/// Invocations of one workgroup that every device runs.
pub const MAX_INVOCATIONS: u32 = 256;
/// Largest number of invocations in x, y and z.
pub const MAX_WORKGROUP_SIZE: [u32; 3] = [256, 256, 64];
/// Bytes of workgroup memory that every device has.
pub const MAX_WORKGROUP_BYTES: u32 = 16 * 1024;
/// Storage buffers that every device binds at once.
pub const MAX_STORAGE_BUFFERS: usize = 8;

/// WebGPU features that a shader must name, and how.
const ENABLES: [(&str, &str); 2] = [("shader-f16", "enable f16;"), ("subgroups", "enable subgroups;")];

/// Directives that another compiler asks for and this parser does not know.
const FOREIGN: [&str; 1] = ["enable subgroups;"];

/// What a shader may do with a bound buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Uniform,
    Read,
    ReadWrite,
}

/// A buffer that a shader binds in group 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    pub index: u32,
    pub name: String,
    pub access: Access,
}

/// A valid compute shader with the entry point `main`.
#[derive(Debug)]
pub struct Shader {
    pub source: Arc<Source>,
    /// By ascending index.
    pub bindings: Vec<Binding>,
    /// Invocations of a workgroup in x, y and z.
    pub workgroup_size: [u32; 3],
    /// Bytes of workgroup memory.
    pub workgroup_bytes: u32,
    pub(super) module: Module,
    pub(super) info: ModuleInfo,
}

impl Shader {
    /// Reads a shader; `name` stands for its file in messages.
    ///
    /// Errors have the codes `wgsl-syntax` (no WGSL), `wgsl-invalid` (WGSL that means nothing), `wgsl-entry` (no compute
    /// entry point `main`), `wgsl-binding` (something bound that is no buffer of group 0) and `wgsl-limit` (more than every device has).
    pub fn new(name: &str, text: &str) -> Result<Self> {
        let source = Source::new(name, text);
        let at = |code: &'static str, message: String, span: Range<usize>, label: &str| {
            Diagnostic::new(code, message).at(&source, span, "", label)
        };
        let module = wgsl::parse_str(&native(text)).map_err(|e| {
            let mut labels = e.labels();
            let (span, label) = labels.next().map_or((0..0, String::new()), |(s, l)| (range(s), l.to_string()));
            let error = at("wgsl-syntax", e.message().to_string(), span, &label);
            let error = labels.fold(error, |error, (span, label)| error.fact(format!("{}: {label}", place(&source, span))));
            e.notes().fold(error, |error, note| error.fact(note))
        })?;
        let capabilities = Capabilities::SHADER_FLOAT16_IN_FLOAT32 | Capabilities::SHADER_FLOAT16 | Capabilities::SUBGROUP;
        let info = Validator::new(ValidationFlags::all(), capabilities).validate(&module).map_err(|e| {
            let mut spans = e.spans();
            let (span, label) = spans.next().map_or((0..0, String::new()), |(s, l)| (range(*s), l.clone()));
            let error = at("wgsl-invalid", causes(e.as_inner()), span, &label);
            spans.fold(error, |error, (span, label)| error.fact(format!("{}: {label}", place(&source, *span))))
        })?;
        let mut shader = Self { bindings: bindings(&source, &module)?, workgroup_size: [1; 3], workgroup_bytes: 0, source, module, info };
        shader.workgroup_size = shader.entry_point()?;
        shader.workgroup_bytes = shader.memory()?;
        shader.check_limits()?;
        Ok(shader)
    }

    /// Whether the shader computes in f16.
    pub(super) fn uses_f16(&self) -> bool {
        self.module.types.iter().any(|(_, t)| t.inner.scalar().is_some_and(|s| s.kind == naga::ScalarKind::Float && s.width == 2))
    }

    fn entry_point(&self) -> Result<[u32; 3]> {
        match self.module.entry_points.as_slice() {
            [entry] if entry.name == "main" && entry.stage == ShaderStage::Compute => Ok(entry.workgroup_size),
            others => {
                let names: Vec<String> = others.iter().map(|e| format!("{} ({:?})", e.name, e.stage)).collect();
                let found = if names.is_empty() { "none".to_string() } else { names.join(", ") };
                Err(Diagnostic::new("wgsl-entry", "a shader has one entry point, a compute shader with the name main")
                    .at(&self.source, 0..0, "", "this shader")
                    .fact(format!("entry points: {found}")))
            }
        }
    }

    fn memory(&self) -> Result<u32> {
        let mut layouter = Layouter::default();
        layouter.update(self.module.to_ctx()).map_err(|e| Diagnostic::new("wgsl-invalid", causes(&e)).at(&self.source, 0..0, "", ""))?;
        let shared = self.module.global_variables.iter().filter(|(_, v)| v.space == AddressSpace::WorkGroup);
        Ok(shared.map(|(_, v)| layouter[v.ty].size.next_multiple_of(16)).sum())
    }

    fn check_limits(&self) -> Result<()> {
        let [x, y, z] = self.workgroup_size;
        let storage = self.bindings.iter().filter(|b| b.access != Access::Uniform).count();
        let limits = [
            ("invocations per workgroup", u64::from(x) * u64::from(y) * u64::from(z), u64::from(MAX_INVOCATIONS)),
            ("invocations in x", u64::from(x), u64::from(MAX_WORKGROUP_SIZE[0])),
            ("invocations in y", u64::from(y), u64::from(MAX_WORKGROUP_SIZE[1])),
            ("invocations in z", u64::from(z), u64::from(MAX_WORKGROUP_SIZE[2])),
            ("bytes of workgroup memory", u64::from(self.workgroup_bytes), u64::from(MAX_WORKGROUP_BYTES)),
            ("storage buffers", storage as u64, MAX_STORAGE_BUFFERS as u64),
        ];
        match limits.into_iter().find(|(_, needs, has)| needs > has) {
            None => Ok(()),
            Some((what, needs, has)) => Err(Diagnostic::new("wgsl-limit", format!("the shader needs more {what} than every device has"))
                .at(&self.source, 0..0, "", "this shader")
                .fact(format!("needs {needs}, WebGPU promises {has}"))),
        }
    }
}

/// The text with the directives in front that a shader with these features of a device begins with.
pub fn with_enables(features: &[String], text: &str) -> String {
    let lines = ENABLES.iter().filter(|(feature, _)| features.iter().any(|f| f == feature)).map(|(_, line)| format!("{line}\n"));
    lines.collect::<String>() + text
}

/// The text as this parser takes it, at the same positions.
pub fn native(text: &str) -> Cow<'_, str> {
    FOREIGN.iter().fold(Cow::Borrowed(text), |text, line| match text.contains(line) {
        true => Cow::Owned(text.replace(line, &" ".repeat(line.len()))),
        false => text,
    })
}

fn bindings(source: &Arc<Source>, module: &Module) -> Result<Vec<Binding>> {
    let mut out = Vec::new();
    for (handle, variable) in module.global_variables.iter() {
        let Some(bound) = variable.binding else { continue };
        let name = variable.name.clone().unwrap_or_default();
        let access = match variable.space {
            AddressSpace::Uniform => Some(Access::Uniform),
            AddressSpace::Storage { access } if access.contains(StorageAccess::STORE) => Some(Access::ReadWrite),
            AddressSpace::Storage { .. } => Some(Access::Read),
            _ => None,
        };
        match access.filter(|_| bound.group == 0) {
            Some(access) => out.push(Binding { index: bound.binding, name, access }),
            None => {
                let span = range(module.global_variables.get_span(handle));
                return Err(Diagnostic::new("wgsl-binding", format!("{name} is no buffer of group 0")).at(source, span, "", "bound here"));
            }
        }
    }
    out.sort_by_key(|b| b.index);
    Ok(out)
}

fn range(span: Span) -> Range<usize> {
    span.to_range().unwrap_or(0..0)
}

fn place(source: &Source, span: Span) -> String {
    let (line, column) = source.line_col(range(span).start);
    format!("line {line}, column {column}")
}

/// An error and what lies under it, in one line.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADD: &str = "\
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
struct Params { n: u32, zero: u32, }
@group(0) @binding(2) var<uniform> p: Params;
var<workgroup> part: array<f32, 65>;
@compute @workgroup_size(8, 4)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) l: u32) {
    part[l] = x[id.x];
    workgroupBarrier();
    if (id.x < p.n) { y[id.x] = part[l] + 1.0; }
}
";

    fn error(text: &str) -> Diagnostic {
        Shader::new("test.wgsl", text).err().unwrap()
    }

    #[test]
    fn a_shader_says_what_it_binds() {
        let shader = Shader::new("add.wgsl", ADD).unwrap();
        let seen: Vec<_> = shader.bindings.iter().map(|b| (b.index, b.name.as_str(), b.access)).collect();
        assert_eq!(seen, [(0, "x", Access::Read), (1, "y", Access::ReadWrite), (2, "p", Access::Uniform)]);
        assert_eq!((shader.workgroup_size, shader.workgroup_bytes), ([8, 4, 1], 272));
    }

    #[test]
    fn errors_point_into_the_text() {
        let e = error(&ADD.replace("part[l] + 1.0", "part[l] + "));
        assert_eq!((e.code(), e.location().as_deref()), ("wgsl-syntax", Some("test.wgsl:10:43")));
        let e = error(&ADD.replace("+ 1.0", "+ p.n"));
        assert_eq!(e.code(), "wgsl-invalid", "{}", e.plain());
        assert_eq!(e.location().as_deref(), Some("test.wgsl:10:33"), "{}", e.plain());
    }

    #[test]
    fn what_not_every_device_has_is_refused() {
        let refused = |from: &str, to: &str| {
            let e = error(&ADD.replace(from, to));
            (e.code(), e.plain())
        };
        let (code, text) = refused("8, 4", "16, 32");
        assert!(code == "wgsl-limit" && text.contains("needs 512, WebGPU promises 256"), "{text}");
        let (code, text) = refused("f32, 65", "f32, 4097");
        assert!(code == "wgsl-limit" && text.contains("needs 16400, WebGPU promises 16384"), "{text}");
        let (code, text) = refused("fn main", "fn other");
        assert!(code == "wgsl-entry" && text.contains("entry points: other (Compute)"), "{text}");
        assert_eq!(refused("@group(0) @binding(0)", "@group(1) @binding(0)").0, "wgsl-binding");
    }

    #[test]
    fn directives_of_other_compilers_keep_their_place() {
        let text = with_enables(&["timestamp-query".to_string(), "subgroups".to_string()], ADD);
        assert_eq!(text, format!("enable subgroups;\n{ADD}"));
        assert_eq!(native(&text).len(), text.len());
        Shader::new("subgroups.wgsl", &text).unwrap();
        let e = error(&text.replace("+ 1.0", "+ "));
        assert_eq!(e.location().as_deref(), Some("test.wgsl:11:43"));
    }
}
