//! What came out: one line per call of the oracle, the closing matrix, what differs and how to look into it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Output;
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use indexmap::IndexMap;
use isobit::fuse::Taps;
use std::path::Path;

use serde_json::{Value, json};

use crate::matrix::{ATTENTION, WEIGHTS};
use crate::oracle::{PROFILES, folder};
use crate::plan::{Cell, Group, Wanted};

pub fn taps_name(taps: Taps) -> &'static str {
    if taps == Taps::All { "all" } else { "kept" }
}

pub fn sizes_of(group: &Group) -> String {
    [&group.sources, &group.views, &group.sizes].into_iter().filter(|s| !s.is_empty()).map(String::as_str).collect::<Vec<_>>().join(",")
}

/// Unique among the groups of a run.
pub fn group_name(group: &Group) -> String {
    let taps = taps_name(group.taps);
    let mut name = format!("{}, {}, {}, {taps} taps, {}", group.file.name(), group.profile, group.attention, group.variant);
    if group.batch > 1 {
        let _ = write!(name, ", batch {}", group.batch);
    }
    if group.preprocess_only {
        name += ", preprocess";
    }
    if !group.sizes.is_empty() && !group.sizes.contains(',') {
        let _ = write!(name, ", {}", group.sizes);
    }
    name
}

fn cell(group: &Group) -> Cell {
    (group.file.template.clone(), group.file.weights, group.profile, group.attention)
}

/// Rows that this machine cannot run.
struct Skipped {
    what: String,
    reason: String,
    cells: Vec<Cell>,
}

/// One row of the oracle.
struct Row {
    file: String,
    cell: Cell,
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

    fn is_equal(&self) -> bool {
        self.value["equal"] == true && self.count("elements") > 0 && self.count("differing") == 0
    }

    fn max_abs(&self) -> f64 {
        self.value["max_abs"].as_f64().unwrap_or(f64::NAN)
    }
}

/// What one call of the oracle gave.
pub struct Outcome {
    name: String,
    section: String,
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
        let row = |value| Row { file: group.file.name(), cell: cell(group), taps: taps_name(group.taps), value, dump: dump.clone() };
        let rows: Vec<Row> = rows.into_iter().map(row).collect();
        let wanted = sizes_of(group).split(',').count() * if group.preprocess_only { 1 } else { group.threads.split(',').count() };
        let explained = rows.iter().any(|row| !row.is_equal());
        // how many views an image has is known to both sides only
        let complete = rows.len() == wanted || !group.views.is_empty() && rows.len() >= wanted;
        let failure = if output.status.success() && complete || explained {
            None
        } else {
            let words = String::from_utf8_lossy(&output.stderr);
            let last = words.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("it said nothing");
            Some(format!("{}; {} of {wanted} rows: {last}", output.status, rows.len()))
        };
        Self { name: group_name(group), section: group.file.template.clone(), rows, reference: value["reference"].take(), failure, elapsed }
    }

    /// There is no library to compare.
    pub fn impossible(group: &Group, reason: &str) -> Self {
        let (name, section) = (group_name(group), group.file.template.clone());
        Self { name, section, rows: Vec::new(), reference: Value::Null, failure: Some(reason.to_string()), elapsed: Duration::ZERO }
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
    skipped: Vec<Skipped>,
    /// What the time went into, in order of first use; calls of the oracle may overlap.
    times: IndexMap<String, Duration>,
}

impl Report {
    pub fn spent(&mut self, on: &str, time: Duration) {
        *self.times.entry(on.to_string()).or_default() += time;
    }

    pub fn skip(&mut self, group: &Group, reason: &str) {
        self.skipped.push(Skipped { what: group_name(group), reason: reason.to_string(), cells: vec![cell(group)] });
    }

    pub fn skip_profile<'a>(&mut self, profile: &str, reason: &str, groups: impl Iterator<Item = &'a Group>) {
        let cells: Vec<Cell> = groups.map(cell).collect();
        let what = format!("profile {profile}, {} calls of the oracle", cells.len());
        self.skipped.push(Skipped { what, reason: reason.to_string(), cells });
    }

    pub fn add(&mut self, outcome: Outcome) {
        self.spent(&outcome.section, outcome.elapsed);
        if outcome.reference.is_object() {
            let reference = of_the_build(outcome.reference);
            if !self.references.contains(&reference) {
                self.references.push(reference);
            }
        }
        self.failures.extend(outcome.failure.map(|failure| format!("{}: {failure}", outcome.name)));
        self.rows.extend(outcome.rows);
    }

    /// Prints everything, writes the rows as JSON; true if all rows ran and every bit was equal.
    /// `whole`: encoders of which no group was left out.
    pub fn finish(mut self, extent: &str, whole: &[&String], wanted: Vec<Wanted>, elapsed: Duration) -> Result<bool, String> {
        let order = |row: &Row| {
            let at = |words: &[&str], word: &str| words.iter().position(|w| *w == word);
            let (_, weights, profile, attention) = &row.cell;
            (row.file.clone(), at(&WEIGHTS, weights), at(&PROFILES, profile), at(&ATTENTION, attention))
        };
        self.rows.sort_by_cached_key(order); // calls of the oracle end in any order
        for wanted in wanted {
            let said = self.skipped.iter().any(|s| s.cells.iter().any(|cell| wanted.holds(cell)));
            if !said && !self.rows.iter().any(|row| wanted.holds(&row.cell)) {
                self.failures.push(format!("{}: no row at all", wanted.name()));
            }
        }

        println!("\nParity with llama.cpp, {extent}");
        for reference in &self.references {
            let facts = reference.as_object().into_iter().flatten();
            let facts = facts.map(|(k, v)| format!("  {}: {}", k.replace('_', " "), v.as_str().unwrap_or_default()));
            println!("reference\n{}", facts.collect::<Vec<_>>().join("\n"));
        }
        println!("threads of llama.cpp: 1 (2 at published sizes); its bits do not depend on them\n");
        println!("arrays, values and largest difference, by weight type and by profile and attention\n{}\n", self.matrix());
        println!("rows and values, by encoder and by weight type and attention\n{}\n", self.encoders());
        for (on, time) in &self.times {
            println!("time: {on}: {:.0} s", time.as_secs_f64());
        }
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
        let max_abs = self.rows.iter().map(Row::max_abs).fold(0.0, largest);
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
        let rows: Vec<Value> = self.rows.iter().map(Row::json).collect();
        let skipped: Vec<Value> = self.skipped.iter().map(|s| json!({ "what": s.what, "reason": s.reason })).collect();
        let machine = json!({ "cpu": cpu(), "cores": std::thread::available_parallelism().map_or(0, usize::from) });
        let write = |path: &Path, rows: &[&Value], skipped: &[Value]| {
            let run = json!({ "extent": extent, "seconds": elapsed.as_secs(), "machine": machine });
            let all = json!({ "run": run, "references": self.references, "rows": rows, "skipped": skipped, "failures": self.failures });
            let text = serde_json::to_string_pretty(&all).map_err(|e| e.to_string())?;
            std::fs::write(path, text + "\n").map_err(|e| format!("{}: {e}", path.display()))
        };
        let path = folder().join(format!("{extent}.json"));
        write(&path, &rows.iter().collect::<Vec<_>>(), &skipped)?;
        println!("rows: {}", path.display());
        // what a table of coverage may stand on: every group of an encoder was asked for
        for encoder in whole {
            let its: Vec<&Value> = rows.iter().filter(|row| row["template"] == **encoder).collect();
            write(&folder().join(format!("{extent}-{encoder}.json")), &its, &skipped)?;
        }
        Ok(failed == 0 && equal > 0)
    }

    /// Weight types down, profiles with their attention across; a cell sums up all encoders, files, sizes, taps, variants and threads.
    fn matrix(&self) -> Table {
        let column = |row: &Row| format!("{}\n{}", row.cell.2, row.cell.3);
        let columns = PROFILES.iter().flat_map(|profile| ATTENTION.map(|attention| format!("{profile}\n{attention}"))).collect();
        self.table(&|row| row.cell.1.to_string(), &WEIGHTS.map(str::to_string), &column, columns)
    }

    /// Encoders down, weight types with the attention across.
    fn encoders(&self) -> Table {
        let names: BTreeSet<String> = self.rows.iter().map(|row| row.cell.0.clone()).collect();
        let column = |row: &Row| format!("{}\n{}", row.cell.1, row.cell.3);
        let columns = WEIGHTS.iter().flat_map(|weights| ATTENTION.map(|attention| format!("{weights}\n{attention}"))).collect();
        self.table(&|row| row.cell.0.clone(), &names.into_iter().collect::<Vec<_>>(), &column, columns)
    }

    fn table(&self, line: &dyn Fn(&Row) -> String, lines: &[String], column: &dyn Fn(&Row) -> String, mut columns: Vec<String>) -> Table {
        columns.retain(|name| self.rows.iter().any(|row| column(row) == *name));
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL);
        table.set_header([String::new()].into_iter().chain(columns.iter().cloned()));
        for name in lines.iter().filter(|name| self.rows.iter().any(|row| line(row) == **name)) {
            let mut cells = vec![format!("{name}\narrays\nvalues\nmax abs")];
            for across in &columns {
                let rows: Vec<&Row> = self.rows.iter().filter(|row| line(row) == *name && column(row) == *across).collect();
                let sum = |field: &str| grouped(rows.iter().map(|r| r.count(field)).sum());
                let equal = rows.iter().filter(|r| r.is_equal()).count();
                let verdict = match (equal == rows.len(), rows.is_empty()) {
                    (_, true) => "not run".to_string(),
                    (true, _) => format!("{equal} rows equal"),
                    (false, _) => format!("{} of {} DIFFER", rows.len() - equal, rows.len()),
                };
                let max_abs = rows.iter().map(|r| r.max_abs()).fold(0.0, largest);
                cells.push(format!("{verdict}\n{}\n{}\n{max_abs:?}", sum("taps"), sum("elements")));
            }
            table.add_row(cells);
        }
        for index in 1..=columns.len() {
            if let Some(column) = table.column_mut(index) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }
}

/// The processor's name, where the system tells.
fn cpu() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("model name")?.split_once(':'));
    line.map_or_else(|| std::env::consts::ARCH.to_string(), |(_, name)| name.trim().to_string())
}

/// Not `f64::max`, which would forget a NaN.
fn largest(a: f64, b: f64) -> f64 {
    if b.is_nan() || b > a { b } else { a }
}

impl Row {
    /// The oracle's row under this run's names.
    fn json(&self) -> Value {
        let mut value = self.value.clone();
        value["file"] = self.file.as_str().into();
        value["template"] = self.cell.0.as_str().into();
        value["weights"] = self.cell.1.into();
        value["taps_mode"] = self.taps.into();
        value
    }
}

/// Threads and attention are properties of a row here.
fn of_the_build(mut reference: Value) -> Value {
    if let Some(facts) = reference.as_object_mut() {
        facts.shift_remove("threads");
        facts.shift_remove("flash_attention");
    }
    reference
}

/// The first tap that differs, and the command that shows the rest.
fn explain(row: &Row) -> String {
    let (_, _, profile, attention) = &row.cell;
    let (threads, variant, image, pixels) = (row.count("threads"), row.text("variant"), row.text("source"), row.text("input"));
    let mut text = format!("{}, {profile}, {attention}, {} taps, image {image}, pixels {pixels}", row.file, row.taps);
    let _ = writeln!(text, ", batch {}, threads {threads}, variant {variant}:", row.count("batch"));
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
    let source = if image == "-" { String::new() } else { format!("from-{image}-") };
    let dump = row.dump.join(format!("{source}{pixels}-t{threads}-{variant}"));
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
