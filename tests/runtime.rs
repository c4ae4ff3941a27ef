//! The emitted C: every compiler, standard and optimisation level gives no warning and the same bits; `tests/runtime/*.c`
//! pass as built for users and under the sanitizers. That is seen on one encoder, whose frame is everybody's; what the others add, their
//! kernels, is compiled by each compiler, as C++ beside it, and run, once under the sanitizers. What this machine cannot run is said on
//! stderr.

#[path = "common/encoder.rs"]
mod encoder;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, OnceLock};

use encoder::Encoder;
use isobit::fuse::Taps;

const WARNINGS: [&str; 4] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];
const LINK: [&str; 2] = ["-lm", "-lpthread"];

/// Goes past the capture of the test harness: a skip must be seen.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "runtime: {text}");
}

struct Compiler {
    c: &'static str,
    cpp: &'static str,
}

/// Those that answer; the others are named once.
fn compilers() -> &'static [Compiler] {
    static FOUND: OnceLock<Vec<Compiler>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let all = [Compiler { c: "gcc", cpp: "g++" }, Compiler { c: "clang", cpp: "clang++" }];
        let (found, missing): (Vec<_>, Vec<_>) = all.into_iter().partition(|compiler| answers(compiler.c));
        for compiler in missing {
            say(&format!("skipped: everything with {0}, which is not installed (apt-get install {0})", compiler.c));
        }
        assert!(!found.is_empty(), "neither gcc nor clang is installed");
        found
    })
}

fn answers(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|o| o.status.success())
}

/// Emitted sources of a small encoder, and a model file for them.
struct Emitted {
    name: String,
    profile: &'static str,
    taps: Taps,
    folder: PathBuf,
    model: PathBuf,
    flags: Vec<String>,
}

/// The encoder on which everything is tried.
const MAIN: &str = "qwen3_vl_vision";

/// It at its smallest preset, once per profile and taps mode.
fn emitted() -> &'static [Emitted] {
    static ALL: OnceLock<Vec<Emitted>> = OnceLock::new();
    ALL.get_or_init(|| {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("runtime");
        let mut all = Vec::new();
        for (profile, taps) in [("ggml-avx2", Taps::All), ("ggml-avx2", Taps::Kept), ("ggml-avx512", Taps::Kept)] {
            all.push(emit(MAIN, profile, taps, &root).unwrap_or_else(|e| panic!("{e}")));
        }
        all
    })
}

/// A template at its first preset, which is its smallest.
fn emit(template: &str, profile: &'static str, taps: Taps, root: &Path) -> Result<Emitted, String> {
    let encoder = Encoder::open(template)?;
    let preset = encoder.template.presets.keys().next().ok_or("no preset")?.clone();
    let model = encoder.model(&preset, "f16", root, |_, _| ())?;
    let sizes = encoder.of_preset(&preset, "f16")?;
    let sources = encoder.emit(&sizes, profile, &[], taps)?;
    let folder = root.join(format!("{template}-{profile}-{taps:?}"));
    fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
    for (path, text) in &sources {
        fs::write(folder.join(path), text).map_err(|e| e.to_string())?;
    }
    Ok(Emitted { name: encoder.name().to_string(), profile, taps, folder, model, flags: encoder.target.compile.clone() })
}

impl Emitted {
    fn unit(&self) -> PathBuf {
        self.folder.join(format!("{}.c", self.name))
    }

    fn title(&self) -> String {
        format!("{}, {}, taps {:?}", self.name, self.profile, self.taps)
    }

    /// A program of `tests/runtime`, as an argument list for a compiler that gets `-o` and the encoder beside it.
    fn program(&self, file: &str) -> Vec<String> {
        vec![format!("-DENCODER={}", self.name), format!("-I{}", self.folder.display()), source(file).display().to_string()]
    }
}

fn source(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/runtime").join(file)
}

/// Runs a command; its output if it succeeds, else the command and all that it said.
fn run(command: &mut Command) -> Result<Output, String> {
    let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
    if output.status.success() {
        return Ok(output);
    }
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Err(format!("{command:?}\n{}\n{out}{err}", output.status))
}

/// Works off a list with one thread per core, and fails with everything that failed.
fn each<T: Sync>(items: &[T], work: impl Fn(&T) -> Result<(), String> + Sync) {
    let next = Mutex::new(items.iter());
    let failures = Mutex::new(Vec::new());
    let worker = || {
        while let Some(item) = { next.lock().unwrap().next() } {
            if let Err(failure) = work(item) {
                failures.lock().unwrap().push(failure);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(worker);
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n\n"));
}

#[test]
fn no_warnings_and_the_same_bits_from_every_compiler() {
    let mut jobs = Vec::new();
    for encoder in emitted() {
        for compiler in compilers() {
            // The second is what `cc app.c encoder.c` does: GNU C, which contracts a*b+c where the source does not forbid it.
            for standard in [&["-std=c11", "-ffp-contract=off"][..], &[]] {
                for level in ["-O0", "-O1", "-O2", "-O3"] {
                    jobs.push((encoder, compiler, standard.to_vec(), level));
                }
            }
            jobs.push((encoder, compiler, vec!["-march=native"], "-O3"));
        }
    }
    let digests: Mutex<BTreeMap<(String, String), Vec<String>>> = Mutex::default();
    each(&jobs, |(encoder, compiler, standard, level)| {
        let work = tempfile::tempdir().map_err(|e| e.to_string())?;
        let (object, program) = (work.path().join("encoder.o"), work.path().join("digest"));
        let title = format!("{} {} {level}", compiler.c, standard.join(" "));
        let mut compile = Command::new(compiler.c);
        run(compile.args(standard).arg(level).args(WARNINGS).arg("-c").arg(encoder.unit()).arg("-o").arg(&object))?;
        let mut link = Command::new(compiler.c);
        run(link.args(encoder.program("digest.c")).arg(&object).arg("-o").arg(&program).args(LINK))?;
        let output = run(Command::new(&program).arg(&encoder.model))?;
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let (variant, digest) = line.split_once(' ').ok_or_else(|| format!("{title}: digest prints {line:?}"))?;
            let key = (format!("{} {}", encoder.name, encoder.profile), digest.to_string());
            digests.lock().unwrap().entry(key).or_default().push(format!("{title}, taps {:?}, {variant}", encoder.taps));
        }
        Ok(())
    });
    let digests = digests.into_inner().unwrap();
    let encoders: std::collections::BTreeSet<&String> = digests.keys().map(|(encoder, _)| encoder).collect();
    assert!(!encoders.is_empty(), "no program printed a digest");
    assert_eq!(digests.len(), encoders.len(), "bits depend on the compiler, taps or variant:\n{digests:#?}");
}

#[test]
fn the_header_serves_cpp() {
    let standards = ["-std=c++11", "-std=c++17", "-std=c++20"];
    let mut jobs = Vec::new();
    for encoder in emitted().iter().filter(|e| e.taps == Taps::Kept && e.profile == "ggml-avx2") {
        for compiler in compilers() {
            if !answers(compiler.cpp) {
                say(&format!("skipped: the header in C++ with {0}, which is not installed (apt-get install {0})", compiler.cpp));
                continue;
            }
            jobs.push((encoder, compiler));
        }
    }
    each(&jobs, |(encoder, compiler)| {
        let work = tempfile::tempdir().map_err(|e| e.to_string())?;
        let (object, program) = (work.path().join("encoder.o"), work.path().join("include"));
        run(Command::new(compiler.c).args(&encoder.flags).arg("-c").arg(encoder.unit()).arg("-o").arg(&object))?;
        for standard in standards {
            let mut link = Command::new(compiler.cpp);
            link.arg(standard).args(WARNINGS).args(encoder.program("include.cpp")).arg(&object).arg("-o").arg(&program);
            run(link.args(LINK))?;
            run(Command::new(&program).arg(&encoder.model))?;
        }
        Ok(())
    });
}

#[test]
fn every_encoder_compiles_everywhere_and_runs_under_the_sanitizers() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("runtime");
    let templates: Vec<String> = isobit::files::template_names().into_iter().filter(|name| name != MAIN).collect();
    let sanitizers = &MODES[1];
    let launcher = sanitizers.launcher(&compilers()[0]).map_err(|reason| say(&format!("not under sanitizers: {reason}"))).ok();
    each(&templates, |template| {
        let encoder = emit(template, "ggml-avx2", Taps::Kept, &root)?;
        let header = fs::read_to_string(encoder.folder.join(format!("{}.h", encoder.name))).map_err(|e| e.to_string())?;
        let audio = if header.contains("_encode_mel(") { &["-DAUDIO"][..] } else { &[] };
        let work = tempfile::tempdir().map_err(|e| e.to_string())?;
        // Both compilers must take the kernels without a warning; C++ and sanitizers of one of them are enough.
        let mut builds: Vec<_> = compilers().iter().map(|compiler| (compiler, compiler.c, "c", None)).collect();
        let first = &compilers()[0];
        builds.push((first, first.cpp, "c++", None));
        builds.push((first, first.c, "c", launcher.as_ref()));
        builds.retain(|(_, driver, ..)| answers(driver));
        let mut digests = Vec::new();
        for (compiler, driver, language, sanitized) in builds {
            let (flags, launcher) = sanitized.map_or((&[][..], vec![]), |launcher| (sanitizers.flags, launcher.clone()));
            let (object, program) = (work.path().join("encoder.o"), work.path().join("every"));
            let mut compile = Command::new(compiler.c);
            compile.args(&encoder.flags).arg("-O1").args(WARNINGS).args(flags).arg("-c").arg(encoder.unit());
            run(compile.arg("-o").arg(&object))?;
            let mut link = Command::new(driver);
            link.args(["-O1", if language == "c" { "-std=c11" } else { "-std=c++11" }]).args(WARNINGS).args(flags).args(audio);
            link.args(["-x", language]).args(encoder.program("every.c")).args(["-x", "none"]).arg(&object).arg("-o").arg(&program);
            run(link.args(LINK))?;
            let ran = run(sanitizers.start(&launcher, &program).arg(&encoder.model)).map_err(|e| format!("{template}:\n{e}"))?;
            digests.push(String::from_utf8_lossy(&ran.stdout).into_owned());
        }
        digests.dedup();
        if digests.len() == 1 { Ok(()) } else { Err(format!("{template}: digests {digests:?}")) }
    });
}

/// One way to build the programs of `tests/runtime`.
struct Mode {
    name: &'static str,
    flags: &'static [&'static str],
    environment: (&'static str, &'static str),
    /// Further arguments of the link, the last a file of `tests/runtime`.
    link: &'static [&'static str],
    /// The compilers that have it.
    compilers: &'static [&'static str],
    taps: Taps,
}

const MODES: [Mode; 4] = [
    Mode { name: "as for users", flags: &[], environment: ("LC_ALL", "C"), link: &[], compilers: &["gcc", "clang"], taps: Taps::Kept },
    Mode {
        name: "address and undefined-behaviour sanitizer",
        flags: &["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"],
        environment: ("ASAN_OPTIONS", "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1"),
        link: &[],
        compilers: &["gcc", "clang"],
        taps: Taps::All,
    },
    Mode {
        name: "thread sanitizer",
        flags: &["-fsanitize=thread"],
        environment: ("TSAN_OPTIONS", "halt_on_error=1:second_deadlock_stack=1"),
        link: &[],
        compilers: &["gcc", "clang"],
        taps: Taps::Kept,
    },
    Mode {
        name: "memory sanitizer",
        flags: &["-fsanitize=memory", "-fsanitize-memory-track-origins", "-fno-omit-frame-pointer"],
        environment: ("MSAN_OPTIONS", "halt_on_error=1"),
        link: &["-Wl,--wrap=fstat64", "memory_sanitizer/fstat.c"],
        compilers: &["clang"],
        taps: Taps::All,
    },
];

impl Mode {
    /// The programs of a mode are started through this; sanitizers of some age cannot stand much randomness of addresses.
    fn launcher(&self, compiler: &Compiler) -> Result<Vec<&'static str>, String> {
        let work = tempfile::tempdir().map_err(|e| e.to_string())?;
        let (source, program) = (work.path().join("probe.c"), work.path().join("probe"));
        fs::write(&source, "int main(void) { return 0; }\n").map_err(|e| e.to_string())?;
        run(Command::new(compiler.c).args(self.flags).arg(&source).arg("-o").arg(&program))?;
        let mut failure = String::new();
        for launcher in [vec![], vec!["setarch", "-R"]] {
            match run(&mut self.start(&launcher, &program)) {
                Ok(_) => return Ok(launcher),
                Err(e) => failure = e,
            }
        }
        Err(failure)
    }

    fn start(&self, launcher: &[&str], program: &Path) -> Command {
        let mut command = match launcher {
            [] => Command::new(program),
            [first, rest @ ..] => {
                let mut command = Command::new(first);
                command.args(rest).arg(program);
                command
            }
        };
        command.env(self.environment.0, self.environment.1);
        command
    }
}

fn programs() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(source("")).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| name.ends_with(".c"));
    names.sort();
    assert!(names.len() >= 5, "tests/runtime holds {names:?}");
    names
}

/// Every program of `tests/runtime` in one mode.
fn programs_in(mode: &Mode) {
    for compiler in compilers().iter().filter(|c| mode.compilers.contains(&c.c)) {
        let launcher = match mode.launcher(compiler) {
            Ok(launcher) => launcher,
            Err(reason) => {
                say(&format!("skipped: {} of {}: {}", mode.name, compiler.c, reason.lines().last().unwrap_or_default()));
                continue;
            }
        };
        for encoder in emitted().iter().filter(|e| e.taps == mode.taps) {
            let work = tempfile::tempdir().unwrap();
            let object = work.path().join("encoder.o");
            let level = if mode.flags.is_empty() { "-O2" } else { "-O1" };
            let mut compile = Command::new(compiler.c);
            compile.args(&encoder.flags).args([level, "-g"]).args(mode.flags).args(WARNINGS).arg("-c").arg(encoder.unit());
            run(compile.arg("-o").arg(&object)).unwrap_or_else(|e| panic!("{e}"));
            each(&programs(), |name| {
                let program = work.path().join(name.trim_end_matches(".c"));
                let mut link = Command::new(compiler.c);
                link.args(["-std=c11", "-O1", "-g"]).args(WARNINGS).args(mode.flags).args(encoder.program(name));
                if let [options @ .., file] = mode.link {
                    link.args(options).arg(source(file));
                }
                run(link.arg(&object).arg("-o").arg(&program).args(LINK))?;
                let ran = run(mode.start(&launcher, &program).arg(&encoder.model));
                ran.map(|_| ()).map_err(|e| format!("{}, {}, {name}:\n{e}", mode.name, encoder.title()))
            });
        }
    }
}

#[test]
fn programs_pass_as_built_for_users() {
    programs_in(&MODES[0]);
}

#[test]
fn programs_pass_under_the_address_and_undefined_behaviour_sanitizers() {
    programs_in(&MODES[1]);
}

#[test]
fn programs_pass_under_the_thread_sanitizer() {
    programs_in(&MODES[2]);
}

#[test]
fn programs_pass_under_the_memory_sanitizer() {
    programs_in(&MODES[3]);
}
