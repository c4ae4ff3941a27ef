//! Kernels of preprocessing as libraries: each with the attributes of every case, and with functions that a test can call.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::{Mutex, OnceLock};

use isobit::emit::kernel::preprocessing;
use isobit::maps::{KernelDef, OpMap, Role};

use super::cases::Case;
use super::library::{Build, Source, Unit, head, world};

/// A kernel of preprocessing with one case of its op.
#[derive(Clone, Copy)]
pub struct Front {
    pub map: &'static OpMap,
    pub kernel: &'static KernelDef,
    pub role: Role,
    /// Among the cases of the op.
    pub number: usize,
    pub case: &'static Case,
}

/// A C function around a kernel: type of its result, name, parameters, body.
pub type Function = (&'static str, String, &'static str, String);

impl Front {
    /// A kernel with every case of its op.
    pub fn all(map: &'static OpMap, kernel: &'static KernelDef, role: Role) -> impl Iterator<Item = Self> {
        world().cases[&map.op].iter().enumerate().map(move |(number, case)| Self { map, kernel, role, number, case })
    }

    /// The kernel's name in C, which ends in the case's number.
    pub fn symbol(&self) -> String {
        format!("{}__{}", self.kernel.id.symbol(), self.number)
    }
}

/// All of them with this compiler, as one file of this name, compiled once; `functions` are those by which a kernel is called.
pub fn unit(build: &Build, file: &'static str, fronts: &[Front], functions: impl Fn(&Front) -> Vec<Function>) -> &'static Unit {
    static UNITS: Mutex<BTreeMap<(String, &str), &'static OnceLock<Unit>>> = Mutex::new(BTreeMap::new());
    let mut units = UNITS.lock().expect("nothing panics while it holds this");
    let unit: &'static OnceLock<Unit> = units.entry((build.name.clone(), file)).or_insert_with(|| Box::leak(Box::default()));
    drop(units);
    unit.get_or_init(|| {
        let (mut text, mut snippets) = (head(world()), BTreeSet::new());
        for name in fronts.iter().flat_map(|front| &front.kernel.shared).filter(|name| snippets.insert(name.as_str())) {
            text.push_str(world().maps.files.get(&format!("_shared/{name}.c")).unwrap_or_else(|| panic!("no snippet {name}")));
        }
        for front in fronts {
            let kernel = preprocessing(&world().maps, front.kernel, &front.symbol(), &front.case.attrs);
            text.push_str(&kernel.unwrap_or_else(|e| panic!("{}", e.plain())));
            for (result, name, parameters, body) in functions(front) {
                let _ = writeln!(text, "\n{result} {name}({parameters});\n{result} {name}({parameters}) {{ {body} }}");
            }
        }
        build.load(file, &Source { text, tables: Vec::new() })
    })
}
