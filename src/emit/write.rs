//! Writes emitted files: all to temporary files first, renamed when the last is complete, and only those whose text changed.

use std::path::Path;

use super::Sources;
use crate::atomic::Staged;
use crate::diagnostic::Result;

/// What a write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    pub changed: usize,
    pub unchanged: usize,
}

pub fn write_sources(dir: &Path, sources: &Sources) -> Result<Written> {
    let mut staged = Vec::new();
    for (path, text) in sources {
        let full = dir.join(path);
        if std::fs::read(&full).is_ok_and(|old| old == text.as_bytes()) {
            continue;
        }
        staged.push(Staged::new(&full, |out| out.write_all(text.as_bytes()))?);
    }
    let changed = staged.len();
    staged.into_iter().try_for_each(Staged::commit)?;
    Ok(Written { changed, unchanged: sources.len() - changed })
}
