//! Compiles emitted C into a shared library with the host's compiler, once per source, compiler and flags.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sha2::{Digest, Sha256};

use crate::atomic::temporary;
use crate::diagnostic::{Diagnostic, Result};

/// A shared library in the cache.
#[derive(Debug, Clone)]
pub struct Compiled {
    pub library: PathBuf,
    /// The compiler call, as it can be repeated in a folder that holds the sources.
    pub command: String,
    /// First line of the compiler's own version report.
    pub compiler: String,
    /// The library was there already.
    pub cached: bool,
}

/// Compiles `unit`, one of `files` (name and text; the others are what it includes), with the C compiler that `CC`
/// and `CFLAGS` name or the host's usual one. `flags` come last and so win over `CFLAGS`. The library lands in
/// `cache`, or in `default_cache()`, under a name made of everything that decides its bytes.
pub fn compile(files: &[(&str, &str)], unit: &str, flags: &[String], cache: Option<&Path>) -> Result<Compiled> {
    compile_with(None, files, unit, flags, cache)
}

/// As [`compile`], with the compiler of this name or path in place of the usual one.
pub fn compile_with(
    compiler: Option<&Path>,
    files: &[(&str, &str)],
    unit: &str,
    flags: &[String],
    cache: Option<&Path>,
) -> Result<Compiled> {
    let cache = match cache {
        Some(dir) => dir.to_path_buf(),
        None => default_cache()?,
    };
    let unwritable = |e: io::Error| {
        Diagnostic::new("cache-unwritable", format!("cannot write compiled encoders: {e}"))
            .in_file(&cache)
            .help("set XDG_CACHE_HOME to a folder that can be written")
    };
    fs::create_dir_all(&cache).map_err(unwritable)?;
    let work = temporary().tempdir_in(&cache).map_err(unwritable)?;

    let tool = find_compiler(compiler, work.path())?;
    let stem = unit.strip_suffix(".c").unwrap_or(unit);
    let library = format!("{}{stem}{}", env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX);
    let mut command = tool.to_command();
    command.current_dir(work.path()).args(["-shared", "-fPIC"]).args(flags).arg("-o").arg(&library).arg(unit);
    if cfg!(unix) {
        command.args(["-pthread", "-lm"]);
    }
    let text = command_text(&command);
    let version = version(&tool, &text)?;

    // Lengths go first, so that no two different inputs give the same bytes.
    let mut hash = Sha256::new();
    let mut add = |part: &str| {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    };
    add(&text);
    add(&version);
    for (name, content) in files {
        add(name);
        add(content);
    }
    let key: String = hash.finalize().iter().take(16).map(|b| format!("{b:02x}")).collect();
    let home = cache.join(format!("{stem}-{key}"));
    let compiler = version.lines().next().unwrap_or_default().to_string();
    let done = |cached| Compiled { library: home.join(&library), command: text.clone(), compiler: compiler.clone(), cached };
    if home.join(&library).is_file() {
        return Ok(done(true));
    }

    for (name, content) in files {
        fs::write(work.path().join(name), content).map_err(unwritable)?;
    }
    let output = run(&mut command, &text)?;
    if !output.status.success() {
        return Err(compile_error(&output, &text, &compiler, unit));
    }
    // Whoever renames first wins; the other's library has the same bytes.
    match fs::rename(work.path(), &home) {
        Ok(()) => {
            let _ = work.keep();
        }
        Err(e) if !home.join(&library).is_file() => return Err(unwritable(e)),
        Err(_) => {}
    }
    Ok(done(false))
}

/// `$XDG_CACHE_HOME/isobit`, else `~/.cache/isobit` (on Windows `%LOCALAPPDATA%\isobit`).
pub fn default_cache() -> Result<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let base = absolute("XDG_CACHE_HOME")
        .or_else(|| if cfg!(windows) { absolute("LOCALAPPDATA") } else { absolute("HOME").map(|h| h.join(".cache")) });
    base.map(|b| b.join("isobit")).ok_or_else(|| {
        Diagnostic::new("cache-unknown", "no folder is known for compiled encoders")
            .fact("neither XDG_CACHE_HOME nor HOME is an absolute path")
            .help("set XDG_CACHE_HOME to an absolute path")
    })
}

/// The triple of this very build, in the form that compiler detection expects.
fn host_triple() -> String {
    let arch = env::consts::ARCH;
    let abi = if cfg!(target_env = "musl") { "musl" } else { "gnu" };
    match env::consts::OS {
        "linux" => format!("{arch}-unknown-linux-{abi}"),
        "macos" => format!("{arch}-apple-darwin"),
        "windows" => format!("{arch}-pc-windows-{}", if cfg!(target_env = "gnu") { "gnu" } else { "msvc" }),
        other => format!("{arch}-unknown-{other}"),
    }
}

fn find_compiler(compiler: Option<&Path>, scratch: &Path) -> Result<cc::Tool> {
    let triple = host_triple();
    let mut build = cc::Build::new();
    build.target(&triple).host(&triple).opt_level(2).debug(false).warnings(false).extra_warnings(false);
    build.cargo_metadata(false).cargo_warnings(false).cargo_debug(false).cargo_output(false);
    build.inherit_rustflags(false).inherit_trim_paths(false).shell_escaped_flags(true).out_dir(scratch);
    if let Some(path) = compiler {
        build.compiler(path);
    }
    let tool = build.try_get_compiler().map_err(|e| missing(&e.to_string()))?;
    if tool.is_like_msvc() {
        let name = tool.path().display();
        return Err(Diagnostic::new("compiler-unsupported", format!("the C compiler {name} cannot compile encoders"))
            .help("install gcc or clang and name it in the environment variable CC"));
    }
    Ok(tool)
}

fn missing(reason: &str) -> Diagnostic {
    Diagnostic::new("compiler-missing", "no C compiler was found")
        .fact(reason)
        .help("install gcc or clang, or name a C compiler in the environment variable CC")
}

/// What the compiler says about itself: part of the cache key.
fn version(tool: &cc::Tool, text: &str) -> Result<String> {
    let mut command = Command::new(tool.path());
    command.arg("--version");
    let output = run(&mut command, text)?;
    Ok(format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
}

fn run(command: &mut Command, text: &str) -> Result<Output> {
    command.output().map_err(|e| {
        let program = command.get_program().display();
        match e.kind() {
            io::ErrorKind::NotFound => missing(&format!("{program} is not there (command: {text})")),
            _ => Diagnostic::new("compiler-missing", format!("the C compiler {program} cannot be run: {e}"))
                .fact(format!("command: {text}"))
                .help("name a working C compiler in the environment variable CC"),
        }
    })
}

fn compile_error(output: &Output, text: &str, compiler: &str, unit: &str) -> Diagnostic {
    let log = String::from_utf8_lossy(&output.stderr);
    let first = log
        .lines()
        .find(|l| l.contains("error:") && !l.starts_with("collect2:"))
        .or_else(|| log.lines().find(|l| !l.trim().is_empty()))
        .map_or_else(|| format!("the compiler said nothing ({})", output.status), |l| l.trim().to_string());
    Diagnostic::new("compile-failed", format!("the C compiler refused {unit}"))
        .fact(first)
        .fact(format!("compiler: {compiler}"))
        .fact(format!("command: {text}"))
        .help("check CC and CFLAGS; the command can be repeated in a folder that holds the emitted sources")
}

/// A command as one line for a shell; arguments with unusual characters are quoted.
fn command_text(command: &Command) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=+,./:@%".contains(c);
    let quote = |s: &OsStr| {
        let s = s.to_string_lossy();
        if !s.is_empty() && s.chars().all(plain) { s.into_owned() } else { format!("'{}'", s.replace('\'', r"'\''")) }
    };
    std::iter::once(command.get_program()).chain(command.get_args()).map(quote).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: (&str, &str) = ("answer.h", "int answer(void);\n");

    #[test]
    fn a_library_is_compiled_once() {
        let cache = tempfile::tempdir().unwrap();
        let files = [HEADER, ("answer.c", "#include \"answer.h\"\nint answer(void) { return 42; }\n")];
        let flags = ["-std=c11".to_string()];
        let first = compile(&files, "answer.c", &flags, Some(cache.path())).unwrap();
        assert!(first.library.is_file() && !first.cached);
        assert!(first.command.contains("-shared -fPIC -std=c11 -o libanswer"), "{}", first.command);
        let again = compile(&files, "answer.c", &flags, Some(cache.path())).unwrap();
        assert_eq!((again.cached, &again.library), (true, &first.library));
        let other = compile(&files, "answer.c", &["-std=c17".to_string()], Some(cache.path())).unwrap();
        assert_ne!(other.library, first.library);
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 2);
    }

    #[test]
    fn the_first_error_is_shown_and_nothing_stays() {
        let cache = tempfile::tempdir().unwrap();
        let files = [("bad.c", "int f(void) { return nothing; }\n")];
        let error = compile(&files, "bad.c", &[], Some(cache.path())).unwrap_err();
        let text = error.plain();
        assert_eq!(error.code(), "compile-failed");
        assert!(text.contains("bad.c:1:22: error:") && text.contains("command: ") && text.contains("help: "), "{text}");
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = compile(&[("a.c", "")], "a.c", &[], Some(file.path())).unwrap_err();
        assert_eq!(error.code(), "cache-unwritable");
    }

    #[test]
    fn commands_are_quoted() {
        let mut command = Command::new("my cc");
        command.args(["-DX='y'", "-O2", ""]);
        assert_eq!(command_text(&command), r"'my cc' '-DX='\''y'\''' -O2 ''");
    }
}
