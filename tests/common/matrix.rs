//! The dimensions that parity and cross_isa span: weight types and ways to compute attention, and which of them work.

/// Every way to store weights; `mixed` has tensors of each type.
pub const WEIGHTS: [&str; 6] = ["f32", "f16", "bf16", "q8_0", "q4_0", "mixed"];
pub const ATTENTION: [&str; 2] = ["flash", "full"];

/// Whether its kernels are there.
pub fn is_ready(_weights: &str, profile: &str, attention: &str) -> bool {
    ["ggml-avx2", "ggml-avx512", "ggml-avx512bf16"].contains(&profile) && attention == "flash"
}
