// rope_angles.i32.glibc_fma.wgsl
@group(0) @binding(0) var<storage, read> pos: array<i32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
struct Params {
    r: u32,
    pos_at: u32,
    zero: u32,
}
@group(0) @binding(2) var<uniform> p: Params;

// A value that the compiler cannot see through: no rounding before it is fused with, folded into or moved across an operation after it.

fn iso_keep(v: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(v) ^ p.zero);
}

// Unsigned 64-bit integers as vec2<u32>(high, low).

fn iso_u64_add(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    let low = a.y + b.y;
    return vec2<u32>(a.x + b.x + u32(low < b.y), low);
}

fn iso_u64_sub(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    return vec2<u32>(a.x - b.x - u32(a.y < b.y), a.y - b.y);
}

fn iso_u64_less(a: vec2<u32>, b: vec2<u32>) -> bool {
    return a.x < b.x || (a.x == b.x && a.y < b.y);
}

// Shifts by less than 64.
fn iso_u64_shl(a: vec2<u32>, n: u32) -> vec2<u32> {
    let s = n & 31u;
    let low = a.y << s;
    let high = (a.x << s) | ((a.y >> 1u) >> (31u - s));
    return select(vec2<u32>(high, low), vec2<u32>(low, 0u), n >= 32u);
}

fn iso_u64_shr(a: vec2<u32>, n: u32) -> vec2<u32> {
    let s = n & 31u;
    let high = a.x >> s;
    let low = (a.y >> s) | ((a.x << 1u) << (31u - s));
    return select(vec2<u32>(high, low), vec2<u32>(0u, high), n >= 32u);
}

// Any shift; a one that is lost stays as the lowest bit.
fn iso_u64_shr_sticky(a: vec2<u32>, n: u32) -> vec2<u32> {
    let s = min(n, 63u);
    let kept = iso_u64_shr(a, s);
    let lost = a ^ iso_u64_shl(kept, s);
    return vec2<u32>(kept.x, kept.y | u32((lost.x | lost.y) != 0u));
}

// Zeros before the leading one; 64 of zero.
fn iso_u64_clz(a: vec2<u32>) -> u32 {
    return select(countLeadingZeros(a.x), 32u + countLeadingZeros(a.y), a.x == 0u);
}

fn iso_u64_product(a: u32, b: u32) -> vec2<u32> {
    let al = a & 0xffffu;
    let ah = a >> 16u;
    let bl = b & 0xffffu;
    let bh = b >> 16u;
    let low = al * bl;
    let first = ah * bl + (low >> 16u);
    let second = al * bh + (first & 0xffffu);
    return vec2<u32>(ah * bh + (first >> 16u) + (second >> 16u), (second << 16u) | (low & 0xffffu));
}

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

// Unsigned 128-bit integers as vec4<u32>, the highest word first. Needs u64.

fn iso_u128_add(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
    let low = iso_u64_add(a.zw, b.zw);
    let high = iso_u64_add(iso_u64_add(a.xy, b.xy), vec2<u32>(0u, u32(iso_u64_less(low, b.zw))));
    return vec4<u32>(high, low);
}

fn iso_u128_sub(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
    let high = iso_u64_sub(iso_u64_sub(a.xy, b.xy), vec2<u32>(0u, u32(iso_u64_less(a.zw, b.zw))));
    return vec4<u32>(high, iso_u64_sub(a.zw, b.zw));
}

fn iso_u128_less(a: vec4<u32>, b: vec4<u32>) -> bool {
    return iso_u64_less(a.xy, b.xy) || (all(a.xy == b.xy) && iso_u64_less(a.zw, b.zw));
}

fn iso_u128_product(a: vec2<u32>, b: vec2<u32>) -> vec4<u32> {
    let low = iso_u64_product(a.y, b.y);
    let first = iso_u64_product(a.x, b.y);
    let second = iso_u64_product(a.y, b.x);
    let high = iso_u64_product(a.x, b.x);
    let outer = vec4<u32>(high, low);
    return iso_u128_add(iso_u128_add(outer, vec4<u32>(0u, first, 0u)), vec4<u32>(0u, second, 0u));
}

// Shifts by less than 128.
fn iso_u128_shl(a: vec4<u32>, n: u32) -> vec4<u32> {
    var w = select(a, vec4<u32>(a.zw, 0u, 0u), n >= 64u);
    w = select(w, vec4<u32>(w.yzw, 0u), (n & 32u) != 0u);
    let s = n & 31u;
    return (w << vec4<u32>(s)) | ((vec4<u32>(w.yzw, 0u) >> vec4<u32>(1u)) >> vec4<u32>(31u - s));
}

fn iso_u128_shr(a: vec4<u32>, n: u32) -> vec4<u32> {
    var w = select(a, vec4<u32>(0u, 0u, a.xy), n >= 64u);
    w = select(w, vec4<u32>(0u, w.xyz), (n & 32u) != 0u);
    let s = n & 31u;
    return (w >> vec4<u32>(s)) | ((vec4<u32>(0u, w.xyz) << vec4<u32>(1u)) << vec4<u32>(31u - s));
}

// Any shift; a one that is lost stays as the lowest bit.
fn iso_u128_shr_sticky(a: vec4<u32>, n: u32) -> vec4<u32> {
    let s = min(n, 127u);
    let kept = iso_u128_shr(a, s);
    return kept | vec4<u32>(0u, 0u, 0u, u32(any(a != iso_u128_shl(kept, s))));
}

// Zeros before the leading one; 128 of zero.
fn iso_u128_clz(a: vec4<u32>) -> u32 {
    return select(iso_u64_clz(a.xy), 64u + iso_u64_clz(a.zw), (a.x | a.y) == 0u);
}

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

// a / b to nearest even, in integers: devices may divide less exactly. Needs u64, f32. A NaN has no payload.

fn iso_div_bits(a: u32, b: u32) -> u32 {
    let a_size = a & 0x7fffffffu;
    let b_size = b & 0x7fffffffu;
    let sign = (a ^ b) & 0x80000000u;
    if (max(a_size, b_size) > 0x7f800000u || (a_size == b_size && (a_size == 0u || a_size == 0x7f800000u))) {
        return 0x7fc00000u;
    }
    if (a_size == 0x7f800000u || b_size == 0u) {
        return sign | 0x7f800000u;
    }
    if (a_size == 0u || b_size == 0x7f800000u) {
        return sign;
    }
    let x = iso_f32_parts(a);
    let y = iso_f32_parts(b);
    let divisor = y.m >> 8u;
    var rest = x.m >> 8u;
    let smaller = rest < divisor;
    rest = (rest << u32(smaller)) - divisor;
    var quotient = 1u;
    for (var i = 0u; i < 25u; i++) {
        rest = rest << 1u;
        let bit = rest >= divisor;
        rest = rest - select(0u, divisor, bit);
        quotient = (quotient << 1u) | u32(bit);
    }
    return iso_f32_round(sign, x.e - y.e - i32(smaller), vec2<u32>((quotient << 6u) | u32(rest != 0u), 0u));
}

fn iso_div(a: f32, b: f32) -> f32 {
    return bitcast<f32>(iso_div_bits(bitcast<u32>(a), bitcast<u32>(b)));
}

// expf with the bits of glibc 2.28 and later on x86-64 with FMA, in double arithmetic by integers. Needs u64, f32, u128, f64, f64_fma.
//
// x/ln2 = k/32 + r/32: exp(x) = 2^(k/32) * p(r). The product x*32/ln2 is never rounded on its own: it is fused into the addition that
// rounds it to an integer, and again into the subtraction that leaves the remainder.

// 2^(i/32) rounded to double, less i in units of 1/32 of the exponent, so that adding k<<47 gives 2^(k/32).
const ISO_EXP2_TABLE = array<vec2<u32>, 32>(
    vec2<u32>(0x3ff00000u, 0x00000000u), vec2<u32>(0x3fefd9b0u, 0xd3158574u), vec2<u32>(0x3fefb558u, 0x6cf9890fu),
    vec2<u32>(0x3fef9301u, 0xd0125b51u), vec2<u32>(0x3fef72b8u, 0x3c7d517bu), vec2<u32>(0x3fef5487u, 0x3168b9aau),
    vec2<u32>(0x3fef387au, 0x6e756238u), vec2<u32>(0x3fef1e9du, 0xf51fdee1u), vec2<u32>(0x3fef06feu, 0x0a31b715u),
    vec2<u32>(0x3feef1a7u, 0x373aa9cbu), vec2<u32>(0x3feedea6u, 0x4c123422u), vec2<u32>(0x3feece08u, 0x6061892du),
    vec2<u32>(0x3feebfdau, 0xd5362a27u), vec2<u32>(0x3feeb42bu, 0x569d4f82u), vec2<u32>(0x3feeab07u, 0xdd485429u),
    vec2<u32>(0x3feea47eu, 0xb03a5585u), vec2<u32>(0x3feea09eu, 0x667f3bcdu), vec2<u32>(0x3fee9f75u, 0xe8ec5f74u),
    vec2<u32>(0x3feea114u, 0x73eb0187u), vec2<u32>(0x3feea589u, 0x994cce13u), vec2<u32>(0x3feeace5u, 0x422aa0dbu),
    vec2<u32>(0x3feeb737u, 0xb0cdc5e5u), vec2<u32>(0x3feec491u, 0x82a3f090u), vec2<u32>(0x3feed503u, 0xb23e255du),
    vec2<u32>(0x3feee89fu, 0x995ad3adu), vec2<u32>(0x3feeff76u, 0xf2fb5e47u), vec2<u32>(0x3fef199bu, 0xdd85529cu),
    vec2<u32>(0x3fef3720u, 0xdcef9069u), vec2<u32>(0x3fef5818u, 0xdcfba487u), vec2<u32>(0x3fef7c97u, 0x337b9b5fu),
    vec2<u32>(0x3fefa4afu, 0xa2a490dau), vec2<u32>(0x3fefd076u, 0x5b6e4540u),
);

// 2^(k/32) for the k in the low bits of kr.
fn iso_exp2_part(kr: vec2<u32>) -> vec2<u32> {
    var table = ISO_EXP2_TABLE;
    let s = table[kr.y & 31u];
    return vec2<u32>(s.x + (kr.y << 15u), s.y);
}

fn iso_glibc_expf(x: f32) -> f32 {
    let bits = bitcast<u32>(x);
    if ((bits & 0x7fffffffu) > 0x7f800000u) {
        return x;
    }
    if (x > 0x1.62e42ep6f) { // exp(x) >= 2^128
        return bitcast<f32>(0x7f800000u ^ p.zero);
    }
    if (x < -0x1.9fe368p6f) { // exp(x) < 2^-150
        return 0.0;
    }
    let scale = vec2<u32>(0x40471547u, 0x652b82feu); // 32/ln2
    let round = vec2<u32>(0x43380000u, 0x00000000u); // adding it rounds to an integer, held in the low mantissa bits
    let wide = iso_f64_from_f32(x);
    let kr = iso_f64_fma(scale, wide, round);
    let r = iso_f64_fma(scale, wide, iso_f64_sub(round, kr));
    let s = iso_exp2_part(kr);
    let hi = iso_f64_fma(vec2<u32>(0x3ebc6af8u, 0x4b912394u), r, vec2<u32>(0x3f2ebfceu, 0x50fac4f3u)); // 0x1.c6af84b912394p-20, 0x1.ebfce50fac4f3p-13
    let lo = iso_f64_fma(vec2<u32>(0x3f962e42u, 0xff0c52d6u), r, vec2<u32>(0x3ff00000u, 0x00000000u)); // 0x1.62e42ff0c52d6p-6, 1
    return iso_f64_to_f32(iso_f64_mul(iso_f64_fma(hi, iso_f64_mul(r, r), lo), s));
}

// powf with the bits of glibc 2.28 and later on x86-64 with FMA, for positive normal x and finite y. Needs u64, f32, u128, f64, f64_fma,
// glibc_expf.
//
// x = 2^k * z with z in one of 16 intervals around 1, each with a point c: log2(x) = k + log2(c) + log2(z/c). The product with y is split
// into an integer and a remainder in units of 1/32, as in expf, whose table it shares.

// 1/c and log2(c), c near the middle of interval i of [0x1.66p-1, 0x1.66p0).
const ISO_LOG2_TABLE = array<vec4<u32>, 16>(
    vec4<u32>(0x3ff661ecu, 0x79f8f3beu, 0xbfdefec6u, 0x5b963019u), vec4<u32>(0x3ff571edu, 0x4aaf883du, 0xbfdb0b68u, 0x32d4fca4u),
    vec4<u32>(0x3ff49539u, 0xf0f010b0u, 0xbfd7418bu, 0x0a1fb77bu), vec4<u32>(0x3ff3c995u, 0xb0b80385u, 0xbfd39de9u, 0x1a6dcf7bu),
    vec4<u32>(0x3ff30d19u, 0x0c8864a5u, 0xbfd01d9bu, 0xf3f2b631u), vec4<u32>(0x3ff25e22u, 0x7b0b8ea0u, 0xbfc97c1du, 0x1b3b7af0u),
    vec4<u32>(0x3ff1bb4au, 0x4a1a343fu, 0xbfc2f9e3u, 0x93af3c9fu), vec4<u32>(0x3ff12358u, 0xf08ae5bau, 0xbfb960cbu, 0xbf788d5cu),
    vec4<u32>(0x3ff0953fu, 0x419900a7u, 0xbfaa6f9du, 0xb6475fceu), vec4<u32>(0x3ff00000u, 0x00000000u, 0x00000000u, 0x00000000u),
    vec4<u32>(0x3fee608cu, 0xfd9a47acu, 0x3fb338cau, 0x9f24f53du), vec4<u32>(0x3feca4b3u, 0x1f026aa0u, 0x3fc476a9u, 0x543891bau),
    vec4<u32>(0x3feb2036u, 0x576afce6u, 0x3fce840bu, 0x4ac4e4d2u), vec4<u32>(0x3fe9c2d1u, 0x63a1aa2du, 0x3fd40645u, 0xf0c6651cu),
    vec4<u32>(0x3fe886e6u, 0x037841edu, 0x3fd88e9cu, 0x2c1b9ff8u), vec4<u32>(0x3fe767dcu, 0xf5534862u, 0x3fdce0a4u, 0x4eb17bccu),
);

fn iso_glibc_powf(x: f32, y: f32) -> f32 {
    let offset = bitcast<u32>(x) - 0x3f330000u;
    var table = ISO_LOG2_TABLE;
    let point = table[(offset >> 19u) & 15u];
    let exponent = offset & 0xff800000u;
    let z = iso_f64_from_f32(bitcast<f32>(bitcast<u32>(x) - exponent));
    let k = iso_f64_from_i32(bitcast<i32>(exponent) >> 23u);
    let r = iso_f64_fma(z, point.xy, vec2<u32>(0xbff00000u, 0x00000000u));
    let r2 = iso_f64_mul(r, r);
    let a = iso_f64_fma(vec2<u32>(0x3fd27616u, 0xc9496e0bu), r, vec2<u32>(0xbfd71969u, 0xa075c67au)); // 0x1.27616c9496e0bp-2, -0x1.71969a075c67ap-2
    let b = iso_f64_fma(vec2<u32>(0x3fdec70au, 0x6ca7baddu), r, vec2<u32>(0xbfe71547u, 0x48bef6c8u)); // 0x1.ec70a6ca7baddp-2, -0x1.7154748bef6c8p-1
    let c = iso_f64_fma(vec2<u32>(0x3ff71547u, 0x652ab82bu), r, iso_f64_add(point.zw, k)); // 0x1.71547652ab82bp+0
    let power = iso_f64_mul(iso_f64_from_f32(y), iso_f64_fma(a, iso_f64_mul(r2, r2), iso_f64_fma(b, r2, c))); // y * log2(x)
    if (iso_f64_less(vec2<u32>(0x405fffffu, 0xffd1d571u), power)) { // rounds to 2^128
        return bitcast<f32>(0x7f800000u ^ p.zero);
    }
    if (!iso_f64_less(vec2<u32>(0xc062c000u, 0x00000000u), power)) {
        return 0.0;
    }
    let round = vec2<u32>(0x42e80000u, 0x00000000u); // adding it rounds to a multiple of 1/32, held in the low mantissa bits
    let kr = iso_f64_add(power, round);
    let t = iso_f64_sub(power, iso_f64_sub(kr, round));
    let hi = iso_f64_fma(vec2<u32>(0x3fac6af8u, 0x4b912394u), t, vec2<u32>(0x3fcebfceu, 0x50fac4f3u)); // 0x1.c6af84b912394p-5, 0x1.ebfce50fac4f3p-3
    let lo = iso_f64_fma(vec2<u32>(0x3fe62e42u, 0xff0c52d6u), t, vec2<u32>(0x3ff00000u, 0x00000000u)); // 0x1.62e42ff0c52d6p-1, 1
    return iso_f64_to_f32(iso_f64_mul(iso_f64_fma(hi, iso_f64_mul(t, t), lo), iso_exp2_part(kr)));
}

// sinf and cosf with the bits of glibc 2.28 and later on x86-64 with FMA, in double arithmetic by integers. Needs u64, f32, u128, f64,
// f64_fma.
//
// x = n*pi/2 + r with |r| <= pi/4 (about): n picks sine or cosine of r and the sign. Below 120 the remainder is one fused step; above, x
// is multiplied by 96 bits of 2/pi, of which only the fraction modulo 4 is kept.

// Bits of 2/pi: element i starts 8*i bits further right than element 0, which ends with the leading byte.
const ISO_TWO_OVER_PI = array<u32, 24>(
    0x000000a2u, 0x0000a2f9u, 0x00a2f983u, 0xa2f9836eu, 0xf9836e4eu, 0x836e4e44u, 0x6e4e4415u, 0x4e441529u,
    0x441529fcu, 0x1529fc27u, 0x29fc2757u, 0xfc2757d1u, 0x2757d1f5u, 0x57d1f534u, 0xd1f534ddu, 0xf534ddc0u,
    0x34ddc0dbu, 0xddc0db62u, 0xc0db6295u, 0xdb629599u, 0x6295993cu, 0x95993c43u, 0x993c4390u, 0x3c439041u,
);

struct IsoTurn {
    r: vec2<u32>,
    quadrant: u32,
}

// |x| >= 120.
fn iso_reduce_half_pi_large(bits: u32) -> IsoTurn {
    var table = ISO_TWO_OVER_PI;
    let at = (bits >> 26u) & 15u;
    let m = ((bits & 0x7fffffu) | 0x800000u) << ((bits >> 23u) & 7u);
    let low = iso_u64_product(m, table[at + 8u]).x;
    // |x| * 2/pi modulo 4, 62 fraction bits
    let turn = iso_u64_add(vec2<u32>(m * table[at], low), iso_u64_product(m, table[at + 4u]));
    let n = ((turn.x + 0x20000000u) >> 30u) & 3u;
    let rest = vec2<u32>(turn.x - (n << 30u), turn.y);
    let below = rest.x >> 31u;
    let size = select(rest, iso_u64_sub(vec2<u32>(0u, 0u), rest), below != 0u);
    let zeros = iso_u64_clz(size);
    let whole = iso_f64_round(below << 31u, 63 - i32(zeros), iso_u64_shl(size, min(zeros, 63u)));
    let r = iso_f64_mul(whole, vec2<u32>(0x3c1921fbu, 0x54442d18u)); // 0x1.921fb54442d18p-62
    let sign = bits & 0x80000000u;
    return IsoTurn(vec2<u32>(r.x ^ sign, r.y), select(n, (0u - n) & 3u, sign != 0u));
}

fn iso_reduce_half_pi(x: f32) -> IsoTurn {
    let bits = bitcast<u32>(x);
    if ((bits & 0x7fffffffu) >= 0x42f00000u) {
        return iso_reduce_half_pi_large(bits);
    }
    let wide = iso_f64_from_f32(x);
    let q = iso_f64_to_i32(iso_f64_mul(wide, vec2<u32>(0x41645f30u, 0x6dc9c883u))); // x * 2/pi * 2^24, 0x1.45f306dc9c883p+23
    let n = (q + 0x800000) >> 24u;
    let r = iso_f64_fma(iso_f64_from_i32(-n), vec2<u32>(0x3ff921fbu, 0x54442d18u), wide); // 0x1.921fb54442d18p+0
    return IsoTurn(r, u32(n) & 3u);
}

// The sine (x) and the cosine (y).
fn iso_glibc_sincosf(x: f32) -> vec2<f32> {
    let bits = bitcast<u32>(x);
    if ((bits & 0x7fffffffu) < 0x39800000u) { // |x| < 2^-12
        return vec2<f32>(x, 1.0);
    }
    if ((bits & 0x7fffffffu) >= 0x7f800000u) {
        return vec2<f32>(bitcast<f32>(0x7fc00000u ^ p.zero));
    }
    let turn = iso_reduce_half_pi(x);
    let r = turn.r;
    let r2 = iso_f64_mul(r, r);
    let one = vec2<u32>(0x3ff00000u, 0x00000000u);
    var part = array<f32, 2>(0.0, 0.0);
    // first the sine of r, then its cosine: coefficients of the two highest terms, of the third, and the two lowest terms
    var highest = array<vec2<u32>, 2>(vec2<u32>(0xbf2994ebu, 0x3774cf24u), vec2<u32>(0x3ef99343u, 0x027bf8c3u)); // -0x1.994eb3774cf24p-13, 0x1.99343027bf8c3p-16
    var second = array<vec2<u32>, 2>(vec2<u32>(0x3f811076u, 0x05230bc4u), vec2<u32>(0xbf56c087u, 0xe89a359du)); // 0x1.1107605230bc4p-7, -0x1.6c087e89a359dp-10
    var third = array<vec2<u32>, 2>(vec2<u32>(0xbfc55554u, 0x5995a603u), vec2<u32>(0x3fa55553u, 0xe1068f19u)); // -0x1.555545995a603p-3, 0x1.55553e1068f19p-5
    for (var i = 0u; i < 2u; i++) {
        let third_power = iso_f64_mul(select(r, r2, i == 1u), r2);
        let second_power = iso_f64_mul(third_power, r2);
        let lowest = select(r, iso_f64_fma(vec2<u32>(0xbfdfffffu, 0xfd0c621cu), r2, one), i == 1u); // -0x1.ffffffd0c621cp-2
        let hi = iso_f64_fma(highest[i], r2, second[i]);
        part[i] = iso_f64_to_f32(iso_f64_fma(hi, second_power, iso_f64_fma(third[i], third_power, lowest)));
    }
    let turned = (turn.quadrant & 1u) != 0u;
    let s = bitcast<u32>(select(part[0], part[1], turned)) ^ ((turn.quadrant & 2u) << 30u);
    let c = bitcast<u32>(select(part[1], part[0], turned)) ^ (((turn.quadrant + 1u) & 2u) << 30u);
    return vec2<f32>(bitcast<f32>(s), bitcast<f32>(c));
}

// An angle is the previous one times scale, rounded each time; an invocation makes one angle and those before it. 16 rows per workgroup.
const PAIRS = 72u / 2u;
const QUARTER = 72u / 4u;
const ROWS = 16u;

var<workgroup> scale: f32;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    if (lane == 0u) {
        scale = iso_glibc_powf(0x1.388p+13f, iso_div(-2.0, f32(i32(PAIRS))));
    }
    workgroupBarrier();
    let first = group.x * ROWS;
    let rows = min(ROWS, p.r - first);
    for (var i = lane; i < rows * PAIRS; i += 64u) {
        let row = first + i / PAIRS;
        let axis = i % PAIRS / QUARTER;
        var angle = f32(pos[p.pos_at + row * 2u + axis]);
        for (var j = i % PAIRS % QUARTER; j > 0u; j--) {
            angle = iso_keep(angle * scale);
        }
        let turned = iso_glibc_sincosf(angle);
        y[(first * PAIRS + i) * 2u] = turned.y;
        y[(first * PAIRS + i) * 2u + 1u] = turned.x;
    }
}
