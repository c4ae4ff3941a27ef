// bf16 (the upper half of an f32) to f32 and back, by bits: exact one way, to nearest even the other, NaN made quiet.

fn iso_bf16_to_f32(h: u32) -> f32 {
    return bitcast<f32>(h << 16u);
}

fn iso_f32_to_bf16(f: f32) -> u32 {
    let bits = bitcast<u32>(f);
    if ((bits & 0x7fffffffu) > 0x7f800000u) {
        return (bits >> 16u) | 0x40u;
    }
    return (bits + 0x7fffu + ((bits >> 16u) & 1u)) >> 16u;
}
