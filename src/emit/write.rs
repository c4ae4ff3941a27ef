//! Writes emitted files: each to a temporary file first, renamed when complete, and only if the text changed.

use std::io::Write;
use std::path::Path;

use super::Sources;
use crate::diagnostic::{Diagnostic, Result};

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
        write_file(&full, text.as_bytes())?;
        done.changed += 1;
    }
    Ok(done)
}

/// Writes one file so that it is either complete or as it was.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let fail = |e: std::io::Error| {
        Diagnostic::new("file-write", format!("cannot write {}: {e}", path.display()))
            .in_file(path)
            .help("check that the directory can be written and the disk is not full; nothing was changed")
    };
    let dir = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(dir).map_err(fail)?;
    let mut temp = tempfile::NamedTempFile::new_in(dir).map_err(fail)?;
    temp.write_all(bytes).and_then(|()| temp.as_file().sync_all()).map_err(fail)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        temp.as_file().set_permissions(std::fs::Permissions::from_mode(0o644)).map_err(fail)?;
    }
    temp.persist(path).map_err(|e| fail(e.error))?;
    Ok(())
}
