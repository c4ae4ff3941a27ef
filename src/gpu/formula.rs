//! Numbers of a manifest that depend on run-time dimensions: parsed once, evaluated for each size of input.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Result};
use crate::expr::{Dim, Expr, Guard, Verdict};
use crate::json::{At, Node, Value};

/// Values of all run-time dimensions by name.
pub type Dims = BTreeMap<String, u64>;

/// An integer expression with its place in the manifest.
#[derive(Debug, Clone)]
pub struct Formula {
    expr: Expr,
    at: At,
}

/// A condition with its place in the manifest.
#[derive(Debug, Clone)]
pub struct Condition {
    guard: Guard,
    at: At,
}

fn bad(at: &At, why: String) -> Diagnostic {
    at.error("manifest-expression", why, "this expression")
}

impl Formula {
    /// A text, or a number that depends on nothing.
    pub fn read(node: &Node) -> Result<Self> {
        let expr = match &node.value {
            Value::Number(_) => Expr::Int(node.u64()?),
            _ => Expr::parse(node.str()?).map_err(|why| bad(&node.at, why))?,
        };
        Ok(Self { expr, at: node.at.clone() })
    }

    /// One expression, or a list of them.
    pub fn list(node: &Node) -> Result<Vec<Self>> {
        node.array()?.iter().map(Self::read).collect()
    }

    /// The value; a negative one, one that is no 64-bit number and an unknown name are errors.
    pub fn value(&self, dims: &Dims) -> Result<u64> {
        let bound = self.expr.bind(&|name| dims.get(name).map(|v| Dim::constant(*v))).map_err(|why| bad(&self.at, why))?;
        bound.as_const().ok_or_else(|| bad(&self.at, "the value is negative or no 64-bit number".to_string()).fact(facts(dims)))
    }

    /// A value that shaders get: at most 32 bits.
    pub fn word(&self, dims: &Dims) -> Result<u32> {
        let value = self.value(dims)?;
        value.try_into().map_err(|_| bad(&self.at, format!("{value} is no 32-bit number")).fact(facts(dims)))
    }
}

impl Condition {
    pub fn read(node: &Node) -> Result<Self> {
        let guard = Guard::parse(node.str()?).map_err(|why| bad(&node.at, why))?;
        Ok(Self { guard, at: node.at.clone() })
    }

    pub fn holds(&self, dims: &Dims) -> Result<bool> {
        match self.guard.decide(&|name| dims.get(name).map(|v| Dim::constant(*v))) {
            Ok(Verdict::Always) => Ok(true),
            Ok(Verdict::Never) => Ok(false),
            Ok(_) => Err(bad(&self.at, "the condition has no value".to_string()).fact(facts(dims))),
            Err(why) => Err(bad(&self.at, why).fact(facts(dims))),
        }
    }
}

fn facts(dims: &Dims) -> String {
    dims.iter().map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn dims() -> Dims {
        [("b", 2), ("mh", 5), ("mw", 3)].map(|(n, v)| (n.to_string(), v)).into()
    }

    fn value(text: &str) -> Result<u64> {
        Formula::read(&json::parse("manifest.json", &format!("\"{text}\""))?)?.value(&dims())
    }

    fn holds(text: &str) -> Result<bool> {
        Condition::read(&json::parse("manifest.json", &format!("\"{text}\""))?)?.holds(&dims())
    }

    #[test]
    fn expressions_have_their_usual_values() {
        assert_eq!(value("4*b*mh*mw").unwrap(), 120);
        assert_eq!(value("ceildiv(4*mh*mw, 16) * max(b, 7) - min(mh, mw)").unwrap(), 4 * 7 - 3);
        assert_eq!(value("2 - mh + b*mh").unwrap(), 7);
        assert_eq!(value("mw - mh").unwrap_err().code(), "manifest-expression");
        assert!(value("4*h").unwrap_err().plain().contains("dimension \"h\" is not known"));
        let word = Formula::read(&json::parse("m", "\"4294967295 + b\"").unwrap()).unwrap();
        assert!(word.word(&dims()).unwrap_err().plain().contains("4294967297 is no 32-bit number"));
    }

    #[test]
    fn conditions_hold_or_do_not() {
        assert!(holds("4*b*mh*mw >= 60*b and mh % 2 == 1").unwrap());
        assert!(!holds("4*b*mh*mw >= 61*b").unwrap());
        assert!(!holds("mh*mw < 15").unwrap() && holds("b != mh").unwrap());
        assert!(holds("b").is_err() && holds("h > 1").is_err());
    }
}
