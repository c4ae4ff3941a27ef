//! Kernels as they are emitted, rendered for the table's cases, compiled with every compiler at hand, and loaded.

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use indexmap::IndexMap;
use isobit::emit::kernel::Instances;
use isobit::expr::{Bound, Dim, Verdict};
use isobit::files::Files;
use isobit::host::compiler;
use isobit::ir::{Attr, Dtype};
use isobit::maps::{ClassDef, KernelDef, Maps, OpMap, Promise, Row, Target};
use isobit::select::Selected;
use isobit::view::Layout;
use libloading::Library;

use super::cases::{self, Case};
use super::near::{self, NearUse};

/// Pointers of operands, result and tables; run-time dimensions; tasks; scratch.
pub type Thunk = unsafe extern "C" fn(*const *mut c_void, *const usize, usize, usize, *mut c_void);

/// Language of the kernels that are references.
pub const LANG: &str = "c";

/// What all tests share.
pub struct World {
    pub maps: Maps,
    pub target: Target,
    pub cases: IndexMap<String, Vec<Case>>,
    /// Compilers and their flags; the first is the one that most tests use.
    pub builds: Vec<Build>,
}

/// One compiler with one set of flags.
pub struct Build {
    pub name: String,
    pub compiler: Option<PathBuf>,
    flags: &'static [&'static str],
    units: OnceLock<BTreeMap<(String, String), Unit>>,
}

/// The kernels of one op and one variant as a library.
pub struct Unit {
    library: Library,
    pub tables: BTreeMap<String, Vec<u16>>,
}

/// One op in one class with one row of types and one case.
#[derive(Clone, Copy)]
pub struct Use<'a> {
    pub map: &'a OpMap,
    pub class: &'a str,
    pub row: &'a Row,
    pub case: &'a Case,
}

/// An operand or a result.
pub struct Spec {
    pub name: String,
    pub dtype: Dtype,
    pub dims: Vec<u64>,
    pub strides: Vec<u64>,
}

pub fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let maps = Files::from_dir(&root.join("kernel_maps")).and_then(Maps::load).unwrap_or_else(|e| panic!("{}", e.plain()));
        let target = maps.target(LANG).unwrap_or_else(|e| panic!("{}", e.plain()));
        let cases = cases::read(&maps, include_str!("cases.json")).unwrap_or_else(|e| panic!("{}", e.plain()));
        for v in &target.variants {
            if let Some(missing) = v.features.iter().find(|f| !has_feature(f)) {
                aloud(&format!("variant {} is skipped: this CPU has no {missing}", v.name));
            }
        }
        World { maps, target, cases, builds: builds() }
    })
}

/// Variable of the environment that names the ops of a run.
pub const OPS: &str = "ISOBIT_KERNELS_OPS";

/// Whether the run is for this op: `OPS` names a few, to be faster.
pub fn wanted(op: &str) -> bool {
    std::env::var(OPS).map_or(true, |named| named.split(',').any(|n| n == op))
}

/// What the lines begin with that this program says aloud.
pub const PREFIX: &str = "kernels: ";

/// Says something that the test harness does not keep to itself.
pub fn aloud(text: &str) {
    let _ = writeln!(std::io::stderr(), "{PREFIX}{text}");
}

fn builds() -> Vec<Build> {
    let mut compilers = Vec::new();
    // when this test runs under an emulator, the compilers are cross compilers
    let given = std::env::var("ISOBIT_KERNELS_COMPILERS").unwrap_or_else(|_| "gcc clang".to_string());
    for name in given.split_whitespace() {
        if Command::new(name).arg("--version").output().is_ok_and(|o| o.status.success()) {
            compilers.push((name.to_string(), Some(PathBuf::from(name))));
        } else {
            aloud(&format!("{name} is skipped: it is not installed"));
        }
    }
    if compilers.is_empty() {
        compilers.push(("cc".to_string(), None));
    }
    let mut builds = Vec::new();
    let levels = std::env::var("ISOBIT_KERNELS_LEVELS").unwrap_or_default();
    let wanted = |flags: &&[&str]| levels.is_empty() || levels.split_whitespace().any(|l| flags.contains(&l));
    for flags in FLAGS.iter().copied().filter(|f| wanted(f)) {
        for (name, compiler) in &compilers {
            let name = format!("{name} {}", flags.join(" "));
            builds.push(Build { name, compiler: compiler.clone(), flags, units: OnceLock::new() });
        }
        if flags.contains(&"-O3") {
            // one compiler is enough for what this adds
            builds.truncate(builds.len() - compilers.len() + 1);
        }
    }
    builds
}

/// The last are for portable kernels: all optimisations, and instructions that they otherwise do without.
const FLAGS: &[&[&str]] =
    if cfg!(target_arch = "x86_64") { &[&["-O2"], &["-O0"], &["-O3", "-march=native"]] } else { &[&["-O2"], &["-O0"], &["-O3"]] };

fn has_feature(name: &str) -> bool {
    isobit::host::cpu::has(name).unwrap_or_else(|| panic!("cannot tell whether a CPU has {name}"))
}

impl World {
    /// Suffixes of the variants that this machine runs, the portable one first.
    pub fn variants(&self) -> Vec<&str> {
        self.target.variants.iter().rev().filter(|v| v.features.iter().all(|f| has_feature(f))).map(|v| v.suffix.as_str()).collect()
    }

    /// Ops of the graph, in the order of the table.
    pub fn graph_ops(&self) -> impl Iterator<Item = &OpMap> {
        self.cases.keys().filter(|op| wanted(op)).filter_map(|op| self.maps.op(op)).filter(|m| m.signature.is_some())
    }

    /// Every class that promises bits, row of types and case of an op.
    pub fn uses<'a>(&'a self, map: &'a OpMap) -> impl Iterator<Item = Use<'a>> {
        let classes = map.classes.iter().filter(|(_, def)| def.promise == Promise::Bits);
        let rows = classes.flat_map(|(class, def)| def.types.iter().map(move |row| (class.as_str(), row)));
        rows.flat_map(move |(class, row)| {
            let uses = self.cases[&map.op].iter().map(move |case| Use { map, class, row, case });
            uses.filter(|u| u.is_for(u.case)).filter(Use::has_whole_blocks)
        })
    }

    fn variant_index(&self, kernel: &KernelDef) -> usize {
        // only emitted C asks for it
        self.target.rank(&kernel.id.variant).unwrap_or_else(|| match kernel.is_shader() {
            true => 0,
            false => panic!("{}: no such variant", kernel.id.text),
        })
    }
}

impl Use<'_> {
    /// Whether a case is for this class.
    pub fn is_for(&self, case: &Case) -> bool {
        case.only.is_empty() || case.only.iter().any(|o| o == self.class)
    }

    /// Rows of block formats are whole blocks.
    pub fn has_whole_blocks(&self) -> bool {
        let whole = |s: &Spec| super::data::words(s.dtype, &s.dims).is_some();
        self.operands().iter().all(whole) && whole(&self.result())
    }

    pub fn def(&self) -> &ClassDef {
        &self.map.classes[self.class]
    }

    /// The kernel of a variant in C, if one takes this use.
    pub fn kernel(&self, variant: &str) -> Option<&KernelDef> {
        self.kernel_in(LANG, variant)
    }

    /// The kernel of a variant in a language, if one takes this use.
    pub fn kernel_in(&self, lang: &str, variant: &str) -> Option<&KernelDef> {
        let dtype = self.map.id_operand().and_then(|o| self.row.get(&o)).map(|d| d.name()).unwrap_or_default();
        self.map.kernels.values().find(|k| {
            let id = &k.id;
            let holds = |g: &isobit::expr::Guard| g.decide(&|n| self.case.constant(n)).is_ok_and(|v| v == Verdict::Always);
            k.lang == lang && id.class == self.class && id.variant == variant && id.dtype == dtype && k.requires.iter().all(holds)
        })
    }

    /// The kernel that runs everywhere.
    pub fn portable(&self) -> &KernelDef {
        self.kernel("").unwrap_or_else(|| panic!("{self} has no portable kernel"))
    }

    pub fn operands(&self) -> Vec<Spec> {
        let Some(signature) = &self.map.signature else { return Vec::new() };
        let mut out = Vec::new();
        for p in &signature.operands {
            let widths: Vec<Option<u64>> = if p.variadic { self.case.widths.iter().map(|w| Some(*w)).collect() } else { vec![None] };
            for (i, width) in widths.iter().enumerate() {
                let dims: Vec<u64> = p.dims.iter().map(|d| d.as_ref().map_or(width.unwrap_or_default(), |e| self.case.value(e))).collect();
                let name = if p.variadic { format!("{}{i}", p.name) } else { p.name.clone() };
                let strides = self.case.strides.get(&p.name).cloned().unwrap_or_else(|| dense(&dims));
                out.push(Spec { name, dtype: self.row[&p.name], dims, strides });
            }
        }
        out
    }

    pub fn result(&self) -> Spec {
        let Some(signature) = &self.map.signature else { panic!("{self} is no op of the graph") };
        let p = &signature.result;
        let width = self.case.widths.iter().sum();
        let dims: Vec<u64> = p.dims.iter().map(|d| d.as_ref().map_or(width, |e| self.case.value(e))).collect();
        Spec { name: p.name.clone(), dtype: self.row[&p.name], strides: dense(&dims), dims }
    }

    /// The use as the compiler would describe it: what the kernel takes as arguments is not known.
    fn selected(&self, kernel: &KernelDef) -> Selected {
        let open = |name: &String| kernel.args.contains(name) && !kernel.consts.contains(name);
        let bound: BTreeMap<String, Dim> =
            self.case.dims.iter().map(|(n, v)| (n.clone(), if open(n) { Dim::symbol(n) } else { Dim::constant(*v) })).collect();
        let patterns = self.map.signature.iter().flat_map(|s| &s.operands);
        let mut shapes = Vec::new();
        for p in patterns {
            let widths: Vec<u64> = if p.variadic { self.case.widths.clone() } else { vec![0] };
            for width in widths {
                let dim = |d: &Option<isobit::expr::Expr>| match d {
                    Some(e) => e.dim(&|n| bound.get(n).cloned()).unwrap_or_else(|why| panic!("{self}: {why}")),
                    None => Dim::constant(width),
                };
                let shape: Vec<Dim> = p.dims.iter().map(dim).collect();
                let layout = match self.case.strides.get(&p.name) {
                    Some(strides) => Layout { offset: 0, strides: strides.clone() },
                    None => Layout::contiguous(&shape).unwrap_or_else(|why| panic!("{self}: {why}")),
                };
                shapes.push((shape, layout));
            }
        }
        let flops = Bound::Dim(Dim::constant(0));
        Selected { bound, row: self.row.clone(), operands: shapes, choices: Vec::new(), flops }
    }

    /// Adds the kernel's instance, and gives its symbol.
    pub fn instance(&self, world: &World, instances: &mut Instances, kernel: &KernelDef) -> String {
        let selected = self.selected(kernel);
        let attrs: IndexMap<String, Attr> = self
            .case
            .attrs
            .iter()
            .map(|(n, a)| match (a, selected.bound.get(n)) {
                (Attr::Dim(_), Some(d)) => (n.clone(), Attr::Dim(d.clone())),
                _ => (n.clone(), a.clone()),
            })
            .collect();
        let index = instances
            .instance(&world.maps, self.map, kernel, world.variant_index(kernel), &attrs, &selected)
            .unwrap_or_else(|e| panic!("{}", e.plain()));
        instances.list[index].symbol.clone()
    }

    /// The members of the chain that a fused op replaces, each with its class, types and case.
    pub fn chain<'w>(&self, world: &'w World) -> Vec<(&'w OpMap, &'w str, &'w Row, Case)> {
        let mut rest = self.operands().into_iter();
        let mut first: Option<Spec> = None;
        let mut out = Vec::new();
        for link in self.map.fused.iter().flat_map(|f| &f.chain) {
            let map = world.maps.op(&link.op).unwrap_or_else(|| panic!("{self}: no op {}", link.op));
            let signature = map.signature.as_ref().unwrap_or_else(|| panic!("{} has no signature", map.op));
            let given: Vec<Spec> = first.take().into_iter().chain(rest.by_ref()).take(signature.operands.len()).collect();
            let attrs: IndexMap<String, Attr> =
                map.attributes.keys().filter_map(|n| Some((n.clone(), self.case.attrs.get(n)?.clone()))).collect();
            let mut bound: BTreeMap<String, Dim> = attrs
                .iter()
                .filter_map(|(n, a)| match a {
                    Attr::Dim(d) => Some((n.clone(), d.clone())),
                    _ => None,
                })
                .collect();
            let shapes: Vec<Vec<Dim>> = given.iter().map(|s| s.dims.iter().map(|d| Dim::constant(*d)).collect()).collect();
            signature.unify(&shapes, &mut bound).unwrap_or_else(|why| panic!("{self}: {}: {why}", map.op));
            let (class, def) = self
                .def()
                .of
                .get(&map.op)
                .and_then(|c| map.classes.get_key_value(c))
                .unwrap_or_else(|| panic!("{self} does not say which class of {} it equals", map.op));
            let fits = |row: &&Row| signature.operands.iter().zip(&given).all(|(p, s)| row[&p.name] == s.dtype);
            let row = def.types.iter().find(fits).unwrap_or_else(|| panic!("{self}: {} {class} has no row for these types", map.op));
            let strides = signature.operands.iter().zip(&given).filter(|(_, s)| s.strides != dense(&s.dims));
            let case = Case {
                op: map.op.clone(),
                text: format!("in {} {}", self.map.op, self.case.text),
                dims: bound.iter().filter_map(|(n, d)| Some((n.clone(), d.as_const()?))).collect(),
                attrs,
                strides: strides.map(|(p, s)| (p.name.clone(), s.strides.clone())).collect(),
                numbers: BTreeMap::new(),
                widths: Vec::new(),
                only: Vec::new(),
                modes: self.case.modes.clone(),
                sizes: Vec::new(),
            };
            first = Some(Use { map, class, row, case: &case }.result());
            out.push((map, class.as_str(), row, case));
        }
        out
    }
}

impl std::fmt::Display for Use<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let types: Vec<String> = self.row.iter().map(|(n, d)| format!("{n}:{d}")).collect();
        write!(f, "{} {} ({}) {}", self.map.op, self.class, types.join(" "), self.case.text)
    }
}

/// Row-major strides without gaps.
pub fn dense(dims: &[u64]) -> Vec<u64> {
    let mut strides = vec![1; dims.len()];
    for i in (0..dims.len().saturating_sub(1)).rev() {
        strides[i] = strides[i + 1] * dims[i + 1];
    }
    strides
}

impl Build {
    /// The kernels of an op and a variant; the first call compiles those of all ops.
    pub fn unit(&self, op: &str, variant: &str) -> Option<&Unit> {
        self.units.get_or_init(|| self.compile_all()).get(&(op.to_string(), variant.to_string()))
    }

    fn compile_all(&self) -> BTreeMap<(String, String), Unit> {
        let world = world();
        let mut jobs = Vec::new();
        for map in world.graph_ops() {
            // variants name their instructions themselves, so that more optimisation adds little to them
            for variant in world.variants().into_iter().filter(|v| v.is_empty() || !self.flags.contains(&"-O3")) {
                if let Some(source) = source_of(world, map, variant) {
                    jobs.push(((map.op.clone(), variant.to_string()), source));
                }
            }
        }
        let (next, done) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    while let Some((key, source)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let unit = self.load(&format!("{}_{}.c", key.0, if key.1.is_empty() { "portable" } else { &key.1 }), source);
                        done.lock().expect("no worker panics while it holds this").insert(key.clone(), unit);
                    }
                });
            }
        });
        done.into_inner().expect("all workers are done")
    }

    /// Compiles a file and loads it.
    pub fn load(&self, name: &str, source: &Source) -> Unit {
        let world = world();
        let mut flags: Vec<String> = world.target.compile.iter().filter(|f| !f.starts_with("-O")).cloned().collect();
        flags.extend(self.flags.iter().chain(&["-Wall", "-Wextra", "-Wpedantic", "-Werror"]).map(|f| f.to_string()));
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kernels");
        let compiled = compiler::compile_with(self.compiler.as_deref(), &[(name, &source.text)], name, &flags, Some(&cache));
        let compiled = compiled.unwrap_or_else(|e| panic!("{name} with {}: {}", self.name, e.plain()));
        // SAFETY: the library has no constructors.
        let library = unsafe { Library::new(&compiled.library) }.unwrap_or_else(|e| panic!("{name} with {}: {e}", self.name));
        let mut unit = Unit { library, tables: BTreeMap::new() };
        for table in &source.tables {
            // SAFETY: both functions are in every file that has the table, with these types.
            let filled = unsafe {
                let count: unsafe extern "C" fn() -> usize = unit.function(&format!("test_count_{table}"));
                let fill: unsafe extern "C" fn(*mut u16) -> u64 = unit.function(&format!("test_fill_{table}"));
                let mut values = vec![0u16; count()];
                let checksum = fill(values.as_mut_ptr());
                assert_eq!(checksum, fnv(&values), "the checksum of table {table}, {}", self.name);
                values
            };
            unit.tables.insert(table.clone(), filled);
        }
        unit
    }
}

impl Unit {
    /// # Safety
    /// `T` is the type of that function.
    pub unsafe fn function<T: Copy>(&self, name: &str) -> T {
        // SAFETY: the caller's.
        *unsafe { self.library.get::<T>(name.as_bytes()) }.unwrap_or_else(|e| panic!("{e}"))
    }

    pub fn thunk(&self, symbol: &str) -> Thunk {
        // SAFETY: every thunk has this type.
        unsafe { self.function(&format!("test_{symbol}")) }
    }
}

/// FNV-1a of 64 bits over the bytes.
fn fnv(values: &[u16]) -> u64 {
    values.iter().flat_map(|v| v.to_le_bytes()).fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3))
}

/// A C file.
pub struct Source {
    pub text: String,
    pub tables: Vec<String>,
}

/// The instances of every case of an op, and of the chain it replaces, for one variant.
fn source_of(world: &World, map: &OpMap, variant: &str) -> Option<Source> {
    let mut instances = Instances::default();
    for used in world.uses(map) {
        let Some(kernel) = used.kernel(variant) else { continue };
        // an encoder that has a variant has the portable kernel too, and so its snippets
        for name in &used.portable().shared {
            instances.snippet(&world.maps, name, &kernel.lang).unwrap_or_else(|e| panic!("{}", e.plain()));
        }
        used.instance(world, &mut instances, kernel);
        if variant.is_empty() {
            for (map, class, row, case) in used.chain(world) {
                let link = Use { map, class, row, case: &case };
                link.instance(world, &mut instances, link.portable());
            }
        }
    }
    for NearUse { used, .. } in near::uses(map) {
        let Some(kernel) = used.kernel(variant) else { continue };
        for name in &used.portable().shared {
            instances.snippet(&world.maps, name, &kernel.lang).unwrap_or_else(|e| panic!("{}", e.plain()));
        }
        used.instance(world, &mut instances, kernel);
    }
    if variant.is_empty() {
        for near in near::uses(map) {
            let add = |link: &Use| -> Result<(), std::convert::Infallible> {
                link.instance(world, &mut instances, link.portable());
                Ok(())
            };
            let Ok(()) = near::accurate_links(&near.used, add);
        }
    }
    (!instances.list.is_empty()).then(|| source(world, &instances))
}

/// The file around kernels: what the emitted file's frame gives them, and functions to call them by.
pub fn source(world: &World, instances: &Instances) -> Source {
    let mut text = head(world);
    for snippet in instances.snippets.values().chain(instances.tables.values()).chain(instances.list.values().map(|i| &i.text)) {
        text.push_str(snippet);
        text.push('\n');
    }
    for table in instances.tables.keys() {
        text.push_str(&format!(
            "size_t test_count_{table}(void);\nuint64_t test_fill_{table}(uint16_t *out);\n\
             size_t test_count_{table}(void) {{ return TABLE_{table}_COUNT * sizeof(table_{table}_t) / sizeof(uint16_t); }}\n\
             uint64_t test_fill_{table}(uint16_t *out) {{ table_{table}_fill(out); return table_{table}_checksum; }}\n"
        ));
    }
    for i in instances.list.values() {
        let pointers = i.params.iter().enumerate().map(|(n, t)| format!("({t})p[{n}]"));
        let arguments: Vec<String> = pointers.chain((0..i.args).map(|n| format!("a[{n}]"))).collect();
        let arguments: String = arguments.iter().map(|a| format!("{a}, ")).collect();
        let parameters = "void *const *p, const size_t *a, size_t t0, size_t t1, void *scratch";
        text.push_str(&format!(
            "void test_{0}({parameters});\nvoid test_{0}({parameters}) {{ (void)p; (void)a; {0}({arguments}t0, t1, scratch); }}\n",
            i.symbol
        ));
    }
    Source { text, tables: instances.tables.keys().cloned().collect() }
}

/// The lines that every file begins with.
pub fn head(world: &World) -> String {
    let mut text = "#include <math.h>\n#include <stddef.h>\n#include <stdint.h>\n#include <string.h>\n\
                    #if defined(__x86_64__)\n#define ISOBIT_X86 1\n#include <immintrin.h>\n#else\n#define ISOBIT_X86 0\n#endif\n\
                    #if defined(__aarch64__)\n#define ISOBIT_ARM64 1\n#include <arm_neon.h>\n#else\n#define ISOBIT_ARM64 0\n#endif\n\
                    #define ISOBIT_UNUSED __attribute__((unused))\n"
        .to_string();
    for v in &world.target.variants {
        if let Some(name) = &v.macro_name {
            let attribute = v.attribute.as_ref().map_or(String::new(), |a| format!(" __attribute__(({a}))"));
            text.push_str(&format!("#define {name}{attribute}\n"));
        }
    }
    text
}
