//! Every shader of an encoder's builds in the languages of the drivers: SPIR-V, MSL, HLSL, GLSL.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use isobit::fuse::Taps;
use isobit::wgsl::{Shader, translate};

use super::aloud;
use super::encoder::Encoder;
use super::matrix::{ATTENTION, WEIGHTS};

const TEMPLATE: &str = "qwen3_vl_vision";
const PRESET: &str = "tiny";
const PROFILES: [&str; 2] = ["ggml-avx2", "ggml-avx512"];

/// What a shader may ask for that a language does not have: its `enable` line, and the language.
const NOT_IN: [(&str, &str); 1] = [("enable f16;", "GLSL")];

/// The shaders of all builds, each text once, by its name and the first build that has it.
fn shaders() -> BTreeMap<String, String> {
    let mut encoder = Encoder::open(TEMPLATE).unwrap();
    encoder.target = encoder.maps.target("wgsl").unwrap_or_else(|e| panic!("{}", e.plain()));
    let mut texts = BTreeMap::new();
    for weights in WEIGHTS {
        let sizes = encoder.of_preset(PRESET, weights).unwrap();
        for profile in PROFILES {
            for attention in ATTENTION {
                let build = format!("{weights} {profile} {attention}");
                let sources =
                    encoder.emit(&sizes, profile, &[("attention", attention)], Taps::All).unwrap_or_else(|e| panic!("{build}: {e}"));
                for (file, text) in sources.into_iter().filter(|(file, _)| file.ends_with(".wgsl")) {
                    texts.entry(text).or_insert_with(|| format!("{file} of {build}"));
                }
            }
        }
    }
    texts.into_iter().map(|(text, name)| (name, text)).collect()
}

#[test]
fn every_emitted_shader_has_a_form_in_every_language() {
    let shaders = shaders();
    for word in ["probe.wgsl", ".table.wgsl", "linear", "attention"] {
        assert!(shaders.keys().any(|name| name.contains(word)), "no shader is called {word}");
    }
    let folder = tempfile::tempdir().unwrap();
    let (mut spirv, mut bytes) = (Vec::new(), [0; 4]);
    for (name, text) in &shaders {
        let all = Shader::new(name, text).and_then(|shader| translate(&shader)).unwrap_or_else(|e| panic!("{}", e.plain()));
        let foreign = NOT_IN.iter().any(|(line, language)| *language == "GLSL" && text.lines().any(|l| l == *line));
        assert_eq!(all.glsl.is_none(), foreign, "{name} in GLSL");
        for (language, sign) in [(&all.msl, "kernel void"), (&all.hlsl, "numthreads(")] {
            assert!(language.contains(sign), "{name}: {language}");
        }
        assert!(all.glsl.as_ref().is_none_or(|glsl| glsl.contains("local_size_x = ")), "{name}");
        assert_eq!(all.spirv.first(), Some(&0x0723_0203), "{name}");
        let sizes = [4 * all.spirv.len(), all.msl.len(), all.hlsl.len(), all.glsl.as_ref().map_or(0, String::len)];
        bytes.iter_mut().zip(sizes).for_each(|(sum, n)| *sum += n);
        let file = folder.path().join(format!("{}.spv", spirv.len()));
        std::fs::write(&file, all.spirv.iter().flat_map(|w| w.to_le_bytes()).collect::<Vec<u8>>()).unwrap();
        spirv.push((name, file));
    }
    let [to_spirv, to_msl, to_hlsl, to_glsl] = bytes;
    aloud(&format!("{} shaders: bytes of SPIR-V {to_spirv}, MSL {to_msl}, HLSL {to_hlsl}, GLSL {to_glsl}", shaders.len()));
    for (name, file) in spirv {
        match validated(&file) {
            Some(said) => assert!(said.is_empty(), "{name} in SPIR-V: {said}"),
            None => return aloud("spirv-val is missing: nobody else has read the SPIR-V"),
        }
    }
    aloud("spirv-val takes all SPIR-V");
}

/// What the validator of SPIR-V finds wrong; none if there is no such program.
fn validated(file: &Path) -> Option<String> {
    let ran = Command::new("spirv-val").args(["--target-env", "vulkan1.2"]).arg(file).output().ok()?;
    let said = String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned();
    Some(if ran.status.success() { String::new() } else { format!("{}: {said}", ran.status) })
}

#[test]
fn operations_of_subgroups_have_a_form_in_every_language() {
    let text = "enable subgroups;\n@group(0) @binding(0) var<storage, read_write> y: array<f32>;\n\
                @compute @workgroup_size(64) fn main(@builtin(local_invocation_index) i: u32, @builtin(subgroup_invocation_id) lane: u32) {\n\
                let sum = subgroupAdd(y[i]); if (lane == 0u) { y[i] = sum + subgroupShuffleXor(y[i], 1u); } }\n";
    let all = translate(&Shader::new("subgroup.wgsl", text).unwrap()).unwrap_or_else(|e| panic!("{}", e.plain()));
    assert!(all.msl.contains("simd_sum") && all.hlsl.contains("WaveActiveSum"), "{}", all.msl);
    assert!(all.glsl.is_some_and(|glsl| glsl.contains("subgroupAdd")));
}
