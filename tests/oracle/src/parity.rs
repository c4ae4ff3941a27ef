//! `parity`: encodes with llama.cpp and with an emitted library in one process and compares every tap and the output by bits.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use comfy_table::{Cell, CellAlignment, Color, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::capture::{self, Capture, Keep};
use crate::compare::{Difference, Key, Occurrences, compare, matches, tap_name};
use crate::library::{Arena, Library, Plan, Source, Tap, TapSink, TapTarget};
use crate::llama::{Attention, Encoder, Input, Modality};
use crate::tapset::{Entry, Writer};
use crate::tensor::{DType, Strided, elements, float_bytes};
use crate::{Result, image, reference, sound};

pub struct Settings {
    pub model: PathBuf,
    pub library: PathBuf,
    pub prefix: String,
    /// In the order in which they run.
    pub jobs: Vec<Job>,
    pub threads: Vec<u32>,
    pub reference_threads: u32,
    pub variant: Option<String>,
    pub batch: u32,
    pub seed: u64,
    pub attention: Attention,
    pub ignore: Vec<String>,
    pub output_only: bool,
    pub preprocess_only: bool,
    pub keep_going: bool,
    pub any_profile: bool,
    pub json: Option<PathBuf>,
    pub dump: Option<PathBuf>,
}

/// What one or more rows (one per thread count) encode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// An 8-bit image of any size, that both sides preprocess themselves.
    Rgb(u32, u32),
    /// The same, cut into views: several rows.
    Views(u32, u32),
    /// One of these views.
    View { width: u32, height: u32, view: u32 },
    /// Normalised pixels.
    Pixels(u32, u32),
    /// Samples of a sound that both sides make spectrograms of.
    Pcm(u64),
    /// Frames of a spectrogram.
    Mel(u32),
}

impl Job {
    fn modality(self) -> Modality {
        if matches!(self, Job::Pcm(_) | Job::Mel(_)) { Modality::Audio } else { Modality::Image }
    }

    /// What the library preprocesses, as people say it.
    fn source(self) -> Option<String> {
        match self {
            Job::Rgb(width, height) | Job::Views(width, height) => Some(size_text((width, height))),
            Job::View { width, height, view } => Some(format!("{} view {view}", size_text((width, height)))),
            Job::Pcm(samples) => Some(samples.to_string()),
            _ => None,
        }
    }

    fn text(self) -> String {
        match self {
            Job::Rgb(width, height) | Job::Views(width, height) | Job::Pixels(width, height) => size_text((width, height)),
            Job::View { .. } => self.source().unwrap_or_default(),
            Job::Pcm(samples) => format!("{samples} samples"),
            Job::Mel(frames) => format!("{frames} frames"),
        }
    }
}

impl Settings {
    fn wants_taps(&self) -> bool {
        !self.output_only && !self.preprocess_only
    }
}

/// Inputs of one row and what llama.cpp made of them.
struct Reference {
    job: Job,
    /// None if both sides get the inputs.
    source: Option<Source>,
    inputs: Vec<Input>,
    /// Empty if only the preprocessing is compared.
    captures: Vec<Capture>,
    /// Tokens of one input, and floats per token.
    output_shape: [u64; 2],
    /// Time of the encodes, or of the preprocessing if that is all.
    seconds: f64,
}

/// One compared array.
struct Compared {
    name: String,
    op: String,
    kernel: String,
    dtype: DType,
    shape: Vec<u64>,
    difference: Difference,
    /// Values at the first difference: llama.cpp's, the library's.
    values: Option<(String, String)>,
}

struct Row {
    job: Job,
    size: (u32, u32),
    batch: usize,
    threads: u32,
    variant: String,
    compared: Vec<Compared>,
    /// What could not be compared, and why.
    problems: Vec<String>,
    reference_seconds: f64,
    library_seconds: f64,
    arena_bytes: u64,
}

impl Row {
    fn differing(&self) -> impl Iterator<Item = &Compared> {
        self.compared.iter().filter(|c| c.difference.differing > 0)
    }

    fn is_equal(&self) -> bool {
        self.problems.is_empty() && self.differing().next().is_none()
    }

    fn sum(&self, field: impl Fn(&Difference) -> u64) -> u64 {
        self.compared.iter().map(|c| field(&c.difference)).sum()
    }
}

/// Runs all rows; true if everything was compared and equal.
pub fn run(settings: &Settings) -> Result<bool> {
    reference::check_cpu()?;
    let library = Library::load(&settings.library, &settings.prefix)?;
    check_profile(settings, &library)?;
    let modality = library.modality();
    if settings.jobs.iter().any(|job| job.modality() != modality) {
        return Err(match modality {
            Modality::Image => "this library encodes images: ask for --sizes and --source-sizes".to_string(),
            Modality::Audio => "this library encodes sound: ask for --frames and --samples".to_string(),
        });
    }
    let mut encoder = Encoder::open(&settings.model, modality, settings.attention)?;
    let keep = match settings.wants_taps() {
        false => Keep::Nothing,
        true => probe(settings, &library).map_or(Keep::Named, Keep::Listed),
    };

    let facts = reference::run_facts(settings.attention, &settings.reference_threads.to_string());
    print!("{}", reference::text(&facts));
    println!("library: {}, profile {}", settings.library.display(), library.profile().unwrap_or("not stated"));
    println!("library taps: {}\n", if library.lacks_taps() { "those that fusion leaves" } else { "one per named node" });

    let bar = ProgressBar::new((settings.jobs.len() * (1 + settings.threads.len())) as u64);
    let style = ProgressStyle::with_template("{spinner} {pos}/{len} {msg} {elapsed}").map_err(|e| e.to_string())?;
    bar.set_style(style);
    bar.enable_steady_tick(std::time::Duration::from_millis(200));

    let mut rows = Vec::new();
    'rows: for &job in &settings.jobs {
        bar.set_message(format!("{} llama.cpp", job.text()));
        let prepared = match job {
            Job::Views(width, height) => prepare_views(settings, &library, &mut encoder, &keep, width, height)?,
            _ => vec![prepare(settings, &mut encoder, &keep, job)?],
        };
        bar.inc(1);
        for (expected, &threads) in prepared.iter().flat_map(|expected| settings.threads.iter().map(move |threads| (expected, threads))) {
            bar.set_message(format!("{} library, {threads} threads", job.text()));
            let row = compare_row(settings, &library, expected, threads);
            bar.inc(1);
            let equal = row.is_equal();
            let encoded = row.compared.iter().any(|c| c.name == "output");
            if let (false, true, Some(dir)) = (equal, encoded, &settings.dump) {
                dump(settings, &library, expected, threads, &dir.join(row_name(&row)))?;
            }
            rows.push(row);
            if !equal && !settings.keep_going {
                break 'rows;
            }
        }
    }
    bar.finish_and_clear();

    println!("{}", table(settings, &library, &rows));
    for row in rows.iter().filter(|row| !row.is_equal()) {
        print!("\n{}", explain(row));
    }
    let equal = rows.iter().all(Row::is_equal);
    println!("\n{}", verdict(&rows));
    if let Some(path) = &settings.json {
        let text = serde_json::to_string_pretty(&to_json(settings, &library, &facts, &rows)).map_err(|e| e.to_string())?;
        std::fs::write(path, text + "\n").map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(equal)
}

fn check_profile(settings: &Settings, library: &Library) -> Result<()> {
    let ours = reference::isa_profile();
    let attention = library.attention().filter(|theirs| *theirs != settings.attention.name());
    if let (Some(theirs), false) = (attention, settings.any_profile) {
        let ours = settings.attention.name();
        return Err(format!(
            "the library computes {theirs} attention, llama.cpp is asked for {ours}: use --attention {theirs}, or --any-profile"
        ));
    }
    match library.profile() {
        Some(theirs) if theirs != ours && !settings.any_profile => Err(format!(
            "the library was built for profile {theirs}, this oracle is {ours}: their bits differ by design. \
             Use the oracle of that profile, or --any-profile to see the differences"
        )),
        _ => Ok(()),
    }
}

/// The taps that the library will ask about, learnt from one small encode; only worth it before large ones, whose nodes fill gigabytes.
fn probe(settings: &Settings, library: &Library) -> Option<HashSet<Key>> {
    #[derive(Default)]
    struct Names {
        keys: HashSet<Key>,
        count: Occurrences,
    }
    impl TapSink for Names {
        fn tap(&mut self, tap: Result<Tap<'_>>) {
            if let Ok(tap) = tap {
                self.keys.insert(self.count.key(tap.name));
            }
        }
    }
    /// Some multiple of every patch and merge; frames that encoders of sound take.
    const SIDES: [u32; 7] = [56, 64, 72, 84, 96, 112, 144];
    const FRAMES: [u32; 5] = [64, 100, 128, 200, 400];
    let large = |job: &Job| match *job {
        Job::Rgb(width, height) | Job::Pixels(width, height) => u64::from(width) * u64::from(height) > 256 * 256,
        Job::Views(..) | Job::View { .. } => true,
        Job::Mel(frames) => frames > 1000,
        Job::Pcm(_) => true, // many are filled up to half a minute
    };
    if !settings.jobs.iter().any(large) {
        return None;
    }
    // An encoder of one size only is asked at that size.
    let own = settings.jobs.iter().filter_map(|job| match *job {
        Job::Pixels(width, height) => Some((width, height)),
        _ => None,
    });
    let sizes: Vec<(u32, u32)> = match library.modality() {
        Modality::Image => SIDES.map(|side| (side, side)).into_iter().chain(own).collect(),
        Modality::Audio => FRAMES.map(|frames| (frames, 0)).to_vec(),
    };
    let mut names = Names::default();
    {
        let mut target = TapTarget(&mut names);
        let threads = settings.reference_threads;
        let mut handle = library.open(&settings.model, threads, settings.variant.as_deref(), Some(&mut target)).ok()?;
        let plan = sizes.iter().find_map(|&(width, height)| handle.plan_input(width, height, 1).ok())?;
        let mut input = Input { modality: library.modality(), width: plan.width, height: plan.height, values: Vec::new(), whole: true };
        input.values = vec![0.0; elements(&input.shape()) as usize];
        let mut out = vec![0f32; usize::try_from(plan.work.output_floats).ok()?];
        handle.encode(&[input], Some(&mut Arena::new(plan.work.arena_bytes).ok()?), &mut out).ok()?;
    }
    Some(names.keys)
}

/// Makes the inputs of a row and encodes them with llama.cpp. A sound's pieces are a batch; of an image that is cut into several views
/// the whole is compared.
fn prepare(settings: &Settings, encoder: &mut Encoder, keep: &Keep, job: Job) -> Result<Reference> {
    let mut expected = Reference { job, source: None, inputs: Vec::new(), captures: Vec::new(), output_shape: [0, 0], seconds: 0.0 };
    let seeds = (0..settings.batch).map(|i| settings.seed + u64::from(i));
    let start = Instant::now();
    match job {
        Job::Rgb(width, height) => {
            let mut bytes = Vec::new();
            for seed in seeds {
                let rgb = image::synthetic(width, height, seed).bytes;
                expected.inputs.extend(encoder.preprocess_rgb(&rgb, width, height)?.into_iter().filter(|input| input.whole));
                bytes.extend(rgb);
            }
            expected.source = Some(Source::Rgb { width, height, batch: settings.batch, bytes });
        }
        Job::Views(..) | Job::View { .. } => return Err("views are prepared together".to_string()),
        Job::Pixels(width, height) => {
            for seed in seeds {
                expected.inputs.push(encoder.normalize(&image::synthetic(width, height, seed).bytes, width, height)?);
            }
        }
        Job::Pcm(samples) => {
            let pcm = sound::synthetic_pcm(samples, settings.seed);
            expected.inputs = encoder.preprocess_pcm(&pcm)?;
            expected.source = Some(Source::Pcm(pcm));
        }
        Job::Mel(frames) => expected.inputs = seeds.map(|seed| sound::synthetic_mel(encoder.mel_bins(), frames, seed)).collect(),
    }
    if settings.preprocess_only {
        expected.seconds = start.elapsed().as_secs_f64();
    }
    encode_inputs(settings, encoder, keep, &mut expected)?;
    Ok(expected)
}

fn encode_inputs(settings: &Settings, encoder: &mut Encoder, keep: &Keep, expected: &mut Reference) -> Result<()> {
    for input in &expected.inputs {
        let (tokens, floats) = encoder.output_size(input.width, input.height)?;
        expected.output_shape = [tokens, floats / tokens.max(1)];
        if !settings.preprocess_only {
            let capture = capture::run(encoder, settings.reference_threads, input, keep)?;
            expected.seconds += capture.seconds;
            expected.captures.push(capture);
        }
    }
    Ok(())
}

/// Every view that llama.cpp cuts an image into; the library must cut as many.
fn prepare_views(
    settings: &Settings,
    library: &Library,
    encoder: &mut Encoder,
    keep: &Keep,
    width: u32,
    height: u32,
) -> Result<Vec<Reference>> {
    let bytes = image::synthetic(width, height, settings.seed).bytes;
    let views = encoder.preprocess_rgb(&bytes, width, height)?;
    let count = library.views(width, height)?;
    if count as usize != views.len() {
        return Err(format!("the library cuts an image of {width}x{height} into {count} views, llama.cpp into {}", views.len()));
    }
    let reference = |(view, input): (u32, Input)| {
        let source = Some(Source::View { width, height, view, bytes: bytes.clone() });
        let job = Job::View { width, height, view };
        let mut expected = Reference { job, source, inputs: vec![input], captures: Vec::new(), output_shape: [0, 0], seconds: 0.0 };
        encode_inputs(settings, encoder, keep, &mut expected)?;
        Ok(expected)
    };
    (0..).zip(views).map(reference).collect()
}

/// Encodes with the library and compares on the fly. Its errors belong to the row: other rows may still be compared.
fn compare_row(settings: &Settings, library: &Library, expected: &Reference, threads: u32) -> Row {
    let mut sink =
        Comparer { expected, results: Vec::new(), problems: Vec::new(), seen: HashSet::new(), count: Occurrences::default(), seconds: 0.0 };
    let mut row = Row {
        job: expected.job,
        size: (expected.inputs[0].width, expected.inputs[0].height),
        batch: expected.inputs.len(),
        threads,
        variant: settings.variant.clone().unwrap_or_default(),
        compared: Vec::new(),
        problems: Vec::new(),
        reference_seconds: expected.seconds,
        library_seconds: 0.0,
        arena_bytes: 0,
    };
    match encode_row(settings, library, expected, threads, &mut sink, &mut row) {
        Ok(Some(encoded)) => compare_ends(settings, library, expected, &mut sink, &encoded),
        Ok(None) => {}
        Err(problem) => row.problems.push(problem),
    }
    row.library_seconds -= sink.seconds;
    row.compared = sink.results;
    row.problems.append(&mut sink.problems);
    row
}

/// What the library wrote; `inputs` is empty if it was given them, `out` if it was only to preprocess.
struct Encoded {
    inputs: Vec<f32>,
    out: Vec<f32>,
}

/// Whatever the library does not write keeps this NaN.
const UNWRITTEN: f32 = f32::from_bits(0x7fc0_dead);

fn encode_row(
    settings: &Settings,
    library: &Library,
    expected: &Reference,
    threads: u32,
    sink: &mut Comparer<'_>,
    row: &mut Row,
) -> Result<Option<Encoded>> {
    let mut target = TapTarget(sink);
    let taps = settings.wants_taps().then_some(&mut target);
    let mut handle = library.open(&settings.model, threads, settings.variant.as_deref(), taps)?;
    row.variant = handle.variant();
    let plan = plan_row(&handle, expected)?;
    row.arena_bytes = plan.work.arena_bytes;
    if let Some(problem) = check_plan(settings, &plan, expected) {
        row.problems.push(problem);
        return Ok(None);
    }
    let mut encoded = Encoded { inputs: Vec::new(), out: Vec::new() };
    let mut arena = Arena::new(plan.work.arena_bytes)?;
    if let Some(source) = &expected.source {
        encoded.inputs = vec![UNWRITTEN; expected.inputs.iter().map(|input| input.values.len()).sum()];
        let start = Instant::now();
        handle.preprocess(source, &mut arena, &mut encoded.inputs)?;
        row.library_seconds = start.elapsed().as_secs_f64();
    }
    if !settings.preprocess_only {
        encoded.out = vec![UNWRITTEN; plan.work.output_floats as usize];
        arena.check(row);
        arena = Arena::new(plan.work.arena_bytes)?;
        let start = Instant::now();
        match &expected.source {
            Some(source) => handle.encode_source(source, &mut arena, &mut encoded.out)?,
            None => handle.encode(&expected.inputs, Some(&mut arena), &mut encoded.out)?,
        }
        row.library_seconds = start.elapsed().as_secs_f64();
    }
    arena.check(row);
    Ok(Some(encoded))
}

impl Arena {
    fn check(&self, row: &mut Row) {
        if !self.guard_intact() {
            row.problems.push("the library wrote behind its planned arena".to_string());
        }
    }
}

/// Compares what needs no tap: the input before the first step, and the output after the last.
fn compare_ends(settings: &Settings, library: &Library, expected: &Reference, sink: &mut Comparer<'_>, encoded: &Encoded) {
    let images = expected.inputs.len() as u64;
    if expected.source.is_some() {
        let first = &expected.inputs[0];
        let shape = [vec![images], first.shape()].concat();
        let pieces = expected.inputs.iter().map(|input| float_bytes(&input.values)).collect::<Vec<_>>();
        sink.compare(first.name(), "preprocess", "", DType::F32, shape, &pieces, float_bytes(&encoded.inputs));
        sink.results.rotate_right(1); // what was computed first is reported first
    }
    if settings.preprocess_only {
        return;
    }
    let [tokens, embedding] = expected.output_shape;
    let pieces = expected.captures.iter().map(|c| float_bytes(&c.output)).collect::<Vec<_>>();
    sink.compare("output", "output", "", DType::F32, vec![tokens * images, embedding], &pieces, float_bytes(&encoded.out));
    // A library without all taps says so itself; the taps that it has and the output are compared as ever.
    if settings.wants_taps() && !library.lacks_taps() {
        sink.note_uncovered(&settings.ignore);
    }
}

fn plan_row(handle: &crate::library::Handle<'_>, expected: &Reference) -> Result<Plan> {
    let first = &expected.inputs[0];
    match &expected.source {
        Some(source) => handle.plan_source(source),
        None => handle.plan_input(first.width, first.height, expected.inputs.len() as u32),
    }
}

/// The plan must promise what llama.cpp delivers, or nothing else can be compared.
fn check_plan(settings: &Settings, plan: &Plan, expected: &Reference) -> Option<String> {
    let input = &expected.inputs[0];
    let [tokens, embedding] = expected.output_shape;
    let batch = expected.inputs.len();
    let floats = tokens * embedding * batch as u64;
    if (plan.width, plan.height, plan.work.batch as usize) != (input.width, input.height, batch) {
        let (ours, theirs) = (size_text((plan.width, plan.height)), size_text((input.width, input.height)));
        Some(format!("the library plans {} {} of {ours}, llama.cpp takes {batch} of {theirs}", plan.work.batch, input.name()))
    } else if !settings.preprocess_only && (plan.work.tokens, plan.work.embedding, plan.work.output_floats) != (tokens, embedding, floats) {
        Some(format!(
            "the library plans {} tokens of {} floats ({} in all), llama.cpp writes {tokens} of {embedding} ({floats} in all)",
            plan.work.tokens, plan.work.embedding, plan.work.output_floats
        ))
    } else {
        None
    }
}

/// Compares each tap as it is shown.
struct Comparer<'a> {
    expected: &'a Reference,
    results: Vec<Compared>,
    problems: Vec<String>,
    seen: HashSet<Key>,
    count: Occurrences,
    /// Time spent here instead of in the library.
    seconds: f64,
}

impl TapSink for Comparer<'_> {
    fn tap(&mut self, tap: Result<Tap<'_>>) {
        let start = Instant::now();
        if let Err(problem) = tap.and_then(|tap| self.take(&tap)) {
            self.problems.push(problem);
        }
        self.seconds += start.elapsed().as_secs_f64();
    }
}

impl Comparer<'_> {
    fn take(&mut self, tap: &Tap<'_>) -> Result<()> {
        let key = self.count.key(tap.name);
        if !self.seen.insert(key.clone()) {
            return Err(format!("tap `{}` is shown twice", tap.name));
        }
        let expected = self.expected;
        let mut pieces = Vec::new();
        let mut node_shape = Vec::new();
        for (i, capture) in expected.captures.iter().enumerate() {
            let found = capture.index.get(&key).map(|&at| &capture.taps[at]);
            let (bytes, dtype, shape) = match found {
                Some(node) => (node.bytes.as_deref(), node.dtype, node.shape.clone()),
                None if key == (expected.inputs[i].name().to_string(), 1) => {
                    let input = &expected.inputs[i];
                    (Some(float_bytes(&input.values)), Some(DType::F32), input.shape())
                }
                None if key == ("output".to_string(), 1) => {
                    (Some(float_bytes(&capture.output)), Some(DType::F32), capture.output_shape.to_vec())
                }
                None => return Err(format!("tap `{}` (op {}) has no node in llama.cpp's graph", tap.name, tap.op)),
            };
            let Some(bytes) = bytes else {
                return Err(format!("tap `{}` is shown now, but was not in a smaller encode", tap.name));
            };
            if dtype != Some(tap.data.dtype) {
                let theirs = dtype.map_or("another type", DType::name);
                return Err(format!("tap `{}` is {}, llama.cpp's node is {theirs}", tap.name, tap.data.dtype.name()));
            }
            if elements(&shape) * expected.captures.len() as u64 != elements(tap.data.shape) {
                let images = expected.captures.len();
                return Err(format!(
                    "tap `{}` has shape {:?} for {images} images, llama.cpp's node {shape:?} for one",
                    tap.name, tap.data.shape
                ));
            }
            pieces.push(bytes);
            node_shape = shape;
        }
        let planes = planes(&tap.data, &node_shape);
        let data = planes.as_ref().map_or(tap.data, |(shape, stride)| Strided { shape, stride, ..tap.data });
        let bytes = data.gather().map_err(|e| format!("tap `{}`: {e}", tap.name))?;
        self.compare(&tap_name(&key), tap.op, tap.kernel, data.dtype, data.shape.to_vec(), &pieces, &bytes);
        Ok(())
    }

    /// Compares one array of the library with the pieces, one per image, that llama.cpp made.
    #[allow(clippy::too_many_arguments)]
    fn compare(&mut self, name: &str, op: &str, kernel: &str, dtype: DType, shape: Vec<u64>, pieces: &[&[u8]], bytes: &[u8]) {
        let columns = shape.last().copied().unwrap_or(1);
        let mut total = Difference::default();
        let mut values = None;
        let mut at = 0;
        for piece in pieces {
            let other = &bytes[at..at + piece.len()];
            let found = compare(dtype, columns, piece, other);
            if let (None, Some(first)) = (total.first, found.first) {
                let offset = first as usize * dtype.bytes();
                values = Some((show(dtype, &piece[offset..]), show(dtype, &other[offset..])));
                total.first = Some((at / dtype.bytes()) as u64 + first);
            }
            total.elements += found.elements;
            total.differing += found.differing;
            total.nan += found.nan;
            total.rows += found.rows;
            total.columns = total.columns.max(found.columns);
            total.max_abs = total.max_abs.max(found.max_abs);
            total.max_ulp = total.max_ulp.max(found.max_ulp);
            at += piece.len();
        }
        let (name, op, kernel) = (name.to_string(), op.to_string(), kernel.to_string());
        self.results.push(Compared { name, op, kernel, dtype, shape, difference: total, values });
    }

    /// Every node that llama.cpp's authors named must have been shown, or be ignored on request.
    fn note_uncovered(&mut self, ignore: &[String]) {
        let nodes = &self.expected.captures[0].taps;
        let open: Vec<String> = nodes
            .iter()
            .filter(|node| !self.seen.contains(&node.key))
            .map(|node| tap_name(&node.key))
            .filter(|name| !ignore.iter().any(|pattern| matches(pattern, name)))
            .collect();
        if !open.is_empty() {
            self.problems.push(format!("{} named nodes of llama.cpp are not tapped: {}", open.len(), open.join(" ")));
        }
    }
}

/// Images whose channels lie beside each other, as llama.cpp's node has them: one plane per channel.
fn planes(data: &Strided<'_>, node: &[u64]) -> Option<(Vec<u64>, Vec<i64>)> {
    let (&[b, h, w, c], &[sb, sh, sw, sc]) = (data.shape, data.stride) else { return None };
    let channels_first = [c, h, w];
    (node.ends_with(&channels_first) && channels_first != [h, w, c]).then(|| (vec![b, c, h, w], vec![sb, sc, sh, sw]))
}

/// A value with its bits.
fn show(dtype: DType, bytes: &[u8]) -> String {
    match dtype {
        DType::F32 => {
            let bits = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            format!("{:e} (0x{bits:08x})", f32::from_bits(bits))
        }
        DType::F16 => format!("0x{:04x}", u16::from_le_bytes([bytes[0], bytes[1]])),
        DType::I32 => i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]).to_string(),
    }
}

/// Writes both sides of a row as tap sets: `library`, and `llama.cpp` (numbered if there are several images).
fn dump(settings: &Settings, library: &Library, expected: &Reference, threads: u32, dir: &Path) -> Result<()> {
    struct Dumper {
        writer: Writer,
        count: Occurrences,
        problem: Option<String>,
    }
    impl TapSink for Dumper {
        fn tap(&mut self, tap: Result<Tap<'_>>) {
            let added = tap.and_then(|tap| {
                let (name, occurrence) = self.count.key(tap.name);
                let (op, kernel, dtype, shape) = (tap.op, tap.kernel, tap.data.dtype, tap.data.shape);
                let bytes = tap.data.gather()?;
                self.writer.add(&Entry { name: &name, occurrence, op, kernel, dtype, shape }, &bytes)
            });
            if let Err(problem) = added {
                self.problem.get_or_insert(problem);
            }
        }
    }

    let [tokens, embedding] = expected.output_shape;
    for (i, capture) in expected.captures.iter().enumerate() {
        let name = if i == 0 { "llama.cpp".to_string() } else { format!("llama.cpp-{}", i + 1) };
        let source = reference::run_facts(settings.attention, &settings.reference_threads.to_string());
        let source = source.iter().map(|(key, value)| format!("{key}: {value}")).collect::<Vec<_>>().join("; ");
        let mut writer = Writer::create(&dir.join(name), source)?;
        for tap in &capture.taps {
            if let (Some(bytes), Some(dtype)) = (&tap.bytes, tap.dtype) {
                let (name, occurrence) = (tap.key.0.as_str(), tap.key.1);
                writer.add(&Entry { name, occurrence, op: &tap.op, kernel: "", dtype, shape: &tap.shape }, bytes)?;
            }
        }
        let output = Entry { name: "output", occurrence: 1, op: "OUTPUT", kernel: "", dtype: DType::F32, shape: &[tokens, embedding] };
        writer.add(&output, float_bytes(&capture.output))?;
        writer.finish()?;
    }

    let writer = Writer::create(&dir.join("library"), settings.library.display().to_string())?;
    let mut dumper = Dumper { writer, count: Occurrences::default(), problem: None };
    let mut out = Vec::new();
    {
        let mut target = TapTarget(&mut dumper);
        let mut handle = library.open(&settings.model, threads, settings.variant.as_deref(), Some(&mut target))?;
        let plan = plan_row(&handle, expected)?;
        if check_plan(settings, &plan, expected).is_none() {
            out = vec![0f32; plan.work.output_floats as usize];
            let mut arena = Arena::new(plan.work.arena_bytes)?;
            match &expected.source {
                Some(source) => handle.encode_source(source, &mut arena, &mut out)?,
                None => handle.encode(&expected.inputs, Some(&mut arena), &mut out)?,
            }
        }
    }
    if let Some(problem) = dumper.problem {
        return Err(problem);
    }
    if !out.is_empty() {
        let shape = [out.len() as u64 / embedding, embedding];
        let output = Entry { name: "output", occurrence: 1, op: "output", kernel: "", dtype: DType::F32, shape: &shape };
        dumper.writer.add(&output, float_bytes(&out))?;
    }
    dumper.writer.finish()?;
    Ok(())
}

fn size_text((width, height): (u32, u32)) -> String {
    format!("{width}x{height}")
}

/// Folder name of a row's dump.
fn row_name(row: &Row) -> String {
    let source = row.job.source().map_or(String::new(), |source| format!("from-{}-", source.replace(' ', "-")));
    format!("{source}{}-t{}-{}", size_text(row.size), row.threads, row.variant)
}

fn model_name(settings: &Settings) -> String {
    settings.model.file_name().map_or_else(|| settings.model.display().to_string(), |name| name.to_string_lossy().into_owned())
}

fn table(settings: &Settings, library: &Library, rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header([
        "file",
        "profile",
        "source",
        "input",
        "batch",
        "threads",
        "variant",
        "taps",
        "elements",
        "differing",
        "max abs",
        "llama.cpp s",
        "library s",
        "result",
    ]);
    for row in rows {
        let largest = row.compared.iter().map(|c| c.difference.max_abs).fold(0.0, f64::max);
        let result = if row.is_equal() {
            Cell::new("equal").fg(Color::Green)
        } else if row.differing().next().is_some() {
            Cell::new("DIFFERS").fg(Color::Red)
        } else {
            Cell::new("INCOMPLETE").fg(Color::Red)
        };
        table.add_row([
            Cell::new(model_name(settings)),
            Cell::new(library.profile().unwrap_or("?")),
            Cell::new(row.job.source().unwrap_or("-".to_string())),
            Cell::new(size_text(row.size)),
            Cell::new(row.batch),
            Cell::new(row.threads),
            Cell::new(&row.variant),
            Cell::new(row.compared.len()),
            Cell::new(grouped(row.sum(|d| d.elements))),
            Cell::new(grouped(row.sum(|d| d.differing))),
            Cell::new(match largest {
                _ if row.sum(|d| d.nan) > 0 => "NaN".to_string(),
                0.0 => "0".to_string(),
                n => format!("{n:.2e}"),
            }),
            Cell::new(format!("{:.3}", row.reference_seconds)),
            Cell::new(format!("{:.3}", row.library_seconds)),
            result,
        ]);
    }
    for index in [4, 5, 7, 8, 9, 10, 11, 12] {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// Digits in groups of three.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// What is wrong with a row: the first difference in graph order, then everything that could not be compared.
fn explain(row: &Row) -> String {
    let mut text = format!("{}, threads {}, variant {}:\n", size_text(row.size), row.threads, row.variant);
    if let Some(at) = row.compared.iter().position(|c| c.difference.differing > 0) {
        let first = &row.compared[at];
        let d = &first.difference;
        let kernel = if first.kernel.is_empty() { String::new() } else { format!(", kernel {}", first.kernel) };
        text += &format!("  first difference: {} (op {}{kernel})\n", first.name, first.op);
        let before = at.checked_sub(1).map(|i| row.compared[i].name.as_str());
        text += &format!("  last equal before it: {}\n", before.unwrap_or("nothing"));
        let share = 100.0 * d.differing as f64 / d.elements as f64;
        let columns = first.shape.last().copied().unwrap_or(1).max(1);
        text += &format!(
            "  {} of {} elements differ ({share:.3} %), in {} of {} rows and {} of {columns} columns\n",
            grouped(d.differing),
            grouped(d.elements),
            d.rows,
            d.elements / columns,
            d.columns
        );
        text += &format!("  max abs {:e}, max ULP {}, pairs with a NaN {}\n", d.max_abs, d.max_ulp, d.nan);
        if let (Some(index), Some((ours, theirs))) = (d.first, &first.values) {
            text += &format!("  first at {}: llama.cpp {ours}, library {theirs}\n", position(&first.shape, index));
        }
        text += &format!("  {} of {} arrays differ in all\n", row.differing().count(), row.compared.len());
    }
    for problem in &row.problems {
        text += &format!("  not compared: {problem}\n");
    }
    text
}

/// An index as people speak of it.
fn position(shape: &[u64], mut index: u64) -> String {
    let mut parts = vec![0; shape.len()];
    for (part, &n) in parts.iter_mut().zip(shape).rev() {
        *part = index % n;
        index /= n;
    }
    let labels: &[&str] = match parts.len() {
        2 => &["token", "channel"],
        3 => &["token", "head", "channel"],
        _ => &[],
    };
    if labels.is_empty() {
        return format!("{parts:?}");
    }
    labels.iter().zip(&parts).map(|(label, part)| format!("{label} {part}")).collect::<Vec<_>>().join(", ")
}

fn verdict(rows: &[Row]) -> String {
    let equal = rows.iter().filter(|row| row.is_equal()).count();
    format!("{equal} passed, {} failed", rows.len() - equal)
}

fn to_json(settings: &Settings, library: &Library, facts: &[(&'static str, String)], rows: &[Row]) -> Value {
    let compared = |c: &Compared| {
        let d = &c.difference;
        json!({
            "name": c.name, "op": c.op, "kernel": c.kernel, "dtype": c.dtype.name(), "shape": c.shape,
            "elements": d.elements, "differing": d.differing, "rows": d.rows, "columns": d.columns,
            "max_abs": d.max_abs, "max_ulp": d.max_ulp, "nan": d.nan, "first": d.first,
            "llama_cpp": c.values.as_ref().map(|v| &v.0), "library": c.values.as_ref().map(|v| &v.1),
        })
    };
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "file": model_name(settings),
                "profile": library.profile(),
                "reference_profile": reference::isa_profile(),
                "source": row.job.source(),
                "input": size_text(row.size),
                "batch": row.batch,
                "threads": row.threads,
                "variant": row.variant,
                "attention": settings.attention.name(),
                "equal": row.is_equal(),
                "taps": row.compared.len(),
                "elements": row.sum(|d| d.elements),
                "differing": row.sum(|d| d.differing),
                "max_abs": row.compared.iter().map(|c| c.difference.max_abs).fold(0.0, f64::max),
                "max_ulp": row.compared.iter().map(|c| c.difference.max_ulp).max(),
                "reference_seconds": row.reference_seconds,
                "library_seconds": row.library_seconds,
                "arena_bytes": row.arena_bytes,
                "problems": row.problems,
                "first_difference": row.differing().next().map(compared),
                "differing_taps": row.differing().map(compared).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({ "reference": reference::to_json(facts), "library": library.info(), "rows": rows })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_named_by_rank() {
        assert_eq!(position(&[4, 8], 19), "token 2, channel 3");
        assert_eq!(position(&[4, 2, 8], 27), "token 1, head 1, channel 3");
        assert_eq!(position(&[2, 4, 4, 3], 50), "[1, 0, 0, 2]");
    }

    #[test]
    fn digits_are_grouped() {
        assert_eq!((grouped(7), grouped(1000), grouped(1_234_567)), ("7".into(), "1,000".into(), "1,234,567".into()));
    }
}
