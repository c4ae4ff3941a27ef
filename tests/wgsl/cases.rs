//! Operands that functions are tried on: words of their kinds, drawn by a seed or placed where roundings, ties and ends are.

use super::snippets::Snippet;

/// Cases of every sort that is drawn.
const EACH: usize = 1 << 15;
/// Cases that every function has at least, those of all sorts together.
pub const LEAST: usize = 1 << 16;

/// What a word of a case stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    U32,
    I32,
    F32,
    F64,
    F16,
    Bool,
}

impl Kind {
    pub fn of(word: &str) -> Option<Self> {
        let all =
            [("u32", Self::U32), ("i32", Self::I32), ("f32", Self::F32), ("f64", Self::F64), ("f16", Self::F16), ("bool", Self::Bool)];
        all.into_iter().find(|(name, _)| *name == word).map(|(_, kind)| kind)
    }

    /// Bytes of one in a buffer.
    pub fn size(self) -> usize {
        if self == Self::F64 { 8 } else { 4 }
    }

    /// The expression that reads invocation i's operand.
    pub fn load(self, name: &str) -> String {
        match self {
            Self::F32 => format!("bitcast<f32>({name}[i])"),
            Self::I32 => format!("bitcast<i32>({name}[i])"),
            Self::F64 => format!("vec2<u32>({name}[2u * i + 1u], {name}[2u * i])"),
            Self::U32 | Self::F16 | Self::Bool => format!("{name}[i]"),
        }
    }

    /// The statements that write invocation i's result.
    pub fn store(self) -> &'static str {
        match self {
            Self::F32 | Self::I32 => "y[i] = bitcast<u32>(result);",
            Self::F64 => "y[2u * i] = result.y; y[2u * i + 1u] = result.x;",
            Self::U32 | Self::F16 => "y[i] = result;",
            Self::Bool => "y[i] = u32(result);",
        }
    }

    /// As a buffer holds them.
    pub fn bytes(self, words: impl Iterator<Item = u64>) -> Vec<u8> {
        let mut out = Vec::new();
        words.for_each(|word| out.extend_from_slice(&word.to_le_bytes()[..self.size()]));
        out
    }

    pub fn of_bytes(self, bytes: &[u8]) -> u64 {
        bytes.iter().rev().fold(0, |word, b| (word << 8) | u64::from(*b))
    }

    /// Whether two results are one: any NaN is any other, but for f16, whose NaNs have bits of their own.
    pub fn same(self, a: u64, b: u64) -> bool {
        let nan = match self {
            Self::F32 => f32::from_bits(a as u32).is_nan() && f32::from_bits(b as u32).is_nan(),
            Self::F64 => f64::from_bits(a).is_nan() && f64::from_bits(b).is_nan(),
            _ => false,
        };
        a == b || nan
    }
}

/// Operands that a function is right for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    Near,
    Fits,
    Parts,
    Positive,
    Whole,
}

impl Domain {
    pub fn of(word: &str) -> Option<Self> {
        let all =
            [("near", Self::Near), ("fits", Self::Fits), ("parts", Self::Parts), ("positive", Self::Positive), ("whole", Self::Whole)];
        all.into_iter().find(|(name, _)| *name == word).map(|(_, domain)| domain)
    }

    fn holds(self, case: &[u64; 3]) -> bool {
        let [a, b, c] = case.map(|word| f64::from(f32::from_bits(word as u32)));
        match self {
            Self::Near => {
                // the product of two f32 is exact in f64
                let (product, power) = ((a * b).abs(), |e: i32| 2f64.powi(e));
                let factor = |v: f64| v == 0.0 || (power(-100)..=power(100)).contains(&v.abs());
                let terms = (product == 0.0 || product >= power(-75)) && (c == 0.0 || c.abs() >= power(-99));
                factor(a) && factor(b) && product <= power(120) && c.abs() <= power(120) && (terms || c.abs() >= power(-50))
            }
            Self::Fits => {
                let within = |v: f64, low: i32, high: i32| (2f64.powi(low)..=2f64.powi(high)).contains(&v.abs());
                let factor = |v: f64| v == 0.0 || within(v, -26, 50);
                factor(a) && factor(b) && (case[2] == 0 || within(c, -98, 103))
            }
            Self::Parts => {
                // b has 12 bits, so that half of a times b is exact; the last place of what is added is no smaller than 2^-126
                let place = |v: f64, least: i32| v == 0.0 || (2f64.powi(least)..=2f64.powi(120)).contains(&v.abs());
                let factor = |v: f64| v == 0.0 || (2f64.powi(-40)..2f64.powi(60)).contains(&v.abs());
                case[1] & 0xfff == 0 && factor(a) && factor(b) && place(a * b, -91) && place(c, -103) && case[2] != 1 << 31
            }
            Self::Positive => a >= f64::from(f32::MIN_POSITIVE) && a.is_finite() && b.is_finite(),
            Self::Whole => f64::from_bits(case[0]).abs() < 2f64.powi(31),
        }
    }
}

/// The shape of a float: bits of its mantissa and its exponent's bias.
#[derive(Clone, Copy)]
struct Float {
    mantissa: u32,
    bias: i32,
}

const F32: Float = Float { mantissa: 23, bias: 127 };
const F64: Float = Float { mantissa: 52, bias: 1023 };

impl Float {
    fn bits(self) -> u32 {
        if self.mantissa == F32.mantissa { 32 } else { 64 }
    }

    fn sign(self) -> u64 {
        1 << (self.bits() - 1)
    }

    /// Zeros, subnormals, normals at both ends, powers of two and their neighbours, infinities, NaN; of both signs.
    fn specials(self) -> Vec<u64> {
        let at = |e: i32| ((e + self.bias) as u64) << self.mantissa;
        let infinity = at(self.bias + 1);
        let mut list = vec![0, 1, 2, at(1 - self.bias) - 1, at(1 - self.bias), at(1 - self.bias) + 1, infinity - 1, infinity];
        list.extend([infinity + 1, infinity + (1 << (self.mantissa - 1))]);
        list.extend([0, 1, -(self.mantissa as i32) - 1, self.bias / 2].map(at));
        list.extend([at(0) - 1, at(0) + 1]);
        let negative: Vec<u64> = list.iter().map(|word| word | self.sign()).collect();
        [list, negative].concat()
    }

    fn product(self, a: u64, b: u64) -> u64 {
        match self.bits() {
            32 => u64::from((f32::from_bits(a as u32) * f32::from_bits(b as u32)).to_bits()),
            _ => (f64::from_bits(a) * f64::from_bits(b)).to_bits(),
        }
    }
}

/// Drawn words: splitmix64.
struct Draw(u64);

impl Draw {
    fn bits(&mut self, count: u32) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)) >> (64 - count)
    }

    /// A whole number of a range, its ends among them.
    fn of(&mut self, low: i32, high: i32) -> i32 {
        low + (self.bits(32) % (high - low + 1) as u64) as i32
    }

    /// A number of an exponent between these; every other one has few significant bits.
    fn float(&mut self, shape: Float, low: i32, high: i32) -> u64 {
        let mut mantissa = self.bits(shape.mantissa);
        if self.bits(1) == 0 {
            let kept = self.of(0, 9) as u32;
            mantissa = mantissa >> (shape.mantissa - kept) << (shape.mantissa - kept);
        }
        let exponent = (self.of(low, high) + shape.bias).max(0) as u64;
        (self.bits(1) << (shape.bits() - 1)) | (exponent << shape.mantissa) | mantissa
    }

    /// A few last places beside a word.
    fn beside(&mut self, shape: Float, word: u64) -> u64 {
        let moved = word.wrapping_add_signed(i64::from(self.of(-3, 3)));
        if shape.bits() == 32 { moved & 0xffff_ffff } else { moved }
    }
}

/// All cases of a function; `texts` are its snippets.
pub fn of(snippet: &Snippet, texts: &str) -> Vec<[u64; 3]> {
    let seed = snippet.name.bytes().fold(7, |seed: u64, b| seed.wrapping_mul(31).wrapping_add(b.into()));
    let mut draw = Draw(seed);
    let mut cases = match snippet.operand {
        Kind::F32 => floats(&mut draw, F32, snippet),
        Kind::F64 => floats(&mut draw, F64, snippet),
        _ => words(&mut draw),
    };
    if snippet.operands() == 1 && snippet.operand == Kind::F32 {
        cases.extend(ends(texts).into_iter().chain(places(&mut draw, snippet)).map(|word| [word, 0, 0]));
    }
    if snippet.domain == Some(Domain::Parts) {
        cases.iter_mut().for_each(|case| case[1] &= !0xfff);
    }
    cases.retain(|case| snippet.domain.is_none_or(|d| d.holds(case)));
    cases
}

/// Words of integers: all of 16 bits, then of every length, and the ends.
fn words(draw: &mut Draw) -> Vec<[u64; 3]> {
    let mut list: Vec<u64> = (0..1 << 16).map(|low| low | (draw.bits(16) << 16)).collect();
    list.extend((0..EACH).map(|_| draw.bits(32) >> draw.of(0, 31)));
    list.extend((0..32).flat_map(|i| [1u64 << i, (1 << i) - 1, (1 << i) + 1, (1 << 32) - (1 << i)]));
    list.into_iter().map(|word| [word & 0xffff_ffff, 0, 0]).collect()
}

fn floats(draw: &mut Draw, shape: Float, snippet: &Snippet) -> Vec<[u64; 3]> {
    let operands = snippet.operands();
    let mut cases: Vec<[u64; 3]> = (0..EACH).map(|_| [(); 3].map(|()| draw.bits(shape.bits()))).collect();
    let specials = shape.specials();
    let of = |slot: usize| if slot < operands { specials.as_slice() } else { &[0] };
    for a in of(0) {
        cases.extend(of(1).iter().flat_map(|b| of(2).iter().map(move |c| [*a, *b, *c])));
    }
    // moderate exponents, where rounding is everything
    cases.extend((0..EACH).map(|_| [(); 3].map(|()| draw.float(shape, -24, 24))));
    // all exponents of the middle range: products of 2^-75 and more beside any sum
    cases.extend((0..EACH).map(|_| {
        let low = draw.of(-90, 90);
        [draw.float(shape, low, low), draw.float(shape, (-75 - low).max(-100), (100 - low).min(100)), draw.float(shape, -99, 119)]
    }));
    for _ in 0..EACH {
        // sums that cancel
        let (a, b) = (draw.float(shape, -24, 24), draw.float(shape, -24, 24));
        let opposite = draw.beside(shape, a ^ shape.sign());
        let negative = shape.product(a, b) ^ shape.sign();
        cases.push([a, if operands == 2 { opposite } else { b }, draw.beside(shape, negative)]);
        // products and results at the smallest normal number and below
        let (e, under) = (draw.of(1 - shape.bias, -1), draw.of(-4, shape.mantissa as i32 + 3));
        let tiny = draw.bits(shape.mantissa + 1) | (draw.bits(1) << (shape.bits() - 1));
        cases.push([draw.float(shape, e, e), draw.float(shape, 1 - shape.bias - e - under, 1 - shape.bias - e - under), tiny]);
        if operands < 3 {
            cases.push([draw.float(shape, 1 - shape.bias, 30 - shape.bias), tiny, 0]);
        }
    }
    if operands == 1 && shape.bits() == 64 {
        for _ in 0..EACH {
            // an f32 and the middle between two, and whole numbers and what is beside them
            let narrow = f64::from(f32::from_bits(draw.bits(32) as u32)).to_bits();
            cases.push([draw.beside(shape, narrow.wrapping_add(1 << 28)), 0, 0]);
            let whole = f64::from((draw.bits(32) as u32 >> draw.of(0, 31)) as i32).to_bits();
            cases.push([draw.beside(shape, whole), 0, 0]);
            cases.push([draw.float(shape, -3, 30), 0, 0]);
        }
    }
    debug_assert!(cases.iter().all(|case| shape.bits() == 64 || case.iter().all(|w| w >> 32 == 0)), "words are too long");
    cases
}

/// Numbers that the snippets name, as floats or as bits, and their neighbours of both signs.
fn ends(texts: &str) -> Vec<u64> {
    let number = |c: char| c.is_ascii_alphanumeric() || ".+-".contains(c);
    let mut list = Vec::new();
    for token in texts.split(|c| !number(c)).filter_map(|t| t.strip_prefix("0x")) {
        let bits = match (token.strip_suffix('u'), token.strip_suffix('f')) {
            (Some(word), _) => u64::from_str_radix(word, 16).ok(),
            (None, Some(float)) => hex_float(float).map(|v| u64::from((v as f32).to_bits())),
            _ => None,
        };
        for near in bits.into_iter().flat_map(|b| (0..7).map(move |i| (b + i).wrapping_sub(3) & 0xffff_ffff)) {
            list.extend([near, near ^ F32.sign()]);
        }
    }
    list
}

/// `1.62e42ep6`
fn hex_float(text: &str) -> Option<f64> {
    let (digits, exponent) = text.split_once('p')?;
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    let mantissa = u64::from_str_radix(&format!("{whole}{rest}"), 16).ok()? as f64;
    Some(mantissa * 2f64.powi(exponent.parse::<i32>().ok()? - 4 * rest.len() as i32))
}

/// Places of functions of one f32: an even sweep over all patterns, halves of units that functions count in, middles of f16.
fn places(draw: &mut Draw, snippet: &Snippet) -> Vec<u64> {
    let mut list: Vec<u64> = (0..EACH as u64).map(|i| (i << 16) | draw.bits(16)).collect();
    let units = [std::f64::consts::LN_2, std::f64::consts::LN_2 / 32.0, std::f64::consts::FRAC_PI_2];
    for i in 0..EACH {
        let limit = [200, 6000, 1 << draw.of(2, 24)][i % 3];
        let half = f64::from(draw.of(-limit, limit)) * 0.5 * units[i % 3];
        list.push(draw.beside(F32, u64::from((half as f32).to_bits())));
    }
    if snippet.result == Kind::F16 {
        // f16 has ten bits of mantissa: what is below them, and the middle, by their bits in f32
        for field in (100u64 << 23..144 << 23).step_by(1 << 12) {
            list.extend([field - 1, field, field + 1]);
        }
    }
    list
}

#[test]
fn domains_and_ends_are_as_they_are_said_to_be() {
    let near = |a: f32, b: f32, c: f32| Domain::Near.holds(&[a, b, c].map(|v| u64::from(v.to_bits())));
    assert!(near(0.0, 1e30, 0.0) && near(1.0, 1.0, -1.0) && near(1e-20, 1e-20, 1.0));
    assert!(!near(1e-20, 1e-20, 1e-20) && !near(f32::NAN, 1.0, 1.0) && !near(1e30, 1e10, 0.0) && !near(1e-40, 1.0, 1.0));
    assert_eq!((hex_float("1.8p1"), hex_float("1p-26"), hex_float("ap0")), (Some(3.0), Some(2f64.powi(-26)), Some(10.0)));
    let found = ends("if (x > 0x1.8p1f || y == 0x477ff000u) {");
    assert!(found.contains(&0x4040_0000) && found.contains(&0xc77f_f001) && found.len() == 28);
}
