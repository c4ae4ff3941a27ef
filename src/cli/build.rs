//! `ir-build --template …`: compiles and writes the library; also what other subcommands need to compile.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use super::USAGE;
use super::args::{BuildArgs, Source};
use super::output::Output;
use super::profile::profile;
use crate::diagnostic::{Diagnostic, Result};
use crate::emit::write_sources;
use crate::files::{Files, find_template};
use crate::fuse::Taps;
use crate::gguf::GgufDirectory;
use crate::maps::{Maps, Profile, Target};
use crate::pipeline::{self, Inputs};
use crate::sizes::Sizes;
use crate::template::Template;

/// Everything read that a compilation needs.
pub struct Loaded {
    pub template: Template,
    pub sizes: Sizes,
    pub maps: Maps,
    pub profile: Profile,
    pub target: Target,
}

impl Loaded {
    pub fn new(source: &Source) -> Result<Self> {
        let name = source.template.as_deref().ok_or_else(|| {
            Diagnostic::new(USAGE, "no template given")
                .fact(format!("templates: {}", crate::files::template_names().join(", ")))
                .help("ir-build --template NAME; `ir-build --help` lists the subcommands")
        })?;
        Self::named(name, source)
    }

    pub fn named(name: &str, source: &Source) -> Result<Self> {
        let text = find_template(name)?;
        let template = Template::parse(&text.name, &text.text)?;
        let maps = Maps::load(Files::kernel_maps(source.maps.as_deref())?)?;
        let target = maps.target(&source.target)?;
        let profile = profile(source, &maps, &target, &template)?;
        let sizes = match &source.model {
            Some(path) => Sizes::of_file(&template, GgufDirectory::read(path)?)?,
            None => Sizes::of_preset(&template, source.preset.as_deref(), &source.weights)?,
        };
        Ok(Self { template, sizes, maps, profile, target })
    }

    pub fn inputs(&self, taps: Taps) -> Inputs<'_> {
        Inputs { template: &self.template, sizes: &self.sizes, maps: &self.maps, profile: &self.profile, target: &self.target, taps }
    }
}

pub fn build(args: &BuildArgs, out: &Output) -> Result<ExitCode> {
    let loaded = Loaded::new(&args.source)?;
    let inputs = loaded.inputs(args.taps.into());
    if let Some(stage) = args.stop {
        let text = pipeline::stage_text(&inputs, stage)?;
        out.result(&text, &json!({ "reason": "stage", "stage": format!("{stage:?}").to_lowercase(), "text": text }));
        return Ok(ExitCode::SUCCESS);
    }
    let plan = pipeline::compile(&inputs)?;
    let sources = pipeline::emit(&inputs, &plan)?;
    let dir = args.output.clone().unwrap_or_else(|| PathBuf::from("generated").join(&loaded.template.encoder).join(&loaded.target.name));
    let written = write_sources(&dir, &sources)?;
    let bytes: usize = sources.values().map(String::len).sum();
    let text = format!(
        "{} ({}) for profile {}: {} steps, {} weights, {} taps\n{}: {} files, {} ({} changed)",
        loaded.template.encoder,
        loaded.sizes.label(),
        loaded.profile.label(),
        plan.steps.len(),
        plan.weights.len(),
        plan.taps.len(),
        dir.display(),
        sources.len(),
        super::output::bytes(bytes as u64),
        written.changed,
    );
    let json = json!({
        "reason": "build", "encoder": loaded.template.encoder, "sizes": loaded.sizes.label(), "profile": loaded.profile.label(),
        "steps": plan.steps.len(), "weights": plan.weights.len(), "taps": plan.taps.len(),
        "directory": dir.display().to_string(), "files": sources.keys().collect::<Vec<_>>(), "changed": written.changed,
    });
    out.result(&text, &json);
    Ok(ExitCode::SUCCESS)
}
