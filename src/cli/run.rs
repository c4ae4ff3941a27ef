//! `ir-build run`: compiles for this machine, encodes an image or a sound, writes embeddings, a picture and, if asked, every tap.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use serde_json::{Value, json};

use super::USAGE;
use super::args::RunArgs;
use super::build::Loaded;
use super::output::{Output, bytes};
use crate::compare::Replay;
use crate::diagnostic::{Diagnostic, Result};
use crate::expr::Expr;
use crate::files::{hash, read_text};
use crate::fuse::Taps;
use crate::host::compiler;
use crate::host::hooks::{Hooks, Progress};
use crate::host::library::{Library, OpenOptions};
use crate::host::npy;
use crate::host::plans::{PlanInfo, View};
use crate::input::Input;
use crate::json::At;
use crate::media::{Media, Planned};
use crate::picture;
use crate::pipeline;
use crate::plan::Plan;
use crate::sizes::Sizes;
use crate::taps::TapWriter;

/// A build compiled with the host's C compiler and loaded.
pub struct Compiled {
    pub plan: Plan,
    pub library: Library,
    input: Input,
}

impl Compiled {
    pub fn new(loaded: &Loaded, taps: Taps, out: &Output) -> Result<Self> {
        let inputs = loaded.inputs(taps);
        let plan = pipeline::compile(&inputs)?;
        let sources = pipeline::emit(&inputs, &plan)?;
        let encoder = &loaded.template.encoder;
        let unit = format!("{encoder}.c");
        let header = format!("{encoder}.h");
        let files: Vec<(&str, &str)> =
            sources.iter().filter(|(p, _)| **p == unit || **p == header).map(|(p, t)| (p.as_str(), t.as_str())).collect();
        let flags: Vec<String> = loaded.target.compile.iter().chain(&loaded.target.link).cloned().collect();
        let spinner = out.spinner("compiling the encoder (once per build)");
        let compiled = compiler::compile(&files, &unit, &flags, None)?;
        spinner.finish_and_clear();
        let library = Library::load(&compiled.library, encoder)?;
        let input = Input::of_graph(&loaded.template, &loaded.sizes, &plan.graph, |f| f.shape.clone())?;
        Ok(Self { plan, library, input })
    }

    /// Run-time dimensions of a planned call.
    pub fn dims(&self, sizes: &Sizes, info: &Planned) -> Result<BTreeMap<String, u64>> {
        info.dims(&self.input, sizes)
    }
}

pub fn run(args: &RunArgs, out: &Output) -> Result<ExitCode> {
    let model = args.source.model.as_deref().ok_or_else(|| {
        Diagnostic::new(USAGE, "run needs --model FILE.gguf").help("`ir-build synth` writes one with seeded weights to try things out")
    })?;
    let loaded = Loaded::new(&args.source)?;
    let media = Media::read(&args.input, &loaded.template, &loaded.sizes)?;
    let taps = if args.dump.is_some() { Taps::All } else { Taps::Kept };
    let compiled = Compiled::new(&loaded, taps, out)?;
    let started = Instant::now();
    let mut encoder = compiled.library.open(model, &OpenOptions { threads: args.threads, variant: args.variant.clone() })?;
    let views = match (&media, &args.dump) {
        (Media::Image(image), None) => compiled.library.views(image.width, image.height)?,
        _ => Vec::new(), // a dump is of the image as one
    };
    // the last view is the whole
    let plans = Planned::of_views(&media, &encoder, views.len() as u32)?;
    let info = plans.last().copied().map_or_else(|| media.plan(&encoder), Ok)?;
    if views.is_empty() {
        info.reserve(&mut encoder)?;
    }
    let work = info.work();
    let opened = started.elapsed();

    let bar = out.bar("encoding", compiled.plan.steps.len() as u64, false);
    let mut progress = |p: Progress<'_>| {
        bar.set_position(u64::from(p.step));
        bar.set_message(p.name.to_string());
    };
    let started = Instant::now();
    let embeddings = match &args.dump {
        Some(dir) => {
            let source = format!("isobit {}, profile {}", env!("CARGO_PKG_VERSION"), loaded.profile.label());
            let writer = TapWriter::create(dir, source.clone())?;
            let preprocessing = loaded.template.preprocessing();
            let mut replay = Replay { plan: &compiled.plan, encoder: &mut encoder, media: &media, source, preprocessing };
            replay.dump(writer, &mut progress)?.0
        }
        None => {
            let mut on_progress = |p: Progress<'_>| {
                progress(p);
                ControlFlow::Continue(())
            };
            if views.is_empty() {
                media.encode(&mut encoder, Hooks { progress: Some(&mut on_progress), tap: None })?
            } else {
                let mut all = Vec::new();
                for view in 0..views.len() as u32 {
                    let hooks = Hooks { progress: Some(&mut on_progress), tap: None };
                    all.extend(media.encode_view(&mut encoder, view, hooks)?);
                }
                all
            }
        }
    };
    let encoded = started.elapsed();
    bar.finish_and_clear();

    let le: Vec<u8> = embeddings.iter().flat_map(|v| v.to_le_bytes()).collect();
    let sha = hash(&le);
    let npy_path = args.output.join("embeddings.npy");
    let tokens = embeddings.len() as u64 / work.embedding;
    npy::write_f32(&npy_path, &[tokens, work.embedding], &embeddings)?;
    let shown = &embeddings[embeddings.len() - (work.all_tokens() * work.embedding) as usize..];
    let picture_path = args.output.join("features.png");
    let dim = work.embedding as usize;
    let drawn = match (&media, &info) {
        (Media::Image(image), Planned::Image(plan)) => {
            let cells = cells(&loaded, &compiled.dims(&loaded.sizes, &info)?, plan, shown)?;
            let features = picture::Features { data: &cells, dim, rows: plan.grid_rows, cols: plan.grid_cols };
            picture::draw(image, &features, 0..dim)?.image
        }
        _ => {
            let mel = media.preprocess(&mut encoder)?;
            let shape = info.input_shape();
            let (bins, frames) = (shape[shape.len() - 2] as usize, shape[shape.len() - 1] as usize);
            picture::draw_sound(&picture::Spectrum { data: &mel, bins, frames }, &embeddings, dim)?
        }
    };
    picture::write_png(&picture_path, &drawn)?;

    let flops = if plans.is_empty() { work.flops } else { plans.iter().map(|p| p.work().flops).sum() };
    let arena = plans.iter().map(|p| p.work().arena_bytes).max().unwrap_or(work.arena_bytes);
    let gflops = flops as f64 / encoded.as_secs_f64() / 1e9;
    let cut = if views.is_empty() { String::new() } else { format!("\nviews       {}, the last of them the whole", views.len()) };
    let text = format!(
        "input       {} {}{cut}\n\
         encoder     {} ({}), profile {}, variant {}, {} threads\n\
         output      {} tokens of {} floats\n\
         time        {:.3} s to encode ({gflops:.1} GFLOP/s), {:.3} s to open\n\
         memory      {} arena, planned to the byte\n\
         embedding   sha256 {sha}\n\
         written     {} and {}",
        args.input.display(),
        about(&media, &info),
        loaded.template.encoder,
        loaded.sizes.label(),
        loaded.profile.label(),
        encoder.variant(),
        work.threads,
        tokens,
        work.embedding,
        encoded.as_secs_f64(),
        opened.as_secs_f64(),
        bytes(arena),
        npy_path.display(),
        picture_path.display(),
    );
    let mut json = json!({
        "reason": "run", "profile": loaded.profile.label(), "variant": encoder.variant(), "threads": work.threads,
        "tokens": work.tokens, "embedding": work.embedding, "batch": work.batch,
        "arena_bytes": arena, "flops": flops, "encode_seconds": encoded.as_secs_f64(), "open_seconds": opened.as_secs_f64(),
        "sha256": sha, "embeddings": npy_path.display().to_string(), "picture": picture_path.display().to_string(),
    });
    info.describe(&mut json);
    if !views.is_empty() {
        json["views"] = view_list(&views);
    }
    out.result(&text, &json);
    if let Some(file) = &args.expect {
        expect(file, &loaded.profile.label(), &sha)?;
        out.result(&format!("expected    the same, says {}", file.display()), &json!({ "reason": "expected", "equal": true }));
    }
    Ok(ExitCode::SUCCESS)
}

/// The input and what is encoded of it, in words.
/// The views of an image for machines.
pub fn view_list(views: &[View]) -> Value {
    let view = |v: &View| json!({ "x": v.x, "y": v.y, "width": v.width, "height": v.height, "image": [v.image_width, v.image_height] });
    views.iter().map(view).collect()
}

fn about(media: &Media, info: &Planned) -> String {
    match (media, info) {
        (Media::Image(image), Planned::Image(p)) => {
            format!("{}x{} -> {}x{}, {} x {} cells", image.width, image.height, p.width, p.height, p.grid_rows, p.grid_cols)
        }
        (Media::Audio(sound), Planned::Audio(p)) => {
            let channels = if sound.channels == 1 { "mono".to_string() } else { format!("{} channels averaged", sound.channels) };
            let (seconds, rate) = (sound.seconds(), sound.rate);
            format!("{seconds:.3} s at {rate} Hz, {channels} -> {} chunk(s) of {} mel bins x {} frames", p.work.batch, p.mel_bins, p.frames)
        }
        _ => String::new(),
    }
}

/// The features of the image's cells, line by line: tokens that stand for no cell are left out.
fn cells(loaded: &Loaded, dims: &BTreeMap<String, u64>, info: &PlanInfo, embeddings: &[f32]) -> Result<Vec<f32>> {
    let at = &loaded.template.at;
    let grid = loaded.template.grid.as_ref().ok_or_else(|| at.error("template-grid", "tokens have no grid", "this template"))?;
    let value = |(expr, at): &(Expr, At)| Ok::<_, Diagnostic>(loaded.sizes.eval(expr, at, &BTreeMap::new())?.eval(dims).unwrap_or(0));
    let (row_tokens, first) = (value(&grid.row_tokens)?, value(&grid.first)?);
    let dim = info.work.embedding as usize;
    let tokens = (0..u64::from(info.grid_rows)).flat_map(|r| (0..u64::from(info.grid_cols)).map(move |c| first + r * row_tokens + c));
    tokens
        .map(|t| embeddings.get(t as usize * dim..(t as usize + 1) * dim))
        .collect::<Option<Vec<&[f32]>>>()
        .map(|rows| rows.concat())
        .ok_or_else(|| {
            at.error("template-grid", "the grid has cells behind the last token", "this template")
                .fact(format!("{} tokens", info.work.tokens))
        })
}

/// Compares with the hash that a JSON file `{"<profile>": "<sha256>"}` holds.
fn expect(file: &Path, profile: &str, sha: &str) -> Result<()> {
    let text = read_text(file)?;
    let known: Value = serde_json::from_str(&text)
        .map_err(|e| Diagnostic::new("expect-file", format!("{} is not valid JSON: {e}", file.display())).in_file(file))?;
    match known.get(profile).and_then(Value::as_str) {
        Some(k) if k == sha => Ok(()),
        Some(k) => Err(Diagnostic::new("expect-hash", "the embedding differs from the expected one")
            .in_file(file)
            .fact(format!("expected {k}"))
            .fact(format!("computed {sha}"))
            .help(
                "`ir-build run --dump A`, then `ir-build compare A B` against a dump of the other side names the first tap that differs",
            )),
        None => Err(Diagnostic::new("expect-hash", format!("the file has no hash for profile {profile}")).in_file(file)),
    }
}
