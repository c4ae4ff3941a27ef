//! A GGUF file against a manifest: the checks that the C runtime makes, and the bytes of every weight.

use std::fs::File;
use std::path::Path;

use memmap2::Mmap;

use super::manifest::{Check, Expected, Manifest};
use crate::diagnostic::{Diagnostic, Result};
use crate::gguf::{GgufDirectory, MetaArray, MetaValue, TensorInfo};

/// A file that fits a manifest.
pub struct WeightFile {
    map: Mmap,
    /// Parallel to the manifest's weights.
    places: Vec<(usize, usize)>,
}

impl WeightFile {
    /// Opens and checks a file. Errors: those of [`GgufDirectory::read`], and `gguf-mismatch` for a file that the encoder was not built for.
    pub fn open(path: &Path, manifest: &Manifest) -> Result<Self> {
        let directory = GgufDirectory::read(path)?;
        check(&directory, manifest).map_err(|e| e.in_file(path).help("build the encoder for this very file"))?;
        let failed = |e: std::io::Error| Diagnostic::new("gguf-open", "cannot map the GGUF file").in_file(path).fact(e.to_string());
        let file = File::open(path).map_err(failed)?;
        // SAFETY: the mapping is read-only and lives as long as the slices of it. A file that another program cuts short
        // meanwhile can stop this process with SIGBUS, as with any mapped file.
        let map = unsafe { Mmap::map(&file) }.map_err(failed)?;
        let mut places = Vec::new();
        for weight in &manifest.weights {
            let tensor = directory.tensor(&weight.name)?;
            let end = tensor.offset.checked_add(tensor.bytes).and_then(|end| usize::try_from(end).ok()).filter(|end| *end <= map.len());
            let end = end.ok_or_else(|| Diagnostic::new("gguf-truncated", "the file was cut short while it was read").in_file(path))?;
            places.push((end - tensor.bytes as usize, end));
        }
        Ok(Self { map, places })
    }

    /// The bytes of a weight as the file holds them; none for an index that is none.
    pub fn bytes(&self, index: usize) -> Option<&[u8]> {
        let (start, end) = self.places.get(index)?;
        self.map.get(*start..*end)
    }
}

/// Whether the file is one that the manifest was made for.
pub fn check(file: &GgufDirectory, manifest: &Manifest) -> Result<()> {
    for check in &manifest.checks {
        let found = std::iter::once(&check.key).chain(&check.also).find_map(|key| file.metadata.get(key));
        match found {
            Some(value) => check_value(check, value)?,
            None if check.optional => {}
            None => return Err(mismatch(format!("the file has no metadata key {}", check.key)).fact(format!("expected: {}", kind(check)))),
        }
    }
    for weight in &manifest.weights {
        let expected = format!("expected: {} {:?}", weight.kind, weight.ne);
        let Some(tensor) = file.tensors.get(&weight.name) else {
            return Err(mismatch(format!("the file has no tensor {}", weight.name)).fact(expected));
        };
        if tensor.dtype != weight.kind || trimmed(&tensor.ne) != trimmed(&weight.ne) || tensor.bytes != weight.bytes {
            return Err(mismatch(format!("tensor {} is another one", weight.name)).fact(expected).fact(format!("found: {tensor}")));
        }
    }
    let own = |t: &&TensorInfo| manifest.known_tensors.iter().any(|known| t.name.starts_with(known.as_str()));
    let read = |t: &&TensorInfo| manifest.weights.iter().any(|w| w.name == t.name);
    let unused = |t: &&TensorInfo| manifest.unused_tensors.iter().any(|pattern| fits(pattern, &t.name));
    match file.tensors.values().filter(own).find(|t| !read(t) && !unused(t)) {
        None => Ok(()),
        Some(t) => Err(mismatch(format!("the file has a tensor {}, which this encoder does not read: it is for another variant", t.name))),
    }
}

fn mismatch(message: String) -> Diagnostic {
    Diagnostic::new("gguf-mismatch", message)
}

/// Dimensions without the ones at their end, which files may leave out.
fn trimmed(ne: &[u64]) -> &[u64] {
    let len = ne.iter().rposition(|n| *n != 1).map_or(0, |last| last + 1);
    &ne[..len]
}

/// Whether a name is the pattern, in which one `*` stands for anything.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((begin, end)) => name.len() >= begin.len() + end.len() && name.starts_with(begin) && name.ends_with(end),
    }
}

fn kind(check: &Check) -> String {
    let one = match check.expected {
        Expected::Integers(_) => "integer",
        Expected::Floats(_) => "f32",
        Expected::Bools(_) => "bool",
        Expected::Strings(_) => "string",
    };
    if check.list { format!("array of {one}") } else { one.to_string() }
}

fn check_value(check: &Check, value: &MetaValue) -> Result<()> {
    let found = match (check.list, value) {
        (true, MetaValue::Array(array)) => of_array(&check.expected, array),
        (false, value) => of_value(&check.expected, value),
        (true, _) => None,
    };
    let Some(found) = found else {
        return Err(mismatch(format!("metadata key {} has another type", check.key))
            .fact(format!("expected: {}", kind(check)))
            .fact(format!("found: {}", value.describe_type())));
    };
    match found == check.expected {
        true => Ok(()),
        false => Err(mismatch(format!("metadata key {} has another value", check.key))
            .fact(format!("expected: {}", show(&check.expected)))
            .fact(format!("found: {}", show(&found)))),
    }
}

/// The value in the kind that is expected; none if it is of another kind.
fn of_value(expected: &Expected, value: &MetaValue) -> Option<Expected> {
    Some(match (expected, value) {
        (Expected::Floats(_), MetaValue::F32(v)) => Expected::Floats(vec![v.to_bits()]),
        (Expected::Bools(_), MetaValue::Bool(v)) => Expected::Bools(vec![*v]),
        (Expected::Strings(_), MetaValue::String(v)) => Expected::Strings(vec![v.clone()]),
        (Expected::Integers(_), v) => Expected::Integers(vec![v.as_integer()?]),
        _ => return None,
    })
}

fn of_array(expected: &Expected, array: &MetaArray) -> Option<Expected> {
    Some(match (expected, array) {
        (Expected::Floats(_), MetaArray::F32(v)) => Expected::Floats(v.iter().map(|v| v.to_bits()).collect()),
        (Expected::Bools(_), MetaArray::Bool(v)) => Expected::Bools(v.clone()),
        (Expected::Strings(_), MetaArray::String(v)) => Expected::Strings(v.clone()),
        (Expected::Integers(_), v) => Expected::Integers(v.as_integers()?),
        _ => return None,
    })
}

fn show(values: &Expected) -> String {
    match values {
        Expected::Integers(v) => format!("{v:?}"),
        Expected::Floats(v) => format!("{:?}", v.iter().map(|b| f32::from_bits(*b)).collect::<Vec<_>>()),
        Expected::Bools(v) => format!("{v:?}"),
        Expected::Strings(v) => format!("{v:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_have_one_star() {
        assert!(fits("v.blk.*", "v.blk.3.w") && fits("*.bias", ".bias") && fits("a*b", "ab") && fits("ab", "ab"));
        assert!(!fits("ab*b", "ab") && !fits("v.blk.*.w", "v.blk.3.b") && !fits("ab", "abc"));
    }

    #[test]
    fn ones_at_the_end_may_be_left_out() {
        assert_eq!(trimmed(&[4, 1, 3, 1, 1]), [4, 1, 3]);
        assert_eq!(trimmed(&[4]), trimmed(&[4, 1, 1, 1]));
    }
}
