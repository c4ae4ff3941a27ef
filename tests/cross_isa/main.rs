//! One encoder, many machines: the same C compiled by gcc and clang at every level, for x86-64, aarch64 and riscv64 (emulated), must
//! give the same bits in every tap with every variant, thread count and batch.
//!
//! `cargo test --test cross_isa -- cut|full`; `make cross-isa` runs all of it, `make test` the cut.

#[path = "../common/encoder.rs"]
mod encoder;
#[path = "../common/matrix.rs"]
mod matrix;
mod others;
mod plan;
mod report;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use isobit::fuse::Taps;

use encoder::Encoder;
use plan::{Build, MACHINES, Machine, Run, Subject};
use report::{Block, Outcome, Report};

#[derive(Parser)]
#[command(name = "cross_isa", about = "Compares the bits of one encoder across machines, compilers and variants")]
struct Cli {
    #[arg(value_enum)]
    extent: Extent,
    /// Only this profile
    #[arg(long)]
    profile: Option<String>,
    /// Only this way to compute attention
    #[arg(long)]
    attention: Option<String>,
    /// Only this weight type
    #[arg(long)]
    weights: Option<String>,
    /// Only machines whose name contains this text (native, gcc, clang, aarch64, riscv64)
    #[arg(long)]
    machine: Option<String>,
    /// Pass although a compiler or an emulator is missing; its rows are listed as skipped
    #[arg(long)]
    allow_missing: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Extent {
    /// The other machines at one level, about two minutes
    Cut,
    /// Every machine, compiler, level, variant, thread count and batch
    Full,
}

const TEMPLATE: &str = "qwen3_vl_vision";

fn main() -> ExitCode {
    match check(&Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(reason) => {
            eprintln!("error: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn check(cli: &Cli) -> Result<bool, String> {
    let started = Instant::now();
    let work = Work { encoder: Encoder::open(TEMPLATE)?, folder: Path::new(env!("CARGO_MANIFEST_DIR")).join("target/cross_isa") };
    let mut report = Report::default();
    let machines: Vec<&'static Machine> =
        MACHINES.into_iter().filter(|m| cli.machine.as_deref().is_none_or(|part| m.name.contains(part))).collect();
    let mut usable = Vec::new();
    for machine in machines {
        match lacks(machine) {
            None => usable.push(machine),
            Some(reason) if cli.allow_missing => report.skip(machine.name, &reason),
            Some(reason) => report.fail(machine.name, &reason),
        }
    }

    let subjects = work.subjects(cli)?;
    let variants: Vec<String> = work.encoder.target.variants.iter().map(|v| v.name.clone()).collect();
    let builds: Vec<Build> = subjects
        .iter()
        .flat_map(|subject| if cli.extent == Extent::Cut { plan::cut(subject) } else { plan::full(subject, &variants) })
        .filter(|build| usable.contains(&build.machine))
        .collect();
    println!("{} encoders, {} programs", subjects.len(), builds.len());

    let references: Vec<Build> = subjects.iter().map(plan::reference).collect();
    let bar = bar((references.len() + builds.len()) as u64);
    let expected = Mutex::new(BTreeMap::new());
    work.each(&references, &bar, |build| match work.run(build) {
        Ok(outcome) => drop(expected.lock().unwrap().insert(build.subject.name(), outcome.into_reference())),
        Err(reason) => say(&bar, &format!("FAILED  {}: reference: {reason}", build.subject.name())),
    });
    let expected = expected.into_inner().unwrap();
    for subject in subjects.iter().filter(|s| !expected.contains_key(&s.name())) {
        report.fail(&subject.name(), "its reference could not be built or run");
    }

    let report = Mutex::new(report);
    work.each(&builds, &bar, |build| {
        let Some(reference) = expected.get(&build.subject.name()) else { return };
        let began = Instant::now();
        match work.run(build) {
            Ok(outcome) => {
                let mut report = report.lock().unwrap();
                let verdict = report.add(build, &outcome, reference);
                say(&bar, &format!("{verdict} {}: {}, {:.1} s", build.subject.name(), build.name(), began.elapsed().as_secs_f64()));
            }
            Err(reason) => {
                say(&bar, &format!("FAILED  {}: {}", build.subject.name(), build.name()));
                report.lock().unwrap().fail(&format!("{}: {}", build.subject.name(), build.name()), &reason);
            }
        }
    });
    bar.finish_and_clear();
    if cli.profile.is_none() && cli.attention.is_none() && cli.weights.is_none() {
        others(cli.extent, &usable, &work, &report);
    }
    Ok(report.into_inner().unwrap().finish(started.elapsed()))
}

/// The other encoders; in the cut on one machine, which has vectors of another kind.
fn others(extent: Extent, usable: &[&'static Machine], work: &Work, report: &Mutex<Report>) {
    let full = extent == Extent::Full;
    let machines: Vec<&'static Machine> =
        usable.iter().copied().filter(|m| if full { *m != &plan::GCC } else { *m == &plan::AARCH64 }).collect();
    let others = if machines.is_empty() { Vec::new() } else { others::all(TEMPLATE, full) };
    let bar = bar(others.len() as u64);
    work.each(&others, &bar, |other| match others::compare(other, &machines, &work.folder.join("others")) {
        Ok(different) => {
            let verdict = if different.is_empty() { "equal  " } else { "DIFFERS" };
            say(&bar, &format!("{verdict} {}", other.name()));
            report.lock().unwrap().other(&other.name(), machines.len(), &different);
        }
        Err(reason) => report.lock().unwrap().fail(&other.name(), &reason),
    });
    bar.finish_and_clear();
}

/// What a machine needs and this one does not have.
fn lacks(machine: &Machine) -> Option<String> {
    let answers = |program: &str| Command::new(program).arg("--version").output().is_ok_and(|o| o.status.success());
    let missing: Vec<&str> = [Some(machine.compiler), machine.emulator].into_iter().flatten().filter(|p| !answers(p)).collect();
    (!missing.is_empty()).then(|| format!("{} not installed; `tests/setup.sh cross` installs it, or says how", missing.join(" and ")))
}

struct Work {
    encoder: Encoder,
    folder: PathBuf,
}

impl Work {
    /// Every profile with each of its ways to compute attention, times every weight type; with every tap, too, where all types meet.
    /// The cut takes that file alone, and every weight type at the usual profile.
    fn subjects(&self, cli: &Cli) -> Result<Vec<Subject>, String> {
        let is = |asked: &Option<String>, this: &str| asked.as_deref().is_none_or(|asked| asked == this);
        let mut subjects = Vec::new();
        for profile in self.encoder.maps.files.json_stems("profiles") {
            let known = self.encoder.maps.profile(&profile).map_err(encoder::text)?;
            if !known.promises_bits(&self.encoder.maps, &self.encoder.target.lang) {
                continue;
            }
            let choices: Vec<&'static str> = match known.options.get("attention") {
                Some(option) => matrix::ATTENTION.into_iter().filter(|choice| option.choices.contains_key(*choice)).collect(),
                None => vec![""],
            };
            for attention in choices {
                for weights in matrix::WEIGHTS {
                    let usual = profile == self.encoder.target.default_profile && attention == "flash";
                    if cli.extent == Extent::Cut && weights != "mixed" && !usual {
                        continue;
                    }
                    if is(&cli.profile, &profile) && is(&cli.attention, attention) && is(&cli.weights, weights) {
                        let subject = Subject { profile: profile.clone(), attention, weights, taps: Taps::Kept };
                        if weights == "mixed" && cli.extent == Extent::Full {
                            subjects.push(Subject { taps: Taps::All, ..subject.clone() });
                        }
                        subjects.push(subject);
                    }
                }
            }
        }
        Ok(subjects)
    }

    /// Works off a list with one thread per core.
    fn each<T: Sync>(&self, builds: &[T], bar: &ProgressBar, work: impl Fn(&T) + Sync) {
        let next = Mutex::new(builds.iter());
        let worker = || {
            while let Some(build) = { next.lock().unwrap().next() } {
                work(build);
                bar.inc(1);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
                scope.spawn(worker);
            }
        });
    }

    /// Builds a program and makes all its calls.
    fn run(&self, build: &Build) -> Result<Outcome, String> {
        static MODEL: Mutex<()> = Mutex::new(());
        let sizes = self.encoder.of_preset("tiny", build.subject.weights)?;
        let model = {
            let _one_at_a_time = MODEL.lock().unwrap();
            self.encoder.model("tiny", build.subject.weights, &self.folder, |_, _| ())?
        };
        let program = self.program(build, &sizes)?;
        let mut outcome = Outcome::default();
        for run in &build.runs {
            call(build.machine, &program, &model, run, &mut outcome)?;
        }
        let _ = fs::remove_file(&program);
        Ok(outcome)
    }

    fn program(&self, build: &Build, sizes: &isobit::sizes::Sizes) -> Result<PathBuf, String> {
        let subject = &build.subject;
        let option = ("attention", subject.attention);
        let options = if subject.attention.is_empty() { &[][..] } else { &[option][..] };
        let sources = self.encoder.emit(sizes, &subject.profile, options, subject.taps)?;
        let folder = self.folder.join(format!("{} {}", subject.name(), build.name()).replace(' ', "-"));
        fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        for (path, text) in &sources {
            fs::write(folder.join(path), text).map_err(|e| format!("{path}: {e}"))?;
        }
        let name = self.encoder.name();
        let (program, tests) = (folder.join("driver"), Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"));
        let mut command = Command::new(build.machine.compiler);
        if !build.plain {
            command.args(self.encoder.target.compile.iter().filter(|flag| !flag.starts_with("-O")));
        }
        command.arg(build.level).arg(format!("-DENCODER={name}")).arg("-I").arg(&folder).arg("-I").arg(tests.join("runtime"));
        command.arg("-o").arg(&program).arg(tests.join("cross_isa/driver.c")).arg(folder.join(format!("{name}.c")));
        command.args(&self.encoder.target.link).args(build.machine.link);
        let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
        if !output.status.success() {
            return Err(format!("{command:?}\n{}", String::from_utf8_lossy(&output.stderr)));
        }
        Ok(program)
    }
}

/// The driver's way to say that this CPU or this build has no such variant.
const NO_VARIANT: i32 = 77;

fn call(machine: &Machine, program: &Path, model: &Path, run: &Run, outcome: &mut Outcome) -> Result<(), String> {
    let mut command = match machine.emulator {
        Some(emulator) => {
            let mut command = Command::new(emulator);
            command.arg(program);
            command
        }
        None => Command::new(program),
    };
    command.arg(model).arg(format!("variant={}", run.variant)).arg(format!("threads={}", run.threads));
    command.arg(format!("batch={}", run.batch)).arg(format!("images={}", run.images)).arg(format!("instances={}", run.instances));
    command.arg(format!("pixels={}", plan::PIXELS)).arg(format!("rgb={}", plan::RGB)).stdin(Stdio::null());
    let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
    if output.status.code() == Some(NO_VARIANT) {
        let reason = String::from_utf8_lossy(&output.stderr).trim().to_string();
        outcome.skipped.push((run.variant.clone(), reason));
        return Ok(());
    }
    if !output.status.success() {
        return Err(format!("{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)));
    }
    let blocks = Block::parse(&String::from_utf8_lossy(&output.stdout))?;
    let wanted = run.threads.split(',').count() * run.batch.split(',').count() * run.instances as usize;
    if blocks.len() != wanted {
        return Err(format!("{command:?}: {} blocks, {wanted} expected", blocks.len()));
    }
    outcome.blocks.extend(blocks.into_iter().map(|block| (run.clone(), block)));
    Ok(())
}

/// A line above the progress bar, or in the log where there is none.
fn say(bar: &ProgressBar, line: &str) {
    if bar.is_hidden() { println!("{line}") } else { bar.println(line) }
}

fn bar(length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} programs {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
