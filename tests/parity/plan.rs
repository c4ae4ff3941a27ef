//! What is compared: files, profiles, attention, sizes, threads, variants, as tables.

use isobit::fuse::Taps;

use crate::matrix::{ATTENTION, WEIGHTS};
use crate::oracle::PROFILES;

/// Where a model file comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Synthesised at a preset of the template.
    Preset(&'static str),
    /// Written by llama.cpp's own converter, kept in the repository: the folder's path.
    Converted(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct File {
    pub template: &'static str,
    pub origin: Origin,
    pub weights: &'static str,
}

impl File {
    pub fn name(&self) -> String {
        format!("{} {}", self.section(), self.weights)
    }

    /// What its rows are summed up under.
    pub fn section(&self) -> &'static str {
        match self.origin {
            Origin::Preset(preset) => preset,
            Origin::Converted(_) => "converted",
        }
    }
}

/// One call of the oracle: rows that share a library and llama.cpp's results.
#[derive(Debug, Clone)]
pub struct Group {
    pub file: File,
    pub profile: &'static str,
    pub attention: &'static str,
    pub taps: Taps,
    /// `best` lets the library choose.
    pub variant: &'static str,
    pub threads: &'static str,
    pub reference_threads: u32,
    pub batch: u32,
    /// Encoded from pixels.
    pub sizes: &'static str,
    /// Images that both sides preprocess.
    pub sources: &'static str,
    pub preprocess_only: bool,
    /// Memory that both sides' values need at once, in GiB.
    pub memory: u64,
}

const QWEN3_VL: &str = "qwen3_vl_vision";
const CONVERTED: Origin = Origin::Converted("tests/data/reference/qwen3vl");
/// The types that llama.cpp's converter writes.
const CONVERTED_WEIGHTS: [&str; 4] = ["f32", "f16", "bf16", "q8_0"];
const TAPS: [Taps; 2] = [Taps::All, Taps::Kept];

// One token; fewer than 64 patches; exactly 64, where attention changes to tiles; more; odd multiples of the unit; a strip.
const SIZES: &str = "32x32,64x64,96x96,128x128,160x128,224x96,64x512";
const FEW_SIZES: &str = "32x32,96x96,128x128";
const LARGE: &str = "768x768";
// Enlarged (37x29), and reduced to multiples of 32.
const SOURCES: &str = "37x29,300x200";
// Narrow, more than full HD, and taken as it is.
const LARGE_SOURCES: &str = "100x700,1921x1081,768x768";
// Only resized: the last two are larger than the encoder takes.
const RESIZED: &str = "1x1,2x3,17x16,31x33,47x48,64x64,97x31,199x7,333x250,480x640,1000x90,1023x1025,2049x1500,4001x3001,5000x3000";

fn file(origin: Origin, weights: &'static str) -> File {
    File { template: QWEN3_VL, origin, weights }
}

fn group(file: File, profile: &'static str, attention: &'static str, taps: Taps) -> Group {
    Group {
        file,
        profile,
        attention,
        taps,
        variant: "best",
        threads: "1,2,3",
        reference_threads: 1,
        batch: 1,
        sizes: "",
        sources: "",
        preprocess_only: false,
        memory: 1,
    }
}

/// Weight type, profile and attention: the short run and the long one must have compared each of them.
pub fn triples() -> Vec<(&'static str, &'static str, &'static str)> {
    let pairs = PROFILES.into_iter().flat_map(|profile| ATTENTION.map(|attention| (profile, attention)));
    pairs.flat_map(|(profile, attention)| WEIGHTS.map(|weights| (weights, profile, attention))).collect()
}

/// Three minutes: every triple on a small file, in turn with every tap and with the taps that fusion leaves; the converter's files and
/// one of awkward sizes at each profile.
pub fn cut() -> Vec<Group> {
    let mut groups = Vec::new();
    for (i, (weights, profile, attention)) in triples().into_iter().enumerate() {
        // The row's number decides, shifted from row to row, so that weight types and attention see both.
        let turn = i + i / WEIGHTS.len() + i / (WEIGHTS.len() * ATTENTION.len());
        let taps = TAPS[turn % 2];
        let tiny = group(file(Origin::Preset("tiny"), weights), profile, attention, taps);
        groups.push(Group { threads: "1,3", sizes: "32x32,96x96,128x128,64x512", sources: "300x200", ..tiny.clone() });
        groups.push(Group { threads: "2", variant: "portable", batch: 3, sizes: "96x96", ..tiny });
        let taps = TAPS[(turn + 1) % 2];
        if CONVERTED_WEIGHTS.contains(&weights) && turn.is_multiple_of(3) {
            groups.push(Group { threads: "2", sizes: FEW_SIZES, ..group(file(CONVERTED, weights), profile, attention, taps) });
        }
        if weights == "mixed" && attention == "flash" || weights == "f16" && attention == "full" {
            let mid = group(file(Origin::Preset("mid"), weights), profile, attention, taps);
            groups.push(Group { threads: "2", sizes: "96x96,128x128", ..mid });
        }
    }
    groups
}

/// Everything that is claimed.
pub fn full() -> Vec<Group> {
    let mut groups = Vec::new();
    for (weights, profile, attention) in triples() {
        for taps in TAPS {
            let tiny = group(file(Origin::Preset("tiny"), weights), profile, attention, taps);
            groups.push(Group { sizes: SIZES, sources: SOURCES, ..tiny.clone() });
            if CONVERTED_WEIGHTS.contains(&weights) {
                groups.push(Group { sizes: SIZES, sources: SOURCES, ..group(file(CONVERTED, weights), profile, attention, taps) });
            }
            if taps == Taps::Kept {
                groups.push(Group { variant: "avx2", threads: "1", sizes: FEW_SIZES, ..tiny.clone() });
                groups.push(Group { variant: "portable", threads: "1,2", sizes: FEW_SIZES, sources: SOURCES, ..tiny.clone() });
                groups.push(Group { threads: "2,3", batch: 3, sizes: FEW_SIZES, ..tiny });
            }
        }
        let mid = group(file(Origin::Preset("mid"), weights), profile, attention, Taps::Kept);
        groups.push(Group { sizes: SIZES, sources: SOURCES, ..mid.clone() });
        groups.push(Group { variant: "portable", threads: "2", sizes: FEW_SIZES, ..mid });
    }
    for profile in PROFILES {
        for attention in ATTENTION {
            for weights in ["f16", "mixed"] {
                let tiny = group(file(Origin::Preset("tiny"), weights), profile, attention, Taps::Kept);
                groups.push(Group { threads: "1,2", sizes: LARGE, sources: LARGE_SOURCES, ..tiny });
            }
        }
        let tiny = group(file(Origin::Preset("tiny"), "f16"), profile, "flash", Taps::Kept);
        groups.push(Group { sources: RESIZED, threads: "1", preprocess_only: true, ..tiny });
    }
    groups.extend(published_sizes());
    groups
}

/// Towers of the published models: some rows, each of minutes.
fn published_sizes() -> Vec<Group> {
    let mut groups = Vec::new();
    let mut add = |preset, weights, profile, attention, sizes: &'static str, taps| {
        let base = group(file(Origin::Preset(preset), weights), profile, attention, taps);
        let memory = if sizes != LARGE {
            4
        } else if taps == Taps::All {
            14
        } else {
            9
        };
        groups.push(Group { threads: "2", reference_threads: 2, sizes, memory, ..base });
    };
    const MIDDLE: &str = "256x320";
    for weights in WEIGHTS {
        add("8b", weights, "ggml-avx512", "flash", MIDDLE, Taps::Kept);
    }
    add("8b", "f16", "ggml-avx512", "full", MIDDLE, Taps::Kept);
    add("8b", "f16", "ggml-avx512", "flash", MIDDLE, Taps::All);
    add("8b", "f16", "ggml-avx512", "flash", LARGE, Taps::Kept);
    add("8b", "bf16", "ggml-avx512bf16", "flash", MIDDLE, Taps::Kept);
    add("8b", "bf16", "ggml-avx512bf16", "full", MIDDLE, Taps::Kept);
    add("8b", "q8_0", "ggml-avx512bf16", "flash", LARGE, Taps::Kept);
    for weights in ["f16", "f32", "q8_0"] {
        add("8b", weights, "ggml-avx2", "flash", MIDDLE, Taps::Kept);
    }
    add("8b", "f16", "ggml-avx2", "full", MIDDLE, Taps::Kept);
    add("8b", "f16", "ggml-avx2", "flash", LARGE, Taps::Kept);
    // The size of the photo that `make demo` encodes.
    for profile in ["ggml-avx2", "ggml-avx512"] {
        let demo = group(file(Origin::Preset("4b"), "f16"), profile, "flash", Taps::Kept);
        groups.push(Group { sources: "600x400", threads: "2", reference_threads: 2, memory: 6, ..demo });
    }
    groups
}
