//! A profile: which numerics class each op runs in, and which reference build the result equals.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::{Maps, Promise, Target, guard};
use crate::diagnostic::{Diagnostic, Result};
use crate::expr::Guard;
use crate::ir::Dtype;
use crate::json::{At, Node};
use crate::template::Template;

/// One line of an op's decision: first rule whose language, types and options match and whose guard holds.
#[derive(Debug)]
pub struct Rule {
    /// Language of the targets that the rule is for; `None`: of all.
    pub lang: Option<String>,
    /// Operand → dtype that must be found; empty matches everything.
    pub types: IndexMap<String, Dtype>,
    /// Option → choice that must be taken; empty matches everything.
    pub option: IndexMap<String, String>,
    pub when: Option<Guard>,
    pub class: String,
    pub at: At,
}

/// A decision that the user may take otherwise.
#[derive(Debug)]
pub struct ProfileOption {
    pub doc: String,
    /// Word → what it stands for.
    pub choices: IndexMap<String, String>,
    /// What a build takes that does not name a choice.
    pub usual: String,
    pub chosen: String,
}

/// CPUs on which the engine, built for the very machine, gives a profile's bits.
#[derive(Debug)]
pub struct Native {
    pub has: Vec<String>,
    pub lacks: Vec<String>,
}

/// How near a build comes whose classes promise a bound instead of bits.
#[derive(Debug, Clone)]
pub struct Near {
    /// Profile, in C, with whose values its own are compared.
    pub profile: String,
    /// Largest `sum((y - reference)^2) / sum(reference^2)` of any value of an encode.
    pub nmse: f64,
    /// Class → the larger bound of builds that take it.
    pub coarser: IndexMap<String, f64>,
}

#[derive(Debug)]
pub struct Profile {
    pub name: String,
    pub doc: String,
    /// What the bits are equal to: engine, ISA, flags, attention, libm.
    pub stands_for: IndexMap<String, String>,
    pub options: IndexMap<String, ProfileOption>,
    /// Reference whose behaviour templates take where references disagree.
    pub follows: Option<String>,
    /// `None`: no machine's own build gives these bits.
    pub native: Option<Native>,
    /// Languages of the targets that it has classes for; `None`: all.
    pub langs: Option<(Vec<String>, At)>,
    /// `None`: all classes promise bits.
    pub near: Option<Near>,
    pub rules: IndexMap<String, Vec<Rule>>,
    pub at: At,
}

impl Profile {
    pub fn read(maps: &Maps, name: &str) -> Result<Self> {
        let root = maps.read_json("profiles", "profile", name)?;
        let f = root.fields()?;
        f.optional("$schema");
        let title = f.required("profile")?;
        if title.str()? != name {
            return Err(title.at.error("map-name", format!("the profile of {name}.json must be \"{name}\""), "found this"));
        }
        let stands_for =
            f.required("stands_for")?.map()?.iter().map(|(k, v)| Ok((k.clone(), v.str()?.to_string()))).collect::<Result<_>>()?;
        let options: IndexMap<String, ProfileOption> = match f.optional("options") {
            Some(n) => n.map()?.iter().map(|(k, v)| Ok((k.clone(), profile_option(v)?))).collect::<Result<_>>()?,
            None => IndexMap::new(),
        };
        let follows = f.optional("follows").map(|n| n.str().map(str::to_string)).transpose()?;
        let native = f.optional("native").map(native).transpose()?;
        let langs = f.optional("langs").map(|n| Ok((n.strings()?, n.at.clone()))).transpose()?;
        let near = f.optional("near").map(|n| Ok((near(n)?, n.at.clone()))).transpose()?;
        let mut rules = IndexMap::new();
        for (op, node) in f.required("classes")?.map()? {
            let Some(map) = maps.op(op) else {
                return Err(node.at.error("map-unknown-op", format!("no op map \"{op}\""), "its classes").near(op, maps.ops.keys()));
            };
            let list: Vec<Rule> = node.array()?.iter().map(rule).collect::<Result<_>>()?;
            for (i, r) in list.iter().enumerate() {
                if let Some(operand) = r.types.keys().find(|o| !map.operand_names().contains(o)) {
                    return Err(r.at.error("map-operand", format!("\"{operand}\" is no operand of {op}"), "in this rule"));
                }
                for (option, choice) in &r.option {
                    if !options.get(option).is_some_and(|o| o.choices.contains_key(choice)) {
                        return Err(r.at.error(
                            "map-option",
                            format!("the profile has no option {option} with the choice {choice}"),
                            "in this rule",
                        ));
                    }
                }
                if i + 1 < list.len() && r.lang.is_none() && r.types.is_empty() && r.option.is_empty() && r.when.is_none() {
                    return Err(r.at.error(
                        "map-rule",
                        format!("this rule of {op} always holds, those behind it never count"),
                        "this rule",
                    ));
                }
                if !map.classes.contains_key(&r.class) {
                    return Err(r
                        .at
                        .error("map-class", format!("{op} has no class \"{}\"", r.class), "named here")
                        .fact(format!("classes: {}", map.classes.keys().cloned().collect::<Vec<_>>().join(", "))));
                }
            }
            rules.insert(op.clone(), list);
        }
        let near = near.map(|(near, at)| with_known_classes(near, &at, &rules)).transpose()?;
        let doc = f.required("doc")?.str()?.to_string();
        let profile = Self { name: name.to_string(), doc, stands_for, options, follows, native, langs, near, rules, at: root.at.clone() };
        f.finish()?;
        Ok(profile)
    }

    /// Whether it has classes for targets in this language.
    pub fn serves(&self, lang: &str) -> bool {
        self.langs.as_ref().is_none_or(|(langs, _)| langs.iter().any(|l| l == lang))
    }

    /// Whether every class that it has for targets in this language promises bits.
    pub fn promises_bits(&self, maps: &Maps, lang: &str) -> bool {
        let mut rules = self.rules.iter().flat_map(|(op, rules)| rules.iter().map(move |r| (op, r)));
        rules.all(|(op, r)| {
            r.lang.as_ref().is_some_and(|l| l != lang) || maps.op(op).is_some_and(|m| m.classes[&r.class].promise == Promise::Bits)
        })
    }

    /// Errors (`profile-lang`) if it has none.
    pub fn check_lang(&self, target: &Target) -> Result<()> {
        match (&self.langs, self.serves(&target.lang)) {
            (Some((langs, at)), false) => {
                let langs = langs.join(" or ");
                let what = format!("profile {} is for targets in {langs}, the target {} is in {}", self.name, target.name, target.lang);
                Err(at.error("profile-lang", what, "it says so").help("choose another profile, or a target in that language"))
            }
            _ => Ok(()),
        }
    }

    /// Makes the template's options this profile's own: usual is what the followed reference does.
    pub fn adopt(&mut self, template: &Template) -> Result<()> {
        for (name, o) in &template.options {
            let refuse = |why: String| o.at.error("template-option", why, "this option");
            if self.options.contains_key(name) {
                return Err(refuse(format!("profile {} has an option \"{name}\" of its own", self.name)));
            }
            let follows = self.follows.as_ref().ok_or_else(|| refuse(format!("profile {} follows no reference", self.name)))?;
            let usual = o.follows.get(follows).ok_or_else(|| {
                refuse(format!("profile {} follows {follows}, of which \"{name}\" says nothing", self.name))
                    .fact(format!("references: {}", o.follows.keys().cloned().collect::<Vec<_>>().join(", ")))
            })?;
            let option = ProfileOption { doc: o.doc.clone(), choices: o.choices.clone(), usual: usual.clone(), chosen: usual.clone() };
            self.options.insert(name.clone(), option);
        }
        Ok(())
    }

    /// Option → choice taken.
    pub fn choices(&self) -> BTreeMap<String, String> {
        self.options.iter().map(|(name, o)| (name.clone(), o.chosen.clone())).collect()
    }

    /// Takes a choice other than the usual one.
    pub fn choose(&mut self, option: &str, choice: &str) -> Result<()> {
        let known: Vec<String> =
            self.options.iter().map(|(k, o)| format!("{k}: {}", o.choices.keys().cloned().collect::<Vec<_>>().join(" or "))).collect();
        let Some(o) = self.options.get_mut(option).filter(|o| o.choices.contains_key(choice)) else {
            let mut e = Diagnostic::new("option-unknown", format!("profile {} has no option {option}={choice}", self.name));
            for line in known {
                e = e.fact(line);
            }
            return Err(e.help("`ir-build list profiles` shows each profile's options"));
        };
        o.chosen = choice.to_string();
        Ok(())
    }

    /// What the bits are equal to, the choices taken among it: name → text.
    pub fn reference(&self) -> IndexMap<String, String> {
        let chosen = self.options.iter().map(|(k, o)| (k.clone(), format!("{} ({})", o.chosen, o.choices[&o.chosen])));
        self.stands_for.iter().map(|(k, v)| (k.clone(), v.clone())).chain(chosen).collect()
    }

    /// The name, and what was chosen other than usual: `name` or `name+option=choice`.
    pub fn label(&self) -> String {
        let unusual = self.options.iter().filter(|(_, o)| o.chosen != o.usual);
        unusual.fold(self.name.clone(), |label, (k, o)| label + &format!("+{k}={}", o.chosen))
    }
}

fn profile_option(node: &Node) -> Result<ProfileOption> {
    let f = node.fields()?;
    let choices: IndexMap<String, String> =
        f.required("choices")?.map()?.iter().map(|(k, v)| Ok((k.clone(), v.str()?.to_string()))).collect::<Result<_>>()?;
    let chosen = f.required("chosen")?;
    let word = chosen.str()?.to_string();
    if !choices.contains_key(&word) {
        return Err(chosen.at.error("map-option", format!("\"{word}\" is none of the choices"), "chosen here"));
    }
    let option = ProfileOption { doc: f.required("doc")?.str()?.to_string(), choices, usual: word.clone(), chosen: word };
    f.finish()?;
    Ok(option)
}

fn native(node: &Node) -> Result<Native> {
    let f = node.fields()?;
    let native = Native { has: f.required("has")?.strings()?, lacks: f.required("lacks")?.strings()? };
    f.finish()?;
    Ok(native)
}

fn near(node: &Node) -> Result<Near> {
    let f = node.fields()?;
    let bound = |node: &Node| match Promise::read(node)? {
        Promise::Nmse(nmse) => Ok(nmse),
        Promise::Bits => Err(node.at.error("map-match", "what is near has a bound: \"nmse <number>\"", "this promise")),
    };
    let coarser = match f.optional("coarser") {
        Some(n) => n.map()?.iter().map(|(class, v)| Ok((class.clone(), bound(v)?))).collect::<Result<_>>()?,
        None => IndexMap::new(),
    };
    let near = Near { profile: f.required("profile")?.str()?.to_string(), nmse: bound(f.required("match")?)?, coarser };
    f.finish()?;
    Ok(near)
}

/// Errors if a bound is for a class that no rule takes.
fn with_known_classes(near: Near, at: &At, rules: &IndexMap<String, Vec<Rule>>) -> Result<Near> {
    match near.coarser.keys().find(|class| rules.values().flatten().all(|r| r.class != **class)) {
        None => Ok(near),
        Some(class) => Err(at.error("map-class", format!("no rule of the profile takes the class \"{class}\""), "a bound for it is here")),
    }
}

fn rule(node: &Node) -> Result<Rule> {
    let f = node.fields()?;
    let types = match f.optional("types") {
        Some(n) => n.map()?.iter().map(|(k, v)| Ok((k.clone(), Dtype::from_node(v)?))).collect::<Result<_>>()?,
        None => IndexMap::new(),
    };
    let rule = Rule {
        lang: f.optional("lang").map(|n| n.str().map(str::to_string)).transpose()?,
        types,
        option: match f.optional("option") {
            Some(n) => n.map()?.iter().map(|(k, v)| Ok((k.clone(), v.str()?.to_string()))).collect::<Result<_>>()?,
            None => IndexMap::new(),
        },
        when: f.optional("when").map(guard).transpose()?,
        class: f.required("class")?.str()?.to_string(),
        at: node.at.clone(),
    };
    f.finish()?;
    Ok(rule)
}
