//! Files that are either whole or not there: written beside their place, then renamed.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::diagnostic::{Diagnostic, Result};

/// Writes a file beside its final place and renames it there, so that readers see the whole file or none. Folders are made.
pub fn write_atomic(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    Staged::new(path, write)?.commit()
}

/// A complete file that does not have its name yet; several are written before the first one is named.
#[must_use]
pub struct Staged {
    file: NamedTempFile,
    path: PathBuf,
}

impl Staged {
    pub fn new(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<Self> {
        let attempt = || -> io::Result<NamedTempFile> {
            if path.is_dir() {
                return Err(io::Error::from(io::ErrorKind::IsADirectory));
            }
            std::fs::create_dir_all(folder_of(path))?;
            let mut builder = temporary();
            #[cfg(unix)]
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
            let mut file = builder.tempfile_in(folder_of(path))?;
            let mut out = BufWriter::with_capacity(1 << 20, file.as_file_mut());
            write(&mut out)?;
            out.flush()?;
            drop(out);
            Ok(file)
        };
        attempt().map(|file| Self { file, path: path.to_path_buf() }).map_err(|e| failed(path, &e))
    }

    /// Gives the file its name.
    pub fn commit(self) -> Result<()> {
        self.file.persist(&self.path).map(drop).map_err(|e| failed(&self.path, &e.error))
    }
}

fn failed(path: &Path, e: &io::Error) -> Diagnostic {
    Diagnostic::new("write-failed", format!("cannot write the file: {e}"))
        .in_file(path)
        .help("check that the directory can be written and the disk is not full; nothing was changed")
}

/// The folder a path lies in, in a form that can be opened.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    }
}

/// Names a temporary file or folder; unlike the default it gets the permissions that the umask leaves.
pub(crate) fn temporary() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o777));
    }
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        write_atomic(&path, |w| w.write_all(b"old")).unwrap();
        let error = write_atomic(&path, |w| {
            w.write_all(b"new")?;
            Err(io::Error::other("disk on fire"))
        })
        .unwrap_err();
        assert!(error.plain().contains("disk on fire"), "{}", error.plain());
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn folders_are_made_and_impossible_ones_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/folder/x");
        write_atomic(&path, |w| w.write_all(b"x")).unwrap();
        let below_a_file = path.join("y");
        let error = write_atomic(&below_a_file, |_| Ok(())).unwrap_err();
        assert_eq!(error.code(), "write-failed");
        assert_eq!(error.location(), Some(below_a_file.display().to_string()));
    }
}
