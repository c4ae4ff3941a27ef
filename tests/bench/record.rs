//! The results' file: written after every measurement, so that an interrupted run loses nothing and can be taken up again.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cases::Case;

/// Everything that was measured, as the file holds it.
pub struct Record {
    /// `machine`, `encoder`, `preset`, `pairs`: results of others are not mixed with these.
    settings: Value,
    pub peaks: Vec<Value>,
    pub runs: Vec<Value>,
    /// Time per op of both sides, if pictures were asked for.
    pub ops: Option<Value>,
    file: Option<PathBuf>,
}

impl Record {
    pub fn new(settings: Value, file: Option<PathBuf>) -> Self {
        Self { settings, peaks: Vec::new(), runs: Vec::new(), ops: None, file }
    }

    /// What all runs have in common.
    pub fn setting(&self, key: &str) -> Option<&Value> {
        self.settings.get(key)
    }

    /// Takes what an earlier run has left.
    pub fn resume(&mut self, from: &Path) -> Result<(), String> {
        let failed = |e: String| format!("{}: {e}", from.display());
        let text = fs::read_to_string(from).map_err(|e| failed(e.to_string()))?;
        let value: Value = serde_json::from_str(&text).map_err(|e| failed(e.to_string()))?;
        for (key, ours) in self.settings.as_object().into_iter().flatten() {
            if value[key] != *ours {
                return Err(failed(format!("it has {key} {}, this run {ours}", value[key])));
            }
        }
        let list = |key: &str| value[key].as_array().cloned().ok_or_else(|| failed(format!("it has no list {key:?}")));
        (self.peaks, self.runs) = (list("peaks")?, list("runs")?);
        self.ops = Some(value["ops"].clone()).filter(|v| !v.is_null());
        Ok(())
    }

    /// The finished measurement of a case and profile, if it is of the same input and the same library.
    pub fn finished(&self, case: &Case, profile: &str, library: &str) -> Option<&Value> {
        let wanted = identity(case, profile, library);
        self.runs.iter().find(|r| wanted.as_object().into_iter().flatten().all(|(key, v)| r[key] == *v))
    }

    /// Adds a measurement, in place of an older one of the same case and profile.
    pub fn add(&mut self, run: Value) -> Result<(), String> {
        self.runs.retain(|r| r["case"] != run["case"] || r["profile"] != run["profile"]);
        self.runs.push(run);
        self.save()
    }

    /// Writes the file, if one is wanted; a run that ends in the middle of it leaves the older one.
    pub fn save(&self) -> Result<(), String> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut value = self.settings.clone();
        (value["peaks"], value["runs"]) = (json!(self.peaks), json!(self.runs));
        value["ops"] = json!(self.ops);
        let text = serde_json::to_string_pretty(&value).map_err(|e| e.to_string())?;
        let part = file.with_extension("part");
        let written = fs::write(&part, text + "\n").and_then(|()| fs::rename(&part, file));
        written.map_err(|e| format!("{}: {e}", file.display()))
    }

    /// The best of all measurements of the machine, in its own units.
    pub fn best(&self, key: &str) -> f64 {
        self.peaks.iter().filter_map(|p| p[key].as_f64()).fold(f64::NAN, f64::max)
    }

    /// What one thread or all threads can do at best, in GFLOP/s.
    pub fn peak(&self, threads: u64) -> f64 {
        if threads == 1 { self.best("gflops_1") } else { self.best("gflops") }
    }
}

/// What a measurement is of; everything else of it is results.
pub fn identity(case: &Case, profile: &str, library: &str) -> Value {
    json!({
        "case": case.name, "profile": profile, "measure": case.measure.name(), "weights": case.weights, "against": case.against,
        "pixels": case.size(), "attention": case.attention, "threads": case.threads, "library": library,
    })
}
