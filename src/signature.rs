//! An op's signature: operand names, shape patterns, and their unification with actual shapes.

use std::collections::{BTreeMap, BTreeSet};

use crate::expr::{Dim, Expr, is_identifier};

/// One operand or result pattern, such as `x:[t*r,n]`.
#[derive(Debug, Clone)]
pub struct Pattern {
    pub name: String,
    /// Takes any number of operands (`xs...`).
    pub variadic: bool,
    /// `None` is `?`: any dimension, summed over the variadic operands in the result's `?`.
    pub dims: Vec<Option<Expr>>,
}

/// `x:[m,k] w:[n,k] -> y:[m,n]`
#[derive(Debug, Clone)]
pub struct Signature {
    pub operands: Vec<Pattern>,
    pub result: Pattern,
    pub text: String,
}

impl Signature {
    pub fn parse(text: &str) -> Result<Self, String> {
        let (left, right) = text.split_once("->").ok_or_else(|| format!("signature \"{text}\" has no \"->\""))?;
        let operands = left.split_whitespace().map(Pattern::parse).collect::<Result<Vec<_>, _>>()?;
        let result = Pattern::parse(right.trim())?;
        if operands.iter().rev().skip(1).any(|p| p.variadic) {
            return Err("only the last operand may be variadic".to_string());
        }
        // all names become parameters of one C function
        let mut names: BTreeSet<String> = ["t0", "t1", "scratch"].map(str::to_string).into();
        names.extend(operands.iter().chain([&result]).flat_map(|p| &p.dims).flatten().flat_map(Expr::names));
        for p in operands.iter().chain([&result]) {
            if !names.insert(p.name.clone()) {
                return Err(format!("the name \"{}\" is taken twice", p.name));
            }
        }
        Ok(Self { operands, result, text: text.to_string() })
    }

    /// The pattern of operand `slot`, the last one repeating if it is variadic.
    pub fn operand(&self, slot: usize) -> Option<&Pattern> {
        self.operands.get(slot).or_else(|| self.operands.last().filter(|p| p.variadic))
    }

    /// Whether `count` operands fit.
    pub fn accepts(&self, count: usize) -> bool {
        match self.operands.last() {
            Some(p) if p.variadic => count >= self.operands.len(),
            _ => count == self.operands.len(),
        }
    }

    /// Binds symbols so that every operand has its shape; `bound` holds the attributes on entry and all symbols on return.
    pub fn unify(&self, shapes: &[Vec<Dim>], bound: &mut BTreeMap<String, Dim>) -> Result<Vec<Dim>, String> {
        if !self.accepts(shapes.len()) {
            return Err(format!("{} operands given, the signature \"{}\" takes {}", shapes.len(), self.text, self.operands.len()));
        }
        let mut open: Vec<(String, &Expr, &Dim)> = Vec::new();
        let mut free_sum = Dim::constant(0);
        for (slot, shape) in shapes.iter().enumerate() {
            let pattern = self.operand(slot).ok_or("too many operands")?;
            if pattern.dims.len() != shape.len() {
                return Err(format!(
                    "operand {slot} \"{}\" has rank {} in the signature \"{}\", the value has shape {}",
                    pattern.name,
                    pattern.dims.len(),
                    self.text,
                    show(shape)
                ));
            }
            for (i, (want, have)) in pattern.dims.iter().zip(shape).enumerate() {
                match want {
                    Some(e) => open.push((format!("dimension {i} of \"{}\"", pattern.name), e, have)),
                    None => free_sum = free_sum.add(have).ok_or("integer overflow in a shape")?,
                }
            }
        }
        // Each round settles the patterns with at most one unknown; products may only be solvable after others.
        while !open.is_empty() {
            let before = open.len();
            let mut later = Vec::new();
            for (what, e, have) in open {
                let unknown: Vec<String> = e.names().into_iter().filter(|n| !bound.contains_key(n)).collect();
                match unknown.as_slice() {
                    [] => {
                        let want = e.dim(&|n| bound.get(n).cloned())?;
                        if want != *have {
                            return Err(format!("{what} must be {want}, the value has {have}"));
                        }
                    }
                    [one] => {
                        let solved =
                            solve(e, one, have, bound).ok_or_else(|| format!("{what}: {have} has no exact solution for \"{one}\""))?;
                        bound.insert(one.clone(), solved);
                    }
                    _ => later.push((what, e, have)),
                }
            }
            if later.len() == before {
                return Err(format!("cannot tell the symbols of \"{}\" apart from these shapes", self.text));
            }
            open = later;
        }
        self.result
            .dims
            .iter()
            .map(|d| match d {
                Some(e) => e.dim(&|n| bound.get(n).cloned()),
                None => Ok(free_sum.clone()),
            })
            .collect()
    }
}

/// Solves a product `a*b*x = have` for the one unknown factor.
fn solve(e: &Expr, unknown: &str, have: &Dim, bound: &BTreeMap<String, Dim>) -> Option<Dim> {
    match e {
        Expr::Name(n) if n == unknown => Some(have.clone()),
        Expr::Binary('*', a, b) => {
            let (known, rest) = if a.names().iter().any(|n| n == unknown) { (b, a) } else { (a, b) };
            let k = known.dim(&|n| bound.get(n).cloned()).ok()?;
            solve(rest, unknown, &have.div(&k)?, bound)
        }
        _ => None,
    }
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, String> {
        let (name, dims) = text.split_once(":[").ok_or_else(|| format!("operand \"{text}\" is not written name:[dims]"))?;
        let dims = dims.strip_suffix(']').ok_or_else(|| format!("operand \"{text}\" has no closing bracket"))?;
        let variadic = name.ends_with("...");
        let name = name.trim_end_matches("...");
        if !is_identifier(name) {
            return Err(format!("\"{name}\" is no name of lower-case letters, digits and _"));
        }
        Ok(Self {
            name: name.to_string(),
            variadic,
            dims: dims.split(',').map(|d| if d == "?" { Ok(None) } else { Expr::parse(d).map(Some) }).collect::<Result<_, _>>()?,
        })
    }
}

/// `[2*m, 64]`
pub fn show(shape: &[Dim]) -> String {
    format!("[{}]", shape.iter().map(|d| d.to_string()).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_solved_once_their_factors_are_known() {
        let s = Signature::parse("x:[t*r,n] p:[r,n] -> y:[t*r,n]").unwrap();
        let hw = Dim::symbol("h").mul(&Dim::symbol("w")).unwrap();
        let n = hw.mul(&Dim::symbol("b")).unwrap();
        let mut bound = BTreeMap::new();
        let y = s.unify(&[vec![n.clone(), Dim::constant(8)], vec![hw, Dim::constant(8)]], &mut bound).unwrap();
        assert_eq!(y, [n, Dim::constant(8)]);
        assert_eq!(bound["t"], Dim::symbol("b"));
        let e = s.unify(&[vec![Dim::constant(9), Dim::constant(8)], vec![Dim::constant(4), Dim::constant(8)]], &mut BTreeMap::new());
        assert_eq!(e.unwrap_err(), "dimension 0 of \"x\": 9 has no exact solution for \"t\"");
    }

    #[test]
    fn variadic_operands_sum_their_free_dimension() {
        let s = Signature::parse("xs...:[m,?] -> y:[m,?]").unwrap();
        let y = s.unify(&[vec![Dim::constant(3), Dim::constant(8)], vec![Dim::constant(3), Dim::constant(5)]], &mut BTreeMap::new());
        assert_eq!(y.unwrap(), [Dim::constant(3), Dim::constant(13)]);
    }
}
