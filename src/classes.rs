//! Which numerics classes an op runs in: the profile's rules, decided as far as sizes allow.

use std::collections::BTreeMap;

use crate::diagnostic::Result;
use crate::expr::{Condition, Dim, Verdict};
use crate::fuse::fused_alternatives;
use crate::ir::Dtype;
use crate::json::At;
use crate::maps::{Maps, Profile};

/// One branch of the emitted code: the class taken when the guard holds and no earlier one did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternative {
    /// `None` for the last branch.
    pub guard: Option<Condition>,
    /// The same as the profile spells it.
    pub guard_text: Option<String>,
    pub class: String,
}

/// Classes for an op in a target's language, whose operands have these types (`None`: not known yet).
pub fn alternatives(
    maps: &Maps,
    profile: &Profile,
    lang: &str,
    op: &str,
    bound: &BTreeMap<String, Dim>,
    types: &[Option<Dtype>],
    at: &At,
) -> Result<Vec<Alternative>> {
    let Some(map) = maps.op(op) else { return Ok(Vec::new()) };
    if let Some(fused) = &map.fused {
        // a fused op has no line in the profile: its members decide
        let members = fused
            .chain
            .iter()
            .map(|link| {
                let member_types = member_types(maps, map, &link.op, types);
                Ok((link.op.clone(), alternatives(maps, profile, lang, &link.op, bound, &member_types, at)?))
            })
            .collect::<Result<Vec<_>>>()?;
        return fused_alternatives(map, &members)
            .ok_or_else(|| at.error("class-fused", format!("no class of {op} equals its chain under {}", profile.name), "this op"));
    }
    let refuse = |reasons: Vec<String>| {
        let mut e = at.error("class-none", format!("profile {} has no numerics class for {op} here", profile.name), "this op");
        for r in reasons {
            e = e.fact(r);
        }
        e.help(format!("add a rule for \"{op}\" to the profile, or choose another profile"))
    };
    let rules = profile.rules.get(op).ok_or_else(|| refuse(vec!["the profile has no rule for this op".to_string()]))?;
    let mut out = Vec::new();
    let mut reasons = Vec::new();
    for rule in rules {
        if let Some(other) = rule.lang.as_ref().filter(|l| *l != lang) {
            reasons.push(format!("{}: for targets in {other}, this one is in {lang}", rule.class));
            continue;
        }
        let names = map.operand_names();
        let mismatch = rule.types.iter().find(|(operand, want)| {
            let slot = names.iter().position(|n| n == *operand);
            slot.and_then(|s| types.get(s).copied().flatten()) != Some(**want)
        });
        if let Some((operand, want)) = mismatch {
            reasons.push(format!("{}: needs {operand} of type {want}", rule.class));
            continue;
        }
        let other = rule.option.iter().find_map(|(k, want)| {
            let chosen = profile.options.get(k).map(|o| &o.chosen);
            (chosen != Some(want)).then(|| format!("{}: for {k} {want}, chosen is {}", rule.class, chosen.map_or("nothing", |c| c)))
        });
        if let Some(reason) = other {
            reasons.push(reason);
            continue;
        }
        let verdict = match &rule.when {
            None => Verdict::Always,
            Some(g) => g.decide(&|n| bound.get(n).cloned()).map_err(|e| rule.at.error("map-guard", e, "in this rule"))?,
        };
        let guard_text = rule.when.as_ref().map(|g| g.text.clone());
        match verdict {
            Verdict::Never => reasons.push(format!("{}: {} never holds", rule.class, guard_text.unwrap_or_default())),
            Verdict::Always => {
                out.push(Alternative { guard: None, guard_text: None, class: rule.class.clone() });
                return Ok(out);
            }
            Verdict::Depends(c) => out.push(Alternative { guard: Some(c), guard_text, class: rule.class.clone() }),
        }
    }
    if out.is_empty() {
        return Err(refuse(reasons));
    }
    reasons.extend(out.iter().map(|a| format!("{}: only if {}", a.class, a.guard_text.clone().unwrap_or_default())));
    Err(refuse(reasons).help("the last rule of an op must hold without a condition"))
}

/// Types of a chain member's operands, taken from the fused op's operands of the same name.
fn member_types(maps: &Maps, fused: &crate::maps::OpMap, member: &str, types: &[Option<Dtype>]) -> Vec<Option<Dtype>> {
    let names = fused.operand_names();
    let Some(map) = maps.op(member) else { return Vec::new() };
    map.operand_names().iter().map(|n| names.iter().position(|f| f == n).and_then(|i| types.get(i).copied().flatten())).collect()
}
