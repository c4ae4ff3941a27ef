//! GGUF files: the strict directory reader, the streaming writer, and the element types of ggml.

pub mod dtype;
pub mod encode;
pub mod reader;
pub mod value;
pub mod writer;

pub use dtype::GgmlType;
pub use reader::{GgufDirectory, TensorInfo};
pub use value::{MetaArray, MetaType, MetaValue};
pub use writer::{GgufWriter, TensorSink, TensorSpec};

/// First four bytes of every GGUF file.
pub const MAGIC: [u8; 4] = *b"GGUF";
/// The versions this crate reads; it writes the last one.
pub const VERSIONS: std::ops::RangeInclusive<u32> = 2..=3;
/// Metadata key that sets the alignment of tensor data, an unsigned 32-bit power of two.
pub const ALIGNMENT_KEY: &str = "general.alignment";
/// Alignment of files without that key.
pub const DEFAULT_ALIGNMENT: u32 = 32;
/// Most dimensions a ggml tensor has.
pub const MAX_DIMS: usize = 4;
/// Longest tensor name in bytes: ggml stores names in 64 bytes including the terminating zero.
pub const MAX_TENSOR_NAME: usize = 63;
/// Longest metadata key in bytes, by the GGUF specification.
pub const MAX_KEY: usize = 65535;
