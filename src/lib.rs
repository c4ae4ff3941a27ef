//! isobit: an ahead-of-time compiler for the encoders of multimodal models whose results equal a reference bit for bit.
//!
//! [`pipeline`] is the list of stages; ARCHITECTURE.md says where everything is.

pub mod atomic;
pub mod audio_input;
pub mod classes;
pub mod cli;
pub mod compare;
pub mod diagnostic;
pub mod emit;
pub mod expand;
pub mod expr;
pub mod files;
pub mod fuse;
pub mod gguf;
#[cfg(feature = "gpu")]
pub mod gpu;
pub mod host;
pub mod image_input;
pub mod infer;
pub mod input;
pub mod ir;
pub mod json;
pub mod maps;
pub mod media;
pub mod near;
pub mod parts;
pub mod picture;
pub mod pipeline;
pub mod plan;
pub mod print;
pub mod random;
pub mod report;
pub mod select;
pub mod signature;
pub mod sizes;
pub mod synth;
pub mod taps;
pub mod template;
pub mod view;
pub mod watch;
pub mod wgsl;
