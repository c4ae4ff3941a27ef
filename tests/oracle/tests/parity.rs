//! Shows that `parity` accepts equal bits and names every kind of fault, with a library that replays a dump of llama.cpp.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;

mod gguf;

const ORACLE: &str = env!("CARGO_BIN_EXE_isobit-oracle");

struct Fixture {
    _dir: tempfile::TempDir,
    model: PathBuf,
    library: PathBuf,
    taps: PathBuf,
    index: PathBuf,
}

/// Makes the model, the dump and the library once for all tests.
fn fixture() -> &'static Fixture {
    static ONCE: OnceLock<Fixture> = OnceLock::new();
    ONCE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let (model, taps, index) = (at("tiny.gguf"), at("taps"), at("index.txt"));
        gguf::write_tiny_encoder(&model);
        let dumped = oracle(&["dump", "--model", path(&model), "--synthetic", "96x96", "--output", path(&taps)], &[]);
        assert!(dumped.status.success(), "{}", text(&dumped));
        write_index(&taps, &index);
        let library = at("libfake.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("fake/fake.c");
        let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_string());
        let flags = ["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", path(&library), path(&source)];
        let compiled = Command::new(compiler).args(flags).output().unwrap();
        assert!(compiled.status.success(), "{}", text(&compiled));
        Fixture { _dir: dir, model, library, taps, index }
    })
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn oracle(args: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(ORACLE).args(args).envs(environment.iter().copied()).output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn taps_json(dir: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(dir.join("taps.json")).unwrap()).unwrap()
}

/// The tap set in the form that the fake library reads, repeated names numbered as a library numbers them.
fn write_index(taps: &Path, index: &Path) {
    let mut lines = String::new();
    // libraries are handed the pixels, they make no tap of them
    for tap in taps_json(taps)["taps"].as_array().unwrap().iter().filter(|t| t["op"] != "INPUT") {
        let name = tap["name"].as_str().unwrap();
        let suffix = tap["occurrence"].as_u64().filter(|&k| k > 1).map_or(String::new(), |k| format!("#{k}"));
        let shape: Vec<u64> = tap["shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
        let padded: Vec<String> = (0..4).map(|i| shape.get(i).copied().unwrap_or(0).to_string()).collect();
        let (op, dtype, file) = (tap["op"].as_str().unwrap(), tap["dtype"].as_str().unwrap(), tap["file"].as_str().unwrap());
        let file = taps.join(file);
        lines += &format!("{name}{suffix} {op} fake.{dtype} {dtype} {} {} {}\n", shape.len(), padded.join(" "), path(&file));
    }
    fs::write(index, lines).unwrap();
}

/// Runs `parity` on the fake library; returns the exit code and everything printed.
fn parity(arguments: &[&str], faults: &[(&str, &str)]) -> (Option<i32>, String) {
    let f = fixture();
    let mut all = vec!["parity", "--library", path(&f.library), "--prefix", "fake", "--model", path(&f.model)];
    if !arguments.iter().any(|a| a.ends_with("sizes")) {
        all.extend(["--sizes", "96x96"]);
    }
    all.extend(arguments);
    let mut environment = vec![("FAKE_INDEX", path(&f.index))];
    environment.extend(faults);
    let output = oracle(&all, &environment);
    (output.status.code(), text(&output))
}

#[test]
fn the_reference_states_what_it_is() {
    let output = oracle(&["reference"], &[]);
    let printed = text(&output);
    for fact in ["isa profile: ggml-", "crate: llama-cpp-sys-2-0.1.161", "llama.cpp: ", "ggml: ", "isa features: ", "compiler: ", "libc: "]
    {
        assert!(printed.contains(fact), "{fact} is missing in:\n{printed}");
    }
    assert!(printed.contains("CMAKE_BUILD_TYPE=Release") && printed.contains("GGML_NATIVE=OFF"), "{printed}");
}

#[test]
fn every_named_node_is_dumped_with_its_occurrence() {
    let index = taps_json(&fixture().taps);
    let taps = index["taps"].as_array().unwrap();
    let find = |name: &str, k: u64| taps.iter().position(|t| t["name"] == name && t["occurrence"] == k);
    for name in ["patch_bias", "inp_pos_emb", "Qcur-0", "Vcur-1", "Qcur_rope-1", "kqv_out-0", "ffn_gelu-1", "layer_out-1"] {
        assert!(find(name, 1).is_some(), "{name}");
    }
    // Layer 0 has three norms: two of its own, and its deepstack merger's, which runs at the very end.
    let norms: Vec<usize> = (1..=3).map(|k| find("norm_w-0", k).unwrap()).collect();
    assert!(norms.is_sorted() && norms[2] > find("ffn_down", 1).unwrap());
    assert!(find("norm_w-0", 4).is_none());
    assert_eq!(taps.last().unwrap()["name"], "output");
}

#[test]
fn views_are_dumped_as_their_own_elements() {
    // The query view and the value view look at one buffer; as arrays they are neither equal nor zero.
    let dir = &fixture().taps;
    let index = taps_json(dir);
    let load = |name: &str| {
        let tap = index["taps"].as_array().unwrap().iter().find(|t| t["name"] == name).unwrap();
        assert_eq!(tap["shape"], serde_json::json!([36, 2, 16]));
        fs::read(dir.join(tap["file"].as_str().unwrap())).unwrap()
    };
    let (q, v) = (load("Qcur-0"), load("Vcur-0"));
    assert_eq!(q.len(), v.len());
    assert_ne!(q, v);
    assert!(q[q.len() - 36 * 32 * 4..].iter().any(|&b| b != 0));
}

#[test]
fn dumps_of_one_image_are_equal_at_any_thread_count() {
    let f = fixture();
    let dir = tempfile::tempdir().unwrap();
    let args = ["dump", "--model", path(&f.model), "--synthetic", "96x96", "--threads", "3", "--output", path(dir.path())];
    assert!(oracle(&args, &[]).status.success());
    for tap in taps_json(&f.taps)["taps"].as_array().unwrap() {
        let file = tap["file"].as_str().unwrap();
        assert_eq!(fs::read(f.taps.join(file)).unwrap(), fs::read(dir.path().join(file)).unwrap(), "{file}");
    }
}

#[test]
fn attention_is_chosen_in_either_wording() {
    let f = fixture();
    let nodes = |arguments: &[&str]| {
        let output = oracle(&[&["nodes", "--model", path(&f.model), "--synthetic", "96x96", "--all"], arguments].concat(), &[]);
        (output.status.code(), text(&output))
    };
    let flash = nodes(&[]);
    assert!(flash.1.contains("FLASH_ATTN_EXT") && !flash.1.contains("SOFT_MAX"), "{}", flash.1);
    assert_eq!(flash, nodes(&["--attention", "flash"]));
    assert_eq!(flash, nodes(&["--flash", "on"]));
    let full = nodes(&["--attention", "full"]);
    assert!(full.1.contains("SOFT_MAX") && !full.1.contains("FLASH_ATTN_EXT"), "{}", full.1);
    assert_eq!(full, nodes(&["--flash", "off"]));
    assert_eq!(nodes(&["--attention", "full", "--flash", "on"]).0, Some(2));
}

#[test]
fn equal_bits_pass() {
    let json = tempfile::NamedTempFile::new().unwrap();
    let (code, printed) = parity(&["--threads", "1,2", "--json", path(json.path())], &[]);
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.contains("2 passed, 0 failed"), "{printed}");
    let value: Value = serde_json::from_str(&fs::read_to_string(json.path()).unwrap()).unwrap();
    let rows = value["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row["equal"] == true && row["differing"] == 0 && row["taps"].as_u64() > Some(40)));
}

#[test]
fn preprocessing_is_compared_from_the_8_bit_image_on() {
    let (code, printed) = parity(&["--source-sizes", "96x96"], &[]);
    assert_eq!(code, Some(0), "{printed}");
    for only in [&[][..], &["--preprocess-only"]] {
        let arguments = [&["--source-sizes", "96x96"][..], only].concat();
        let (code, printed) = parity(&arguments, &[("FAKE_PIXEL", "1")]);
        assert_eq!(code, Some(1), "{printed}");
        assert!(printed.contains("first difference: pixels") && printed.contains("last equal before it: nothing"), "{printed}");
    }
}

#[test]
fn one_flipped_bit_is_found_and_located() {
    let (code, printed) = parity(&[], &[("FAKE_FLIP", "ffn_gelu-0")]);
    assert_eq!(code, Some(1), "{printed}");
    for part in [
        "first difference: ffn_gelu-0 (op GELU, kernel fake.f32)",
        "last equal before it: ffn_up_b-0",
        "1 of 1,728 elements differ (0.058 %), in 1 of 36 rows and 1 of 48 columns",
        "max ULP 1,",
        "token 0, channel 37",
        "1 of ",
    ] {
        assert!(printed.contains(part), "{part} is missing in:\n{printed}");
    }
}

#[test]
fn a_later_occurrence_is_told_from_the_first() {
    let (code, printed) = parity(&[], &[("FAKE_FLIP", "norm_w-0#3")]);
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("first difference: norm_w-0#3"), "{printed}");
}

#[test]
fn the_output_alone_can_differ() {
    for arguments in [&[][..], &["--output-only"]] {
        let (code, printed) = parity(arguments, &[("FAKE_FLIP", "output")]);
        assert_eq!(code, Some(1), "{printed}");
        assert!(printed.contains("first difference: output"), "{printed}");
    }
}

#[test]
fn a_nan_is_a_difference() {
    let (code, printed) = parity(&[], &[("FAKE_NAN", "layer_out-1")]);
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("pairs with a NaN 1"), "{printed}");
}

#[test]
fn padded_rows_are_compared_like_any_others() {
    let (code, printed) = parity(&[], &[("FAKE_PAD", "1")]);
    assert_eq!(code, Some(0), "{printed}");
    let (code, printed) = parity(&[], &[("FAKE_PAD", "1"), ("FAKE_FLIP", "ln1-1")]);
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("first difference: ln1-1"), "{printed}");
}

#[test]
fn missing_surplus_and_repeated_taps_are_named() {
    let (code, printed) = parity(&[], &[("FAKE_SKIP", "kqv_out-1")]);
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("1 named nodes of llama.cpp are not tapped: kqv_out-1"), "{printed}");
    let (code, printed) = parity(&["--ignore", "kqv_*"], &[("FAKE_SKIP", "kqv_out-1")]);
    assert_eq!(code, Some(0), "{printed}");
    let (code, printed) = parity(&[], &[("FAKE_SKIP", "kqv_out-1"), ("FAKE_KEPT", "1")]);
    assert_eq!(code, Some(0), "{printed}");
    let (code, printed) = parity(&[], &[("FAKE_EXTRA", "1")]);
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("tap `invented-0`") && printed.contains("has no node"), "{printed}");
    let (code, printed) = parity(&[], &[("FAKE_TWICE", "norm_w-0#2")]);
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("tap `norm_w-0#2` is shown twice"), "{printed}");
}

#[test]
fn writing_behind_the_arena_is_noticed() {
    let (code, printed) = parity(&[], &[("FAKE_OVERRUN", "1")]);
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("wrote behind its planned arena"), "{printed}");
}

#[test]
fn a_wrong_plan_is_noticed() {
    let (code, printed) = parity(&[], &[("FAKE_TOKENS", "1")]);
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("the library plans 10 tokens"), "{printed}");
}

#[test]
fn another_profile_is_refused_unless_asked_for() {
    let (code, printed) = parity(&[], &[("FAKE_PROFILE", "ggml-other")]);
    assert_eq!(code, Some(2), "{printed}");
    assert!(printed.contains("profile ggml-other"), "{printed}");
    assert_eq!(parity(&["--any-profile"], &[("FAKE_PROFILE", "ggml-other")]).0, Some(0));
}

#[test]
fn other_attention_is_refused_unless_asked_for() {
    let (code, printed) = parity(&[], &[("FAKE_ATTENTION", "full")]);
    assert_eq!(code, Some(2), "{printed}");
    assert!(printed.contains("the library computes full attention"), "{printed}");
    assert_eq!(parity(&[], &[("FAKE_ATTENTION", "flash")]).0, Some(0));
    assert_eq!(parity(&["--any-profile"], &[("FAKE_ATTENTION", "full")]).0, Some(0));
}

#[test]
fn failures_of_either_side_are_reported_and_not_fatal() {
    let (code, printed) = parity(&["--batch", "2"], &[]);
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("encode_pixels returned 6 (fake failure): one image at a time"), "{printed}");
    let (code, printed) = parity(&["--sizes", "100x96"], &[]);
    assert_eq!(code, Some(2), "{printed}");
    assert!(printed.contains("not a positive multiple of 32"), "{printed}");
    let output = oracle(&["nodes", "--model", "/does/not/exist.gguf", "--synthetic", "96x96"], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("error: llama.cpp"), "{}", text(&output));
}

#[test]
fn both_sides_are_dumped_where_they_differ() {
    let dir = tempfile::tempdir().unwrap();
    let (code, printed) = parity(&["--dump-on-difference", path(dir.path())], &[("FAKE_FLIP", "ffn_out-0")]);
    assert_eq!(code, Some(1), "{printed}");
    let row = dir.path().join("96x96-t1-portable");
    let (ours, theirs) = (taps_json(&row.join("llama.cpp")), taps_json(&row.join("library")));
    let (ours, theirs) = (ours["taps"].as_array().unwrap(), theirs["taps"].as_array().unwrap());
    assert_eq!(ours.len(), theirs.len());
    for (a, b) in ours.iter().zip(theirs) {
        assert_eq!((&a["name"], &a["occurrence"]), (&b["name"], &b["occurrence"]));
        let bytes = |side: &str, tap: &Value| fs::read(row.join(side).join(tap["file"].as_str().unwrap())).unwrap();
        assert_eq!(bytes("llama.cpp", a) == bytes("library", b), a["name"] != "ffn_out-0", "{}", a["name"]);
    }
}

#[test]
fn benches_alternate_and_report_both_sides() {
    let f = fixture();
    let args = ["bench", "--library", path(&f.library), "--prefix", "fake", "--model", path(&f.model), "--size", "96x96", "--pairs", "2"];
    let output = oracle(&args, &[("FAKE_INDEX", path(&f.index))]);
    let printed = text(&output);
    assert!(output.status.success(), "{printed}");
    for part in ["llama.cpp", "library", "GFLOP/s", "2 pairs; outputs equal"] {
        assert!(printed.contains(part), "{part} is missing in:\n{printed}");
    }
}

#[test]
fn preprocessing_writes_what_encoding_reads() {
    let f = fixture();
    let dir = tempfile::tempdir().unwrap();
    let (image, pixels) = (dir.path().join("image.ppm"), dir.path().join("pixels.npy"));
    let mut ppm = b"P6 300 200 255\n".to_vec();
    ppm.extend((0..300 * 200 * 3).map(|i| (i * 7 % 251) as u8));
    fs::write(&image, ppm).unwrap();
    let output = oracle(&["preprocess", "--model", path(&f.model), "--rgb", path(&image), "--output", path(&pixels)], &[]);
    assert!(text(&output).contains("became 288x192 pixels"), "{}", text(&output));
    let read = |flag: &str, file: &Path, to: &str| {
        let to = dir.path().join(to);
        let output = oracle(&["dump", "--model", path(&f.model), flag, path(file), "--output", path(&to)], &[]);
        assert!(output.status.success(), "{}", text(&output));
        let index = taps_json(&to);
        fs::read(to.join(index["taps"].as_array().unwrap().last().unwrap()["file"].as_str().unwrap())).unwrap()
    };
    assert_eq!(read("--rgb", &image, "a"), read("--pixels", &pixels, "b"));
}
