//! Exact text of stages and of errors: every `tests/golden/<group>/*.test` is a template, maps, perhaps a GGUF file, a command,
//! and what must come out. `BLESS=1` rewrites the expectations; `GOLDEN=word` runs the files whose name holds the word.
//!
//! A case starts from `tests/golden/template.json` and `tests/golden/maps/` (ops that do almost nothing, so that the real kernels
//! can change without changing a case) and says what is different. Its parts, each begun by a line with `@`:
//!
//! ```text
//! @ stage plan --weights f32        ops, typed, fused, kernels, plan: the text of the stage
//! @ place b=1 gh=2 gw=3             offsets of the plan for these run-time dimensions
//! @ emit                            names of the emitted files
//! @ edit FILE                       lines `-old` and `+new` that follow replace text in template.json or maps/…
//! @ file FILE                       the text that follows replaces the file
//! @ delete FILE
//! @ gguf                            lines `KEY TYPE VALUE` and `tensor NAME TYPE NE…`: the command gets this file as model
//! @ expect                          the rest of the file
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use isobit::diagnostic::{Diagnostic, Result};
use isobit::emit::Sources;
use isobit::files::Files;
use isobit::fuse::Taps;
use isobit::gguf::{GgmlType, GgufDirectory, GgufWriter, MetaArray, MetaValue};
use isobit::maps::Maps;
use isobit::pipeline::{self, Inputs, Stage};
use isobit::sizes::Sizes;
use isobit::template::Template;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Relative path → text of everything under a directory.
fn read_tree(dir: &Path, prefix: &str, out: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            read_tree(&path, &format!("{name}/"), out);
        } else {
            out.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// The template and the maps that every case starts from.
fn base() -> &'static BTreeMap<String, String> {
    static BASE: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    BASE.get_or_init(|| {
        let mut files = BTreeMap::from([("template.json".to_string(), std::fs::read_to_string(root().join("template.json")).unwrap())]);
        read_tree(&root().join("maps"), "maps/", &mut files);
        files
    })
}

/// A case as its file says it.
struct Case {
    /// Everything before the expectation.
    head: String,
    command: Vec<String>,
    files: BTreeMap<String, String>,
    gguf: Option<Vec<String>>,
    expected: String,
}

impl Case {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let (head, expected) = match text.split_once("@ expect\n") {
            Some((head, expected)) => (head.to_string(), expected.to_string()),
            None => (text.clone(), String::new()),
        };
        let mut case = Self { head: head.clone(), command: Vec::new(), files: base().clone(), gguf: None, expected };
        assert!(head.starts_with("# "), "{}: the first line says what the case shows", path.display());
        for part in format!("\n{head}").split("\n@ ").skip(1) {
            let (line, body) = part.split_once('\n').unwrap_or((part, ""));
            let words: Vec<String> = line.split_whitespace().map(str::to_string).collect();
            match words[0].as_str() {
                "stage" | "place" | "emit" => case.command = words,
                "edit" => {
                    edit(case.files.get_mut(&words[1]).unwrap_or_else(|| panic!("{}: no file {}", path.display(), words[1])), body, path)
                }
                "file" => {
                    case.files.insert(words[1].clone(), format!("{}\n", body.trim_end_matches('\n')));
                }
                "delete" => {
                    case.files.remove(&words[1]).unwrap_or_else(|| panic!("{}: no file {}", path.display(), words[1]));
                }
                "gguf" => case.gguf = Some(body.lines().filter(|l| !l.is_empty()).map(str::to_string).collect()),
                other => panic!("{}: unknown part \"@ {other}\"", path.display()),
            }
        }
        assert!(!case.command.is_empty(), "{}: no command", path.display());
        case
    }

    fn option(&self, name: &str) -> Option<&str> {
        let at = self.command.iter().position(|w| w == &format!("--{name}"))?;
        self.command.get(at + 1).map(String::as_str)
    }

    /// What the command prints: its result or its errors.
    fn run(&self) -> String {
        let dir = tempfile::tempdir().unwrap();
        let text = self.result(dir.path()).unwrap_or_else(|e| e.plain());
        let text = text.replace(&format!("{}/", dir.path().display()), "");
        text.trim_end_matches('\n').to_string() + "\n"
    }

    fn result(&self, dir: &Path) -> Result<String> {
        let template = Template::parse("template.json", &self.files["template.json"])?;
        let texts = self.files.iter().filter_map(|(path, text)| Some((path.strip_prefix("maps/")?.to_string(), text.clone()))).collect();
        let maps = Maps::load(Files::from_texts("maps", texts))?;
        let target = maps.target(self.option("target").unwrap_or("c"))?;
        let mut profile = maps.profile_for(self.option("profile").unwrap_or(&target.default_profile), &template)?;
        if let Some((option, choice)) = self.option("option").and_then(|o| o.split_once('=')) {
            profile.choose(option, choice)?;
        }
        let sizes = match &self.gguf {
            Some(lines) => Sizes::of_file(&template, write_gguf(&dir.join("model.gguf"), lines))?,
            None => Sizes::of_preset(&template, self.option("preset"), self.option("weights").unwrap_or("f32"))?,
        };
        let taps = if self.option("taps") == Some("all") { Taps::All } else { Taps::Kept };
        let inputs = Inputs { template: &template, sizes: &sizes, maps: &maps, profile: &profile, target: &target, taps };
        match (self.command[0].as_str(), self.command.get(1).map(String::as_str)) {
            ("stage", Some(stage)) => {
                let stage = match stage {
                    "ops" => Stage::Ops,
                    "typed" => Stage::Typed,
                    "fused" => Stage::Fused,
                    "kernels" => Stage::Kernels,
                    "plan" => Stage::Plan,
                    other => panic!("no stage {other}"),
                };
                pipeline::stage_text(&inputs, stage)
            }
            ("place", _) => place(&inputs, &self.command[1..]),
            _ => Ok(emit(&inputs)?.into_keys().collect::<Vec<_>>().join("\n")),
        }
    }
}

fn emit(inputs: &Inputs) -> Result<Sources> {
    pipeline::emit(inputs, &pipeline::compile(inputs)?)
}

/// Replaces each run of `-` lines by the `+` lines behind it; the old text must occur exactly once.
fn edit(text: &mut String, body: &str, path: &Path) {
    let (mut old, mut new) = (String::new(), String::new());
    let mut apply = |old: &mut String, new: &mut String| {
        if !old.is_empty() {
            assert_eq!(text.matches(&**old).count(), 1, "{}: the text to replace occurs once:\n{old}", path.display());
            *text = text.replacen(&**old, new, 1);
        }
        old.clear();
        new.clear();
    };
    for line in body.lines() {
        match (line.get(..1), line.get(1..)) {
            (Some("-"), Some(rest)) => {
                if !new.is_empty() {
                    apply(&mut old, &mut new);
                }
                write!(old, "{}{rest}", if old.is_empty() { "" } else { "\n" }).unwrap();
            }
            (Some("+"), Some(rest)) => write!(new, "{}{rest}", if new.is_empty() { "" } else { "\n" }).unwrap(),
            (None, _) => {}
            _ => panic!("{}: a line of an edit begins with - or +: {line}", path.display()),
        }
    }
    apply(&mut old, &mut new);
}

fn place(inputs: &Inputs, words: &[String]) -> Result<String> {
    let plan = pipeline::compile(inputs)?;
    let dims: BTreeMap<String, u64> =
        words.iter().filter_map(|w| w.split_once('=')).map(|(k, v)| (k.to_string(), v.parse().unwrap())).collect();
    let p = plan.place(&dims).ok_or_else(|| Diagnostic::new("plan-size", "does not fit 64 bits"))?;
    let mut out = String::new();
    for (v, s) in plan.values.iter().enumerate() {
        writeln!(out, "{} steps {}..{}: {} bytes at {}", s.name, s.first, s.last, p.sizes[v], p.offsets[v]).unwrap();
    }
    writeln!(out, "values {} bytes, scratch {} bytes per worker, {} FLOP", p.values_bytes, p.worker_scratch, plan.flops(&dims).unwrap())
        .unwrap();
    Ok(out)
}

fn write_gguf(path: &Path, lines: &[String]) -> GgufDirectory {
    let mut writer = GgufWriter::new();
    for line in lines {
        let w: Vec<&str> = line.split_whitespace().collect();
        let value = match w.as_slice() {
            ["tensor", name, kind, ne @ ..] => {
                let ne: Vec<u64> = ne.iter().map(|n| n.parse().unwrap()).collect();
                writer.tensor(*name, GgmlType::from_name(kind).unwrap(), ne);
                continue;
            }
            [_, "string", text] => MetaValue::String(text.to_string()),
            [_, "u32", v] => MetaValue::U32(v.parse().unwrap()),
            [_, "i32", v] => MetaValue::I32(v.parse().unwrap()),
            [_, "f32", v] => MetaValue::F32(v.parse().unwrap()),
            [_, "f32[]", list @ ..] => MetaValue::Array(MetaArray::F32(list.iter().map(|v| v.parse().unwrap()).collect())),
            _ => panic!("bad line of a GGUF file: {line}"),
        };
        writer.meta(w[0], value);
    }
    writer.write(path, |info, sink| sink.bytes(&vec![0; info.bytes as usize]), |_, _| ()).unwrap()
}

/// A number that looks random, and the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % n as u64) as usize
    }
}

/// A JSON text with one word, number or line exchanged, doubled or gone.
fn damage(text: &str, random: &mut Random) -> String {
    let tokens: Vec<&str> = text.split_inclusive([' ', '\n']).collect();
    let at = random.below(tokens.len());
    let other = tokens[random.below(tokens.len())].to_string();
    let odd = [
        "0",
        "-1",
        "1e99",
        "18446744073709551615",
        "\"\"",
        "\"b*gh\"",
        "\"width/0\"",
        "[]",
        "{}",
        "null",
        "\"x\"",
        "[1, 2, 3, 4, 5]",
        "\"4096*4096*4096*4096\"",
    ];
    let mut out: Vec<String> = tokens.iter().map(|t| t.to_string()).collect();
    let tail: String = out[at].trim_start_matches(|c: char| !"],}\n ".contains(c)).to_string();
    match random.below(5) {
        0 => out[at] = other,
        1 => out[at].clear(),
        2 => out[at] = format!("{0}{0}", out[at]),
        3 => out[at] = format!("{}{tail}", odd[random.below(odd.len())]),
        _ => {
            let next = random.below(out.len());
            out.swap(at, next);
        }
    }
    out.concat()
}

#[test]
fn damaged_files_give_errors_and_no_panic() {
    let rounds = std::env::var("ROUNDS").ok().and_then(|r| r.parse().ok()).unwrap_or(300);
    let json: Vec<&String> = base().keys().filter(|p| p.ends_with(".json")).collect();
    let mut random = Random(1);
    let mut compiled = 0;
    for round in 0..rounds {
        let mut files = base().clone();
        // the template is as long as all maps together
        let path = if random.below(2) == 0 { "template.json" } else { json[random.below(json.len())] };
        let text = files.get_mut(path).unwrap();
        for _ in 0..=random.below(2) {
            *text = damage(text, &mut random);
        }
        let changed = text.clone();
        let command = ["emit", "--weights", if round % 2 == 0 { "f32" } else { "f16" }].map(str::to_string).to_vec();
        let case = Case { head: String::new(), command, files, gguf: None, expected: String::new() };
        match std::panic::catch_unwind(|| case.result(Path::new("."))) {
            Ok(Ok(_)) => compiled += 1,
            Ok(Err(e)) => assert!(!e.code().starts_with("internal-"), "{path}, round {round}: {}\n{changed}", e.plain()),
            Err(_) => panic!("{path}, round {round}: panic with\n{changed}"),
        }
    }
    assert!(compiled < rounds, "some damage was found");
}

/// The first line that differs, with both sides.
fn difference(expected: &str, found: &str) -> String {
    let n = expected.lines().zip(found.lines()).take_while(|(a, b)| a == b).count();
    let line = |t: &str| t.lines().nth(n).unwrap_or("(end)").to_string();
    format!("  line {}:\n  - {}\n  + {}\n", n + 1, line(expected), line(found))
}

fn cases(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            cases(&path, out);
        } else if path.extension().is_some_and(|e| e == "test") {
            out.push(path);
        }
    }
    out.sort();
}

#[test]
fn golden() {
    let bless = std::env::var_os("BLESS").is_some();
    let only = std::env::var("GOLDEN").unwrap_or_default();
    let mut paths = Vec::new();
    cases(&root(), &mut paths);
    let mut failures = String::new();
    for path in &paths {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        if !name.contains(&only) {
            continue;
        }
        let case = Case::read(path);
        let found = std::panic::catch_unwind(|| case.run()).unwrap_or_else(|_| "panicked\n".to_string());
        // a group is errors through and through or not at all
        let wrong_kind =
            name.contains("errors") != found.starts_with("error[") || found == "panicked\n" || found.contains("error[internal");
        if wrong_kind || (found != case.expected && !bless) {
            writeln!(failures, "{name}:\n{}", if wrong_kind { format!("  + {found}") } else { difference(&case.expected, &found) })
                .unwrap();
        }
        if bless && found != case.expected {
            std::fs::write(path, format!("{}@ expect\n{found}", case.head)).unwrap();
        }
    }
    assert!(failures.is_empty(), "BLESS=1 cargo test --test golden rewrites what is wanted:\n{failures}");
}

#[test]
fn every_error_code_of_the_compiler_has_a_case() {
    let mut paths = Vec::new();
    cases(&root(), &mut paths);
    let seen: BTreeSet<String> = paths
        .iter()
        .flat_map(|p| {
            let text = std::fs::read_to_string(p).unwrap();
            let codes: Vec<_> = text.split("error[").skip(1).filter_map(|t| Some(t.split_once(']')?.0.to_string())).collect();
            codes
        })
        .collect();
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut missing = Vec::new();
    for file in [
        "json",
        "template/mod",
        "template/read",
        "template/check",
        "sizes",
        "expand",
        "infer",
        "fuse",
        "classes",
        "select",
        "plan",
        "maps/mod",
        "maps/op",
        "maps/profile",
        "maps/target",
        "emit/context",
        "emit/facts",
        "emit/manifest",
        "emit/table",
        "emit/preprocess",
    ] {
        let text = std::fs::read_to_string(src.join(format!("{file}.rs"))).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        for call in text.split("Diagnostic::new(").skip(1).chain(text.split(".error(").skip(1)) {
            let Some(code) = call.trim_start().strip_prefix('"').and_then(|t| t.split_once('"')).map(|(code, _)| code) else { continue };
            // emit-limit takes a graph of 65,535 steps
            if !code.starts_with("internal-") && code != "emit-limit" && !seen.contains(code) {
                missing.push(format!("{code} ({file}.rs)"));
            }
        }
    }
    missing.dedup();
    assert!(missing.is_empty(), "no case in tests/golden shows these errors: {}", missing.join(", "));
}

/// The schema for a file of a case, if it is one of those that schemas describe.
fn schema_of(path: &str) -> Option<&'static str> {
    let map = path.strip_prefix("maps/").filter(|p| p.ends_with(".json"));
    match map {
        _ if path == "template.json" => Some("templates/template.schema.json"),
        Some(p) if p.starts_with("profiles/") => Some("kernel_maps/profile.schema.json"),
        Some(p) if p.starts_with("targets/") => Some("kernel_maps/target.schema.json"),
        Some(p) if !p.contains('/') => Some("kernel_maps/op.schema.json"),
        _ => None,
    }
}

#[test]
fn schemas_agree_with_the_reader() {
    let validators: BTreeMap<String, _> = ["templates/template", "kernel_maps/profile", "kernel_maps/target", "kernel_maps/op"]
        .map(|name| {
            let path = format!("{name}.schema.json");
            let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&path)).unwrap();
            (path, jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap())
        })
        .into();
    // what a schema can see: keys, forms and words, not meanings
    let structural =
        ["json-unknown-key", "json-missing-key", "template-form", "template-type", "map-kind", "map-view", "map-role", "map-attribute"];
    let mut paths = Vec::new();
    cases(&root(), &mut paths);
    let mut wrong = Vec::new();
    for path in &paths {
        let case = Case::read(path);
        let code = case.expected.strip_prefix("error[").and_then(|t| Some(t.split_once(']')?.0));
        let place = case.expected.split("\n  at ").nth(1).and_then(|t| t.split(':').next()).unwrap_or_default();
        for (file, text) in &case.files {
            let (Some(schema), Ok(json)) = (schema_of(file), serde_json::from_str::<serde_json::Value>(text)) else { continue };
            let problem = validators[schema].iter_errors(&json).next().map(|e| format!("{}: {e}", e.instance_path()));
            match (code, problem) {
                (None, Some(e)) => wrong.push(format!("{}: the schema refuses {file}{e}", path.display())),
                (Some(c), None) if structural.contains(&c) && place == file => {
                    wrong.push(format!("{}: the schema takes {file}", path.display()))
                }
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn two_compiles_give_equal_bytes() {
    let template = std::fs::read_to_string(root().join("template.json")).unwrap();
    let sources = || {
        let template = Template::parse("template.json", &template).unwrap();
        let maps = Maps::load(Files::from_dir(&root().join("maps")).unwrap()).unwrap();
        let target = maps.target("c").unwrap();
        let profile = maps.profile("plain").unwrap();
        let sizes = Sizes::of_preset(&template, None, "f16").unwrap();
        emit(&Inputs { template: &template, sizes: &sizes, maps: &maps, profile: &profile, target: &target, taps: Taps::Kept }).unwrap()
    };
    let (first, second) = (sources(), sources());
    assert!(first == second);
    assert!(first.len() == 5 && first.values().all(|t| !t.contains(env!("CARGO_MANIFEST_DIR"))));
}
