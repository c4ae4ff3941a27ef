//! Emits an encoder as `ir-build` does, and writes model files for it: shared by the test programs.

use std::fs;
use std::path::{Path, PathBuf};

use isobit::diagnostic::Diagnostic;
use isobit::emit::Sources;
use isobit::expand::{expand, weight_list};
use isobit::files::{Files, find_template, short_hash};
use isobit::fuse::Taps;
use isobit::maps::{Maps, Target};
use isobit::pipeline::{self, Inputs};
use isobit::sizes::Sizes;
use isobit::synth;
use isobit::template::Template;

/// What decides the bytes of a synthesised file beside template and sizes; a change makes a new file.
const SYNTH: [&str; 4] = [
    include_str!("../../src/synth.rs"),
    include_str!("../../src/random.rs"),
    include_str!("../../src/gguf/writer.rs"),
    include_str!("../../src/gguf/encode.rs"),
];
const SEED: u64 = 1;

pub fn text(e: Diagnostic) -> String {
    e.plain()
}

/// A template with the kernel maps and the target of the C library.
pub struct Encoder {
    pub template: Template,
    pub target: Target,
    pub maps: Maps,
}

impl Encoder {
    pub fn open(template: &str) -> Result<Self, String> {
        let found = find_template(template).map_err(text)?;
        let template = Template::parse(&found.name, &found.text).map_err(text)?;
        let maps = Maps::load(Files::kernel_maps(None).map_err(text)?).map_err(text)?;
        let target = maps.target("c").map_err(text)?;
        Ok(Self { template, target, maps })
    }

    /// The prefix of its C functions.
    pub fn name(&self) -> &str {
        &self.template.encoder
    }

    pub fn of_preset(&self, preset: &str, weights: &str) -> Result<Sizes, String> {
        Sizes::of_preset(&self.template, Some(preset), weights).map_err(text)
    }

    /// `options`: name and choice of those of the profile that are not to be as usual.
    pub fn emit(&self, sizes: &Sizes, profile: &str, options: &[(&str, &str)], taps: Taps) -> Result<Sources, String> {
        let mut profile = self.maps.profile_for(profile, &self.template).map_err(text)?;
        for (option, choice) in options {
            profile.choose(option, choice).map_err(text)?;
        }
        let inputs = Inputs { template: &self.template, sizes, maps: &self.maps, profile: &profile, target: &self.target, taps };
        let plan = pipeline::compile(&inputs).map_err(text)?;
        pipeline::emit(&inputs, &plan).map_err(text)
    }

    /// The GGUF file of a preset in `folder`, written once; `progress` is told bytes done and bytes in all.
    pub fn model(&self, preset: &str, weights: &str, folder: &Path, mut progress: impl FnMut(u64, u64)) -> Result<PathBuf, String> {
        let key = SYNTH.iter().fold(short_hash(self.template.text.as_bytes()), |key, s| short_hash(format!("{key}{s}").as_bytes()));
        let stem = format!("{}-{preset}-{weights}", self.name());
        let path = folder.join(format!("{stem}-{key}.gguf"));
        if path.is_file() {
            return Ok(path);
        }
        fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        // Files of an older template are never read again, and large ones would fill the disk.
        for old in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = old.file_name().to_string_lossy().into_owned();
            if name.strip_prefix(&stem).is_some_and(|rest| rest.starts_with('-')) {
                fs::remove_file(old.path()).map_err(|e| format!("{}: {e}", old.path().display()))?;
            }
        }
        let sizes = self.of_preset(preset, weights)?;
        let list = weight_list(&expand(&self.template, &sizes, &self.maps, &self.template.first_choices()).map_err(text)?);
        let total = list.iter().map(|w| w.bytes).sum();
        synth::write(&self.template, &sizes, &list, SEED, &path, |done| progress(done, total)).map_err(text)?;
        Ok(path)
    }
}
