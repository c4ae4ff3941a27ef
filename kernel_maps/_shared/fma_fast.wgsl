// x*y + z with one rounding: by error-free steps where they are right, in integers elsewhere. Needs keep, u64, f32, fma, fma_near.

fn iso_fma_fast(x: f32, y: f32, z: f32) -> f32 {
    let x_field = (bitcast<u32>(x) >> 23u) & 0xffu;
    let y_field = (bitcast<u32>(y) >> 23u) & 0xffu;
    let z_field = (bitcast<u32>(z) >> 23u) & 0xffu;
    let product = x_field + y_field; // 254 stands for 2^0 times 2^0
    let middle = min(x_field, y_field) >= 27u && max(x_field, y_field) <= 226u && product >= 180u && product <= 372u;
    let nothing = ((bitcast<u32>(x) << 1u) == 0u && y_field < 227u) || ((bitcast<u32>(y) << 1u) == 0u && x_field < 227u);
    if ((middle || nothing) && ((z_field >= 28u && z_field <= 246u) || (bitcast<u32>(z) << 1u) == 0u)) {
        return iso_fma_near(x, y, z);
    }
    return iso_fma(x, y, z);
}
