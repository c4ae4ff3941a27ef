// linear_bias_gelu.f16.dot8.wgsl
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> w: array<u32>;
@group(0) @binding(2) var<storage, read> r: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<storage, read> gelu_f16: array<u32>;
struct Params {
    m: u32,
    x_at: u32,
    w_at: u32,
    r_at: u32,
    zero: u32,
}
@group(0) @binding(5) var<uniform> p: Params;

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

// tanh GELU through the table over all f16 values, one value. Needs f16 and the table.

fn iso_gemm_gelu(v: f32) -> f32 {
    if (v <= -10.0) {
        return 0.0;
    }
    if (v >= 10.0) {
        return v;
    }
    let h = iso_f32_to_f16(v);
    return unpack2x16float(gelu_f16[h / 2u] >> (16u * (h & 1u))).x;
}

// linear, then + r, then GELU: f16 operands, 8 lanes. A team of invocations shares an output: each adds up two neighbouring lanes of it, so that a team reads neighbouring
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
    return (p.x_at + min(row, p.m - 1u) * 1152u) / 2u;
}

fn w_start(col: u32) -> u32 {
    return (p.w_at + min(col, 4303u) * 1152u) / 2u;
}

var<workgroup> sums: array<vec2<f32>, 2048>;

// Four neighbouring lanes.
fn lanes_at(i: u32) -> vec4<f32> {
    return vec4<f32>(sums[i], sums[i + 1u]);
}

// The sum of the lanes from `at` on.
fn dot_of(at: u32, row: u32, col: u32) -> f32 {
    let all = iso_tree8(lanes_at(at), lanes_at(at + 2u));
    return all;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) id: u32) {
    let lane = id % 4u * 2u;
    let row0 = group.x * 4u;
    let col0 = group.y * 128u;
    let my_col0 = col0 + id / 4u * 8u;
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
    for (var e = lane; e < 1152u + lane; e += 8u) {
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
    for (var t = id; t < 512u; t += 64u) {
        let row = row0 + t / 128u;
        let col = col0 + t % 16u * 8u + t / 16u % 8u;
        if (row < p.m && col < 4304u) {
            let dot = dot_of(t * 4u, row, col);
            let to = row * 4304u + col;
            y[to] = iso_gemm_gelu(dot + r[p.r_at + col]);
        }
    }
}
