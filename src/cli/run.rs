//! `ir-build run`: compiles for this machine, encodes an image, writes embeddings, a picture and, if asked, every tap.

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
use crate::files::{hash, read_text};
use crate::fuse::Taps;
use crate::host::compiler;
use crate::host::library::{Hooks, Library, OpenOptions, PlanInfo, Progress};
use crate::host::npy;
use crate::image_input;
use crate::picture;
use crate::pipeline;
use crate::plan::Plan;
use crate::taps::TapWriter;

/// A build compiled with the host's C compiler and loaded.
pub struct Compiled {
    pub plan: Plan,
    pub library: Library,
    batch_dim: String,
    row: (String, u64),
    col: (String, u64),
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
        let side = |d: &crate::expr::Dim| {
            loaded.sizes.runtime.keys().find_map(|r| Some((r.clone(), d.div(&crate::expr::Dim::symbol(r))?.as_const()?)))
        };
        let input = plan.graph.ids().find(|id| plan.graph.node(*id).kind == crate::ir::Kind::Input);
        let shape = input.map(|id| plan.graph.node(id).facts.shape.clone()).unwrap_or_default();
        let sides: Vec<(String, u64)> = shape.iter().take(3).filter_map(side).collect();
        let [batch, row, col] = <[(String, u64); 3]>::try_from(sides)
            .map_err(|_| loaded.template.input.at.error("template-input", "the input is no image", "this input"))?;
        Ok(Self { plan, library, batch_dim: batch.0, row, col })
    }

    /// Run-time dimensions of a planned image.
    pub fn dims(&self, info: &PlanInfo) -> Result<BTreeMap<String, u64>> {
        Ok(BTreeMap::from([
            (self.batch_dim.clone(), u64::from(info.batch)),
            (self.row.0.clone(), u64::from(info.height) / self.row.1),
            (self.col.0.clone(), u64::from(info.width) / self.col.1),
        ]))
    }
}

pub fn run(args: &RunArgs, out: &Output) -> Result<ExitCode> {
    let model = args.source.model.as_deref().ok_or_else(|| {
        Diagnostic::new(USAGE, "run needs --model FILE.gguf").help("`ir-build synth` writes one with seeded weights to try things out")
    })?;
    let image = image_input::read(&args.image)?;
    let loaded = Loaded::new(&args.source)?;
    let taps = if args.dump.is_some() { Taps::All } else { Taps::Kept };
    let compiled = Compiled::new(&loaded, taps, out)?;
    let started = Instant::now();
    let mut encoder = compiled.library.open(model, &OpenOptions { threads: args.threads, variant: args.variant.clone() })?;
    let info = encoder.plan(image.width, image.height, 1)?;
    encoder.reserve(&info)?;
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
            let mut replay = Replay { plan: &compiled.plan, encoder: &mut encoder, image: &image, source, preprocessing };
            replay.dump(writer, &mut progress)?.0
        }
        None => {
            let mut on_progress = |p: Progress<'_>| {
                progress(p);
                ControlFlow::Continue(())
            };
            let hooks = Hooks { progress: Some(&mut on_progress), tap: None };
            encoder.encode_rgb(&image.data, image.width, image.height, 1, hooks)?
        }
    };
    let encoded = started.elapsed();
    bar.finish_and_clear();

    let le: Vec<u8> = embeddings.iter().flat_map(|v| v.to_le_bytes()).collect();
    let sha = hash(&le);
    let npy_path = args.output.join("embeddings.npy");
    npy::write_f32(&npy_path, &[info.tokens, info.embedding], &embeddings)?;
    let picture_path = args.output.join("features.png");
    let (rows, cols) = token_grid(&info, &compiled);
    let features = picture::Features { data: &embeddings, dim: info.embedding as usize, rows, cols };
    let drawn = picture::draw(&image, &features, 0..info.embedding as usize)?;
    picture::write_png(&picture_path, &drawn.image)?;

    let gflops = info.flops as f64 / encoded.as_secs_f64() / 1e9;
    let text = format!(
        "image       {} {}x{} -> {}x{}, {} x {} cells\n\
         encoder     {} ({}), profile {}, variant {}, {} threads\n\
         output      {} tokens of {} floats\n\
         time        {:.3} s to encode ({gflops:.1} GFLOP/s), {:.3} s to open\n\
         memory      {} arena, planned to the byte\n\
         embedding   sha256 {sha}\n\
         written     {} and {}",
        args.image.display(),
        image.width,
        image.height,
        info.width,
        info.height,
        info.grid_rows,
        info.grid_cols,
        loaded.template.encoder,
        loaded.sizes.label(),
        loaded.profile.label(),
        encoder.variant(),
        info.threads,
        info.tokens,
        info.embedding,
        encoded.as_secs_f64(),
        opened.as_secs_f64(),
        bytes(info.arena_bytes),
        npy_path.display(),
        picture_path.display(),
    );
    let json = json!({
        "reason": "run", "profile": loaded.profile.label(), "variant": encoder.variant(), "threads": info.threads, "width": info.width,
        "height": info.height, "grid": [info.grid_rows, info.grid_cols], "tokens": info.tokens, "embedding": info.embedding,
        "arena_bytes": info.arena_bytes, "flops": info.flops, "encode_seconds": encoded.as_secs_f64(), "open_seconds": opened.as_secs_f64(),
        "sha256": sha, "embeddings": npy_path.display().to_string(), "picture": picture_path.display().to_string(),
    });
    out.result(&text, &json);
    if let Some(file) = &args.expect {
        expect(file, &loaded.profile.label(), &sha)?;
        out.result(&format!("expected    the same, says {}", file.display()), &json!({ "reason": "expected", "equal": true }));
    }
    Ok(ExitCode::SUCCESS)
}

/// Rows and columns of output tokens.
fn token_grid(info: &PlanInfo, compiled: &Compiled) -> (u32, u32) {
    (info.height / compiled.row.1 as u32, info.width / compiled.col.1 as u32)
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
