//! Rules about this repository itself: policy stays in tables, tables and files match, what is generated is up to date.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use isobit::files::Files;
use isobit::fuse::Taps;
use isobit::maps::{KernelDef, Maps, Profile, Promise, Target};
use isobit::pipeline::{self, Inputs};
use isobit::sizes::Sizes;
use isobit::template::{Template, Tensors};
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Files under a directory, relative to the repository, that end so.
fn files(dir: &str, end: &str) -> Vec<String> {
    fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(&path, out) } else { out.push(path) }
        }
    }
    let mut out = Vec::new();
    walk(&root().join(dir), &mut out);
    let mut out: Vec<String> =
        out.iter().map(|p| p.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/")).filter(|p| p.ends_with(end)).collect();
    out.sort();
    out
}

fn stem(path: &str) -> &str {
    path.rsplit('/').next().unwrap().split('.').next().unwrap()
}

fn json(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn maps() -> Maps {
    Maps::load(Files::from_dir(&root().join("kernel_maps")).unwrap()).unwrap_or_else(|e| panic!("{}", e.plain()))
}

fn templates() -> Vec<String> {
    files("templates", ".json").into_iter().filter(|p| !p.ends_with(".schema.json")).collect()
}

fn profiles(maps: &Maps) -> Vec<Profile> {
    maps.files.json_stems("profiles").iter().map(|name| maps.profile(name).unwrap_or_else(|e| panic!("{}", e.plain()))).collect()
}

fn targets(maps: &Maps) -> Vec<Target> {
    maps.files.json_stems("targets").iter().map(|name| maps.target(name).unwrap_or_else(|e| panic!("{}", e.plain()))).collect()
}

fn none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

/// Rust source without its test module.
fn without_tests(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod tests").next().unwrap()
}

/// String literals of Rust source, each with its line.
fn literals(text: &str) -> Vec<(usize, String)> {
    let b = text.as_bytes();
    let (mut out, mut i) = (Vec::new(), 0);
    let line = |at: usize| text[..at].matches('\n').count() + 1;
    while i < b.len() {
        match b[i] {
            b'/' if b.get(i + 1) == Some(&b'/') => i += text[i..].find('\n').unwrap_or(text.len() - i),
            b'/' if b.get(i + 1) == Some(&b'*') => i += text[i..].find("*/").map_or(text.len() - i, |n| n + 2),
            // a character, not a lifetime
            b'\'' if b.get(i + 1) == Some(&b'\\') => i += 2 + text[i + 3..].find('\'').map_or(1, |n| n + 2),
            b'\'' if text[i + 1..].chars().nth(1) == Some('\'') => i += 2 + text[i + 1..].chars().next().map_or(1, char::len_utf8),
            b'r' if (b.get(i + 1) == Some(&b'"') || text[i + 1..].starts_with("#\"")) && !is_word(b[i.max(1) - 1]) => {
                let hashes = usize::from(b[i + 1] == b'#');
                let (start, end) = (i + 2 + hashes, if hashes == 1 { "\"#" } else { "\"" });
                let length = text[start..].find(end).unwrap();
                out.push((line(i), text[start..start + length].to_string()));
                i = start + length + end.len();
            }
            b'"' => {
                let start = i + 1;
                i = start;
                while b[i] != b'"' {
                    i += if b[i] == b'\\' { 2 } else { 1 };
                }
                out.push((line(start), text[start..i].to_string()));
                i += 1;
            }
            _ => i += 1,
        }
    }
    out
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

/// Whether the word occurs in the text with no letter, digit or `_` around it.
fn holds_word(text: &str, word: &str) -> bool {
    let b = text.as_bytes();
    text.match_indices(word).any(|(i, _)| (i == 0 || !is_word(b[i - 1])) && b.get(i + word.len()).is_none_or(|c| !is_word(*c)))
}

/// Names that belong in tables: those that are no English words may not even be part of a literal.
fn names() -> (BTreeSet<String>, BTreeSet<String>) {
    let maps = maps();
    let (mut whole, mut anywhere) = (BTreeSet::new(), BTreeSet::new());
    let mut name = |n: &str| if n.contains(['_', '.', '-', '{']) { anywhere.insert(n.to_string()) } else { whole.insert(n.to_string()) };
    for map in maps.ops.values() {
        name(&map.op);
        for id in map.kernels.keys() {
            name(id);
        }
        for class in map.classes.keys().filter(|c| c.contains(|x: char| x.is_ascii_digit())) {
            name(class);
        }
    }
    for profile in profiles(&maps) {
        name(&profile.name);
    }
    for path in templates() {
        let t = Template::parse(&path, &read(root().join(&path))).unwrap();
        name(&t.encoder);
        for pattern in t.weights.keys() {
            name(pattern);
            for part in pattern.split('.').filter(|p| p.contains('_')) {
                name(part);
            }
        }
        for key in json(&path)["dims"].as_object().unwrap().values().filter_map(|d| d["key"].as_str()) {
            name(key);
        }
    }
    // a profile may be called what its element type is called, which the compiler knows
    whole.retain(|n| isobit::ir::Dtype::from_name(n).is_none());
    (whole, anywhere)
}

#[test]
fn names_live_in_tables_and_not_in_the_compiler() {
    let (whole, anywhere) = names();
    let mut found = Vec::new();
    for path in files("src", ".rs") {
        for (line, literal) in literals(without_tests(&read(root().join(&path)))) {
            // the two words of the closed view algebra: they are rules, which op maps of the same name choose
            if path == "src/view.rs" && (literal == "reshape" || literal == "slice") {
                continue;
            }
            found.extend(whole.iter().filter(|n| literal == **n).map(|n| format!("{path}:{line}: \"{n}\"")));
            found.extend(anywhere.iter().filter(|n| holds_word(&literal, n)).map(|n| format!("{path}:{line}: \"{n}\" in \"{literal}\"")));
        }
    }
    for path in files("src/runtime", "") {
        let text = read(&path);
        found.extend(anywhere.iter().filter(|n| holds_word(&text, n)).map(|n| format!("{path}: \"{n}\"")));
    }
    none("these names belong in templates/ and kernel_maps/", &found);
}

#[test]
fn literals_are_told_from_comments_and_characters() {
    let text = "let a = '\"'; // \"no\"\nlet b: &'static str = \"one\\\"\"; let c = '\\''; f(r#\"tw\"o\"#, b\"three\"); /* \"no\" */ let d = '\\u{1f}';";
    let found: Vec<_> = literals(text).into_iter().map(|(line, t)| format!("{line} {t}")).collect();
    assert_eq!(found, ["2 one\\\"", "2 tw\"o", "2 three"]);
}

#[test]
fn kernel_ids_and_files_are_the_same() {
    let maps = maps();
    let declared: BTreeSet<String> =
        maps.ops.values().flat_map(|m| m.kernels.values()).map(|k| format!("kernel_maps/{}", k.source)).collect();
    let there: BTreeSet<String> = files("kernel_maps", ".j2").into_iter().collect();
    none("declared, but not there", &declared.difference(&there).cloned().collect::<Vec<_>>());
    none("there, but declared by no map", &there.difference(&declared).cloned().collect::<Vec<_>>());
    let sources = ["j2", "c", "wgsl", "json", "md"];
    let other = files("kernel_maps", "").into_iter().filter(|p| !sources.contains(&p.rsplit('.').next().unwrap()));
    none("files of no known kind", &other.collect::<Vec<_>>());
}

#[test]
fn every_snippet_and_table_is_used() {
    let maps = maps();
    let mut used: BTreeSet<String> = maps
        .ops
        .values()
        .flat_map(|m| m.kernels.values())
        .flat_map(|k| {
            let shared = k.shared.iter().map(|n| format!("kernel_maps/_shared/{n}.{}", k.lang));
            shared.chain(k.tables.iter().map(|n| format!("kernel_maps/_tables/{n}.{}", k.lang))).collect::<Vec<_>>()
        })
        .collect();
    // the shader of a table has a description, which names snippets of its own
    for path in files("kernel_maps/_tables", ".json") {
        let shader = path.trim_end_matches(".json").to_string();
        let facts: Value = serde_json::from_str(&read(root().join(&path))).unwrap();
        if used.contains(&shader) {
            used.extend(facts["shared"].as_array().unwrap().iter().map(|n| format!("kernel_maps/_shared/{}.wgsl", n.as_str().unwrap())));
            used.insert(path);
        }
    }
    let there = files("kernel_maps/_shared", "").into_iter().chain(files("kernel_maps/_tables", ""));
    none("used by no kernel", &there.filter(|p| !used.contains(p)).collect::<Vec<_>>());
}

#[test]
fn every_variant_belongs_to_a_target_and_every_target_and_profile_reads() {
    let maps = maps();
    let targets = targets(&maps);
    let lost = maps.ops.values().flat_map(|m| m.kernels.values());
    let host = |t: &Target, k: &KernelDef| t.host == k.lang && (k.id.variant.is_empty() || k.id.variant == t.host);
    let lost = lost.filter(|k| !targets.iter().any(|t| host(t, k) || t.lang == k.lang && t.rank(&k.id.variant).is_some()));
    none("variants that no target has", &lost.map(|k| k.id.text.clone()).collect::<Vec<_>>());
    for t in &targets {
        maps.profile(&t.default_profile).unwrap_or_else(|e| panic!("{}: {}", t.name, e.plain()));
        let unused = maps.ops.values().filter(|m| m.fused.is_some() && !t.fuse.contains(&m.op));
        none("fused ops that no target asks for", &unused.map(|m| m.op.clone()).collect::<Vec<_>>());
    }
    for p in profiles(&maps) {
        let missing = maps.ops.values().filter(|m| m.view.is_none() && m.fused.is_none() && !p.rules.contains_key(&m.op));
        none(&format!("ops without a class in profile {}", p.name), &missing.map(|m| m.op.clone()).collect::<Vec<_>>());
        assert!(p.rules.keys().is_sorted(), "classes of profile {} are sorted by op", p.name);
    }
}

#[test]
fn every_class_is_used_and_has_a_kernel() {
    let maps = maps();
    let profiles = profiles(&maps);
    let targets = targets(&maps);
    // bits are those of the portable kernel; what promises a bound may have kernels in another language only
    let everywhere = |k: &KernelDef, promise: &Promise| match promise {
        Promise::Bits => k.id.variant.is_empty(),
        Promise::Nmse(_) => targets.iter().any(|t| t.lang == k.lang && t.variants[t.everywhere()].suffix == k.id.variant),
    };
    let mut found = Vec::new();
    for m in maps.ops.values() {
        for (class, def) in &m.classes {
            if !m.kernels.values().any(|k| k.id.class == *class && everywhere(k, &def.promise)) {
                found.push(format!("{} class {class} has no kernel that runs everywhere", m.op));
            }
            let asked = profiles.iter().any(|p| p.rules.get(&m.op).is_some_and(|rules| rules.iter().any(|r| r.class == *class)));
            if m.fused.is_none() && !asked {
                found.push(format!("no profile asks for class {class} of {}", m.op));
            }
        }
    }
    none("classes", &found);
}

#[test]
fn json_files_fit_their_schemas() {
    let mut found = Vec::new();
    let kinds = [
        ("templates/template.schema.json", templates()),
        ("kernel_maps/op.schema.json", maps().files.json_stems("").iter().map(|s| format!("kernel_maps/{s}.json")).collect()),
        ("kernel_maps/profile.schema.json", files("kernel_maps/profiles", ".json")),
        ("kernel_maps/target.schema.json", files("kernel_maps/targets", ".json")),
        ("kernel_maps/causes.schema.json", files("kernel_maps/causes", ".json")),
        ("tests/parity/encoder.schema.json", files("tests/parity/encoders", ".json")),
    ];
    for (schema, paths) in kinds {
        let schema = json(schema);
        jsonschema::meta::validate(&schema).unwrap_or_else(|e| panic!("{e}"));
        let validator = jsonschema::validator_for(&schema).unwrap();
        for path in paths {
            found.extend(validator.iter_errors(&json(&path)).map(|e| format!("{path}{}: {e}", e.instance_path())));
        }
    }
    none("files that do not fit", &found);
}

/// Weights of layers that are not run may be left unread, each by its own name: a tensor that no layer knows must be refused there too.
#[test]
fn tensors_left_unread_are_named_one_by_one() {
    let mut found = Vec::new();
    for path in templates() {
        let t = Template::parse(&path, &read(root().join(&path))).unwrap();
        for pattern in &t.tensors.unused {
            let one = Tensors { known: vec![String::new()], unused: vec![pattern.clone()] };
            let covered: Vec<&str> = t.weights.keys().filter(|name| !one.refuses(name)).map(String::as_str).collect();
            let starred = |name: &str| match (name.split_once('{'), name.split_once('}')) {
                (Some((begin, _)), Some((_, end))) => format!("{begin}*{end}"),
                _ => name.to_string(),
            };
            if covered.iter().any(|name| starred(name) != *pattern) {
                found.push(format!("{path}: {pattern} covers {}", covered.join(", ")));
            }
        }
    }
    none("patterns that cover more than a weight of other layers", &found);
}

#[test]
fn every_template_has_a_parity_table_and_every_table_a_template() {
    let tables: BTreeSet<String> = files("tests/parity/encoders", ".json").iter().map(|path| stem(path).to_string()).collect();
    let templates: BTreeSet<String> = templates().iter().map(|path| stem(path).to_string()).collect();
    let found: Vec<String> = tables.symmetric_difference(&templates).cloned().collect();
    none("templates without tests/parity/encoders/NAME.json, or the other way round", &found);
}

#[test]
fn the_readme_names_every_encoder() {
    let text = read("README.md");
    let table =
        text.split_once("<!-- coverage").and_then(|(_, rest)| rest.split_once("<!-- end of coverage")).map_or("", |(table, _)| table);
    let named: BTreeSet<String> = table.lines().filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_string())).collect();
    let templates: BTreeSet<String> = templates().iter().map(|path| stem(path).to_string()).collect();
    let found: Vec<String> = named.symmetric_difference(&templates).cloned().collect();
    none("encoders that only README.md or only templates/ knows (make coverage)", &found);
}

#[test]
fn schemas_explain_and_close_every_object() {
    fn walk(at: &str, v: &Value, found: &mut Vec<String>) {
        match v {
            Value::Object(o) => {
                if o.get("type").and_then(Value::as_str) == Some("object") {
                    if !o.contains_key("additionalProperties") {
                        found.push(format!("{at}: takes any key"));
                    }
                    if !o.contains_key("description") {
                        found.push(format!("{at}: no description"));
                    }
                }
                if let Some(Value::Object(properties)) = o.get("properties") {
                    for (k, p) in properties {
                        if p.get("type").is_some() && p.get("description").is_none() {
                            found.push(format!("{at}/{k}: no description"));
                        }
                    }
                }
                o.iter().for_each(|(k, v)| walk(&format!("{at}/{k}"), v, found));
            }
            Value::Array(a) => a.iter().enumerate().for_each(|(i, v)| walk(&format!("{at}/{i}"), v, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    let schemas = ["templates", "kernel_maps", "tests/parity"].map(|folder| files(folder, ".schema.json"));
    for path in schemas.into_iter().flatten() {
        walk(&path, &json(&path), &mut found);
    }
    none("schemas", &found);
}

#[test]
fn sources_are_finished_and_say_what_they_are() {
    let mut found = Vec::new();
    for path in files("src", ".rs") {
        let text = read(&path);
        if !text.starts_with("//! ") {
            found.push(format!("{path}: begins with no sentence that says what it is"));
        }
        for (n, line) in without_tests(&text).lines().enumerate() {
            found.extend(
                ["TODO", "FIXME", "XXX", ".unwrap()", "todo!", "unimplemented!", "dbg!"]
                    .iter()
                    .filter(|w| line.contains(**w))
                    .map(|w| format!("{path}:{}: {w}", n + 1)),
            );
        }
    }
    for path in files("kernel_maps", ".j2").into_iter().chain(files("kernel_maps", ".c")) {
        let text = read(&path);
        if !text.starts_with("//") && !text.starts_with("/*") {
            found.push(format!("{path}: begins with no comment that says what it is"));
        }
        found.extend(["TODO", "FIXME", "XXX"].iter().filter(|w| text.contains(**w)).map(|w| format!("{path}: {w}")));
    }
    none("sources", &found);
    let lines = read("src/pipeline.rs").lines().count();
    assert!(lines <= 80, "src/pipeline.rs is the list of stages: at most 80 lines, it has {lines}");
}

#[test]
fn no_tracked_file_knows_a_machine() {
    let Some(list) = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().ok().filter(|o| o.status.success()) else {
        eprintln!("skipped: this is no git checkout");
        return;
    };
    let mut found = Vec::new();
    for path in String::from_utf8(list.stdout).unwrap().split('\0').filter(|p| !p.is_empty()) {
        let Ok(text) = std::fs::read_to_string(root().join(path)) else { continue };
        for (n, line) in text.lines().enumerate() {
            for dir in ["tmp", "home", "work", "root", "Users"] {
                let slashed = format!("/{dir}");
                let machine = line.match_indices(&slashed).any(|(i, _)| {
                    let before = line[..i].chars().next_back();
                    before.is_none_or(|c| !c.is_alphanumeric() && !"._-}/*)".contains(c))
                        && line[i + slashed.len()..].starts_with(['/', '"', '\'', ' '])
                });
                if machine && path != "tests/tidy.rs" {
                    found.push(format!("{path}:{}: {}", n + 1, line.trim()));
                }
            }
        }
    }
    none("paths of a machine", &found);
}

/// What is committed under `generated/`: a sample for each encoder that has a folder there.
#[test]
fn generated_code_is_up_to_date() {
    let maps = Maps::load(Files::from_dir(&root().join("kernel_maps")).unwrap()).unwrap();
    let mut stale = Vec::new();
    let mut expected = BTreeSet::new();
    for (path, target) in templates().into_iter().flat_map(|t| maps.files.json_stems("targets").into_iter().map(move |n| (t.clone(), n))) {
        let target = maps.target(&target).unwrap();
        let name = stem(&path).to_string();
        let folder = root().join("generated").join(&name).join(&target.name);
        if !folder.is_dir() {
            continue;
        }
        let template = Template::parse(&path, &read(root().join(&path))).unwrap();
        let profile = maps.profile_for(&target.default_profile, &template).unwrap();
        let sizes = Sizes::of_preset(&template, None, "f16").unwrap();
        let inputs = Inputs { template: &template, sizes: &sizes, maps: &maps, profile: &profile, target: &target, taps: Taps::Kept };
        let plan = pipeline::compile(&inputs).unwrap_or_else(|e| panic!("{}", e.plain()));
        let sources: BTreeMap<_, _> = pipeline::emit(&inputs, &plan).unwrap_or_else(|e| panic!("{}", e.plain()));
        for (file, text) in sources {
            let path = folder.join(&file);
            if std::fs::read_to_string(&path).ok().as_deref() != Some(&text) {
                std::fs::write(&path, text).unwrap();
                stale.push(format!("generated/{name}/{}/{file} (ir-build --template {name} --target {})", target.name, target.name));
            }
            expected.insert(format!("generated/{name}/{}/{file}", target.name));
        }
    }
    assert!(!expected.is_empty(), "no sample is committed under generated/");
    none("written anew now, commit them", &stale);
    none("generated by nothing", &files("generated", "").into_iter().filter(|f| !expected.contains(f)).collect::<Vec<_>>());
}
