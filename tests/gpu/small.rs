//! A whole encoder of two steps, written by hand: `small/`.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

use half::f16;
use tempfile::TempDir;

use super::probe::maps;
use super::{devices, le};
use isobit::diagnostic::{Diagnostic, Result};
use isobit::emit::Sources;
use isobit::emit::probe::probe;
use isobit::gguf::{GgmlType, GgufWriter, MetaArray, MetaValue};
use isobit::gpu::encoder::fnv;
use isobit::gpu::weights::WeightFile;
use isobit::gpu::{Device, Encoder, Program};
use isobit::host::hooks::{Hooks, Progress};
use isobit::host::runner::Runner;
use isobit::maps::Promise;
use isobit::taps::TapView;

const SCALE: [f32; 3] = [2.0, -0.5, 0.25];
const SHIFT: [f32; 3] = [100.0, 3.5, -8.0];

fn sources(change: impl Fn(&str) -> String) -> Sources {
    let sum = fnv(&[0u32, 1, 4, 9].map(u32::to_le_bytes).concat());
    let manifest = include_str!("small/manifest.json").replace("CHECKSUM", &format!("{sum:016x}"));
    let (text, entry) = probe(&maps()).unwrap();
    let manifest = manifest.replace("PROBE", &entry.to_string());
    BTreeMap::from([
        ("manifest.json".to_string(), change(&manifest)),
        ("scale.wgsl".to_string(), include_str!("small/scale.wgsl").to_string()),
        ("probe.wgsl".to_string(), text),
        ("cells.wgsl".to_string(), include_str!("small/cells.wgsl").to_string()),
        ("squares.table.wgsl".to_string(), include_str!("small/squares.table.wgsl").to_string()),
    ])
}

fn program() -> Program {
    Program::from_sources("small", &sources(str::to_string)).unwrap()
}

/// A model file, after a change to the usual one.
fn model(change: impl Fn(&mut GgufWriter)) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("small.gguf");
    let mut writer = GgufWriter::new();
    writer.meta("small.size", MetaValue::U64(7)).meta("small.eps", MetaValue::F32(1e-5));
    writer.tensor("v.scale", GgmlType::F32, [3]).tensor("v.shift", GgmlType::F16, [3]).tensor("v.spare.one", GgmlType::F32, [1]);
    change(&mut writer);
    writer
        .write(
            &path,
            |t, sink| match t.name.as_str() {
                "v.shift" => sink.f32(&SHIFT),
                _ => sink.f32(&SCALE[..t.elements() as usize]),
            },
            |_, _| (),
        )
        .unwrap();
    (dir, path)
}

fn open(device: Device) -> Encoder {
    let (_dir, path) = model(|_| ());
    Encoder::open(program(), &path, device).unwrap()
}

fn opened() -> Vec<Encoder> {
    devices(&program().needs()).into_iter().map(open).collect()
}

fn pixels(count: u64) -> Vec<f32> {
    (0..count).map(|i| ((i * 37) % 61) as f32 / 8.0 - 3.0).collect()
}

fn scaled(pixels: &[f32]) -> Vec<f32> {
    // the shift begins at its second element
    pixels.iter().enumerate().map(|(i, x)| x * SCALE[i % 3] + f16::from_f32(SHIFT[1 + i % 2]).to_f32()).collect()
}

/// What the two steps make of pixels; all sums are exact.
fn cells(scaled: &[f32], batch: usize, rows: usize, cols: usize) -> Vec<f32> {
    let mut out = Vec::new();
    for b in 0..batch {
        for cell in 0..rows * cols {
            let (row, col) = (cell / cols * 2, cell % cols * 2);
            let at = |y: usize, x: usize| (((b * 2 * rows + row + y) * 2 * cols) + col + x) * 3;
            let sum: f32 = [at(0, 0), at(0, 1), at(1, 0), at(1, 1)].iter().flat_map(|p| &scaled[*p..p + 3]).sum();
            out.extend([sum, ((cell % 4) * (cell % 4)) as f32 - (batch.max(2) - 2) as f32]);
        }
    }
    out
}

#[test]
fn an_encoder_runs_with_exactly_the_planned_memory() {
    for mut encoder in opened() {
        assert_eq!(encoder.variants(), ["wgsl"]);
        assert_eq!((encoder.probed().exact(), encoder.doubt()), (true, None));
        for (batch, rows, cols) in [(1, 1, 1), (1, 2, 3), (3, 2, 3), (4, 5, 4), (1, 2, 3)] {
            let planned = encoder.plan(batch, 2 * rows, 2 * cols).unwrap();
            assert_eq!((planned.grid_rows, planned.grid_cols, planned.tokens, planned.embedding), (rows, cols, rows * cols, 2));
            assert_eq!((planned.flops, planned.memory.weights, planned.memory.tables), (24 * batch * rows * cols, 32, 16));
            let pixels = pixels(12 * batch * rows * cols);
            let encoded = encoder.encode_pixels(&pixels, &planned, Hooks::default(), true).unwrap();
            assert_eq!(encoded.values, cells(&scaled(&pixels), batch as usize, rows as usize, cols as usize));
            let clock = encoder.device().has("timestamp-query");
            assert_eq!(encoded.seconds.map(|s| (s.len(), s.iter().all(|t| (0.0..60.0).contains(t)))), clock.then_some((2, true)));
            assert_eq!(encoder.device().used(), planned.memory.total(), "{} x {rows} x {cols}", batch);
            let buffers = (48 * batch * rows * cols).next_multiple_of(16);
            assert_eq!(planned.memory.working(), 2 * buffers + (8 * batch * rows * cols).next_multiple_of(16) + 512);
        }
    }
}

#[test]
fn hooks_see_steps_and_values_and_may_change_them() {
    for mut encoder in opened() {
        let planned = encoder.plan(2, 4, 6).unwrap();
        let pixels = pixels(144);
        let (mut steps, mut values) = (Vec::new(), Vec::new());
        let mut progress = |p: Progress<'_>| {
            steps.push(format!("{}/{} {}", p.step, p.steps, p.name));
            ControlFlow::Continue(())
        };
        let mut tap = |t: &mut TapView<'_>| {
            values.push((format!("{} {} {} {:?}", t.name, t.op, t.kernel, t.shape), t.contiguous().into_owned()));
            if t.name == "green" {
                t.overwrite(&le((0..24).map(|i| i as f32)))?;
            }
            Ok(())
        };
        let hooks = Hooks { progress: Some(&mut progress), tap: Some(&mut tap) };
        let encoded = encoder.encode_pixels(&pixels, &planned, hooks, false).unwrap();
        assert_eq!(steps, ["0/2 scaled", "1/2 cells"]);
        let mut expected = scaled(&pixels);
        let green: Vec<f32> = expected.iter().skip(1).step_by(3).take(24).copied().collect();
        assert_eq!(values[0], ("scaled scale scale.f32.rn.wgsl [2, 4, 6, 3]".to_string(), le(expected.iter().copied())));
        assert_eq!(values[1], ("green scale scale.f32.rn.wgsl [24]".to_string(), le(green)));
        assert_eq!(values[2], ("halves cells cells.f32.few.wgsl [1]".to_string(), f16::from_f32(SHIFT[1]).to_le_bytes().to_vec()));
        assert_eq!((values.len(), encoded.seconds), (3, None));
        (0..24).for_each(|i| expected[3 * i + 1] = i as f32);
        assert_eq!(encoded.values, cells(&expected, 2, 2, 3), "the second step reads what the hook wrote");
    }
}

#[test]
fn hooks_can_stop_a_call() {
    for mut encoder in opened() {
        let planned = encoder.plan(1, 4, 4).unwrap();
        let pixels = pixels(48);
        let mut stop = |p: Progress<'_>| if p.step == 1 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        let error = encoder.encode_pixels(&pixels, &planned, Hooks { progress: Some(&mut stop), tap: None }, false).unwrap_err();
        assert_eq!((error.code(), error.message()), ("encoder-cancelled", "the call was cancelled before step 1 of 2, cells"));
        let mut fail = |_: &mut TapView<'_>| Err(Diagnostic::new("disk-full", "no room"));
        let error = encoder.encode_pixels(&pixels, &planned, Hooks { progress: None, tap: Some(&mut fail) }, false).unwrap_err();
        assert_eq!(error.code(), "disk-full");
        let encoded = encoder.encode_pixels(&pixels, &planned, Hooks::default(), false).unwrap();
        assert_eq!(encoded.values, cells(&scaled(&pixels), 1, 2, 2));
    }
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    for mut encoder in opened() {
        let refused = |batch, height, width| {
            let error = encoder.plan(batch, height, width).unwrap_err();
            (error.code(), error.message().to_string())
        };
        assert_eq!(refused(1, 3, 4), ("gpu-input", "a height of 3 pixels is not taken: 1 to 9 times 2 are".to_string()));
        assert_eq!(refused(1, 2, 20).0, "gpu-input");
        assert_eq!(refused(1, 12, 12).1, "an image of 12 x 12 pixels is too large: it has 36 cells, 30 are taken");
        assert_eq!(refused(5, 2, 2).1, "5 images at once are not taken: 1 to 4 are");
        let planned = encoder.plan(1, 4, 4).unwrap();
        let error = encoder.encode_pixels(&pixels(47), &planned, Hooks::default(), false).unwrap_err();
        assert_eq!(error.plain(), "error[gpu-input]: the pixels have the wrong length\n  - 48 values are needed, there are 47\n");
    }
}

#[test]
fn files_of_another_model_are_refused() {
    let program = program();
    let refused = |change: fn(&mut GgufWriter) -> &mut GgufWriter| {
        let (_dir, path) = model(|w| {
            change(w);
        });
        WeightFile::open(&path, &program.manifest).err().map_or(String::new(), |e| e.plain())
    };
    let has = |text: String, part: &str| assert!(text.starts_with("error[gguf-mismatch]") && text.contains(part), "{text}");
    assert_eq!(refused(|w| w), "");
    has(refused(|w| w.tensor("v.more", GgmlType::F32, [2])), "the file has a tensor v.more, which this encoder does not read");
    assert_eq!(refused(|w| w.tensor("t.more", GgmlType::F32, [2])), "", "tensors of others are theirs");
    assert_eq!(refused(|w| w.meta("small.words", names(&["a", "b"]))), "");
    has(refused(|w| w.meta("small.words", names(&["a"]))), "metadata key small.names has another value");
    has(refused(|w| w.meta("small.names", MetaValue::U32(1))), "metadata key small.names has another type");
}

fn names(words: &[&str]) -> MetaValue {
    MetaValue::Array(MetaArray::String(words.iter().map(|w| w.to_string()).collect()))
}

#[test]
fn a_file_must_have_what_the_manifest_asks_for() {
    let (_dir, path) = model(|_| ());
    let refused = |from: &str, to: &str| {
        let program = Program::from_sources("small", &sources(|m| m.replacen(from, to, 1))).unwrap();
        WeightFile::open(&path, &program.manifest).err().unwrap().plain()
    };
    assert!(refused("\"value\": 7", "\"value\": 8").contains("expected: [8]\n  - found: [7]"));
    assert!(refused("0x3727c5ac", "0x3727c5ad").contains("metadata key small.eps has another value"));
    assert!(refused("small.size", "small.length").contains("the file has no metadata key small.length\n  at "));
    assert!(refused("v.scale", "v.scales").contains("the file has no tensor v.scales"));
    let other = refused("\"f32\", \"ne\": [3], \"bytes\": 12", "\"f32\", \"ne\": [4], \"bytes\": 16");
    assert!(other.contains("expected: F32 [4]\n  - found: F32 [3]"), "{other}");
}

#[test]
fn a_table_with_other_bytes_is_refused() {
    let program = || Program::from_sources("small", &sources(|m| m.replacen("\"checksum\": \"", "\"checksum\": \"0", 1))).unwrap();
    let wrong = || {
        let mut program = program();
        program.manifest.tables[0].checksum ^= 1;
        program
    };
    let (_dir, path) = model(|_| ());
    for device in devices(&program().needs()) {
        let error = Encoder::open(wrong(), &path, device).err().unwrap();
        assert_eq!(error.code(), "gpu-table", "{}", error.plain());
    }
}

#[test]
fn manifests_are_read_strictly() {
    let refused = |from: &str, to: &str| {
        assert!(include_str!("small/manifest.json").contains(from), "{from}");
        let result: Result<Program> = Program::from_sources("small", &sources(|m| m.replacen(from, to, 1)));
        let error = result.err().unwrap_or_else(|| panic!("{from} -> {to} is taken"));
        (error.code(), error.plain())
    };
    for (from, to, code) in [
        ("\"format\": 1", "\"format\": 2", "manifest-format"),
        ("\"tokens\"", "\"token\"", "json-missing-key"),
        ("\"embedding\": 2", "\"embedding\": 2, \"more\": 1", "json-unknown-key"),
        ("\"kind\": \"image\"", "\"kind\": \"audio\"", "manifest-value"),
        ("\"mh*mw\"", "\"mh*\"", "manifest-expression"),
        ("\"bytes\": 12", "\"bytes\": 13", "manifest-value"),
        ("0x3727c5ac", "1e-5", "manifest-value"),
        ("\"maxStorageBuffersPerShaderStage\"", "\"maxWishes\"", "manifest-value"),
        ("\"dims\": [\"b\", ", "\"dims\": [", "manifest-index"),
        ("\"shader\": 0", "\"shader\": 3", "manifest-index"),
        ("\"variant\": \"wgsl\"", "\"variant\": \"other\"", "manifest-value"),
        ("\"weight\", \"index\": 1, \"at\": 1", "\"weight\", \"index\": 2, \"at\": 1", "manifest-index"),
        ("{ \"n\": \"12*b*mh*mw\" }", "{}", "manifest-index"),
        ("\"when\": null, \"class\": \"rn\"", "\"when\": \"b > 0\", \"class\": \"rn\"", "manifest-index"),
        ("\"dtype\": \"f32\", \"shape\": [\"4*mh*mw\"]", "\"dtype\": \"f64\", \"shape\": [\"4*mh*mw\"]", "manifest-value"),
        ("\"step\": 1", "\"step\": 2", "manifest-index"),
        ("\"scale.wgsl\"", "\"../scale.wgsl\"", "manifest-file"),
        ("\"scale.wgsl\"", "\"missing.wgsl\"", "manifest-file"),
        ("[\"x\", \"w\", \"s\", \"y\"]", "[\"x\", \"s\", \"w\", \"y\"]", "manifest-shader"),
    ] {
        let (found, text) = refused(from, to);
        assert_eq!(found, code, "{from} -> {to}: {text}");
    }
    let (_, text) = refused("\"shader\": 0", "\"shader\": 3");
    assert!(text.contains("there is no shader 3\n  at small/manifest.json:") && text.contains("(/steps/0)"), "{text}");
}

/// A program whose device fails the probe.
fn doubted(change: impl Fn(&mut serde_json::Value)) -> Program {
    let sources = sources(|text| {
        let mut manifest: serde_json::Value = serde_json::from_str(text).unwrap();
        change(&mut manifest);
        manifest.to_string()
    });
    let mut program = Program::from_sources("small", &sources).unwrap();
    program.manifest.probe.facts[0].cases[0].result ^= 1;
    program
}

#[test]
fn a_device_that_computes_otherwise_runs_what_counts_on_less() {
    let (_dir, path) = model(|_| ());
    let second = |manifest: &mut serde_json::Value| {
        let run = ["buffers", "steps"].map(|key| (key.to_string(), manifest[key].clone()));
        manifest["otherwise"] = run.into_iter().collect();
        manifest["otherwise"]["profile"] = "near".into();
        manifest["otherwise"]["promise"] = "nmse 1e-6".into();
        manifest["otherwise"]["taps"] = serde_json::json!([]);
    };
    for (change, promise, taps) in
        [((&|_: &mut serde_json::Value| ()) as &dyn Fn(&mut serde_json::Value), None, 3), (&second, Some(Promise::Nmse(1e-6)), 0)]
    {
        for device in devices(&program().needs()) {
            let other = doubted(change);
            let name = other.manifest.probe.facts[0].name.clone();
            let mut encoder = Encoder::open(other, &path, device).unwrap();
            let doubt = encoder.doubt().unwrap();
            assert!(doubt.starts_with(&encoder.label()) && doubt.contains(&name), "{doubt}");
            let says = if promise.is_some() { "runs profile near instead, nmse 1e-6" } else { "nothing is promised" };
            assert!(doubt.contains(says), "{doubt}");
            assert_eq!((encoder.promise(), encoder.instead()), (promise, promise.map(|_| "near")));
            assert_eq!(encoder.manifest().run.taps.len(), taps);
            let planned = encoder.plan(1, 4, 4).unwrap();
            let encoded = encoder.encode_pixels(&pixels(48), &planned, Hooks::default(), false).unwrap();
            assert_eq!(encoded.values, cells(&scaled(&pixels(48)), 1, 2, 2));
        }
    }
}

#[test]
fn a_kernel_is_passed_by_where_it_does_not_take_the_size() {
    let (_dir, path) = model(|_| ());
    let chosen = |when: &str| {
        let text = sources(|text| {
            let mut manifest: serde_json::Value = serde_json::from_str(text).unwrap();
            let candidates = manifest["steps"][0]["choices"][0]["candidates"].as_array_mut().unwrap();
            let mut first = candidates[0].clone();
            first["when"] = when.into();
            first["workgroups"] = serde_json::json!(["77"]);
            candidates.insert(0, first);
            manifest.to_string()
        });
        Program::from_sources("small", &text).unwrap()
    };
    for device in devices(&program().needs()) {
        let encoder = Encoder::open(chosen("mh*mw <= 4"), &path, device).unwrap();
        let groups = |height, width| encoder.plan(1, height, width).unwrap().workgroups(0);
        assert_eq!(groups(4, 4)[0], 77);
        assert_ne!(groups(6, 4)[0], 77);
    }
}
