//! `ir-build run`: compiles for this machine, encodes an image or a sound, writes embeddings, a picture and, if asked, every tap.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::USAGE;
use super::args::RunArgs;
use super::build::Loaded;
use super::compiled::Compiled;
use super::output::{Output, bytes};
use crate::compare::Replay;
use crate::diagnostic::{Diagnostic, Result};
use crate::expr::Expr;
use crate::files::{hash, read_text};
use crate::fuse::Taps;
use crate::host::hooks::{Hooks, Progress};
use crate::host::library::{Encoder, OpenOptions};
use crate::host::npy;
use crate::host::plans::PlanInfo;
use crate::host::runner::Runner;
use crate::image_input::RgbImage;
use crate::json::At;
use crate::media::{Media, Planned};
use crate::parts::Parts;
use crate::picture;
use crate::taps::TapWriter;

/// An opened encoder and what it is to encode.
struct Subject {
    loaded: Loaded,
    compiled: Compiled,
    media: Media,
    encoder: Encoder,
    /// Computes in the place of the encoder.
    runner: Option<Box<dyn Runner>>,
    parts: Parts,
    /// How long it took to open.
    opened: Duration,
}

/// What was computed, and where it lies.
struct Encoded {
    /// Floats `[tokens, embedding]`, those of all parts one after another.
    embeddings: Vec<f32>,
    /// How long it took.
    time: Duration,
}

pub fn run(args: &RunArgs, out: &Output) -> Result<ExitCode> {
    let mut subject = Subject::open(args, out)?;
    let encoded = subject.encode(args.dump.as_deref(), out)?;
    let le: Vec<u8> = encoded.embeddings.iter().flat_map(|v| v.to_le_bytes()).collect();
    let sha = hash(&le);
    let files = [args.output.join("embeddings.npy"), args.output.join("features.png")];
    subject.write(&encoded.embeddings, &files)?;
    subject.report(&args.input, &encoded, &sha, &files, out)?;
    if let Some(file) = &args.expect {
        expect(file, &subject.loaded.profile.label(), &sha)?;
        out.result(&format!("expected    the same, says {}", file.display()), &json!({ "reason": "expected", "equal": true }));
    }
    Ok(ExitCode::SUCCESS)
}

impl Subject {
    fn open(args: &RunArgs, out: &Output) -> Result<Self> {
        let model = args.source.model.as_deref().ok_or_else(|| {
            Diagnostic::new(USAGE, "run needs --model FILE.gguf").help("`ir-build synth` writes one with seeded weights to try things out")
        })?;
        let loaded = Loaded::new(&args.source)?;
        let media = Media::read(&args.input, &loaded.template, &loaded.sizes)?;
        let taps = if args.dump.is_some() { Taps::All } else { Taps::Kept };
        let compiled = Compiled::new(&loaded, taps, out)?;
        let started = Instant::now();
        let mut encoder = compiled.library.open(model, &OpenOptions { threads: args.threads, variant: args.variant.clone() })?;
        let runner = compiled.runner(model, args.device.as_deref(), out)?;
        let parts = match args.dump {
            _ if runner.is_some() => {
                let whole = Parts::whole(&media, &encoder)?;
                match Parts::new(&media, &compiled.library, &encoder)?.views() {
                    [] => whole,
                    views => {
                        return Err(Diagnostic::new("run-views", "this encoder cuts images into views, which do not run on a device yet")
                            .fact(format!("{} views", views.len())));
                    }
                }
            }
            Some(_) => Parts::whole(&media, &encoder)?, // a dump is of the image as one
            None => Parts::new(&media, &compiled.library, &encoder)?,
        };
        parts.reserve(&media, &mut encoder)?;
        Ok(Self { loaded, compiled, media, encoder, runner, parts, opened: started.elapsed() })
    }

    /// Encodes all parts; into `dump` every value of the whole.
    fn encode(&mut self, dump: Option<&Path>, out: &Output) -> Result<Encoded> {
        let Self { loaded, compiled, media, encoder, runner, parts, .. } = self;
        let bar = out.bar("encoding", compiled.plan.steps.len() as u64, false);
        let mut progress = |p: Progress<'_>| {
            bar.set_position(u64::from(p.step));
            bar.set_message(p.name.to_string());
        };
        let started = Instant::now();
        let embeddings = match dump {
            Some(dir) => {
                let place = runner.as_ref().map_or(String::new(), |r| format!(", on {}", r.label()));
                let source = format!("isobit {}, profile {}{place}", env!("CARGO_PKG_VERSION"), loaded.profile.label());
                let writer = TapWriter::create(dir, source.clone())?;
                let preprocessing = loaded.template.preprocessing();
                let runner = runner.as_deref_mut();
                Replay { plan: &compiled.plan, encoder, runner, media, source, preprocessing }.dump(writer, &mut progress)?.0
            }
            None => {
                let mut progress = |p: Progress<'_>| {
                    progress(p);
                    ControlFlow::Continue(())
                };
                match runner {
                    None => parts.encode(media, encoder, &mut progress)?,
                    Some(runner) => {
                        let hooks = Hooks { progress: Some(&mut progress), tap: None };
                        runner.encode(parts.whole_plan(), &media.preprocess(encoder)?, hooks)?
                    }
                }
            }
        };
        let time = started.elapsed();
        bar.finish_and_clear();
        Ok(Encoded { embeddings, time })
    }

    /// Writes the embeddings as an array, and a picture of the whole's.
    fn write(&mut self, embeddings: &[f32], [array, picture]: &[PathBuf; 2]) -> Result<()> {
        let work = self.parts.whole_plan().work();
        npy::write_f32(array, &[embeddings.len() as u64 / work.embedding, work.embedding], embeddings)?;
        let whole = (work.all_tokens() * work.embedding) as usize;
        let drawn = self.draw(&embeddings[embeddings.len() - whole..])?;
        picture::write_png(picture, &drawn)
    }

    /// The image or the spectrogram beside the whole's features.
    fn draw(&mut self, embeddings: &[f32]) -> Result<RgbImage> {
        let info = self.parts.whole_plan();
        let dim = info.work().embedding as usize;
        match (&self.media, info) {
            (Media::Image(image), Planned::Image(plan)) => {
                let cells = cells(&self.loaded, &self.compiled.dims(&self.loaded.sizes, info)?, plan, embeddings)?;
                let features = picture::Features { data: &cells, dim, rows: plan.grid_rows, cols: plan.grid_cols };
                Ok(picture::draw(image, &features, 0..dim)?.image)
            }
            _ => {
                let shape = info.input_shape();
                let (bins, frames) = (shape[shape.len() - 2] as usize, shape[shape.len() - 1] as usize);
                let mel = self.media.preprocess(&mut self.encoder)?;
                picture::draw_sound(&picture::Spectrum { data: &mel, bins, frames }, embeddings, dim)
            }
        }
    }

    /// Says what was encoded, how fast, and what was written.
    fn report(&self, input: &Path, encoded: &Encoded, sha: &str, [array, picture]: &[PathBuf; 2], out: &Output) -> Result<()> {
        let (loaded, parts, info) = (&self.loaded, &self.parts, self.parts.whole_plan());
        let work = info.work();
        let gflops = parts.flops() as f64 / encoded.time.as_secs_f64() / 1e9;
        let cut = match parts.views() {
            [] => String::new(),
            views => format!("\nviews       {}, the last of them the whole", views.len()),
        };
        let shaders = self.runner.as_ref().map_or(String::new(), |runner| {
            let (shaders, time) = runner.compiled();
            format!(", {:.3} s of it to compile {shaders} shaders", time.as_secs_f64())
        });
        let (computed, memory) = match &self.runner {
            None => {
                let threads = format!("variant {}, {} threads", self.encoder.variant(), work.threads);
                (threads, format!("{} arena", bytes(parts.arena_bytes())))
            }
            Some(runner) => (format!("on {}", runner.label()), format!("{} on the device", bytes(runner.bytes(info)?))),
        };
        let text = format!(
            "input       {} {}{cut}\n\
             encoder     {} ({}), profile {}, {computed}\n\
             output      {} tokens of {} floats\n\
             time        {:.3} s to encode ({gflops:.1} GFLOP/s), {:.3} s to open{shaders}\n\
             memory      {memory}, planned to the byte\n\
             embedding   sha256 {sha}\n\
             written     {} and {}",
            input.display(),
            about(&self.media, info),
            loaded.template.encoder,
            loaded.sizes.label(),
            loaded.profile.label(),
            encoded.embeddings.len() as u64 / work.embedding,
            work.embedding,
            encoded.time.as_secs_f64(),
            self.opened.as_secs_f64(),
            array.display(),
            picture.display(),
        );
        let mut json = json!({
            "reason": "run", "profile": loaded.profile.label(), "variant": self.encoder.variant(), "threads": work.threads,
            "tokens": work.tokens, "embedding": work.embedding, "batch": work.batch,
            "arena_bytes": parts.arena_bytes(), "flops": parts.flops(),
            "encode_seconds": encoded.time.as_secs_f64(), "open_seconds": self.opened.as_secs_f64(),
            "sha256": sha, "embeddings": array.display().to_string(), "picture": picture.display().to_string(),
        });
        if let Some(runner) = &self.runner {
            (json["device"], json["device_bytes"]) = (runner.label().into(), runner.bytes(info)?.into());
            let (shaders, time) = runner.compiled();
            (json["shaders"], json["shader_seconds"]) = (shaders.into(), time.as_secs_f64().into());
        }
        parts.describe(&mut json);
        out.result(&text, &json);
        Ok(())
    }
}

/// The input and what is encoded of it, in words.
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
