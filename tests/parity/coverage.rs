//! The table of encoders in README.md, from what the last runs of whole encoders wrote down: nothing is computed again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::matrix::ATTENTION;
use crate::oracle::folder;
use crate::plan;

const BEGIN: &str = "<!-- coverage: written by make coverage -->\n";
const END: &str = "<!-- end of coverage -->\n";
/// What llama.cpp's converter writes; the column of all rows counts every other type, too.
const WEIGHTS: [&str; 4] = ["f32", "f16", "bf16", "q8_0"];

/// Weight type and attention → what was compared.
type Cells = BTreeMap<(String, String), Sum>;

/// What was compared in one cell.
#[derive(Default, Clone)]
struct Sum {
    rows: u64,
    unequal: u64,
    values: u64,
    max_abs: f64,
}

impl Sum {
    fn add(&mut self, row: &Value) {
        self.rows += 1;
        self.unequal += u64::from(row["equal"] != true);
        self.values += row["elements"].as_u64().unwrap_or(0);
        let max_abs = row["max_abs"].as_f64().unwrap_or(f64::NAN);
        if max_abs.is_nan() || max_abs > self.max_abs {
            self.max_abs = max_abs;
        }
    }

    fn verdict(&self) -> String {
        match (self.rows, self.unequal) {
            (0, _) => "-".to_string(),
            (_, 0) => format!("{:?}", self.max_abs),
            (rows, unequal) => format!("{unequal} of {rows} DIFFER, {:?}", self.max_abs),
        }
    }
}

/// 1234567 → "1.2 M".
fn short(n: u64) -> String {
    let units = [(1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")];
    units.into_iter().find(|(unit, _)| n >= *unit).map_or(n.to_string(), |(unit, name)| format!("{:.1} {name}", n as f64 / unit as f64))
}

/// Writes the table between its two marks; each line says which run it stands for.
pub fn write() -> Result<(), String> {
    let table = table(&figures())?;

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let (head, rest) = text.split_once(BEGIN).ok_or("README.md has no mark where the table begins")?;
    let (_, tail) = rest.split_once(END).ok_or("README.md has no mark where the table ends")?;
    fs::write(&path, format!("{head}{BEGIN}{table}{END}{tail}")).map_err(|e| format!("{}: {e}", path.display()))?;
    println!("{table}");
    Ok(())
}

/// What `tests/precision.rs` found, by template; empty if it has not run here.
fn figures() -> BTreeMap<String, Vec<String>> {
    let read = |name: &str| -> Vec<Value> {
        serde_json::from_str(&fs::read_to_string(folder().join(name)).unwrap_or_default()).unwrap_or_default()
    };
    let mut figures: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in ["precision.json", "precision-sound.json"].into_iter().flat_map(read) {
        let name = |key: &str| entry[key].as_str().unwrap_or_default();
        let number = |key: &str| entry[key].as_f64().unwrap_or(f64::NAN);
        let figure = format!("relative error {:.1e}, of transformers in f32 {:.1e}", number("error"), number("transformers"));
        figures.entry(name("template").to_string()).or_default().push(figure);
    }
    figures
}

/// The last run of all of an encoder's groups: the long one if there is one.
fn result(encoder: &str) -> Option<(&'static str, Value)> {
    ["full", "cut"].into_iter().find_map(|extent| {
        let text = fs::read_to_string(folder().join(format!("{extent}-{encoder}.json"))).ok()?;
        Some((extent, serde_json::from_str(&text).ok()?))
    })
}

fn table(figures: &BTreeMap<String, Vec<String>>) -> Result<String, String> {
    let mut head = vec!["encoder".to_string()];
    for weights in WEIGHTS {
        head.extend(ATTENTION.map(|attention| format!("{} {attention}", weights.to_uppercase())));
    }
    head.push("comparisons, values".to_string());
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut lines = line(&head) + &line(&vec!["---".to_string(); head.len()]);
    let (mut all, mut machines, mut references) = ((0, 0), BTreeSet::new(), BTreeSet::new());
    for encoder in plan::encoders()? {
        let name = encoder.template.as_str();
        let mut row = vec![format!("`{name}`")];
        if let Some(instead) = &encoder.instead {
            let found = figures.get(name).map_or("not measured here".to_string(), |list| list.join(", "));
            row.push(format!("{instead}: {found}"));
            row.resize(head.len(), String::new());
        } else if let Some((extent, result)) = result(name) {
            let (sums, sum) = sums(&result)?;
            for weights in WEIGHTS {
                row.extend(ATTENTION.map(|attention| {
                    let key = (weights.to_string(), attention.to_string());
                    sums.get(&key).cloned().unwrap_or_default().verdict()
                }));
            }
            row.push(format!("{}, {} ({extent})", sum.rows, short(sum.values)));
            all = (all.0 + sum.rows, all.1 + sum.values);
            machines.insert(result["run"]["machine"]["cpu"].as_str().unwrap_or_default().to_string());
            references.insert(result["references"][0]["crate"].as_str().unwrap_or("?").to_string());
        } else {
            row.push("not run".to_string());
            row.resize(head.len(), String::new());
        }
        lines += &line(&row);
    }
    let joined = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>().join(", ");
    Ok(format!(
        "{} comparisons, {} values on {}, against llama.cpp of `{}`. A cell is the largest difference over the four builds of\nllama.cpp, files, sizes, threads and batches; *full* and *cut* are the long and the short run.\n\n{lines}",
        all.0,
        short(all.1),
        joined(machines),
        joined(references),
    ))
}

/// By weight type and attention, and over all of them.
fn sums(result: &Value) -> Result<(Cells, Sum), String> {
    let mut cells = Cells::new();
    let mut all = Sum::default();
    for row in result["rows"].as_array().ok_or("the result has no rows")? {
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_string();
        cells.entry((text("weights"), text("attention"))).or_default().add(row);
        all.add(row);
    }
    Ok((cells, all))
}
