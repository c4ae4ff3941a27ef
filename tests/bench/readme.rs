//! The table of speed in README.md, between its two marks: what the results' file holds, beside the goals.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::cases::{Case, Measure};
use crate::record::Record;
use crate::table::{bits, facts, met, number, rows};
use crate::verdict::{Judged, beside, fastest, gflops, judge, ours, times_faster};

const BEGIN: &str = "<!-- speed: written by make bench README=README.md -->\n";
const END: &str = "<!-- end of speed -->\n";

const HEAD: [&str; 9] =
    ["encode", "profile", "isobit", "llama.cpp", "faster", "goal", "GFLOP/s, of peak", "MiB beside the file, llama.cpp's", "result"];

/// What is measured, in words.
fn what(case: &Case) -> String {
    let threads = if case.threads == 1 { "1 thread".to_string() } else { format!("{} threads", case.threads) };
    let weights = case.weights.to_uppercase();
    let what = match case.measure {
        Measure::Encode => format!("{weights}, {}, {}, {threads}", case.size(), case.attention),
        Measure::Start => format!("{weights}, {}, {}, {threads}, from opening the file", case.size(), case.attention),
    };
    if case.against == case.weights { what } else { format!("{what}; llama.cpp with {}", case.against.to_uppercase()) }
}

pub fn table(record: &Record, cases: &[Case], pairs: u32) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = line(&HEAD.map(str::to_string)) + &line(&HEAD.map(|_| "---".to_string()));
    for (case, run) in rows(record, cases) {
        let (theirs, build) = fastest(&record.runs, run);
        let judged = judge(record, case, run);
        let goals: Vec<String> = judged.iter().map(|j: &Judged| format!("{}: {}", j.text(), met(j))).collect();
        let share = 100.0 * gflops(run) / record.peak(u64::from(case.threads));
        let mib = |side: &str| number(beside(run, side) / 1048576.0, 0);
        text += &line(&[
            what(case),
            format!("`{}`", run["profile"].as_str().unwrap_or("-")),
            format!("{} s", number(ours(run), 2)),
            format!("{} s (`{build}`)", number(theirs, 2)),
            format!("{}x", number(times_faster(&record.runs, run), 2)),
            goals.join("; "),
            if share.is_finite() { format!("{}, {share:.0} %", number(gflops(run), 0)) } else { "-".to_string() },
            format!("{}, {}", mib("ours"), mib("llama_cpp")),
            bits(run),
        ]);
    }
    text.push('\n');
    for fact in [setting(record)].into_iter().chain(facts(record, cases, pairs)) {
        text += &format!("- {fact}\n");
    }
    text
}

/// Machine, encoder and sizes.
fn setting(record: &Record) -> String {
    let word = |key: &str| record.setting(key).and_then(Value::as_str).unwrap_or("-").to_string();
    format!("{}, sizes {}, on {}", word("encoder"), word("preset"), word("machine"))
}

/// Puts the table into `path` in place of the one that is there.
pub fn write(path: &Path, record: &Record, cases: &[Case], pairs: u32) -> Result<(), String> {
    let failed = |e: String| format!("{}: {e}", path.display());
    let text = fs::read_to_string(path).map_err(|e| failed(e.to_string()))?;
    let text = placed(&text, &table(record, cases, pairs)).map_err(failed)?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = tempfile::NamedTempFile::new_in(folder).map_err(|e| failed(e.to_string()))?;
    fs::write(file.path(), text).map_err(|e| failed(e.to_string()))?;
    let permissions = fs::metadata(path).map_err(|e| failed(e.to_string()))?.permissions();
    fs::set_permissions(file.path(), permissions).map_err(|e| failed(e.to_string()))?;
    file.persist(path).map(|_| ()).map_err(|e| failed(e.to_string()))
}

pub fn placed(text: &str, table: &str) -> Result<String, String> {
    let (head, rest) = text.split_once(BEGIN).ok_or_else(|| format!("no line {:?}", BEGIN.trim_end()))?;
    let (_, tail) = rest.split_once(END).ok_or_else(|| format!("no line {:?} after {:?}", END.trim_end(), BEGIN.trim_end()))?;
    Ok(format!("{head}{BEGIN}{table}{END}{tail}"))
}
