//! Functions of the snippets of shaders, one by one on every driver at hand: `snippets.json`, which `README.md` explains.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use isobit::gpu::{Bound, Device, Needs};
use isobit::json;
use isobit::wgsl::Shader;

use super::cases::{self, Domain, Kind};
use super::reference::Reference;
use super::{aloud, drivers};

/// One function, and what it must give.
pub struct Snippet {
    pub name: String,
    pub shared: Vec<String>,
    pub operand: Kind,
    pub result: Kind,
    pub call: String,
    pub reference: String,
    pub domain: Option<Domain>,
}

impl Snippet {
    /// How many operands the call has.
    pub fn operands(&self) -> usize {
        ["{a}", "{b}", "{c}"].iter().filter(|o| self.call.contains(**o)).count()
    }

    /// The function that is called.
    pub fn function(&self) -> &str {
        self.call.split('(').next().unwrap_or_default()
    }
}

/// The list, and the files that only kernels put to the test.
struct List {
    snippets: Vec<Snippet>,
    by_kernels: BTreeSet<String>,
}

fn list() -> List {
    let root = json::parse("snippets.json", include_str!("snippets.json")).unwrap_or_else(|e| panic!("{}", e.plain()));
    let read = || {
        let f = root.fields()?;
        let mut snippets = Vec::new();
        for node in f.required("snippets")?.array()? {
            let f = node.fields()?;
            let word = |key: &str| f.required(key)?.str().map(str::to_string);
            let (name, operand, result) = (word("name")?, word("in")?, word("out")?);
            let kind = |word: &str| Kind::of(word).unwrap_or_else(|| panic!("{name}: there is no kind {word}"));
            snippets.push(Snippet {
                shared: f.required("shared")?.strings()?,
                operand: kind(&operand),
                result: kind(&result),
                call: word("call")?,
                reference: word("reference")?,
                domain: f
                    .optional("domain")
                    .map(|d| d.str().map(|w| Domain::of(w).unwrap_or_else(|| panic!("no domain {w}"))))
                    .transpose()?,
                name,
            });
            f.finish()?;
        }
        let by_kernels = f.required("by_kernels")?.strings()?.into_iter().collect();
        f.finish()?;
        Ok(List { snippets, by_kernels })
    };
    read().unwrap_or_else(|e: isobit::diagnostic::Diagnostic| panic!("{}", e.plain()))
}

fn shared() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("kernel_maps/_shared")
}

fn text(snippet: &str) -> String {
    let path = shared().join(format!("{snippet}.wgsl"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A shader of so many invocations that calls the function once per case.
fn shader(snippet: &Snippet, texts: &str) -> Shader {
    let operand = |name: &str| snippet.operand.load(name);
    let call = ["a", "b", "c"].iter().fold(snippet.call.clone(), |call, name| call.replace(&format!("{{{name}}}"), &operand(name)));
    let text = format!(
        "@group(0) @binding(0) var<storage, read> a: array<u32>;\n\
         @group(0) @binding(1) var<storage, read> b: array<u32>;\n\
         @group(0) @binding(2) var<storage, read> c: array<u32>;\n\
         @group(0) @binding(3) var<storage, read_write> y: array<u32>;\n\
         struct Params {{ count: u32, zero: u32, }}\n\
         @group(0) @binding(4) var<uniform> p: Params;\n\
         {texts}\n\
         @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {{\n\
             let i = id.x;\n\
             if (i >= p.count) {{ return; }}\n\
             let result = {call};\n\
             {}\n\
         }}\n",
        snippet.result.store()
    );
    Shader::new(&format!("{}.wgsl", snippet.name), &text).unwrap_or_else(|e| panic!("{}", e.plain()))
}

/// What the function gives on the device for every case.
fn run(device: &Device, snippet: &Snippet, shader: &Shader, cases: &[[u64; 3]]) -> Vec<u64> {
    let operand = |slot: usize| snippet.operand.bytes(cases.iter().map(|case| case[slot]));
    let operands = [operand(0), operand(1), operand(2)];
    let before = vec![0xa5; cases.len() * snippet.result.size()];
    let numbers: Vec<u8> = [cases.len() as u32, 0].iter().flat_map(|w| w.to_le_bytes()).collect();
    let [a, b, c] = &operands;
    let bound = [Bound::In(a), Bound::In(b), Bound::In(c), Bound::Out(&before), Bound::In(&numbers)];
    let pipeline = device.pipeline(shader).unwrap_or_else(|e| panic!("{}", e.plain()));
    let workgroups = [(cases.len() as u32).div_ceil(64), 1, 1];
    let out = device.run(&pipeline, &bound, workgroups).unwrap_or_else(|e| panic!("{}", e.plain())).concat();
    out.chunks_exact(snippet.result.size()).map(|bytes| snippet.result.of_bytes(bytes)).collect()
}

/// The cases whose results differ, and the first of them.
fn differing(snippet: &Snippet, cases: &[[u64; 3]], expected: &[u64], found: &[u64]) -> (usize, String) {
    assert_eq!((expected.len(), found.len()), (cases.len(), cases.len()), "{}", snippet.name);
    let wrong: Vec<usize> = (0..cases.len()).filter(|i| !snippet.result.same(expected[*i], found[*i])).collect();
    let told = wrong.first().map_or(String::new(), |i| {
        let operands: Vec<String> = cases[*i][..snippet.operands()].iter().map(|o| format!("{o:#x}")).collect();
        format!("{}({}) gives {:#x}, {:#x} is expected", snippet.function(), operands.join(", "), found[*i], expected[*i])
    });
    (wrong.len(), told)
}

#[test]
fn the_list_and_the_snippets_agree() {
    let List { snippets, by_kernels } = list();
    let mut listed = by_kernels.clone();
    for snippet in &snippets {
        let texts: Vec<String> = snippet.shared.iter().map(|name| text(name)).collect();
        let defined = texts.last().is_some_and(|t| t.contains(&format!("fn {}(", snippet.function())));
        assert!(defined, "{}: the last of its snippets does not define {}", snippet.name, snippet.function());
        assert!((1..=3).contains(&snippet.operands()), "{}: a call has operands", snippet.name);
        listed.extend(snippet.shared.iter().cloned());
        Reference::check(snippet).unwrap_or_else(|why| panic!("{}: {why}", snippet.name));
        assert!(!snippet.shared.iter().any(|s| by_kernels.contains(s)), "{}: by_kernels has a snippet of it", snippet.name);
        // what is not needed is not listed, what is needed comes before
        shader(snippet, &texts.concat());
        for (i, name) in snippet.shared.iter().enumerate().take(texts.len() - 1) {
            let says = |t: &String| t.lines().take_while(|l| l.starts_with("//")).any(|l| names(l, name));
            assert!(texts[i + 1..].iter().any(says), "{}: nothing there needs {name}", snippet.name);
        }
    }
    let names: BTreeSet<&str> = snippets.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names.len(), snippets.len(), "two have one name");
    let there: BTreeSet<String> = std::fs::read_dir(shared())
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".wgsl").map(str::to_string))
        .collect();
    assert_eq!(listed, there, "every snippet is listed, and every listed one is there");
}

/// Whether a line holds the word.
fn names(line: &str, word: &str) -> bool {
    line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|w| w == word)
}

#[test]
fn snippets_give_their_references_bits() {
    drivers::on_every_driver("snippets::on_one_driver", super::PREFIX, drivers::Subgroups::Usual, None, aloud);
}

/// What the test above starts in a process of its own; by hand it takes the best adapter of this machine.
#[test]
#[ignore = "started once per driver by snippets_give_their_references_bits"]
fn on_one_driver() {
    let device = match drivers::device(&Needs::default()) {
        Ok(device) => device,
        Err(e) => return aloud(&format!("snippets are skipped: {}", e.message())),
    };
    aloud(&format!("on {}", device.facts.label()));
    let started = std::time::Instant::now();
    let snippets = list().snippets;
    let (mut faults, mut run_cases, mut slowest) = (Vec::new(), 0, (0.0, ""));
    let mut known: BTreeMap<&str, (Vec<[u64; 3]>, Vec<u64>)> = BTreeMap::new();
    let references = Reference::all(&snippets);
    for (snippet, reference) in snippets.iter().zip(&references) {
        let began = started.elapsed().as_secs_f64();
        let texts: String = snippet.shared.iter().map(|name| text(name)).collect();
        let cases = cases::of(snippet, &texts);
        assert!(cases.len() >= cases::LEAST, "{}: {} cases", snippet.name, cases.len());
        let expected = reference.of_cases(&cases);
        let found = run(&device, snippet, &shader(snippet, &texts), &cases);
        let (wrong, told) = differing(snippet, &cases, &expected, &found);
        if wrong > 0 {
            faults.push(format!("{}: {wrong} of {} cases differ: {told}", snippet.name, cases.len()));
        }
        run_cases += cases.len();
        let took = started.elapsed().as_secs_f64() - began;
        if took > slowest.0 {
            slowest = (took, &snippet.name);
        }
        known.insert(&snippet.name, (cases, expected));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    // slight mistakes, which only some cases see
    for (name, from, to) in MISTAKES {
        let snippet = snippets.iter().find(|s| s.name == name).unwrap_or_else(|| panic!("there is no {name}"));
        let texts: String = snippet.shared.iter().map(|name| text(name)).collect();
        assert!(texts.contains(from), "{name} does not hold {from}");
        let (cases, expected) = &known[name];
        let found = run(&device, snippet, &shader(snippet, &texts.replacen(from, to, 1)), cases);
        assert!(differing(snippet, cases, expected, &found).0 > 0, "{name} with {to} for {from} passes");
    }
    let (total, (most, name)) = (started.elapsed().as_secs_f64(), slowest);
    aloud(&format!("{} functions, {run_cases} cases, {total:.1} s; {name} alone {most:.1} s", snippets.len()));
}

/// Changes to snippets that must be seen: a function's name here, a text of its snippets, what takes its place.
const MISTAKES: [(&str, &str, &str); 6] = [
    ("fma", "let lowered = iso_u64_shr_sticky(", "let lowered = iso_u64_shr("),
    ("fma", "select(c, sign & c_sign, c_size == 0u)", "c"),
    ("f32 to f16", "(rest == tie && (kept & 1u) != 0u)", "rest == tie"),
    ("f64 to f32", "((n.x & 0x7fu) | n.y) != 0u", "(n.x & 0x7fu) != 0u"),
    ("f64 fma", "n.y | u32((n.z | n.w) != 0u)", "n.y"),
    ("expf", "x > 0x1.62e42ep6f", "x >= 0x1.62e42ep6f"),
];
