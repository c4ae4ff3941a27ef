//! Steps whose bindings are too large for a device are cut into pieces: the bits stay, and so does the planned memory.

use std::collections::BTreeMap;
use std::path::PathBuf;

use isobit::emit::Sources;
use isobit::files::find_template;
use isobit::fuse::Taps;
use isobit::gpu::{Device, Encoder, Needs, Program};
use isobit::host::hooks::Hooks;
use isobit::taps::TapView;
use isobit::template::Template;
use tempfile::TempDir;

use super::common::Encoder as Compiler;
use super::devices;

const BINDING: &str = "maxStorageBufferBindingSize";

/// The largest of what is always bound whole.
fn least(program: &Program) -> u64 {
    let weights = program.manifest.weights.iter().map(|w| w.bytes);
    weights.chain(program.manifest.tables.iter().map(|t| 4 * t.words)).max().unwrap()
}

/// The small tower with a grid of positions that can be bound, its shaders, and a model file.
fn tower(weights: &str, profile: &str, attention: Option<&str>) -> (Sources, TempDir, PathBuf) {
    let found = find_template("qwen3_vl_vision").unwrap();
    let large = "\"clip.vision.attention.head_count\": 4, \"clip.vision.projection_dim\": 96, \"clip.vision.patch_size\": 16,\n        \"clip.vision.image_size\": 768";
    assert!(found.text.contains(large));
    let text = found.text.replace(large, &large.replace("768", "128"));
    let mut compiler = Compiler::open("qwen3_vl_vision").unwrap();
    compiler.template = Template::parse(&found.name, &text).unwrap();
    compiler.target = compiler.maps.target("wgsl").unwrap();
    let sizes = compiler.of_preset("tiny", weights).unwrap();
    let sources = compiler.emit(&sizes, profile, &attention.map(|a| ("attention", a)).into_iter().collect::<Vec<_>>(), Taps::All).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let model = compiler.model("tiny", weights, folder.path(), |_, _| ()).unwrap();
    (sources, folder, model)
}

/// Needs of a program on a device that binds at most so many bytes.
fn at_most(program: &Program, bytes: u64) -> Needs {
    let mut needs = program.needs();
    needs.limits.remove(BINDING);
    needs.at_most = BTreeMap::from([(BINDING.to_string(), bytes)]);
    needs
}

/// The embedding and every value on the way.
fn values(encoder: &mut Encoder, batch: u64, height: u64, width: u64) -> Vec<(String, Vec<u8>)> {
    let planned = encoder.plan(batch, height, width).unwrap();
    let pixels: Vec<f32> = (0..3 * batch * height * width).map(|i| ((i * 2654435761) % 509) as f32 / 254.0 - 1.0).collect();
    let mut all = Vec::new();
    let mut tap = |t: &mut TapView<'_>| {
        all.push((t.name.to_string(), t.contiguous().into_owned()));
        Ok(())
    };
    let encoded = encoder.encode_pixels(&pixels, &planned, Hooks { progress: None, tap: Some(&mut tap) }, false).unwrap();
    assert_eq!(encoder.device().used(), planned.memory.total(), "the device holds what was planned");
    all.push(("embedding".to_string(), encoded.values.iter().flat_map(|v| v.to_le_bytes()).collect()));
    all
}

/// Slices of the uniform buffer: calls of all steps.
fn calls(encoder: &Encoder, batch: u64, height: u64, width: u64) -> u64 {
    encoder.plan(batch, height, width).unwrap().memory.uniforms / 256
}

/// Sizes that are cut, and one that fits.
fn same(weights: &str, profile: &str, attention: Option<&str>, large: &[(u64, u64, u64)]) {
    let (sources, _folder, model) = tower(weights, profile, attention);
    let program = || Program::from_sources("tower", &sources).unwrap();
    let most = least(&program());
    for device in devices(&program().needs()) {
        let name = device.facts.name.clone();
        let small = Device::open(Some(&name), &at_most(&program(), most)).unwrap();
        assert_eq!(small.limit(BINDING), most);
        let mut whole = Encoder::open(program(), &model, device, None).unwrap();
        let mut cut = Encoder::open(program(), &model, small, None).unwrap();
        let steps = whole.manifest().run.steps.len() as u64;
        for &(batch, height, width) in large.iter().chain(&[(1, 32, 32)]) {
            let found = calls(&cut, batch, height, width);
            let what = format!("{name}: {batch} x {height} x {width}, {found} calls of {steps} steps");
            assert_eq!(calls(&whole, batch, height, width), steps, "what fits is called once");
            assert!(if height == 32 { found == steps } else { 2 * found > 3 * steps }, "{what}");
            for ((tap, expected), (_, got)) in values(&mut whole, batch, height, width).iter().zip(values(&mut cut, batch, height, width)) {
                assert!(*expected == got, "{what}: {tap} differs");
            }
        }
    }
}

#[test]
fn pieces_give_the_bits_of_the_whole() {
    same("f16", "ggml-avx2", Some("flash"), &[(1, 352, 384), (2, 192, 384)]);
}

#[test]
fn pieces_of_quantised_rows_give_the_bits_of_the_whole() {
    same("q8_0", "ggml-avx512", Some("flash"), &[(3, 256, 352)]);
}

#[test]
fn keys_of_an_image_are_bound_alone() {
    same("f16", "ggml-avx2", Some("full"), &[(5, 160, 256)]);
}

#[test]
fn pieces_within_a_bound_give_the_bits_of_the_whole_too() {
    same("f16", "f32", None, &[(5, 160, 256)]);
}

#[test]
fn what_cannot_be_cut_is_said() {
    let (sources, _folder, model) = tower("f16", "ggml-avx2", Some("full"));
    let program = || Program::from_sources("tower", &sources).unwrap();
    for device in devices(&Needs::default()) {
        let small = Device::open(Some(&device.facts.name), &at_most(&program(), least(&program()))).unwrap();
        let encoder = Encoder::open(program(), &model, small, None).unwrap();
        // the values of all keys are needed at once
        let error = encoder.plan(1, 384, 512).unwrap_err();
        assert_eq!(error.code(), "gpu-limit", "{}", error.plain());
        assert!(error.plain().contains(BINDING) && error.plain().contains("of kqv-0"), "{}", error.plain());
        let lesser = Device::open(Some(&device.facts.name), &at_most(&program(), 16 << 10)).unwrap();
        let error = Encoder::open(program(), &model, lesser, None).err().unwrap();
        assert_eq!(error.code(), "gpu-limit", "a weight is bound whole: {}", error.plain());
    }
}
