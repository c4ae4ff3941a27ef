//! The whole programs that are measured: the emitted example and the oracle's `encode`, and what tells their memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

pub fn path(path: &Path) -> Result<&str, String> {
    path.to_str().ok_or_else(|| format!("{} is not UTF-8", path.display()))
}

/// Compiles with the C compiler that `CC` names, or cc.
fn cc(arguments: &[&str]) -> Result<(), String> {
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_string());
    let output = Command::new(&compiler).args(arguments).output().map_err(|e| format!("{compiler}: {e}"))?;
    if output.status.success() { Ok(()) } else { Err(format!("{compiler}: {}", String::from_utf8_lossy(&output.stderr))) }
}

/// `rss.c`, compiled.
pub fn rss_tool(work: &Path) -> Result<PathBuf, String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/rss.c");
    let program = work.join("rss");
    cc(&["-O2", path(&source)?, "-o", path(&program)?])?;
    Ok(program)
}

/// The emitted example, linked with the library as a user would.
pub fn link_example(example: &str, library: &Path, work: &Path) -> Result<PathBuf, String> {
    let home = library.parent().ok_or("a library without a folder")?;
    let program = work.join("example");
    let source = work.join("example.c");
    fs::write(&source, example).map_err(|e| format!("{}: {e}", source.display()))?;
    let (include, search) = (format!("-I{}", path(home)?), format!("-Wl,-rpath,{}", path(home)?));
    cc(&["-O2", &include, path(&source)?, path(library)?, &search, "-o", path(&program)?])?;
    Ok(program)
}

/// An image of the size as binary PPM, for both sides.
pub fn picture((width, height): (u32, u32), work: &Path) -> Result<PathBuf, String> {
    let mut bytes = format!("P6\n{width} {height}\n255\n").into_bytes();
    bytes.extend((0..width as usize * height as usize * 3).map(|i| (i * 7 % 251) as u8));
    let file = work.join(format!("{width}x{height}.ppm"));
    fs::write(&file, bytes).map_err(|e| format!("{}: {e}", file.display()))?;
    Ok(file)
}

/// A program with its arguments, to be run to its end more than once.
pub struct Program(pub Vec<String>);

impl Program {
    pub fn new(program: &Path, arguments: &[&str]) -> Result<Self, String> {
        let arguments = arguments.iter().map(|a| (*a).to_string());
        Ok(Self([path(program)?.to_string()].into_iter().chain(arguments).collect()))
    }

    /// Wall time from its start to its end.
    pub fn seconds(&self) -> Result<f64, String> {
        let start = Instant::now();
        run(&self.0)?;
        Ok(start.elapsed().as_secs_f64())
    }

    /// The most memory that it had resident, in bytes, as the tool tells.
    pub fn peak_rss(&self, tool: &Path) -> Result<u64, String> {
        let command = [&[path(tool)?.to_string()], &self.0[..]].concat();
        let printed = run(&command)?;
        let last = printed.lines().last().unwrap_or_default();
        last.parse().map_err(|e| format!("{}: {last:?} is no number of bytes: {e}", command.join(" ")))
    }
}

/// What it printed; an error if it fails.
fn run(command: &[String]) -> Result<String, String> {
    let output = Command::new(&command[0]).args(&command[1..]).stdin(Stdio::null()).output();
    let output = output.map_err(|e| format!("{}: {e}", command[0]))?;
    if !output.status.success() {
        return Err(format!("{} ({}): {}", command.join(" "), output.status, String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
