// x*y + z with one rounding, in integers: right for every operand on every device. Needs u64, f32. A NaN has no payload.

fn iso_fma_bits(a: u32, b: u32, c: u32) -> u32 {
    let a_size = a & 0x7fffffffu;
    let b_size = b & 0x7fffffffu;
    let c_size = c & 0x7fffffffu;
    let sign = (a ^ b) & 0x80000000u;
    let c_sign = c & 0x80000000u;
    if (max(max(a_size, b_size), c_size) >= 0x7f800000u) {
        let infinite = max(a_size, b_size) == 0x7f800000u;
        if (max(max(a_size, b_size), c_size) > 0x7f800000u || (infinite && (min(a_size, b_size) == 0u || (c_size == 0x7f800000u && c_sign != sign)))) {
            return 0x7fc00000u;
        }
        return select(c, sign | 0x7f800000u, infinite);
    }
    if (min(a_size, b_size) == 0u) {
        return select(c, sign & c_sign, c_size == 0u);
    }
    let x = iso_f32_parts(a);
    let y = iso_f32_parts(b);
    let z = iso_f32_parts(c);
    // both leave bit 63 for the carry; the product leads in bit 62 or 61, whose 48 bits no shift shortens where they could cancel
    let product_e = x.e + y.e + 1;
    let e = select(max(product_e, z.e), product_e, c_size == 0u);
    var product = iso_u64_product(x.m, y.m >> 1u);
    var addend = vec2<u32>(z.m >> 1u, 0u);
    let lower = product_e < e;
    let lowered = iso_u64_shr_sticky(select(addend, product, lower), u32(select(max(e - z.e, 0), e - product_e, lower)));
    product = select(product, lowered, lower);
    addend = select(lowered, addend, lower);
    var sum = iso_u64_add(product, addend);
    var sum_sign = sign;
    if (sign != c_sign) {
        let turned = iso_u64_less(product, addend);
        sum = iso_u64_sub(select(product, addend, turned), select(addend, product, turned));
        sum_sign = select(sign, c_sign, turned);
        if ((sum.x | sum.y) == 0u) {
            return 0u;
        }
    }
    let zeros = iso_u64_clz(sum);
    return iso_f32_round(sum_sign, e + 1 - i32(zeros), iso_u64_shl(sum, zeros));
}

fn iso_fma(x: f32, y: f32, z: f32) -> f32 {
    return bitcast<f32>(iso_fma_bits(bitcast<u32>(x), bitcast<u32>(y), bitcast<u32>(z)));
}
