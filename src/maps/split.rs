//! How the work of a shader is cut into pieces, for devices that cannot bind all of its operands at once.

use indexmap::IndexMap;

use super::expr;
use crate::diagnostic::Result;
use crate::expr::Expr;
use crate::json::{Node, Value};
use crate::signature::Signature;

/// Name of the first row of a piece within its stretch.
pub const FIRST: &str = "first";
/// Name of the number of rows of a piece.
pub const COUNT: &str = "count";

/// Rows of the result that do not depend on each other, and what of the operands each needs.
#[derive(Debug)]
pub struct Split {
    /// Rows of a whole call.
    pub rows: Expr,
    /// Rows of a stretch: a piece lies in one of them.
    pub within: Expr,
    /// Pieces begin at multiples of so many rows.
    pub unit: Expr,
    /// Arguments that are others in a piece; over the arguments, `first` and `count`.
    pub call: IndexMap<String, Expr>,
    /// Operands, and the result, that a piece has a part of; the others are bound whole.
    pub parts: IndexMap<String, Part>,
    /// Workgroups, over the arguments of a piece, `first` and `count`.
    pub launch: Vec<Expr>,
}

/// Which rows of an operand a piece sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Those with the numbers of its own.
    Rows,
    /// Those with the numbers of its own in their stretch: the operand is one stretch long.
    Cycle,
    /// All of its stretch.
    Stretch,
}

impl Part {
    fn read(node: &Node) -> Result<Self> {
        Ok(match node.str()? {
            "rows" => Part::Rows,
            "cycle" => Part::Cycle,
            "stretch" => Part::Stretch,
            _ => return Err(node.at.error("map-split", "a part is rows, cycle or stretch", "found this")),
        })
    }

    pub fn name(self) -> &'static str {
        match self {
            Part::Rows => "rows",
            Part::Cycle => "cycle",
            Part::Stretch => "stretch",
        }
    }
}

impl Split {
    /// A dimension: whatever begins with it is cut along it. Or an object that says everything.
    pub fn read(node: &Node, signature: &Signature, args: &[String], launch: &[Expr]) -> Result<Self> {
        let patterns = || signature.operands.iter().chain([&signature.result]);
        let bad = |at: &Node, message: String| Err(at.at.error("map-split", message, "found this"));
        let split = if let Value::String(symbol) = &node.value {
            let own = Some(Expr::Name(symbol.clone()));
            let cut = patterns().filter(|p| p.dims.first() == Some(&own));
            Self {
                rows: Expr::Name(symbol.clone()),
                within: Expr::Name(symbol.clone()),
                unit: Expr::Int(1),
                call: IndexMap::from([(symbol.clone(), Expr::Name(COUNT.to_string()))]),
                parts: cut.map(|p| (p.name.clone(), Part::Rows)).collect(),
                launch: launch.to_vec(),
            }
        } else {
            let f = node.fields()?;
            let rows = expr(f.required("rows")?)?;
            let call = |n: &Node| n.map()?.iter().map(|(name, n)| Ok((name.clone(), expr(n)?))).collect::<Result<_>>();
            let split = Self {
                within: f.optional("within").map(expr).transpose()?.unwrap_or_else(|| rows.clone()),
                rows,
                unit: f.optional("unit").map(expr).transpose()?.unwrap_or(Expr::Int(1)),
                call: f.optional("call").map(call).transpose()?.unwrap_or_default(),
                parts: f.required("parts")?.map()?.iter().map(|(name, n)| Ok((name.clone(), Part::read(n)?))).collect::<Result<_>>()?,
                launch: launch.to_vec(),
            };
            f.finish()?;
            split
        };
        if split.parts.get(&signature.result.name) != Some(&Part::Rows) {
            return bad(node, format!("the rows of the result {} are not what is cut", signature.result.name));
        }
        if let Some(name) = split.parts.keys().find(|name| patterns().all(|p| p.name != **name)) {
            return bad(node, format!("\"{name}\" is no operand"));
        }
        match split.call.keys().find(|name| !args.contains(name)) {
            Some(name) => bad(node, format!("\"{name}\" is no argument")),
            None => Ok(split),
        }
    }

    /// What a name of a piece is in a call that is not cut.
    pub fn whole(&self, name: &str) -> Option<Expr> {
        match name {
            FIRST => Some(Expr::Int(0)),
            COUNT => Some(self.within.clone()),
            _ => None,
        }
    }
}
