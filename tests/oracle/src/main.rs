//! Runs llama.cpp's own encoders and compares an emitted library with it, bit for bit.

extern crate llama_cpp_sys_2 as _; // linked for its static libraries, called through the C++ shim

mod bench;
mod capture;
mod compare;
mod dump;
mod image;
mod library;
mod llama;
mod parity;
mod reference;
mod sound;
mod stopwatch;
mod tapset;
mod tensor;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::llama::{Attention, Encoder, Input, Modality};
use crate::parity::Job;

/// Errors are one line of text for a person.
pub type Result<T> = std::result::Result<T, String>;

#[derive(Parser)]
#[command(name = "isobit-oracle", version, about = "Runs llama.cpp's encoders as the reference for bit comparison")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print the reference that this build stands for
    Reference,
    /// Write every named node and the output as a tap-set directory
    Dump {
        #[command(flatten)]
        run: Run,
        /// Directory to write
        #[arg(short, long)]
        output: PathBuf,
    },
    /// List the nodes of the graph in execution order
    Nodes {
        #[command(flatten)]
        run: Run,
        /// List the nodes that nobody named, too
        #[arg(long)]
        all: bool,
    },
    /// Prepare an image or a sound as llama.cpp does
    Preprocess {
        /// GGUF file of the encoder
        #[arg(long)]
        model: PathBuf,
        #[command(flatten)]
        raw: Raw,
        /// NumPy file to write: f32 [height, width, 3] or [mel bins, frames]; of several views those after the first get a number
        #[arg(short, long)]
        output: PathBuf,
    },
    /// Compare an emitted library with llama.cpp, tap by tap and bit by bit
    Parity(Parity),
    /// Encode once and nothing else, as a program would that wants the result
    Encode {
        #[command(flatten)]
        run: Run,
    },
    /// Time an emitted library against llama.cpp in alternating encodes
    Bench(Bench),
}

#[derive(Clone, Copy, ValueEnum)]
enum Switch {
    On,
    Off,
}

#[derive(Args)]
struct AttentionArgs {
    /// How llama.cpp computes attention
    #[arg(long, value_enum, default_value = "flash", conflicts_with = "flash")]
    attention: Attention,
    /// The same in llama.cpp's words: off is full attention
    #[arg(long, value_enum)]
    flash: Option<Switch>,
}

impl AttentionArgs {
    fn get(&self) -> Attention {
        match self.flash {
            None => self.attention,
            Some(Switch::On) => Attention::Flash,
            Some(Switch::Off) => Attention::Full,
        }
    }
}

#[derive(Args)]
struct Run {
    /// GGUF file of the encoder
    #[arg(long)]
    model: PathBuf,
    #[command(flatten)]
    source: Source,
    /// Seed of the synthetic image or sound
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Which of the preprocessed views, from 0: of an image its tiles, then the whole; of a sound its pieces [default: the whole]
    #[arg(long)]
    view: Option<usize>,
    /// Threads of llama.cpp
    #[arg(long, default_value_t = 1)]
    threads: u32,
    #[command(flatten)]
    attention: AttentionArgs,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Source {
    /// Normalised pixels: NumPy file, f32 [height, width, 3]
    #[arg(long)]
    pixels: Option<PathBuf>,
    /// 8-bit RGB image (binary PPM), preprocessed by llama.cpp
    #[arg(long)]
    rgb: Option<PathBuf>,
    /// Synthetic image of this size, only normalised
    #[arg(long, value_parser = image::parse_size, value_name = "WxH")]
    synthetic: Option<(u32, u32)>,
    /// Spectrogram: NumPy file, f32 [mel bins, frames]
    #[arg(long)]
    mel: Option<PathBuf>,
    /// Mono samples at the encoder's rate: NumPy file, f32, preprocessed by llama.cpp
    #[arg(long)]
    pcm: Option<PathBuf>,
    /// Synthetic spectrogram of this many frames
    #[arg(long, value_name = "FRAMES")]
    synthetic_mel: Option<u32>,
    /// Synthetic sound of this many samples, preprocessed by llama.cpp
    #[arg(long, value_name = "SAMPLES")]
    synthetic_pcm: Option<u64>,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Raw {
    /// 8-bit RGB image (binary PPM)
    #[arg(long)]
    rgb: Option<PathBuf>,
    /// Mono samples at the encoder's rate: NumPy file, f32
    #[arg(long)]
    pcm: Option<PathBuf>,
}

#[derive(Args)]
struct Emitted {
    /// Shared library of the emitted encoder
    #[arg(long)]
    library: PathBuf,
    /// Prefix of its functions
    #[arg(long)]
    prefix: String,
    /// GGUF file of the encoder
    #[arg(long)]
    model: PathBuf,
    /// Code variant to force: portable, avx2 or avx512; `best` lets the library choose
    #[arg(long, default_value = "best")]
    variant: String,
    #[command(flatten)]
    attention: AttentionArgs,
    /// Seed of the synthetic images
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// File to write the results to
    #[arg(long)]
    json: Option<PathBuf>,
}

impl Emitted {
    fn variant(&self) -> Option<String> {
        (self.variant != "best").then(|| self.variant.clone())
    }
}

#[derive(Args)]
#[group(id = "any_size", required = true, multiple = true, args = ["sizes", "source_sizes", "view_sizes", "frames", "samples"])]
struct Parity {
    #[command(flatten)]
    emitted: Emitted,
    /// Sizes to encode from normalised pixels
    #[arg(long, value_parser = image::parse_size, value_delimiter = ',', value_name = "WxH,...")]
    sizes: Vec<(u32, u32)>,
    /// Sizes of 8-bit images that both sides preprocess themselves
    #[arg(long, value_parser = image::parse_size, value_delimiter = ',', value_name = "WxH,...")]
    source_sizes: Vec<(u32, u32)>,
    /// Sizes of 8-bit images that both sides cut into views and preprocess themselves
    #[arg(long, value_parser = image::parse_size, value_delimiter = ',', value_name = "WxH,...")]
    view_sizes: Vec<(u32, u32)>,
    /// Lengths of spectrograms to encode
    #[arg(long, value_delimiter = ',', value_name = "N,...")]
    frames: Vec<u32>,
    /// Lengths of sounds that both sides preprocess themselves
    #[arg(long, value_delimiter = ',', value_name = "N,...")]
    samples: Vec<u64>,
    /// Thread counts of the library
    #[arg(long, value_delimiter = ',', default_value = "1", value_parser = clap::value_parser!(u32).range(1..=512))]
    threads: Vec<u32>,
    /// Threads of llama.cpp, whose bits do not depend on them
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=512))]
    reference_threads: u32,
    /// Images or spectrograms per encode of the library; llama.cpp encodes them one by one
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    batch: u32,
    /// Named nodes of llama.cpp that need no tap; `*` stands for any characters
    #[arg(long, value_delimiter = ',', value_name = "NAME,...")]
    ignore: Vec<String>,
    /// Compare pixels and output only
    #[arg(long)]
    output_only: bool,
    /// Compare what preprocessing makes, and encode nothing
    #[arg(long, conflicts_with_all = ["sizes", "frames", "output_only"])]
    preprocess_only: bool,
    /// Run the remaining rows after one that differs
    #[arg(long)]
    keep_going: bool,
    /// Compare although the library was built for another profile
    #[arg(long)]
    any_profile: bool,
    /// Folder for both sides' tap sets of every row that differs
    #[arg(long, value_name = "DIR")]
    dump_on_difference: Option<PathBuf>,
}

#[derive(Args)]
struct Bench {
    #[command(flatten)]
    emitted: Emitted,
    /// GGUF file that llama.cpp encodes [default: the same]
    #[arg(long, value_name = "GGUF")]
    reference_model: Option<PathBuf>,
    /// Pixel size to encode
    #[arg(long, value_parser = image::parse_size, value_name = "WxH")]
    size: (u32, u32),
    /// Threads of both sides
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=512))]
    threads: u32,
    /// Measured pairs of encodes
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pairs: u32,
    /// Pairs before them that are not measured
    #[arg(long, default_value_t = 1)]
    warmup: u32,
    /// Encodes of llama.cpp after them that tell the time of every node
    #[arg(long, default_value_t = 0)]
    nodes: u32,
}

impl Run {
    fn open(&self) -> Result<(Encoder, Input)> {
        reference::check_cpu()?;
        let source = &self.source;
        let sound = source.mel.is_some() || source.pcm.is_some() || source.synthetic_mel.is_some() || source.synthetic_pcm.is_some();
        let modality = if sound { Modality::Audio } else { Modality::Image };
        let encoder = Encoder::open(&self.model, modality, self.attention.get())?;
        let mut views = match source {
            Source { pixels: Some(path), .. } | Source { mel: Some(path), .. } => vec![tensor::read_input(path, modality)?],
            Source { rgb: Some(path), .. } => {
                let rgb = image::read_ppm(path)?;
                encoder.preprocess_rgb(&rgb.bytes, rgb.width, rgb.height)?
            }
            Source { synthetic: Some((width, height)), .. } => {
                let rgb = image::synthetic(*width, *height, self.seed);
                vec![encoder.normalize(&rgb.bytes, *width, *height)?]
            }
            Source { pcm: Some(path), .. } => encoder.preprocess_pcm(&tensor::read_samples(path)?)?,
            Source { synthetic_mel: Some(frames), .. } => vec![sound::synthetic_mel(encoder.mel_bins(), *frames, self.seed)],
            Source { synthetic_pcm: Some(samples), .. } => encoder.preprocess_pcm(&sound::synthetic_pcm(*samples, self.seed))?,
            _ => return Err("no input given".to_string()),
        };
        let view = self.view.or_else(|| views.iter().position(|view| view.whole)).unwrap_or(0);
        if view >= views.len() {
            return Err(format!("there is no view {view}: preprocessing makes {}", views.len()));
        }
        Ok((encoder, views.swap_remove(view)))
    }
}

/// Preprocessing alone, written to one file per view.
fn preprocess(model: &Path, raw: &Raw, output: &Path) -> Result<()> {
    let open = |modality| Encoder::open(model, modality, Attention::Flash);
    let (what, views) = match raw {
        Raw { rgb: Some(path), .. } => {
            let image = image::read_ppm(path)?;
            let views = open(Modality::Image)?.preprocess_rgb(&image.bytes, image.width, image.height)?;
            (format!("{}x{} RGB", image.width, image.height), views)
        }
        Raw { pcm: Some(path), .. } => {
            let samples = tensor::read_samples(path)?;
            (format!("{} samples", samples.len()), open(Modality::Audio)?.preprocess_pcm(&samples)?)
        }
        _ => return Err("no input given".to_string()),
    };
    for (i, view) in views.iter().enumerate() {
        let path = if i == 0 { output.to_path_buf() } else { output.with_extension(format!("{i}.npy")) };
        tensor::write_npy(&path, tensor::DType::F32, &view.shape(), tensor::float_bytes(&view.values))?;
        println!("{what} became {}x{} {} in {}", view.width, view.height, view.name(), path.display());
    }
    Ok(())
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(reason) => {
            eprintln!("error: {reason}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Reference => print!("{}", reference::text(&reference::facts())),
        Command::Dump { run, output } => {
            let (mut encoder, input) = run.open()?;
            let attention = run.attention.get();
            print!("{}", reference::text(&reference::run_facts(attention, &run.threads.to_string())));
            dump::dump(&mut encoder, attention, run.threads, &input, &output)?;
        }
        Command::Nodes { run, all } => {
            let (mut encoder, input) = run.open()?;
            dump::nodes(&mut encoder, run.threads, &input, all)?;
        }
        Command::Preprocess { model, raw, output } => preprocess(&model, &raw, &output)?,
        Command::Parity(parity) => {
            if !parity::run(&parity.settings())? {
                return Ok(ExitCode::from(1));
            }
        }
        Command::Encode { run } => {
            let (mut encoder, input) = run.open()?;
            let out = encoder.encode(run.threads, &input, None)?;
            println!("{} floats, the first {:?}", out.len(), &out[..out.len().min(4)]);
        }
        Command::Bench(bench) => bench::run(&bench.settings())?,
    }
    Ok(ExitCode::SUCCESS)
}

impl Parity {
    fn settings(self) -> parity::Settings {
        let views = self.view_sizes.iter().map(|&(w, h)| Job::Views(w, h));
        let sources = self.source_sizes.iter().map(|&(w, h)| Job::Rgb(w, h)).chain(views).chain(self.samples.iter().map(|&n| Job::Pcm(n)));
        let inputs = self.sizes.iter().map(|&(w, h)| Job::Pixels(w, h)).chain(self.frames.iter().map(|&n| Job::Mel(n)));
        parity::Settings {
            jobs: sources.chain(inputs).collect(),
            variant: self.emitted.variant(),
            attention: self.emitted.attention.get(),
            model: self.emitted.model,
            library: self.emitted.library,
            prefix: self.emitted.prefix,
            seed: self.emitted.seed,
            json: self.emitted.json,
            threads: self.threads,
            reference_threads: self.reference_threads,
            batch: self.batch,
            ignore: self.ignore,
            output_only: self.output_only,
            preprocess_only: self.preprocess_only,
            keep_going: self.keep_going,
            any_profile: self.any_profile,
            dump: self.dump_on_difference,
        }
    }
}

impl Bench {
    fn settings(self) -> bench::Settings {
        bench::Settings {
            variant: self.emitted.variant(),
            attention: self.emitted.attention.get(),
            model: self.emitted.model,
            library: self.emitted.library,
            prefix: self.emitted.prefix,
            seed: self.emitted.seed,
            json: self.emitted.json,
            size: self.size,
            threads: self.threads,
            pairs: self.pairs,
            warmup: self.warmup,
            reference_model: self.reference_model,
            nodes: self.nodes,
        }
    }
}
