// f32 taken apart and put together by its bits, subnormals included. Needs u64.

// A finite value: m / 2^31 * 2^e with bit 31 of m set, or m = 0.
struct IsoF32 {
    sign: u32,
    e: i32,
    m: u32,
}

fn iso_f32_parts(bits: u32) -> IsoF32 {
    let field = (bits >> 23u) & 0xffu;
    let fraction = bits & 0x7fffffu;
    let zeros = countLeadingZeros(fraction);
    let normal = IsoF32(bits & 0x80000000u, i32(field) - 127, (fraction | 0x800000u) << 8u);
    if (field != 0u) {
        return normal;
    }
    return IsoF32(normal.sign, -118 - i32(zeros), fraction << (zeros & 31u));
}

// The f32 nearest to m / 2^63 * 2^e, ties to even; bit 63 of m is set, or m = 0.
fn iso_f32_round(sign: u32, e: i32, m: vec2<u32>) -> u32 {
    if ((m.x | m.y) == 0u) {
        return sign;
    }
    if (e > 127) {
        return sign | 0x7f800000u;
    }
    let least = max(e, -126);
    let n = iso_u64_shr_sticky(m, u32(least - e));
    let rest = u32(((n.x & 0x7fu) | n.y) != 0u);
    let kept = n.x >> 8u;
    let up = (n.x >> 7u) & (rest | kept) & 1u;
    return sign | ((u32(least + 126) << 23u) + kept + up);
}
