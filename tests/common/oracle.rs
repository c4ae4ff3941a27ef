//! Builds the oracle of a profile, compiles emitted libraries beside it, runs it: shared by parity and bench.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use isobit::emit::Sources;
use isobit::fuse::Taps;
use isobit::host::compiler;
use isobit::sizes::Sizes;
use serde_json::Value;

use crate::encoder::{Encoder, text};

/// Profiles that an oracle exists for.
pub const PROFILES: [&str; 4] = ["ggml-scalar", "ggml-avx2", "ggml-avx512", "ggml-avx512bf16"];

/// Where model files, libraries and results are kept.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/parity")
}

/// Keeps other programs out of the folder as long as it lives: they would delete model files that this one reads.
pub struct Lock(#[allow(dead_code)] File);

/// Waits, and says so, while another run works in the folder.
pub fn lock() -> Result<Lock, String> {
    let path = folder().join("lock");
    let failed = |e: std::io::Error| format!("{}: {e}", path.display());
    fs::create_dir_all(folder()).map_err(failed)?;
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => return Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => println!("waiting: another run works in {}", folder().display()),
        Err(TryLockError::Error(e)) => return Err(failed(e)),
    }
    file.lock().map_err(failed)?;
    Ok(Lock(file))
}

/// Why this machine cannot run llama.cpp as the profile has it built.
pub fn cannot_run(profile: &str) -> Option<String> {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as cpu;
        let mut features = Vec::new();
        if profile != "ggml-scalar" {
            features.extend([("avx2", cpu!("avx2")), ("fma", cpu!("fma")), ("f16c", cpu!("f16c")), ("bmi2", cpu!("bmi2"))]);
        }
        if profile.starts_with("ggml-avx512") {
            let wide = [("avx512f", cpu!("avx512f")), ("avx512cd", cpu!("avx512cd")), ("avx512bw", cpu!("avx512bw"))];
            features.extend(wide);
            features.extend([("avx512dq", cpu!("avx512dq")), ("avx512vl", cpu!("avx512vl"))]);
        }
        if profile == "ggml-avx512bf16" {
            features.extend([("avx512vnni", cpu!("avx512vnni")), ("avx512bf16", cpu!("avx512bf16"))]);
        }
        let missing: Vec<&str> = features.iter().filter(|f| !f.1).map(|f| f.0).collect();
        (!missing.is_empty()).then(|| format!("this CPU lacks {}", missing.join(", ")))
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        Some(format!("{profile} is an x86-64 build, this machine is {}", env::consts::ARCH))
    }
}

/// A command without what cargo tells its own children: the oracle's build must not differ from one in a shell.
fn clean(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    let of_cargo = |name: &str| {
        ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"].iter().any(|p| name.starts_with(p))
            || matches!(name, "CARGO" | "CARGO_PRIMARY_PACKAGE" | "CARGO_TARGET_TMPDIR" | "LD_LIBRARY_PATH" | "OUT_DIR")
    };
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(of_cargo) {
            command.env_remove(name);
        }
    }
    command
}

pub struct Oracle {
    pub binary: PathBuf,
}

impl Oracle {
    /// Builds it, which takes minutes the first time; the build's own progress goes to the terminal.
    pub fn build(profile: &str) -> Result<Self, String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/build.sh");
        let built = clean(script).arg(profile).stderr(Stdio::inherit()).output();
        let built = built.map_err(|e| format!("tests/oracle/build.sh cannot be run: {e}"))?;
        let out = String::from_utf8_lossy(&built.stdout);
        match out.lines().last() {
            Some(path) if built.status.success() => Ok(Self { binary: PathBuf::from(path) }),
            _ => Err(format!("tests/oracle/build.sh {profile} failed ({}); `make setup` installs what it needs", built.status)),
        }
    }

    /// Runs a subcommand that writes `--json`; the file's content is there whenever the oracle came to its end.
    pub fn run(&self, arguments: &[String], json: &Path) -> Result<(Output, Option<Value>), String> {
        let _ = std::fs::remove_file(json);
        let mut command = clean(&self.binary);
        command.args(arguments).arg("--json").arg(json).stdin(Stdio::null());
        let output = command.output().map_err(|e| format!("{} cannot be run: {e}", self.binary.display()))?;
        let value = std::fs::read_to_string(json).ok().and_then(|t| serde_json::from_str(&t).ok());
        Ok((output, value))
    }
}

/// Emits and compiles a library with the target's own flags; kept until its text or the compiler changes.
#[allow(dead_code, reason = "the benchmark compiles what it has emitted for more than that")]
pub fn library(encoder: &Encoder, sizes: &Sizes, profile: &str, attention: &str, taps: Taps) -> Result<PathBuf, String> {
    compiled(encoder, &encoder.emit(sizes, profile, &[("attention", attention)], taps)?)
}

/// Compiles an emitted library, or takes it from an earlier run.
pub fn compiled(encoder: &Encoder, sources: &Sources) -> Result<PathBuf, String> {
    let name = encoder.name();
    let (unit, header) = (format!("{name}.c"), format!("{name}.h"));
    let files: Vec<(&str, &str)> =
        sources.iter().filter(|(p, _)| **p == unit || **p == header).map(|(p, t)| (p.as_str(), t.as_str())).collect();
    let flags: Vec<String> = encoder.target.compile.iter().chain(&encoder.target.link).cloned().collect();
    let compiled = compiler::compile(&files, &unit, &flags, Some(&folder().join("libraries"))).map_err(text)?;
    Ok(compiled.library)
}
