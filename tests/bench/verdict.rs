//! What the measurements say: how much faster than the fastest of llama.cpp's builds, and which goals are met.

use serde_json::Value;

use crate::cases::{Case, Goal, Kind};
use crate::record::Record;

/// A goal and what was measured of it; NaN if something that it needs was not.
#[derive(Clone, Copy, Debug)]
pub struct Judged {
    pub goal: Goal,
    pub value: f64,
}

impl Judged {
    /// None: it was not measured.
    pub fn met(&self) -> Option<bool> {
        let enough = if self.goal.kind == Kind::Memory { self.value <= self.goal.bound } else { self.value >= self.goal.bound };
        self.value.is_finite().then_some(enough)
    }

    /// The goal in words.
    pub fn text(&self) -> String {
        let b = self.goal.bound;
        match self.goal.kind {
            Kind::Faster => format!("{b:.2}x faster"),
            Kind::OfPeak => format!("{:.0} % of peak", 100.0 * b),
            Kind::Memory => format!("memory at most {:.0} %", 100.0 * b),
            Kind::Scaling => format!("threads give {b:.2}x"),
        }
    }

    /// What was measured, in the goal's unit.
    pub fn measured(&self) -> String {
        match self.goal.kind {
            _ if !self.value.is_finite() => "not measured".to_string(),
            Kind::Faster | Kind::Scaling => format!("{:.2}x", self.value),
            Kind::OfPeak | Kind::Memory => format!("{:.0} %", 100.0 * self.value),
        }
    }
}

/// llama.cpp's shortest median on the same input with as many threads, and the build that it is of.
pub fn fastest<'a>(runs: &'a [Value], of: &Value) -> (f64, &'a str) {
    let same = |r: &&Value| ["measure", "against", "pixels", "attention", "threads"].iter().all(|key| r[*key] == of[*key]);
    let times = runs.iter().filter(same).filter_map(|r| Some((r["llama_cpp"]["median"].as_f64()?, r["build"].as_str()?)));
    times.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((f64::NAN, "-"))
}

pub fn ours(run: &Value) -> f64 {
    run["ours"]["median"].as_f64().unwrap_or(f64::NAN)
}

pub fn times_faster(runs: &[Value], run: &Value) -> f64 {
    fastest(runs, run).0 / ours(run)
}

pub fn gflops(run: &Value) -> f64 {
    run["flops"].as_f64().unwrap_or(f64::NAN) / ours(run) / 1e9
}

/// Resident memory that is not the model file's own bytes.
pub fn beside(run: &Value, side: &str) -> f64 {
    let number = |key: &str| run[format!("{side}_{key}")].as_f64().unwrap_or(f64::NAN);
    number("rss_bytes") - number("file_bytes")
}

/// The goals of the case that `run` measures.
pub fn judge(record: &Record, case: &Case, run: &Value) -> Vec<Judged> {
    let value = |kind: Kind| match kind {
        Kind::Faster => times_faster(&record.runs, run),
        Kind::OfPeak => gflops(run) / record.peak(u64::from(case.threads)),
        Kind::Memory => beside(run, "ours") / beside(run, "llama_cpp"),
        Kind::Scaling => {
            let other = record.runs.iter().find(|r| r["case"].as_str() == case.scaling_of.as_deref() && r["profile"] == run["profile"]);
            let (a, b) = (ours(run), other.map_or(f64::NAN, ours));
            a.max(b) / if a.is_nan() || b.is_nan() { f64::NAN } else { a.min(b) }
        }
    };
    case.goals.iter().map(|&goal| Judged { goal, value: value(goal.kind) }).collect()
}
