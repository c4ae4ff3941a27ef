//! What a numerics class promises: its bits, or how far a result is from the exact one at most.

use std::fmt;

use crate::diagnostic::Result;
use crate::json::Node;

/// The promise of a class for every result of its kernels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Promise {
    /// The bits that the class's steps give, the same from every kernel.
    Bits,
    /// `sum((y - exact)^2) / sum(exact^2)` is at most this, `exact` being the op in real numbers on the operands as given.
    Nmse(f64),
}

impl Promise {
    /// From `bits` or `nmse <number>`. Errors: `map-match`.
    pub fn read(node: &Node) -> Result<Self> {
        let text = node.str()?;
        let number = text.strip_prefix("nmse ").and_then(|n| n.parse::<f64>().ok()).filter(|n| (0.0..1.0).contains(n) && *n > 0.0);
        match (text, number) {
            ("bits", _) => Ok(Self::Bits),
            (_, Some(number)) => Ok(Self::Nmse(number)),
            _ => Err(node.at.error(
                "map-match",
                format!("a class promises \"bits\" or \"nmse <number below 1>\", not {text:?}"),
                "this promise",
            )),
        }
    }
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bits => f.write_str("bits"),
            Self::Nmse(number) => write!(f, "nmse {number:e}"),
        }
    }
}
