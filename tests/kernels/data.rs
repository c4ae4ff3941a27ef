//! Operands: deterministic random values, and the values at which arithmetic is awkward.

use isobit::gguf::dtype::GgmlType;
use isobit::gguf::encode::encode;
use isobit::ir::Dtype;
use sha2::{Digest, Sha256};

use super::cases::Numbers;
use super::law::{brain, half};

/// What kind of values the operands of a run have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Around 1 in size, both signs.
    Plain,
    /// Finite, and awkward: signed zeros, subnormals, ties, limits of f16 and of GELU, huge, cancelling, constant rows.
    Awkward,
    /// Infinities and NaNs in some rows.
    Special,
    /// So small that products underflow.
    Tiny,
}

impl Mode {
    pub const ALL: [Self; 4] = [Self::Plain, Self::Awkward, Self::Special, Self::Tiny];

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| format!("{m:?}").to_lowercase() == name)
    }
}

/// A dense row-major tensor; one element per word, by its bits. Block formats have one byte per word.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    pub dtype: Dtype,
    pub dims: Vec<u64>,
    pub bits: Vec<u32>,
}

impl Tensor {
    /// From the bytes that memory holds without gaps.
    pub fn of(dtype: Dtype, dims: &[u64], bytes: &[u8]) -> Self {
        let size = element_bytes(dtype);
        Self { dtype, dims: dims.to_vec(), bits: (0..bytes.len() / size).map(|i| element(bytes, size, i)).collect() }
    }

    /// Values widened to f32.
    pub fn f32(&self) -> Vec<f32> {
        match self.dtype.ggml() {
            GgmlType::F32 => self.bits.iter().map(|b| f32::from_bits(*b)).collect(),
            GgmlType::F16 => self.bits.iter().map(|b| half::widen(*b as u16)).collect(),
            GgmlType::BF16 => self.bits.iter().map(|b| f32::from_bits(*b << 16)).collect(),
            _ => self.blocks().iter().flat_map(|(d, q)| q.map(|q| d * q as f32)).collect(),
        }
    }

    /// Blocks of 32 elements: scale and integers.
    pub fn blocks(&self) -> Vec<(f32, [i32; 32])> {
        let signed = |b: u32| i32::from(b as u8 as i8);
        let block = |b: &[u32]| {
            let d = half::widen((b[0] | b[1] << 8) as u16);
            let q = &b[2..];
            match self.dtype.ggml() {
                GgmlType::Q8_0 => (d, std::array::from_fn(|i| signed(q[i]))),
                GgmlType::Q4_0 => (d, std::array::from_fn(|i| (q[i % 16] >> (i / 16 * 4) & 15).cast_signed() - 8)),
                _ => panic!("{} is no format of blocks that is known here", self.dtype),
            }
        };
        self.bits.chunks(self.dtype.ggml().block_bytes() as usize).map(block).collect()
    }

    pub fn element_bytes(&self) -> usize {
        element_bytes(self.dtype)
    }

    /// The elements as memory holds them with these strides; gaps hold NaN.
    pub fn scatter(&self, strides: &[u64], dense: &[u64]) -> Vec<u8> {
        let size = self.element_bytes();
        if strides == dense {
            return bytes(&self.bits, size);
        }
        let last: u64 = self.dims.iter().zip(strides).map(|(n, s)| (n - 1) * s).sum();
        let mut out = vec![0xff; (last as usize + 1) * size];
        for (i, bits) in self.bits.iter().enumerate() {
            let (mut rest, mut at) = (i as u64, 0);
            for (n, s) in self.dims.iter().zip(strides).rev() {
                at += rest % n * s;
                rest /= n;
            }
            let at = at as usize * size;
            out[at..at + size].copy_from_slice(&bits.to_le_bytes()[..size]);
        }
        out
    }
}

/// Bytes of what a word of a tensor holds.
pub fn element_bytes(dtype: Dtype) -> usize {
    match dtype.element_bytes() {
        Some(n @ (1 | 2 | 4)) => n as usize,
        None => 1,
        _ => panic!("values of type {dtype} cannot be made here"),
    }
}

/// Dimensions in words: those of block formats end with the bytes of a row. None: a row is no whole number of blocks.
pub fn words(dtype: Dtype, dims: &[u64]) -> Option<Vec<u64>> {
    let mut dims = dims.to_vec();
    if let Some(row) = dims.last_mut().filter(|_| dtype.element_bytes().is_none()) {
        *row = dtype.ggml().row_bytes(*row)?;
    }
    Some(dims)
}

/// One element of dense memory, by its bits.
pub fn element(bytes: &[u8], size: usize, index: usize) -> u32 {
    let mut word = [0; 4];
    word[..size].copy_from_slice(&bytes[index * size..(index + 1) * size]);
    u32::from_le_bytes(word)
}

/// Elements as dense memory.
pub fn bytes(bits: &[u32], size: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(bits.len() * size);
    for b in bits {
        out.extend_from_slice(&b.to_le_bytes()[..size]);
    }
    out
}

pub fn is_nan(bits: u32, dtype: Dtype) -> bool {
    match dtype {
        Dtype::F32 => f32::from_bits(bits).is_nan(),
        Dtype::F16 => bits & 0x7fff > 0x7c00,
        _ if dtype.ggml() == GgmlType::BF16 => bits & 0x7fff > 0x7f80,
        _ => false,
    }
}

/// A stream of random numbers for one purpose: SplitMix64, which is fast even where nothing is optimised.
pub struct Random(u64);

impl Random {
    pub fn new(purpose: &str) -> Self {
        let hash = Sha256::digest(purpose.as_bytes());
        Self(hash.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte)))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub fn below(&mut self, n: u32) -> u32 {
        (((self.next() >> 32) * u64::from(n)) >> 32) as u32
    }

    pub fn byte(&mut self) -> u8 {
        self.below(256) as u8
    }

    fn sign(&mut self) -> f32 {
        if self.below(2) == 0 { 1.0 } else { -1.0 }
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u32) as usize]
    }

    /// The sum of four uniform values, as near to normal as is needed, made without rounding.
    fn plain(&mut self) -> f32 {
        let x = self.next();
        let sum = (x & 0xffff) + (x >> 16 & 0xffff) + (x >> 32 & 0xffff) + (x >> 48);
        (sum as i32 - 2 * 65535) as f32 / 32768.0
    }
}

/// An operand of this type and shape, for a purpose that names it.
pub fn tensor(purpose: &str, mode: Mode, dtype: Dtype, dims: &[u64]) -> Tensor {
    let mut random = Random::new(purpose);
    let count: u64 = words(dtype, dims).expect("cases have whole blocks").iter().product();
    let row = dims.last().copied().unwrap_or(1).max(1) as usize;
    let mut bits = Vec::with_capacity(count as usize);
    // about two special rows, so that most of the result is no NaN
    let rarely = (dims.iter().product::<u64>() / row as u64 / 2).max(3) as u32;
    while bits.len() < count as usize {
        match dtype {
            Dtype::F32 => bits.extend(floats(&mut random, mode, row, rarely).iter().map(|v| v.to_bits())),
            Dtype::F16 => bits.extend(floats(&mut random, mode, row, rarely).iter().map(|v| u32::from(half::round(*v)))),
            _ if dtype.ggml() == GgmlType::BF16 => {
                bits.extend(floats(&mut random, mode, row, rarely).iter().map(|v| u32::from(brain::round(*v))));
            }
            _ if dtype.element_bytes().is_none() => bits.extend(blocks(&mut random, mode, dtype, row, rarely)),
            Dtype::I32 => bits.extend((0..row).map(|_| integer(&mut random, mode).cast_unsigned())),
            _ => panic!("values of type {dtype} cannot be made here"),
        }
    }
    Tensor { dtype, dims: dims.to_vec(), bits }
}

/// Numbers that have a meaning.
pub fn numbers(purpose: &str, numbers: Numbers, dims: &[u64]) -> Tensor {
    let mut random = Random::new(purpose);
    let count = dims.iter().product::<u64>() as usize;
    let mut bits = Vec::with_capacity(count);
    match numbers {
        Numbers::Below(n) => bits.extend((0..count).map(|_| random.below(n as u32))),
        Numbers::Order(n) => {
            bits.extend(0..n as u32);
            (1..bits.len()).rev().for_each(|i| bits.swap(i, random.below(i as u32 + 1) as usize));
        }
        Numbers::Ranges(n) => {
            while bits.len() < count {
                let first = random.below(n as u32);
                let longest = random.pick(&[1, 7, 64, n as u32]);
                let end = (first + 1 + random.below(longest)).min(n as u32);
                let rows = (1 + random.below(70)) as usize;
                bits.extend([first, end].repeat(rows));
            }
        }
    }
    bits.truncate(count);
    assert_eq!(bits.len(), count, "an order has as many numbers as the operand");
    Tensor { dtype: Dtype::I32, dims: dims.to_vec(), bits }
}

/// One row of a block format: encoded values, and in mode awkward some blocks of any bytes.
fn blocks(random: &mut Random, mode: Mode, dtype: Dtype, row: usize, rarely: u32) -> Vec<u32> {
    let mut bytes = Vec::new();
    assert!(encode(dtype.ggml(), &floats(random, mode, row, rarely), &mut bytes), "values of type {dtype} cannot be made here");
    for block in bytes.chunks_mut(dtype.ggml().block_bytes() as usize) {
        if mode == Mode::Awkward && random.below(3) == 0 {
            block[2..].iter_mut().for_each(|b| *b = if random.below(3) == 0 { 0x80 } else { random.byte() });
        }
    }
    bytes.into_iter().map(u32::from).collect()
}

/// One row of f32 values; one in `rarely` has special ones in mode special.
fn floats(random: &mut Random, mode: Mode, n: usize, rarely: u32) -> Vec<f32> {
    let mut row: Vec<f32> = (0..n).map(|_| random.plain()).collect();
    match mode {
        Mode::Plain => {}
        Mode::Awkward => match random.below(8) {
            0 => row.fill(random.pick(&[0.0, -0.0, 1.0, -3.5, 1e-3])),
            1 => row.iter_mut().for_each(|v| *v += 4096.0),
            2 => {
                for i in 1..n {
                    if random.below(3) != 0 {
                        row[i] = -row[i - 1];
                    }
                }
            }
            3 => row.iter_mut().for_each(|v| *v *= random.pick(&[1.0, 1.0, 1e3, 1e-3, 6e4, 1e15, 1e30])),
            _ => {
                for v in &mut row {
                    if random.below(2) == 0 {
                        *v = awkward(random);
                    }
                }
            }
        },
        Mode::Special => {
            if random.below(rarely) == 0 {
                for _ in 0..=random.below(2) {
                    let at = random.below(n as u32) as usize;
                    let nan = (0x7f80_0001 + random.below(0x7f_fffe)) | (random.below(2) << 31);
                    row[at] = random.pick(&[f32::INFINITY, f32::NEG_INFINITY, f32::from_bits(nan)]);
                }
            }
        }
        Mode::Tiny => {
            for v in &mut row {
                *v *= f32::from_bits((127 - 20 - random.below(90)) << 23);
            }
        }
    }
    row
}

/// A finite value at which some operation changes its way.
fn awkward(random: &mut Random) -> f32 {
    let value = match random.below(9) {
        0 => 0.0,
        1 => f32::from_bits(1 + random.below(0x7f_ffff)), // subnormal
        2 => f32::from_bits(random.pick(&[1, 0x7f_ffff, 0x80_0000, 0x80_0001])),
        3 => f32::from_bits(10.0f32.to_bits() - 2 + random.below(5)),
        // halfway between neighbours in f16, and beside that
        4 => f32::from_bits(((127 - 15 + random.below(31)) << 23 | random.below(1 << 10) << 13) + 0xfff + random.below(3)),
        // smallest values of f16 and their halves
        5 => f32::from_bits(random.pick(&[0x3300_0000, 0x3300_0001, 0x3380_0000, 0x33c0_0000, 0x3880_0000, 0x387f_e000, 0x387f_f000])),
        // the largest of f16, where rounding reaches infinity
        6 => random.pick(&[65504.0, 65519.996, 65520.0, 65535.0, 65536.0, 1e5]),
        7 => random.pick(&[1.0, 0.5, 2.0, 88.72, 104.0, 126.5, 127.0]),
        _ => 16_777_216.0 + random.below(3) as f32,
    };
    value * random.sign()
}

fn integer(random: &mut Random, mode: Mode) -> i32 {
    match mode {
        Mode::Plain => random.below(200).cast_signed(),
        Mode::Tiny => random.below(2).cast_signed(),
        Mode::Awkward => random.pick(&[0, 1, 2, 119, 120, 121, 1023, 65535, 1 << 24, (1 << 24) + 1, 1 << 30, i32::MAX]),
        Mode::Special => random.below(1 << 20).cast_signed() - (1 << 19),
    }
}
