// linear_bias.f16.vdot8.wgsl
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> w: array<u32>;
@group(0) @binding(2) var<storage, read> r: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
struct Params {
    m: u32,
    x_at: u32,
    w_at: u32,
    r_at: u32,
    zero: u32,
}
@group(0) @binding(4) var<uniform> p: Params;

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

// linear, then + r: f16 operands, four sets of 8 lanes. A team of invocations shares an output: each adds up two neighbouring lanes of it, so that a team reads neighbouring
// elements; and it does so for 4 x 8 outputs, so that what it reads serves all of them.

fn x_element(i: u32) -> f32 {
    return unpack2x16float(x[i / 2u] >> (16u * (i & 1u))).x;
}

// Elements i and i + 1, i counted in pairs.
fn x_pair(i: u32) -> vec2<f32> {
    return unpack2x16float(x[i]);
}

// Elements e and e + 1 of the row that begins at `start`.
fn x_lanes(start: u32, e: u32) -> vec2<f32> {
    return x_pair(start + e / 2u);
}

fn w_element(i: u32) -> f32 {
    return unpack2x16float(w[i / 2u] >> (16u * (i & 1u))).x;
}

// Elements i and i + 1, i counted in pairs.
fn w_pair(i: u32) -> vec2<f32> {
    return unpack2x16float(w[i]);
}

// Elements e and e + 1 of the row that begins at `start`.
fn w_lanes(start: u32, e: u32) -> vec2<f32> {
    return w_pair(start + e / 2u);
}

// Where a row begins; past the last one, that.
fn x_start(row: u32) -> u32 {
    return (p.x_at + min(row, p.m - 1u) * 4608u) / 2u;
}

fn w_start(col: u32) -> u32 {
    return (p.w_at + min(col, 4607u) * 4608u) / 2u;
}

var<workgroup> sums: array<vec2<f32>, 2048>;

// Four neighbouring lanes.
fn lanes_at(i: u32) -> vec4<f32> {
    return vec4<f32>(sums[i], sums[i + 1u]);
}

// Four neighbouring lanes of all sets.
fn merged_at(i: u32) -> vec4<f32> {
    return (lanes_at(i) + lanes_at(i + 8u)) + (lanes_at(i + 4u) + lanes_at(i + 12u));
}

// The sum of the lanes from `at` on.
fn dot_of(at: u32, row: u32, col: u32) -> f32 {
    let four = merged_at(at) + merged_at(at + 2u);
    let all = (four.x + four.y) + (four.z + four.w);
    return all;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) id: u32) {
    let lane = id % 16u * 2u;
    let row0 = group.x * 4u;
    let col0 = group.y * 32u;
    let my_col0 = col0 + id / 16u * 8u;
    let x0 = x_start(row0 + 0u);
    let x1 = x_start(row0 + 1u);
    let x2 = x_start(row0 + 2u);
    let x3 = x_start(row0 + 3u);
    let w0 = w_start(my_col0 + 0u);
    let w1 = w_start(my_col0 + 1u);
    let w2 = w_start(my_col0 + 2u);
    let w3 = w_start(my_col0 + 3u);
    let w4 = w_start(my_col0 + 4u);
    let w5 = w_start(my_col0 + 5u);
    let w6 = w_start(my_col0 + 6u);
    let w7 = w_start(my_col0 + 7u);
    var sum0_0 = vec2<f32>(bitcast<f32>(p.zero));
    var sum0_1 = vec2<f32>(bitcast<f32>(p.zero));
    var sum0_2 = vec2<f32>(bitcast<f32>(p.zero));
    var sum0_3 = vec2<f32>(bitcast<f32>(p.zero));
    var sum0_4 = vec2<f32>(bitcast<f32>(p.zero));
    var sum0_5 = vec2<f32>(bitcast<f32>(p.zero));
    var sum0_6 = vec2<f32>(bitcast<f32>(p.zero));
    var sum0_7 = vec2<f32>(bitcast<f32>(p.zero));
    var sum1_0 = vec2<f32>(bitcast<f32>(p.zero));
    var sum1_1 = vec2<f32>(bitcast<f32>(p.zero));
    var sum1_2 = vec2<f32>(bitcast<f32>(p.zero));
    var sum1_3 = vec2<f32>(bitcast<f32>(p.zero));
    var sum1_4 = vec2<f32>(bitcast<f32>(p.zero));
    var sum1_5 = vec2<f32>(bitcast<f32>(p.zero));
    var sum1_6 = vec2<f32>(bitcast<f32>(p.zero));
    var sum1_7 = vec2<f32>(bitcast<f32>(p.zero));
    var sum2_0 = vec2<f32>(bitcast<f32>(p.zero));
    var sum2_1 = vec2<f32>(bitcast<f32>(p.zero));
    var sum2_2 = vec2<f32>(bitcast<f32>(p.zero));
    var sum2_3 = vec2<f32>(bitcast<f32>(p.zero));
    var sum2_4 = vec2<f32>(bitcast<f32>(p.zero));
    var sum2_5 = vec2<f32>(bitcast<f32>(p.zero));
    var sum2_6 = vec2<f32>(bitcast<f32>(p.zero));
    var sum2_7 = vec2<f32>(bitcast<f32>(p.zero));
    var sum3_0 = vec2<f32>(bitcast<f32>(p.zero));
    var sum3_1 = vec2<f32>(bitcast<f32>(p.zero));
    var sum3_2 = vec2<f32>(bitcast<f32>(p.zero));
    var sum3_3 = vec2<f32>(bitcast<f32>(p.zero));
    var sum3_4 = vec2<f32>(bitcast<f32>(p.zero));
    var sum3_5 = vec2<f32>(bitcast<f32>(p.zero));
    var sum3_6 = vec2<f32>(bitcast<f32>(p.zero));
    var sum3_7 = vec2<f32>(bitcast<f32>(p.zero));
    for (var e = lane; e < 4608u + lane; e += 32u) {
        let a0 = x_lanes(x0, e);
        let a1 = x_lanes(x1, e);
        let a2 = x_lanes(x2, e);
        let a3 = x_lanes(x3, e);
        let b0 = w_lanes(w0, e);
        let b1 = w_lanes(w1, e);
        let b2 = w_lanes(w2, e);
        let b3 = w_lanes(w3, e);
        let b4 = w_lanes(w4, e);
        let b5 = w_lanes(w5, e);
        let b6 = w_lanes(w6, e);
        let b7 = w_lanes(w7, e);
        sum0_0 += b0 * a0;
        sum0_1 += b1 * a0;
        sum0_2 += b2 * a0;
        sum0_3 += b3 * a0;
        sum0_4 += b4 * a0;
        sum0_5 += b5 * a0;
        sum0_6 += b6 * a0;
        sum0_7 += b7 * a0;
        sum1_0 += b0 * a1;
        sum1_1 += b1 * a1;
        sum1_2 += b2 * a1;
        sum1_3 += b3 * a1;
        sum1_4 += b4 * a1;
        sum1_5 += b5 * a1;
        sum1_6 += b6 * a1;
        sum1_7 += b7 * a1;
        sum2_0 += b0 * a2;
        sum2_1 += b1 * a2;
        sum2_2 += b2 * a2;
        sum2_3 += b3 * a2;
        sum2_4 += b4 * a2;
        sum2_5 += b5 * a2;
        sum2_6 += b6 * a2;
        sum2_7 += b7 * a2;
        sum3_0 += b0 * a3;
        sum3_1 += b1 * a3;
        sum3_2 += b2 * a3;
        sum3_3 += b3 * a3;
        sum3_4 += b4 * a3;
        sum3_5 += b5 * a3;
        sum3_6 += b6 * a3;
        sum3_7 += b7 * a3;
    }
    sums[0u + id] = sum0_0;
    sums[64u + id] = sum0_1;
    sums[128u + id] = sum0_2;
    sums[192u + id] = sum0_3;
    sums[256u + id] = sum0_4;
    sums[320u + id] = sum0_5;
    sums[384u + id] = sum0_6;
    sums[448u + id] = sum0_7;
    sums[512u + id] = sum1_0;
    sums[576u + id] = sum1_1;
    sums[640u + id] = sum1_2;
    sums[704u + id] = sum1_3;
    sums[768u + id] = sum1_4;
    sums[832u + id] = sum1_5;
    sums[896u + id] = sum1_6;
    sums[960u + id] = sum1_7;
    sums[1024u + id] = sum2_0;
    sums[1088u + id] = sum2_1;
    sums[1152u + id] = sum2_2;
    sums[1216u + id] = sum2_3;
    sums[1280u + id] = sum2_4;
    sums[1344u + id] = sum2_5;
    sums[1408u + id] = sum2_6;
    sums[1472u + id] = sum2_7;
    sums[1536u + id] = sum3_0;
    sums[1600u + id] = sum3_1;
    sums[1664u + id] = sum3_2;
    sums[1728u + id] = sum3_3;
    sums[1792u + id] = sum3_4;
    sums[1856u + id] = sum3_5;
    sums[1920u + id] = sum3_6;
    sums[1984u + id] = sum3_7;
    workgroupBarrier();
    for (var t = id; t < 128u; t += 64u) {
        let row = row0 + t / 32u;
        let col = col0 + t % 4u * 8u + t / 4u % 8u;
        if (row < p.m && col < 4608u) {
            let dot = dot_of(t * 16u, row, col);
            let to = row * 4608u + col;
            y[to] = dot + r[p.r_at + col];
        }
    }
}
