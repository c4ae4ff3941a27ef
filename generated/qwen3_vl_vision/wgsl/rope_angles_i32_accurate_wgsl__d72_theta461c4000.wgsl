// rope_angles.i32.accurate.wgsl
@group(0) @binding(0) var<storage, read> pos: array<i32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
struct Params {
    r: u32,
    pos_at: u32,
    zero: u32,
}
@group(0) @binding(2) var<uniform> p: Params;

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

// x / y in double to nearest even, in integers, one bit at a time. Needs u64, f64.

fn iso_f64_div(x: vec2<u32>, y: vec2<u32>) -> vec2<u32> {
    let sign = (x.x ^ y.x) & 0x80000000u;
    let x_zero = iso_f64_is_zero(x);
    let y_zero = iso_f64_is_zero(y);
    let x_inf = iso_f64_is_inf(x);
    let y_inf = iso_f64_is_inf(y);
    if (iso_f64_is_nan(x) || iso_f64_is_nan(y) || (x_zero && y_zero) || (x_inf && y_inf)) {
        return ISO_F64_NAN;
    }
    if (x_inf || y_zero) {
        return vec2<u32>(sign | 0x7ff00000u, 0u);
    }
    if (x_zero || y_inf) {
        return vec2<u32>(sign, 0u);
    }
    let a = iso_f64_parts(x);
    let b = iso_f64_parts(y);
    let divisor = iso_u64_shr(b.m, 11u);
    var rest = iso_u64_shr(a.m, 11u);
    let smaller = iso_u64_less(rest, divisor);
    rest = iso_u64_sub(iso_u64_shl(rest, u32(smaller)), divisor);
    var quotient = vec2<u32>(0u, 1u);
    for (var i = 0u; i < 54u; i++) {
        rest = iso_u64_shl(rest, 1u);
        let bit = !iso_u64_less(rest, divisor);
        rest = iso_u64_sub(rest, select(vec2<u32>(0u, 0u), divisor, bit));
        quotient = iso_u64_shl(quotient, 1u) | vec2<u32>(0u, u32(bit));
    }
    let m = iso_u64_shl(quotient, 9u) | vec2<u32>(0u, u32((rest.x | rest.y) != 0u));
    return iso_f64_round(sign, a.e - b.e - i32(smaller), m);
}

// Powers, cosine and sine in double by their series, in integers. Needs u64, f32, u128, f64, f64_fma, f64_div.
//
// Every step is a fused one (a product has -0 added, a sum the factor 1) in one place of a loop: compilers write soft arithmetic out at every call,
// and take long over it. Before, 43 invocations call iso_trig_prepare, with a barrier after.

const ISO_TRIG_ONE = vec2<u32>(0x3ff00000u, 0u);
const ISO_TRIG_LESS = vec2<u32>(0xbff00000u, 0u); // -1
const ISO_TRIG_NONE = vec2<u32>(0x80000000u, 0u); // -0
const ISO_TRIG_WHOLE = vec2<u32>(0x43380000u, 0u); // 0x1.8p52: added and taken away it leaves a whole number

// 1/n for n = 1 .. 25, then -1 / (i*(i-1)) and -1 / (i*(i+1)) for i = 2, 4, .. 18.
var<workgroup> iso_trig_factors: array<vec2<u32>, 43>;

fn iso_trig_prepare(n: u32) {
    let i = 2u * ((n - 25u) % 9u + 1u);
    let divisor = select(i * select(i + 1u, i - 1u, n < 34u), n + 1u, n < 25u);
    let factor = iso_f64_div(ISO_TRIG_ONE, iso_f64_from_u32(divisor));
    iso_trig_factors[n] = vec2<u32>(factor.x | (u32(n >= 25u) << 31u), factor.y);
}

// base^exponent = e^(exponent * ln base), for a positive normal base. ln: base = m * 2^k with m near 1, ln m = 2 artanh((m - 1) / (m + 1)).
fn iso_trig_power(base: f32, exponent: vec2<u32>) -> vec2<u32> {
    let bits = bitcast<u32>(base);
    let k = i32((bits - 0x3f3504f4u) >> 23u); // m is in [sqrt(1/2), sqrt(2))
    let size = k - select(0, 512, k >= 256); // the shift lost the sign
    let shift = bits - (u32(size) << 23u);
    let m = i32((shift & 0x7fffffu) | 0x800000u);
    let half = i32(select(0x1000000u, 0x800000u, shift >= 0x3f800000u)); // 1 in the places of m
    let t = iso_f64_div(iso_f64_from_i32(m - half), iso_f64_from_i32(m + half));
    let whole = iso_f64_from_i32(size);
    var factor = t; // of a series: t*t, then the rest r
    var saved = t;
    var power = 0u;
    var last = vec2<u32>(0u, 0u);
    for (var step = 0u; step < (53u ^ p.zero); step++) {
        var a = last;
        var b = factor;
        var c = ISO_TRIG_NONE;
        if (step == 0u) { // t*t
            a = t;
        } else if (step < 14u) {
            c = iso_trig_factors[26u - 2u * step];
        } else if (step == 14u) { // 2t
            saved = last; // the series
            a = t;
            b = vec2<u32>(0x40000000u, 0u);
        } else if (step == 15u) {
            b = saved;
        } else if (step == 16u) {
            a = whole;
            b = vec2<u32>(0x3fe62e42u, 0xfefa39efu); // ln 2: 0x1.62e42fefa39efp-1
            c = last;
        } else if (step == 17u) {
            b = exponent;
        } else if (step == 18u) { // x/ln 2, to the whole number next to it
            saved = last;
            b = vec2<u32>(0x3ff71547u, 0x652b82feu); // 0x1.71547652b82fep+0
            c = ISO_TRIG_WHOLE;
        } else if (step == 19u) { // its negative
            power = last.y;
            b = ISO_TRIG_LESS;
            c = ISO_TRIG_WHOLE;
        } else if (step == 20u) {
            factor = last;
            b = vec2<u32>(0x3fe62e42u, 0xfefa39efu); // 0x1.62e42fefa39efp-1
            c = saved;
        } else if (step == 21u) {
            a = factor;
            b = vec2<u32>(0x3c7abc9eu, 0x3b39803fu); // 0x1.abc9e3b39803fp-56
            c = last;
        } else if (step < 52u) { // 15 times: the series by r, then by 1/i and 1 added
            if (step == 22u) {
                factor = last;
                a = ISO_TRIG_ONE;
            }
            let turn = (step - 22u) / 2u;
            let plus = step % 2u == 1u;
            b = select(factor, iso_trig_factors[14u - turn], plus);
            c = select(ISO_TRIG_NONE, ISO_TRIG_ONE, plus);
        } else {
            b = vec2<u32>((power << 20u) + 0x3ff00000u, 0u);
        }
        if (step == 1u) { // the series of ln begins with nothing
            factor = last;
            a = vec2<u32>(0u, 0u);
            b = factor;
        }
        last = iso_f64_fma(a, b, c);
    }
    return last;
}

// Cosine and sine of x = place * frequency, |x| <= 2^31, rounded to f32: x = n * pi/2 + r, their series in r, and the quadrant.
fn iso_trig_cos_sin(place: vec2<u32>, frequency: vec2<u32>) -> vec2<f32> {
    var x = place;
    var r = place;
    var r2 = place;
    var quadrant = 0u;
    var cosine = place;
    var last = place;
    for (var step = 0u; step < (43u ^ p.zero); step++) {
        var a = last;
        var b = frequency;
        var c = ISO_TRIG_NONE;
        if (step == 0u) {
            a = place;
        } else if (step == 1u) { // x / (pi/2), to the whole number next to it
            x = last;
            b = vec2<u32>(0x3fe45f30u, 0x6dc9c883u); // 0x1.45f306dc9c883p-1
            c = ISO_TRIG_WHOLE;
        } else if (step == 2u) { // its negative
            quadrant = last.y & 3u;
            b = ISO_TRIG_LESS;
            c = ISO_TRIG_WHOLE;
        } else if (step == 3u) {
            r = last;
            b = vec2<u32>(0x3ff921fbu, 0x54442d18u); // 0x1.921fb54442d18p+0
            c = x;
        } else if (step == 4u) {
            a = r;
            b = vec2<u32>(0x3c91a626u, 0x33145c07u); // 0x1.1a62633145c07p-54
            c = last;
        } else if (step == 5u) {
            r = last;
            b = r;
        } else if (step < 42u) { // the cosine's nine terms, the sine's: the series by r*r, then by a factor and 1 added
            if (step == 6u) {
                r2 = last;
                a = ISO_TRIG_ONE;
            } else if (step == 24u) {
                cosine = last;
                a = ISO_TRIG_ONE;
            }
            let turn = (step - 6u) / 2u;
            let plus = step % 2u == 1u;
            b = select(r2, iso_trig_factors[select(33u, 51u, turn >= 9u) - turn], plus);
            c = select(ISO_TRIG_NONE, ISO_TRIG_ONE, plus);
        } else {
            b = r;
        }
        last = iso_f64_fma(a, b, c);
    }
    let parts = array<f32, 2>(iso_f64_to_f32(cosine), iso_f64_to_f32(last));
    let turned = (quadrant & 1u) != 0u;
    let even = bitcast<u32>(select(parts[0], parts[1], turned)) ^ (((quadrant + 1u) & 2u) << 30u);
    let odd = bitcast<u32>(select(parts[1], parts[0], turned)) ^ ((quadrant & 2u) << 30u);
    return vec2<f32>(bitcast<f32>(even), bitcast<f32>(odd));
}

// Every frequency is a power of theta of its own, in double arithmetic by integers; nothing is rounded to f32 before the end. 16 rows per workgroup.
const PAIRS = 72u / 2u;
const QUARTER = 72u / 4u;
const ROWS = 16u;

var<workgroup> frequency: array<vec2<u32>, QUARTER>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    if (lane < 43u) {
        iso_trig_prepare(lane);
    }
    workgroupBarrier();
    for (var i = lane; i < QUARTER; i += 64u) {
        let part = iso_f64_div(iso_f64_from_i32(-i32(i)), iso_f64_from_u32(QUARTER));
        frequency[i] = iso_trig_power(0x1.388p+13f, part);
    }
    workgroupBarrier();
    let first = group.x * ROWS;
    let rows = min(ROWS, p.r - first);
    for (var i = lane; i < rows * PAIRS; i += 64u) {
        let place = pos[p.pos_at + (first + i / PAIRS) * 2u + i % PAIRS / QUARTER];
        let turned = iso_trig_cos_sin(iso_f64_from_i32(place), frequency[i % QUARTER]);
        y[(first * PAIRS + i) * 2u] = turned.x;
        y[(first * PAIRS + i) * 2u + 1u] = turned.y;
    }
}
