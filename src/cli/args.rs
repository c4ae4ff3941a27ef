//! Arguments as typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::fuse::Taps;
use crate::pipeline::Stage;

#[derive(Debug, Parser)]
#[command(
    name = "ir-build",
    version,
    about = "Ahead-of-time compiler for the encoders of multimodal models, bit for bit",
    args_conflicts_with_subcommands = true
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub build: BuildArgs,
    /// How results and errors are printed
    #[arg(long, global = true, value_enum, default_value = "human")]
    pub message_format: MessageFormat,
    /// Progress bars
    #[arg(long, global = true, value_enum, default_value = "auto")]
    pub progress: ProgressMode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MessageFormat {
    Human,
    /// One JSON object per line
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProgressMode {
    /// On a terminal, for work of more than a second
    Auto,
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Compile, encode an image or a sound, write embeddings (.npy) and a picture of them
    Run(RunArgs),
    /// Check a template and all kernel maps; every error at once
    Check(CheckArgs),
    /// Say which kernels compute a value, and why not others
    Explain(ExplainArgs),
    /// List encoders, ops, kernels, profiles, or the keys or tensors of a GGUF file
    List(ListArgs),
    /// Tokens, memory and work for an image size or the length of a sound
    Plan(PlanArgs),
    /// How fast an encoder is here, op by op, beside what this machine can do at best
    Bench(BenchArgs),
    /// Write a loadable GGUF of the template's architecture with seeded weights
    Synth(SynthArgs),
    /// The first value that differs from a reference, and whether its op is wrong or its input was
    Compare(CompareArgs),
    /// Cut the operands of an op and the reference's result out as a test vector for its kernels
    Vector(VectorArgs),
}

/// What to compile and how.
#[derive(Debug, Clone, Args)]
pub struct Source {
    /// Template: a path, or a name found in ./templates or built in
    #[arg(long, value_name = "TEMPLATE")]
    pub template: Option<String>,
    /// GGUF file whose sizes and weight types the build is for
    #[arg(long, value_name = "GGUF", conflicts_with_all = ["preset", "weights"])]
    pub model: Option<PathBuf>,
    /// Published sizes of the template to build for [default: the template's]
    #[arg(long)]
    pub preset: Option<String>,
    /// How a preset's weights are stored
    #[arg(long, default_value = "f16")]
    pub weights: String,
    /// Which bits come out [default: the target's]; `auto`: those of the engine built for this very CPU
    #[arg(long)]
    pub profile: Option<String>,
    /// A choice that the profile leaves open; `--NAME VALUE` is short for it (`ir-build list profiles` shows them)
    #[arg(long = "option", value_name = "NAME=VALUE")]
    pub options: Vec<Choice>,
    /// Language of the result
    #[arg(long, default_value = "c")]
    pub target: String,
    /// Directory of kernel maps [default: ./kernel_maps, else built in]
    #[arg(long, value_name = "DIR")]
    pub maps: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TapsArg {
    /// Every tap of the template; fusion stops at them
    All,
    /// Those, and every other kernel's result under its value's name
    Every,
    /// Those that fusion leaves over
    Kept,
}

impl From<TapsArg> for Taps {
    fn from(t: TapsArg) -> Self {
        match t {
            TapsArg::All => Taps::All,
            TapsArg::Every => Taps::Every,
            TapsArg::Kept => Taps::Kept,
        }
    }
}

#[derive(Debug, Args)]
pub struct BuildArgs {
    #[command(flatten)]
    pub source: Source,
    /// Which intermediate values can be watched
    #[arg(long, value_enum, default_value = "kept")]
    pub taps: TapsArg,
    /// Output directory [default: generated/<encoder>/<target>]
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Print a stage and stop
    #[arg(long, value_enum)]
    pub stop: Option<Stage>,
}

#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub source: Source,
    /// An image (PNG, JPEG or PPM), or a sound (WAV at the encoder's sample rate; several channels are averaged)
    pub input: PathBuf,
    /// Directory for embeddings.npy and features.png
    #[arg(short, long, value_name = "DIR", default_value = "out")]
    pub output: PathBuf,
    /// Threads [default: one per core]
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub threads: u32,
    /// Force a kernel variant (results are the same)
    #[arg(long)]
    pub variant: Option<String>,
    /// Part of a device's name, for targets that run on one (`ir-build list devices`) [default: the best]
    #[arg(long, value_name = "NAME")]
    pub device: Option<String>,
    /// Also write every tap of the template, the input and the output to this directory
    #[arg(long, value_name = "DIR")]
    pub dump: Option<PathBuf>,
    /// Fail unless the embedding's SHA-256 equals the one in this file for the profile
    #[arg(long, value_name = "FILE")]
    pub expect: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    pub source: Source,
}

#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Template: a path or a name
    #[arg(value_name = "TEMPLATE")]
    pub name: String,
    /// Value of the template, as `--stop kernels` prints it (`qkv-0`), or a tap (`ln1-0`)
    pub value: String,
    #[command(flatten)]
    pub source: Source,
    #[arg(long, value_enum, default_value = "kept")]
    pub taps: TapsArg,
}

#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(subcommand)]
    pub what: What,
    /// Directory of kernel maps [default: ./kernel_maps, else built in]
    #[arg(long, value_name = "DIR", global = true)]
    pub maps: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum What {
    /// Templates, with their presets
    Encoders,
    /// Ops with signature and classes
    Ops,
    /// Kernels with class and variant
    Kernels,
    /// Profiles and the builds they equal
    Profiles,
    /// Metadata of a GGUF file
    Keys { file: PathBuf },
    /// Tensors of a GGUF file
    Tensors { file: PathBuf },
    /// Adapters that encoders for devices can run on
    Devices,
}

#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    pub source: Source,
    /// Image size, as 1024x768: preprocessing decides the encoded size
    #[arg(long, value_name = "WxH", required_unless_present = "samples")]
    pub image: Option<Size>,
    /// Length of a sound, for encoders of sound
    #[arg(long, value_name = "N", conflicts_with_all = ["image", "batch"])]
    pub samples: Option<u64>,
    #[arg(long, default_value_t = 1)]
    pub batch: u32,
    #[arg(long, default_value_t = 1)]
    pub threads: u32,
    #[arg(long, value_enum, default_value = "kept")]
    pub taps: TapsArg,
}

#[derive(Debug, Args)]
pub struct BenchArgs {
    #[command(flatten)]
    pub source: Source,
    /// Size of the image, as 1024x768: its pixels are made up
    #[arg(long, value_name = "WxH", required_unless_present = "samples")]
    pub image: Option<Size>,
    /// Length of a sound, for encoders of sound
    #[arg(long, value_name = "N", conflicts_with = "image")]
    pub samples: Option<u64>,
    /// Threads [default: one per core]
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub threads: u32,
    /// Measured encodes; one more runs before them
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub runs: u32,
    /// Force a kernel variant (results are the same)
    #[arg(long)]
    pub variant: Option<String>,
}

#[derive(Debug, Args)]
pub struct SynthArgs {
    /// Template: a path or a name
    #[arg(long)]
    pub template: String,
    /// Published sizes of the template [default: the template's]
    #[arg(long)]
    pub preset: Option<String>,
    /// How weights are stored
    #[arg(long, default_value = "f16")]
    pub weights: String,
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Directory of kernel maps [default: ./kernel_maps, else built in]
    #[arg(long, value_name = "DIR")]
    pub maps: Option<PathBuf>,
    /// GGUF file to write
    #[arg(short, long, value_name = "GGUF")]
    pub output: PathBuf,
}

/// What is compared with what.
#[derive(Debug, Args)]
pub struct SidesArgs {
    #[command(flatten)]
    pub source: Source,
    /// Two directories of taps (`run --dump`), LEFT and the reference RIGHT; with --against the image or sound to encode
    #[arg(value_name = "LEFT RIGHT | INPUT", required = true, num_args = 1..=2)]
    pub inputs: Vec<PathBuf>,
    /// The reference: profile:NAME[+OPTION=CHOICE], target:NAME, program:PATH (which has `dump` as isobit-oracle has) or dump:DIR
    /// [default: target:c, for targets that run on a device]
    #[arg(long, value_name = "KIND:WHAT")]
    pub against: Option<Against>,
    /// Image or sound that LEFT and RIGHT encoded: with --template and --model each op is replayed on RIGHT's values
    #[arg(long, value_name = "FILE", conflicts_with = "against")]
    pub image: Option<PathBuf>,
    /// Keep the values of a reference that is run
    #[arg(long, value_name = "DIR", requires = "against")]
    pub keep: Option<PathBuf>,
    /// Threads [default: one per core]
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub threads: u32,
    /// Force a kernel variant
    #[arg(long)]
    pub variant: Option<String>,
    /// Part of a device's name, for targets that run on one (`ir-build list devices`) [default: the best]
    #[arg(long, value_name = "NAME")]
    pub device: Option<String>,
}

#[derive(Debug, Args)]
pub struct CompareArgs {
    #[command(flatten)]
    pub sides: SidesArgs,
    /// Rows of the table
    #[arg(long, default_value_t = 20)]
    pub rows: usize,
    /// Also write a page: error over depth, values, memory and graph, in one file
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct VectorArgs {
    #[command(flatten)]
    pub sides: SidesArgs,
    /// The value to cut out [default: the first that differs on the reference's own operands]
    #[arg(long, value_name = "NAME")]
    pub tap: Option<String>,
    /// Most rows that are kept where every row stands for itself
    #[arg(long, default_value_t = 4)]
    pub rows: u64,
    /// Directory to write
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
}

/// Where the reference's values come from.
#[derive(Debug, Clone)]
pub enum Against {
    /// The same build for another profile, as its label says it: `name+option=choice`.
    Profile(String),
    /// The same build for another target.
    Target(String),
    Program(PathBuf),
    Dump(PathBuf),
}

impl std::str::FromStr for Against {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        match s.split_once(':') {
            Some(("profile", name)) if !name.is_empty() => Ok(Self::Profile(name.to_string())),
            Some(("target", name)) if !name.is_empty() => Ok(Self::Target(name.to_string())),
            Some(("program", path)) if !path.is_empty() => Ok(Self::Program(path.into())),
            Some(("dump", path)) if !path.is_empty() => Ok(Self::Dump(path.into())),
            _ => Err("a reference is profile:NAME, target:NAME, program:PATH or dump:DIR".to_string()),
        }
    }
}

/// An option of a profile and the choice taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub option: String,
    pub choice: String,
}

impl std::str::FromStr for Choice {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        s.split_once('=')
            .map(|(option, choice)| Choice { option: option.to_string(), choice: choice.to_string() })
            .ok_or_else(|| format!("\"{s}\" is not NAME=VALUE"))
    }
}

/// Width and height in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub width: u32,
    pub height: u32,
}

impl std::str::FromStr for Size {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let parse = |t: &str| t.parse::<u32>().ok().filter(|v| *v > 0);
        s.split_once('x')
            .and_then(|(w, h)| Some(Size { width: parse(w)?, height: parse(h)? }))
            .ok_or_else(|| format!("\"{s}\" is not a size like 1024x768"))
    }
}
