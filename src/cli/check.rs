//! `ir-build check`: a template and all maps, profiles and targets; every error at once.

use std::process::ExitCode;

use rayon::prelude::*;
use serde_json::json;

use super::args::CheckArgs;
use super::output::Output;
use super::profile::profile;
use crate::diagnostic::{Diagnostic, Result};
use crate::files::{Files, find_template, template_names};
use crate::fuse::Taps;
use crate::gguf::GgufDirectory;
use crate::maps::{Maps, Profile, Target};
use crate::pipeline::{self, Inputs};
use crate::sizes::Sizes;
use crate::template::Template;

pub fn check(args: &CheckArgs, out: &Output) -> Result<ExitCode> {
    let mut errors = Vec::new();
    let names = args.source.template.clone().map_or_else(template_names, |t| vec![t]);
    let mut templates = Vec::new();
    for name in &names {
        match find_template(name).and_then(|t| Template::parse(&t.name, &t.text)) {
            Ok(t) => templates.push(t),
            Err(e) => errors.push(e),
        }
    }
    let found = match combinations(args, &templates, &mut errors, out) {
        Ok(found) => found,
        Err(e) => {
            errors.push(e);
            Found::default()
        }
    };
    if let Some(e) = Diagnostic::all(errors) {
        return Err(e);
    }
    let Found { ops, profiles, compiled } = found;
    let text = format!("{} templates, {ops} ops, {profiles} profiles: {compiled} combinations compile", names.len());
    out.result(&text, &json!({ "reason": "check", "templates": names, "ops": ops, "combinations": compiled }));
    Ok(ExitCode::SUCCESS)
}

#[derive(Default)]
struct Found {
    ops: usize,
    profiles: usize,
    compiled: usize,
}

/// Compiles every template for every size, profile and choice of taps, on all cores; an error of the maps ends it.
fn combinations(args: &CheckArgs, templates: &[Template], errors: &mut Vec<Diagnostic>, out: &Output) -> Result<Found> {
    let maps = Maps::load(Files::kernel_maps(args.source.maps.as_deref())?)?;
    let target = maps.target(&args.source.target)?;
    let mut found = Found { ops: maps.ops.len(), ..Found::default() };
    let mut subjects = Vec::new();
    for template in templates {
        let profiles = match &args.source.profile {
            Some(_) => vec![profile(&args.source, &maps, &target, template)?],
            None => every_profile(&maps, &target, template, errors),
        };
        found.profiles = found.profiles.max(profiles.len());
        let (sizes, wrong): (Vec<_>, Vec<_>) = all_sizes(template, args).into_iter().partition(Result::is_ok);
        errors.extend(wrong.into_iter().filter_map(Result::err));
        subjects.push((template, profiles, sizes.into_iter().filter_map(Result::ok).collect::<Vec<_>>()));
    }
    let each = subjects.iter().flat_map(|(template, profiles, sizes)| {
        let builds = sizes.iter().flat_map(move |sizes| profiles.iter().map(move |profile| (*template, sizes, profile)));
        builds.flat_map(|(template, sizes, profile)| [Taps::All, Taps::Kept].map(|taps| (template, sizes, profile, taps)))
    });
    let each: Vec<_> = each.collect();
    found.compiled = each.len();
    let bar = out.bar("compiling", each.len() as u64, false);
    let results: Vec<Option<Diagnostic>> = each
        .into_par_iter()
        .map(|(template, sizes, profile, taps)| {
            let inputs = Inputs { template, sizes, maps: &maps, profile, target: &target, taps };
            let result = pipeline::compile(&inputs).and_then(|plan| pipeline::emit(&inputs, &plan));
            bar.inc(1);
            result.err()
        })
        .collect();
    bar.finish_and_clear();
    for e in results.into_iter().flatten() {
        if !errors.iter().any(|known: &Diagnostic| known.plain() == e.plain()) {
            errors.push(e);
        }
    }
    Ok(found)
}

/// All profiles that serve the target, each with its usual choices and with every other choice once.
fn every_profile(maps: &Maps, target: &Target, template: &Template, errors: &mut Vec<Diagnostic>) -> Vec<Profile> {
    let mut out = Vec::new();
    for name in maps.files.json_stems("profiles") {
        let usual = match maps.profile_for(&name, template) {
            Ok(p) => p,
            Err(e) => {
                errors.push(e);
                continue;
            }
        };
        if !usual.serves(&target.lang) {
            continue;
        }
        for (option, o) in &usual.options {
            for choice in o.choices.keys().filter(|c| **c != o.chosen) {
                match maps.profile_for(&name, template).and_then(|mut p| p.choose(option, choice).map(|()| p)) {
                    Ok(p) => out.push(p),
                    Err(e) => errors.push(e),
                }
            }
        }
        out.push(usual);
    }
    out
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
