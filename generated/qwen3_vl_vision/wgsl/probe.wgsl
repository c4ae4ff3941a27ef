// A value that the compiler cannot see through: no rounding before it is fused with, folded into or moved across an operation after it.

fn iso_keep(v: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(v) ^ p.zero);
}

// Halving trees: the sum of n lanes where lane i takes lane i + n/2, then n/4, and so on. A vec4 is four neighbouring lanes.

fn iso_tree4(a: vec4<f32>) -> f32 {
    let two = a.xy + a.zw;
    return two.x + two.y;
}

fn iso_tree8(low: vec4<f32>, high: vec4<f32>) -> f32 {
    return iso_tree4(low + high);
}

fn iso_tree16(a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>) -> f32 {
    return iso_tree8(a + c, b + d);
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

// x*y + z with one rounding, by error-free steps in f32: quicker than in integers, for operands of a middle range. Needs keep.
//
// Right if x and y are 0 or of 2^-100 to 2^100, |x*y| and |z| at most 2^120, and: either |x*y| is 0 or at least 2^-75 and |z| is 0 or at
// least 2^-99, or |z| is at least 2^-50. What a device loses by flushing subnormals is then too small to be seen.

struct IsoExact {
    value: f32,
    error: f32,
}

// a + b = value + error, whichever is larger.
fn iso_two_sum(a: f32, b: f32) -> IsoExact {
    let s = iso_keep(a + b);
    let from_b = iso_keep(s - a);
    let from_a = iso_keep(s - from_b);
    return IsoExact(s, iso_keep(iso_keep(a - from_a) + iso_keep(b - from_b)));
}

// value = high + low; each has 12 bits, so that no product of two of them is rounded.
struct IsoSplit {
    value: f32,
    high: f32,
    low: f32,
}

fn iso_split(v: f32) -> IsoSplit {
    let high = bitcast<f32>(bitcast<u32>(v) & 0xfffff000u);
    return IsoSplit(v, high, iso_keep(v - high));
}

// a * b = value + error.
fn iso_two_product(a: IsoSplit, b: IsoSplit) -> IsoExact {
    let v = iso_keep(a.value * b.value);
    let e = iso_keep(iso_keep(a.high * b.high) - v);
    let f = iso_keep(e + iso_keep(a.high * b.low));
    let g = iso_keep(f + iso_keep(a.low * b.high));
    return IsoExact(v, iso_keep(g + iso_keep(a.low * b.low)));
}

// value + error in one f32 that is odd wherever it is not exact: a rounding after it comes out as from the sum itself.
fn iso_odd(x: IsoExact) -> f32 {
    let v = bitcast<u32>(x.value);
    let e = bitcast<u32>(x.error);
    let step = 1u - (((v ^ e) >> 31u) << 1u);
    return bitcast<f32>(v + select(0u, step, (e & 0x7fffffffu) != 0u && (v & 1u) == 0u));
}

fn iso_fma_near(x: f32, y: f32, z: f32) -> f32 {
    let product = iso_two_product(iso_split(x), iso_split(y));
    let low = iso_two_sum(z, product.error);
    let high = iso_two_sum(product.value, low.value);
    let sum = iso_keep(high.value + iso_odd(iso_two_sum(low.error, high.error)));
    // an exact zero has the sign that the plain sum gives it
    return select(sum, iso_keep(product.value + z), (bitcast<u32>(sum) & 0x7fffffffu) == 0u);
}

// What kernels with exact bits take for granted of a device, tried on operands that no compiler knows: an invocation computes one case,
// the host compares. Needs keep, tree, u64, f32, fma, fma_near.

struct Case {
    op: u32,
    at: u32, // where its operands begin
    count: u32, // of operands
}

@group(0) @binding(0) var<storage, read> cases: array<Case>;
@group(0) @binding(1) var<storage, read> words: array<u32>;
@group(0) @binding(2) var<storage, read> floats: array<f32>; // the same bytes
@group(0) @binding(3) var<storage, read_write> results: array<u32>;
struct Params {
    count: u32, // of cases
    zero: u32,
}
@group(0) @binding(4) var<uniform> p: Params;

fn float_op(op: u32, a: f32, b: f32, c: f32) -> f32 {
    switch op {
        case 0u: { return a; }
        case 1u: { return a + b; }
        case 2u: { return a - b; }
        case 3u: { return a * b; }
        case 4u: { return a * b + c; }
        case 5u: { return iso_keep(a * b) + c; }
        case 6u: { return iso_keep(a + b) - a; }
        case 7u: { return iso_keep(a + 12582912.0) - 12582912.0; }
        case 8u: { return iso_two_sum(a, b).error; }
        case 9u: { return iso_two_product(iso_split(a), iso_split(b)).error; }
        case 10u: { return iso_fma_near(a, b, c); }
        case 11u: { return round(a); }
        case 12u: { return floor(a); }
        case 13u: { return min(a, b); }
        case 14u: { return abs(-a); }
        default: { return -a; }
    }
}

// Bits, the lowest first: less, not greater, equal, not less, greater.
fn compared(a: f32, b: f32) -> u32 {
    return u32(a < b) | (u32(a <= b) << 1u) | (u32(a == b) << 2u) | (u32(a >= b) << 3u) | (u32(a > b) << 4u);
}

fn word_op(op: u32, a: u32, b: u32, c: u32) -> u32 {
    switch op {
        case 32u: { return a * b; }
        case 33u: { return iso_u64_product(a, b).x; }
        case 34u: { return u32(a + b < b); }
        case 35u: { return a << b; }
        case 36u: { return a >> b; }
        case 37u: { return bitcast<u32>(bitcast<i32>(a) >> b); }
        case 38u: { return a / b; }
        case 39u: { return a % b; }
        case 40u: { return countLeadingZeros(a); }
        case 41u: { return countTrailingZeros(a); }
        case 42u: { return bitcast<u32>(extractBits(bitcast<i32>(a), b, c)); }
        case 43u: { return bitcast<u32>(f32(bitcast<i32>(a))); }
        case 44u: { return bitcast<u32>(i32(bitcast<f32>(a))); }
        case 45u: { return bitcast<u32>(unpack2x16float(a).x); }
        case 46u: { return bitcast<u32>(unpack2x16float(a).y); }
        case 47u: { return iso_u64_shr_sticky(vec2<u32>(a, b), c).y; }
        case 48u: { return iso_u64_shr_sticky(vec2<u32>(a, b), c).x; }
        case 49u: { return iso_u64_shl(vec2<u32>(a, b), c).x; }
        case 50u: { return iso_u64_clz(vec2<u32>(a, b)); }
        default: { return iso_fma_bits(a, b, c); }
    }
}

// Products of neighbours, added one after another as a dot product adds them.
fn sum_in_order(at: u32, count: u32) -> f32 {
    var sum = bitcast<f32>(p.zero);
    for (var i = at; i < at + count; i += 2u) {
        sum += floats[i] * floats[i + 1u];
    }
    return sum;
}

fn four(at: u32) -> vec4<f32> {
    return vec4<f32>(floats[at], floats[at + 1u], floats[at + 2u], floats[at + 3u]);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= p.count) {
        return;
    }
    let it = cases[id.x];
    let second = it.at + min(1u, it.count - 1u);
    let third = it.at + min(2u, it.count - 1u);
    var result = 0u;
    if (it.op < 32u) {
        result = bitcast<u32>(float_op(it.op, floats[it.at], floats[second], floats[third]));
    } else if (it.op < 64u) {
        result = word_op(it.op, words[it.at], words[second], words[third]);
    } else if (it.op == 64u) {
        result = compared(floats[it.at], floats[second]);
    } else if (it.op == 65u) {
        result = bitcast<u32>(sum_in_order(it.at, it.count));
    } else if (it.op == 66u) {
        result = bitcast<u32>(iso_tree16(four(it.at), four(it.at + 4u), four(it.at + 8u), four(it.at + 12u)));
    } else {
        result = bitcast<u32>(dot(four(it.at), four(it.at + 4u)));
    }
    results[id.x] = result;
}
