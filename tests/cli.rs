//! The program as its users call it: every subcommand, exit codes, errors one at a time and all at once, nothing half-written.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use isobit::files::hash;
use serde_json::Value;
use tempfile::TempDir;

const ENCODER: &str = "qwen3_vl_vision";
const TINY: [&str; 4] = ["--template", ENCODER, "--preset", "tiny"];

/// SHA-256 of the embedding of the photo by the tiny encoder with synthesised f16 weights: the same on every machine.
const EMBEDDING: [(&str, &str); 2] = [
    ("ggml-avx2", "50194f3074bd1aa13b2d17207ad8683ee2f5ea3f47cc2911d865dff6699e2712"),
    ("ggml-avx512", "44b66aa03434e5836ce80a2cb689b2712c266a074da67ea0b1ed932c40a2f6bc"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn photo() -> String {
    root().join("tests/data/photo.png").display().to_string()
}

struct Out {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Out {
    /// The lines of JSON on standard output.
    fn json(&self) -> Vec<Value> {
        let lines = self.stdout.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}")));
        lines.inspect(|v: &Value| assert!(v["reason"].is_string(), "{v}")).collect()
    }

    /// The codes of the errors on standard error, as people see them.
    fn codes(&self) -> Vec<&str> {
        let mut codes = Vec::new();
        let lines: Vec<&str> = self.stderr.lines().collect();
        for (i, line) in lines.iter().enumerate() {
            if line.trim_start().starts_with('×') || line.trim_start().starts_with("x ") {
                codes.push(lines[..i].iter().rev().find(|l| !l.is_empty()).map_or("", |l| l.trim()));
            }
        }
        codes
    }
}

fn command(dir: &Path) -> Command {
    let mut c = Command::new(env!("CARGO_BIN_EXE_ir-build"));
    c.current_dir(dir).env("XDG_CACHE_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli")).env("NO_COLOR", "1");
    c
}

fn ir_with(dir: &Path, args: &[&str], change: impl FnOnce(&mut Command) -> &mut Command) -> Out {
    let mut c = command(dir);
    c.args(args);
    change(&mut c);
    let output = c.output().unwrap();
    let text = |b: Vec<u8>| String::from_utf8(b).unwrap();
    let out = Out { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) };
    assert!(!out.stderr.contains("panicked"), "{args:?}: {}", out.stderr);
    out
}

fn ir(dir: &Path, args: &[&str]) -> Out {
    ir_with(dir, args, |c| c)
}

/// Runs a command that must succeed; what it prints.
fn ok(dir: &Path, args: &[&str]) -> String {
    let out = ir(dir, args);
    assert_eq!(out.code, 0, "{args:?}: {}{}", out.stdout, out.stderr);
    assert!(out.stderr.is_empty(), "{args:?}: {}", out.stderr);
    out.stdout
}

/// Runs a command with JSON messages that must succeed; its one object.
fn ok_json(dir: &Path, args: &[&str]) -> Value {
    let out = ir(dir, &[args, &["--message-format", "json"]].concat());
    assert_eq!(out.code, 0, "{args:?}: {}{}", out.stdout, out.stderr);
    let mut lines = out.json();
    assert_eq!(lines.len(), 1, "{args:?}: {}", out.stdout);
    lines.remove(0)
}

/// Runs a command that must fail with exit code 1 and one error of this code; returns what it prints.
fn fails(dir: &Path, code: &str, args: &[&str]) -> String {
    let out = ir(dir, args);
    assert_eq!((out.code, out.codes()), (1, vec![code]), "{args:?}: {}{}", out.stdout, out.stderr);
    assert_eq!(out.stdout, "", "{args:?}");
    let machine = ir(dir, &[args, &["--message-format", "json"]].concat());
    let lines = machine.json();
    assert_eq!((machine.code, lines.len()), (1, 1), "{args:?}: {}", machine.stdout);
    assert_eq!((lines[0]["reason"].as_str(), lines[0]["code"].as_str()), (Some("diagnostic"), Some(code)));
    assert_eq!(machine.stderr, "", "{args:?}");
    out.stderr
}

fn names(dir: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(dir).map(|d| d.map(|e| e.unwrap().file_name().into_string().unwrap()).collect());
    entries.unwrap_or_default()
}

fn tiny(args: &[&'static str]) -> Vec<&'static str> {
    [args, &TINY].concat()
}

/// A synthesised model, written once for all tests.
fn model() -> &'static str {
    static MODEL: OnceLock<(TempDir, String)> = OnceLock::new();
    let (_, path) = MODEL.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        ok(dir.path(), &tiny(&["synth", "--output", "tiny.gguf"]));
        let path = dir.path().join("tiny.gguf").display().to_string();
        (dir, path)
    });
    path
}

fn ppm(width: usize, height: usize) -> Vec<u8> {
    let pixels = (0..width * height * 3).map(|i| (i * 7 % 251) as u8);
    format!("P6\n{width} {height}\n255\n").into_bytes().into_iter().chain(pixels).collect()
}

fn encoded(format: image::ImageFormat) -> Vec<u8> {
    let image = image::RgbImage::from_fn(40, 30, |x, y| image::Rgb([(x * 6) as u8, (y * 8) as u8, (x * y) as u8]));
    let mut out = Cursor::new(Vec::new());
    image::DynamicImage::from(image).write_to(&mut out, format).unwrap();
    out.into_inner()
}

#[test]
fn a_build_writes_five_files_once() {
    let dir = tempfile::tempdir().unwrap();
    let text = ok(dir.path(), &TINY);
    assert!(text.contains("profile ggml-avx2") && text.contains("5 files") && text.contains("(5 changed)"), "{text}");
    let folder = dir.path().join("generated").join(ENCODER).join("c");
    let expected = ["CMakeLists.txt", "example.c", "qwen3_vl_vision.c", "qwen3_vl_vision.h", "qwen3_vl_vision.pc.in"];
    assert_eq!(names(&folder), expected.map(str::to_string).into());
    let times = || expected.map(|n| std::fs::metadata(folder.join(n)).unwrap().modified().unwrap());
    let before = times();
    let json = ok_json(dir.path(), &TINY);
    assert_eq!((json["changed"].as_u64(), json["files"].as_array().map(Vec::len)), (Some(0), Some(5)));
    assert_eq!(before, times());
    std::fs::write(folder.join("example.c"), "something else").unwrap();
    assert_eq!(ok_json(dir.path(), &TINY)["changed"], 1);

    // another place, a build of all taps in between: the same bytes
    let other = tempfile::tempdir().unwrap();
    ok(other.path(), &[&TINY[..], &["--taps", "all", "-o", "deep/er"]].concat());
    assert_ne!(std::fs::read(folder.join(expected[2])).unwrap(), std::fs::read(other.path().join("deep/er").join(expected[2])).unwrap());
    assert_eq!(ok_json(other.path(), &[&TINY[..], &["-o", "deep/er"]].concat())["changed"], 3);
    for name in expected {
        let same = std::fs::read(folder.join(name)).unwrap() == std::fs::read(other.path().join("deep/er").join(name)).unwrap();
        assert!(same, "{name}");
    }
}

#[test]
fn every_stage_is_printed_and_stays() {
    let dir = tempfile::tempdir().unwrap();
    for stage in ["ops", "typed", "fused", "kernels", "plan"] {
        let args = [&TINY[..], &["--stop", stage]].concat();
        let text = ok(dir.path(), &args);
        assert!(text.starts_with(&format!("stage {stage}\nencoder {ENCODER}\n")), "{text}");
        assert!(text.ends_with("output embeddings = embeddings\n"), "{text}");
        assert_eq!(ok(dir.path(), &args), text);
        let json = ok_json(dir.path(), &args);
        assert_eq!((json["stage"].as_str(), json["text"].as_str()), (Some(stage), Some(text.as_str())));
    }
    assert_eq!(names(dir.path()).len(), 0, "a stage writes no files");
}

#[test]
fn bench_says_where_the_time_goes() {
    let dir = tempfile::tempdir().unwrap();
    let args = ["bench", "--template", ENCODER, "--model", model(), "--threads", "1", "--runs", "2"];
    let text = ok(dir.path(), &[&args[..], &["--image", "96x64"]].concat());
    for part in ["GFLOP/s with one thread", "% of peak", "the median of 2", "linear_bias", "attention", "arena"] {
        assert!(text.contains(part), "no \"{part}\" in {text}");
    }
    let json = ok_json(dir.path(), &[&args[..], &["--image", "96x64"]].concat());
    let ops = json["ops"].as_array().unwrap();
    let sum = |key: &str| ops.iter().map(|op| op[key].as_f64().unwrap()).sum::<f64>();
    assert_eq!(sum("flops"), json["flops"].as_f64().unwrap());
    assert!(sum("seconds") > 0.0 && json["of_peak"].as_f64().unwrap() > 0.0, "{json}");
    assert!(json["all_seconds"].as_array().is_some_and(|runs| runs.len() == 2));
    for wrong in [&[][..], &["--samples", "16000"], &["--image", "96x64", "--runs", "0"], &["--image", "96x64", "--target", "wgsl"]] {
        assert_eq!(ir(dir.path(), &[&args[..7], wrong].concat()).code, 2, "{wrong:?}");
    }
}

#[test]
fn explain_lists_candidates_and_reasons() {
    let dir = tempfile::tempdir().unwrap();
    let explain = |value: &'static str| ok(dir.path(), &["explain", ENCODER, value, "--preset", "tiny"]);
    let text = explain("projected");
    for part in
        ["op linear_bias, profile ggml-avx2, target c", "class dot8 (m >= 2", "class vdot8 (otherwise), promises bits:", "runs everywhere"]
    {
        assert!(text.contains(part), "no \"{part}\" in {text}");
    }
    for reason in ["no: computes class dot16, dot8 is asked for", "no: takes w of type f32, it is f16", "taken if there is avx2"] {
        assert!(text.contains(reason), "no \"{reason}\" in {text}");
    }
    assert!(explain("kqv_out-1").contains("op attention"), "a tap is a name as well");
    assert!(explain("Qcur-0").contains("a view: offset 0 elements"), "views say so");
    assert!(explain("mm.0.weight").contains("an input or a weight"), "weights say so");
    let json = ok_json(dir.path(), &["explain", ENCODER, "ln1-0", "--preset", "tiny"]);
    assert_eq!(json["op"], "layer_norm_affine");
    let rows = json["kernels"].as_array().unwrap();
    assert!(rows.iter().any(|r| r["verdict"].is_string()) && rows.iter().any(|r| r["refused"].is_string()));
    let error = fails(dir.path(), "explain-value", &["explain", ENCODER, "lnn1-0", "--preset", "tiny"]);
    assert!(error.contains("did you mean") && error.contains("ln1-0"), "{error}");
    // taps that fusion removes are there when all are kept
    fails(dir.path(), "explain-value", &["explain", ENCODER, "norm_w-0", "--preset", "tiny"]);
    let kept = ok(dir.path(), &["explain", ENCODER, "norm_w-0", "--preset", "tiny", "--taps", "all"]);
    assert!(kept.contains("op mul_row"), "{kept}");
}

#[test]
fn lists_tell_what_there_is() {
    let dir = tempfile::tempdir().unwrap();
    for (what, parts) in [
        (&["encoders"][..], &["qwen3_vl_vision", "8b (default)", "tiny"][..]),
        (&["ops"], &["linear", "x:[m,k] w:[n,k] -> y:[m,n]", "view: slice", "preprocessing"]),
        (&["kernels"], &["linear.f16.dot16.avx512", "portable", "bits"]),
        (&["profiles"], &["ggml-avx2", "ggml-avx512", "llama.cpp"]),
        (&["keys", model()], &["clip.vision.embedding_length", "u32", "qwen3vl_merger", "1e-6"]),
        (&["tensors", model()], &["v.blk.1.attn_qkv.weight", "F16", "[64, 192]"]),
    ] {
        let args = [&["list"], what].concat();
        let text = ok(dir.path(), &args);
        for part in parts {
            assert!(text.contains(part), "{what:?}: no \"{part}\" in\n{text}");
        }
        assert!(ok_json(dir.path(), &args)["rows"].as_array().unwrap().len() >= 2);
    }
}

#[test]
fn a_plan_says_what_a_run_will_take() {
    let dir = tempfile::tempdir().unwrap();
    let plan = |size: &'static str, more: &[&'static str]| ok_json(dir.path(), &[&["plan", "--image", size], &TINY[..], more].concat());
    let one = plan("600x400", &[]);
    assert_eq!(
        (one["width"].as_u64(), one["height"].as_u64(), one["tokens"].as_u64(), one["embedding"].as_u64()),
        (Some(608), Some(416), Some(247), Some(192))
    );
    let two = plan("600x400", &["--batch", "2", "--threads", "3"]);
    assert_eq!((two["tokens"].as_u64(), two["threads"].as_u64()), (Some(247), Some(3)));
    assert!(two["values_bytes"].as_u64() > one["values_bytes"].as_u64());
    let text = ok(dir.path(), &[&["plan", "--image", "600x400"], &TINY[..]].concat());
    assert!(text.contains(&format!("arena    {} bytes", one["arena_bytes"])) && text.contains("247 tokens of 192 floats"), "{text}");
    fails(dir.path(), "encoder-limit", &[&["plan", "--image", "70000x70000"], &TINY[..]].concat());
    fails(dir.path(), "encoder-limit", &[&["plan", "--image", "600x400", "--batch", "65"], &TINY[..]].concat());
    fails(dir.path(), "encoder-argument", &[&["plan", "--image", "600x400", "--threads", "0"], &TINY[..]].concat());
}

#[test]
fn synthesised_models_have_the_same_bytes_everywhere() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("m.gguf");
    let synth = |weights: &'static str, seed: &'static str| {
        let text = ok(dir.path(), &tiny(&["synth", "-o", "m.gguf", "--weights", weights, "--seed", seed]));
        assert!(text.contains(&format!("seed {seed}: 40 tensors")), "{text}");
        hash(&std::fs::read(&path).unwrap())
    };
    let pinned = [
        ("f16", "354249e2900cb7c8a9bd8b7fd0aab44d3d3acecc33f8b04783dda231b16d846e"),
        ("f32", "bcba39e982db2f9a09a3161b15b6048ad5fb0ed19161631993d9bb589dd85369"),
        ("bf16", "c77bda5ce76d47b62c053fc535f8c1d8e92afb6a7cdfb7c1f2abcd1060e23748"),
        ("q8_0", "a8e5cb7b67a10bdb6f6ffb782dcfbabbbbaab193c291cc826d54350679afb88c"),
        ("q4_0", "f08fa2e08ebda67a3fa5f3cc6995e9ecc80f0b2451a5d9491e17706ac89215e4"),
        ("mixed", "6b521860aacfd6f6b9572964e216c739d2a89c26593912ffc27bd4ad3149d6cc"),
    ];
    for (weights, expected) in pinned {
        assert_eq!(synth(weights, "1"), expected, "{weights}");
    }
    assert_ne!(synth("f16", "2"), pinned[0].1);
    assert_eq!(names(dir.path()), ["m.gguf".to_string()].into());
}

#[test]
fn every_preset_of_every_template_compiles() {
    let dir = tempfile::tempdir().unwrap();
    let text = ok(dir.path(), &["check", "--profile", "f32"]);
    let templates = std::fs::read_dir(root().join("templates")).unwrap().filter_map(|e| e.unwrap().file_name().into_string().ok());
    let count = templates.filter(|name| name.ends_with(".json") && !name.ends_with(".schema.json")).count();
    assert!(text.contains(&format!("{count} templates, ")) && text.contains("combinations compile"), "{text}");
}

#[test]
fn check_reports_every_error_at_once() {
    let dir = tempfile::tempdir().unwrap();
    assert!(ok(dir.path(), &tiny(&["check"])).contains("combinations compile"));
    let copy = |from: &Path, to: &Path| {
        let status = Command::new("cp").arg("-r").arg(from).arg(to).status().unwrap();
        assert!(status.success());
    };
    copy(&root().join("tests/golden/maps"), &dir.path().join("kernel_maps"));
    std::fs::create_dir(dir.path().join("templates")).unwrap();
    let toy = std::fs::read_to_string(root().join("tests/golden/template.json")).unwrap();
    std::fs::write(dir.path().join("templates/toy.json"), &toy).unwrap();
    let text = ok(dir.path(), &["check", "--template", "toy", "--weights", "f32"]);
    assert!(text.contains("1 templates, 16 ops, 1 profiles: 2 combinations compile"), "{text}");

    std::fs::write(dir.path().join("templates/toy.json"), toy.replace("\"op\": \"turn\"", "\"op\": \"trun\"")).unwrap();
    std::fs::write(dir.path().join("templates/two.json"), toy.replace("\"title\"", "\"titel\"")).unwrap();
    let out = ir(dir.path(), &["check", "--weights", "f32"]);
    assert_eq!(out.code, 1);
    let codes: BTreeSet<&str> = out.codes().into_iter().collect();
    // templates that are built in find none of their ops here
    assert!(["json-missing-key", "template-unknown-op"].iter().all(|c| codes.contains(c)), "{}", out.stderr);
    assert!(out.codes().len() > codes.len(), "{}", out.stderr);

    let sum = std::fs::read_to_string(dir.path().join("kernel_maps/sum.json")).unwrap();
    std::fs::write(dir.path().join("kernel_maps/sum.json"), sum.replace("\"op\": \"sum\"", "\"op\": \"add\"")).unwrap();
    std::fs::remove_file(dir.path().join("kernel_maps/turn/f32.copy.c.j2")).unwrap();
    let out = ir(dir.path(), &["check", "--weights", "f32", "--message-format", "json"]);
    let codes: Vec<String> = out.json().iter().map(|l| l["code"].as_str().unwrap().to_string()).collect();
    assert_eq!((out.code, codes), (1, ["json-missing-key", "map-name", "map-kernel-file"].map(str::to_string).to_vec()));
}

#[test]
fn a_run_writes_embeddings_and_a_picture() {
    let dir = tempfile::tempdir().unwrap();
    let run = |more: &[&str]| ok_json(dir.path(), &[&["run", &photo(), "--template", ENCODER, "--model", model()], more].concat());
    for (profile, expected) in EMBEDDING {
        let json = run(&["-o", profile, "--profile", profile]);
        assert_eq!(json["sha256"], *expected, "{profile}");
        assert_eq!((json["tokens"].as_u64(), json["embedding"].as_u64()), (Some(247), Some(192)));
        let npy = std::fs::read(dir.path().join(profile).join("embeddings.npy")).unwrap();
        let header = String::from_utf8_lossy(&npy[..128]).into_owned();
        assert!(header.contains("'descr': '<f4'") && header.contains("(247, 192"), "{header}");
        assert_eq!(hash(&npy[npy.len() - 247 * 192 * 4..]), *expected);
        let picture = image::open(dir.path().join(profile).join("features.png")).unwrap();
        assert!(picture.width() > 600 && picture.height() >= 400);
        assert_eq!(names(&dir.path().join(profile)).len(), 2);
    }
    let portable = run(&["--variant", "portable", "--threads", "3"]);
    assert_eq!(
        (portable["sha256"].as_str(), portable["variant"].as_str(), portable["threads"].as_u64()),
        (Some(EMBEDDING[0].1), Some("portable"), Some(3))
    );
    assert_eq!(names(&dir.path().join("out")).len(), 2);
    let text = ok(dir.path(), &["run", &photo(), "--template", ENCODER, "--model", model()]);
    assert!(text.contains("600x400 -> 608x416") && text.contains("247 tokens of 192 floats"), "{text}");
    fails(dir.path(), "encoder-argument", &["run", &photo(), "--template", ENCODER, "--model", model(), "--variant", "sse9"]);
}

#[test]
fn an_expected_embedding_is_compared() {
    let dir = tempfile::tempdir().unwrap();
    let args = |file: &'static str| ["run", &photo(), "--template", ENCODER, "--model", model(), "--expect", file].map(str::to_string);
    let run = |file: &'static str| ir(dir.path(), &args(file).each_ref().map(String::as_str));
    std::fs::write(dir.path().join("same.json"), format!("{{\"ggml-avx2\": \"{}\"}}", EMBEDDING[0].1)).unwrap();
    std::fs::write(dir.path().join("other.json"), "{\"ggml-avx2\": \"00\"}").unwrap();
    std::fs::write(dir.path().join("none.json"), "{}").unwrap();
    std::fs::write(dir.path().join("broken.json"), "{").unwrap();
    let same = run("same.json");
    assert!(same.code == 0 && same.stdout.contains("the same"), "{}{}", same.stdout, same.stderr);
    for (file, code) in
        [("other.json", "expect-hash"), ("none.json", "expect-hash"), ("broken.json", "expect-file"), ("absent.json", "file-read")]
    {
        let out = run(file);
        assert_eq!((out.code, out.codes()), (1, vec![code]), "{file}: {}", out.stderr);
    }
}

#[test]
fn dumps_are_compared_tap_by_tap() {
    let dir = tempfile::tempdir().unwrap();
    let dump = |name: &str, more: &[&str]| {
        ok(dir.path(), &[&["run", &photo(), "--template", ENCODER, "--model", model(), "--dump", name], more].concat());
    };
    dump("a", &[]);
    dump("b", &["--variant", "portable", "--threads", "1"]);
    let text = ok(dir.path(), &["compare", "a", "b"]);
    assert!(text.contains("52 values, all bits equal"), "{text}");
    let index: Value = serde_json::from_str(&std::fs::read_to_string(dir.path().join("a/taps.json")).unwrap()).unwrap();
    let taps = index["taps"].as_array().unwrap();
    assert_eq!(taps.len(), names(&dir.path().join("a")).len() - 1);

    // one bit of one element of the second norm of the second block
    let tap = taps.iter().find(|t| t["name"] == "norm_w-1" && t["occurrence"] == 2).unwrap();
    let file = dir.path().join("b").join(tap["file"].as_str().unwrap());
    let mut bytes = std::fs::read(&file).unwrap();
    let last = bytes.len() - 4;
    bytes[last] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let out = ir(dir.path(), &["compare", "a", "b"]);
    assert!(out.code == 1 && out.stdout.contains("norm_w-1#2"), "{}{}", out.stdout, out.stderr);
    let machine = ir(dir.path(), &["compare", "a", "b", "--message-format", "json"]);
    assert_eq!((machine.code, machine.json().len()), (1, 1));
    fails(dir.path(), "taps-unreadable", &["compare", "a", "nowhere"]);
}

const MODEL_ARGS: [&str; 3] = ["--template", ENCODER, "--model"];

/// `compare` with JSON messages: exit code and its one object.
fn compared(dir: &Path, args: &[&str]) -> (i32, Value) {
    let out = ir(dir, &[&["compare"], args, &MODEL_ARGS, &[model(), "--message-format", "json"]].concat());
    let mut lines = out.json();
    assert_eq!((lines.len(), out.stderr.as_str()), (1, ""), "{args:?}: {}", out.stdout);
    (out.code, lines.remove(0))
}

fn labels(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|v| v["tap"].as_str().unwrap()).collect()
}

#[test]
fn a_profile_is_compared_with_another() {
    let dir = tempfile::tempdir().unwrap();
    let (code, json) =
        compared(dir.path(), &[&photo(), "--profile", "ggml-avx2", "--against", "profile:ggml-avx512", "--html", "page.html"]);
    assert_eq!((code, json["reason"].as_str(), json["equal"].as_bool()), (1, Some("compare"), Some(false)));
    assert_eq!((json["last_equal"].as_str(), json["first_different"].as_str()), (Some("patches"), Some("frame0")));
    let finding = &json["finding"];
    assert_eq!(
        (finding["op"].as_str(), finding["class"].as_str(), finding["verdict"].as_str()),
        (Some("conv_matmul"), Some("dot8"), Some("op"))
    );
    assert!(finding["reference_kernel"].as_str().unwrap().contains("dot16"), "{finding}");
    assert!(finding["causes"][0].as_str().unwrap().contains("lane count"), "{finding}");
    assert!(finding["law"].as_array().unwrap().len() > 2 && finding["cell"]["columns"] == 38, "{finding}");
    // the ops whose classes differ between the two, and no others
    let ops: BTreeSet<&str> = json["seeds"].as_array().unwrap().iter().map(|s| s["op"].as_str().unwrap()).collect();
    assert_eq!(ops, ["attention", "conv_matmul", "layer_norm", "linear", "linear_bias"].into());
    let taps = json["taps"].as_array().unwrap();
    let state = |t: &Value| (t["outcome"].as_str().unwrap().to_string(), t["replay"]["outcome"].as_str().unwrap().to_string());
    let gelu = taps.iter().find(|t| t["name"] == "ffn_gelu-0").unwrap();
    assert_eq!(state(gelu), ("different".to_string(), "equal".to_string()), "an echo");

    let page = std::fs::read_to_string(dir.path().join("page.html")).unwrap();
    for part in [
        "First difference: frame0",
        "the op is wrong: conv_matmul",
        "prefers-color-scheme: dark",
        "<line class=\"forced\"",
        "layer 1",
        "arena of",
    ] {
        assert!(page.contains(part), "the page has no \"{part}\"");
    }
    for outside in ["http:", "https:", "<script", "<link", "@import", "src="] {
        assert!(!page.contains(outside), "the page needs something else: {outside}");
    }
    assert_eq!(names(dir.path()), ["page.html".to_string()].into());

    let (code, json) = compared(dir.path(), &[&photo(), "--against", "profile:ggml-avx2", "--keep", "kept"]);
    assert_eq!((code, json["equal"].as_bool(), json["finding"].is_null()), (0, Some(true), true));
    assert!(names(&dir.path().join("kept")).contains("taps.json"));
    let text = ok(dir.path(), &[&["compare", &photo(), "--against", "dump:kept"], &MODEL_ARGS[..], &[model()]].concat());
    assert!(text.contains("all bits equal"), "{text}");
}

/// Classes of a bound in C: a build says what it promises, and keeps it.
#[test]
fn profile_fast_keeps_its_bound() {
    let dir = tempfile::tempdir().unwrap();
    for (weights, bound) in [("f16", 1e-4), ("q8_0", 1e-3)] {
        let file = format!("{weights}.gguf");
        ok(dir.path(), &["synth", "--template", ENCODER, "--preset", "tiny", "--weights", weights, "--output", &file]);
        let on_it = ["--template", ENCODER, "--model", &file, "--profile", "fast"];
        let json = ok_json(dir.path(), &[&["compare", &photo(), "--against", "profile:f32"], &on_it[..]].concat());
        assert_eq!((json["reason"].as_str(), json["bound"].as_f64(), json["within"].as_bool()), (Some("near"), Some(bound), Some(true)));
        let values = json["values"].as_array().unwrap();
        assert!(values.iter().any(|v| v["nmse"].as_f64().is_some_and(|n| n > 0.0)), "no value differs: {json}");
        ok(dir.path(), &[&on_it[..], &["--output", weights]].concat());
        let header = std::fs::read_to_string(dir.path().join(weights).join(format!("{ENCODER}.h"))).unwrap();
        assert!(header.contains(&format!("its squared error is at most {bound:e} of the squares")), "{header}");
    }
}

#[test]
fn a_wrong_kernel_is_told_from_a_wrong_input() {
    let dir = tempfile::tempdir().unwrap();
    let status = Command::new("cp").arg("-r").arg(root().join("kernel_maps")).arg(dir.path().join("maps")).status().unwrap();
    assert!(status.success());
    let maps = isobit::maps::Maps::load(isobit::files::Files::from_dir(&dir.path().join("maps")).unwrap()).unwrap();
    let source = dir.path().join("maps").join(&maps.op("gelu_tanh").unwrap().kernels["gelu_tanh.f32.f16table"].source);
    let text = std::fs::read_to_string(&source).unwrap();
    let wrong = text.replace("-10.0f", "-0.5f");
    assert_ne!(text, wrong, "the kernel still has the limit that is moved here");
    std::fs::write(&source, wrong).unwrap();
    let wrong = ["--maps", "maps", "--variant", "portable"];
    let run = |name: &str, image: &str, more: &[&str]| {
        ok(dir.path(), &[&["run", image, "--dump", name], &MODEL_ARGS[..], &[model()], more].concat());
    };
    run("wrong", &photo(), &wrong);
    run("right", &photo(), &[]);

    let (code, json) = compared(dir.path(), &[&["wrong", "right", "--image", &photo()], &wrong[..]].concat());
    assert_eq!((code, json["last_equal"].as_str(), json["first_different"].as_str()), (1, Some("ffn_up_b-0"), Some("ffn_gelu-0")));
    let finding = &json["finding"];
    assert_eq!((finding["op"].as_str(), finding["verdict"].as_str()), (Some("gelu_tanh"), Some("op")));
    assert_eq!(finding["segment"]["operands"], serde_json::json!(["ffn_up_b-0"]));
    assert_eq!(labels(&json["seeds"]), ["ffn_gelu-0", "ffn_gelu-1", "ffn_gelu-1#2", "ffn_gelu"]);
    // without an image nothing is replayed, and what the dumps say stays
    let (code, json) = compared(dir.path(), &["wrong", "right"]);
    assert_eq!((code, json["first_different"].as_str(), json["seeds"].is_null()), (1, Some("ffn_gelu-0"), true));

    // a value of the dump that this build does not give on the reference's operands
    let index: Value = serde_json::from_str(&std::fs::read_to_string(dir.path().join("right/taps.json")).unwrap()).unwrap();
    let file = index["taps"].as_array().unwrap().iter().find(|t| t["name"] == "ln1-1").unwrap()["file"].as_str().unwrap().to_string();
    run("changed", &photo(), &[]);
    let mut bytes = std::fs::read(dir.path().join("changed").join(&file)).unwrap();
    let last = bytes.len() - 2;
    bytes[last] ^= 0x40;
    std::fs::write(dir.path().join("changed").join(&file), bytes).unwrap();
    let (code, json) = compared(dir.path(), &["changed", "right", "--image", &photo()]);
    assert_eq!((code, json["first_different"].as_str(), json["finding"]["verdict"].as_str()), (1, Some("ln1-1"), Some("input")));
    assert_eq!(json["seeds"], serde_json::json!([]));
    let out = ir(dir.path(), &[&["compare", "changed", "right", "--image", &photo()], &MODEL_ARGS[..], &[model()]].concat());
    assert!(out.stdout.contains("its input was") && out.stdout.contains("replay: all"), "{}", out.stdout);

    // another image: the pixels differ first
    std::fs::write(dir.path().join("other.png"), encoded(image::ImageFormat::Png)).unwrap();
    let mut photo_bytes = image::open(photo()).unwrap().to_rgb8();
    photo_bytes.put_pixel(300, 200, image::Rgb([255, 0, 255]));
    photo_bytes.save(dir.path().join("spot.png")).unwrap();
    run("spot", &dir.path().join("spot.png").display().to_string(), &[]);
    let (code, json) = compared(dir.path(), &["spot", "right", "--image", &photo()]);
    assert_eq!((code, json["first_different"].as_str(), json["finding"]["verdict"].as_str()), (1, Some("pixels"), Some("input")));

    run("small", "other.png", &[]);
    fails(dir.path(), "compare-shapes", &[&["compare", &photo(), "--against", "dump:small"], &MODEL_ARGS[..], &[model()]].concat());
    let picture = photo();
    let cut = [&["vector", &picture, "--against", "dump:right", "-o", "vector"], &MODEL_ARGS[..], &[model()]].concat();
    let json = ok_json(dir.path(), &[&cut[..], &wrong[..]].concat());
    assert_eq!((json["tap"].as_str(), json["rows"].as_u64(), json["equal"].as_bool()), (Some("ffn_gelu-0"), Some(4), Some(false)));
    assert_eq!(names(&dir.path().join("vector")), ["expected.npy", "up-0.npy", "vector.json"].map(str::to_string).into());
    let index: Value = serde_json::from_str(&std::fs::read_to_string(dir.path().join("vector/vector.json")).unwrap()).unwrap();
    assert_eq!((index["steps"][0]["op"].as_str(), index["steps"][0]["dims"]["m"].as_u64()), (Some("gelu_tanh"), Some(4)));
    fails(dir.path(), "vector-nothing", &cut);
    for none in ["ffn_gelu-9", "pixels"] {
        fails(dir.path(), "vector-tap", &[&cut[..], &["--tap", none]].concat());
    }
    let json = ok_json(dir.path(), &[&cut[..], &["--tap", "output", "--rows", "2"]].concat());
    assert_eq!((json["rows"].as_u64(), json["equal"].as_bool()), (Some(2), Some(true)));
}

#[test]
#[cfg(unix)]
fn a_reference_program_is_run_and_its_failures_are_shown() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    ok(dir.path(), &[&["run", &photo(), "--dump", "taps"], &MODEL_ARGS[..], &[model()]].concat());
    let script = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        format!("program:{}", path.display())
    };
    let copy = script("copy", "echo \"$@\" > said\nwhile [ \"$1\" != --output ]; do shift; done\ncp -r taps \"$2\"");
    let (code, json) = compared(dir.path(), &[&photo(), "--against", &copy]);
    assert_eq!((code, json["equal"].as_bool()), (0, Some(true)), "{json}");
    let said = std::fs::read_to_string(dir.path().join("said")).unwrap();
    assert!(said.starts_with("dump --model ") && said.contains(".ppm --threads 1 --attention flash --output "), "{said}");

    let against = |what: &str| {
        [&["compare", &photo(), "--against", what], &MODEL_ARGS[..], &[model()]].concat().iter().map(|s| s.to_string()).collect::<Vec<_>>()
    };
    let failing = |code: &str, what: &str| {
        let args = against(what);
        fails(dir.path(), code, &args.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let text = failing("program-failed", &script("broken", "echo 'no such tensor' >&2; exit 3"));
    assert!(text.contains("no such tensor") && text.contains('3'), "{text}");
    failing("program-missing", "program:nowhere/at-all");
    failing("taps-unreadable", &script("silent", "exit 0"));
    failing("taps-unreadable", "dump:nowhere");
    failing("map-not-found", "profile:nope");
    std::fs::create_dir(dir.path().join("empty")).unwrap();
    failing("taps-unreadable", "dump:empty");
}

#[test]
fn wrong_use_is_exit_code_2() {
    let dir = tempfile::tempdir().unwrap();
    for args in [
        &[][..],
        &["--template"],
        &["--template", ENCODER, "--bogus"],
        &["--template", ENCODER, "--stop", "everything"],
        &["--template", ENCODER, "--model", "m.gguf", "--preset", "tiny"],
        &["--template", ENCODER, "list", "ops"],
        &["compile"],
        &["list"],
        &["list", "keys"],
        &["run"],
        &["run", "photo.png"],
        &["run", "photo.png", "--template", ENCODER],
        &["run", "photo.png", "--threads", "-1"],
        &["plan", "--template", ENCODER],
        &["plan", "--template", ENCODER, "--image", "64"],
        &["plan", "--template", ENCODER, "--image", "0x64"],
        &["plan", "--template", ENCODER, "--image", "99999999999x1"],
        &["explain", ENCODER],
        &["explain", ENCODER, "qkv-0", "--template", ENCODER],
        &["synth", "--template", ENCODER],
        &["synth", "--template", ENCODER, "-o", "m.gguf", "--seed", "x"],
        &["compare", "a"],
        &["compare", "a", "b", "c"],
        &["compare", "a", "--against", "nonsense"],
        &["compare", "a", "--against", "guess:b"],
        &["compare", "a", "--against", "dump:b"],
        &["compare", "a", "b", "--against", "dump:b", "--template", ENCODER, "--model", "m.gguf"],
        &["vector", "a", "b"],
        &["check", "--message-format", "xml"],
    ] {
        let out = ir(dir.path(), args);
        assert_eq!(out.code, 2, "{args:?}: {}{}", out.stdout, out.stderr);
        assert!(out.stdout.is_empty() && !out.stderr.is_empty(), "{args:?}: {}", out.stdout);
    }
    assert_eq!(names(dir.path()).len(), 0);
    for args in [&["--help"][..], &["--version"], &["run", "--help"], &["check", "--help"], &["explain", "--help"], &["list", "--help"]] {
        assert!(ok(dir.path(), args).len() > 10);
    }
    for command in ["plan", "synth", "compare", "vector"] {
        ok(dir.path(), &[command, "--help"]);
    }
}

#[test]
fn bad_data_is_one_clear_error_and_exit_code_1() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(dir.path().join(name), bytes).unwrap();
    write("no.gguf", b"no GGUF file at all");
    write("empty.gguf", b"");
    write("no.json", b"{");
    write("binary.json", &[0xff, 0xfe, 0]);
    std::fs::create_dir(dir.path().join("maps")).unwrap();
    let whole = std::fs::read(model()).unwrap();
    write("cut.gguf", &whole[..whole.len() / 2]);
    write("late.gguf", &whole[..whole.len() - 100_000]);
    // a weight type that no kernel reads
    let template = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("templates/{ENCODER}.json"))).unwrap();
    write("q5.json", template.replace("\"type\": \"q4_0\"", "\"type\": \"q5_0\"").as_bytes());
    for (code, args) in [
        ("template-not-found", &["--template", "nope"][..]),
        ("template-not-found", &["--template", ""]),
        ("json-syntax", &["--template", "no.json"]),
        ("file-read", &["--template", "binary.json"]),
        ("map-not-found", &["--template", ENCODER, "--profile", "nope"]),
        ("map-not-found", &["--template", ENCODER, "--target", "nope"]),
        ("map-not-found", &["--template", ENCODER, "--profile", "../profiles/ggml-avx2"]),
        ("preset-unknown", &["--template", ENCODER, "--preset", "nope"]),
        ("weights-unknown", &["--template", ENCODER, "--weights", "nope"]),
        ("select-types", &["--template", "q5.json", "--preset", "tiny", "--weights", "q4_0"]),
        ("maps-empty", &["--template", ENCODER, "--maps", "maps"]),
        ("file-read", &["--template", ENCODER, "--maps", "nowhere"]),
        ("gguf-open", &["--template", ENCODER, "--model", "nope.gguf"]),
        ("gguf-open", &["--template", ENCODER, "--model", "maps"]),
        ("gguf-not-gguf", &["--template", ENCODER, "--model", "no.gguf"]),
        ("gguf-empty", &["--template", ENCODER, "--model", "empty.gguf"]),
        ("gguf-out-of-file", &["--template", ENCODER, "--model", "cut.gguf"]),
        ("gguf-out-of-file", &["--template", ENCODER, "--model", "late.gguf"]),
        ("gguf-not-gguf", &["list", "keys", "no.gguf"]),
        ("image-unreadable", &["run", "nope.png", "--template", ENCODER, "--model", model()]),
        ("gguf-open", &["run", &photo(), "--template", ENCODER, "--model", "nope.gguf"]),
        ("template-not-found", &["synth", "--template", "nope", "-o", "m.gguf"]),
        ("gguf-write", &["synth", "--template", ENCODER, "--preset", "tiny", "-o", "maps"]),
        ("gguf-write", &["synth", "--template", ENCODER, "--preset", "tiny", "-o", "nowhere/m.gguf"]),
    ] {
        let text = fails(dir.path(), code, args);
        assert!(text.lines().count() < 30, "{args:?}: {text}");
    }
    let kept = ["no.gguf", "empty.gguf", "no.json", "q5.json", "binary.json", "maps", "cut.gguf", "late.gguf"];
    assert_eq!(names(dir.path()), kept.map(str::to_string).into(), "nothing is written");
}

#[test]
fn templates_and_maps_are_found_by_path_here_or_built_in() {
    let dir = tempfile::tempdir().unwrap();
    let sizes = |args: &[&str]| {
        let text = ok(dir.path(), &[args, &["--stop", "ops"]].concat());
        text.lines().find(|l| l.starts_with("dim ")).unwrap_or_default().to_string()
    };
    assert_eq!(sizes(&TINY), "dim n_embd = 64", "built in");
    let text = std::fs::read_to_string(root().join("templates").join(format!("{ENCODER}.json"))).unwrap();
    let wider =
        |width: &str| text.replacen("\"clip.vision.embedding_length\": 64", &format!("\"clip.vision.embedding_length\": {width}"), 1);
    std::fs::create_dir(dir.path().join("templates")).unwrap();
    std::fs::write(dir.path().join(format!("templates/{ENCODER}.json")), wider("128")).unwrap();
    assert_eq!(sizes(&TINY), "dim n_embd = 128", "./templates wins");
    std::fs::write(dir.path().join(format!("{ENCODER}.json")), wider("192")).unwrap();
    assert_eq!(sizes(&TINY), "dim n_embd = 192", "a path wins");
    assert_eq!(sizes(&["--template", &format!("templates/{ENCODER}.json"), "--preset", "tiny"]), "dim n_embd = 128");

    let status = Command::new("cp").arg("-r").arg(root().join("kernel_maps")).arg(dir.path().join("maps")).status().unwrap();
    assert!(status.success());
    let built_in = ok(dir.path(), &["list", "kernels"]);
    assert_eq!(ok(dir.path(), &["list", "kernels", "--maps", "maps"]), built_in);
    std::fs::rename(dir.path().join("maps"), dir.path().join("kernel_maps")).unwrap();
    assert_eq!(ok(dir.path(), &["list", "kernels"]), built_in);
    std::fs::write(dir.path().join("kernel_maps/add.json"), "{").unwrap();
    let error = fails(dir.path(), "json-syntax", &["list", "kernels"]);
    assert!(error.contains("kernel_maps/add.json"), "./kernel_maps wins: {error}");
}

#[test]
fn files_with_odd_names_work() {
    let dir = tempfile::tempdir().unwrap();
    let name = "line\nbreak \"quote\" ?\u{3f} * \\ .gguf";
    std::fs::copy(model(), dir.path().join(name)).unwrap();
    ok(dir.path(), &["--template", ENCODER, "--model", name, "-o", "out"]);
    let header = std::fs::read_to_string(dir.path().join("out/qwen3_vl_vision.h")).unwrap();
    let comment = header.split("*/").next().unwrap();
    assert!(comment.lines().skip(1).all(|l| l.starts_with(" *") || l.trim().is_empty()), "{comment}");
    assert!(comment.contains("#") || comment.contains("Numbers."), "the whole comment is one: {comment}");
    ok(dir.path(), &["list", "tensors", name]);
    ok(dir.path(), &["plan", "--image", "32x32", "--template", ENCODER, "--model", name]);
}

#[test]
fn nothing_is_left_behind_when_writing_fails() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "in the way").unwrap();
    fails(dir.path(), "write-failed", &[&TINY[..], &["-o", "file"]].concat());
    fails(dir.path(), "write-failed", &[&TINY[..], &["-o", "file/below"]].concat());
    assert_eq!(std::fs::read_to_string(dir.path().join("file")).unwrap(), "in the way");

    // a directory has the name of the last file: the others are not written either
    std::fs::create_dir_all(dir.path().join("out/qwen3_vl_vision.pc.in")).unwrap();
    std::fs::write(dir.path().join("out/example.c"), "old").unwrap();
    fails(dir.path(), "write-failed", &[&TINY[..], &["-o", "out"]].concat());
    assert_eq!(names(&dir.path().join("out")), ["qwen3_vl_vision.pc.in", "example.c"].map(str::to_string).into());
    assert_eq!(std::fs::read_to_string(dir.path().join("out/example.c")).unwrap(), "old");

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let closed = dir.path().join("closed");
        std::fs::create_dir(&closed).unwrap();
        std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o555)).unwrap();
        if std::fs::write(closed.join("probe"), "").is_ok() {
            eprintln!("skipped: this user writes to read-only directories");
        } else {
            fails(dir.path(), "write-failed", &[&TINY[..], &["-o", "closed"]].concat());
            fails(dir.path(), "gguf-write", &tiny(&["synth", "-o", "closed/m.gguf"]));
            assert_eq!(names(&closed).len(), 0);
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_leaves_nothing_half_written() {
    let dir = tempfile::tempdir().unwrap();
    let disk = dir.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"]).arg(&disk).stderr(Stdio::null()).status();
    if !mount.is_ok_and(|s| s.success()) {
        eprintln!("skipped: no small disk can be mounted here");
        return;
    }
    struct Unmount(PathBuf);
    impl Drop for Unmount {
        fn drop(&mut self) {
            let _ = Command::new("umount").arg(&self.0).status();
        }
    }
    let _unmount = Unmount(disk.clone());
    let run = ["run", &photo(), "--template", ENCODER, "--model", model()].map(str::to_string);
    let run: Vec<&str> = run.iter().map(String::as_str).collect();
    std::fs::write(disk.join("old"), "old").unwrap();
    fails(dir.path(), "write-failed", &[&TINY[..], &["-o", "disk"]].concat());
    fails(dir.path(), "gguf-write", &tiny(&["synth", "-o", "disk/m.gguf"]));
    fails(dir.path(), "taps-unwritable", &[&run[..], &["-o", "out", "--dump", "disk/taps"]].concat());
    assert_eq!(names(&disk), ["old".to_string()].into());
    let out = ir(dir.path(), &[&run[..], &["-o", "disk"]].concat());
    assert!(out.code == 0 || out.codes() == ["write-failed"], "{}", out.stderr);
    assert!(names(&disk).iter().all(|n| !n.starts_with('.')), "no temporary file is left: {:?}", names(&disk));
    // compiled encoders go to a cache, which can be full as well
    let out = ir_with(dir.path(), &run, |c| c.env("XDG_CACHE_HOME", &disk));
    assert_eq!((out.code, out.codes().len()), (1, 1), "{}", out.stderr);
}

#[test]
#[cfg(target_os = "linux")]
fn output_that_cannot_be_written_is_an_error_and_a_closed_pipe_is_none() {
    let dir = tempfile::tempdir().unwrap();
    for args in [&["list", "ops"][..], &["list", "ops", "--message-format", "json"], &["--template", ENCODER, "--stop", "plan"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let out = ir_with(dir.path(), args, |c| c.stdout(full));
        assert_eq!((out.code, out.codes()), (1, vec!["write-failed"]), "{args:?}: {}", out.stderr);

        let mut child = command(dir.path()).args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && stderr.is_empty(), "{args:?}: {stderr}");
    }
}

#[test]
fn a_missing_compiler_is_one_clear_error() {
    let dir = tempfile::tempdir().unwrap();
    let plan = [&["plan", "--image", "64x64"], &TINY[..]].concat();
    for (cc, code) in [("/nonexistent/cc", "compiler-missing"), ("false", "compile-failed")] {
        let out = ir_with(dir.path(), &plan, |c| c.env("CC", cc).env("XDG_CACHE_HOME", dir.path().join("cache")));
        assert_eq!((out.code, out.codes()), (1, vec![code]), "{cc}: {}", out.stderr);
        assert!(out.stderr.contains("CC"), "{}", out.stderr);
        assert!(names(&dir.path().join("cache/isobit")).is_empty(), "{cc} leaves nothing in the cache");
    }
    // what needs no compiler works without one
    for args in [&TINY[..], &["list", "ops"], &tiny(&["check"])] {
        let out = ir_with(dir.path(), args, |c| c.env("CC", "/nonexistent/cc"));
        assert_eq!(out.code, 0, "{args:?}: {}", out.stderr);
    }
}

#[test]
fn images_of_every_kind() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(dir.path().join(name), bytes).unwrap();
    let run = |name: &'static str| ["run", name, "--template", ENCODER, "--model", model(), "-o", "out"];
    let (png, jpeg) = (encoded(image::ImageFormat::Png), encoded(image::ImageFormat::Jpeg));
    for (name, bytes, size) in [
        ("dot.ppm", ppm(1, 1), (96, 96)),
        ("wide.ppm", ppm(20000, 1), (20000, 32)),
        ("high.ppm", ppm(1, 20000), (32, 20000)),
        ("image.png", png.clone(), (96, 96)),
        ("image.jpg", jpeg.clone(), (96, 96)),
    ] {
        write(name, &bytes);
        let json = ok_json(dir.path(), &run(name));
        let (width, height) = (json["width"].as_u64().unwrap(), json["height"].as_u64().unwrap());
        assert!(width % 32 == 0 && height % 32 == 0 && (width, height) >= size, "{name}: {width} x {height}");
        assert_eq!(json["tokens"], width * height / 1024, "{name}");
        image::open(dir.path().join("out/features.png")).unwrap();
        std::fs::remove_dir_all(dir.path().join("out")).unwrap();
    }
    for (name, bytes, code) in [
        ("empty.png", Vec::new(), "image-format"),
        ("text.png", b"no image".to_vec(), "image-format"),
        ("gif.png", b"GIF89a\x01\0\x01\0".to_vec(), "image-format"),
        ("cut.png", png[..png.len() / 2].to_vec(), "image-damaged"),
        ("cut.jpg", jpeg[..jpeg.len() / 2].to_vec(), "image-damaged"),
        ("cut.ppm", ppm(30, 30)[..500].to_vec(), "image-damaged"),
        ("long.ppm", b"P6\n70000 1\n255\n".to_vec(), "image-too-large"),
        ("huge.ppm", b"P6\n60000 60000\n255\n".to_vec(), "image-too-large"),
    ] {
        write(name, &bytes);
        let text = fails(dir.path(), code, &run(name));
        assert!(text.contains(name), "{text}");
    }
    fails(dir.path(), "image-unreadable", &run("."));
    assert!(!dir.path().join("out").exists(), "no output without an image");
}
