//! The files of an emitted encoder: its manifest and all shaders, read and checked with no device at hand.

use std::path::Path;

use super::device::Needs;
use super::limits::TIMESTAMPS;
use super::manifest::Manifest;
use crate::diagnostic::{Diagnostic, Result};
use crate::emit::Sources;
use crate::files::read_text;
use crate::wgsl::{Access, Shader};

/// Name of the manifest among the files.
pub const MANIFEST: &str = "manifest.json";

/// An encoder that any device can be opened for.
#[derive(Debug)]
pub struct Program {
    pub manifest: Manifest,
    /// Parallel to the manifest's.
    pub(super) shaders: Vec<Shader>,
    pub(super) tables: Vec<Shader>,
    pub(super) probe: Shader,
}

impl Program {
    /// Reads the manifest in a folder, and the shaders that it names.
    pub fn from_folder(folder: &Path) -> Result<Self> {
        let path = folder.join(MANIFEST);
        Self::new(&path.display().to_string(), &read_text(&path)?, |file| read_text(&folder.join(file)))
    }

    /// The same from files in memory; `origin` stands for their folder in messages.
    pub fn from_sources(origin: &str, sources: &Sources) -> Result<Self> {
        let get =
            |file: &str| sources.get(file).cloned().ok_or_else(|| Diagnostic::new("manifest-file", format!("{origin} has no file {file}")));
        Self::new(&format!("{origin}/{MANIFEST}"), &get(MANIFEST)?, get)
    }

    fn new(name: &str, text: &str, file: impl Fn(&str) -> Result<String>) -> Result<Self> {
        let manifest = Manifest::read(name, text)?;
        let mut shaders = Vec::new();
        for entry in &manifest.shaders {
            let shader = Shader::new(&entry.file, &plain(&entry.file).and_then(&file)?)?;
            let bound: Vec<(u32, &str)> = shader.bindings.iter().map(|b| (b.index, b.name.as_str())).collect();
            let named = entry.bindings.iter().map(String::as_str).chain(["p"]);
            let declared: Vec<(u32, &str)> = (0..).zip(named).collect();
            if bound != declared || shader.bindings.last().is_none_or(|b| b.access != Access::Uniform) {
                let error = Diagnostic::new("manifest-shader", format!("{} does not bind what the manifest says", entry.file));
                return Err(error.fact(format!("the manifest has {declared:?}")).fact(format!("the shader has {bound:?}")));
            }
            shaders.push(shader);
        }
        let table = |t: &super::manifest::Table| Shader::new(&t.file, &plain(&t.file).and_then(&file)?);
        let tables = manifest.tables.iter().map(table).collect::<Result<_>>()?;
        let probe = Shader::new(&manifest.probe.file, &plain(&manifest.probe.file).and_then(&file)?)?;
        Ok(Self { manifest, shaders, tables, probe })
    }

    /// What a device must have to run this, and what is of use.
    pub fn needs(&self) -> Needs {
        let welcome = self.manifest.variants.iter().flat_map(|v| &v.needs).cloned().chain([TIMESTAMPS.to_string()]).collect();
        Needs { limits: self.manifest.limits.clone(), features: Vec::new(), welcome, ..Needs::default() }
    }
}

/// A file beside the manifest; a path to elsewhere is an error.
fn plain(file: &str) -> Result<&str> {
    match file.contains(['/', '\\']) || file.starts_with('.') {
        true => Err(Diagnostic::new("manifest-file", format!("\"{file}\" is no file beside the manifest"))),
        false => Ok(file),
    }
}
