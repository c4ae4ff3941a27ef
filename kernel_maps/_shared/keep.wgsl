// A value that the compiler cannot see through: no rounding before it is fused with, folded into or moved across an operation after it.

fn iso_keep(v: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(v) ^ p.zero);
}
