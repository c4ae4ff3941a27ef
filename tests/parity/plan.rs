//! What is compared: files, profiles, sizes, threads, variants, as tables.

use isobit::fuse::Taps;

/// Where a model file comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Synthesised at a preset of the template.
    Preset { preset: &'static str, weights: &'static str },
    /// Written by llama.cpp's own converter, kept in the repository.
    Converted { path: &'static str },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    pub name: &'static str,
    pub template: &'static str,
    pub origin: Origin,
}

/// One call of the oracle: rows that share a library and llama.cpp's results.
#[derive(Debug, Clone)]
pub struct Group {
    pub file: File,
    pub profile: &'static str,
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

const fn preset(name: &'static str, preset: &'static str, weights: &'static str) -> File {
    File { name, template: QWEN3_VL, origin: Origin::Preset { preset, weights } }
}

const fn converted(name: &'static str, path: &'static str) -> File {
    File { name, template: QWEN3_VL, origin: Origin::Converted { path } }
}

const TINY: [File; 2] = [preset("tiny f16", "tiny", "f16"), preset("tiny f32", "tiny", "f32")];
const MID: [File; 2] = [preset("mid f16", "mid", "f16"), preset("mid f32", "mid", "f32")];
const DEMO: File = preset("4b f16", "4b", "f16");
const REAL_SIZE: [File; 2] = [preset("8b f16", "8b", "f16"), preset("8b f32", "8b", "f32")];
const CONVERTED: [File; 2] = [
    converted("converted f16", "tests/data/reference/qwen3vl/mmproj-f16.gguf"),
    converted("converted f32", "tests/data/reference/qwen3vl/mmproj-f32.gguf"),
];

const TAPS: [Taps; 2] = [Taps::All, Taps::Kept];

// One token; fewer than 64 patches; exactly 64, where attention changes to tiles; more; a strip.
const SIZES: &str = "32x32,64x64,96x96,128x128,160x128,64x512,768x768";
const SMALL_SIZES: &str = "32x32,64x64,96x96,128x128,160x128";
// Enlarged (37x29), reduced to multiples of 32, narrow, more than full HD, and taken as it is.
const SOURCES: &str = "37x29,300x200,100x700,768x768,1921x1081";
const SMALL_SOURCES: &str = "37x29,300x200,100x700";
// Only resized: the last two are larger than the encoder takes.
const RESIZED: &str = "1x1,2x3,17x16,31x33,47x48,64x64,97x31,199x7,333x250,480x640,1000x90,1023x1025,2049x1500,4001x3001,5000x3000";

fn group(file: File, profile: &'static str, taps: Taps) -> Group {
    Group {
        file,
        profile,
        taps,
        variant: "best",
        threads: "1,2",
        reference_threads: 1,
        batch: 1,
        sizes: "",
        sources: "",
        preprocess_only: false,
        memory: 1,
    }
}

/// Three minutes: small files and one of awkward sizes, five image sizes, both profiles, with every tap and with the taps that fusion leaves.
pub fn cut(profiles: &[&'static str]) -> Vec<Group> {
    let mut groups = Vec::new();
    for &profile in profiles {
        for file in TINY.into_iter().chain(CONVERTED).chain([MID[0]]) {
            for taps in TAPS {
                let base = group(file, profile, taps);
                groups.push(Group { sizes: "32x32,96x96,128x128,64x512", sources: "300x200", ..base.clone() });
                groups.push(Group { variant: "portable", threads: "2", sizes: "96x96", ..base.clone() });
                groups.push(Group { threads: "2", batch: 3, sizes: "96x96", ..base });
            }
        }
    }
    groups
}

/// Everything that is claimed.
pub fn full(profiles: &[&'static str]) -> Vec<Group> {
    let mut groups = Vec::new();
    for &profile in profiles {
        for file in TINY.into_iter().chain(CONVERTED).chain(MID) {
            for taps in TAPS {
                let base = group(file, profile, taps);
                groups.push(Group { sizes: SIZES, sources: SOURCES, ..base.clone() });
                groups.push(Group { variant: "avx2", threads: "1", sizes: SIZES, sources: SMALL_SOURCES, ..base.clone() });
                groups.push(Group { variant: "portable", sizes: SMALL_SIZES, sources: SMALL_SOURCES, ..base.clone() });
                groups.push(Group { batch: 3, sizes: "32x32,96x96,128x128", ..base });
            }
        }
        groups.push(Group { sources: RESIZED, threads: "1", preprocess_only: true, ..group(TINY[0], profile, Taps::Kept) });
        // The size of the photo that `make demo` encodes.
        groups.push(Group { sources: "600x400", threads: "2", reference_threads: 2, memory: 6, ..group(DEMO, profile, Taps::Kept) });
        for file in REAL_SIZE {
            for taps in TAPS {
                let base = Group { reference_threads: 2, memory: 4, ..group(file, profile, taps) };
                groups.push(Group { sizes: "256x320", ..base.clone() });
                let alone = file == REAL_SIZE[0] && profile == "ggml-avx2" && taps == Taps::Kept;
                let memory = if taps == Taps::All { 14 } else { 9 };
                groups.push(Group { sizes: "768x768", threads: if alone { "2,1" } else { "2" }, memory, ..base });
            }
        }
    }
    groups
}
