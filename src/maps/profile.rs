//! A profile: which numerics class each op runs in, and which reference build the result equals.

use indexmap::IndexMap;

use super::{Maps, guard};
use crate::diagnostic::Result;
use crate::expr::Guard;
use crate::ir::Dtype;
use crate::json::{At, Node};

/// One line of an op's decision: first rule whose types match and whose guard holds.
#[derive(Debug)]
pub struct Rule {
    /// Operand → dtype that must be found; empty matches everything.
    pub types: IndexMap<String, Dtype>,
    pub when: Option<Guard>,
    pub class: String,
    pub at: At,
}

#[derive(Debug)]
pub struct Profile {
    pub name: String,
    pub doc: String,
    /// What the bits are equal to: engine, ISA, flags, attention, libm.
    pub stands_for: IndexMap<String, String>,
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
                if i + 1 < list.len() && r.types.is_empty() && r.when.is_none() {
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
        let profile = Self { name: name.to_string(), doc: f.required("doc")?.str()?.to_string(), stands_for, rules, at: root.at.clone() };
        f.finish()?;
        Ok(profile)
    }

    /// One line for headers and logs.
    pub fn reference(&self) -> String {
        self.stands_for.iter().map(|(k, v)| format!("{k}: {v}")).collect::<Vec<_>>().join("; ")
    }
}

fn rule(node: &Node) -> Result<Rule> {
    let f = node.fields()?;
    let types = match f.optional("types") {
        Some(n) => n.map()?.iter().map(|(k, v)| Ok((k.clone(), Dtype::from_node(v)?))).collect::<Result<_>>()?,
        None => IndexMap::new(),
    };
    let rule = Rule {
        types,
        when: f.optional("when").map(guard).transpose()?,
        class: f.required("class")?.str()?.to_string(),
        at: node.at.clone(),
    };
    f.finish()?;
    Ok(rule)
}
