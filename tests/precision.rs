//! Profile f32 is nearer to the model in double precision than its authors' own code in f32 is.
//!
//! `tests/data/reference/*/` holds a picture or a spectrogram, and the embedding of it that transformers computes in f64 and in f32.

#[allow(dead_code)] // parity needs more of it
#[path = "common/encoder.rs"]
mod encoder;

use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;

use encoder::{Encoder, text};
use isobit::audio_input;
use isobit::fuse::Taps;
use isobit::gguf::reader::GgufDirectory;
use isobit::host::compiler;
use isobit::host::hooks::Hooks;
use isobit::host::library::{Library, OpenOptions};
use isobit::host::plans::PlanInfo;
use isobit::image_input;
use isobit::sizes::Sizes;

/// The folder of the reference, its template, and the files that hold its model (f16 but for the smallest weights).
const MODELS: [(&str, &str, &[&str]); 16] = [
    ("qwen3vl", "qwen3_vl_vision", &["mmproj-f32.gguf", "mmproj-bf16.gguf", "mmproj-f16.gguf"]),
    ("dinov2", "dinov2_vision", &["dinov2-f32.gguf"]),
    ("gemma3_siglip", "gemma3_vision", &["mmproj-f32.gguf"]),
    ("internvl", "internvl_vision", &["mmproj-f32.gguf"]),
    ("lfm2vl", "lfm2_vl_vision", &["mmproj-f32.gguf"]),
    ("llava", "llava_vision", &["mmproj-f32.gguf"]),
    ("qwen25vl", "qwen2_5_vl_vision", &["mmproj-f32.gguf"]),
    ("qwen2vl", "qwen2_vl_vision", &["mmproj-f32.gguf"]),
    ("qwen35", "qwen3_5_vision", &["mmproj-f32.gguf"]),
    ("smolvlm", "smolvlm_vision", &["mmproj-f32.gguf"]),
    ("gemma4a", "gemma4_audio", &["mmproj-f32.gguf"]),
    ("gemma4v", "gemma4_vision", &["mmproj-bf16.gguf"]),
    ("gemma4v_std", "gemma4_vision", &["mmproj-f32.gguf"]),
    ("pixtral", "pixtral_vision", &["mmproj-bf16.gguf"]),
    ("qwen2audio", "qwen2_audio", &["mmproj-f32.gguf"]),
    ("ultravox", "ultravox_audio", &["mmproj-f32.gguf"]),
];

#[test]
fn f32_is_nearer_to_the_model_than_its_own_code() {
    let figures = Mutex::new(Vec::new());
    let next = Mutex::new(MODELS.into_iter().flat_map(|(folder, template, files)| files.iter().map(move |file| (folder, template, *file))));
    let work = || {
        while let Some((folder, template, file)) = { next.lock().unwrap().next() } {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/reference").join(folder);
            let expected = array(&folder.join("transformers-f64.npy"));
            let bound = error(&array(&folder.join("transformers-f32.npy")), &expected);
            let embedding = encode(template, &folder, file).unwrap_or_else(|e| panic!("{template}, {file}: {e}"));
            let ours = error(&embedding, &expected);
            println!("{template} {file}: relative error {ours:.3e}, transformers in f32 {bound:.3e}");
            figures.lock().unwrap().push((template, file, ours, bound));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let figures = figures.into_inner().unwrap();
    record("precision", &figures);
    let found: Vec<_> = figures.iter().filter(|(_, _, ours, bound)| ours.is_nan() || ours > bound).collect();
    assert!(found.is_empty(), "farther from the model than transformers: {found:?}");
}

/// Template, file, error, and that of transformers in f32: `make coverage` reads them.
fn record(name: &str, figures: &[(&str, &str, f64, f64)]) {
    let json = |(template, file, error, transformers): &(&str, &str, f64, f64)| serde_json::json!({ "template": template, "file": file, "error": error, "transformers": transformers });
    let text = serde_json::to_string_pretty(&figures.iter().map(json).collect::<Vec<_>>()).unwrap();
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/parity");
    std::fs::create_dir_all(&results).unwrap();
    std::fs::write(results.join(format!("{name}.json")), text + "\n").unwrap();
}

/// The same with trained weights, whose activations are not those of random ones.
#[test]
fn trained_weights_too() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let model = root.join("out/demo/dinov2/small.gguf");
    if !model.is_file() {
        let _ = writeln!(std::io::stderr(), "precision: trained weights are skipped: `make demo` fetches them");
        return;
    }
    let folder = root.join("tests/data/reference/dinov2_small");
    let expected = array(&folder.join("transformers-f64.npy"));
    let bound = error(&array(&folder.join("transformers-f32.npy")), &expected);
    let ours = error(&encode("dinov2_vision", &folder, &model.to_string_lossy()).unwrap(), &expected);
    println!("dinov2_vision small.gguf: relative error {ours:.3e}, transformers in f32 {bound:.3e}");
    assert!(ours <= bound, "farther from the model than transformers: {ours:.3e}, not {bound:.3e}");
}

/// From the samples of a spoken sentence on, spectrogram included, with trained weights; and no farther than a millionth from
/// transformers in f32.
#[test]
fn trained_weights_of_sound_too() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let model = root.join("out/demo/whisper/tiny.en.gguf");
    if !model.is_file() {
        let _ = writeln!(std::io::stderr(), "precision: trained weights of sound are skipped: `make demo-audio` fetches them");
        return;
    }
    let folder = root.join("tests/data/reference/whisper_tiny_en");
    let (expected, f32) = (array(&folder.join("transformers-f64.npy")), array(&folder.join("transformers-f32.npy")));
    let all = encode("whisper_audio", &folder, &model.to_string_lossy()).unwrap();
    let row = expected.len() / 150;
    let tenth: Vec<f64> = all.chunks(row).step_by(10).flatten().copied().collect();
    let (ours, bound, apart) = (error(&tenth, &expected), error(&f32, &expected), error(&tenth, &f32));
    record("precision-sound", &[("whisper_audio", "tiny.en.gguf", ours, bound)]);
    println!("whisper_audio tiny.en.gguf: relative error {ours:.3e}, transformers in f32 {bound:.3e}, {apart:.3e} between the two");
    assert!(ours <= bound && apart <= 1e-6, "farther from the model than transformers: {ours:.3e}, not {bound:.3e}");
}

/// The embedding of the folder's picture, whose size is that of the encoder's input, or of its spectrogram or sound;
/// every variant that runs here must give it.
fn encode(template: &str, folder: &Path, file: &str) -> Result<Vec<f64>, String> {
    let encoder = Encoder::open(template)?;
    let model = folder.join(file);
    let directory = GgufDirectory::read(&model).map_err(text)?;
    let numbers = |key: &str| directory.f32_array(key).map(<[f32]>::to_vec).map_err(text);
    let (mel, speech) = (folder.join("mel.npy").is_file(), folder.join("speech.wav"));
    let (values, width, height) = if speech.is_file() {
        (audio_input::read(&speech, 16000).map_err(text)?.samples, 0, 0)
    } else if mel {
        let path = folder.join("mel.npy");
        let bytes = std::fs::read(&path).map_err(|e| e.to_string())?;
        let file = npyz::NpyFile::new(&bytes[..]).map_err(|e| e.to_string())?;
        let shape = file.shape().to_vec();
        (file.into_vec::<f32>().map_err(|e| e.to_string())?, shape[1] as u32, shape[0] as u32)
    } else {
        let (mean, deviation) = (numbers("clip.vision.image_mean")?, numbers("clip.vision.image_std")?);
        let picture = image_input::read(&folder.join("image.png")).map_err(text)?;
        let channels = mean.iter().zip(&deviation).cycle();
        let pixels = picture.data.iter().zip(channels).map(|(v, (mean, deviation))| (f32::from(*v) / 255.0 - mean) / deviation);
        (pixels.collect(), picture.width, picture.height)
    };
    let sizes = Sizes::of_file(&encoder.template, directory).map_err(text)?;
    let sources = encoder.emit(&sizes, "f32", &[], Taps::Kept)?;
    let files: Vec<(&str, &str)> = sources.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let unit = format!("{}.c", encoder.name());
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("precision");
    let compiled = compiler::compile(&files, &unit, &encoder.target.compile, Some(&cache)).map_err(text)?;
    let library = Library::load(&compiled.library, encoder.name()).map_err(text)?;
    let mut found: Option<Vec<f32>> = None;
    for variant in &encoder.target.variants {
        if !variant.features.iter().all(|f| isobit::host::cpu::has(f) == Some(true)) {
            continue;
        }
        let options = OpenOptions { threads: 1, variant: Some(variant.name.clone()) };
        let mut opened = match library.open(&model, &options) {
            Err(e) if e.code() == "encoder-argument" => continue, // no kernel of this encoder has the variant
            opened => opened.map_err(text)?,
        };
        let floats = if speech.is_file() {
            opened.encode_pcm(&values, Hooks::default()).map_err(text)?
        } else if mel {
            let plan = opened.plan_mel(width, 1).map_err(text)?;
            opened.reserve_audio(&plan).map_err(text)?;
            opened.encode_mel(&values, width, 1, Hooks::default()).map_err(text)?
        } else {
            let plan = opened.plan_pixels(width, height, 1).map_err(text)?;
            opened.reserve(&plan).map_err(text)?;
            cells(&plan, opened.encode_pixels(&values, width, height, 1, Hooks::default()).map_err(text)?)
        };
        if found.as_ref().is_some_and(|found| found.iter().map(|v| v.to_bits()).ne(floats.iter().map(|v| v.to_bits()))) {
            return Err("variants differ".to_string());
        }
        found = Some(floats);
    }
    Ok(found.ok_or("no variant runs here")?.into_iter().map(f64::from).collect())
}

/// The tokens of the grid's cells: rows of tokens may have one between them that is no part of the image.
fn cells(plan: &PlanInfo, floats: Vec<f32>) -> Vec<f32> {
    let (rows, cols, width) = (u64::from(plan.grid_rows), plan.grid_cols as usize, plan.work.embedding as usize);
    if plan.work.tokens + 1 != rows * (cols as u64 + 1) {
        return floats;
    }
    floats.chunks(width).enumerate().filter(|(token, _)| token % (cols + 1) < cols).flat_map(|(_, v)| v.to_vec()).collect()
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
