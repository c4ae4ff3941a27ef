//! `ir-build check`: a template and all maps, profiles and targets; every error at once.

use std::process::ExitCode;

use serde_json::json;

use super::args::CheckArgs;
use super::output::Output;
use crate::diagnostic::{Diagnostic, Result};
use crate::files::{Files, find_template, template_names};
use crate::fuse::Taps;
use crate::gguf::GgufDirectory;
use crate::maps::Maps;
use crate::pipeline::{self, Inputs};
use crate::sizes::Sizes;
use crate::template::Template;

pub fn check(args: &CheckArgs, out: &Output) -> Result<ExitCode> {
    let mut errors = Vec::new();
    let mut checked = 0;
    let maps = Maps::load(Files::kernel_maps(args.source.maps.as_deref())?)?;
    let target = maps.target(&args.source.target)?;
    let mut profiles = Vec::new();
    for name in maps.files.json_stems("profiles") {
        match maps.profile(&name) {
            Ok(p) => profiles.push(p),
            Err(e) => errors.push(e),
        }
    }
    if let Some(only) = &args.source.profile {
        profiles = vec![maps.profile(only)?];
    }
    let names = args.source.template.clone().map_or_else(template_names, |t| vec![t]);
    for name in &names {
        let template = match find_template(name).and_then(|t| Template::parse(&t.name, &t.text)) {
            Ok(t) => t,
            Err(e) => {
                errors.push(e);
                continue;
            }
        };
        for sizes in all_sizes(&template, args) {
            for profile in &profiles {
                for taps in [Taps::All, Taps::Kept] {
                    let result = sizes.as_ref().map_err(Clone::clone).and_then(|sizes| {
                        let inputs = Inputs { template: &template, sizes, maps: &maps, profile, target: &target, taps };
                        pipeline::compile(&inputs).and_then(|plan| pipeline::emit(&inputs, &plan)).map(|_| ())
                    });
                    checked += 1;
                    if let Err(e) = result
                        && !errors.iter().any(|known: &Diagnostic| known.plain() == e.plain())
                    {
                        errors.push(e);
                    }
                }
            }
        }
    }
    if let Some(e) = Diagnostic::all(errors) {
        return Err(e);
    }
    let text = format!(
        "{} templates, {} ops, {} profiles: {checked} combinations compile",
        names.len(),
        maps.ops.len(),
        profiles.len()
    );
    out.result(&text, &json!({ "reason": "check", "templates": names, "ops": maps.ops.len(), "combinations": checked }));
    Ok(ExitCode::SUCCESS)
}

/// The sizes asked for, or every preset under the weights asked for.
fn all_sizes(template: &Template, args: &CheckArgs) -> Vec<Result<Sizes>> {
    if let Some(path) = &args.source.model {
        return vec![GgufDirectory::read(path).and_then(|f| Sizes::of_file(template, f))];
    }
    let presets: Vec<String> = match &args.source.preset {
        Some(p) => vec![p.clone()],
        None => template.presets.keys().cloned().collect(),
    };
    presets.iter().map(|p| Sizes::of_preset(template, Some(p), &args.source.weights)).collect()
}
