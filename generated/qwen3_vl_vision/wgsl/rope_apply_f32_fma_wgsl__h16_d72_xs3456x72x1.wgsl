// rope_apply.f32.fma.wgsl
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
struct Params {
    m: u32,
    r: u32,
    x_at: u32,
    a_at: u32,
    zero: u32,
}
@group(0) @binding(3) var<uniform> p: Params;

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

// One pair of elements per invocation; the angles of a row serve all its heads.
const HALF = 72u / 2u;
const PAIRS = 16u * HALF;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) id: u32) {
    let pair = group.x * 64u + id;
    let row = group.y;
    if (pair >= PAIRS) {
        return;
    }
    let head = pair / HALF;
    let i = pair % HALF;
    let first = i;
    let second = i + HALF;
    let angle = p.a_at + row % p.r * HALF * 2u + i * 2u;
    let c = a[angle];
    let s = a[angle + 1u];
    let from_at = p.x_at + row * 3456u + head * 72u;
    let x0 = x[from_at + first * 1u];
    let x1 = x[from_at + second * 1u];
    let x1s = iso_keep(x1 * s);
    let x1c = iso_keep(x1 * c);
    let to = (row * 16u + head) * HALF * 2u;
    y[to + first] = iso_fma_fast(x0, c, bitcast<f32>(bitcast<u32>(x1s) ^ 0x80000000u));
    y[to + second] = iso_fma_fast(x0, s, x1c);
}
