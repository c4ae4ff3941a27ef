//! Kinds of ops, so that two different graphs of one model can be laid beside each other.

use serde_json::Value;

/// In the order in which they are drawn.
pub const GROUPS: [&str; 6] = ["linears", "attention", "norms", "GELU", "RoPE", "rest"];

/// Group of one of our ops; `feeds_attention`: attention reads its result.
pub fn of_op(op: &str, feeds_attention: bool) -> &'static str {
    let starts = |names: &[&str]| names.iter().any(|n| op.starts_with(n));
    match op {
        _ if starts(&["linear", "conv_matmul"]) => "linears",
        _ if starts(&["attention"]) => "attention",
        _ if starts(&["layer_norm", "rms_norm"]) => "norms",
        _ if starts(&["gelu"]) => "GELU",
        _ if starts(&["rope"]) => "RoPE",
        _ if starts(&["cast_", "quantize_"]) && feeds_attention => "attention",
        _ if starts(&["cast_", "quantize_"]) => "linears",
        _ => "rest",
    }
}

/// Groups of llama.cpp's nodes in execution order, and which of them are products with weights.
///
/// Additions and products element by element have the group of what they follow: a bias and a residual belong to their linear, scale and
/// shift to their norm, as our fused ops have them. What turns keys and values to f16 belongs to attention.
pub fn of_nodes(nodes: &[Value]) -> Vec<(&'static str, bool)> {
    let mut before = "rest";
    let mut groups = Vec::with_capacity(nodes.len());
    for node in nodes {
        let half = node["type"] == "f16";
        let per_head = node["shape"].as_array().is_some_and(|s| s.len() > 2);
        let (group, product) = match node["op"].as_str().unwrap_or_default() {
            "MUL_MAT" if per_head => ("attention", false),
            "MUL_MAT" => ("linears", true),
            "FLASH_ATTN_EXT" | "SOFT_MAX" => ("attention", false),
            "CPY" if half => ("attention", false),
            "NORM" | "RMS_NORM" => ("norms", false),
            "ADD" | "MUL" if matches!(before, "linears" | "norms") => (before, false),
            "ROPE" => ("RoPE", false),
            op if op.starts_with("GELU") => ("GELU", false),
            _ => ("rest", false),
        };
        groups.push((group, product));
        before = group;
    }
    groups
}
