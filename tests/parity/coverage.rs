//! The table of encoders in README.md, from what the last whole run wrote down: nothing is computed again.

use std::collections::BTreeMap;
use std::fmt::Write as _;
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

    fn text(&self) -> String {
        if self.rows == 0 {
            return "-".to_string();
        }
        let verdict = if self.unequal > 0 { format!("{} DIFFER, ", self.unequal) } else { String::new() };
        format!("{verdict}{:?} ({}; {})", self.max_abs, self.rows, short(self.values))
    }
}

/// 1234567 → "1.2 M".
fn short(n: u64) -> String {
    let units = [(1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")];
    units.into_iter().find(|(unit, _)| n >= *unit).map_or(n.to_string(), |(unit, name)| format!("{:.1} {name}", n as f64 / unit as f64))
}

/// Writes the table between its two marks; says which run it stands for.
pub fn write() -> Result<(), String> {
    let results = ["full", "cut"].map(|extent| folder().join(format!("{extent}.json")));
    let read = |path: &Path| serde_json::from_str::<Value>(&fs::read_to_string(path).ok()?).ok();
    let whole = results.iter().filter_map(|path| read(path)).find(|result| result["run"]["whole"] == true);
    let result = whole.ok_or("there is no result of a whole run: `make llamacpp-parity-full` or `make llamacpp-parity` first")?;
    let table = table(&result, &figures())?;

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
    let text = fs::read_to_string(folder().join("precision.json")).unwrap_or_default();
    let value: Value = serde_json::from_str(&text).unwrap_or_default();
    let mut figures: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in value.as_array().into_iter().flatten() {
        let name = |key: &str| entry[key].as_str().unwrap_or_default();
        let number = |key: &str| entry[key].as_f64().unwrap_or(f64::NAN);
        let figure = format!("relative error {:.1e}, its own in f32 {:.1e}", number("error"), number("transformers"));
        figures.entry(name("template").to_string()).or_default().push(figure);
    }
    figures
}

fn table(result: &Value, figures: &BTreeMap<String, Vec<String>>) -> Result<String, String> {
    let rows = result["rows"].as_array().ok_or("the result has no rows")?;
    let mut cells: BTreeMap<(&str, &str, &str), Sum> = BTreeMap::new();
    for row in rows {
        let text = |key: &str| row[key].as_str().unwrap_or_default();
        for (weights, attention) in [(text("weights"), text("attention")), ("all", "")] {
            cells.entry((text("template"), weights, attention)).or_default().add(row);
        }
    }
    let run = &result["run"];
    let number = |key: &str| run[key].as_u64().unwrap_or(0);
    let all = cells.iter().filter(|(key, _)| key.1 == "all").fold((0, 0), |sum, (_, cell)| (sum.0 + cell.rows, sum.1 + cell.values));
    let reference = result["references"][0]["crate"].as_str().unwrap_or("llama.cpp");
    let mut out = format!(
        "From the {} run on {} ({} cores, {} minutes): {} comparisons, {} values, llama.cpp of `{reference}`.\nA cell is the largest difference (comparisons; values), summed over profiles, files, sizes, threads and batches.\n\n",
        run["extent"].as_str().unwrap_or_default(),
        run["machine"]["cpu"].as_str().unwrap_or_default(),
        run["machine"]["cores"],
        number("seconds").div_ceil(60),
        all.0,
        short(all.1),
    );
    let mut head = vec!["encoder".to_string()];
    for weights in WEIGHTS {
        head.extend(ATTENTION.map(|attention| format!("{} {attention}", weights.to_uppercase())));
    }
    head.push("all".to_string());
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    out += &line(&head);
    out += &line(&vec!["---".to_string(); head.len()]);
    for encoder in plan::encoders()? {
        let name = encoder.template.as_str();
        let mut row = vec![format!("`{name}`")];
        if let Some(instead) = &encoder.instead {
            let found = figures.get(name).map_or("not measured here".to_string(), |list| list.join(", "));
            row.push(format!("{instead}: {found}"));
            row.resize(head.len(), String::new());
        } else {
            let sum = |weights, attention| cells.get(&(name, weights, attention)).cloned().unwrap_or_default().text();
            for weights in WEIGHTS {
                row.extend(ATTENTION.map(|attention| sum(weights, attention)));
            }
            row.push(sum("all", ""));
        }
        let _ = write!(out, "{}", line(&row));
    }
    Ok(out)
}
