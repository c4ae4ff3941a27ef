// attention.f32.chunk_f16acc8.wgsl
@group(0) @binding(0) var<storage, read> q: array<f32>;
@group(0) @binding(1) var<storage, read> k: array<u32>;
@group(0) @binding(2) var<storage, read> v: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
struct Params {
    m: u32,
    images: u32,
    count: u32,
    q_at: u32,
    k_at: u32,
    v_at: u32,
    zero: u32,
}
@group(0) @binding(4) var<uniform> p: Params;

// Where attention's rows lie. A kernel gives the strides: Q_STRIDE, K_STRIDE, V_STRIDE of [row, head, element].

fn iso_attn_q(row: u32, head: u32) -> u32 {
    return p.q_at + row * Q_STRIDE.x + head * Q_STRIDE.y;
}

fn iso_attn_k(row: u32, head: u32) -> u32 {
    return p.k_at + row * K_STRIDE.x + head * K_STRIDE.y;
}

fn iso_attn_v(row: u32, head: u32) -> u32 {
    return p.v_at + row * V_STRIDE.x + head * V_STRIDE.y;
}

// A loop's bound that no compiler sees: it would write a long body out for every turn, and take seconds over it.
fn iso_attn_turns(n: u32) -> u32 {
    return n ^ p.zero;
}

// Elements of f16 keys and values, two to a word; i is where a row begins, D its length. Needs attn_view.

fn iso_attn_k_half(i: u32, e: u32) -> u32 {
    let at = i + e * K_STRIDE.z;
    return (k[at >> 1u] >> ((at & 1u) << 4u)) & 0xffffu;
}

// Elements e and e + 1, 0 past the last.
fn iso_attn_k_pair(i: u32, e: u32) -> u32 {
    if (D % 2u == 1u && e + 1u == D) {
        return iso_attn_k_half(i, e);
    }
    if (K_STRIDE.z != 1u) {
        return iso_attn_k_half(i, e) | (iso_attn_k_half(i, e + 1u) << 16u);
    }
    let at = i + e;
    var pair = k[at >> 1u];
    if ((at & 1u) != 0u) {
        pair = (pair >> 16u) | (k[(at >> 1u) + 1u] << 16u);
    }
    return pair;
}

fn iso_attn_v_half(i: u32, e: u32) -> u32 {
    let at = i + e * V_STRIDE.z;
    return (v[at >> 1u] >> ((at & 1u) << 4u)) & 0xffffu;
}

// Elements e and e + 1, 0 past the last.
fn iso_attn_v_pair(i: u32, e: u32) -> u32 {
    if (D % 2u == 1u && e + 1u == D) {
        return iso_attn_v_half(i, e);
    }
    if (V_STRIDE.z != 1u) {
        return iso_attn_v_half(i, e) | (iso_attn_v_half(i, e + 1u) << 16u);
    }
    let at = i + e;
    var pair = v[at >> 1u];
    if ((at & 1u) != 0u) {
        pair = (pair >> 16u) | (v[(at >> 1u) + 1u] << 16u);
    }
    return pair;
}

// Not 0 if one of the two is infinite or NaN.
fn iso_attn_special(pair: u32) -> u32 {
    return ((pair & 0x7c007c00u) + 0x04000400u) & 0x80008000u;
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

// f16 (IEEE binary16) by its bits, to f32 and back: exact one way, to nearest even the other, NaN kept quiet.

fn iso_f16_to_f32(h: u32) -> f32 {
    let size = h & 0x7fffu;
    let sign = (h & 0x8000u) << 16u;
    if (size >= 0x7c00u) {
        return bitcast<f32>(sign | 0x7f800000u | (size << 13u) | (u32(size > 0x7c00u) << 22u));
    }
    if (size >= 0x400u) {
        return bitcast<f32>(sign | ((size << 13u) + 0x38000000u));
    }
    // a subnormal is a whole number of 2^-24: 10 bits, which f32 takes and scales exactly
    return bitcast<f32>(sign | bitcast<u32>(f32(i32(size)) * 0x1p-24f));
}

fn iso_f32_to_f16(f: f32) -> u32 {
    let bits = bitcast<u32>(f);
    let sign = (bits >> 16u) & 0x8000u;
    let size = bits & 0x7fffffffu;
    if (size > 0x7f800000u) {
        return sign | 0x7e00u | ((size >> 13u) & 0x3ffu);
    }
    if (size >= 0x477ff000u) { // rounds to 2^16 or more
        return sign | 0x7c00u;
    }
    // below 2^-14 the last place stays 2^-24: the shift grows as the exponent falls
    let shift = select(clamp(126u - (size >> 23u), 13u, 25u), 13u, size >= 0x38800000u);
    let mantissa = (size & 0x7fffffu) | 0x800000u;
    let kept = mantissa >> shift;
    let rest = mantissa & ((1u << shift) - 1u);
    let tie = 1u << (shift - 1u);
    let up = u32(rest > tie || (rest == tie && (kept & 1u) != 0u));
    // kept holds the leading one of a normal number, which is one step of the exponent
    let field = select(0u, (size >> 23u) - 113u, size >= 0x38800000u);
    return sign | ((field << 10u) + kept + up);
}

// A value that the compiler cannot see through: no rounding before it is fused with, folded into or moved across an operation after it.

fn iso_keep(v: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(v) ^ p.zero);
}

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

// z + (high + low) with one rounding, four at a time: high + low is a product given exactly in two parts, |low| < 2^-10 |high|.
//
// Right where every operand is 0 or a normal number and a whole multiple of 2^-126, and z is no -0: then nothing that is added here is
// subnormal. Two error-free sums: u + v = z + high, w + e = v + low; the last sum rounds as the exact one would, because w was made odd
// where it is not exact. Signs of the parts agree with the product's, so that a device that fuses high = a * b into the sum changes no bit.

fn iso_fma_parts(z: vec4<f32>, high: vec4<f32>, low: vec4<f32>) -> vec4<f32> {
    let zero = vec4<u32>(p.zero); // unknown to compilers: none may see that what follows cancels
    let u = bitcast<vec4<f32>>(bitcast<vec4<u32>>(z + high) ^ zero);
    let from_high = bitcast<vec4<f32>>(bitcast<vec4<u32>>(u - z) ^ zero);
    let v = (z - (u - from_high)) + (high - from_high);
    let w = bitcast<vec4<f32>>(bitcast<vec4<u32>>(v + low) ^ zero);
    let from_low = bitcast<vec4<f32>>(bitcast<vec4<u32>>(w - v) ^ zero);
    let e = bitcast<vec4<u32>>((v - (w - from_low)) + (low - from_low));
    let even = bitcast<vec4<u32>>(w);
    let odd = (even - ((even ^ e) >> vec4<u32>(31u))) | vec4<u32>(1u);
    return u + bitcast<vec4<f32>>(select(odd, even, (e & vec4<u32>(0x7fffffffu)) == vec4<u32>(0u)));
}

// The upper 12 bits of a value; the rest of it has 12 too.
fn iso_upper(a: vec4<f32>) -> vec4<f32> {
    return bitcast<vec4<f32>>(bitcast<vec4<u32>>(a) & vec4<u32>(0xfffff000u));
}

fn iso_keep4(a: vec4<f32>) -> vec4<f32> {
    return bitcast<vec4<f32>>(bitcast<vec4<u32>>(a) ^ vec4<u32>(p.zero));
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

// attention: f32 queries, f16 keys and values, key by key with an f16 accumulator, scores in 8 lanes, WGSL.
//
// A workgroup takes four query rows of one head. Of each 64 keys invocation t has the score and the exponential of key t, the first four follow
// the rows' maximum and sum from key to key, and each has pairs of columns for the values.

const D = 72u;
const GROUPED = 64u; // elements whose products the lanes sum
const Q_STRIDE = vec3<u32>(1152u, 72u, 1u);
const K_STRIDE = vec3<u32>(1152u, 72u, 1u);
const V_STRIDE = vec3<u32>(1152u, 72u, 1u);

var<workgroup> query: array<f32, 288>; // [row][element], rounded to f16
var<workgroup> acc: array<vec4<f32>, 72>; // a component for each row
var<workgroup> steps: array<f32, 256>; // [key][row]: the score, then what exp is taken of, then exp
var<workgroup> raised: array<u32, 8>; // [key / 32][row]: a bit for each key that is higher than all before
var<workgroup> highest: array<f32, 4>;
var<workgroup> total: array<f32, 4>;

// Rounded to what f16 can hold.
fn f16_value(a: vec4<f32>) -> vec4<f32> {
    let bits = bitcast<vec4<u32>>(a);
    let size = bits & vec4<u32>(0x7fffffffu);
    let kept = (size + vec4<u32>(0xfffu) + ((size >> vec4<u32>(13u)) & vec4<u32>(1u))) & vec4<u32>(0xffffe000u);
    let large = select(kept, vec4<u32>(0x7f800000u), kept >= vec4<u32>(0x47800000u)); // 2^16
    // below 2^-14 the last place is 2^-24, as it is of 1/2
    let small = iso_keep4(iso_keep4(bitcast<vec4<f32>>(size) + vec4<f32>(0.5)) - vec4<f32>(0.5));
    let value = select(large, bitcast<vec4<u32>>(small), size < vec4<u32>(0x38800000u));
    return bitcast<vec4<f32>>(select(value, size, size > vec4<u32>(0x7f800000u)) | (bits & vec4<u32>(0x80000000u)));
}

fn keys4(i: u32, e: u32) -> vec4<f32> {
    return vec4<f32>(unpack2x16float(iso_attn_k_pair(i, e)), unpack2x16float(iso_attn_k_pair(i, e + 2u)));
}

fn query4(row: u32, e: u32) -> vec4<f32> {
    let at = row * D + e;
    return vec4<f32>(query[at], query[at + 1u], query[at + 2u], query[at + 3u]);
}

// Lanes j .. j + 3 of the four accumulators, added. Products of two f16 are exact.
fn lanes4(i: u32, row: u32, j: u32) -> vec4<f32> {
    let zero = bitcast<f32>(p.zero);
    var first = vec4<f32>(zero);
    var second = first;
    var third = first;
    var fourth = first;
    for (var e = j; e < iso_attn_turns(GROUPED); e += 32u) {
        first = first + keys4(i, e) * query4(row, e);
        second = second + keys4(i, e + 8u) * query4(row, e + 8u);
        third = third + keys4(i, e + 16u) * query4(row, e + 16u);
        fourth = fourth + keys4(i, e + 24u) * query4(row, e + 24u);
    }
    return (first + third) + (second + fourth);
}

// The product of the key at i and the query of a row.
fn score(i: u32, row: u32) -> f32 {
    var low = vec4<f32>(bitcast<f32>(p.zero));
    var high = low;
    for (var j = 0u; j < iso_attn_turns(8u); j += 4u) { // each part meets the one eight lanes before, if there is one
        let after = low + lanes4(i, row, j);
        low = high;
        high = after;
    }
    let four = low + high;
    var sum = (four.x + four.y) + (four.z + four.w);
    if (GROUPED < D) {
        var exact = iso_f64_from_f32(sum);
        for (var e = GROUPED; e < iso_attn_turns(D); e++) {
            let element = unpack2x16float(iso_attn_k_half(i, e)).x;
            exact = iso_f64_add(exact, iso_f64_from_f32(element * query[row * D + e]));
        }
        sum = iso_f64_to_f32(exact);
    }
    return sum;
}

// acc + value * weight with one rounding to f32; acc is a value of f16, the weight not negative.
fn step4(acc: vec4<f32>, value: f32, weight: vec4<f32>) -> vec4<f32> {
    let upper = iso_upper(weight);
    let sum = iso_fma_parts(acc, upper * value, (weight - upper) * value);
    let sign = bitcast<vec4<u32>>(acc) & vec4<u32>(bitcast<u32>(value) & 0x80000000u); // of a sum that is zero
    return select(sum, bitcast<vec4<f32>>(sign), sum == vec4<f32>(0.0));
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let rows = p.m / p.images; // keys of an image; its queries are all here, or p.count of them
    let first = group.z * rows;
    let head = group.y;
    let row0 = group.x * 4u;
    for (var i = lane; i < 4u * D; i += 64u) {
        let at = iso_attn_q(first + min(row0 + i / D, p.count - 1u), head) + i % D * Q_STRIDE.z;
        query[i] = iso_f16_to_f32(iso_f32_to_f16(q[at]));
    }
    for (var e = lane; e < D + D % 2u; e += 64u) {
        acc[e] = vec4<f32>(0.0);
    }
    if (lane < 4u) {
        highest[lane] = bitcast<f32>(0xff800000u ^ p.zero);
        total[lane] = 0.0;
    }
    workgroupBarrier();

    for (var key = 0u; key < rows; key += 64u) {
        let present = min(rows - key, 64u);
        if (lane < present) {
            let k_row = iso_attn_k(first + key + lane, head);
            for (var r = 0u; r < iso_attn_turns(4u); r++) {
                steps[lane * 4u + r] = score(k_row, r) * 0x1.e2b7ep-4f;
            }
        }
        workgroupBarrier();

        if (lane < 4u) {
            var most = highest[lane];
            var higher = vec2<u32>(0u);
            for (var t = 0u; t < present; t++) {
                let s = steps[t * 4u + lane];
                let up = s > most;
                steps[t * 4u + lane] = select(s - most, most - s, up);
                most = select(most, s, up);
                higher[t >> 5u] = higher[t >> 5u] | (u32(up) << (t & 31u));
            }
            highest[lane] = most;
            raised[lane] = higher.x;
            raised[4u + lane] = higher.y;
        }
        workgroupBarrier();

        if (lane < present) {
            for (var r = 0u; r < iso_attn_turns(4u); r++) {
                steps[lane * 4u + r] = iso_glibc_expf(steps[lane * 4u + r]);
            }
        }
        workgroupBarrier();

        if (lane < 4u) {
            var sum = total[lane];
            for (var t = 0u; t < present; t++) {
                let up = ((raised[t / 32u * 4u + lane] >> (t & 31u)) & 1u) != 0u;
                let factor = steps[t * 4u + lane];
                sum = iso_fma(sum, select(1.0, factor, up), select(factor, 1.0, up));
            }
            total[lane] = sum;
        }
        for (var e = lane * 2u; e < D; e += 128u) {
            var left = acc[e];
            var right = acc[e + 1u];
            for (var t = 0u; t < present; t++) {
                let i = t * 4u;
                let factor = vec4<f32>(steps[i], steps[i + 1u], steps[i + 2u], steps[i + 3u]);
                let j = t / 32u * 4u;
                let bits = vec4<u32>(raised[j], raised[j + 1u], raised[j + 2u], raised[j + 3u]) >> vec4<u32>(t & 31u);
                let up = (bits & vec4<u32>(1u)) != vec4<u32>(0u);
                // a factor too small for f32 leaves nothing in f16 either: the least normal number does the same
                let tiny = (bitcast<vec4<u32>>(factor) - vec4<u32>(1u)) < vec4<u32>(0x7fffffu);
                let scale = select(vec4<f32>(1.0), select(factor, vec4<f32>(0x1p-126f), tiny), up);
                left = f16_value(iso_keep4(left * scale));
                right = f16_value(iso_keep4(right * scale));
                let weight = select(factor, vec4<f32>(1.0), up);
                let pair = iso_attn_v_pair(iso_attn_v(first + key + t, head), e);
                let values = unpack2x16float(pair);
                var next_left = step4(left, values.x, weight);
                var next_right = step4(right, values.y, weight);
                let size = bitcast<vec4<u32>>(weight);
                let small = (size - vec4<u32>(1u)) < vec4<u32>(0x17ffffffu); // below 2^-79, but not 0
                let most = max(max(abs(left), abs(right)), weight);
                if (iso_attn_special(pair) != 0u || any(small) || !all(most <= vec4<f32>(65504.0))) {
                    for (var r = 0u; r < iso_attn_turns(8u); r++) {
                        let value = iso_f16_to_f32((pair >> ((r >> 2u) * 16u)) & 0xffffu);
                        if (r < 4u) {
                            next_left[r] = iso_fma(value, weight[r], left[r]);
                        } else {
                            next_right[r - 4u] = iso_fma(value, weight[r - 4u], right[r - 4u]);
                        }
                    }
                }
                left = f16_value(next_left);
                right = f16_value(next_right);
            }
            acc[e] = left;
            acc[e + 1u] = right;
        }
        workgroupBarrier();
    }

    for (var i = lane; i < 4u * D; i += 64u) {
        let r = i / D;
        if (row0 + r < p.count) {
            let sum = total[r];
            var inverse = 0.0;
            if (!(sum == 0.0)) {
                inverse = iso_div(1.0, sum);
            }
            y[((first + row0 + r) * 16u + head) * D + i % D] = acc[i % D][r] * inverse;
        }
    }
}
