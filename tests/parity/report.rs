//! What came out: one line per call of the oracle, the closing table, what differs and how to look into it.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Output;
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use isobit::fuse::Taps;
use serde_json::{Value, json};

use crate::oracle::folder;
use crate::plan::Group;

pub fn taps_name(taps: Taps) -> &'static str {
    if taps == Taps::All { "all" } else { "kept" }
}

pub fn sizes_of(group: &Group) -> String {
    [group.sources, group.sizes].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(",")
}

/// Unique among the groups of a run.
pub fn group_name(group: &Group) -> String {
    let mut name = format!("{}, {}, {} taps, {}", group.file.name, group.profile, taps_name(group.taps), group.variant);
    if group.batch > 1 {
        let _ = write!(name, ", batch {}", group.batch);
    }
    if group.preprocess_only {
        name += ", preprocess";
    }
    if !group.sizes.contains(',') && group.sources.is_empty() {
        let _ = write!(name, ", {}", group.sizes);
    }
    name
}

pub struct Skipped {
    pub what: String,
    pub reason: String,
}

/// One row of the oracle.
struct Row {
    file: &'static str,
    profile: &'static str,
    taps: &'static str,
    value: Value,
    dump: PathBuf,
}

impl Row {
    fn text(&self, key: &str) -> &str {
        self.value[key].as_str().unwrap_or("-")
    }

    fn count(&self, key: &str) -> u64 {
        self.value[key].as_u64().unwrap_or(0)
    }

    fn float(&self, key: &str) -> f64 {
        self.value[key].as_f64().unwrap_or(f64::NAN)
    }

    fn is_equal(&self) -> bool {
        self.value["equal"] == true && self.count("elements") > 0 && self.count("differing") == 0
    }

    /// Rows with the same key differ in threads and variant only.
    fn key(&self) -> [String; 6] {
        let of = |key: &str| self.text(key).to_string();
        [self.file.into(), self.profile.into(), self.taps.into(), of("image"), of("pixels"), self.count("batch").to_string()]
    }
}

/// What one call of the oracle gave.
pub struct Outcome {
    name: String,
    rows: Vec<Row>,
    reference: Value,
    /// The call as a whole failed, and its last words.
    failure: Option<String>,
    elapsed: Duration,
}

impl Outcome {
    pub fn new(group: &Group, output: &Output, value: Option<Value>, dump: PathBuf, elapsed: Duration) -> Self {
        let mut value = value.unwrap_or_default();
        let rows = match value["rows"].take() {
            Value::Array(rows) => rows,
            _ => Vec::new(),
        };
        let (file, profile, taps) = (group.file.name, group.profile, taps_name(group.taps));
        let rows: Vec<Row> = rows.into_iter().map(|value| Row { file, profile, taps, value, dump: dump.clone() }).collect();
        let wanted = sizes_of(group).split(',').count() * if group.preprocess_only { 1 } else { group.threads.split(',').count() };
        let explained = rows.iter().any(|row| !row.is_equal());
        let failure = if output.status.success() && rows.len() == wanted || explained {
            None
        } else {
            let words = String::from_utf8_lossy(&output.stderr);
            let last = words.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("it said nothing");
            Some(format!("{}; {} of {wanted} rows: {last}", output.status, rows.len()))
        };
        Self { name: crate::report::group_name(group), rows, reference: value["reference"].take(), failure, elapsed }
    }

    /// For the log: what was compared and how it went.
    pub fn line(&self) -> String {
        let elements: u64 = self.rows.iter().map(|r| r.count("elements")).sum();
        let unequal = self.rows.iter().filter(|r| !r.is_equal()).count();
        let verdict = match (&self.failure, unequal) {
            (Some(_), _) => "FAILED ",
            (None, 0) => "equal  ",
            _ => "DIFFERS",
        };
        let rows = self.rows.len();
        let seconds = self.elapsed.as_secs_f64();
        let mut line = format!("{verdict} {}: {rows} rows, {} values, {seconds:.1} s", self.name, grouped(elements));
        if unequal > 0 {
            let _ = write!(line, ", {unequal} rows not equal");
        }
        if let Some(failure) = &self.failure {
            let _ = write!(line, "\n        {failure}");
        }
        line
    }
}

#[derive(Default)]
pub struct Report {
    rows: Vec<Row>,
    references: Vec<Value>,
    failures: Vec<String>,
    pub skipped: Vec<Skipped>,
}

impl Report {
    pub fn add(&mut self, outcome: Outcome) {
        if outcome.reference.is_object() {
            self.references.push(reference_without_threads(outcome.reference));
            self.references.dedup();
        }
        self.failures.extend(outcome.failure.map(|failure| format!("{}: {failure}", outcome.name)));
        self.rows.extend(outcome.rows);
    }

    /// Prints everything, writes the rows as JSON; true if all rows ran and every bit was equal.
    pub fn finish(self, extent: &str, elapsed: Duration) -> Result<bool, String> {
        println!("\nParity with llama.cpp, {extent}");
        for reference in &self.references {
            let facts = reference.as_object().into_iter().flatten();
            let facts = facts.map(|(k, v)| format!("  {}: {}", k.replace('_', " "), v.as_str().unwrap_or_default()));
            println!("reference\n{}", facts.collect::<Vec<_>>().join("\n"));
        }
        println!("  threads: 1 (2 for 4b and 8b); llama.cpp's bits do not depend on them\n");
        println!("{}", self.table());
        for skipped in &self.skipped {
            println!("skipped: {}: {}", skipped.what, skipped.reason);
        }
        for row in self.rows.iter().filter(|row| !row.is_equal()) {
            print!("\n{}", explain(row));
        }
        for failure in &self.failures {
            println!("\ncould not run: {failure}");
        }

        let count = |key: &str| self.rows.iter().map(|r| r.count(key)).sum::<u64>();
        let equal = self.rows.iter().filter(|r| r.is_equal()).count();
        let failed = self.rows.len() - equal + self.failures.len();
        let max_abs = self.rows.iter().map(|r| r.float("max_abs")).fold(0.0, f64::max);
        println!(
            "\ntest result: {}. {equal} passed; {failed} failed; {} skipped; {} arrays, {} values compared, {} differ, max abs {max_abs}; {:.0} s",
            if failed == 0 && equal > 0 { "ok" } else { "FAILED" },
            self.skipped.len(),
            grouped(count("taps")),
            grouped(count("elements")),
            grouped(count("differing")),
            elapsed.as_secs_f64()
        );
        if equal == 0 {
            println!("nothing was compared");
        }
        let path = folder().join(format!("{extent}.json"));
        let rows: Vec<Value> = self.rows.iter().map(Row::json).collect();
        let skipped: Vec<Value> = self.skipped.iter().map(|s| json!({ "what": s.what, "reason": s.reason })).collect();
        let all = json!({ "references": self.references, "rows": rows, "skipped": skipped, "failures": self.failures });
        let text = serde_json::to_string_pretty(&all).map_err(|e| e.to_string())?;
        std::fs::write(&path, text + "\n").map_err(|e| format!("{}: {e}", path.display()))?;
        println!("rows: {}", path.display());
        Ok(failed == 0 && equal > 0)
    }

    /// One line per file, profile, taps, size and batch; variants and threads of it are merged.
    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        let head = [
            "file",
            "profile",
            "taps",
            "image",
            "pixels",
            "batch",
            "variants",
            "threads",
            "arrays",
            "values",
            "max abs",
            "llama.cpp s",
            "ours s",
            "",
        ];
        table.set_header(head);
        let mut keys: Vec<[String; 6]> = Vec::new();
        for row in &self.rows {
            if !keys.contains(&row.key()) {
                keys.push(row.key());
            }
        }
        for key in keys {
            let rows: Vec<&Row> = self.rows.iter().filter(|r| r.key() == key).collect();
            let fastest = |field: &str| rows.iter().map(|r| r.float(field)).fold(f64::INFINITY, f64::min);
            let distinct = |text: &dyn Fn(&Row) -> String| {
                let mut all: Vec<String> = rows.iter().map(|r| text(r)).collect();
                all.sort();
                all.dedup();
                all.join(" ")
            };
            let sum = |field: &str| rows.iter().map(|r| r.count(field)).sum::<u64>();
            let mut cells = key.to_vec();
            cells.push(distinct(&|r| r.text("variant").to_string()));
            cells.push(distinct(&|r| r.count("threads").to_string()));
            cells.push(grouped(sum("taps")));
            cells.push(grouped(sum("elements")));
            cells.push(rows.iter().map(|r| r.float("max_abs")).fold(0.0, f64::max).to_string());
            cells.push(format!("{:.3}", fastest("reference_seconds")));
            cells.push(format!("{:.3}", fastest("library_seconds")));
            cells.push(if rows.iter().all(|r| r.is_equal()) { "equal" } else { "DIFFERS" }.to_string());
            table.add_row(cells);
        }
        for index in [5, 8, 9, 10, 11, 12] {
            if let Some(column) = table.column_mut(index) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }
}

impl Row {
    /// The oracle's row under this run's names.
    fn json(&self) -> Value {
        let mut value = self.value.clone();
        value["file"] = self.file.into();
        value["taps_mode"] = self.taps.into();
        value
    }
}

/// Threads are a property of a row here.
fn reference_without_threads(mut reference: Value) -> Value {
    if let Some(facts) = reference.as_object_mut() {
        facts.shift_remove("threads");
    }
    reference
}

/// The first tap that differs, and the command that shows the rest.
fn explain(row: &Row) -> String {
    let place = row.key();
    let (threads, variant) = (row.count("threads"), row.text("variant"));
    let mut text = format!("{}, {}, {} taps, image {}, pixels {}, batch {}", place[0], place[1], place[2], place[3], place[4], place[5]);
    let _ = writeln!(text, ", threads {threads}, variant {variant}:");
    let first = &row.value["first_difference"];
    if first.is_object() {
        let of = |key: &str| match &first[key] {
            Value::String(s) => s.clone(),
            other => other.to_string(),
        };
        let _ = writeln!(text, "  first tap that differs: {} (op {}, kernel {})", of("name"), of("op"), of("kernel"));
        let (differing, elements, max_abs, max_ulp) = (of("differing"), of("elements"), of("max_abs"), of("max_ulp"));
        let _ = writeln!(text, "  {differing} of {elements} values differ, max abs {max_abs}, max ULP {max_ulp}");
        let _ = writeln!(text, "  the first of them: llama.cpp {}, library {}", of("llama_cpp"), of("library"));
    }
    for problem in row.value["problems"].as_array().into_iter().flatten() {
        let _ = writeln!(text, "  not compared: {}", problem.as_str().unwrap_or_default());
    }
    let source = if place[3] == "-" { String::new() } else { format!("from-{}-", place[3]) };
    let dump = row.dump.join(format!("{source}{}-t{threads}-{variant}", place[4]));
    if dump.join("llama.cpp").is_dir() {
        let _ = writeln!(text, "  both sides: {}", dump.display());
        let _ = writeln!(text, "  cargo run --release -- compare {0}/llama.cpp {0}/library", dump.display());
    }
    text
}

/// 1234567 → "1,234,567".
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}
