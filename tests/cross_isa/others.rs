//! The other encoders: their outputs, hashed by `runtime/every.c`, on other machines. What their frame does is seen on the main one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use isobit::fuse::Taps;

use crate::encoder::Encoder;
use crate::plan::{GCC, Machine};

/// One program on each machine, all of which must print the same.
pub struct Other {
    pub template: String,
    pub profile: &'static str,
    pub weights: &'static str,
}

impl Other {
    pub fn name(&self) -> String {
        format!("{} {} {}", self.template, self.profile, self.weights)
    }
}

/// The cut takes each encoder once, with quantised weights at the usual profile; the full run also those that are unlike it.
pub fn all(main: &str, full: bool) -> Vec<Other> {
    let kinds: &[_] = if full {
        &[("ggml-avx2", "q8_0"), ("ggml-avx512bf16", "bf16"), ("ggml-scalar", "f16"), ("f32", "f32")]
    } else {
        &[("ggml-avx2", "q8_0")]
    };
    let templates = isobit::files::template_names().into_iter().filter(|name| name != main);
    templates
        .flat_map(|template| kinds.iter().map(move |&(profile, weights)| Other { template: template.clone(), profile, weights }))
        .collect()
}

/// The machines that gave other bits than native gcc.
pub fn compare(other: &Other, machines: &[&'static Machine], folder: &Path) -> Result<Vec<&'static str>, String> {
    let encoder = Encoder::open(&other.template)?;
    let folder = folder.join(other.name().replace(' ', "-"));
    // the first preset is the smallest
    let preset = encoder.template.presets.keys().next().ok_or("no preset")?.clone();
    let model = encoder.model(&preset, other.weights, &folder, |_, _| ())?;
    let sizes = encoder.of_preset(&preset, other.weights)?;
    for (path, text) in &encoder.emit(&sizes, other.profile, &[], Taps::Kept)? {
        fs::write(folder.join(path), text).map_err(|e| format!("{path}: {e}"))?;
    }
    let expected = run(&encoder, &GCC, &folder, &model)?;
    let mut different = Vec::new();
    for machine in machines {
        if run(&encoder, machine, &folder, &model)? != expected {
            different.push(machine.name);
        }
    }
    Ok(different)
}

fn run(encoder: &Encoder, machine: &Machine, folder: &Path, model: &Path) -> Result<String, String> {
    let name = encoder.name();
    let header = fs::read_to_string(folder.join(format!("{name}.h"))).map_err(|e| e.to_string())?;
    let program: PathBuf = folder.join(machine.name.replace(' ', "-"));
    let mut compile = Command::new(machine.compiler);
    compile.args(&encoder.target.compile).arg(format!("-DENCODER={name}")).arg("-I").arg(folder);
    if header.contains("_encode_mel(") {
        compile.arg("-DAUDIO");
    }
    let every = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/runtime/every.c");
    compile.arg("-o").arg(&program).arg(every).arg(folder.join(format!("{name}.c"))).args(&encoder.target.link).args(machine.link);
    output(&mut compile)?;
    let mut start = match machine.emulator {
        Some(emulator) => {
            let mut command = Command::new(emulator);
            command.arg(&program);
            command
        }
        None => Command::new(&program),
    };
    let printed = output(start.arg(model))?;
    let _ = fs::remove_file(&program);
    Ok(printed)
}

fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)))
}
