// tanh GELU through the table over all f16 values, one value. Needs f16 and the table.

fn iso_gemm_gelu(v: f32) -> f32 {
    if (v <= -10.0) {
        return 0.0;
    }
    if (v >= 10.0) {
        return v;
    }
    let h = iso_f32_to_f16(v);
    return unpack2x16float(gelu_f16[h / 2u] >> (16u * (h & 1u))).x;
}
