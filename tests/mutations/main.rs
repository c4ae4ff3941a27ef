//! Proof that a comparison can fail: known mistakes are put into templates, maps and kernels, one at a time; each must be
//! found by `ir-build compare` against llama.cpp's own values, at the value and the op where it was made.
//!
//! `cargo test --test mutations [-- TEXT]`: those whose description holds the text. `mutations.json` lists them.

#[allow(dead_code)] // shared with parity, which needs more of it
#[path = "../common/encoder.rs"]
mod encoder;
#[allow(dead_code)]
#[path = "../common/oracle.rs"]
mod oracle;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::time::Instant;

use clap::Parser;
use comfy_table::{Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use encoder::Encoder;
use oracle::{Oracle, cannot_run, folder};

#[derive(Parser)]
#[command(name = "mutations", about = "Known mistakes, each found at the right op")]
struct Cli {
    /// Only mutations whose description holds this text
    only: Option<String>,
}

/// Of configurations that name none.
const TEMPLATE: &str = "qwen3_vl_vision";

/// A model, an image or a sound, and the build that is compared with llama.cpp's values for them.
struct Configuration {
    template: String,
    preset: String,
    weights: String,
    profile: String,
    attention: String,
    input: Input,
}

enum Input {
    /// An image of this size.
    Image(u32, u32),
    /// So many samples of a sound.
    Sound(u32),
}

struct Mutation {
    what: String,
    on: String,
    /// The tap that must be the first to differ.
    first: String,
    /// An op that the report must name there.
    op: String,
    edits: Vec<Edit>,
}

struct Edit {
    file: String,
    old: String,
    new: String,
    /// More than one place of the file.
    every: bool,
}

/// What llama.cpp computed for a configuration, or why this machine cannot say.
struct Reference {
    model: PathBuf,
    input: PathBuf,
    taps: PathBuf,
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
    let started = Instant::now();
    let (configurations, mut mutations) = read()?;
    mutations.retain(|m| cli.only.as_ref().is_none_or(|part| m.what.contains(part)));
    if mutations.is_empty() {
        return Err("no mutation has such a description".to_string());
    }
    let _lock = oracle::lock()?;
    let used: BTreeSet<&str> = mutations.iter().map(|m| m.on.as_str()).collect();
    let mut references = BTreeMap::new();
    for name in used {
        let c = configurations.get(name).ok_or_else(|| format!("mutations.json: no configuration \"{name}\""))?;
        references.insert(name.to_string(), reference(name, c)?);
    }

    // without a mistake nothing differs; otherwise what is found below would prove nothing
    let sound: Vec<Mutation> = references
        .iter()
        .filter(|(_, r)| r.is_ok())
        .map(|(on, _)| Mutation { what: "nothing".to_string(), on: on.clone(), first: String::new(), op: String::new(), edits: Vec::new() })
        .collect();
    let all: Vec<&Mutation> = sound.iter().chain(&mutations).collect();
    let verdicts = judge(&all, &configurations, &references);

    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_header(["mistake", "on", "first to differ", "op", "likely cause", "result"]);
    let (mut caught, mut failed, mut skipped) = (0, 0, 0);
    for (m, verdict) in all.iter().zip(verdicts) {
        let result = match &verdict {
            Verdict::Skipped(_) => {
                skipped += 1;
                "skipped"
            }
            Verdict::Caught { .. } => {
                caught += 1;
                if m.edits.is_empty() { "equal" } else { "caught" }
            }
            Verdict::Failed(_) => {
                failed += 1;
                "FAILED"
            }
        };
        let (first, op, cause) = match verdict {
            Verdict::Caught { first, op, cause } => (first, op, cause),
            Verdict::Failed(why) | Verdict::Skipped(why) => (format!("wanted {} at {}", m.op, m.first), String::new(), why),
        };
        let cause = cause.chars().take(100).collect::<String>();
        table.add_row([&m.what, &m.on, &first, &op, &cause, result]);
    }
    println!("{}", table.trim_fmt());
    println!("{caught} as they should be, {failed} not, {skipped} skipped; {:.0} s", started.elapsed().as_secs_f64());
    Ok(failed == 0 && caught > sound.len())
}

enum Verdict {
    Caught { first: String, op: String, cause: String },
    Failed(String),
    Skipped(String),
}

/// Two at a time: each compiles an encoder.
fn judge(
    all: &[&Mutation],
    configurations: &BTreeMap<String, Configuration>,
    references: &BTreeMap<String, Result<Reference, String>>,
) -> Vec<Verdict> {
    let bar = ProgressBar::new(all.len() as u64).with_message("mutations");
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    let next = Mutex::new(all.iter().enumerate());
    let done = Mutex::new(BTreeMap::new());
    let work = || {
        while let Some((i, m)) = { next.lock().unwrap().next() } {
            let verdict = match &references[&m.on] {
                Err(why) => Verdict::Skipped(why.clone()),
                Ok(r) => try_out(m, &configurations[&m.on], r).unwrap_or_else(Verdict::Failed),
            };
            done.lock().unwrap().insert(i, verdict);
            bar.inc(1);
        }
    };
    std::thread::scope(|s| {
        s.spawn(work);
        work();
    });
    bar.finish_and_clear();
    done.into_inner().unwrap().into_values().collect()
}

/// Makes the mistake in a copy of templates and maps, and compares.
fn try_out(m: &Mutation, c: &Configuration, r: &Reference) -> Result<Verdict, String> {
    let failed = |e: std::io::Error| e.to_string();
    let dir = tempfile::tempdir().map_err(failed)?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for tree in ["templates", "kernel_maps"] {
        copy(&root.join(tree), &dir.path().join(tree)).map_err(failed)?;
    }
    for edit in &m.edits {
        let path = dir.path().join(&edit.file);
        let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", edit.file))?;
        let places = text.matches(edit.old.as_str()).count();
        if places == 0 || (places > 1 && !edit.every) {
            return Err(format!("{} has {places} places like: {}", edit.file, edit.old));
        }
        fs::write(&path, text.replace(edit.old.as_str(), &edit.new)).map_err(failed)?;
    }
    // the kernels that run everywhere are the ones that were changed
    let target = dir.path().join("kernel_maps/targets/c.json");
    let text = fs::read_to_string(&target).map_err(failed)?;
    let mut value: Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    let variants = value["variants"].as_array_mut().ok_or("targets/c.json has no variants")?;
    variants.retain(|v| v["suffix"] == "");
    fs::write(&target, value.to_string()).map_err(failed)?;

    let mut command = Command::new(env!("CARGO_BIN_EXE_ir-build"));
    command.arg("compare").arg("--template").arg(dir.path().join(format!("templates/{}.json", c.template)));
    command.arg("--maps").arg(dir.path().join("kernel_maps")).arg("--model").arg(&r.model).args(["--profile", &c.profile]);
    if c.attention != "flash" {
        command.args(["--attention", &c.attention]);
    }
    command.args(["--threads", "1", "--message-format", "json"]);
    command.arg("--against").arg(format!("dump:{}", r.taps.display())).arg(&r.input);
    let out = command.output().map_err(failed)?;
    let report = String::from_utf8_lossy(&out.stdout);
    let report: Value = report
        .lines()
        .filter_map(|l| serde_json::from_str::<Value>(l).ok())
        .find(|v| v["reason"] == "compare")
        .ok_or_else(|| format!("no report: {}{}", report, String::from_utf8_lossy(&out.stderr)))?;
    let first = report["first_different"].as_str().unwrap_or_default().to_string();
    if m.edits.is_empty() {
        return if report["equal"] == true && out.status.success() {
            Ok(Verdict::Caught { first: "nothing".to_string(), op: String::new(), cause: String::new() })
        } else {
            Err(format!("differs without a mistake, first {first}"))
        };
    }
    if report["equal"] != false || out.status.code() != Some(1) {
        return Err("not noticed".to_string());
    }
    let finding = &report["finding"];
    let mut ops: Vec<String> = finding["op"].as_str().into_iter().flat_map(|op| op.split(", ")).map(str::to_string).collect();
    let steps = finding["segment"]["steps"].as_array().into_iter().flatten();
    ops.extend(steps.filter_map(|s| s["op"].as_str().map(str::to_string)));
    ops.dedup();
    if first != m.first || !ops.contains(&m.op) {
        return Err(format!("found at {first}, ops {}", ops.join(", ")));
    }
    if finding["verdict"] == "input" {
        return Err(format!("{first}: the input is blamed, not the op"));
    }
    let cause = finding["causes"].as_array().and_then(|c| c.first()).and_then(Value::as_str).unwrap_or("").to_string();
    Ok(Verdict::Caught { first, op: ops.join(", "), cause })
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Model, image and llama.cpp's values; the inner error is why this machine has none.
fn reference(name: &str, c: &Configuration) -> Result<Result<Reference, String>, String> {
    if let Some(why) = cannot_run(&c.profile) {
        println!("{name}: skipped, {why}");
        return Ok(Err(why));
    }
    let oracle = Oracle::build(&c.profile)?;
    let encoder = Encoder::open(&c.template)?;
    let model = encoder.model(&c.preset, &c.weights, &folder(), |_, _| {})?;
    let dir = folder().join("mutations").join(name.replace(' ', "-"));
    fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let write = |name: &str, bytes: Vec<u8>| {
        let path = dir.join(name);
        fs::write(&path, bytes).map(|()| path.clone()).map_err(|e| format!("{}: {e}", path.display()))
    };
    let (input, flag, theirs) = match c.input {
        Input::Image(width, height) => {
            let image = write("image.ppm", ppm(width, height))?;
            (image.clone(), "--rgb", image)
        }
        // the same samples in two formats
        Input::Sound(samples) => (write("sound.wav", wav(&sound(samples)))?, "--pcm", write("sound.npy", npy(&sound(samples)))?),
    };
    let taps = dir.join("taps");
    let _ = fs::remove_dir_all(&taps);
    let path = |p: &Path| p.display().to_string();
    let arguments = ["dump", "--model", &path(&model), flag, &path(&theirs), "--attention", &c.attention, "--output", &path(&taps)];
    let out = Command::new(&oracle.binary).args(arguments).output().map_err(|e| format!("{}: {e}", oracle.binary.display()))?;
    if !out.status.success() {
        return Err(format!("{name}: the oracle failed: {}", String::from_utf8_lossy(&out.stderr)));
    }
    Ok(Ok(Reference { model, input, taps }))
}

/// A picture with slopes, edges and noise, the same everywhere.
fn ppm(width: u32, height: u32) -> Vec<u8> {
    let mut out = format!("P6\n{width} {height}\n255\n").into_bytes();
    let mut noise = 1u32;
    for y in 0..height {
        for x in 0..width {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let edge = if (x / 17 + y / 11) % 2 == 0 { 90 } else { 0 };
            out.extend([(x * 160 / width + edge) as u8, (y * 150 / height + (noise >> 26)) as u8, ((x * y) % 251) as u8]);
        }
    }
    out
}

/// A rising tone over noise, the same everywhere.
fn sound(samples: u32) -> Vec<i16> {
    let (mut noise, mut phase) = (1u32, 0u32);
    let value = |n| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        phase = phase.wrapping_add((1 << 24) + n * 1024);
        ((phase as i32 >> 18) + (noise as i32 >> 21)) as i16
    };
    (0..samples).map(value).collect()
}

/// Mono, 16 bits, 16 kHz.
fn wav(samples: &[i16]) -> Vec<u8> {
    let bytes = samples.len() as u32 * 2;
    let mut out = b"RIFF".to_vec();
    out.extend((36 + bytes).to_le_bytes());
    out.extend(b"WAVEfmt ");
    out.extend([16u32.to_le_bytes(), 0x1_0001u32.to_le_bytes(), 16000u32.to_le_bytes(), 32000u32.to_le_bytes()].concat());
    out.extend([2u16.to_le_bytes(), 16u16.to_le_bytes()].concat());
    out.extend(b"data");
    out.extend(bytes.to_le_bytes());
    out.extend(samples.iter().flat_map(|v| v.to_le_bytes()));
    out
}

/// As f32 from -1 to 1, one dimension.
fn npy(samples: &[i16]) -> Vec<u8> {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({},), }}", samples.len());
    let padded = (10 + header.len() + 1).next_multiple_of(64) - 10;
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((padded as u16).to_le_bytes());
    out.extend(format!("{header:<width$}\n", width = padded - 1).bytes());
    out.extend(samples.iter().flat_map(|v| (f32::from(*v) / 32768.0).to_le_bytes()));
    out
}

fn read() -> Result<(BTreeMap<String, Configuration>, Vec<Mutation>), String> {
    let text = include_str!("mutations.json");
    let value: Value = serde_json::from_str(text).map_err(|e| format!("mutations.json: {e}"))?;
    let word = |v: &Value, key: &str| v[key].as_str().map(str::to_string).ok_or_else(|| format!("mutations.json: {key} is missing in {v}"));
    let mut configurations = BTreeMap::new();
    for (name, v) in value["configurations"].as_object().ok_or("mutations.json: no configurations")? {
        let number = |s: &str| s.parse::<u32>().map_err(|e| format!("mutations.json: {s}: {e}"));
        let input = match (v["samples"].as_u64(), v["size"].as_str().and_then(|size| size.split_once('x'))) {
            (Some(samples), None) => Input::Sound(samples as u32),
            (None, Some((width, height))) => Input::Image(number(width)?, number(height)?),
            _ => return Err(format!("mutations.json: {name}: neither a size nor samples")),
        };
        let c = Configuration {
            template: v["template"].as_str().unwrap_or(TEMPLATE).to_string(),
            preset: word(v, "preset")?,
            weights: word(v, "weights")?,
            profile: word(v, "profile")?,
            attention: word(v, "attention")?,
            input,
        };
        configurations.insert(name.clone(), c);
    }
    let mut mutations = Vec::new();
    for v in value["mutations"].as_array().ok_or("mutations.json: no mutations")? {
        let edit = |e: &Value| {
            Ok::<_, String>(Edit { file: word(e, "file")?, old: word(e, "old")?, new: word(e, "new")?, every: e["every"] == true })
        };
        let edits = v["edits"].as_array().into_iter().flatten().map(edit).collect::<Result<Vec<_>, _>>()?;
        if edits.is_empty() {
            return Err(format!("mutations.json: no edits in {v}"));
        }
        mutations.push(Mutation { what: word(v, "what")?, on: word(v, "on")?, first: word(v, "first")?, op: word(v, "op")?, edits });
    }
    Ok((configurations, mutations))
}
