//! The table at the end, and the lines below it.

use comfy_table::{CellAlignment, Table, presets};
use serde_json::Value;

use crate::cases::Case;
use crate::record::Record;
use crate::verdict::{Judged, beside, fastest, gflops, judge, ours, times_faster};

/// Others' share of the machine above which times mean little, in per cent.
const BUSY: f64 = 10.0;

const HEAD: [&str; 15] = [
    "case",
    "profile",
    "llama.cpp's\nfastest s",
    "which\nbuild",
    "ours s",
    "min..max",
    "times\nfaster",
    "goal",
    "met",
    "GFLOP/s",
    "of peak",
    "arena\nMiB",
    "MiB beside the file\nours | llama.cpp",
    "others\n%",
    "bits",
];

/// A number, or a dash for one that there is none of.
pub fn number(value: f64, digits: usize) -> String {
    if value.is_finite() { format!("{value:.digits$}") } else { "-".to_string() }
}

/// Cases in their order, each with its runs.
pub fn rows<'a>(record: &'a Record, cases: &'a [Case]) -> impl Iterator<Item = (&'a Case, &'a Value)> {
    cases.iter().flat_map(|c| record.runs.iter().filter(|r| r["case"] == c.name.as_str()).map(move |r| (c, r)))
}

pub fn table(record: &Record, cases: &[Case]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_header(HEAD);
    for (case, run) in rows(record, cases) {
        let (theirs, build) = fastest(&record.runs, run);
        let judged = judge(record, case, run);
        let each = |text: &dyn Fn(&Judged) -> String| judged.iter().map(text).collect::<Vec<_>>().join("\n");
        let share = 100.0 * gflops(run) / record.peak(u64::from(case.threads));
        let mib = |v: f64| number(v / 1048576.0, 0);
        table.add_row([
            case.name.clone(),
            run["profile"].as_str().unwrap_or("-").to_string(),
            number(theirs, 3),
            build.to_string(),
            number(ours(run), 3),
            format!("{}..{}", number(float(run, "/ours/min"), 3), number(float(run, "/ours/max"), 3)),
            number(times_faster(&record.runs, run), 2),
            each(&Judged::text),
            each(&met),
            number(gflops(run), 1),
            if share.is_finite() { format!("{share:.0} %") } else { "-".to_string() },
            number(float(run, "/arena_bytes") / 1048576.0, 1),
            format!("{} | {}", mib(beside(run, "ours")), mib(beside(run, "llama_cpp"))),
            number(float(run, "/others_percent"), 1),
            bits(run),
        ]);
    }
    for index in [2, 4, 5, 6, 9, 10, 11, 12, 13] {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn float(run: &Value, pointer: &str) -> f64 {
    run.pointer(pointer).and_then(Value::as_f64).unwrap_or(f64::NAN)
}

pub fn met(j: &Judged) -> String {
    match j.met() {
        Some(true) => format!("yes, {}", j.measured()),
        Some(false) => format!("NO, {}", j.measured()),
        None => "not measured".to_string(),
    }
}

/// Equality where bits are promised, the error elsewhere.
pub fn bits(run: &Value) -> String {
    match (run["bits_promised"].as_bool(), run["equal"].as_bool(), run["nmse"].as_f64()) {
        (Some(true), Some(true), _) => "equal".to_string(),
        (Some(true), ..) => "DIFFER".to_string(),
        (Some(false), _, Some(nmse)) => format!("NMSE {nmse:.1e}"),
        _ => "-".to_string(),
    }
}

/// Runs whose bits are promised and differ from llama.cpp's.
pub fn differing(record: &Record, cases: &[Case]) -> usize {
    rows(record, cases).filter(|(_, r)| bits(r) == "DIFFER").count()
}

/// How the numbers are to be read, and what they are of.
pub fn facts(record: &Record, cases: &[Case], pairs: u32) -> Vec<String> {
    let reference = rows(record, cases).find_map(|(_, r)| r["reference"].as_object());
    let wanted = ["crate", "llama.cpp", "ggml", "compiler", "libc"];
    let fact = |r: &serde_json::Map<String, Value>, k: &str| Some(format!("{} {}", k.replace('_', " "), r.get(k)?.as_str()?));
    let reference = reference.map(|r| wanted.iter().filter_map(|k| fact(r, k)).collect::<Vec<_>>().join(", "));
    let isa = record.peaks.first().and_then(|p| p["isa"].as_str()).unwrap_or("-");
    let threads = record.peaks.first().and_then(|p| p["threads"].as_u64()).unwrap_or(1);
    let with_all = if threads > 1 { format!(", {:.1} with {threads}", record.best("gflops")) } else { String::new() };
    let mut lines = vec![
        format!("reference: {}", reference.unwrap_or_else(|| "not run".to_string())),
        format!(
            "peak of this machine, the best of {} measurements: {:.1} GFLOP/s with one thread{with_all} (FMA from registers, {isa}), \
             copying {:.1} GB/s; products of bf16 or int8 have a higher peak",
            record.peaks.len(),
            record.best("gflops_1"),
            record.best("copy_gbytes"),
        ),
        format!(
            "times are medians of {pairs} pair(s) in turn, llama.cpp's the shortest of its builds measured on the same file, image, attention and threads"
        ),
        "memory is the peak of a whole process less the model file's bytes: we map the file, llama.cpp copies it".to_string(),
        "NMSE is against llama.cpp's output, where a profile promises a bound and not its bits".to_string(),
    ];
    let busy = rows(record, cases).map(|(_, r)| float(r, "/others_percent")).fold(0.0, f64::max);
    if busy > BUSY {
        lines.push(format!("WARNING: other processes took up to {busy:.0} % of this machine; on a busy machine these times mean little"));
    }
    lines
}

/// One line for each goal that is not met, or that what it needs was not measured for.
pub fn missed(record: &Record, cases: &[Case]) -> Vec<String> {
    let mut lines = Vec::new();
    for case in cases {
        for profile in &case.profiles {
            let run = rows(record, std::slice::from_ref(case)).find(|(_, r)| r["profile"] == profile.as_str());
            let judged = match run {
                Some((_, run)) => judge(record, case, run),
                None => case.goals.iter().map(|&goal| Judged { goal, value: f64::NAN }).collect(),
            };
            let missed = judged.into_iter().filter(|j| j.met() != Some(true));
            lines.extend(missed.map(|j| format!("{} {profile}: goal {}, {}", case.name, j.text(), j.measured())));
        }
    }
    lines
}
