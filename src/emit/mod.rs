//! Plan → Sources: kernels rendered per instance, tables of steps, the fixed frame of the target around them.

mod context;
mod facts;
pub mod kernel;
mod manifest;
mod preprocess;
pub mod probe;
mod shader;
mod slots;
mod split;
pub mod table;
mod unproven;
mod write;

use std::collections::BTreeMap;

use include_dir::{Dir, include_dir};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};

use crate::diagnostic::{Diagnostic, Result};
use crate::pipeline::Inputs;
use crate::plan::Plan;

pub use write::{Written, write_sources};

/// Emitted files: path relative to the output directory → text.
pub type Sources = BTreeMap<String, String>;

static FRAMES: Dir = include_dir!("$CARGO_MANIFEST_DIR/src/runtime");

/// Renders every file of the target.
pub fn emit(i: &Inputs, plan: &Plan) -> Result<Sources> {
    let mut sources = Sources::new();
    let no_frame = || Diagnostic::new("target-frame", format!("target {} has no frame for language {}", i.target.name, i.target.lang));
    let folder = FRAMES.get_dir(&i.target.lang).ok_or_else(no_frame)?;
    let context = match i.target.lang.as_str() {
        "c" => context::build(i, plan)?,
        "wgsl" => manifest::build(i, plan, &mut sources)?,
        _ => return Err(no_frame()),
    };
    let encoder = &i.template.encoder;
    let mut env = environment();
    let mut top = Vec::new();
    for file in folder.files() {
        let (Some(name), Some(text)) = (file.path().file_name().and_then(|n| n.to_str()), file.contents_utf8()) else { continue };
        env.add_template(name, text).map_err(|e| internal(name, &e))?;
        top.push(name);
    }
    top.sort();
    for name in top {
        // a frame file that is only included by another has no output of its own
        let Some(path) = output_path(name, encoder) else { continue };
        let template = env.get_template(name).map_err(|e| internal(name, &e))?;
        sources.insert(path, template.render(Serde(&context)).map_err(|e| internal(name, &e))?);
    }
    Ok(sources)
}

/// `encoder.c.j2` → `<encoder>.c`; parts of it (`gguf.c.j2`) → none.
fn output_path(name: &str, encoder: &str) -> Option<String> {
    let stem = name.strip_suffix(".j2")?;
    if let Some(rest) = stem.strip_prefix("encoder.") {
        return Some(format!("{encoder}.{rest}"));
    }
    matches!(stem, "CMakeLists.txt" | "example.c" | "index.html").then(|| stem.to_string())
}

/// minijinja as all templates of this project expect it.
fn environment<'a>() -> Environment<'a> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build() {
        env.set_syntax(syntax);
    }
    env.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    env.add_filter("c_string", |s: String| c_string(&s));
    env
}

/// A C string literal.
fn c_string(s: &str) -> String {
    let mut out = String::from("\"");
    for b in s.bytes() {
        match b {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            0x20..=0x7e if b != b'?' => out.push(b as char),
            // octal escapes end after three digits, so nothing that follows can join them
            _ => out.push_str(&format!("\\{b:03o}")),
        }
    }
    out + "\""
}

fn internal(name: &str, e: &minijinja::Error) -> Diagnostic {
    Diagnostic::new("emit-template", format!("template {name} does not render: {e:#}"))
}
