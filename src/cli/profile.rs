//! The profile of a build: named, the target's own, or the one that stands for this very CPU; with the choices taken.

use super::args::Source;
use crate::diagnostic::{Diagnostic, Result};
use crate::host::cpu;
use crate::maps::{Maps, Profile, Target};
use crate::template::Template;

/// Word that asks for the profile of this CPU.
pub const AUTO: &str = "auto";

pub fn profile(source: &Source, maps: &Maps, target: &Target, template: &Template) -> Result<Profile> {
    let mut profile = match source.profile.as_deref() {
        Some(AUTO) => native(maps)?,
        Some(name) => maps.profile(name)?,
        None => maps.profile(&target.default_profile)?,
    };
    profile.adopt(template)?;
    for c in &source.options {
        profile.choose(&c.option, &c.choice)?;
    }
    Ok(profile)
}

/// The one profile whose bits the engine gives when it is built with all that this CPU has.
fn native(maps: &Maps) -> Result<Profile> {
    let mut fit = Vec::new();
    let mut refused = Vec::new();
    for name in maps.files.json_stems("profiles") {
        let profile = maps.profile(&name)?;
        match &profile.native {
            None => refused.push(format!("{name}: stands for no machine's own build")),
            Some(n) => {
                let has = |f: &String| cpu::has(f).ok_or_else(|| unknown(&profile, f));
                let missing = n.has.iter().map(|f| Ok((f, has(f)?))).collect::<Result<Vec<_>>>()?;
                let present = n.lacks.iter().map(|f| Ok((f, has(f)?))).collect::<Result<Vec<_>>>()?;
                let missing: Vec<&str> = missing.iter().filter(|(_, has)| !has).map(|(f, _)| f.as_str()).collect();
                let present: Vec<&str> = present.iter().filter(|(_, has)| *has).map(|(f, _)| f.as_str()).collect();
                match (missing.is_empty(), present.is_empty()) {
                    (true, true) => fit.push(profile),
                    (false, _) => refused.push(format!("{name}: this CPU lacks {}", missing.join(", "))),
                    (true, false) => refused.push(format!("{name}: this CPU has {}, which changes the bits", present.join(", "))),
                }
            }
        }
    }
    if fit.len() == 1 {
        return Ok(fit.remove(0));
    }
    let mut e = Diagnostic::new("profile-auto", "no single profile stands for a build made for this CPU");
    for p in &fit {
        e = e.fact(format!("{}: fits", p.name));
    }
    for r in refused {
        e = e.fact(r);
    }
    Err(e.help("name the profile whose bits you want; every profile runs on every CPU"))
}

fn unknown(profile: &Profile, feature: &str) -> Diagnostic {
    profile.at.error("cpu-feature", format!("\"{feature}\" is no CPU feature that can be asked for"), "this profile's \"native\"")
}
