//! Kinds of ops of both graphs.

use serde_json::{Value, json};

use crate::groups::*;

#[test]
fn conversions_belong_to_what_reads_them() {
    assert_eq!(of_op("linear_bias_gelu", false), "linears");
    assert_eq!((of_op("cast_f16", true), of_op("cast_f16", false), of_op("quantize_q8_0", false)), ("attention", "linears", "linears"));
    assert_eq!((of_op("gelu_tanh", false), of_op("rope_angles", false), of_op("concat", false)), ("GELU", "RoPE", "rest"));
}

#[test]
fn element_wise_nodes_follow_what_they_end() {
    let node = |op: &str, kind: &str, shape: &[u64]| json!({ "op": op, "type": kind, "shape": shape });
    let ops = ["CONT", "ADD", "NORM", "MUL", "ADD", "MUL_MAT", "ADD", "ADD", "ROPE", "CPY", "FLASH_ATTN_EXT", "GELU"];
    let nodes: Vec<Value> = ops.iter().map(|op| node(op, if *op == "CPY" { "f16" } else { "f32" }, &[8, 4])).collect();
    let groups: Vec<&str> = of_nodes(&nodes).iter().map(|g| g.0).collect();
    let expected = ["rest", "rest", "norms", "norms", "norms", "linears", "linears", "linears", "RoPE", "attention", "attention", "GELU"];
    assert_eq!(groups, expected);
    assert_eq!(of_nodes(&nodes).iter().filter(|g| g.1).count(), 1);
    assert_eq!(of_nodes(&[node("MUL_MAT", "f32", &[2, 8, 8])]), [("attention", false)]);
}
