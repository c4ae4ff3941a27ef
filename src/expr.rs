//! Integer expressions over named dimensions: parsed text, exact polynomials for shapes, and run-time expressions for C.

use std::collections::BTreeMap;
use std::fmt;

/// A polynomial with integer coefficients over run-time dimensions; static dimensions are already numbers.
///
/// Equal polynomials compare equal, so shapes can be unified. Division must be exact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dim(BTreeMap<Vec<String>, i128>);

impl Dim {
    pub fn constant(value: u64) -> Self {
        Self(if value == 0 { BTreeMap::new() } else { BTreeMap::from([(vec![], i128::from(value))]) })
    }

    pub fn symbol(name: &str) -> Self {
        Self(BTreeMap::from([(vec![name.to_string()], 1)]))
    }

    /// The value if no run-time dimension occurs.
    pub fn as_const(&self) -> Option<u64> {
        match self.0.len() {
            0 => Some(0),
            1 => self.0.get(&vec![] as &Vec<String>).and_then(|&v| u64::try_from(v).ok()),
            _ => None,
        }
    }

    fn combine(&self, other: &Self, sign: i128) -> Option<Self> {
        let mut out = self.0.clone();
        for (m, c) in &other.0 {
            let e = out.entry(m.clone()).or_insert(0);
            *e = e.checked_add(c.checked_mul(sign)?)?;
        }
        out.retain(|_, c| *c != 0);
        Some(Self(out))
    }

    pub fn add(&self, other: &Self) -> Option<Self> {
        self.combine(other, 1)
    }

    pub fn sub(&self, other: &Self) -> Option<Self> {
        self.combine(other, -1)
    }

    pub fn mul(&self, other: &Self) -> Option<Self> {
        let mut out: BTreeMap<Vec<String>, i128> = BTreeMap::new();
        for (m, c) in &self.0 {
            for (n, d) in &other.0 {
                let mut key = [m.clone(), n.clone()].concat();
                key.sort();
                let e = out.entry(key).or_insert(0);
                *e = e.checked_add(c.checked_mul(*d)?)?;
            }
        }
        out.retain(|_, c| *c != 0);
        Some(Self(out))
    }

    /// Exact division by a single monomial; `None` if it does not come out even.
    pub fn div(&self, other: &Self) -> Option<Self> {
        let mut it = other.0.iter();
        let (m, c) = it.next()?;
        if it.next().is_some() {
            return (self == other).then(|| Self::constant(1));
        }
        let mut out = BTreeMap::new();
        for (n, d) in &self.0 {
            if d.checked_rem(*c)? != 0 {
                return None;
            }
            let mut key = n.clone();
            for s in m {
                let i = key.iter().position(|k| k == s)?;
                key.remove(i);
            }
            out.insert(key, d / c);
        }
        Some(Self(out))
    }

    /// The run-time dimensions of a single monomial, without its coefficient.
    fn factor(&self) -> Option<Self> {
        let (monomial, _) = self.0.first_key_value().filter(|_| self.0.len() == 1)?;
        Some(Self(BTreeMap::from([(monomial.clone(), 1)])))
    }

    /// The smallest value when every run-time dimension is at least 1; `None` if a coefficient is negative.
    pub fn minimum(&self) -> Option<u64> {
        let mut sum: i128 = 0;
        for c in self.0.values() {
            if *c < 0 {
                return None;
            }
            sum = sum.checked_add(*c)?;
        }
        u64::try_from(sum).ok()
    }

    /// Value for concrete run-time dimensions; `None` on overflow, a negative result or an unknown name.
    pub fn eval(&self, env: &BTreeMap<String, u64>) -> Option<u64> {
        let mut sum: i128 = 0;
        for (m, c) in &self.0 {
            let mut term = *c;
            for s in m {
                term = term.checked_mul(i128::from(*env.get(s)?))?;
            }
            sum = sum.checked_add(term)?;
        }
        u64::try_from(sum).ok()
    }

    /// C text over `d-><name>` (uint64_t).
    pub fn to_c(&self) -> String {
        if self.0.is_empty() {
            return "0ull".to_string();
        }
        let mut out = String::new();
        // positive terms first: the intermediate value of an unsigned sum never goes below zero
        let terms = self.0.iter().filter(|(_, c)| **c > 0).chain(self.0.iter().filter(|(_, c)| **c < 0));
        for (i, (m, c)) in terms.enumerate() {
            if i > 0 {
                out.push_str(if *c < 0 { " - " } else { " + " });
            } else if *c < 0 {
                out.push_str("0ull - ");
            }
            let mut factors: Vec<String> = m.iter().map(|s| format!("d->{s}")).collect();
            if c.abs() != 1 || factors.is_empty() {
                factors.push(format!("{}ull", c.abs()));
            }
            out.push_str(&factors.join(" * "));
        }
        out
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("0");
        }
        // positive terms first, so that the text reads back: there is no sign in front of an expression
        let terms = self.0.iter().filter(|(_, c)| **c > 0).chain(self.0.iter().filter(|(_, c)| **c < 0));
        for (i, (m, c)) in terms.enumerate() {
            if i > 0 {
                f.write_str(if *c < 0 { "-" } else { "+" })?;
            } else if *c < 0 {
                f.write_str("-")?;
            }
            let mut factors: Vec<String> = Vec::new();
            if c.abs() != 1 || m.is_empty() {
                factors.push(c.abs().to_string());
            }
            factors.extend(m.iter().cloned());
            f.write_str(&factors.join("*"))?;
        }
        Ok(())
    }
}

/// Parsed expression text: integers, names, `+ - * / ( )`, `ceildiv(a,b)`, `min(a,b)`, `max(a,b)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    Int(u64),
    Name(String),
    Binary(char, Box<Expr>, Box<Expr>),
    Call(Function, Box<Expr>, Box<Expr>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    CeilDiv,
    Min,
    Max,
}

/// An expression whose names are bound: foldable parts are polynomials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    Dim(Dim),
    Binary(char, Box<Bound>, Box<Bound>),
    Call(Function, Box<Bound>, Box<Bound>),
}

impl Bound {
    pub fn to_c(&self) -> String {
        match self {
            Bound::Dim(d) => d.to_c(),
            Bound::Binary(op, a, b) => format!("({}) {op} ({})", a.to_c(), b.to_c()),
            Bound::Call(f, a, b) => {
                let name = match f {
                    Function::CeilDiv => "ISO_CEILDIV",
                    Function::Min => "ISO_MIN",
                    Function::Max => "ISO_MAX",
                };
                format!("{name}({}, {})", a.to_c(), b.to_c())
            }
        }
    }

    pub fn eval(&self, env: &BTreeMap<String, u64>) -> Option<u64> {
        match self {
            Bound::Dim(d) => d.eval(env),
            Bound::Binary(op, a, b) => binary(*op, a.eval(env)?, b.eval(env)?),
            Bound::Call(f, a, b) => call(*f, a.eval(env)?, b.eval(env)?),
        }
    }

    pub fn as_const(&self) -> Option<u64> {
        match self {
            Bound::Dim(d) => d.as_const(),
            _ => None,
        }
    }

    /// Whether the value could be negative.
    fn subtracts(&self) -> bool {
        match self {
            Bound::Dim(d) => d.0.values().any(|c| *c < 0),
            Bound::Binary(op, a, b) => *op == '-' || a.subtracts() || b.subtracts(),
            Bound::Call(_, a, b) => a.subtracts() || b.subtracts(),
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bound::Dim(d) => d.fmt(f),
            Bound::Binary(op, a, b) => write!(f, "({a}){op}({b})"),
            Bound::Call(function, a, b) => {
                let name = match function {
                    Function::CeilDiv => "ceildiv",
                    Function::Min => "min",
                    Function::Max => "max",
                };
                write!(f, "{name}({a},{b})")
            }
        }
    }
}

fn binary(op: char, a: u64, b: u64) -> Option<u64> {
    match op {
        '+' => a.checked_add(b),
        '-' => a.checked_sub(b),
        '*' => a.checked_mul(b),
        _ => (b != 0 && a.is_multiple_of(b)).then(|| a / b),
    }
}

fn call(f: Function, a: u64, b: u64) -> Option<u64> {
    match f {
        Function::CeilDiv => (b != 0).then(|| a.div_ceil(b)),
        Function::Min => Some(a.min(b)),
        Function::Max => Some(a.max(b)),
    }
}

/// Longest expression text: nothing readable is longer, and the depth of its tree stays bounded.
const LONGEST: usize = 1000;

impl Expr {
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("the expression has {} bytes, at most {LONGEST} are read", text.len()));
        }
        let mut p = Parser { chars: text.char_indices().peekable(), text };
        let e = p.sum()?;
        p.space();
        match p.chars.peek() {
            None => Ok(e),
            Some((i, _)) => Err(format!("unexpected \"{}\" in expression \"{text}\"", &text[*i..])),
        }
    }

    /// Replaces names by polynomials and folds; the error names the part that does not work out.
    pub fn bind(&self, env: &dyn Fn(&str) -> Option<Dim>) -> Result<Bound, String> {
        match self {
            Expr::Int(v) => Ok(Bound::Dim(Dim::constant(*v))),
            Expr::Name(n) => env(n).map(Bound::Dim).ok_or_else(|| format!("dimension \"{n}\" is not known")),
            Expr::Binary(op, a, b) => {
                let (a, b) = (a.bind(env)?, b.bind(env)?);
                if let (Bound::Dim(x), Bound::Dim(y)) = (&a, &b) {
                    let r = match op {
                        '+' => x.add(y),
                        '-' => x.sub(y),
                        '*' => x.mul(y),
                        _ => match x.div(y) {
                            Some(q) => Some(q),
                            None => return Err(format!("division is not exact: {x} / {y}")),
                        },
                    };
                    return r.map(Bound::Dim).ok_or_else(|| format!("integer overflow in {x} {op} {y}"));
                }
                Ok(Bound::Binary(*op, Box::new(a), Box::new(b)))
            }
            Expr::Call(f, a, b) => {
                let (a, b) = (a.bind(env)?, b.bind(env)?);
                if let (Some(x), Some(y)) = (a.as_const(), b.as_const()) {
                    return call(*f, x, y).map(|v| Bound::Dim(Dim::constant(v))).ok_or_else(|| "division by zero".to_string());
                }
                Ok(Bound::Call(*f, Box::new(a), Box::new(b)))
            }
        }
    }

    /// Like [`Expr::bind`], for shapes: the result must be a polynomial.
    pub fn dim(&self, env: &dyn Fn(&str) -> Option<Dim>) -> Result<Dim, String> {
        match self.bind(env)? {
            Bound::Dim(d) => Ok(d),
            _ => Err("ceildiv, min and max of run-time dimensions are not shapes".to_string()),
        }
    }

    /// The expression with some of its names replaced by others.
    pub fn replace(&self, by: &dyn Fn(&str) -> Option<Expr>) -> Expr {
        match self {
            Expr::Int(v) => Expr::Int(*v),
            Expr::Name(n) => by(n).unwrap_or_else(|| self.clone()),
            Expr::Binary(op, a, b) => Expr::Binary(*op, Box::new(a.replace(by)), Box::new(b.replace(by))),
            Expr::Call(f, a, b) => Expr::Call(*f, Box::new(a.replace(by)), Box::new(b.replace(by))),
        }
    }

    /// Names that occur, in order of first use.
    pub fn names(&self) -> Vec<String> {
        fn walk(e: &Expr, out: &mut Vec<String>) {
            match e {
                Expr::Int(_) => {}
                Expr::Name(n) => {
                    if !out.contains(n) {
                        out.push(n.clone());
                    }
                }
                Expr::Binary(_, a, b) | Expr::Call(_, a, b) => {
                    walk(a, out);
                    walk(b, out);
                }
            }
        }
        let mut out = Vec::new();
        walk(self, &mut out);
        out
    }
}

/// Lower-case letters, digits and `_`, a letter first: a name in expressions, in C and in symbols.
pub fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

struct Parser<'a> {
    chars: std::iter::Peekable<std::str::CharIndices<'a>>,
    text: &'a str,
}

impl Parser<'_> {
    fn space(&mut self) {
        while self.chars.next_if(|(_, c)| c.is_ascii_whitespace()).is_some() {}
    }

    fn eat(&mut self, want: char) -> bool {
        self.space();
        self.chars.next_if(|(_, c)| *c == want).is_some()
    }

    fn expect(&mut self, want: char) -> Result<(), String> {
        if self.eat(want) { Ok(()) } else { Err(format!("expected \"{want}\" in expression \"{}\"", self.text)) }
    }

    fn sum(&mut self) -> Result<Expr, String> {
        self.chain(&['+', '-'], Self::product)
    }

    fn product(&mut self) -> Result<Expr, String> {
        self.chain(&['*', '/'], Self::atom)
    }

    fn chain(&mut self, ops: &[char], next: fn(&mut Self) -> Result<Expr, String>) -> Result<Expr, String> {
        let mut left = next(self)?;
        loop {
            let Some(op) = ops.iter().copied().find(|op| self.eat(*op)) else { return Ok(left) };
            left = Expr::Binary(op, Box::new(left), Box::new(next(self)?));
        }
    }

    fn atom(&mut self) -> Result<Expr, String> {
        if self.eat('(') {
            let e = self.sum()?;
            self.expect(')')?;
            return Ok(e);
        }
        let mut word = String::new();
        while let Some((_, c)) = self.chars.next_if(|(_, c)| c.is_ascii_alphanumeric() || *c == '_') {
            word.push(c);
        }
        if word.is_empty() {
            return Err(format!("expected a number or a name in expression \"{}\"", self.text));
        }
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            return word.parse().map(Expr::Int).map_err(|_| format!("\"{word}\" is not an integer"));
        }
        let function = match word.as_str() {
            "ceildiv" => Function::CeilDiv,
            "min" => Function::Min,
            "max" => Function::Max,
            _ => return Ok(Expr::Name(word)),
        };
        self.expect('(')?;
        let a = self.sum()?;
        self.expect(',')?;
        let b = self.sum()?;
        self.expect(')')?;
        Ok(Expr::Call(function, Box::new(a), Box::new(b)))
    }
}

/// A condition: comparisons joined by ` and `.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    pub text: String,
    terms: Vec<(Expr, String, Expr)>,
}

/// What is known of a guard before the run-time dimensions are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Always,
    Never,
    /// What the run-time dimensions decide.
    Depends(Condition),
}

/// Comparisons of run-time dimensions that must all hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition(Vec<Comparison>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Comparison {
    left: Bound,
    /// What `left` is divided by; its remainder is compared.
    modulus: Option<u64>,
    op: String,
    right: Bound,
}

impl Condition {
    /// Both at once.
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// C condition over `d-><name>`.
    pub fn to_c(&self) -> String {
        let term = |c: &Comparison| {
            let (left, op, right) = (c.left.to_c(), &c.op, c.right.to_c());
            match c.modulus {
                Some(m) => format!("({left}) % {m}ull {op} {right}"),
                None => format!("({left}) {op} ({right})"),
            }
        };
        self.0.iter().map(term).collect::<Vec<_>>().join(" && ")
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, c) in self.0.iter().enumerate() {
            f.write_str(if i > 0 { " and " } else { "" })?;
            match c.modulus {
                Some(m) => write!(f, "({}) % {m} {} {}", c.left, c.op, c.right)?,
                None => write!(f, "{} {} {}", c.left, c.op, c.right)?,
            }
        }
        Ok(())
    }
}

impl Guard {
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut terms = Vec::new();
        for part in text.split(" and ") {
            let (op, at) = ["==", "!=", ">=", "<=", ">", "<"]
                .iter()
                .filter_map(|op| part.find(op).map(|i| (*op, i)))
                .min_by_key(|(op, i)| (*i, 2 - op.len()))
                .ok_or_else(|| format!("\"{part}\" is not a comparison"))?;
            let left = &part[..at];
            // "n % 4 == 0" is spelled with a remainder: the only place where % is allowed
            let left = match left.split_once('%') {
                Some((a, b)) => Expr::Binary('%', Box::new(Expr::parse(a)?), Box::new(Expr::parse(b)?)),
                None => Expr::parse(left)?,
            };
            terms.push((left, op.to_string(), Expr::parse(&part[at + op.len()..])?));
        }
        Ok(Self { text: text.to_string(), terms })
    }

    /// Decides what can be decided, run-time dimensions being at least 1.
    pub fn decide(&self, env: &dyn Fn(&str) -> Option<Dim>) -> Result<Verdict, String> {
        let mut open = Vec::new();
        for (l, op, r) in &self.terms {
            match decide_term(l, op, r, env)? {
                Verdict::Always => {}
                Verdict::Never => return Ok(Verdict::Never),
                Verdict::Depends(c) => open.extend(c.0),
            }
        }
        Ok(if open.is_empty() { Verdict::Always } else { Verdict::Depends(Condition(open)) })
    }
}

fn decide_term(l: &Expr, op: &str, r: &Expr, env: &dyn Fn(&str) -> Option<Dim>) -> Result<Verdict, String> {
    let truth = |b: bool| if b { Verdict::Always } else { Verdict::Never };
    let depends = |left, modulus, right| Verdict::Depends(Condition(vec![Comparison { left, modulus, op: op.to_string(), right }]));
    let right = r.bind(env)?;
    if let Expr::Binary('%', a, b) = l {
        let (a, b) = (a.dim(env)?, b.dim(env)?);
        let (Some(b), Some(right)) = (b.as_const().filter(|b| *b > 0), right.as_const()) else {
            return Err("the modulus of a guard must be static".to_string());
        };
        if right == 0 && op == "==" && a.div(&Dim::constant(b)).is_some() {
            return Ok(Verdict::Always);
        }
        return Ok(match a.as_const() {
            Some(a) => truth(compare(a % b, op, right)),
            None => depends(Bound::Dim(a), Some(b), Bound::Dim(Dim::constant(right))),
        });
    }
    let mut left = l.bind(env)?;
    let mut right = right;
    // run-time dimensions are at least 1, so a factor of both sides goes: 4*b*h >= 2*b is 4*h >= 2
    if let (Bound::Dim(a), Bound::Dim(b)) = (&left, &right)
        && let Some(factor) = b.factor()
        && let (Some(a), Some(b)) = (a.div(&factor), b.div(&factor))
    {
        (left, right) = (Bound::Dim(a), Bound::Dim(b));
    }
    if let (Some(a), Some(b)) = (left.as_const(), right.as_const()) {
        return Ok(truth(compare(a, op, b)));
    }
    if let (Bound::Dim(a), Some(b)) = (&left, right.as_const())
        && let Some(least) = a.minimum()
    {
        match op {
            ">=" if least >= b => return Ok(Verdict::Always),
            ">" if least > b => return Ok(Verdict::Always),
            "<" if least >= b => return Ok(Verdict::Never),
            "<=" if least > b => return Ok(Verdict::Never),
            "==" if least > b => return Ok(Verdict::Never),
            "!=" if least > b => return Ok(Verdict::Always),
            _ => {}
        }
    }
    if left.subtracts() || right.subtracts() {
        // the emitted code computes without a sign
        return Err("a difference of run-time dimensions cannot be compared; write what is subtracted on the other side".to_string());
    }
    Ok(depends(left, None, right))
}

fn compare(a: u64, op: &str, b: u64) -> bool {
    match op {
        "==" => a == b,
        "!=" => a != b,
        ">=" => a >= b,
        "<=" => a <= b,
        ">" => a > b,
        _ => a < b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &str) -> Option<Dim> {
        match name {
            "n" => Some(Dim::constant(1152)),
            "h" | "w" | "b" => Some(Dim::symbol(name)),
            _ => None,
        }
    }

    fn dim(text: &str) -> Result<Dim, String> {
        Expr::parse(text)?.dim(&env)
    }

    #[test]
    fn polynomials_are_canonical() {
        assert_eq!(dim("b*(h*2)*w"), dim("w*b*2*h"));
        assert_eq!(dim("4*h*w/(2*w)").unwrap(), dim("2*h").unwrap());
        assert_eq!(dim("n/16").unwrap().as_const(), Some(72));
        assert_eq!(dim("h*w*4-4*h*w").unwrap().as_const(), Some(0));
    }

    #[test]
    fn inexact_division_names_the_expression() {
        assert_eq!(dim("h*w/4").unwrap_err(), "division is not exact: h*w / 4");
        assert_eq!(dim("n/7").unwrap_err(), "division is not exact: 1152 / 7");
        assert_eq!(dim("q+1").unwrap_err(), "dimension \"q\" is not known");
        assert!(dim("n+").is_err() && dim("2n").is_err() && dim("n)").is_err());
    }

    #[test]
    fn guards_fold_what_is_static() {
        let decide = |t: &str| Guard::parse(t).unwrap().decide(&env).unwrap();
        assert_eq!(decide("n % 4 == 0"), Verdict::Always);
        assert_eq!(decide("4*h % 4 == 0"), Verdict::Always);
        assert_eq!(decide("n < 64"), Verdict::Never);
        assert_eq!(decide("4*h*w >= 4"), Verdict::Always);
        assert_eq!(decide("4*b*h >= 2*b"), Verdict::Always);
        let open = |t: &str| match decide(t) {
            Verdict::Depends(c) => (c.to_c(), c.to_string()),
            other => panic!("{t} is decided: {other:?}"),
        };
        let least = ("(d->h * d->w) >= (2ull)".to_string(), "h*w >= 2".to_string());
        assert_eq!(open("b*h*w >= 2*b"), least);
        assert_eq!(open("h*w >= 2 and n == 1152"), least);
        assert_eq!(
            open("h*w % 4 == 0 and w > 3"),
            ("(d->h * d->w) % 4ull == 0ull && (d->w) > (3ull)".into(), "(h*w) % 4 == 0 and w > 3".into())
        );
    }

    #[test]
    fn run_time_expressions_agree_with_c_text() {
        let e = Expr::parse("ceildiv(h*w, 96) * n").unwrap().bind(&env).unwrap();
        let at = BTreeMap::from([("h".to_string(), 20), ("w".to_string(), 16)]);
        assert_eq!(e.eval(&at), Some(4 * 1152));
        assert_eq!(e.to_c(), "(ISO_CEILDIV(d->h * d->w, 96ull)) * (1152ull)");
        assert_eq!(Dim::symbol("h").eval(&BTreeMap::from([("h".to_string(), u64::MAX)])), Some(u64::MAX));
    }
}
