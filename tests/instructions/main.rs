//! How many instructions emitted C executes, function by function, against counts in git: unlike a time, they are the same on every run,
//! so that a kernel that got slower is found on a busy machine, too.
//!
//! `make instructions` runs the tests that need valgrind and gcc; `BLESS=1 make instructions` writes the counts of this compiler into
//! `baseline.json`. Instructions are not time: whether a change of theirs is one of speed, `make bench` says.

mod baseline;
mod callgrind;
#[path = "../common/encoder.rs"]
mod encoder;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use isobit::fuse::Taps;
use serde_json::Value;

use callgrind::Counts;
use encoder::Encoder;

const TEMPLATE: &str = "qwen3_vl_vision";
const PROFILE: &str = "ggml-avx2";
const COMPILER: &str = "gcc";
/// The driver's way to say that this CPU or this build has no such variant.
const NO_VARIANT: i32 = 77;

/// One encode that is counted. Valgrind knows no AVX-512, so the variant is given.
#[derive(Clone, Copy)]
struct Case {
    preset: &'static str,
    weights: &'static str,
    variant: &'static str,
    /// Of the image that is given: the library resizes it to at least 64 patches, where attention works in tiles.
    size: (u32, u32),
}

const CASES: [Case; 4] = [
    Case { preset: "mid", weights: "f16", variant: "avx2", size: (190, 100) },
    Case { preset: "mid", weights: "f32", variant: "avx2", size: (190, 100) },
    Case { preset: "mid", weights: "q8_0", variant: "avx2", size: (190, 100) },
    PORTABLE,
];

const PORTABLE: Case = Case { preset: "tiny", weights: "f16", variant: "portable", size: (130, 120) };

impl Case {
    fn name(&self) -> String {
        format!("{} {} {} {}x{}", self.preset, self.weights, self.variant, self.size.0, self.size.1)
    }
}

/// Says something that the test harness does not keep to itself.
fn aloud(text: &str) {
    let _ = writeln!(std::io::stderr(), "instructions: {text}");
}

/// What counting needs and this machine lacks.
fn lacks() -> Option<String> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return Some("the counted variants are of x86-64, and valgrind is of Linux".to_string());
    }
    let answers = |program: &str| Command::new(program).arg("--version").output().is_ok_and(|o| o.status.success());
    let missing: Vec<&str> = [COMPILER, "valgrind"].into_iter().filter(|p| !answers(p)).collect();
    (!missing.is_empty()).then(|| format!("{} not installed; `make setup` installs it, or says how", missing.join(" and ")))
}

/// What decides the code of one source: who built the compiler (its defaults differ), version and machine.
fn compiler() -> Result<String, String> {
    let ask = |flags: &[&str]| {
        let output = Command::new(COMPILER).args(flags).output().map_err(|e| format!("{COMPILER}: {e}"))?;
        Ok::<_, String>(String::from_utf8_lossy(&output.stdout).trim().to_string())
    };
    let about = ask(&["--version"])?;
    let builder = about.split_once('(').and_then(|(_, rest)| rest.split([' ', ')']).next()).unwrap_or("unknown").to_string();
    let (version, machine) = (ask(&["-dumpfullversion"])?, ask(&["-dumpmachine"])?);
    if version.is_empty() || machine.is_empty() {
        return Err(format!("{COMPILER} does not say its version and machine"));
    }
    Ok(format!("{COMPILER} {version}, {machine}, {builder}"))
}

/// A compiled case, with its model file.
struct Program {
    case: Case,
    folder: PathBuf,
    path: PathBuf,
    model: PathBuf,
    /// The function whose instructions count, with everything it calls.
    entry: String,
}

/// `level`: an optimisation level in place of the target's own.
fn build(case: Case, level: Option<&str>) -> Result<Program, String> {
    static MODEL: Mutex<()> = Mutex::new(());
    let encoder = Encoder::open(TEMPLATE)?;
    let name = encoder.name();
    let work = Path::new(env!("CARGO_TARGET_TMPDIR")).join("instructions");
    let folder = work.join(format!("{}{}", case.name().replace(' ', "-"), level.unwrap_or_default()));
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let model = {
        let _one_at_a_time = MODEL.lock().map_err(|e| e.to_string())?;
        encoder.model(case.preset, case.weights, &work, |_, _| ())?
    };
    for (path, text) in &encoder.emit(&encoder.of_preset(case.preset, case.weights)?, PROFILE, &[], Taps::Kept)? {
        fs::write(folder.join(path), text).map_err(|e| format!("{path}: {e}"))?;
    }
    let (path, tests) = (folder.join("driver"), Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"));
    let mut command = Command::new(COMPILER);
    command.args(&encoder.target.compile).args(level).arg(format!("-DENCODER={name}"));
    command.arg("-I").arg(&folder).arg("-I").arg(tests.join("runtime")).arg("-o").arg(&path);
    command.arg(tests.join("instructions/driver.c")).arg(folder.join(format!("{name}.c"))).args(&encoder.target.link);
    let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
    if !output.status.success() {
        return Err(format!("{command:?}\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    let path = path.canonicalize().map_err(|e| format!("{}: {e}", path.display()))?;
    let entry = format!("{name}_encode_rgb");
    Ok(Program { case, folder, path, model, entry })
}

impl Program {
    /// Runs it in a folder; the inner error is why this machine cannot.
    fn count(&self, folder: &Path, environment: &[(&str, &str)]) -> Result<Result<Counts, String>, String> {
        let out = self.folder.join("callgrind.out");
        let mut command = Command::new("valgrind");
        command.args(["--quiet", "--tool=callgrind", "--compress-strings=no", "--compress-pos=no"]);
        command.arg(format!("--callgrind-out-file={}", out.display())).arg(format!("--toggle-collect={}", self.entry));
        command.arg(&self.path).arg(&self.model).arg(self.case.variant);
        command.args([self.case.size.0.to_string(), self.case.size.1.to_string()]);
        command.current_dir(folder).envs(environment.iter().copied());
        let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
        let said = String::from_utf8_lossy(&output.stderr).trim().to_string();
        if output.status.code() == Some(NO_VARIANT) {
            return Ok(Err(said));
        }
        if !output.status.success() {
            return Err(format!("{command:?}: {}\n{said}", output.status));
        }
        let text = fs::read_to_string(&out).map_err(|e| format!("{}: {e}", out.display()))?;
        Counts::parse(&text, &self.path.display().to_string()).map(Ok)
    }
}

/// All cases, two at a time; the inner errors are why this machine cannot run one.
fn count_all() -> Result<BTreeMap<String, Result<Counts, String>>, String> {
    let next = Mutex::new(CASES.iter());
    let done = Mutex::new(BTreeMap::new());
    let work = || {
        loop {
            let Some(case) = next.lock().unwrap().next() else { return };
            let counted = build(*case, None).and_then(|program| program.count(&program.folder, &[]));
            done.lock().unwrap().insert(case.name(), counted);
        }
    };
    std::thread::scope(|s| {
        s.spawn(work);
        work();
    });
    done.into_inner()
        .unwrap()
        .into_iter()
        .map(|(name, counted)| counted.map(|c| (name.clone(), c)).map_err(|e| format!("{name}: {e}")))
        .collect()
}

#[test]
#[ignore = "needs gcc and valgrind, a minute: make instructions"]
fn emitted_code_executes_the_instructions_of_the_baseline() {
    if let Some(reason) = lacks() {
        return aloud(&format!("SKIPPED: {reason}"));
    }
    let compiler = compiler().unwrap_or_else(|e| panic!("{e}"));
    let mut counted = BTreeMap::new();
    let mut skipped = Vec::new();
    for (name, outcome) in count_all().unwrap_or_else(|e| panic!("{e}")) {
        match outcome {
            Ok(counts) => drop(counted.insert(name, counts)),
            Err(reason) => skipped.push(format!("{name}: {reason}")),
        }
    }
    skipped.iter().for_each(|line| aloud(&format!("SKIPPED: {line}")));

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/instructions/baseline.json");
    let text = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    if std::env::var_os("BLESS").is_some_and(|v| v == "1") {
        assert!(skipped.is_empty(), "a baseline needs every case, and this machine cannot run all");
        fs::write(&file, baseline::bless(&text, &compiler, &counted).unwrap()).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        return aloud(&format!("baseline.json now holds the counts of {compiler}\n{}", baseline::listing(&counted)));
    }
    let known: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let Some(known) = known.get(&compiler) else {
        let others: Vec<&String> = known.as_object().into_iter().flat_map(|k| k.keys()).collect();
        aloud(&format!("counted, compared with nothing:\n{}", baseline::listing(&counted)));
        return aloud(&format!("SKIPPED: no baseline for {compiler}, only for {others:?}; BLESS=1 make instructions writes one"));
    };
    let names: Vec<String> = CASES.iter().map(Case::name).collect();
    let gone: Vec<&String> = known.as_object().into_iter().flat_map(|k| k.keys()).filter(|name| !names.contains(name)).collect();
    assert!(gone.is_empty(), "baseline.json has cases that are not counted: {gone:?}; BLESS=1 make instructions writes it again");
    let mut found = Vec::new();
    for (name, counts) in &counted {
        let blessed =
            known.get(name).unwrap_or_else(|| panic!("baseline.json has no case {name}; BLESS=1 make instructions writes it again"));
        found.extend(baseline::compare(name, blessed, counts).unwrap_or_else(|e| panic!("{e}")));
        aloud(&format!("{name}: {} instructions, {} functions", counts.total(), counts.functions.len()));
    }
    baseline::worst_first(&mut found);
    assert!(
        found.is_empty(),
        "{} counts are not those of baseline.json for {compiler} (tolerance {} %):\n{}\n\
         More instructions: something got slower; find out why. Fewer, or as many as must be: BLESS=1 make instructions",
        found.len(),
        100.0 * baseline::TOLERANCE,
        baseline::table(&found)
    );
}

#[test]
#[ignore = "needs gcc and valgrind, half a minute: make instructions"]
fn slower_code_is_noticed_and_other_surroundings_are_not() {
    if let Some(reason) = lacks() {
        return aloud(&format!("SKIPPED: {reason}"));
    }
    let count = |program: &Program, folder: &Path, environment: &[(&str, &str)]| {
        program.count(folder, environment).and_then(|c| c).unwrap_or_else(|e| panic!("{e}"))
    };
    let usual = build(PORTABLE, Some("-O2")).unwrap_or_else(|e| panic!("{e}"));
    let usual_counts = count(&usual, &usual.folder, &[]);
    let elsewhere = count(&usual, Path::new("/"), &[("ISOBIT_UNUSED", &"x".repeat(5000))]);
    assert_eq!(usual_counts, elsewhere, "counts depend on the folder or the environment");

    let slower = build(PORTABLE, Some("-O1")).unwrap_or_else(|e| panic!("{e}"));
    let slower = count(&slower, &slower.folder, &[]);
    let blessed = baseline::record(&usual_counts);
    let found = baseline::compare("-O1", &blessed, &slower).unwrap_or_else(|e| panic!("{e}"));
    let (hottest, _) = usual_counts.functions.iter().max_by_key(|(_, n)| **n).unwrap();
    for what in ["total", hottest.as_str()] {
        let d = found.iter().find(|d| d.what == what).unwrap_or_else(|| panic!("{what} is not among:\n{}", baseline::table(&found)));
        assert_ne!(Some(d.now), d.blessed, "{}", baseline::table(&found));
    }
}
