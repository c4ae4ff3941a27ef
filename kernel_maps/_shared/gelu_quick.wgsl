// A value's entry in the table of the quick GELU over all f16 values. Needs f16 and the table.

fn iso_gelu_quick(v: f32) -> f32 {
    let h = iso_f32_to_f16(v);
    return iso_f16_to_f32((gelu_quick_f16[h >> 1u] >> ((h & 1u) << 4u)) & 0xffffu);
}
