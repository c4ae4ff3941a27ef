//! Runs llama.cpp's own vision encoder and compares an emitted library with it, bit for bit.

extern crate llama_cpp_sys_2 as _; // linked for its static libraries, called through the C++ shim

mod capture;
mod compare;
mod dump;
mod image;
mod llama;
mod reference;
mod tapset;
mod tensor;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::llama::{Encoder, Pixels};

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
}

#[derive(Clone, Copy, ValueEnum)]
enum Switch {
    On,
    Off,
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
    /// Attention: flash (llama.cpp's choice on CPU) or explicit softmax
    #[arg(long, value_enum, default_value = "on")]
    flash: Switch,
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

impl Run {
    fn open(&self) -> Result<(Encoder, Pixels)> {
        reference::check_cpu()?;
        let encoder = Encoder::open(&self.model, matches!(self.flash, Switch::On))?;
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
            print!("{}", reference::text(&reference::run_facts(encoder.facts()?.flash, &run.threads.to_string())));
            dump::dump(&mut encoder, run.threads, &pixels, &output)?;
        }
        Command::Nodes { run, all } => {
            let (mut encoder, pixels) = run.open()?;
            dump::nodes(&mut encoder, run.threads, &pixels, all)?;
        }
        Command::Preprocess { model, rgb, output } => {
            let encoder = Encoder::open(&model, true)?;
            let image = image::read_ppm(&rgb)?;
            let pixels = encoder.preprocess(&image.bytes, image.width, image.height)?;
            let shape = [u64::from(pixels.height), u64::from(pixels.width), 3];
            tensor::write_npy(&output, tensor::DType::F32, &shape, tensor::float_bytes(&pixels.values))?;
            println!("{}x{} RGB became {}x{} pixels in {}", image.width, image.height, pixels.width, pixels.height, output.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}
