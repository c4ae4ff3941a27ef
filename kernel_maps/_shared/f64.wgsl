// Double arithmetic in integers: the 64 bits of a double as vec2<u32>(high, low), every operation rounded to nearest even, subnormals kept.
// Needs u64, f32. A NaN has no payload.

const ISO_F64_NAN = vec2<u32>(0x7ff80000u, 0u);

// A finite value: m / 2^63 * 2^e with bit 63 of m set, or m = 0.
struct IsoF64 {
    sign: u32,
    e: i32,
    m: vec2<u32>,
}

fn iso_f64_parts(x: vec2<u32>) -> IsoF64 {
    let field = (x.x >> 20u) & 0x7ffu;
    let normal = iso_u64_shl(vec2<u32>((x.x & 0xfffffu) | 0x100000u, x.y), 11u);
    if (field != 0u) {
        return IsoF64(x.x & 0x80000000u, i32(field) - 1023, normal);
    }
    let fraction = vec2<u32>(x.x & 0xfffffu, x.y);
    let zeros = iso_u64_clz(fraction);
    return IsoF64(x.x & 0x80000000u, -1011 - i32(zeros), iso_u64_shl(fraction, min(zeros, 63u)));
}

// The double nearest to m / 2^63 * 2^e; bit 63 of m is set, or m = 0. Bits that m lost before are or-ed into bit 0.
fn iso_f64_round(sign: u32, e: i32, m: vec2<u32>) -> vec2<u32> {
    if ((m.x | m.y) == 0u) {
        return vec2<u32>(sign, 0u);
    }
    if (e > 1023) {
        return vec2<u32>(sign | 0x7ff00000u, 0u);
    }
    let least = max(e, -1022);
    let n = iso_u64_shr_sticky(m, u32(least - e));
    let kept = iso_u64_shr(n, 11u);
    let up = (n.y >> 10u) & (u32((n.y & 0x3ffu) != 0u) | kept.y) & 1u;
    let r = iso_u64_add(kept, vec2<u32>(u32(least + 1022) << 20u, up));
    return vec2<u32>(sign | r.x, r.y);
}

fn iso_f64_is_nan(x: vec2<u32>) -> bool {
    return iso_u64_less(vec2<u32>(0x7ff00000u, 0u), vec2<u32>(x.x & 0x7fffffffu, x.y));
}

fn iso_f64_is_inf(x: vec2<u32>) -> bool {
    return (x.x & 0x7fffffffu) == 0x7ff00000u && x.y == 0u;
}

fn iso_f64_is_zero(x: vec2<u32>) -> bool {
    return ((x.x & 0x7fffffffu) | x.y) == 0u;
}

// NaN and infinity have the largest exponent.
fn iso_f64_is_finite(x: vec2<u32>) -> bool {
    return (x.x & 0x7fffffffu) < 0x7ff00000u;
}

fn iso_f64_neg(x: vec2<u32>) -> vec2<u32> {
    return vec2<u32>(x.x ^ 0x80000000u, x.y);
}

fn iso_f64_from_u32(v: u32) -> vec2<u32> {
    let zeros = countLeadingZeros(v);
    return iso_f64_round(0u, 31 - i32(zeros), vec2<u32>(v << (zeros & 31u), 0u));
}

fn iso_f64_from_i32(v: i32) -> vec2<u32> {
    let size = iso_f64_from_u32(select(u32(v), 0u - u32(v), v < 0));
    return vec2<u32>(size.x | (u32(v) & 0x80000000u), size.y);
}

fn iso_f64_from_f32(f: f32) -> vec2<u32> {
    let bits = bitcast<u32>(f);
    let size = bits & 0x7fffffffu;
    if (size >= 0x7f800000u) {
        return select(vec2<u32>((bits & 0x80000000u) | 0x7ff00000u, 0u), ISO_F64_NAN, size > 0x7f800000u);
    }
    let x = iso_f32_parts(bits);
    return iso_f64_round(x.sign, x.e, vec2<u32>(x.m, 0u));
}

fn iso_f64_to_f32(x: vec2<u32>) -> f32 {
    if (!iso_f64_is_finite(x)) {
        return bitcast<f32>(select((x.x & 0x80000000u) | 0x7f800000u, 0x7fc00000u, iso_f64_is_nan(x)));
    }
    let v = iso_f64_parts(x);
    return bitcast<f32>(iso_f32_round(v.sign, v.e, v.m));
}

// Toward zero, |x| < 2^31.
fn iso_f64_to_i32(x: vec2<u32>) -> i32 {
    let v = iso_f64_parts(x);
    let size = i32(select(v.m.x >> u32(clamp(31 - v.e, 0, 31)), 0u, v.e < 0));
    return select(size, -size, v.sign != 0u);
}

fn iso_f64_add(x: vec2<u32>, y: vec2<u32>) -> vec2<u32> {
    let turned = iso_u64_less(vec2<u32>(x.x & 0x7fffffffu, x.y), vec2<u32>(y.x & 0x7fffffffu, y.y));
    let large = select(x, y, turned);
    let small = select(y, x, turned);
    let unlike = ((x.x ^ y.x) >> 31u) != 0u;
    if (!iso_f64_is_finite(large)) {
        return select(large, ISO_F64_NAN, iso_f64_is_nan(large) || (unlike && iso_f64_is_inf(small)));
    }
    let a = iso_f64_parts(large);
    let b = iso_f64_parts(small);
    // one bit for the carry; ten below the last place, of which cancellation takes one where a bit may be lost
    let am = iso_u64_shr(a.m, 1u);
    let bm = iso_u64_shr_sticky(iso_u64_shr(b.m, 1u), u32(a.e - b.e));
    var sum = iso_u64_add(am, bm);
    if (unlike) {
        sum = iso_u64_sub(am, bm);
    }
    if ((sum.x | sum.y) == 0u) {
        return vec2<u32>(select(a.sign, 0u, unlike), 0u);
    }
    let zeros = iso_u64_clz(sum);
    return iso_f64_round(a.sign, a.e + 1 - i32(zeros), iso_u64_shl(sum, zeros));
}

fn iso_f64_sub(x: vec2<u32>, y: vec2<u32>) -> vec2<u32> {
    return iso_f64_add(x, iso_f64_neg(y));
}

fn iso_f64_less(x: vec2<u32>, y: vec2<u32>) -> bool {
    if (iso_f64_is_nan(x) || iso_f64_is_nan(y) || (iso_f64_is_zero(x) && iso_f64_is_zero(y))) {
        return false;
    }
    let x_below = (x.x >> 31u) != 0u;
    let y_below = (y.x >> 31u) != 0u;
    if (x_below != y_below) {
        return x_below;
    }
    return iso_u64_less(select(x, y, x_below), select(y, x, x_below));
}
