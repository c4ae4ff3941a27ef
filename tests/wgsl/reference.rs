//! What functions must give: IEEE arithmetic of this machine, or a snippet in C.

use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;

use isobit::files::Files;
use isobit::host::compiler;
use isobit::maps::Maps;
use libloading::Library;

use super::cases::Kind;
use super::snippets::Snippet;

/// Three operands a case, the result of each.
type Function = unsafe extern "C" fn(*const [u64; 3], *mut u64, usize);

pub enum Reference {
    Ieee(fn(&[u64; 3]) -> u64),
    C { function: Function, _library: Rc<Library> },
}

fn f(word: u64) -> f32 {
    f32::from_bits(word as u32)
}

fn d(word: u64) -> f64 {
    f64::from_bits(word)
}

fn of_f(v: f32) -> u64 {
    v.to_bits().into()
}

/// Operations of IEEE arithmetic, by name, kind of the operands and kind of the result.
fn ieee(snippet: &Snippet) -> Option<fn(&[u64; 3]) -> u64> {
    Some(match (snippet.reference.as_str(), snippet.operand, snippet.result) {
        ("fma", Kind::F32, Kind::F32) => |[a, b, c]| of_f(f(*a).mul_add(f(*b), f(*c))),
        ("add", Kind::F32, Kind::F32) => |[a, b, _]| of_f(f(*a) + f(*b)),
        ("mul", Kind::F32, Kind::F32) => |[a, b, _]| of_f(f(*a) * f(*b)),
        ("div", Kind::F32, Kind::F32) => |[a, b, _]| of_f(f(*a) / f(*b)),
        ("sqrt", Kind::F32, Kind::F32) => |[a, ..]| of_f(f(*a).sqrt()),
        ("to_f64", Kind::F32, Kind::F64) => |[a, ..]| f64::from(f(*a)).to_bits(),
        ("to_f64", Kind::I32, Kind::F64) => |[a, ..]| f64::from(*a as u32 as i32).to_bits(),
        ("to_f64", Kind::U32, Kind::F64) => |[a, ..]| f64::from(*a as u32).to_bits(),
        ("fma", Kind::F64, Kind::F64) => |[a, b, c]| d(*a).mul_add(d(*b), d(*c)).to_bits(),
        ("add", Kind::F64, Kind::F64) => |[a, b, _]| (d(*a) + d(*b)).to_bits(),
        ("sub", Kind::F64, Kind::F64) => |[a, b, _]| (d(*a) - d(*b)).to_bits(),
        ("mul", Kind::F64, Kind::F64) => |[a, b, _]| (d(*a) * d(*b)).to_bits(),
        ("div", Kind::F64, Kind::F64) => |[a, b, _]| (d(*a) / d(*b)).to_bits(),
        ("less", Kind::F64, Kind::Bool) => |[a, b, _]| (d(*a) < d(*b)).into(),
        ("to_f32", Kind::F64, Kind::F32) => |[a, ..]| of_f(d(*a) as f32),
        ("to_i32", Kind::F64, Kind::I32) => |[a, ..]| u64::from(d(*a) as i32 as u32),
        _ => return None,
    })
}

/// Text of a snippet in C.
fn source(file: &str) -> Result<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("kernel_maps/_shared/{file}.c"));
    std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))
}

/// File and function of a reference in C.
fn in_c(snippet: &Snippet) -> Option<(&str, &str)> {
    snippet.reference.split_once(':')
}

impl Reference {
    /// Whether there is one.
    pub fn check(snippet: &Snippet) -> Result<(), String> {
        match in_c(snippet) {
            Some((file, function)) if source(file)?.contains(&format!(" {function}(")) => Ok(()),
            Some((file, function)) => Err(format!("{file}.c has no {function}")),
            None => ieee(snippet).map(|_| ()).ok_or_else(|| format!("there is no operation {} of these kinds", snippet.reference)),
        }
    }

    /// The references of all, those in C compiled as emitted encoders are.
    pub fn all(snippets: &[Snippet]) -> Vec<Self> {
        let mut text = "#include <math.h>\n#include <stddef.h>\n#include <stdint.h>\n#include <string.h>\n\
                        #define ISOBIT_UNUSED __attribute__((unused))\n\
                        ISOBIT_UNUSED static float to_f32(uint64_t w) { uint32_t b = (uint32_t)w; float v; memcpy(&v, &b, sizeof v); return v; }\n\
                        ISOBIT_UNUSED static uint64_t of_f32(float v) { uint32_t b; memcpy(&b, &v, sizeof b); return b; }\n"
            .to_string();
        let mut files = BTreeSet::new();
        for (i, snippet) in snippets.iter().enumerate() {
            let Some((file, function)) = in_c(snippet) else { continue };
            if files.insert(file) {
                text += &source(file).unwrap_or_else(|why| panic!("{why}"));
            }
            let operand = |slot: usize| match snippet.operand {
                Kind::F32 => format!("to_f32(in[3 * i + {slot}])"),
                _ => format!("(uint16_t)in[3 * i + {slot}]"),
            };
            let operands: Vec<String> = (0..snippet.operands()).map(operand).collect();
            let call = format!("{function}({})", operands.join(", "));
            let result = if snippet.result == Kind::F32 { format!("of_f32({call})") } else { call };
            text += &format!(
                "void reference_{i}(const uint64_t *in, uint64_t *out, size_t n);\n\
                 void reference_{i}(const uint64_t *in, uint64_t *out, size_t n) {{ for (size_t i = 0; i < n; i++) {{ out[i] = {result}; }} }}\n"
            );
        }
        let maps = Files::kernel_maps(None).and_then(Maps::load).unwrap_or_else(|e| panic!("{}", e.plain()));
        let target = maps.target("c").unwrap_or_else(|e| panic!("{}", e.plain()));
        let folder = tempfile::tempdir().expect("a folder for the references");
        let compiled = compiler::compile(&[("reference.c", &text)], "reference.c", &target.compile, Some(folder.path()));
        let compiled = compiled.unwrap_or_else(|e| panic!("{}", e.plain()));
        // SAFETY: the library has no initialisers.
        let library = Rc::new(unsafe { Library::new(&compiled.library) }.unwrap_or_else(|e| panic!("{e}")));
        let reference = |(i, snippet): (usize, &Snippet)| match ieee(snippet) {
            Some(function) => Self::Ieee(function),
            None => {
                // SAFETY: the symbol has this type, see above.
                let symbol = unsafe { library.get::<Function>(format!("reference_{i}").as_bytes()) };
                Self::C { function: *symbol.unwrap_or_else(|e| panic!("{}: {e}", snippet.name)), _library: library.clone() }
            }
        };
        snippets.iter().enumerate().map(reference).collect()
    }

    pub fn of_cases(&self, cases: &[[u64; 3]]) -> Vec<u64> {
        match self {
            Self::Ieee(function) => cases.iter().map(function).collect(),
            Self::C { function, .. } => {
                let mut out = vec![0; cases.len()];
                // SAFETY: there are as many results as cases.
                unsafe { function(cases.as_ptr(), out.as_mut_ptr(), cases.len()) };
                out
            }
        }
    }
}
