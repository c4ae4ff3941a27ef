//! Speed beside llama.cpp: both encode in turn in one process; goals, the machine's own peak and the memory of both are in one table.
//!
//! `make bench` or `cargo bench --bench bench -- --only f16 --pairs 5`.

mod cases;
#[path = "../common/encoder.rs"]
mod encoder;
mod groups;
mod measure;
mod ops;
#[path = "../common/oracle.rs"]
mod oracle;
mod programs;
mod readme;
mod record;
mod table;
mod verdict;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use clap::Parser;
use isobit::host::peak::Peak;
use serde_json::{Value, json};

use cases::{Case, Cases};
use encoder::Encoder;
use measure::Bench;
use oracle::{Oracle, PROFILES, cannot_run, folder};
use record::Record;

#[derive(Parser)]
#[command(name = "bench", about = "Measures emitted encoders beside llama.cpp and against their goals")]
struct Cli {
    /// What to measure, and the goals
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/cases.json"))]
    cases: PathBuf,
    /// Only these cases
    #[arg(long, value_delimiter = ',', value_name = "NAME,...")]
    only: Vec<String>,
    /// Sizes of the encoder in place of those of the cases' file
    #[arg(long)]
    preset: Option<String>,
    /// Threads of both sides in cases with more than one
    #[arg(long, value_parser = clap::value_parser!(u32).range(2..=512))]
    threads: Option<u32>,
    /// Measured pairs of encodes
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pairs: u32,
    /// File of all results, written after every measurement [default: FILE of --resume, else target/parity/bench/results.json]
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Take what is finished in this file of results, if it is of the same machine, settings and emitted code
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// Draw time per op and a roofline into this folder
    #[arg(long, value_name = "DIR")]
    svg: Option<PathBuf>,
    /// Write the table of all results into this Markdown file, between its two marks
    #[arg(long, value_name = "FILE")]
    readme: Option<PathBuf>,
    /// What `cargo bench` adds
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("error: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// A case in one profile, and the build of llama.cpp beside it.
struct Unit<'a> {
    case: &'a Case,
    profile: &'a str,
    build: &'a str,
}

fn run(cli: &Cli) -> Result<(), String> {
    let file = cli.cases.display().to_string();
    let text = fs::read_to_string(&cli.cases).map_err(|e| format!("{file}: {e}"))?;
    let all = Cases::parse(&file, &text)?;
    let mut cases = all.only(&cli.only)?;
    if let Some(threads) = cli.threads {
        cases.iter_mut().filter(|c| c.threads > 1).for_each(|c| c.threads = threads);
    }
    let drawn = cases.iter().find(|c| c.picture).cloned();
    if cli.svg.is_some() && drawn.is_none() {
        return Err("--svg: none of the chosen cases is drawn (\"picture\" in the cases' file)".to_string());
    }
    let preset = cli.preset.clone().unwrap_or_else(|| all.preset.clone());
    let _lock = oracle::lock()?;
    let work = folder().join("bench");
    fs::create_dir_all(&work).map_err(|e| format!("{}: {e}", work.display()))?;
    let results = cli.json.clone().or_else(|| cli.resume.clone()).unwrap_or_else(|| work.join("results.json"));
    let settings = json!({ "machine": machine(), "encoder": all.encoder, "preset": preset, "pairs": cli.pairs });
    let mut record = Record::new(settings, Some(results.clone()));
    if let Some(from) = &cli.resume {
        record.resume(from)?;
    }

    let units = units(&cases);
    if units.is_empty() {
        return Err("nothing can be measured on this machine".to_string());
    }
    let mut oracles: BTreeMap<&str, Oracle> = BTreeMap::new();
    for u in &units {
        if !oracles.contains_key(u.build) {
            oracles.insert(u.build, Oracle::build(u.build)?);
        }
    }
    let rss = programs::rss_tool(&work)?;
    let bench = Bench { encoder: Encoder::open(&all.encoder)?, preset, pairs: cli.pairs, work, rss };
    let threads = cases.iter().map(|c| c.threads).max().unwrap_or(1);

    let mut failed = measure_all(&bench, &units, &oracles, &mut record, threads)?;
    if let (Some(dir), Some(case)) = (&cli.svg, &drawn) {
        let drawing = ops_of(&bench, case, &units, &oracles, &mut record).and_then(|()| draw(&results, dir));
        failed.extend(drawing.err().map(|e| format!("pictures: {e}")));
    }

    if let Some(path) = &cli.readme {
        failed.extend(readme::write(path, &record, &all.only(&[])?, cli.pairs).err());
    }
    println!("\n{}", table::table(&record, &cases));
    for line in table::facts(&record, &cases, cli.pairs) {
        println!("{line}");
    }
    if bench.preset != all.preset || cli.threads.is_some() {
        println!("the goals are meant for preset {} and the threads of {file}", all.preset);
    }
    match table::missed(&record, &cases) {
        missed if missed.is_empty() => println!("all goals are met"),
        missed => println!("goals not met:\n  {}", missed.join("\n  ")),
    }
    println!("results: {}", results.display());
    match table::differing(&record, &cases) {
        0 => {}
        n => failed.push(format!("{n} outputs differ from llama.cpp's")),
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n       ")) }
}

/// What this machine can measure; what it cannot is said.
fn units(cases: &[Case]) -> Vec<Unit<'_>> {
    let mut units = Vec::new();
    for case in cases {
        for profile in &case.profiles {
            let builds = if PROFILES.contains(&profile.as_str()) { std::slice::from_ref(profile) } else { &case.builds[..] };
            match builds.iter().find(|b| cannot_run(b).is_none()) {
                Some(build) => units.push(Unit { case, profile, build }),
                None => {
                    let why: Vec<String> = builds.iter().filter_map(|b| cannot_run(b)).collect();
                    let why = if why.is_empty() { "\"builds\" names none of llama.cpp's".to_string() } else { why.join("; ") };
                    println!("{} {profile}: skipped, {why}", case.name);
                }
            }
        }
    }
    units
}

/// Measures whatever is not finished yet, and returns what failed.
fn measure_all(
    bench: &Bench,
    units: &[Unit<'_>],
    oracles: &BTreeMap<&str, Oracle>,
    record: &mut Record,
    threads: u32,
) -> Result<Vec<String>, String> {
    let mut failed = Vec::new();
    let (mut seconds, mut done) = (0.0, 0.0);
    for (i, u) in units.iter().enumerate() {
        let (case, profile) = (u.case, u.profile);
        let rest: f64 = units[i..].iter().map(|u| u.case.weight()).sum();
        let left = if done > 0.0 { format!(", about {} left", minutes(rest * seconds / done)) } else { String::new() };
        let head = format!("[{}/{}] {} {profile}", i + 1, units.len(), case.name);
        let emitted = match bench.emit(case, profile) {
            Ok(emitted) => emitted,
            Err(e) => {
                println!("{head}: FAILED: {e}");
                failed.push(format!("{} {profile}: {e}", case.name));
                continue;
            }
        };
        if let Some(run) = record.finished(case, profile, &emitted.hash) {
            println!("{head}: taken from the file, {}", line(run));
            continue;
        }
        let how = format!("{} {}, {}, {}, {} thread(s)", bench.preset, case.weights, case.size(), case.attention, case.threads);
        println!("{head}: {how}, {} pair(s) with {}{left}", bench.pairs, u.build);
        if record.peaks.is_empty() {
            record.peaks.push(measure_peak(threads)?);
        }
        let start = Instant::now();
        match bench.run(case, profile, &emitted, u.build, &oracles[u.build]) {
            Ok(run) => {
                println!("  {}", line(&run));
                record.peaks.push(measure_peak(threads)?);
                record.add(run)?;
            }
            Err(e) => {
                println!("  FAILED: {e}");
                failed.push(format!("{} {profile}: {e}", case.name));
            }
        }
        (seconds, done) = (seconds + start.elapsed().as_secs_f64(), done + case.weight());
    }
    Ok(failed)
}

/// Time per op of the drawn case, in the profile that was fastest, unless the file has it already.
fn ops_of(bench: &Bench, case: &Case, units: &[Unit<'_>], oracles: &BTreeMap<&str, Oracle>, record: &mut Record) -> Result<(), String> {
    let runs = record.runs.iter().filter(|r| r["case"] == case.name.as_str());
    let best = runs.min_by(|a, b| verdict::ours(a).total_cmp(&verdict::ours(b))).ok_or("the drawn case was not measured")?;
    let (profile, library) = (best["profile"].clone(), best["library"].clone());
    let of = [("profile", profile.clone()), ("library", library.clone()), ("pixels", json!(case.size())), ("threads", json!(case.threads))];
    if record.ops.as_ref().is_some_and(|o| of.iter().all(|(key, v)| o[*key] == *v)) {
        return Ok(());
    }
    let (_, build) = verdict::fastest(&record.runs, best);
    let find = |name: &Value| units.iter().find(|u| u.case.name == case.name && *name == u.profile);
    let unit = find(&profile).ok_or("the drawn case has another profile now")?;
    let oracle = oracles.get(build).ok_or_else(|| format!("llama.cpp's build {build} is not built"))?;
    println!("time per op of {}, profile {}, beside llama.cpp's {build}", case.name, unit.profile);
    let mut ops = ops::measure(bench, case, unit.profile, oracle)?;
    (ops["profile"], ops["library"], ops["build"]) = (profile, library, json!(build));
    (ops["peak_gflops"], ops["copy_gbytes"]) = (json!(record.peak(u64::from(case.threads))), json!(record.best("copy_gbytes")));
    record.ops = Some(ops);
    record.save()
}

/// The pictures are drawn by a crate of their own, which needs the results and nothing else.
fn draw(results: &Path, dir: &Path) -> Result<(), String> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/pictures/Cargo.toml");
    let target = folder().join("../pictures");
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_string());
    let mut command = Command::new(&cargo);
    command.args(["run", "--quiet", "--locked", "--release", "--manifest-path"]).arg(manifest).arg("--target-dir").arg(target);
    let status = command.arg("--").arg(results).arg(dir).status().map_err(|e| format!("{cargo}: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("drawing failed ({status})")) }
}

fn line(run: &Value) -> String {
    let float = |pointer: &str| run.pointer(pointer).and_then(Value::as_f64).unwrap_or(f64::NAN);
    let (ours, theirs) = (float("/ours/median"), float("/llama_cpp/median"));
    let others = run["others_percent"].as_f64().map_or(String::new(), |o| format!(", other processes {o:.1} %"));
    format!("ours {ours:.3} s, llama.cpp {theirs:.3} s, {:.2} times faster{others}", theirs / ours)
}

fn minutes(seconds: f64) -> String {
    if seconds < 90.0 { format!("{seconds:.0} s") } else { format!("{:.0} min", seconds / 60.0) }
}

fn measure_peak(threads: u32) -> Result<Value, String> {
    Peak::measure(threads).map(|p| p.json()).map_err(encoder::text)
}

/// The processor's name, where the system tells it.
fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|l| Some(l.strip_prefix("model name")?.split_once(':')?.1.trim().to_string()));
    name.unwrap_or_else(|| std::env::consts::ARCH.to_string())
}
