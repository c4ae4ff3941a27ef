//! Kernels in WGSL: every one on every case, on every driver at hand, against the portable kernel in C.

use std::collections::BTreeMap;

use isobit::emit::kernel::Instances;
use isobit::emit::table::table;
use isobit::gguf::dtype::GgmlType;
use isobit::gpu::encoder::fnv;
use isobit::gpu::{Bound, Device, Needs, Pipeline};
use isobit::ir::Dtype;
use isobit::maps::{KernelDef, OpMap, Target};
use isobit::wgsl::Shader;

use super::data::{self, Mode, Tensor};
use super::drivers::{self, Subgroups};
use super::harness::Operands;
use super::library::{OPS, PREFIX, Spec, Use, aloud, dense, world};
use super::near::{self, NearUse};
use super::vectors;
use super::{Report, first_build, law_of, portable};

/// Starts this program again for every driver and op: drivers keep what they have compiled, and use one processor for it.
pub fn on_every_driver() {
    let with = |suits: &dyn Fn(&str) -> bool| {
        let shaders = |m: &OpMap| m.kernels.values().filter(|k| k.lang == LANG && suits(&k.id.variant)).count();
        let mut ops: Vec<&OpMap> = world().graph_ops().filter(|m| shaders(m) > 0).collect();
        // those that take long come first
        ops.sort_by_key(|m| std::cmp::Reverse(shaders(m)));
        Some((OPS, ops.iter().map(|m| m.op.clone()).collect()))
    };
    let target = world().maps.target(LANG).unwrap_or_else(|e| panic!("{}", e.plain()));
    let wants = |suffix: &str| target.variants.iter().any(|v| v.suffix == suffix && !v.features.is_empty());
    drivers::on_every_driver("shaders_on_one_driver", PREFIX, Subgroups::Usual, with(&|_| true), aloud);
    drivers::on_every_driver("subgroup_shaders_on_one_driver", PREFIX, Subgroups::Resized, with(&wants), aloud);
}

/// Every kernel in WGSL on the driver of this process, or only those of variants that need a feature.
pub fn on_one_driver(all: bool) {
    let target = world().maps.target(LANG).unwrap_or_else(|e| panic!("{}", e.plain()));
    let welcome = target.variants.iter().flat_map(|v| v.features.clone()).collect();
    let device = match drivers::device(&Needs { welcome, ..Needs::default() }) {
        Ok(device) => device,
        Err(e) => return aloud(&format!("kernels in WGSL are skipped: {}", e.message())),
    };
    aloud(&format!("on {}", device.facts.label()));
    let mut bench = Bench::new(device, target);
    let mut report = Report::default();
    let mut kernels = 0;
    for map in world().graph_ops() {
        for def in map.kernels.values().filter(|k| k.lang == LANG) {
            if !all && bench.features(&def.id.variant).is_empty() {
                continue;
            }
            kernels += 1;
            let takes = |u: &Use| u.kernel_in(LANG, &def.id.variant).is_some_and(|k| k.id.text == def.id.text);
            if let Some(feature) = bench.lacks(&def.id.variant) {
                aloud(&format!("{} is skipped: the device has no {feature}", def.id.text));
                continue;
            }
            for used in world().uses(map).filter(takes) {
                bench.check(&used, def, &mut report);
            }
            for near in near::uses(map).filter(|n| takes(&n.used)) {
                bench.check_near(&near, def, &mut report);
            }
        }
    }
    let compute = |used: &Use, given: Vec<Tensor>| {
        let def = used.kernel_in(LANG, LANG).ok_or("there is no shader")?;
        bench.run(used, def, &given, 0)
    };
    if all {
        let (run, skipped) = vectors::check_in(LANG, LANG, compute, &mut report);
        if run + skipped > 0 {
            aloud(&format!("{run} vectors; {skipped} have steps without a shader"));
        }
    }
    bench.check_tables(&mut report);
    aloud(&format!("{kernels} kernels, {} shaders; of their bounds results take {:.3} at most", bench.shaders.len(), bench.farthest));
    if kernels > 0 {
        report.finish();
    }
}

/// Language of shaders, and the variant that runs on every device.
const LANG: &str = "wgsl";
/// Bytes before an operand in the second run, but for block formats, of which there are no views.
const BEFORE: usize = 1040;
/// Bytes behind operands and results.
const BEHIND: usize = 64;
/// What is there instead of operands and results: NaN, then 0.7.
const POISON: [u8; 2] = [0xff, 0x3f];

/// A device, and the shaders made for it.
struct Bench {
    device: Device,
    target: Target,
    /// By symbol.
    shaders: BTreeMap<String, (Pipeline, Vec<String>)>,
    tables: BTreeMap<String, Vec<u8>>,
    flushes: bool,
    /// The largest part of its bound that the result of a kernel took.
    farthest: f64,
}

impl Bench {
    fn new(device: Device, target: Target) -> Self {
        let mut bench = Self { device, target, shaders: BTreeMap::new(), tables: BTreeMap::new(), flushes: false, farthest: 0.0 };
        bench.flushes = bench.flushes_subnormals();
        if bench.flushes {
            aloud(
                "this driver takes subnormal f32 values for zero: operands below 2^-40 are zeros here, and a subnormal result may be zero",
            );
        }
        bench
    }

    /// Whether arithmetic takes subnormal f32 values for zero, as WGSL allows.
    fn flushes_subnormals(&self) -> bool {
        let text = "@group(0) @binding(0) var<storage, read> x: array<f32>;\n\
                    @group(0) @binding(1) var<storage, read_write> y: array<f32>;\n\
                    @compute @workgroup_size(1) fn main() { y[0] = x[0] * x[1]; }\n";
        let bytes = |v: [f32; 2]| v.map(f32::to_le_bytes).concat();
        let shader = Shader::new("subnormal.wgsl", text).unwrap_or_else(|e| panic!("{}", e.plain()));
        let run = self
            .device
            .pipeline(&shader)
            .and_then(|p| self.device.run(&p, &[Bound::In(&bytes([f32::from_bits(1 << 20), 2.0])), Bound::Out(&bytes([7.0; 2]))], [1; 3]));
        let out = run.unwrap_or_else(|e| panic!("{}", e.plain()));
        out[0][..4] != (1u32 << 21).to_le_bytes()
    }

    /// One kernel on one case, with every kind of values that WGSL says something about.
    fn check(&mut self, used: &Use, def: &KernelDef, report: &mut Report) {
        let nan_bits = law_of(used).nan_bits;
        let reference = portable(first_build(), used);
        // WGSL promises nothing for infinities and NaNs
        for &mode in used.case.modes.iter().filter(|m| **m != Mode::Special) {
            if self.flushes && mode == Mode::Tiny {
                continue;
            }
            let mut operands = Operands::new(used, mode);
            if self.flushes {
                let specs = used.operands();
                operands = Operands::of(operands.tensors.into_iter().map(without_tiny).collect(), &specs);
            }
            let Some(expected) = report.check(reference.full(&operands), || format!("{} {mode:?}", reference.label)) else { continue };
            for round in 0..POISON.len() {
                let got = self.run(used, def, &operands.tensors, round);
                let same = got.and_then(|mut got| {
                    if self.flushes && used.result().dtype == Dtype::F32 {
                        accept_zeros(&expected, &mut got);
                    }
                    reference.compare(&expected, &got, nan_bits).map_err(|fault| fault.to_string())
                });
                report.check(same, || format!("{} on {} {mode:?}, round {round}", def.id.text, used.case.text));
            }
        }
    }

    /// The first feature of a variant that the device has not.
    fn lacks(&self, suffix: &str) -> Option<&String> {
        self.features(suffix).iter().find(|f| !self.device.has(f))
    }

    fn features(&self, suffix: &str) -> &[String] {
        let variant = self.target.variants.iter().find(|v| v.suffix == suffix);
        &variant.unwrap_or_else(|| panic!("there is no variant {suffix}")).features
    }

    /// One kernel of a class of a bound on one case, with values that are all of one size.
    fn check_near(&mut self, near: &NearUse, def: &KernelDef, report: &mut Report) {
        let operands = Operands::new(&near.used, Mode::Plain);
        let expected = near.expected(first_build(), &operands.tensors);
        let Some(expected) = report.check(expected, || format!("the reference of {}", near.used)) else { return };
        for round in 0..POISON.len() {
            let within = self.run(&near.used, def, &operands.tensors, round).and_then(|got| {
                let result = near.used.result();
                let nmse = near.nmse(&expected, &Tensor::of(result.dtype, &result.dims, &got));
                self.farthest = self.farthest.max(nmse / near.nmse);
                if nmse <= near.nmse { Ok(()) } else { Err(format!("nmse {nmse:e}, the class promises {:e}", near.nmse)) }
            });
            report.check(within, || format!("{} on {}, round {round}", def.id.text, near.used.case.text));
        }
    }

    /// The result of one call. The round decides what lies around operands and was in the result before, and where operands begin.
    pub fn run(&mut self, used: &Use, def: &KernelDef, tensors: &[Tensor], round: usize) -> Result<Vec<u8>, String> {
        let symbol = self.shader(used, def)?;
        let (specs, result) = (used.operands(), used.result());
        let before = |s: &Spec| if round == 0 || s.dtype.element_bytes().is_none() { 0 } else { BEFORE };
        let poison = |count: usize| vec![POISON[round]; count];
        let around = |(t, s): (&Tensor, &Spec)| [poison(before(s)), t.scatter(&s.strides, &dense(&s.dims)), poison(BEHIND)].concat();
        let given: Vec<Vec<u8>> = tensors.iter().zip(&specs).map(around).collect();
        let count = data::words(result.dtype, &result.dims).ok_or("the result has no whole blocks")?.iter().product::<u64>();
        let bytes = count as usize * data::element_bytes(result.dtype);
        let poisoned = poison(bytes.next_multiple_of(16) + BEHIND);
        let (pipeline, params) = &self.shaders[&symbol];
        let number = |name: &String| match specs.iter().find(|s| name.strip_suffix("_at") == Some(&s.name)) {
            Some(spec) => (before(spec) / data::element_bytes(spec.dtype)) as u32,
            None if name == "zero" => 0,
            None => used.case.value(&def.value(name)) as u32,
        };
        let numbers: Vec<u8> = params.iter().flat_map(|name| number(name).to_le_bytes()).collect();
        let mut bound: Vec<Bound> = given.iter().map(|b| Bound::In(b)).collect();
        bound.push(Bound::Out(&poisoned));
        bound.extend(def.tables.iter().map(|t| Bound::In(&self.tables[t])));
        bound.push(Bound::In(&numbers));
        let mut workgroups = [1; 3];
        for (n, e) in workgroups.iter_mut().zip(&def.launch) {
            *n = used.case.value(e) as u32;
        }
        let out = self.device.run(pipeline, &bound, workgroups).map_err(|e| e.plain())?.pop();
        let mut out = out.ok_or("there is no result")?;
        let own = bytes.next_multiple_of(if def.vec4.contains(&result.name) { 16 } else { 4 });
        match out[own..].iter().position(|b| *b != POISON[round]) {
            Some(at) => Err(format!("writes byte {} of its result, which has {bytes}", own + at)),
            None => {
                out.truncate(bytes);
                Ok(out)
            }
        }
    }

    /// Makes the shader of a use, and gives its symbol.
    fn shader(&mut self, used: &Use, def: &KernelDef) -> Result<String, String> {
        let mut instances = Instances::default();
        let symbol = used.instance(world(), &mut instances, def);
        if self.shaders.contains_key(&symbol) {
            return Ok(symbol);
        }
        for table in &def.tables {
            if !self.tables.contains_key(table) {
                let filled = self.fill(table).map_err(|e| format!("the table {table}: {e}"))?;
                self.tables.insert(table.clone(), filled);
            }
        }
        let instance = &instances.list[&symbol];
        let shader = Shader::new(&format!("{symbol}.{LANG}"), &instance.text).map_err(|e| e.plain())?;
        isobit::wgsl::translate(&shader).map_err(|e| e.plain())?;
        let pipeline = self.device.pipeline(&shader).map_err(|e| e.plain())?;
        self.shaders.insert(symbol.clone(), (pipeline, instance.bindings.params.clone()));
        Ok(symbol)
    }

    /// The words of a table, filled by its shader.
    fn fill(&self, name: &str) -> Result<Vec<u8>, String> {
        let (text, facts) = table(&world().maps, name).map_err(|e| e.plain())?;
        let (words, workgroups) = (facts["words"].as_u64().unwrap_or_default(), facts["workgroups"].as_u64().unwrap_or_default());
        let shader = Shader::new(&format!("{name}.{LANG}"), &text).map_err(|e| e.plain())?;
        let pipeline = self.device.pipeline(&shader).map_err(|e| e.plain())?;
        let before = vec![POISON[0]; 4 * words as usize];
        let out = self.device.run(&pipeline, &[Bound::Out(&before), Bound::In(&[0; 16])], [workgroups as u32, 1, 1]);
        let filled = out.map_err(|e| e.plain())?.pop().ok_or("it binds no memory")?;
        let sum = format!("{:016x}", fnv(&filled));
        if facts["checksum"].as_str().map(|s| s.trim_start_matches("0x")) == Some(&sum) {
            Ok(filled)
        } else {
            Err(format!("has the checksum {sum}"))
        }
    }

    /// Every table holds what the C table holds.
    fn check_tables(&self, report: &mut Report) {
        for (name, filled) in &self.tables {
            let with = |op: &str| first_build().unit(op, "").and_then(|u| u.tables.get(name));
            let table = world().graph_ops().find_map(|m| with(&m.op)).unwrap_or_else(|| panic!("no kernel in C reads the table {name}"));
            let expected: Vec<u8> = table.iter().flat_map(|v| v.to_le_bytes()).collect();
            let differs = expected.iter().zip(filled).position(|(a, b)| a != b);
            let same = match differs {
                None if expected.len() == filled.len() => Ok(()),
                None => Err(format!("{} bytes, {} are expected", filled.len(), expected.len())),
                Some(at) => Err(format!("entry {} differs", at / 2)),
            };
            report.check(same, || format!("the table {name}"));
        }
    }
}

/// A tensor whose values below 2^-40 are zeros, so that neither a product of two of them nor what its rounding left over is
/// subnormal on the way.
fn without_tiny(mut t: Tensor) -> Tensor {
    let least = (127 - 40) << 23;
    match t.dtype.ggml() {
        GgmlType::F32 => t.bits.iter_mut().filter(|b| **b & 0x7fff_ffff < least).for_each(|b| *b &= 0x8000_0000),
        GgmlType::BF16 => t.bits.iter_mut().filter(|b| (**b & 0x7fff) << 16 < least).for_each(|b| *b &= 0x8000),
        _ => {}
    }
    t
}

fn flush(bits: u32) -> u32 {
    if bits & 0x7f80_0000 == 0 { bits & 0x8000_0000 } else { bits }
}

/// Takes zeros for right where the expected value is subnormal.
fn accept_zeros(expected: &[u8], got: &mut [u8]) {
    for (e, g) in expected.chunks_exact(4).zip(got.chunks_exact_mut(4)) {
        let (bits, found) = (data::element(e, 4, 0), data::element(g, 4, 0));
        if flush(bits) != bits && found & 0x7fff_ffff == 0 {
            g.copy_from_slice(e);
        }
    }
}
