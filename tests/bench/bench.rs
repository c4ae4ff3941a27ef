//! Speed beside llama.cpp: both encode in turn in one process; the machine's own peak and the memory of both are measured, too.
//!
//! `make bench` or `cargo bench --bench bench -- --pairs 5`.

#[path = "../common/encoder.rs"]
mod encoder;
#[path = "../common/oracle.rs"]
mod oracle;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::Parser;
use comfy_table::{CellAlignment, Table, presets};
use isobit::fuse::Taps;
use isobit::host::peak::Peak;
use serde_json::{Value, json};

use encoder::Encoder;
use oracle::{Oracle, PROFILES, cannot_run, folder};

#[derive(Parser)]
#[command(name = "bench", about = "Measures emitted encoders beside llama.cpp")]
struct Cli {
    #[arg(long, default_value = "qwen3_vl_vision")]
    template: String,
    #[arg(long, default_value = "8b")]
    preset: String,
    #[arg(long, value_delimiter = ',', default_value = "f16,f32")]
    weights: Vec<String>,
    /// Pixels to encode
    #[arg(long, value_delimiter = ',', default_value = "768x768,256x320", value_name = "WxH,...")]
    sizes: Vec<String>,
    /// Only this profile
    #[arg(long)]
    profile: Option<String>,
    /// Threads of both sides
    #[arg(long, default_value_t = 2)]
    threads: u32,
    /// Measured pairs of encodes
    #[arg(long, default_value_t = 5)]
    pairs: u32,
    /// File to write all results to
    #[arg(long)]
    json: Option<PathBuf>,
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

/// One measured combination.
struct Measured {
    weights: String,
    profile: String,
    size: String,
    /// The oracle's report.
    value: Value,
    ours_rss: Option<u64>,
    llama_rss: Option<u64>,
}

fn run(cli: &Cli) -> Result<(), String> {
    let profiles: Vec<&str> = PROFILES.into_iter().filter(|p| cli.profile.as_deref().is_none_or(|given| given == *p)).collect();
    let _lock = oracle::lock()?;
    let encoder = Encoder::open(&cli.template)?;
    let work = folder().join("bench");
    fs::create_dir_all(&work).map_err(|e| format!("{}: {e}", work.display()))?;
    let rss = tool("rss", &work)?;

    let mut peaks = vec![measure_peak(cli.threads)?];
    let mut all = Vec::new();
    let mut unequal = 0;
    for profile in profiles {
        if let Some(reason) = cannot_run(profile) {
            println!("{profile}: skipped, {reason}");
            continue;
        }
        let oracle = Oracle::build(profile)?;
        for weights in &cli.weights {
            let model = encoder.model(&cli.preset, weights, &folder(), |_, _| ())?;
            let sizes = encoder.of_preset(&cli.preset, weights)?;
            let library = oracle::library(&encoder, &sizes, profile, "flash", Taps::Kept)?;
            let example = encoder.emit(&sizes, profile, &[], Taps::Kept)?.remove("example.c").ok_or("no example is emitted")?;
            let example = link_example(&example, &library, &work)?;
            for size in &cli.sizes {
                println!("{} {weights}, {profile}, {size}: {} pairs, {} threads", cli.preset, cli.pairs, cli.threads);
                let value = pairs(cli, &encoder, &oracle, &model, &library, size)?;
                if value["outputs_equal"] != true {
                    unequal += 1;
                }
                let threads = cli.threads.to_string();
                let picture = picture(size, &work)?;
                let ours_rss = peak_rss(&rss, &[path(&example)?, path(&model)?, path(&picture)?, &threads])?;
                let nodes = ["nodes", "--model", path(&model)?, "--synthetic", size, "--threads", &threads];
                let llama_rss = peak_rss(&rss, &[&[path(&oracle.binary)?], &nodes[..]].concat())?;
                let (weights, profile) = (weights.clone(), profile.to_string());
                let measured = Measured { weights, profile, size: size.clone(), value, ours_rss, llama_rss };
                println!("  {}", measured.line());
                all.push(measured);
            }
        }
        peaks.push(measure_peak(cli.threads)?);
    }
    if all.is_empty() {
        return Err("nothing was measured".to_string());
    }
    report(cli, &all, &peaks)?;
    if unequal > 0 {
        return Err(format!("{unequal} outputs differ from llama.cpp's"));
    }
    Ok(())
}

/// The two sides in turn.
fn pairs(cli: &Cli, encoder: &Encoder, oracle: &Oracle, model: &Path, library: &Path, size: &str) -> Result<Value, String> {
    let arguments: Vec<String> = [
        ["bench", "--library", path(library)?].as_slice(),
        &["--prefix", encoder.name(), "--model", path(model)?, "--size", size],
        &["--threads", &cli.threads.to_string(), "--pairs", &cli.pairs.to_string()],
    ]
    .concat()
    .into_iter()
    .map(str::to_string)
    .collect();
    let (output, value) = oracle.run(&arguments, &folder().join("bench/pairs.json"))?;
    match value {
        Some(value) if output.status.success() => Ok(value),
        _ => Err(format!("the oracle failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim())),
    }
}

impl Measured {
    fn float(&self, pointer: &str) -> f64 {
        self.value.pointer(pointer).and_then(Value::as_f64).unwrap_or(f64::NAN)
    }

    fn gflops(&self, side: &str) -> f64 {
        self.float("/flops") / self.float(&format!("/{side}/median")) / 1e9
    }

    fn line(&self) -> String {
        let (ours, theirs) = (self.float("/library_seconds/median"), self.float("/llama_cpp_seconds/median"));
        format!("ours {ours:.3} s, llama.cpp {theirs:.3} s, ratio {:.3}, other processes {:.1} %", ours / theirs, self.others())
    }

    /// Median share of the machine that other processes took meanwhile, in per cent.
    fn others(&self) -> f64 {
        let mut all: Vec<f64> = self.value["others_cpu_percent"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

fn report(cli: &Cli, all: &[Measured], peaks: &[Value]) -> Result<(), String> {
    let best = |key: &str| peaks.iter().filter_map(|p| p[key].as_f64()).fold(0.0, f64::max);
    let peak = best("gflops");
    println!("\nreference: {}", all[0].value["reference"].as_object().map_or_else(String::new, facts));
    println!(
        "peak of this machine, the best of {} measurements: {:.1} GFLOP/s with one thread, {peak:.1} with {} (FMA from registers, {}), copying {:.1} GB/s\n",
        peaks.len(),
        best("gflops_1"),
        cli.threads,
        peaks[0]["isa"].as_str().unwrap_or("-"),
        best("copy_gbytes"),
    );
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header([
        "file",
        "profile",
        "pixels",
        "llama.cpp s",
        "ours s",
        "ours / llama.cpp",
        "llama.cpp GFLOP/s",
        "ours GFLOP/s",
        "of peak",
        "arena MiB",
        "ours RSS MiB",
        "llama.cpp RSS MiB",
        "others %",
        "bits",
    ]);
    let mib = |bytes: Option<u64>| bytes.map_or("-".to_string(), |b| (b >> 20).to_string());
    for m in all {
        let (ours, theirs) = (m.float("/library_seconds/median"), m.float("/llama_cpp_seconds/median"));
        table.add_row([
            format!("{} {}", cli.preset, m.weights),
            m.profile.clone(),
            m.size.clone(),
            format!("{theirs:.3}"),
            format!("{ours:.3}"),
            format!("{:.3}", ours / theirs),
            format!("{:.1}", m.gflops("llama_cpp_seconds")),
            format!("{:.1}", m.gflops("library_seconds")),
            format!("{:.0} %", 100.0 * m.gflops("library_seconds") / peak),
            format!("{:.1}", m.float("/arena_bytes") / 1048576.0),
            mib(m.ours_rss),
            mib(m.llama_rss),
            format!("{:.1}", m.others()),
            if m.value["outputs_equal"] == true { "equal" } else { "DIFFER" }.to_string(),
        ]);
    }
    for index in 3..13 {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    println!("{table}");
    println!(
        "medians of {} pairs; resident memory counts the mapped model file on our side, and the oracle's own on llama.cpp's",
        cli.pairs
    );
    let busy = all.iter().map(Measured::others).fold(0.0, f64::max);
    if busy > 10.0 {
        println!("WARNING: other processes took up to {busy:.0} % of this machine; on a busy machine these times mean little");
    }
    if let Some(file) = &cli.json {
        let rows: Vec<Value> = all
            .iter()
            .map(|m| {
                json!({
                    "preset": cli.preset, "weights": m.weights, "profile": m.profile, "pixels": m.size, "measured": m.value,
                    "library_rss_bytes": m.ours_rss, "llama_cpp_rss_bytes": m.llama_rss,
                    "library_gflops": m.gflops("library_seconds"), "llama_cpp_gflops": m.gflops("llama_cpp_seconds"),
                })
            })
            .collect();
        let text = serde_json::to_string_pretty(&json!({ "peaks": peaks, "rows": rows })).map_err(|e| e.to_string())?;
        fs::write(file, text + "\n").map_err(|e| format!("{}: {e}", file.display()))?;
    }
    Ok(())
}

fn facts(reference: &serde_json::Map<String, Value>) -> String {
    let wanted = ["crate", "llama.cpp", "ggml", "compiler", "libc", "flash_attention"];
    wanted.iter().filter_map(|k| Some(format!("{} {}", k.replace('_', " "), reference.get(*k)?.as_str()?))).collect::<Vec<_>>().join(", ")
}

fn path(path: &Path) -> Result<&str, String> {
    path.to_str().ok_or_else(|| format!("{} is not UTF-8", path.display()))
}

/// Compiles with the C compiler that `CC` names, or cc.
fn cc(arguments: &[&str]) -> Result<(), String> {
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_string());
    let output = Command::new(&compiler).args(arguments).output().map_err(|e| format!("{compiler}: {e}"))?;
    if output.status.success() { Ok(()) } else { Err(format!("{compiler}: {}", String::from_utf8_lossy(&output.stderr))) }
}

/// A program of `tests/bench`.
fn tool(name: &str, work: &Path) -> Result<PathBuf, String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench").join(format!("{name}.c"));
    let program = work.join(name);
    cc(&["-O2", path(&source)?, "-o", path(&program)?, "-lpthread"])?;
    Ok(program)
}

/// The emitted example, linked with the library as a user would.
fn link_example(example: &str, library: &Path, work: &Path) -> Result<PathBuf, String> {
    let home = library.parent().ok_or("a library without a folder")?;
    let program = work.join("example");
    let source = work.join("example.c");
    fs::write(&source, example).map_err(|e| e.to_string())?;
    let (include, search) = (format!("-I{}", path(home)?), format!("-Wl,-rpath,{}", path(home)?));
    cc(&["-O2", &include, path(&source)?, path(library)?, &search, "-o", path(&program)?])?;
    Ok(program)
}

fn measure_peak(threads: u32) -> Result<Value, String> {
    Peak::measure(threads).map(|p| p.json()).map_err(encoder::text)
}

/// Largest resident memory of a program that runs to its end; none if it fails.
fn peak_rss(rss: &Path, command: &[&str]) -> Result<Option<u64>, String> {
    let output = Command::new(rss).args(command).output().map_err(|e| format!("{}: {e}", rss.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().last().filter(|_| output.status.success()).and_then(|line| line.parse().ok()))
}

/// An image of the size as binary PPM, for the example.
fn picture(size: &str, work: &Path) -> Result<PathBuf, String> {
    let (width, height) = size.split_once('x').ok_or_else(|| format!("{size} is no size like 768x768"))?;
    let number = |text: &str| text.parse::<usize>().map_err(|e| format!("{size}: {e}"));
    let mut bytes = format!("P6\n{width} {height}\n255\n").into_bytes();
    bytes.extend((0..number(width)? * number(height)? * 3).map(|i| (i * 7 % 251) as u8));
    let file = work.join(format!("{size}.ppm"));
    fs::write(&file, bytes).map_err(|e| format!("{}: {e}", file.display()))?;
    Ok(file)
}
