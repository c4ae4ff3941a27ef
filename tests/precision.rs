//! Profile f32 is nearer to the model in double precision than its authors' own code in f32 is.
//!
//! `tests/data/reference/*/` holds a picture and the embedding of it that transformers computes in f64 and in f32.

#[allow(dead_code)] // parity needs more of it
#[path = "common/encoder.rs"]
mod encoder;

use std::path::Path;

use encoder::{Encoder, text};
use isobit::fuse::Taps;
use isobit::gguf::reader::GgufDirectory;
use isobit::host::compiler;
use isobit::host::library::{Hooks, Library, OpenOptions};
use isobit::image_input;
use isobit::sizes::Sizes;

/// The folder of the reference, its template, and the files that hold its model (f16 but for the smallest weights).
const MODELS: [(&str, &str, &[&str]); 6] = [
    ("qwen3vl", "qwen3_vl_vision", &["mmproj-f32.gguf", "mmproj-bf16.gguf", "mmproj-f16.gguf"]),
    ("qwen35", "qwen3_5_vision", &["mmproj-f32.gguf"]),
    ("qwen2vl", "qwen2_vl_vision", &["mmproj-f32.gguf"]),
    ("qwen25vl", "qwen2_5_vl_vision", &["mmproj-f32.gguf"]),
    ("dinov2", "dinov2_vision", &["dinov2-f32.gguf"]),
    ("internvl", "internvl_vision", &["mmproj-f32.gguf"]),
];

#[test]
fn f32_is_nearer_to_the_model_than_its_own_code() {
    let (mut found, mut figures) = (Vec::new(), Vec::new());
    for (folder, template, stored) in MODELS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/reference").join(folder);
        let expected = array(&folder.join("transformers-f64.npy"));
        let bound = error(&array(&folder.join("transformers-f32.npy")), &expected);
        for file in stored {
            let model = folder.join(file);
            let embeddings = encode(template, &model, &folder.join("image.png")).unwrap_or_else(|e| panic!("{}: {e}", model.display()));
            for (variant, embedding) in embeddings {
                let ours = error(&embedding, &expected);
                let line = format!("{template} {file} {variant}: relative error {ours:.3e}, transformers in f32 {bound:.3e}");
                println!("{line}");
                if variant == "portable" {
                    figures.push(serde_json::json!({ "template": template, "file": file, "error": ours, "transformers": bound }));
                }
                if ours.is_nan() || ours > bound {
                    found.push(line);
                }
            }
        }
    }
    // `make coverage` reads it
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/parity");
    std::fs::create_dir_all(&results).unwrap();
    std::fs::write(results.join("precision.json"), serde_json::to_string_pretty(&figures).unwrap() + "\n").unwrap();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The embedding of a picture whose size is that of the encoder's input, by every variant that runs here.
fn encode(template: &str, model: &Path, picture: &Path) -> Result<Vec<(String, Vec<f64>)>, String> {
    let encoder = Encoder::open(template)?;
    let directory = GgufDirectory::read(model).map_err(text)?;
    let numbers = |key: &str| directory.f32_array(key).map(<[f32]>::to_vec).map_err(text);
    let (mean, deviation) = (numbers("clip.vision.image_mean")?, numbers("clip.vision.image_std")?);
    let sizes = Sizes::of_file(&encoder.template, directory).map_err(text)?;
    let sources = encoder.emit(&sizes, "f32", &[], Taps::Kept)?;
    let files: Vec<(&str, &str)> = sources.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let unit = format!("{}.c", encoder.name());
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("precision");
    let compiled = compiler::compile(&files, &unit, &encoder.target.compile, Some(&cache)).map_err(text)?;
    let library = Library::load(&compiled.library, encoder.name()).map_err(text)?;
    let picture = image_input::read(picture).map_err(text)?;
    let channels = mean.iter().zip(&deviation).cycle();
    let pixels: Vec<f32> =
        picture.data.iter().zip(channels).map(|(v, (mean, deviation))| (f32::from(*v) / 255.0 - mean) / deviation).collect();
    let mut out = Vec::new();
    for variant in &encoder.target.variants {
        if !variant.features.iter().all(|f| isobit::host::cpu::has(f) == Some(true)) {
            continue;
        }
        let options = OpenOptions { threads: 1, variant: Some(variant.name.clone()) };
        let mut opened = match library.open(model, &options) {
            Err(e) if e.code() == "encoder-argument" => continue, // no kernel of this encoder has the variant
            opened => opened.map_err(text)?,
        };
        let plan = opened.plan_pixels(picture.width, picture.height, 1).map_err(text)?;
        opened.reserve(&plan).map_err(text)?;
        let floats = opened.encode_pixels(&pixels, picture.width, picture.height, 1, Hooks::default()).map_err(text)?;
        out.push((variant.name.clone(), floats.into_iter().map(f64::from).collect()));
    }
    if out.windows(2).any(|w| w[0].1 != w[1].1) {
        return Err("variants differ".to_string());
    }
    Ok(out)
}

/// The norm of the difference, as a share of the norm.
fn error(got: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(got.len(), expected.len());
    let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|v| v * v).sum::<f64>().sqrt();
    norm(&mut got.iter().zip(expected).map(|(g, e)| g - e)) / norm(&mut expected.iter().copied())
}

/// The values of a .npy file of f32 or f64.
fn array(path: &Path) -> Vec<f64> {
    let open = || std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let bytes = open();
    let file = npyz::NpyFile::new(&bytes[..]).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let values = match file.dtype() {
        npyz::DType::Plain(t) if t.to_string() == "<f8" => file.into_vec::<f64>(),
        _ => file.into_vec::<f32>().map(|v| v.into_iter().map(f64::from).collect()),
    };
    values.unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
