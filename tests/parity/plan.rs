//! What is compared: `encoders/<template>.json` read and unfolded into calls of the oracle.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use isobit::fuse::Taps;
use serde_json::{Map, Value};

use crate::matrix::{ATTENTION, WEIGHTS};
use crate::oracle::PROFILES;

/// Where a model file comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Synthesised at a preset of the template.
    Preset(String),
    /// Written by llama.cpp's own converter, kept in the repository: the folder's path.
    Converted(String),
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct File {
    pub template: String,
    /// As the encoder's table calls it.
    pub label: String,
    pub origin: Origin,
    pub weights: &'static str,
}

impl File {
    pub fn name(&self) -> String {
        format!("{} {} {}", self.template, self.label, self.weights)
    }
}

/// What an encoder reads; decides in which words the oracle is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    Image,
    Audio,
}

/// One call of the oracle: rows that share a library and llama.cpp's results.
#[derive(Debug, Clone)]
pub struct Group {
    pub file: File,
    pub input: Input,
    pub profile: &'static str,
    pub attention: &'static str,
    pub taps: Taps,
    /// `best` lets the library choose.
    pub variant: String,
    pub threads: String,
    pub reference_threads: u64,
    pub batch: u64,
    /// Encoded from normalised pixels, or from spectrograms of so many frames.
    pub sizes: String,
    /// Images, or sounds of so many samples, that both sides preprocess.
    pub sources: String,
    /// Images that both sides cut into views.
    pub views: String,
    pub preprocess_only: bool,
    /// Memory that both sides' values need at once, in GiB.
    pub memory: u64,
}

/// The table of one encoder.
pub struct Encoder {
    pub template: String,
    pub weights: Vec<&'static str>,
    /// What it is compared with where llama.cpp has no such encoder.
    pub instead: Option<String>,
    /// Calls of the short run and of the long one.
    pub cut: Vec<Group>,
    pub full: Vec<Group>,
}

/// Template, weight type, profile, attention.
pub type Cell = (String, &'static str, &'static str, &'static str);

impl Encoder {
    /// What must have been compared: everything with everything, or in the short run each pair of the template with another.
    pub fn wanted(&self, full: bool) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        if self.instead.is_some() {
            return wanted;
        }
        let mut add = |weights, profile, attention| wanted.push(Wanted { template: self.template.clone(), weights, profile, attention });
        if full {
            for profile in PROFILES {
                for attention in ATTENTION {
                    self.weights.iter().for_each(|weights| add(Some(*weights), Some(profile), Some(attention)));
                }
            }
        } else {
            for attention in ATTENTION {
                self.weights.iter().for_each(|weights| add(Some(*weights), None, Some(attention)));
            }
            PROFILES.into_iter().for_each(|profile| add(None, Some(profile), None));
        }
        wanted
    }
}

/// A set of cells, one of which must have a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub template: String,
    pub weights: Option<&'static str>,
    pub profile: Option<&'static str>,
    pub attention: Option<&'static str>,
}

impl Wanted {
    pub fn holds(&self, (template, weights, profile, attention): &Cell) -> bool {
        let fits = |wanted: Option<&str>, found: &str| wanted.is_none_or(|wanted| wanted == found);
        self.template == *template && fits(self.weights, weights) && fits(self.profile, profile) && fits(self.attention, attention)
    }

    pub fn name(&self) -> String {
        let parts = [Some(self.template.as_str()), self.weights, self.profile, self.attention];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// The tables of all encoders, in the order of their names.
pub fn encoders() -> Result<Vec<Encoder>, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity/encoders");
    let mut paths: Vec<_> = fs::read_dir(&folder)
        .map_err(|e| format!("{}: {e}", folder.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    paths.sort();
    let read = |(turn, path): (usize, &std::path::PathBuf)| {
        let failed = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
        let text = fs::read_to_string(path).map_err(|e| failed(&e))?;
        let value: Value = serde_json::from_str(&text).map_err(|e| failed(&e))?;
        let template = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        encoder(&template, turn, &value).map_err(|e| failed(&e))
    };
    paths.iter().enumerate().map(read).collect()
}

/// Which way taps go through the rows of a sweep.
const TAPS: [Taps; 2] = [Taps::All, Taps::Kept];

fn encoder(template: &str, turn: usize, value: &Value) -> Result<Encoder, String> {
    let table = Fields::new(value, &["$schema", "input", "instead", "files", "weights", "cut", "full"])?;
    if let Some(instead) = table.text("instead")? {
        let (cut, full) = (Vec::new(), Vec::new());
        return Ok(Encoder { template: template.to_string(), weights: Vec::new(), instead: Some(instead), cut, full });
    }
    let input = match table.text("input")?.as_deref() {
        Some("audio") => Input::Audio,
        Some("image") => Input::Image,
        _ => return Err("\"input\" is \"image\" or \"audio\"".to_string()),
    };
    let weights = table.choices("weights", &WEIGHTS)?.ok_or("no \"weights\"")?;
    let mut origins = BTreeMap::new();
    for (label, file) in table.0.get("files").and_then(Value::as_object).ok_or("no \"files\"")? {
        let file = Fields::new(file, &["preset", "folder", "weights"])?;
        let origin = match (file.text("preset")?, file.text("folder")?) {
            (Some(preset), None) => Origin::Preset(preset),
            (None, Some(folder)) => Origin::Converted(folder),
            _ => return Err(format!("file \"{label}\" is either a \"preset\" or a \"folder\"")),
        };
        origins.insert(label.clone(), (origin, file.choices("weights", &WEIGHTS)?.unwrap_or_else(|| weights.clone())));
    }
    let sweeps = |key: &str| {
        let list = table.0.get(key).and_then(Value::as_array).ok_or_else(|| format!("no \"{key}\""))?;
        let mut groups = Vec::new();
        for (i, sweep) in list.iter().enumerate() {
            groups.extend(unfold(template, input, &origins, turn + i, sweep).map_err(|e| format!("{key}[{i}]: {e}"))?);
        }
        Ok::<_, String>(groups)
    };
    Ok(Encoder { template: template.to_string(), instead: None, cut: sweeps("cut")?, full: sweeps("full")?, weights })
}

const SWEEP: [&str; 16] = [
    "file",
    "weights",
    "profiles",
    "attention",
    "rows",
    "taps",
    "variant",
    "threads",
    "reference_threads",
    "batch",
    "sizes",
    "sources",
    "views",
    "preprocess_only",
    "memory",
    "doc",
];

/// The calls of one line of a table. `turn` makes encoders and lines begin at different profiles, so that few rows see many pairs.
fn unfold(
    template: &str,
    input: Input,
    origins: &BTreeMap<String, (Origin, Vec<&'static str>)>,
    turn: usize,
    sweep: &Value,
) -> Result<Vec<Group>, String> {
    let sweep = Fields::new(sweep, &SWEEP)?;
    let label = sweep.text("file")?.ok_or("no \"file\"")?;
    let (origin, of_file) = origins.get(&label).ok_or_else(|| format!("there is no file \"{label}\""))?;
    let weights = sweep.choices("weights", of_file)?.unwrap_or_else(|| of_file.clone());
    let profiles = sweep.choices("profiles", &PROFILES)?.unwrap_or_else(|| PROFILES.to_vec());
    let attention = sweep.choices("attention", &ATTENTION)?.unwrap_or_else(|| ATTENTION.to_vec());
    let group = |weights: &'static str, profile, attention, taps| -> Result<Group, String> {
        Ok(Group {
            file: File { template: template.to_string(), label: label.clone(), origin: origin.clone(), weights },
            input,
            profile,
            attention,
            taps,
            variant: sweep.text("variant")?.unwrap_or_else(|| "best".to_string()),
            threads: sweep.text("threads")?.unwrap_or_else(|| "1,2,3".to_string()),
            reference_threads: sweep.number("reference_threads")?.unwrap_or(1),
            batch: sweep.number("batch")?.unwrap_or(1),
            sizes: sweep.text("sizes")?.unwrap_or_default(),
            sources: sweep.text("sources")?.unwrap_or_default(),
            views: sweep.text("views")?.unwrap_or_default(),
            preprocess_only: sweep.0.get("preprocess_only") == Some(&Value::Bool(true)),
            memory: sweep.number("memory")?.unwrap_or(1),
        })
    };
    let mut cells = Vec::new();
    match sweep.text("rows")?.as_deref() {
        None | Some("every") => {
            for &profile in &profiles {
                for &attention in &attention {
                    cells.extend(weights.iter().map(|&weights| (weights, profile, attention)));
                }
            }
        }
        Some("turns") => {
            // Each weight type, profile and attention at least once; attention goes 0101, 0011 or 0110 or the other way round.
            for i in 0..weights.len().max(profiles.len()).max(attention.len()) {
                let a = [i, i / 2, i.div_ceil(2)][turn % 3] + turn / 3;
                cells.push((weights[i % weights.len()], profiles[(i + turn) % profiles.len()], attention[a % attention.len()]));
            }
        }
        Some("pairs") => {
            // Each weight type with each attention once, at profiles in turn.
            for (w, &weight) in weights.iter().enumerate() {
                for (a, &attention) in attention.iter().enumerate() {
                    cells.push((weight, profiles[(w + 2 * a + turn) % profiles.len()], attention));
                }
            }
        }
        Some(other) => return Err(format!("\"rows\" is \"every\", \"pairs\" or \"turns\", not \"{other}\"")),
    }
    let taps = sweep.text("taps")?.unwrap_or_else(|| "alternate".to_string());
    let mut groups = Vec::new();
    for (i, (weight, profile, attention)) in cells.into_iter().enumerate() {
        // The row's number decides, shifted from row to row of the table, so that weight types and attention see both.
        let shifted = i + i / weights.len() + i / (weights.len() * 2) + turn / 2;
        let modes = match taps.as_str() {
            "alternate" => &TAPS[shifted % 2..][..1],
            "both" => &TAPS[..],
            "all" => &TAPS[..1],
            "kept" => &TAPS[1..],
            other => return Err(format!("\"taps\" is alternate, both, all or kept, not \"{other}\"")),
        };
        for &taps in modes {
            groups.push(group(weight, profile, attention, taps)?);
        }
    }
    Ok(groups)
}

/// An object whose keys are known.
struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    fn new(value: &'a Value, known: &[&str]) -> Result<Self, String> {
        let object = value.as_object().ok_or("not an object")?;
        match object.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(format!("unknown key \"{key}\"; there are {}", known.join(", "))),
            None => Ok(Self(object)),
        }
    }

    fn text(&self, key: &str) -> Result<Option<String>, String> {
        match self.0.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(format!("\"{key}\" is no text")),
        }
    }

    fn number(&self, key: &str) -> Result<Option<u64>, String> {
        self.0.get(key).map(|n| n.as_u64().ok_or_else(|| format!("\"{key}\" is no number"))).transpose()
    }

    /// A list of some of the words that there are.
    fn choices(&self, key: &str, all: &[&'static str]) -> Result<Option<Vec<&'static str>>, String> {
        let Some(list) = self.0.get(key) else { return Ok(None) };
        let known = |word: &Value| {
            let found = all.iter().copied().find(|known| word.as_str() == Some(known));
            found.ok_or_else(|| format!("\"{key}\": {word} is none of {}", all.join(", ")))
        };
        let list = list.as_array().filter(|list| !list.is_empty()).ok_or_else(|| format!("\"{key}\" is no list"))?;
        list.iter().map(known).collect::<Result<_, _>>().map(Some)
    }
}
