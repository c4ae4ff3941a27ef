//! Vectors cut out of real runs by `ir-build vector`: kernels give the reference's own bits on the reference's own operands.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use isobit::compare::vector::INDEX;
use isobit::emit::kernel::Instances;
use isobit::expr::Dim;
use isobit::host::npy::Array;
use isobit::ir::{Attr, Dtype};
use isobit::maps::{AttrKind, Maps};
use serde_json::Value;

use super::Report;
use super::cases::Case;
use super::data::{self, Tensor};
use super::harness::{Kernel, Operands};
use super::library::{Build, Use, dense, source, wanted, world};

/// One op of a vector.
struct Step {
    value: String,
    op: String,
    class: String,
    types: BTreeMap<String, String>,
    case: Case,
    operands: Vec<Operand>,
}

struct Operand {
    /// A file of the vector, or a step before.
    from: Result<Vec<u8>, String>,
    offset: u64,
    shape: Vec<u64>,
    strides: Option<Vec<u64>>,
}

fn folders() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kernels/vectors");
    let mut found: Vec<PathBuf> = std::fs::read_dir(dir).expect("there are vectors").map(|e| e.expect("a folder").path()).collect();
    found.sort();
    found
}

fn text(v: &Value) -> String {
    v.as_str().unwrap_or_else(|| panic!("{v} is no text")).to_string()
}

fn numbers(v: &Value) -> Vec<u64> {
    v.as_array().map(|l| l.iter().filter_map(Value::as_u64).collect()).unwrap_or_default()
}

fn bytes(dir: &Path, file: &str) -> Vec<u8> {
    let path = dir.join(file);
    Array::open(&path).and_then(|a| a.read(&path)).unwrap_or_else(|e| panic!("{}", e.plain()))
}

/// The steps, the reference's result, and which part of the last step's result it is.
fn read(maps: &Maps, dir: &Path) -> (Vec<Step>, Vec<u8>, Operand) {
    let path = dir.join(INDEX);
    let text_of = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let index: Value = serde_json::from_str(&text_of).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let steps: Vec<Step> = index["steps"].as_array().expect("a list of steps").iter().map(|s| step(maps, dir, s)).collect();
    let used: BTreeSet<String> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    let lost: Vec<&String> = used.iter().filter(|f| *f != INDEX && !text_of.contains(&format!("\"{f}\""))).collect();
    assert!(lost.is_empty(), "{}: nothing uses {lost:?}", dir.display());
    let result = &index["result"];
    let last = steps.last().map(|s| s.value.clone()).unwrap_or_default();
    let part = Operand { from: Err(last), ..operand(dir, result) };
    (steps, bytes(dir, &text(&result["file"])), part)
}

fn step(maps: &Maps, dir: &Path, s: &Value) -> Step {
    let op = text(&s["op"]);
    let map = maps.op(&op).unwrap_or_else(|| panic!("{}: there is no op {op}", dir.display()));
    let object = |key: &str| s[key].as_object().unwrap_or_else(|| panic!("{}: {key} is missing", dir.display()));
    let attrs: IndexMap<String, Attr> = object("attributes")
        .iter()
        .map(|(name, v)| {
            let attr = match map.attributes.get(name) {
                Some(AttrKind::F32) => Attr::F32(v.as_f64().expect("a number") as f32),
                Some(AttrKind::Enum(_)) => Attr::Word(text(v)),
                _ => Attr::Dim(Dim::constant(v.as_u64().expect("an integer"))),
            };
            (name.clone(), attr)
        })
        .collect();
    let operands: Vec<Operand> = s["operands"].as_array().expect("a list of operands").iter().map(|o| operand(dir, o)).collect();
    let names = s["operands"].as_array().expect("a list of operands").iter().map(|o| text(&o["name"]));
    let strides = names.zip(&operands).filter_map(|(n, o)| Some((n, o.strides.clone()?))).collect();
    let case = Case {
        op: op.clone(),
        text: format!("{} of {}", text(&s["value"]), dir.file_name().unwrap_or_default().display()),
        dims: object("dims").iter().map(|(n, v)| (n.clone(), v.as_u64().expect("an integer"))).collect(),
        attrs,
        strides,
        numbers: BTreeMap::new(),
        widths: numbers(&s["widths"]),
        only: Vec::new(),
        modes: Vec::new(),
        sizes: Vec::new(),
    };
    let types = object("types").iter().map(|(n, v)| (n.clone(), text(v))).collect();
    Step { value: text(&s["value"]), op, class: text(&s["class"]), types, case, operands }
}

fn operand(dir: &Path, o: &Value) -> Operand {
    Operand {
        from: match o["file"].as_str() {
            Some(file) => Ok(bytes(dir, file)),
            None => Err(text(&o["value"])),
        },
        offset: o["offset"].as_u64().unwrap_or(0),
        shape: numbers(&o["shape"]),
        strides: o.get("strides").map(numbers),
    }
}

impl Step {
    fn used<'a>(&'a self, maps: &'a Maps) -> Use<'a> {
        let map = maps.op(&self.op).expect("read before");
        let (class, def) = map.classes.get_key_value(&self.class).unwrap_or_else(|| panic!("{} has no class {}", self.op, self.class));
        let same = |row: &&isobit::maps::Row| row.iter().all(|(n, d)| self.types.get(n) == Some(&d.name()));
        let row = def.types.iter().find(same).unwrap_or_else(|| panic!("{} {class} has no such row of types", self.op));
        Use { map, class, row, case: &self.case }
    }
}

/// The operand as a tensor without gaps.
fn tensor(o: &Operand, dtype: Dtype, dims: &[u64], made: &BTreeMap<&str, Tensor>) -> Tensor {
    let dims = data::words(dtype, dims).expect("whole blocks");
    let size = data::element_bytes(dtype);
    let bits = match &o.from {
        Ok(bytes) => (0..bytes.len() / size).map(|i| data::element(bytes, size, i)).collect(),
        Err(value) => {
            let base = &made[value.as_str()];
            match &o.strides {
                None if o.offset == 0 => base.bits.clone(),
                strides => {
                    let strides = strides.clone().unwrap_or_else(|| dense(&o.shape));
                    let place = |mut i: u64| {
                        let mut at = o.offset;
                        for (n, s) in o.shape.iter().zip(&strides).rev() {
                            at += i % n * s;
                            i /= n;
                        }
                        base.bits[at as usize]
                    };
                    (0..o.shape.iter().product()).map(place).collect()
                }
            }
        }
    };
    let tensor = Tensor { dtype, dims, bits };
    assert_eq!(tensor.bits.len() as u64, tensor.dims.iter().product::<u64>(), "elements of an operand");
    tensor
}

/// A vector: its steps, the reference's result, and which part of the last step's result that is.
type Vector = (Vec<Step>, Vec<u8>, Operand);

/// Runs the steps with the kernels of a variant, where they have one, and compares with the reference.
fn run(build: &Build, name: &str, variant: &str, vector: &Vector, report: &mut Report) {
    let world = world();
    let mut instances = Instances::default();
    let mut chosen = Vec::new();
    let steps: Vec<Use> = vector.0.iter().map(|s| s.used(&world.maps)).collect();
    for used in &steps {
        for snippet in &used.portable().shared {
            instances.snippet(&world.maps, snippet, "c").unwrap_or_else(|e| panic!("{}", e.plain()));
        }
        let kernel = used.kernel(variant).unwrap_or_else(|| used.portable());
        chosen.push((kernel, used.instance(world, &mut instances, kernel)));
    }
    let variant = if variant.is_empty() { "portable" } else { variant };
    let unit = build.load(&format!("vector_{name}_{variant}.c"), &source(world, &instances));
    let mut chosen = chosen.iter();
    let compute = |used: &Use, given: Vec<Tensor>| {
        let (def, symbol) = chosen.next().ok_or("there is no such step")?;
        Kernel::new(build, &unit, used, def, symbol).full(&Operands::of(given, &used.operands())).map_err(|fault| fault.to_string())
    };
    follow(vector, compute, &format!("vector {name}, {variant} kernels with {}", build.name), report);
}

/// Computes step after step, and compares with the reference.
fn follow(
    (steps, expected, part): &Vector,
    mut compute: impl FnMut(&Use, Vec<Tensor>) -> Result<Vec<u8>, String>,
    what: &str,
    report: &mut Report,
) {
    let mut made: BTreeMap<&str, Tensor> = BTreeMap::new();
    let mut last = None;
    for step in steps {
        let used = step.used(&world().maps);
        let given = step.operands.iter().zip(&used.operands()).map(|(o, s)| tensor(o, s.dtype, &s.dims, &made)).collect();
        let Some(got) = report.check(compute(&used, given), || format!("{what}: {}", step.value)) else { return };
        let (dtype, dims) = (used.result().dtype, used.result().dims);
        let size = data::element_bytes(dtype);
        let bits = (0..got.len() / size).map(|i| data::element(&got, size, i)).collect();
        made.insert(&step.value, Tensor { dtype, dims: data::words(dtype, &dims).expect("whole blocks"), bits });
        last = Some(dtype);
    }
    let Some(dtype) = last else { return };
    let got = tensor(part, dtype, &part.shape, &made);
    let size = data::element_bytes(dtype);
    let wanted: Vec<u32> = (0..expected.len() / size).map(|i| data::element(expected, size, i)).collect();
    assert_eq!(got.bits.len(), wanted.len(), "{what}: elements of the result");
    let nan = |bits: u32| data::is_nan(bits, dtype);
    let wrong: Vec<usize> = (0..wanted.len()).filter(|&i| got.bits[i] != wanted[i] && !(nan(got.bits[i]) && nan(wanted[i]))).collect();
    let equal = match wrong.first() {
        None => Ok(()),
        Some(&i) => Err(format!(
            "{} of {} elements differ, the first is {i}: 0x{:x}, not 0x{:x}",
            wrong.len(),
            wanted.len(),
            got.bits[i],
            wanted[i]
        )),
    };
    report.check(equal, || what.to_string());
}

/// Every vector that ends with an op of this run and whose steps all have kernels in another language, computed by `compute`; gives their
/// number and that of the others.
#[cfg(feature = "gpu")]
pub fn check_in(
    lang: &str,
    variant: &str,
    mut compute: impl FnMut(&Use, Vec<Tensor>) -> Result<Vec<u8>, String>,
    report: &mut Report,
) -> (usize, usize) {
    let (mut run, mut skipped) = (0, 0);
    for dir in folders() {
        let vector = read(&world().maps, &dir);
        if !vector.0.last().is_some_and(|s| wanted(&s.op)) {
            continue;
        }
        match vector.0.iter().all(|s| s.used(&world().maps).kernel_in(lang, variant).is_some()) {
            true => {
                run += 1;
                follow(&vector, &mut compute, &format!("vector {}", dir.file_name().unwrap_or_default().display()), report);
            }
            false => skipped += 1,
        }
    }
    (run, skipped)
}

/// Every vector by every variant that one of its ops has.
pub fn check(report: &mut Report) {
    let world = world();
    for dir in folders() {
        let name = dir.file_name().unwrap_or_default().display().to_string();
        let vector = read(&world.maps, &dir);
        for variant in world.variants() {
            if variant.is_empty() || vector.0.iter().any(|s| s.used(&world.maps).kernel(variant).is_some()) {
                run(&world.builds[0], &name, variant, &vector, report);
            }
        }
        for build in &world.builds[1..] {
            run(build, &name, "", &vector, report);
        }
    }
}
