//! The table of likely causes: rules by pattern, op and class, read from the kernel maps.

use super::measure::Difference;
use super::pattern::{Place, Relation, Size};
use crate::diagnostic::Result;
use crate::files::Files;
use crate::json::{self, Node};

/// Path of the table in a set of kernel maps.
pub(crate) const PATH: &str = "causes/causes.json";

/// Most causes that are named for one difference.
const MOST: usize = 3;

/// The rules; none if the maps have no table.
#[derive(Debug, Default)]
pub struct Causes(Vec<Rule>);

/// A list that is empty fits anything.
#[derive(Debug)]
struct Rule {
    ops: Vec<String>,
    classes: Vec<String>,
    places: Vec<String>,
    sizes: Vec<String>,
    relations: Vec<String>,
    cause: String,
}

impl Causes {
    pub fn read(files: &Files) -> Result<Self> {
        let Some(text) = files.get(PATH) else { return Ok(Self::default()) };
        let root = json::parse(&files.name(PATH), text)?;
        let f = root.fields()?;
        f.optional("$schema");
        f.required("doc")?.str()?;
        let rules = f.required("causes")?.array()?.iter().map(rule).collect::<Result<_>>()?;
        f.finish()?;
        Ok(Self(rules))
    }

    /// What usually makes this difference in the result of this op, the closest first.
    pub fn of(&self, difference: &Difference, op: &str, class: &str) -> Vec<String> {
        let fits = |list: &[String], word: &str| list.is_empty() || list.iter().any(|w| w == word);
        let matching = self.0.iter().filter(|r| {
            let related = r.relations.is_empty() || difference.relation.is_some_and(|x| fits(&r.relations, x.word()));
            related
                && fits(&r.ops, op)
                && fits(&r.classes, class)
                && fits(&r.places, difference.place.word())
                && fits(&r.sizes, difference.size.word())
        });
        matching.take(MOST).map(|r| r.cause.clone()).collect()
    }

    /// Ops that the rules name.
    pub fn ops(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|r| r.ops.iter().map(String::as_str))
    }
}

fn rule(node: &Node) -> Result<Rule> {
    let f = node.fields()?;
    let words = |key: &str, known: &[&str]| -> Result<Vec<String>> {
        let Some(list) = f.optional(key) else { return Ok(Vec::new()) };
        for item in list.array()? {
            if !known.is_empty() && !known.contains(&item.str()?) {
                let e = item.at.error("map-cause", format!("\"{}\" is no {key}", item.str()?), "found this");
                return Err(e.fact(format!("there is: {}", known.join(", "))));
            }
        }
        list.strings()
    };
    let rule = Rule {
        ops: words("op", &[])?,
        classes: words("class", &[])?,
        places: words("place", &Place::WORDS)?,
        sizes: words("size", &Size::WORDS)?,
        relations: words("relation", &Relation::WORDS)?,
        cause: f.required("cause")?.str()?.to_string(),
    };
    f.finish()?;
    Ok(rule)
}
