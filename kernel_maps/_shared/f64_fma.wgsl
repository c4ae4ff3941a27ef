// x*y and x*y + z in double, each with one rounding, in integers. Needs u64, u128, f64.

fn iso_f64_fma(x: vec2<u32>, y: vec2<u32>, z: vec2<u32>) -> vec2<u32> {
    let sign = (x.x ^ y.x) & 0x80000000u;
    if (!(iso_f64_is_finite(x) && iso_f64_is_finite(y) && iso_f64_is_finite(z))) {
        let infinite = iso_f64_is_inf(x) || iso_f64_is_inf(y);
        let nothing = infinite && (iso_f64_is_zero(x) || iso_f64_is_zero(y) || (iso_f64_is_inf(z) && (z.x & 0x80000000u) != sign));
        if (nothing || iso_f64_is_nan(x) || iso_f64_is_nan(y) || iso_f64_is_nan(z)) {
            return ISO_F64_NAN;
        }
        return select(z, vec2<u32>(sign | 0x7ff00000u, 0u), infinite);
    }
    if (iso_f64_is_zero(x) || iso_f64_is_zero(y)) {
        return select(z, vec2<u32>(sign & z.x, 0u), iso_f64_is_zero(z));
    }
    let a = iso_f64_parts(x);
    let b = iso_f64_parts(y);
    let c = iso_f64_parts(z);
    // both leave bit 127 for the carry; the product leads in bit 126 or 125, whose 106 bits no shift shortens where they could cancel
    let product_e = a.e + b.e + 1;
    let e = select(max(product_e, c.e), product_e, iso_f64_is_zero(z));
    var product = iso_u128_product(a.m, iso_u64_shr(b.m, 1u));
    var addend = vec4<u32>(iso_u64_shr(c.m, 1u), 0u, 0u);
    let lower = product_e < e;
    let lowered = iso_u128_shr_sticky(select(addend, product, lower), u32(select(max(e - c.e, 0), e - product_e, lower)));
    product = select(product, lowered, lower);
    addend = select(lowered, addend, lower);
    var sum = iso_u128_add(product, addend);
    var sum_sign = sign;
    if (sign != c.sign) {
        let turned = iso_u128_less(product, addend);
        sum = iso_u128_sub(select(product, addend, turned), select(addend, product, turned));
        sum_sign = select(sign, c.sign, turned);
        if (all(sum == vec4<u32>(0u))) {
            return vec2<u32>(0u, 0u);
        }
    }
    let zeros = iso_u128_clz(sum);
    let n = iso_u128_shl(sum, zeros);
    return iso_f64_round(sum_sign, e + 1 - i32(zeros), vec2<u32>(n.x, n.y | u32((n.z | n.w) != 0u)));
}

fn iso_f64_mul(x: vec2<u32>, y: vec2<u32>) -> vec2<u32> {
    let sign = (x.x ^ y.x) & 0x80000000u;
    if (!(iso_f64_is_finite(x) && iso_f64_is_finite(y))) {
        let nothing = iso_f64_is_zero(x) || iso_f64_is_zero(y) || iso_f64_is_nan(x) || iso_f64_is_nan(y);
        return select(vec2<u32>(sign | 0x7ff00000u, 0u), ISO_F64_NAN, nothing);
    }
    let a = iso_f64_parts(x);
    let b = iso_f64_parts(y);
    let product = iso_u128_product(a.m, b.m);
    let zeros = 1u - (product.x >> 31u);
    let m = iso_u64_shl(product.xy, zeros) | vec2<u32>(0u, (product.z >> 31u) & zeros);
    return iso_f64_round(sign, a.e + b.e + 1 - i32(zeros), vec2<u32>(m.x, m.y | u32(((product.z << zeros) | product.w) != 0u)));
}
