//! Where templates and kernel maps come from: a path, the working directory, or the copies inside the binary.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use sha2::{Digest, Sha256};

use crate::diagnostic::{Diagnostic, Result};

static TEMPLATES: Dir = include_dir!("$CARGO_MANIFEST_DIR/templates");
static KERNEL_MAPS: Dir = include_dir!("$CARGO_MANIFEST_DIR/kernel_maps");

/// Largest template or map file that is read, in bytes.
const LARGEST_TEXT: u64 = 4 << 20;

/// A set of text files by relative path with forward slashes.
#[derive(Debug, Clone)]
pub struct Files {
    /// Directory as the user knows it, or `<built in>`.
    pub origin: String,
    texts: BTreeMap<String, String>,
}

impl Files {
    /// Kernel maps: the directory given, else `./kernel_maps`, else those built in.
    pub fn kernel_maps(given: Option<&Path>) -> Result<Self> {
        let local = Path::new("kernel_maps");
        match given {
            Some(dir) => Self::from_dir(dir),
            None if local.is_dir() => Self::from_dir(local),
            None => {
                let mut texts = BTreeMap::new();
                embedded(&KERNEL_MAPS, &mut texts);
                Ok(Self { origin: "<built in>/kernel_maps".to_string(), texts })
            }
        }
    }

    pub fn from_dir(dir: &Path) -> Result<Self> {
        let mut texts = BTreeMap::new();
        walk(dir, dir, &mut texts)?;
        Ok(Self { origin: dir.display().to_string(), texts })
    }

    /// Files that exist in memory only; `origin` stands for their directory in messages.
    pub fn from_texts(origin: impl Into<String>, texts: BTreeMap<String, String>) -> Self {
        Self { origin: origin.into(), texts }
    }

    pub fn get(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// Display name of a file of this set.
    pub fn name(&self, path: &str) -> String {
        format!("{}/{path}", self.origin.trim_end_matches('/'))
    }

    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(String::as_str)
    }

    /// File stems `<folder>/<stem>.json` directly inside a folder ("" for the top).
    pub fn json_stems(&self, folder: &str) -> Vec<String> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        self.paths()
            .filter_map(|p| p.strip_prefix(&prefix)?.strip_suffix(".json"))
            .filter(|stem| !stem.contains('/'))
            .map(str::to_string)
            .collect()
    }
}

/// Whether a file is part of the maps; schemas and notes beside them are not.
fn belongs(path: &Path) -> bool {
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    !name.ends_with(".schema.json") && matches!(path.extension().and_then(|e| e.to_str()), Some("json" | "j2" | "c" | "wgsl"))
}

fn embedded(dir: &Dir, texts: &mut BTreeMap<String, String>) {
    for file in dir.files().filter(|f| belongs(f.path())) {
        if let Some(text) = file.contents_utf8() {
            texts.insert(file.path().to_string_lossy().replace('\\', "/"), text.to_string());
        }
    }
    for sub in dir.dirs() {
        embedded(sub, texts);
    }
}

fn walk(root: &Path, dir: &Path, texts: &mut BTreeMap<String, String>) -> Result<()> {
    let entries =
        std::fs::read_dir(dir).map_err(|e| Diagnostic::new("file-read", format!("cannot list {}: {e}", dir.display())).in_file(dir))?;
    for entry in entries {
        let path = entry.map_err(|e| Diagnostic::new("file-read", format!("cannot list {}: {e}", dir.display())))?.path();
        if path.is_dir() {
            walk(root, &path, texts)?;
        } else if belongs(&path) {
            let relative = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            texts.insert(relative, read_text(&path)?);
        }
    }
    Ok(())
}

/// Reads a text file with a size limit.
pub fn read_text(path: &Path) -> Result<String> {
    let fail = |why: String| Diagnostic::new("file-read", format!("cannot read {}: {why}", path.display())).in_file(path);
    let size = std::fs::metadata(path).map_err(|e| fail(e.to_string()))?.len();
    if size > LARGEST_TEXT {
        return Err(fail(format!("it has {size} bytes; templates and maps are at most {LARGEST_TEXT}")));
    }
    std::fs::read_to_string(path).map_err(|e| fail(e.to_string()))
}

/// A template as found.
#[derive(Debug, Clone)]
pub struct TemplateText {
    pub name: String,
    pub text: String,
}

/// Finds a template: as a path, in `./templates`, or built in; `.json` may be left out.
pub fn find_template(given: &str) -> Result<TemplateText> {
    let file = if given.ends_with(".json") { given.to_string() } else { format!("{given}.json") };
    let tried: Vec<PathBuf> = vec![PathBuf::from(given), PathBuf::from(&file), Path::new("templates").join(&file)];
    for path in &tried {
        if path.is_file() {
            return Ok(TemplateText { name: path.display().to_string(), text: read_text(path)? });
        }
    }
    if let Some(text) = TEMPLATES.get_file(&file).and_then(|f| f.contents_utf8()) {
        return Ok(TemplateText { name: format!("<built in>/templates/{file}"), text: text.to_string() });
    }
    Err(Diagnostic::new("template-not-found", format!("no template \"{given}\""))
        .fact(format!("looked for the paths {}", tried.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ")))
        .fact(format!("built in: {}", template_names().join(", ")))
        .help("give a path to a template file or one of the names above"))
}

/// Names of all templates that a bare name finds: `./templates` and built in.
pub fn template_names() -> Vec<String> {
    let mut names: Vec<String> =
        TEMPLATES.files().filter_map(|f| f.path().file_name()?.to_str()?.strip_suffix(".json").map(str::to_string)).collect();
    if let Ok(entries) = std::fs::read_dir("templates") {
        names.extend(entries.flatten().filter_map(|e| e.file_name().to_str()?.strip_suffix(".json").map(str::to_string)));
    }
    names.retain(|n| !n.ends_with(".schema"));
    names.sort();
    names.dedup();
    names
}

/// First 16 hex digits of a SHA-256.
pub fn short_hash(bytes: &[u8]) -> String {
    hash(bytes)[..16].to_string()
}

/// SHA-256 as hex.
pub fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}
