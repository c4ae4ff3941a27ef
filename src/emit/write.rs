//! Writes emitted files: each to a temporary file first, renamed when complete, and only if the text changed.

use std::path::Path;

use super::Sources;
use crate::atomic::write_atomic;
use crate::diagnostic::Result;

/// What a write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    pub changed: usize,
    pub unchanged: usize,
}

pub fn write_sources(dir: &Path, sources: &Sources) -> Result<Written> {
    let mut done = Written { changed: 0, unchanged: 0 };
    for (path, text) in sources {
        let full = dir.join(path);
        if std::fs::read(&full).is_ok_and(|old| old == text.as_bytes()) {
            done.unchanged += 1;
            continue;
        }
        write_atomic(&full, |out| out.write_all(text.as_bytes()))?;
        done.changed += 1;
    }
    Ok(done)
}
