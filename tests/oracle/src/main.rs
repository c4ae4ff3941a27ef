//! Runs llama.cpp's own vision encoder and compares an emitted library with it, bit for bit.

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
mod tapset;
mod tensor;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::llama::{Attention, Encoder, Pixels};

/// Errors are one line of text for a person.
pub type Result<T> = std::result::Result<T, String>;

#[derive(Parser)]
#[command(name = "isobit-oracle", version, about = "Runs llama.cpp's vision encoder as the reference for bit comparison")]
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
    /// Resize and normalise an image as llama.cpp does
    Preprocess {
        /// GGUF file of the vision encoder
        #[arg(long)]
        model: PathBuf,
        /// 8-bit RGB image (binary PPM)
        #[arg(long)]
        rgb: PathBuf,
        /// NumPy file to write: f32 [height, width, 3]
        #[arg(short, long)]
        output: PathBuf,
    },
    /// Compare an emitted library with llama.cpp, tap by tap and bit by bit
    Parity(Parity),
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
    /// GGUF file of the vision encoder
    #[arg(long)]
    model: PathBuf,
    #[command(flatten)]
    input: Input,
    /// Seed of the synthetic image
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads of llama.cpp
    #[arg(long, default_value_t = 1)]
    threads: u32,
    #[command(flatten)]
    attention: AttentionArgs,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Input {
    /// Normalised pixels: NumPy file, f32 [height, width, 3]
    #[arg(long)]
    pixels: Option<PathBuf>,
    /// 8-bit RGB image (binary PPM), preprocessed by llama.cpp
    #[arg(long)]
    rgb: Option<PathBuf>,
    /// Synthetic image of this size, only normalised
    #[arg(long, value_parser = image::parse_size, value_name = "WxH")]
    synthetic: Option<(u32, u32)>,
}

#[derive(Args)]
struct Emitted {
    /// Shared library of the emitted encoder
    #[arg(long)]
    library: PathBuf,
    /// Prefix of its functions
    #[arg(long)]
    prefix: String,
    /// GGUF file of the vision encoder
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
#[group(id = "any_size", required = true, multiple = true, args = ["sizes", "source_sizes"])]
struct Parity {
    #[command(flatten)]
    emitted: Emitted,
    /// Sizes to encode from normalised pixels
    #[arg(long, value_parser = image::parse_size, value_delimiter = ',', value_name = "WxH,...")]
    sizes: Vec<(u32, u32)>,
    /// Sizes of 8-bit images that both sides preprocess themselves
    #[arg(long, value_parser = image::parse_size, value_delimiter = ',', value_name = "WxH,...")]
    source_sizes: Vec<(u32, u32)>,
    /// Thread counts of the library
    #[arg(long, value_delimiter = ',', default_value = "1", value_parser = clap::value_parser!(u32).range(1..=512))]
    threads: Vec<u32>,
    /// Threads of llama.cpp, whose bits do not depend on them
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=512))]
    reference_threads: u32,
    /// Images per encode of the library; llama.cpp encodes them one by one
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    batch: u32,
    /// Named nodes of llama.cpp that need no tap; `*` stands for any characters
    #[arg(long, value_delimiter = ',', value_name = "NAME,...")]
    ignore: Vec<String>,
    /// Compare pixels and output only
    #[arg(long)]
    output_only: bool,
    /// Compare the pixels that preprocessing makes, and encode nothing
    #[arg(long, requires = "source_sizes", conflicts_with_all = ["sizes", "output_only"])]
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
}

impl Run {
    fn open(&self) -> Result<(Encoder, Pixels)> {
        reference::check_cpu()?;
        let encoder = Encoder::open(&self.model, self.attention.get())?;
        let pixels = match &self.input {
            Input { pixels: Some(path), .. } => tensor::read_pixels(path)?,
            Input { rgb: Some(path), .. } => {
                let rgb = image::read_ppm(path)?;
                encoder.preprocess(&rgb.bytes, rgb.width, rgb.height)?
            }
            Input { synthetic: Some((width, height)), .. } => {
                let rgb = image::synthetic(*width, *height, self.seed);
                encoder.normalize(&rgb.bytes, *width, *height)?
            }
            _ => return Err("no input given".to_string()),
        };
        Ok((encoder, pixels))
    }
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
            let (mut encoder, pixels) = run.open()?;
            let attention = run.attention.get();
            print!("{}", reference::text(&reference::run_facts(attention, &run.threads.to_string())));
            dump::dump(&mut encoder, attention, run.threads, &pixels, &output)?;
        }
        Command::Nodes { run, all } => {
            let (mut encoder, pixels) = run.open()?;
            dump::nodes(&mut encoder, run.threads, &pixels, all)?;
        }
        Command::Preprocess { model, rgb, output } => {
            let encoder = Encoder::open(&model, Attention::Flash)?;
            let image = image::read_ppm(&rgb)?;
            let pixels = encoder.preprocess(&image.bytes, image.width, image.height)?;
            let shape = [u64::from(pixels.height), u64::from(pixels.width), 3];
            tensor::write_npy(&output, tensor::DType::F32, &shape, tensor::float_bytes(&pixels.values))?;
            println!("{}x{} RGB became {}x{} pixels in {}", image.width, image.height, pixels.width, pixels.height, output.display());
        }
        Command::Parity(parity) => {
            if !parity::run(&parity.settings())? {
                return Ok(ExitCode::from(1));
            }
        }
        Command::Bench(bench) => bench::run(&bench.settings())?,
    }
    Ok(ExitCode::SUCCESS)
}

impl Parity {
    fn settings(self) -> parity::Settings {
        parity::Settings {
            variant: self.emitted.variant(),
            attention: self.emitted.attention.get(),
            model: self.emitted.model,
            library: self.emitted.library,
            prefix: self.emitted.prefix,
            seed: self.emitted.seed,
            json: self.emitted.json,
            sizes: self.sizes,
            source_sizes: self.source_sizes,
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
        }
    }
}
