//! The dimensions that parity and cross_isa span beside profiles: weight types and ways to compute attention.

/// Every way to store weights; `mixed` has tensors of each type.
pub const WEIGHTS: [&str; 6] = ["f32", "f16", "bf16", "q8_0", "q4_0", "mixed"];
pub const ATTENTION: [&str; 2] = ["flash", "full"];
