//! Parity with llama.cpp, bit for bit: builds the oracle and the libraries, compares every tap and the output, prints tables.
//! `encoders/<template>.json` says what is compared of each encoder.
//!
//! `cargo test --release --test parity -- cut|full`; the Makefile's targets `llamacpp-parity` and `llamacpp-parity-full` do that.

mod coverage;
#[path = "../common/encoder.rs"]
mod encoder;
#[path = "../common/matrix.rs"]
mod matrix;
#[path = "../common/oracle.rs"]
mod oracle;
mod plan;
mod report;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use isobit::fuse::Taps;
use isobit::gguf::GgufDirectory;
use isobit::sizes::Sizes;

use encoder::Encoder;
use oracle::{Oracle, PROFILES, cannot_run, folder};
use plan::{File, Group, Input, Origin};
use report::{Outcome, Report};

#[derive(Parser)]
#[command(name = "parity", about = "Compares emitted encoders with llama.cpp, bit for bit")]
struct Cli {
    #[arg(value_enum)]
    extent: Extent,
    /// Only encoders whose name contains this text
    #[arg(long)]
    encoder: Option<String>,
    /// Only this profile
    #[arg(long)]
    profile: Option<String>,
    /// Only this way to compute attention: flash or full
    #[arg(long)]
    attention: Option<String>,
    /// Only files whose name contains this text (tiny, converted ...; f16, q8_0 ...)
    #[arg(long)]
    file: Option<String>,
}

impl Cli {
    fn wants(&self, profile: &str, attention: &str) -> bool {
        let is = |asked: &Option<String>, this: &str| asked.as_deref().is_none_or(|asked| asked == this);
        is(&self.profile, profile) && is(&self.attention, attention)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Extent {
    /// Every weight type, profile and attention of each encoder on small files: minutes
    Cut,
    /// Every combination of them, all sizes, weights at the published sizes: about an hour
    Full,
    /// Compare nothing: write what the last runs of whole encoders found into README.md
    Coverage,
}

impl Extent {
    fn name(self) -> &'static str {
        match self {
            Extent::Cut => "cut",
            Extent::Full => "full",
            Extent::Coverage => "coverage",
        }
    }
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(reason) => {
            eprintln!("error: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<bool, String> {
    if cli.extent == Extent::Coverage {
        return coverage::write().map(|()| true);
    }
    let started = Instant::now();
    let asked: Vec<&'static str> = PROFILES.into_iter().filter(|p| cli.profile.as_deref().is_none_or(|given| given == *p)).collect();
    if asked.is_empty() {
        return Err(format!("no such profile; there are {}", PROFILES.join(" and ")));
    }
    let _lock = oracle::lock()?;
    let mut encoders = plan::encoders()?;
    encoders.retain(|e| cli.encoder.as_deref().is_none_or(|part| e.template.contains(part)));
    let full = cli.extent == Extent::Full;
    let mut groups: Vec<Group> = encoders.iter().flat_map(|e| if full { &e.full } else { &e.cut }).cloned().collect();
    groups.retain(|g| cli.wants(g.profile, g.attention) && cli.file.as_deref().is_none_or(|part| g.file.name().contains(part)));

    let mut report = Report::default();
    let mut oracles = BTreeMap::new();
    for profile in asked {
        if !groups.iter().any(|g| g.profile == profile) {
            continue;
        }
        if let Some(reason) = cannot_run(profile) {
            println!("{profile}: skipped, {reason}");
            report.skip_profile(profile, &reason, groups.iter().filter(|g| g.profile == profile));
            groups.retain(|g| g.profile != profile);
            continue;
        }
        println!("{profile}: oracle (about four minutes the first time)");
        let building = Instant::now();
        oracles.insert(profile, Oracle::build(profile)?);
        report.spent("oracles", building.elapsed());
    }
    let preparing = Instant::now();
    let subjects = prepare(&groups)?;
    report.spent("model files", preparing.elapsed());
    let compiling = Instant::now();
    let kinds = libraries(&groups, &subjects);
    report.spent("libraries", compiling.elapsed());
    println!("prepared in {:.0} s\n", started.elapsed().as_secs_f64());

    let comparing = Instant::now();
    let (small, large): (Vec<&Group>, Vec<&Group>) = groups.iter().partition(|group| group.memory <= 1);
    let progress = bar(groups.len() as u64, "comparing");
    let report = Mutex::new(report);
    let failed = Mutex::new(None);
    let work = |group: &&Group| {
        if let Some(reason) = memory_short(group.memory) {
            say(&progress, &format!("skipped {}: {reason}", report::group_name(group)));
            report.lock().unwrap().skip(group, &reason);
        } else {
            let outcome = match &kinds[&kind(group)] {
                Ok(library) => compare(cli.extent, &oracles[group.profile], group, &subjects[&group.file], library),
                Err(reason) => Ok(Outcome::impossible(group, reason)),
            };
            match outcome {
                Ok(outcome) => {
                    say(&progress, &outcome.line());
                    report.lock().unwrap().add(outcome);
                }
                Err(reason) => drop(failed.lock().unwrap().replace(reason)),
            }
        }
        progress.inc(1);
    };
    // What fits beside another runs beside it.
    each(&small, work);
    large.iter().for_each(work);
    progress.finish_and_clear();
    if let Some(reason) = failed.into_inner().unwrap() {
        return Err(reason);
    }
    let mut report = report.into_inner().unwrap();
    report.spent("comparing", comparing.elapsed());
    // Whatever was asked for by name may be a part; a run of everything must have seen every cell.
    let all = cli.file.is_none() && cli.profile.is_none() && cli.attention.is_none();
    let wanted = encoders.iter().flat_map(|e| e.wanted(full)).filter(|_| all).collect();
    let whole: Vec<&String> = encoders.iter().map(|e| &e.template).filter(|_| all).collect();
    report.finish(cli.extent.name(), &whole, wanted, started.elapsed())
}

/// Works off a list with one thread per core.
fn each<T: Sync>(items: &[T], work: impl Fn(&T) + Sync) {
    let next = Mutex::new(items.iter());
    let worker = || {
        while let Some(item) = { next.lock().unwrap().next() } {
            work(item);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(worker);
        }
    });
}

/// A model file and what to compile for it.
struct Subject {
    encoder: Encoder,
    sizes: Sizes,
    model: PathBuf,
}

/// Opens the templates and writes the model files that are not there yet.
fn prepare(groups: &[Group]) -> Result<BTreeMap<File, Subject>, String> {
    let mut subjects = BTreeMap::new();
    for group in groups {
        if let Entry::Vacant(free) = subjects.entry(group.file.clone()) {
            free.insert(subject(&group.file)?);
        }
    }
    Ok(subjects)
}

fn subject(file: &File) -> Result<Subject, String> {
    let encoder = Encoder::open(&file.template)?;
    match &file.origin {
        Origin::Preset(preset) => {
            let bar = bar(0, format!("weights of {}", file.name()));
            let model = encoder.model(preset, file.weights, &folder(), |done, all| {
                bar.set_length(all >> 20);
                bar.set_position(done >> 20);
            })?;
            bar.finish_and_clear();
            let sizes = encoder.of_preset(preset, file.weights)?;
            Ok(Subject { encoder, sizes, model })
        }
        Origin::Converted(folder) => {
            let model = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(format!("mmproj-{}.gguf", file.weights));
            let directory = GgufDirectory::read(&model).map_err(encoder::text)?;
            let sizes = Sizes::of_file(&encoder.template, directory).map_err(encoder::text)?;
            Ok(Subject { encoder, sizes, model })
        }
    }
}

type Kind = (File, &'static str, &'static str, bool);

/// What groups with the same library have in common.
fn kind(group: &Group) -> Kind {
    (group.file.clone(), group.profile, group.attention, group.taps == Taps::All)
}

/// Compiles every library that the groups need, one compiler per core; what does not compile fails its own rows.
fn libraries(groups: &[Group], subjects: &BTreeMap<File, Subject>) -> BTreeMap<Kind, Result<PathBuf, String>> {
    let mut todo: Vec<&Group> = Vec::new();
    for group in groups {
        if !todo.iter().any(|g| kind(g) == kind(group)) {
            todo.push(group);
        }
    }
    let bar = bar(todo.len() as u64, "emitting and compiling");
    let done = Mutex::new(Vec::new());
    each(&todo, |group| {
        let subject = &subjects[&group.file];
        let library = oracle::library(&subject.encoder, &subject.sizes, group.profile, group.attention, group.taps);
        done.lock().unwrap().push((kind(group), library));
        bar.inc(1);
    });
    bar.finish_and_clear();
    done.into_inner().unwrap().into_iter().collect()
}

fn compare(extent: Extent, oracle: &Oracle, group: &Group, subject: &Subject, library: &Path) -> Result<Outcome, String> {
    let name = report::group_name(group).replace([' ', ',', '/'], "-").replace("--", "-");
    let json = folder().join(extent.name()).join(format!("{name}.json"));
    std::fs::create_dir_all(folder().join(extent.name())).map_err(|e| e.to_string())?;
    let dump = folder().join("differences").join(&name);
    let _ = std::fs::remove_dir_all(&dump);
    let mut arguments: Vec<String> = vec!["parity".into(), "--keep-going".into()];
    let mut add = |key: &str, value: String| arguments.extend([key.to_string(), value]);
    add("--library", library.display().to_string());
    add("--prefix", subject.encoder.name().to_string());
    add("--model", subject.model.display().to_string());
    add("--attention", group.attention.to_string());
    add("--variant", group.variant.to_string());
    add("--threads", group.threads.to_string());
    add("--reference-threads", group.reference_threads.to_string());
    add("--batch", group.batch.to_string());
    add("--dump-on-difference", dump.display().to_string());
    let words = if group.input == Input::Image { ["--sizes", "--source-sizes"] } else { ["--frames", "--samples"] };
    for (key, sizes) in words.into_iter().zip([&group.sizes, &group.sources]) {
        if !sizes.is_empty() {
            add(key, sizes.to_string());
        }
    }
    if !group.views.is_empty() {
        arguments.extend(["--view-sizes".to_string(), group.views.clone()]);
    }
    if group.preprocess_only {
        arguments.push("--preprocess-only".into());
    }
    let started = Instant::now();
    let (output, value) = oracle.run(&arguments, &json)?;
    Ok(Outcome::new(group, &output, value, dump, started.elapsed()))
}

/// A line above the progress bar, or in the log where there is none.
fn say(bar: &ProgressBar, line: &str) {
    if std::io::stderr().is_terminal() { bar.println(line) } else { println!("{line}") }
}

/// A reason not to start what would not fit into memory.
fn memory_short(gib: u64) -> Option<String> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix("MemAvailable:"))?;
    let free = line.split_whitespace().next()?.parse::<u64>().ok()? >> 20;
    (free < gib).then(|| format!("needs about {gib} GiB of memory, {free} GiB are free"))
}

fn bar(length: u64, message: impl Into<String>) -> ProgressBar {
    let bar = ProgressBar::new(length).with_message(message.into());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} {msg} {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
