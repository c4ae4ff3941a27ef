// interpolate_grid.f32.bilinear_corners_fma.wgsl
@group(0) @binding(0) var<storage, read> grid: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
struct Params {
    rows: u32,
    cols: u32,
    first: u32,
    grid_at: u32,
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

// Where cell j of an axis of `cells` cells falls on an axis of `given` cells, end cells aligned. Needs keep, u64, f32, div.

struct IsoGridAxis {
    low: u32, // the two neighbours
    high: u32,
    t: f32, // weight of `high`
}

fn iso_grid_align(j: u32, cells: u32, given: u32) -> IsoGridAxis {
    let ends = u32(cells > 1u && given > 1u);
    let f = iso_div(f32(i32(cells - ends)), f32(i32(given - ends)));
    let u = iso_div(f32(i32(j)), f);
    let last = f32(i32(given - 1u));
    let whole = floor(u);
    let low = u32(i32(min(whole, last)));
    let high = select(given - 1u, low + 1u, whole < last);
    return IsoGridAxis(low, high, iso_keep(min(iso_keep(u - f32(i32(low))), 1.0)));
}

// One workgroup makes one cell of the new grid; the four weights are the same for all its columns.
const SIDE = 48u;
const N = 1152u;

var<workgroup> axis: array<IsoGridAxis, 2>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) cell: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    if (lane < 2u) {
        axis[lane] = iso_grid_align(select(cell.x, p.first + cell.y, lane == 0u), select(p.cols, p.rows, lane == 0u), SIDE);
    }
    workgroupBarrier();
    let v = axis[0];
    let h = axis[1];
    let dy = v.t;
    let ey = iso_keep(1.0 - dy);
    let dx = h.t;
    let ex = iso_keep(1.0 - dx);
    let p00 = p.grid_at + (v.low * SIDE + h.low) * N;
    let p01 = p.grid_at + (v.low * SIDE + h.high) * N;
    let p10 = p.grid_at + (v.high * SIDE + h.low) * N;
    let p11 = p.grid_at + (v.high * SIDE + h.high) * N;
    let to = (cell.y * p.cols + cell.x) * N;
    for (var i = lane; i < N; i += 64u) {
        let t00 = iso_keep(grid[p00 + i] * ex);
        let t01 = iso_keep(grid[p01 + i] * dx);
        let t10 = iso_keep(grid[p10 + i] * ex);
        let t11 = iso_keep(grid[p11 + i] * dx);
        y[to + i] = iso_fma_fast(t11, dy, iso_fma_fast(t10, dy, iso_fma_fast(t00, ey, iso_keep(t01 * ey))));
    }
}
