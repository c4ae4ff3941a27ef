//! Reads `cases.json`: what is measured, and the goals.

use serde_json::{Map, Value};

/// What a goal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Times faster than the fastest of llama.cpp's builds.
    Faster,
    /// Share of the machine's measured peak.
    OfPeak,
    /// Memory beside the model file, as a share of llama.cpp's: at most.
    Memory,
    /// Times faster than another case, which has fewer threads or this one has.
    Scaling,
}

impl Kind {
    const ALL: [Kind; 4] = [Kind::Faster, Kind::OfPeak, Kind::Memory, Kind::Scaling];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Faster => "faster",
            Kind::OfPeak => "of_peak",
            Kind::Memory => "memory",
            Kind::Scaling => "scaling",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Goal {
    pub kind: Kind,
    pub bound: f64,
}

/// How a case is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Encodes in one process, in turn.
    Encode,
    /// Whole processes, in turn, from opening the file to the first embedding.
    Start,
}

impl Measure {
    pub fn name(self) -> &'static str {
        if self == Measure::Encode { "encode" } else { "start" }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    pub name: String,
    pub measure: Measure,
    pub weights: String,
    /// Weights of the file that llama.cpp encodes.
    pub against: String,
    pub pixels: (u32, u32),
    pub attention: String,
    pub threads: u32,
    pub profiles: Vec<String>,
    /// Builds of llama.cpp for profiles that are none, best first.
    pub builds: Vec<String>,
    pub goals: Vec<Goal>,
    pub scaling_of: Option<String>,
    pub picture: bool,
}

impl Case {
    pub fn size(&self) -> String {
        format!("{}x{}", self.pixels.0, self.pixels.1)
    }

    /// For estimates of how long it takes beside the others.
    pub fn weight(&self) -> f64 {
        f64::from(self.pixels.0) * f64::from(self.pixels.1) / f64::from(self.threads)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Cases {
    pub encoder: String,
    pub preset: String,
    pub cases: Vec<Case>,
}

const KEYS: [&str; 12] =
    ["name", "measure", "weights", "against", "pixels", "attention", "threads", "profiles", "builds", "goals", "scaling_of", "picture"];

impl Cases {
    /// Errors name the file, the case and the key.
    pub fn parse(file: &str, text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|e| format!("{file}: {e}"))?;
        Self::read(&value).map_err(|e| format!("{file}: {e}"))
    }

    fn read(value: &Value) -> Result<Self, String> {
        let o = value.as_object().ok_or("no object")?;
        known(o, &["doc", "encoder", "preset", "cases"])?;
        let list = o.get("cases").and_then(Value::as_array).ok_or("\"cases\" is no list")?;
        let mut cases: Vec<Case> = Vec::new();
        for (i, v) in list.iter().enumerate() {
            let name = v["name"].as_str().map_or(format!("case {}", i + 1), |n| format!("case {n:?}"));
            let case = case(v).map_err(|e| format!("{name}: {e}"))?;
            if cases.iter().any(|c| c.name == case.name) {
                return Err(format!("{name} is there twice"));
            }
            cases.push(case);
        }
        for c in &cases {
            if let Some(other) = c.scaling_of.as_ref().filter(|other| !cases.iter().any(|c| c.name == **other)) {
                return Err(format!("case {:?}: \"scaling_of\": there is no case {other:?}", c.name));
            }
        }
        Ok(Self { encoder: text(o, "encoder")?, preset: text(o, "preset")?, cases })
    }

    /// Those of the names, in the file's order; all if there are no names.
    pub fn only(&self, names: &[String]) -> Result<Vec<Case>, String> {
        let all: Vec<&str> = self.cases.iter().map(|c| c.name.as_str()).collect();
        match names.iter().find(|n| !all.contains(&n.as_str())) {
            Some(unknown) => Err(format!("there is no case {unknown:?}; there are {}", all.join(", "))),
            None => Ok(self.cases.iter().filter(|c| names.is_empty() || names.contains(&c.name)).cloned().collect()),
        }
    }
}

fn case(v: &Value) -> Result<Case, String> {
    let o = v.as_object().ok_or("no object")?;
    known(o, &KEYS)?;
    let weights = text(o, "weights")?;
    let optional = |key: &str| if o.contains_key(key) { text(o, key).map(Some) } else { Ok(None) };
    let goals = goals(o)?;
    let scaling_of = optional("scaling_of")?;
    if scaling_of.is_some() != goals.iter().any(|g| g.kind == Kind::Scaling) {
        return Err("the goal \"scaling\" and \"scaling_of\" need each other".to_string());
    }
    let threads =
        o.get("threads").and_then(Value::as_u64).filter(|n| (1..=512).contains(n)).ok_or("\"threads\" is no number from 1 to 512")?;
    Ok(Case {
        name: text(o, "name")?,
        measure: match optional("measure")?.as_deref() {
            None | Some("encode") => Measure::Encode,
            Some("start") => Measure::Start,
            Some(other) => return Err(format!("\"measure\" is {other:?}, neither \"encode\" nor \"start\"")),
        },
        against: optional("against")?.unwrap_or_else(|| weights.clone()),
        weights,
        pixels: size(&text(o, "pixels")?)?,
        attention: match text(o, "attention")? {
            a if a == "flash" || a == "full" => a,
            other => return Err(format!("\"attention\" is {other:?}, neither \"flash\" nor \"full\"")),
        },
        threads: threads as u32,
        profiles: match texts(o, "profiles")? {
            none if none.is_empty() => return Err("\"profiles\" is empty".to_string()),
            some => some,
        },
        builds: if o.contains_key("builds") { texts(o, "builds")? } else { Vec::new() },
        goals,
        scaling_of,
        picture: match o.get("picture") {
            None => false,
            Some(v) => v.as_bool().ok_or("\"picture\" is neither true nor false")?,
        },
    })
}

fn goals(o: &Map<String, Value>) -> Result<Vec<Goal>, String> {
    let goals = o.get("goals").and_then(Value::as_object).ok_or("\"goals\" is no object")?;
    known(goals, &Kind::ALL.map(Kind::name))?;
    let goal = |(key, v): (&String, &Value)| {
        let kind = Kind::ALL.into_iter().find(|k| k.name() == key)?;
        Some(Goal { kind, bound: v.as_f64().filter(|b| *b > 0.0)? })
    };
    goals.iter().map(|g| goal(g).ok_or_else(|| format!("goal {:?} is no positive number", g.0))).collect()
}

fn known(o: &Map<String, Value>, keys: &[&str]) -> Result<(), String> {
    match o.keys().find(|k| !keys.contains(&k.as_str())) {
        Some(key) => Err(format!("key {key:?} is not known; known are {}", keys.join(", "))),
        None => Ok(()),
    }
}

fn text(o: &Map<String, Value>, key: &str) -> Result<String, String> {
    o.get(key).and_then(Value::as_str).map(str::to_string).ok_or_else(|| format!("{key:?} is no text"))
}

fn texts(o: &Map<String, Value>, key: &str) -> Result<Vec<String>, String> {
    let list = o.get(key).and_then(Value::as_array).and_then(|l| l.iter().map(|v| Some(v.as_str()?.to_string())).collect());
    list.ok_or_else(|| format!("{key:?} is no list of texts"))
}

fn size(text: &str) -> Result<(u32, u32), String> {
    let parsed = text.split_once('x').and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    parsed.filter(|&(w, h): &(u32, u32)| w > 0 && h > 0).ok_or_else(|| format!("\"pixels\" is {text:?}, no size like 768x768"))
}
