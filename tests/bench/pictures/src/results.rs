//! What is drawn, read from the benchmark's results.

use serde_json::Value;

/// All steps of one kind, of both sides.
#[derive(Clone, Debug)]
pub struct Kind {
    pub name: String,
    pub steps: u64,
    pub ours: f64,
    pub theirs: f64,
    pub flops: f64,
    pub bytes: f64,
}

impl Kind {
    /// Operations per byte that has to move.
    pub fn intensity(&self) -> f64 {
        self.flops / self.bytes
    }
}

pub struct Results {
    /// What was encoded, in words.
    pub what: String,
    /// Where and by whom.
    pub machine: String,
    pub groups: Vec<Kind>,
    pub points: Vec<Kind>,
    /// GFLOP/s and GB/s that the machine can do at best.
    pub peak: f64,
    pub copy: f64,
}

impl Results {
    pub fn parse(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
        let ops = &value["ops"];
        if ops.is_null() {
            return Err("it has no times per op: run the benchmark with --svg DIR".to_string());
        }
        let text = |v: &Value, key: &str| v[key].as_str().map(str::to_string).ok_or_else(|| format!("{key:?} is no text"));
        let number = |key: &str| ops[key].as_f64().filter(|n| *n > 0.0).ok_or_else(|| format!("{key:?} is no positive number"));
        let threads = ops["threads"].as_u64().ok_or("\"threads\" is no number")?;
        let (encoder, preset, weights) = (text(&value, "encoder")?, text(&value, "preset")?, text(ops, "weights")?.to_uppercase());
        let (pixels, attention) = (text(ops, "pixels")?, text(ops, "attention")?);
        let many = if threads == 1 { "1 thread".to_string() } else { format!("{threads} threads") };
        Ok(Self {
            what: format!("{encoder} {preset}, {weights}, {attention} attention, {} pixels, {many}", pixels.replace('x', " \u{d7} ")),
            machine: format!(
                "{}; isobit profile {}, llama.cpp built as {}",
                text(&value, "machine")?,
                text(ops, "profile")?,
                text(ops, "build")?
            ),
            groups: kinds(&ops["groups"])?,
            points: kinds(&ops["points"])?,
            peak: number("peak_gflops")?,
            copy: number("copy_gbytes")?,
        })
    }
}

fn kinds(list: &Value) -> Result<Vec<Kind>, String> {
    let one = |v: &Value| {
        let number = |key: &str| v[key].as_f64();
        Some(Kind {
            name: v["name"].as_str()?.to_string(),
            steps: v["steps"].as_u64()?,
            ours: number("ours_seconds")?,
            theirs: number("llama_cpp_seconds")?,
            flops: number("flops")?,
            bytes: number("bytes")?,
        })
    };
    let list: Option<Vec<Kind>> = list.as_array().and_then(|l| l.iter().map(one).collect());
    list.filter(|l| !l.is_empty()).ok_or_else(|| "the times per op are incomplete".to_string())
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use serde_json::json;

    pub fn sample() -> Value {
        let kind = |name: &str, ours: f64, theirs: f64, flops: f64, bytes: f64| json!({ "name": name, "steps": 27, "ours_seconds": ours, "llama_cpp_seconds": theirs, "flops": flops, "bytes": bytes });
        json!({
            "encoder": "an_encoder", "preset": "8b", "machine": "A Processor",
            "ops": {
                "weights": "f16", "pixels": "768x768", "attention": "flash", "threads": 2, "profile": "a-profile", "build": "a-build",
                "peak_gflops": 230.0, "copy_gbytes": 20.0,
                "groups": [kind("linears", 8.0, 11.0, 1.6e12, 4e9), kind("attention", 2.0, 4.0, 3e11, 1e9), kind("rest", 0.01, 0.2, 0.0, 1e8)],
                "points": [kind("1152 \u{2192} 3456", 4.0, 6.0, 8e11, 1e9), kind("attention", 2.0, 4.0, 3e11, 1e9), kind("only ours", 1.0, 0.0, 1e11, 1e9)],
            },
        })
    }

    #[test]
    fn results_read_and_what_is_missing_is_named() {
        let parse = |v: &Value| Results::parse(&v.to_string()).map(|r| r.what);
        assert_eq!(parse(&sample()).unwrap(), "an_encoder 8b, F16, flash attention, 768 \u{d7} 768 pixels, 2 threads");
        let mut v = sample();
        v["ops"]["peak_gflops"] = json!(0);
        assert_eq!(parse(&v).unwrap_err(), "\"peak_gflops\" is no positive number");
        v["ops"] = Value::Null;
        assert!(parse(&v).unwrap_err().starts_with("it has no times per op"));
        let mut v = sample();
        v["ops"]["groups"][0]["bytes"] = json!("many");
        assert_eq!(parse(&v).unwrap_err(), "the times per op are incomplete");
    }
}
