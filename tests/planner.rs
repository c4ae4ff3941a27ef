//! The compiler and the code it emits agree: on bytes and work of every size, and on what a file must say of itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use isobit::expand::{expand, weight_list};
use isobit::files::Files;
use isobit::fuse::Taps;
use isobit::gguf::{GgufDirectory, GgufWriter, MetaValue};
use isobit::host::compiler;
use isobit::host::library::{Encoder, Library, OpenOptions};
use isobit::maps::Maps;
use isobit::pipeline::{self, Inputs};
use isobit::plan::Plan;
use isobit::sizes::Sizes;
use isobit::synth;
use isobit::template::Template;

/// An encoder as the compiler plans it and as its library does.
struct Both {
    plan: Plan,
    library: Library,
    gguf: PathBuf,
    limits: Limits,
    _dir: tempfile::TempDir,
}

#[derive(Clone, Copy)]
struct Limits {
    /// Run-time dimensions: batch, rows, columns.
    dims: [&'static str; 3],
    /// Pixels of one row or column.
    unit: u32,
    batch: u32,
    side: u32,
    grid: u32,
}

impl Both {
    fn new(template: &str, maps: &str, preset: &str, weights: &str, taps: Taps, limits: Limits) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(root.join(template)).unwrap();
        let template = Template::parse(template, &text).unwrap();
        let maps = Maps::load(Files::from_dir(&root.join(maps)).unwrap()).unwrap();
        let target = maps.target("c").unwrap();
        let profile = maps.profile_for(&target.default_profile, &template).unwrap();
        let sizes = Sizes::of_preset(&template, Some(preset), weights).unwrap();
        let inputs = Inputs { template: &template, sizes: &sizes, maps: &maps, profile: &profile, target: &target, taps };
        let plan = pipeline::compile(&inputs).unwrap();
        let sources = pipeline::emit(&inputs, &plan).unwrap();
        let (unit_name, header) = (format!("{}.c", template.encoder), format!("{}.h", template.encoder));
        let files = [(unit_name.as_str(), sources[&unit_name].as_str()), (header.as_str(), sources[&header].as_str())];
        // nothing is encoded here, so the compiler need not optimise
        let flags = ["-std=c11", "-O0", "-ffp-contract=off", "-Wall", "-Wextra", "-Wpedantic", "-Werror"].map(str::to_string);
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("planner");
        let compiled = compiler::compile(&files, &unit_name, &flags, Some(&cache)).unwrap_or_else(|e| panic!("{}", e.plain()));
        let dir = tempfile::tempdir().unwrap();
        let gguf = dir.path().join("weights.gguf");
        let list = weight_list(&expand(&template, &sizes, &maps, &template.first_choices()).unwrap());
        synth::write(&template, &sizes, &list, 1, &gguf, |_| ()).unwrap();
        let library = Library::load(&compiled.library, &template.encoder).unwrap();
        Self { plan, library, gguf, limits, _dir: dir }
    }

    fn open(&self, threads: u32) -> Encoder {
        let options = OpenOptions { threads, variant: None };
        self.library.open(&self.gguf, &options).unwrap_or_else(|e| panic!("{}", e.plain()))
    }

    /// Compares every size with every thread count; returns how many.
    fn compare(&self, sizes: &[(u32, u32, u32)]) -> usize {
        for threads in [1, 2, 3, 8, 61] {
            let encoder = self.open(threads);
            for &(batch, rows, cols) in sizes {
                let dims: BTreeMap<String, u64> =
                    self.limits.dims.iter().zip([batch, rows, cols]).map(|(name, v)| (name.to_string(), u64::from(v))).collect();
                let what = format!("batch {batch}, {rows} x {cols}, {threads} threads");
                let placed = self.plan.place(&dims).unwrap();
                let info = encoder
                    .plan_pixels(cols * self.limits.unit, rows * self.limits.unit, batch)
                    .unwrap_or_else(|e| panic!("{what}: {}", e.plain()));
                assert_eq!(
                    info.work.arena_bytes,
                    placed.values_bytes + u64::from(threads) * placed.worker_scratch,
                    "{what}: bytes of the arena"
                );
                assert_eq!(Some(info.work.flops), self.plan.flops(&dims), "{what}: work");
                assert_eq!((info.grid_rows, info.grid_cols, info.work.batch, info.work.threads), (rows, cols, batch, threads), "{what}");
                assert_eq!(info.work.output_floats, info.work.tokens * info.work.embedding * u64::from(batch), "{what}");
                self.check_offsets(&dims, &what);
            }
        }
        sizes.len() * 5
    }

    /// What first fit promises: aligned, values that live at one time apart, none lower where it would fit.
    fn check_offsets(&self, dims: &BTreeMap<String, u64>, what: &str) {
        let p = self.plan.place(dims).unwrap();
        let together = |a: usize, b: usize| {
            let (a, b) = (&self.plan.values[a], &self.plan.values[b]);
            a.first <= b.last && b.first <= a.last
        };
        let apart = |at: u64, v: usize, w: usize| at + p.sizes[v] <= p.offsets[w] || p.offsets[w] + p.sizes[w] <= at;
        for v in 0..p.offsets.len() {
            assert_eq!(p.offsets[v] % 64, 0, "{what}");
            let neighbours: Vec<usize> = (0..v).filter(|w| together(v, *w)).collect();
            assert!(neighbours.iter().all(|w| apart(p.offsets[v], v, *w)), "{what}: {} overlaps", self.plan.values[v].name);
            // the lowest places are 0 and the ends of neighbours
            let ends = neighbours.iter().map(|w| (p.offsets[*w] + p.sizes[*w]).next_multiple_of(64)).chain([0]);
            let lower = ends.filter(|at| *at < p.offsets[v]).find(|at| neighbours.iter().all(|w| apart(*at, v, *w)));
            assert_eq!(lower, None, "{what}: {} is higher than it must be", self.plan.values[v].name);
        }
    }

    /// Every small grid, every extreme, and some in between.
    fn sizes(&self) -> Vec<(u32, u32, u32)> {
        let Limits { batch, side, grid, .. } = self.limits;
        let mut sizes = Vec::new();
        for rows in 1..=6 {
            for cols in 1..=6 {
                sizes.push((1, rows, cols));
            }
        }
        let long = side.min(grid);
        for (rows, cols) in [(1, long), (long, 1), (side, grid / side.min(grid)), (grid / side.min(grid), side), (2, long / 2)] {
            for b in [1, 2, batch] {
                sizes.push((b, rows.clamp(1, side), cols.clamp(1, side)));
            }
        }
        let mut seed = 7u64;
        let mut random = |below: u32| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((seed >> 33) % u64::from(below)) as u32 + 1
        };
        while sizes.len() < 220 {
            let (b, rows, cols) = (random(batch), random(side), random(side));
            if rows * cols <= grid {
                sizes.push((b, rows, cols));
            }
        }
        sizes
    }

    fn refuses_what_is_outside(&self) {
        let Limits { batch, side, grid, unit: u, .. } = self.limits;
        let all = u32::MAX;
        let refuse = |code: &str, batch: u32, width: u32, height: u32| {
            let what = format!("{batch} of {width} x {height}");
            let e = self.open(1).plan_pixels(width, height, batch).expect_err(&what);
            assert_eq!(e.code(), code, "{what}: {}", e.plain());
        };
        refuse("encoder-argument", 0, u, u);
        refuse("encoder-limit", batch + 1, u, u);
        for (width, height) in [(0, u), (u, 0), (u + 1, u), (u, u - 1), (all, u), (u, all), (all, all)] {
            refuse("encoder-image", 1, width, height);
        }
        for (width, height) in [((side + 1) * u, u), (u, (side + 1) * u), (side * u, (grid / side + 1) * u), (all / u * u, all / u * u)] {
            refuse("encoder-limit", 1, width, height);
        }
    }
}

const REAL: Limits = Limits { dims: ["b", "mh", "mw"], unit: 32, batch: 64, side: 1024, grid: 16384 };
const TOY: Limits = Limits { dims: ["b", "gh", "gw"], unit: 2, batch: 4, side: 16, grid: 64 };

fn real(taps: Taps) -> Both {
    Both::new("templates/qwen3_vl_vision.json", "kernel_maps", "tiny", "f16", taps, REAL)
}

#[test]
fn compiler_and_library_plan_the_same_bytes() {
    let both = real(Taps::Kept);
    assert!(both.compare(&both.sizes()) >= 1000);
    both.refuses_what_is_outside();
}

#[test]
fn toys_plan_the_same_bytes() {
    for weights in ["f32", "f16"] {
        let both = Both::new("tests/golden/template.json", "tests/golden/maps", "small", weights, Taps::All, TOY);
        assert!(both.compare(&both.sizes()) >= 1000);
        both.refuses_what_is_outside();
    }
}

#[test]
fn a_plan_for_an_image_holds_the_graph_and_the_preprocessing() {
    let both = real(Taps::Kept);
    let encoder = both.open(2);
    for (width, height) in [(1, 1), (32, 32), (31, 33), (640, 480), (1, 2000), (2000, 1), (4000, 3000), (65535, 300)] {
        let rgb = encoder.plan(width, height, 1).unwrap_or_else(|e| panic!("{width} x {height}: {}", e.plain()));
        let pixels = encoder.plan_pixels(rgb.width, rgb.height, 1).unwrap();
        let resized = u64::from(rgb.width) * u64::from(rgb.height) * 3;
        assert!(rgb.work.arena_bytes >= pixels.work.arena_bytes.max(resized * 5), "{width} x {height}: floats and bytes of the pixels fit");
        assert_eq!(
            (rgb.work.flops, rgb.work.tokens, rgb.work.output_floats),
            (pixels.work.flops, pixels.work.tokens, pixels.work.output_floats)
        );
    }
}

/// A copy of a file's directory over zeros, with one key changed or left out.
fn with_key(from: &Path, to: &Path, key: &str, value: Option<MetaValue>) {
    let file = GgufDirectory::read(from).unwrap();
    assert!(file.metadata.contains_key(key));
    let mut writer = GgufWriter::new();
    for (k, v) in &file.metadata {
        let value = if k == key { value.clone() } else { Some(v.clone()) };
        if let Some(value) = value {
            writer.meta(k, value);
        }
    }
    for t in file.tensors.values() {
        writer.tensor(&t.name, t.dtype, t.ne.clone());
    }
    writer.write(to, |info, sink| sink.bytes(&vec![0; info.bytes as usize]), |_, _| ()).unwrap();
}

#[test]
fn a_key_that_may_be_left_out_is_checked_where_it_is() {
    let both = Both::new("tests/golden/template.json", "tests/golden/maps", "small", "f32", Taps::Kept, TOY);
    let path = both.gguf.with_file_name("other.gguf");
    let open = |key: &str, value: Option<u32>| {
        with_key(&both.gguf, &path, key, value.map(MetaValue::U32));
        both.library.open(&path, &OpenOptions { threads: 1, variant: None }).err().map(|e| e.code())
    };
    assert_eq!(open("toy.patch", Some(2)), None);
    assert_eq!(open("toy.patch", None), None);
    assert_eq!(open("toy.patch", Some(3)), Some("encoder-mismatch"));
    assert_eq!(open("toy.heads", Some(2)), None);
    assert_eq!(open("toy.heads", None), Some("encoder-mismatch"));
    assert_eq!(open("toy.heads", Some(4)), Some("encoder-mismatch"));
}
