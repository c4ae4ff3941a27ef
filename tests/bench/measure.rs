//! One measurement: a case in one profile, beside one build of llama.cpp.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use isobit::emit::Sources;
use isobit::files::short_hash;
use isobit::fuse::Taps;
use serde_json::{Value, json};

use crate::cases::{Case, Measure};
use crate::encoder::{Encoder, text};
use crate::oracle::{self, Oracle, folder};
use crate::programs::{Program, link_example, path, picture};
use crate::record::identity;

/// What all measurements share.
pub struct Bench {
    pub encoder: Encoder,
    pub preset: String,
    pub pairs: u32,
    pub work: PathBuf,
    pub rss: PathBuf,
}

/// The emitted encoder of a case in a profile.
pub struct Emitted {
    pub sources: Sources,
    /// Changes with the emitted code.
    pub hash: String,
}

impl Bench {
    pub fn emit(&self, case: &Case, profile: &str) -> Result<Emitted, String> {
        let encoder = &self.encoder;
        let sizes = encoder.of_preset(&self.preset, &case.weights)?;
        let options = self.options(case, profile)?;
        let options: Vec<(&str, &str)> = options.iter().map(|(o, c)| (*o, c.as_str())).collect();
        let sources = encoder.emit(&sizes, profile, &options, Taps::Kept)?;
        let hash = short_hash(sources.values().cloned().collect::<String>().as_bytes());
        Ok(Emitted { sources, hash })
    }

    /// The choice of attention, for profiles that have it.
    pub fn options(&self, case: &Case, profile: &str) -> Result<Vec<(&'static str, String)>, String> {
        let profile = self.encoder.maps.profile_for(profile, &self.encoder.template).map_err(text)?;
        let known = profile.options.contains_key("attention");
        Ok(known.then(|| ("attention", case.attention.clone())).into_iter().collect())
    }

    pub fn model(&self, weights: &str) -> Result<PathBuf, String> {
        self.encoder.model(&self.preset, weights, &folder(), |_, _| ())
    }

    /// Measures; the result is a run of the record.
    pub fn run(&self, case: &Case, profile: &str, emitted: &Emitted, build: &str, oracle: &Oracle) -> Result<Value, String> {
        let start = Instant::now();
        let (model, reference) = (self.model(&case.weights)?, self.model(&case.against)?);
        let library = oracle::compiled(&self.encoder, &emitted.sources)?;
        let example = emitted.sources.get("example.c").ok_or("no example is emitted")?;
        let example = link_example(example, &library, &self.work)?;
        let (picture, threads) = (picture(case.pixels, &self.work)?, case.threads.to_string());
        let ours = Program::new(&example, &[path(&model)?, path(&picture)?, &threads])?;
        let theirs = ["encode", "--model", path(&reference)?, "--rgb", path(&picture)?, "--threads", &threads];
        let theirs = Program::new(&oracle.binary, &[&theirs[..], &["--attention", &case.attention]].concat())?;

        let mut run = identity(case, profile, &emitted.hash);
        run["build"] = json!(build);
        match case.measure {
            Measure::Encode => {
                let more = ["--pairs", &self.pairs.to_string()];
                self.encodes(&mut run, case, oracle, [&model, &reference, &library], &more, build == profile)?;
            }
            Measure::Start => self.starts(&mut run, &ours, &theirs)?,
        }
        for (side, program, file) in [("ours", &ours, &model), ("llama_cpp", &theirs, &reference)] {
            let bytes = fs::metadata(file).map_err(|e| format!("{}: {e}", file.display()))?.len();
            run[format!("{side}_rss_bytes")] = json!(program.peak_rss(&self.rss)?);
            run[format!("{side}_file_bytes")] = json!(bytes);
        }
        run["took_seconds"] = json!(start.elapsed().as_secs_f64());
        Ok(run)
    }

    /// Encodes of both sides in turn in the oracle's process.
    fn encodes(&self, run: &mut Value, case: &Case, oracle: &Oracle, files: [&Path; 3], more: &[&str], bits: bool) -> Result<(), String> {
        let told = self.oracle_bench(case, oracle, files, more)?;
        for (key, from) in [
            ("ours", "library_seconds"),
            ("llama_cpp", "llama_cpp_seconds"),
            ("flops", "flops"),
            ("arena_bytes", "arena_bytes"),
            ("variant", "variant"),
            ("open_seconds", "open_seconds"),
            ("reference", "reference"),
            ("nmse", "outputs_nmse"),
            ("equal", "outputs_equal"),
        ] {
            run[key] = told[from].clone();
        }
        if run["nmse"].as_f64().is_none() {
            return Err("the outputs of the two sides have no finite error: one of them holds what is no number".to_string());
        }
        run["bits_promised"] = json!(bits);
        let mut others: Vec<f64> = told["others_cpu_percent"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        others.sort_by(f64::total_cmp);
        run["others_percent"] = json!(others.get(others.len() / 2));
        Ok(())
    }

    /// `files`: ours, llama.cpp's, our library.
    pub fn oracle_bench(&self, case: &Case, oracle: &Oracle, files: [&Path; 3], more: &[&str]) -> Result<Value, String> {
        let [model, reference, library] = files;
        let (size, threads) = (case.size(), case.threads.to_string());
        let arguments = [
            &["bench", "--library", path(library)?, "--prefix", self.encoder.name(), "--model", path(model)?][..],
            &["--reference-model", path(reference)?, "--size", &size, "--threads", &threads],
            &["--attention", &case.attention],
            more,
        ]
        .concat();
        let arguments: Vec<String> = arguments.into_iter().map(str::to_string).collect();
        let (output, value) = oracle.run(&arguments, &self.work.join("pairs.json"))?;
        match value {
            Some(value) if output.status.success() => Ok(value),
            _ => Err(format!("the oracle failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim())),
        }
    }

    /// Whole processes in turn; the first of each is not counted and leaves the files in the page cache.
    fn starts(&self, run: &mut Value, ours: &Program, theirs: &Program) -> Result<(), String> {
        let (mut times, mut their_times) = (Vec::new(), Vec::new());
        for round in 0..=self.pairs {
            for side in [round % 2, (round + 1) % 2] {
                let seconds = if side == 0 { theirs.seconds()? } else { ours.seconds()? };
                if round > 0 {
                    if side == 0 { &mut their_times } else { &mut times }.push(seconds);
                }
            }
        }
        (run["ours"], run["llama_cpp"]) = (summary(times), summary(their_times));
        Ok(())
    }
}

/// Median and range.
fn summary(mut seconds: Vec<f64>) -> Value {
    seconds.sort_by(f64::total_cmp);
    let middle = seconds.len() / 2;
    let median = if seconds.len().is_multiple_of(2) { (seconds[middle - 1] + seconds[middle]) / 2.0 } else { seconds[middle] };
    json!({ "median": median, "min": seconds[0], "max": seconds[seconds.len() - 1], "all": seconds })
}
