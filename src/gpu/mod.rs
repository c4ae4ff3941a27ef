//! The tool's own host of emitted shaders: a device through WebGPU, one shader at a time or a whole encoder.

pub mod adapter;
pub mod device;
pub mod encoder;
pub mod formula;
pub mod limits;
pub mod manifest;
mod pieces;
pub mod plan;
pub mod probe;
pub mod program;
mod runner;
pub mod shader;
mod timer;
pub mod weights;

pub use adapter::{AdapterFacts, adapters};
pub use device::{Buffer, Device, Needs};
pub use encoder::{Compiled, Encoded, Encoder};
pub use manifest::Manifest;
pub use plan::{Memory, Planned};
pub use probe::Probe;
pub use program::Program;
pub use shader::{Bound, Pipeline};
