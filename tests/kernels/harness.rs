//! Runs kernels: operands placed, output and scratch poisoned and guarded, tasks split, results compared by bits.

use std::ffi::c_void;
use std::fmt;

use isobit::gguf::dtype::GgmlType;
use isobit::ir::Dtype;
use isobit::maps::KernelDef;

use super::data::{self, Mode, Tensor};
use super::law::{Given, Law};
use super::library::{Build, Spec, Thunk, Unit, Use, dense};
use super::memory::{self, Buffer};

/// What a kernel did wrong.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Other bits than expected.
    Values { wrong: usize, of: usize, at: Vec<u64>, expected: String, got: String },
    /// An element of the output depends on what the output or the scratch held.
    NotWritten { at: Vec<u64> },
    /// A byte outside the output has changed.
    OutsideOutput { offset: isize },
    /// A byte outside the scratch has changed.
    OutsideScratch { offset: isize },
    /// Two tasks write the same element.
    WrittenTwice { at: Vec<u64> },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Values { wrong, of, at, expected, got } => {
                write!(f, "{wrong} of {of} elements differ, the first at {at:?}: expected {expected}, got {got}")
            }
            Self::NotWritten { at } => write!(f, "the element at {at:?} is not written, or depends on what the scratch held"),
            Self::OutsideOutput { offset } => write!(f, "writes byte {offset} of its output, which is outside"),
            Self::OutsideScratch { offset } => write!(f, "writes byte {offset} of its scratch, which is outside"),
            Self::WrittenTwice { at } => write!(f, "two tasks write the element at {at:?}"),
        }
    }
}

/// Operands in memory.
pub struct Operands {
    pub tensors: Vec<Tensor>,
    placed: Vec<Buffer>,
}

impl Operands {
    pub fn new(used: &Use, mode: Mode) -> Self {
        let specs = used.operands();
        let purpose = |s: &Spec| format!("{} {} {mode:?}", used, s.name);
        let tensors = specs.iter().map(|s| match used.case.numbers.get(&s.name) {
            Some(numbers) => data::numbers(&purpose(s), *numbers, &s.dims),
            None => data::tensor(&purpose(s), mode, s.dtype, &s.dims),
        });
        let tensors = tensors.collect();
        Self::of(tensors, &specs)
    }

    /// Given values, laid out as `specs` say.
    pub fn of(tensors: Vec<Tensor>, specs: &[Spec]) -> Self {
        let placed = tensors.iter().zip(specs).map(|(t, s)| Buffer::input(&t.scatter(&s.strides, &dense(&s.dims)))).collect();
        Self { tensors, placed }
    }
}

/// The output as a law has it.
pub fn by_law(law: &Law, used: &Use, operands: &Operands) -> Vec<u8> {
    let floats = used.case.attrs.iter().filter_map(|(n, a)| match a {
        isobit::ir::Attr::F32(v) => Some((n.clone(), *v)),
        _ => None,
    });
    let words = used.case.attrs.iter().filter_map(|(n, a)| match a {
        isobit::ir::Attr::Word(v) => Some((n.clone(), v.clone())),
        _ => None,
    });
    let given = Given { operands: &operands.tensors, dims: &used.case.dims, floats: &floats.collect(), words: &words.collect() };
    data::bytes(&(law.compute)(&given), data::element_bytes(used.result().dtype))
}

/// What is stored of a tensor, counted in words.
fn words(spec: Spec) -> Spec {
    let dims = data::words(spec.dtype, &spec.dims).expect("cases have whole blocks");
    Spec { dims, ..spec }
}

/// One kernel, ready to be called.
pub struct Kernel<'a> {
    def: &'a KernelDef,
    thunk: Thunk,
    tables: Vec<*mut c_void>,
    args: Vec<usize>,
    pub tasks: usize,
    scratch: usize,
    result: Spec,
    /// For messages.
    pub label: String,
}

/// Pointers that another thread may use: kernels write disjoint parts.
struct Shared<'a>(&'a [*mut c_void], *mut c_void);
// SAFETY: see above.
unsafe impl Send for Shared<'_> {}

impl<'a> Kernel<'a> {
    pub fn new(build: &Build, unit: &'a Unit, used: &Use, def: &'a KernelDef, symbol: &str) -> Self {
        let tables = def.tables.iter().map(|t| unit.tables[t].as_ptr().cast_mut().cast()).collect();
        Self {
            def,
            thunk: unit.thunk(symbol),
            tables,
            args: def.args.iter().map(|a| used.case.dims[a] as usize).collect(),
            tasks: used.case.value(&def.launch[0]) as usize,
            scratch: used.case.value(&def.scratch) as usize,
            result: words(used.result()),
            label: format!("{} with {} on {}", def.id.text, build.name, used.case.text),
        }
    }

    /// Slots of the operands whose bytes the output may take.
    pub fn over(&self, used: &Use) -> Vec<usize> {
        let specs = used.operands();
        let fits = |s: &Spec| self.def.over.contains(&s.name) && s.strides == dense(&s.dims);
        (0..specs.len()).filter(|i| fits(&specs[*i])).collect()
    }

    /// The whole output; what the output and the scratch held before makes no difference.
    pub fn full(&self, operands: &Operands) -> Result<Vec<u8>, Fault> {
        let whole = [(0, self.tasks)];
        let (a, b) = (self.call(operands, &whole, false, 0, None)?, self.call(operands, &whole, false, 1, None)?);
        let size = data::element_bytes(self.result.dtype);
        let differs = |i: &usize| data::element(&a, size, *i) != data::element(&b, size, *i);
        if a != b
            && let Some(i) = (0..a.len() / size).find(differs)
        {
            return Err(Fault::NotWritten { at: self.place(i) });
        }
        Ok(a)
    }

    /// The output by ranges of tasks, in this order or at once; what was there before has one of two values.
    pub fn ranges(&self, operands: &Operands, ranges: &[(usize, usize)], at_once: bool, poison: usize) -> Result<Vec<u8>, Fault> {
        self.call(operands, ranges, at_once, poison, None)
    }

    /// The output in the bytes of an operand.
    pub fn in_place(&self, operands: &Operands, slot: usize, ranges: &[(usize, usize)]) -> Result<Vec<u8>, Fault> {
        self.call(operands, ranges, false, 0, Some(slot))
    }

    /// Runs every range alone: each writes its own elements, and together they write all, with the values of `whole`.
    pub fn one_by_one(&self, operands: &Operands, ranges: &[(usize, usize)], whole: &[u8]) -> Result<(), Fault> {
        let size = data::element_bytes(self.result.dtype);
        let mut written = vec![false; whole.len() / size];
        for range in ranges {
            let a = self.call(operands, &[*range], false, 0, None)?;
            let b = self.call(operands, &[*range], false, 1, None)?;
            for (i, seen) in written.iter_mut().enumerate() {
                let part = i * size..(i + 1) * size;
                if a[part.clone()].iter().all(|x| *x == POISON[0]) && b[part.clone()].iter().all(|x| *x == POISON[1]) {
                    continue;
                }
                if std::mem::replace(seen, true) {
                    return Err(Fault::WrittenTwice { at: self.place(i) });
                }
                if a[part.clone()] != whole[part.clone()] || b[part.clone()] != whole[part.clone()] {
                    let show = |bytes: &[u8]| show(data::element(bytes, size, i), self.result.dtype);
                    let at = self.place(i);
                    return Err(Fault::Values { wrong: 1, of: 1, at, expected: show(whole), got: show(&a) });
                }
            }
        }
        match written.iter().position(|w| !w) {
            Some(i) => Err(Fault::NotWritten { at: self.place(i) }),
            None => Ok(()),
        }
    }

    fn call(
        &self,
        operands: &Operands,
        ranges: &[(usize, usize)],
        at_once: bool,
        poison: usize,
        over: Option<usize>,
    ) -> Result<Vec<u8>, Fault> {
        let size = data::element_bytes(self.result.dtype);
        let count: u64 = self.result.dims.iter().product();
        let mut output = Buffer::guarded(count as usize * size, size);
        match over {
            Some(slot) => output.bytes_mut().copy_from_slice(operands.placed[slot].bytes()),
            None => output.bytes_mut().fill(POISON[poison]),
        }
        let mut scratch: Vec<Buffer> = ranges.iter().map(|_| Buffer::guarded(self.scratch, 64)).collect();
        scratch.iter_mut().for_each(|s| s.bytes_mut().fill(SCRATCH_POISON[poison]));
        let mut pointers: Vec<*mut c_void> = operands.placed.iter().map(Buffer::pointer).collect();
        if let Some(slot) = over {
            pointers[slot] = output.pointer();
        }
        pointers.push(output.pointer());
        pointers.extend(&self.tables);
        let (thunk, args, label) = (self.thunk, self.args.as_slice(), self.label.as_str());
        let run = |shared: &Shared, (t0, t1): (usize, usize)| {
            // SAFETY: pointers and arguments are those of the kernel's prototype; what they point to is large enough
            // for a correct kernel, and pages that fault surround it.
            memory::during(label, || unsafe { thunk(shared.0.as_ptr(), args.as_ptr(), t0, t1, shared.1) });
        };
        let mut jobs = ranges.iter().zip(&scratch).map(|(range, s)| (*range, Shared(&pointers, s.pointer())));
        if at_once {
            std::thread::scope(|scope| {
                for (range, shared) in jobs {
                    scope.spawn(move || run(&shared, range));
                }
            });
        } else {
            jobs.by_ref().for_each(|(range, shared)| run(&shared, range));
        }
        if let Some(offset) = output.damage() {
            return Err(Fault::OutsideOutput { offset });
        }
        if let Some(offset) = scratch.iter().find_map(Buffer::damage) {
            return Err(Fault::OutsideScratch { offset });
        }
        Ok(output.bytes().to_vec())
    }

    fn place(&self, index: usize) -> Vec<u64> {
        place(&self.result.dims, index)
    }

    /// Result bytes as a tensor.
    pub fn tensor(&self, bytes: &[u8]) -> Tensor {
        Tensor::of(self.result.dtype, &self.result.dims, bytes)
    }

    /// Compares with what is expected; NaNs are equal unless their bits are part of the law.
    pub fn compare(&self, expected: &[u8], got: &[u8], nan_bits: bool) -> Result<(), Fault> {
        assert_eq!(expected.len(), got.len(), "{}: bytes of the output", self.label);
        if expected == got {
            return Ok(());
        }
        let dtype = self.result.dtype;
        let (size, nan) = (data::element_bytes(dtype), |bits| !nan_bits && data::is_nan(bits, dtype));
        let pair = |i: usize| (data::element(expected, size, i), data::element(got, size, i));
        let differs = |i: &usize| {
            let (a, b) = pair(*i);
            a != b && !(nan(a) && nan(b))
        };
        let wrong: Vec<usize> = (0..got.len() / size).filter(differs).collect();
        let Some(first) = wrong.first() else { return Ok(()) };
        let (a, b) = pair(*first);
        Err(Fault::Values {
            wrong: wrong.len(),
            of: got.len() / size,
            at: self.place(*first),
            expected: show(a, dtype),
            got: show(b, dtype),
        })
    }
}

const POISON: [u8; 2] = [0xa5, 0x5a];
/// NaN, then 0.7.
const SCRATCH_POISON: [u8; 2] = [0xff, 0x3f];

fn place(dims: &[u64], index: usize) -> Vec<u64> {
    let mut rest = index as u64;
    let mut at: Vec<u64> = dims.iter().rev().map(|n| (rest % n, rest /= n).0).collect();
    at.reverse();
    at
}

fn show(bits: u32, dtype: Dtype) -> String {
    match dtype {
        Dtype::F32 => format!("{:e} (0x{bits:08x})", f32::from_bits(bits)),
        Dtype::F16 => format!("{:e} (0x{bits:04x})", super::law::half::widen(bits as u16)),
        _ if dtype.ggml() == GgmlType::BF16 => format!("{:e} (0x{bits:04x})", f32::from_bits(bits << 16)),
        _ => bits.cast_signed().to_string(),
    }
}

/// Results of the chain that a fused op replaces, by the portable kernels of its members.
pub fn by_chain(build: &Build, unit: &Unit, used: &Use, operands: &Operands) -> Result<Vec<u8>, Fault> {
    let world = super::library::world();
    let mut rest = operands.tensors.iter().cloned();
    let mut last: Option<(Tensor, Vec<u8>)> = None;
    for (map, class, row, case) in used.chain(world) {
        let link = Use { map, class, row, case: &case };
        let specs = link.operands();
        let given: Vec<Tensor> = last.take().map(|(t, _)| t).into_iter().chain(rest.by_ref()).take(specs.len()).collect();
        let def = link.portable();
        let symbol = link.instance(world, &mut Default::default(), def);
        let kernel = Kernel::new(build, unit, &link, def, &symbol);
        let bytes = kernel.full(&Operands::of(given, &specs))?;
        last = Some((kernel.tensor(&bytes), bytes));
    }
    Ok(last.map(|(_, bytes)| bytes).unwrap_or_default())
}
