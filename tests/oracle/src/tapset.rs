//! Tap-set directories: `taps.json` in graph order and one contiguous row-major .npy file per tap.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::Result;
use crate::tensor::{DType, write_npy};

/// Writes taps one after the other; `finish` writes the index.
pub struct Writer {
    dir: PathBuf,
    source: String,
    taps: Vec<Value>,
}

/// Facts of one tap besides its content.
pub struct Entry<'a> {
    pub name: &'a str,
    pub occurrence: u32,
    pub op: &'a str,
    pub kernel: &'a str,
    pub dtype: DType,
    pub shape: &'a [u64],
}

impl Writer {
    /// Creates the directory. One that holds a tap set is emptied of it, one that holds anything else is refused.
    pub fn create(dir: &Path, source: String) -> Result<Self> {
        let failed = |e: std::io::Error| format!("{}: {e}", dir.display());
        fs::create_dir_all(dir).map_err(failed)?;
        let mut old = Vec::new();
        for entry in fs::read_dir(dir).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name != "taps.json" && !name.ends_with(".npy") {
                return Err(format!("{}: not a tap set, it holds {name}", dir.display()));
            }
            old.push(path);
        }
        for path in old {
            fs::remove_file(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        }
        Ok(Self { dir: dir.to_path_buf(), source, taps: Vec::new() })
    }

    pub fn add(&mut self, tap: &Entry<'_>, bytes: &[u8]) -> Result<()> {
        let safe: String = tap.name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
        let repeat = if tap.occurrence > 1 { format!("_{}", tap.occurrence) } else { String::new() };
        let file = format!("{:04}_{safe}{repeat}.npy", self.taps.len() + 1);
        write_npy(&self.dir.join(&file), tap.dtype, tap.shape, bytes)?;
        self.taps.push(json!({
            "name": tap.name,
            "occurrence": tap.occurrence,
            "op": tap.op,
            "kernel": tap.kernel,
            "dtype": tap.dtype.name(),
            "shape": tap.shape,
            "file": file,
        }));
        Ok(())
    }

    /// Writes `taps.json`, one tap per line, and returns how many taps there are.
    pub fn finish(self) -> Result<usize> {
        let lines: Vec<String> = self.taps.iter().map(|tap| format!("  {tap}")).collect();
        let text = format!("{{\"source\": {}, \"taps\": [\n{}\n]}}\n", json!(self.source), lines.join(",\n"));
        let path = self.dir.join("taps.json");
        fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(self.taps.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tap_sets_are_indexed_and_replaced_but_foreign_folders_are_not_touched() {
        let dir = tempfile::tempdir().unwrap();
        let entry = Entry { name: "a/b (x)", occurrence: 2, op: "ADD", kernel: "", dtype: DType::F16, shape: &[1, 2] };
        for _ in 0..2 {
            let mut writer = Writer::create(dir.path(), "test".to_string()).unwrap();
            writer.add(&entry, &[1, 2, 3, 4]).unwrap();
            assert_eq!(writer.finish().unwrap(), 1);
        }
        let index: Value = serde_json::from_str(&fs::read_to_string(dir.path().join("taps.json")).unwrap()).unwrap();
        assert_eq!(index["taps"][0]["file"], "0001_a_b__x__2.npy");
        assert_eq!(index["taps"][0]["shape"], json!([1, 2]));
        fs::write(dir.path().join("notes.txt"), "mine").unwrap();
        assert!(Writer::create(dir.path(), String::new()).is_err());
        assert!(dir.path().join("0001_a_b__x__2.npy").exists());
    }
}
