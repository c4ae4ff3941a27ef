enable subgroups;
// attention.f32.near.wgsl_subgroup
@group(0) @binding(0) var<storage, read> q: array<f32>;
@group(0) @binding(1) var<storage, read> k: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
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

// Four elements of a row at once; i is where it begins, D its length, past which there are zeros. Needs attn_view.

fn iso_attn_elements(e: u32) -> vec4<u32> {
    return vec4<u32>(e) + vec4<u32>(0u, 1u, 2u, 3u);
}

// Where elements e .. e + 3 are; past the last it is the last.
fn iso_attn_at4(i: u32, e: u32, stride: u32) -> vec4<u32> {
    var elements = iso_attn_elements(e);
    if (D % 4u != 0u) {
        elements = min(elements, vec4<u32>(D - 1u));
    }
    return vec4<u32>(i) + elements * stride;
}

fn iso_attn_cut4(e: u32, four: vec4<f32>) -> vec4<f32> {
    if (D % 4u == 0u) {
        return four;
    }
    return select(four, vec4<f32>(0.0), iso_attn_elements(e) >= vec4<u32>(D));
}

fn iso_attn_q4(i: u32, e: u32) -> vec4<f32> {
    let at = iso_attn_at4(i, e, Q_STRIDE.z);
    return iso_attn_cut4(e, vec4<f32>(q[at.x], q[at.y], q[at.z], q[at.w]));
}

// Elements of keys and values in f32; i is where a row begins. Needs attn_view, attn_four.

fn iso_attn_k4(i: u32, e: u32) -> vec4<f32> {
    let at = iso_attn_at4(i, e, K_STRIDE.z);
    return iso_attn_cut4(e, vec4<f32>(k[at.x], k[at.y], k[at.z], k[at.w]));
}

fn iso_attn_v4(i: u32, e: u32) -> vec4<f32> {
    let at = iso_attn_at4(i, e, V_STRIDE.z);
    return iso_attn_cut4(e, vec4<f32>(v[at.x], v[at.y], v[at.z], v[at.w]));
}

fn iso_attn_v1(i: u32, e: u32) -> f32 {
    return v[i + e * V_STRIDE.z];
}

// attention: softmax as the keys come, all sums in f32, tiles of queries and of 32 keys in workgroup memory.
//
// A quad of lanes takes four query rows and 32 keys: a lane has the scores of every fourth key, later every fourth group of columns, and tells
// the three others its weights. Whatever size subgroups have, they are made of whole quads; which quad is which is settled by counting.

const D = 72u;
const D4 = 18u; // elements in fours
const CHUNK = 9u; // fours of queries and keys at once
const WIDE = 9u; // their room, odd: rows begin in different banks
const HELD = 32u; // rows of values at once
const SCALE = 0x1.e2b7ep-4f * 1.4426950408889634f; // weights are powers of 2
const LOWEST = -0x1.fffffep127f;
const Q_STRIDE = vec3<u32>(1152u, 72u, 1u);
const K_STRIDE = vec3<u32>(1152u, 72u, 1u);
const V_STRIDE = vec3<u32>(3456u, 72u, 1u);

var<workgroup> tile: array<vec4<f32>, 864>; // 64 queries and 32 keys, then values
var<workgroup> quads: atomic<u32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) place: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
    @builtin(subgroup_invocation_id) subgroup_lane: u32,
) {
    let rows = p.m / p.images;
    let first = place.z * rows;
    let head = place.y;
    let row0 = place.x * 64u;
    if (lane == 0u) {
        atomicStore(&quads, 0u); // some drivers do not begin with it
    }
    workgroupBarrier();
    let l = subgroup_lane % 4u;
    var count = 0u;
    if (l == 0u) {
        count = atomicAdd(&quads, 1u);
    }
    let g = quadBroadcast(count, 0u);
    let column0 = min(l + 0u, D4 - 1u);
    var sum0_0 = vec4<f32>(0.0);
    var sum1_0 = vec4<f32>(0.0);
    var sum2_0 = vec4<f32>(0.0);
    var sum3_0 = vec4<f32>(0.0);
    let column1 = min(l + 4u, D4 - 1u);
    var sum0_1 = vec4<f32>(0.0);
    var sum1_1 = vec4<f32>(0.0);
    var sum2_1 = vec4<f32>(0.0);
    var sum3_1 = vec4<f32>(0.0);
    let column2 = min(l + 8u, D4 - 1u);
    var sum0_2 = vec4<f32>(0.0);
    var sum1_2 = vec4<f32>(0.0);
    var sum2_2 = vec4<f32>(0.0);
    var sum3_2 = vec4<f32>(0.0);
    let column3 = min(l + 12u, D4 - 1u);
    var sum0_3 = vec4<f32>(0.0);
    var sum1_3 = vec4<f32>(0.0);
    var sum2_3 = vec4<f32>(0.0);
    var sum3_3 = vec4<f32>(0.0);
    let column4 = min(l + 16u, D4 - 1u);
    var sum0_4 = vec4<f32>(0.0);
    var sum1_4 = vec4<f32>(0.0);
    var sum2_4 = vec4<f32>(0.0);
    var sum3_4 = vec4<f32>(0.0);
    // of the group's rows: the highest score; of this lane's keys: the sum of their weights
    var highest = vec4<f32>(LOWEST);
    var total = vec4<f32>(0.0);

    for (var key0 = 0u; key0 < rows; key0 += 32u) {
        var s0 = vec4<f32>(0.0);
        var s1 = vec4<f32>(0.0);
        var s2 = vec4<f32>(0.0);
        var s3 = vec4<f32>(0.0);
        var s4 = vec4<f32>(0.0);
        var s5 = vec4<f32>(0.0);
        var s6 = vec4<f32>(0.0);
        var s7 = vec4<f32>(0.0);
        for (var e0 = 0u; e0 < iso_attn_turns(D4); e0 += CHUNK) {
            workgroupBarrier();
            for (var i = lane; i < 96u * CHUNK; i += 64u) {
                let row = i / CHUNK;
                let e = e0 + i % CHUNK;
                var elements = vec4<f32>(0.0);
                if (e < D4 && row < 64u) {
                    elements = iso_attn_q4(iso_attn_q(first + min(row0 + row, p.count - 1u), head), 4u * e);
                } else if (e < D4) {
                    elements = iso_attn_k4(iso_attn_k(first + min(key0 + row - 64u, rows - 1u), head), 4u * e);
                }
                tile[row * WIDE + i % CHUNK] = elements;
            }
            workgroupBarrier();
            for (var e = 0u; e < iso_attn_turns(CHUNK); e++) {
                let q0 = tile[(g + 0u) * WIDE + e];
                let q1 = tile[(g + 16u) * WIDE + e];
                let q2 = tile[(g + 32u) * WIDE + e];
                let q3 = tile[(g + 48u) * WIDE + e];
                let k0 = tile[(l + 64u) * WIDE + e];
                s0 = s0 + vec4<f32>(dot(q0, k0), dot(q1, k0), dot(q2, k0), dot(q3, k0));
                let k1 = tile[(l + 68u) * WIDE + e];
                s1 = s1 + vec4<f32>(dot(q0, k1), dot(q1, k1), dot(q2, k1), dot(q3, k1));
                let k2 = tile[(l + 72u) * WIDE + e];
                s2 = s2 + vec4<f32>(dot(q0, k2), dot(q1, k2), dot(q2, k2), dot(q3, k2));
                let k3 = tile[(l + 76u) * WIDE + e];
                s3 = s3 + vec4<f32>(dot(q0, k3), dot(q1, k3), dot(q2, k3), dot(q3, k3));
                let k4 = tile[(l + 80u) * WIDE + e];
                s4 = s4 + vec4<f32>(dot(q0, k4), dot(q1, k4), dot(q2, k4), dot(q3, k4));
                let k5 = tile[(l + 84u) * WIDE + e];
                s5 = s5 + vec4<f32>(dot(q0, k5), dot(q1, k5), dot(q2, k5), dot(q3, k5));
                let k6 = tile[(l + 88u) * WIDE + e];
                s6 = s6 + vec4<f32>(dot(q0, k6), dot(q1, k6), dot(q2, k6), dot(q3, k6));
                let k7 = tile[(l + 92u) * WIDE + e];
                s7 = s7 + vec4<f32>(dot(q0, k7), dot(q1, k7), dot(q2, k7), dot(q3, k7));
            }
        }

        let present = min(rows - key0, 32u);
        var higher = highest;
        s0 = select(vec4<f32>(LOWEST), s0, l + 0u < present);
        higher = max(higher, s0);
        s1 = select(vec4<f32>(LOWEST), s1, l + 4u < present);
        higher = max(higher, s1);
        s2 = select(vec4<f32>(LOWEST), s2, l + 8u < present);
        higher = max(higher, s2);
        s3 = select(vec4<f32>(LOWEST), s3, l + 12u < present);
        higher = max(higher, s3);
        s4 = select(vec4<f32>(LOWEST), s4, l + 16u < present);
        higher = max(higher, s4);
        s5 = select(vec4<f32>(LOWEST), s5, l + 20u < present);
        higher = max(higher, s5);
        s6 = select(vec4<f32>(LOWEST), s6, l + 24u < present);
        higher = max(higher, s6);
        s7 = select(vec4<f32>(LOWEST), s7, l + 28u < present);
        higher = max(higher, s7);
        higher = max(higher, quadSwapX(higher));
        higher = max(higher, quadSwapY(higher));
        // before the first keys there is nothing to scale
        let fade = select(exp2((highest - higher) * SCALE), vec4<f32>(0.0), key0 == 0u);
        highest = higher;
        total = total * fade;
        s0 = select(vec4<f32>(0.0), exp2((s0 - higher) * SCALE), l + 0u < present);
        total = total + s0;
        s1 = select(vec4<f32>(0.0), exp2((s1 - higher) * SCALE), l + 4u < present);
        total = total + s1;
        s2 = select(vec4<f32>(0.0), exp2((s2 - higher) * SCALE), l + 8u < present);
        total = total + s2;
        s3 = select(vec4<f32>(0.0), exp2((s3 - higher) * SCALE), l + 12u < present);
        total = total + s3;
        s4 = select(vec4<f32>(0.0), exp2((s4 - higher) * SCALE), l + 16u < present);
        total = total + s4;
        s5 = select(vec4<f32>(0.0), exp2((s5 - higher) * SCALE), l + 20u < present);
        total = total + s5;
        s6 = select(vec4<f32>(0.0), exp2((s6 - higher) * SCALE), l + 24u < present);
        total = total + s6;
        s7 = select(vec4<f32>(0.0), exp2((s7 - higher) * SCALE), l + 28u < present);
        total = total + s7;
        sum0_0 = sum0_0 * fade[0];
        sum1_0 = sum1_0 * fade[1];
        sum2_0 = sum2_0 * fade[2];
        sum3_0 = sum3_0 * fade[3];
        sum0_1 = sum0_1 * fade[0];
        sum1_1 = sum1_1 * fade[1];
        sum2_1 = sum2_1 * fade[2];
        sum3_1 = sum3_1 * fade[3];
        sum0_2 = sum0_2 * fade[0];
        sum1_2 = sum1_2 * fade[1];
        sum2_2 = sum2_2 * fade[2];
        sum3_2 = sum3_2 * fade[3];
        sum0_3 = sum0_3 * fade[0];
        sum1_3 = sum1_3 * fade[1];
        sum2_3 = sum2_3 * fade[2];
        sum3_3 = sum3_3 * fade[3];
        sum0_4 = sum0_4 * fade[0];
        sum1_4 = sum1_4 * fade[1];
        sum2_4 = sum2_4 * fade[2];
        sum3_4 = sum3_4 * fade[3];

        for (var t0 = 0u; t0 < present; t0 += HELD) {
            workgroupBarrier();
            let held = min(HELD, 32u - t0);
            for (var i = lane; i < held * D4; i += 64u) {
                let row = first + min(key0 + t0 + i / D4, rows - 1u);
                tile[i] = iso_attn_v4(iso_attn_v(row, head), i % D4 * 4u);
            }
            workgroupBarrier();
            for (var t = 0u; t < held; t += 4u) {
                {
                    let weight = quadBroadcast(s0, 0u);
                    let at = (t + 0u) * D4;
                    let v0 = tile[at + column0];
                    sum0_0 = fma(vec4<f32>(weight[0]), v0, sum0_0);
                    sum1_0 = fma(vec4<f32>(weight[1]), v0, sum1_0);
                    sum2_0 = fma(vec4<f32>(weight[2]), v0, sum2_0);
                    sum3_0 = fma(vec4<f32>(weight[3]), v0, sum3_0);
                    let v1 = tile[at + column1];
                    sum0_1 = fma(vec4<f32>(weight[0]), v1, sum0_1);
                    sum1_1 = fma(vec4<f32>(weight[1]), v1, sum1_1);
                    sum2_1 = fma(vec4<f32>(weight[2]), v1, sum2_1);
                    sum3_1 = fma(vec4<f32>(weight[3]), v1, sum3_1);
                    let v2 = tile[at + column2];
                    sum0_2 = fma(vec4<f32>(weight[0]), v2, sum0_2);
                    sum1_2 = fma(vec4<f32>(weight[1]), v2, sum1_2);
                    sum2_2 = fma(vec4<f32>(weight[2]), v2, sum2_2);
                    sum3_2 = fma(vec4<f32>(weight[3]), v2, sum3_2);
                    let v3 = tile[at + column3];
                    sum0_3 = fma(vec4<f32>(weight[0]), v3, sum0_3);
                    sum1_3 = fma(vec4<f32>(weight[1]), v3, sum1_3);
                    sum2_3 = fma(vec4<f32>(weight[2]), v3, sum2_3);
                    sum3_3 = fma(vec4<f32>(weight[3]), v3, sum3_3);
                    let v4 = tile[at + column4];
                    sum0_4 = fma(vec4<f32>(weight[0]), v4, sum0_4);
                    sum1_4 = fma(vec4<f32>(weight[1]), v4, sum1_4);
                    sum2_4 = fma(vec4<f32>(weight[2]), v4, sum2_4);
                    sum3_4 = fma(vec4<f32>(weight[3]), v4, sum3_4);
                }
                {
                    let weight = quadBroadcast(s0, 1u);
                    let at = (t + 1u) * D4;
                    let v0 = tile[at + column0];
                    sum0_0 = fma(vec4<f32>(weight[0]), v0, sum0_0);
                    sum1_0 = fma(vec4<f32>(weight[1]), v0, sum1_0);
                    sum2_0 = fma(vec4<f32>(weight[2]), v0, sum2_0);
                    sum3_0 = fma(vec4<f32>(weight[3]), v0, sum3_0);
                    let v1 = tile[at + column1];
                    sum0_1 = fma(vec4<f32>(weight[0]), v1, sum0_1);
                    sum1_1 = fma(vec4<f32>(weight[1]), v1, sum1_1);
                    sum2_1 = fma(vec4<f32>(weight[2]), v1, sum2_1);
                    sum3_1 = fma(vec4<f32>(weight[3]), v1, sum3_1);
                    let v2 = tile[at + column2];
                    sum0_2 = fma(vec4<f32>(weight[0]), v2, sum0_2);
                    sum1_2 = fma(vec4<f32>(weight[1]), v2, sum1_2);
                    sum2_2 = fma(vec4<f32>(weight[2]), v2, sum2_2);
                    sum3_2 = fma(vec4<f32>(weight[3]), v2, sum3_2);
                    let v3 = tile[at + column3];
                    sum0_3 = fma(vec4<f32>(weight[0]), v3, sum0_3);
                    sum1_3 = fma(vec4<f32>(weight[1]), v3, sum1_3);
                    sum2_3 = fma(vec4<f32>(weight[2]), v3, sum2_3);
                    sum3_3 = fma(vec4<f32>(weight[3]), v3, sum3_3);
                    let v4 = tile[at + column4];
                    sum0_4 = fma(vec4<f32>(weight[0]), v4, sum0_4);
                    sum1_4 = fma(vec4<f32>(weight[1]), v4, sum1_4);
                    sum2_4 = fma(vec4<f32>(weight[2]), v4, sum2_4);
                    sum3_4 = fma(vec4<f32>(weight[3]), v4, sum3_4);
                }
                {
                    let weight = quadBroadcast(s0, 2u);
                    let at = (t + 2u) * D4;
                    let v0 = tile[at + column0];
                    sum0_0 = fma(vec4<f32>(weight[0]), v0, sum0_0);
                    sum1_0 = fma(vec4<f32>(weight[1]), v0, sum1_0);
                    sum2_0 = fma(vec4<f32>(weight[2]), v0, sum2_0);
                    sum3_0 = fma(vec4<f32>(weight[3]), v0, sum3_0);
                    let v1 = tile[at + column1];
                    sum0_1 = fma(vec4<f32>(weight[0]), v1, sum0_1);
                    sum1_1 = fma(vec4<f32>(weight[1]), v1, sum1_1);
                    sum2_1 = fma(vec4<f32>(weight[2]), v1, sum2_1);
                    sum3_1 = fma(vec4<f32>(weight[3]), v1, sum3_1);
                    let v2 = tile[at + column2];
                    sum0_2 = fma(vec4<f32>(weight[0]), v2, sum0_2);
                    sum1_2 = fma(vec4<f32>(weight[1]), v2, sum1_2);
                    sum2_2 = fma(vec4<f32>(weight[2]), v2, sum2_2);
                    sum3_2 = fma(vec4<f32>(weight[3]), v2, sum3_2);
                    let v3 = tile[at + column3];
                    sum0_3 = fma(vec4<f32>(weight[0]), v3, sum0_3);
                    sum1_3 = fma(vec4<f32>(weight[1]), v3, sum1_3);
                    sum2_3 = fma(vec4<f32>(weight[2]), v3, sum2_3);
                    sum3_3 = fma(vec4<f32>(weight[3]), v3, sum3_3);
                    let v4 = tile[at + column4];
                    sum0_4 = fma(vec4<f32>(weight[0]), v4, sum0_4);
                    sum1_4 = fma(vec4<f32>(weight[1]), v4, sum1_4);
                    sum2_4 = fma(vec4<f32>(weight[2]), v4, sum2_4);
                    sum3_4 = fma(vec4<f32>(weight[3]), v4, sum3_4);
                }
                {
                    let weight = quadBroadcast(s0, 3u);
                    let at = (t + 3u) * D4;
                    let v0 = tile[at + column0];
                    sum0_0 = fma(vec4<f32>(weight[0]), v0, sum0_0);
                    sum1_0 = fma(vec4<f32>(weight[1]), v0, sum1_0);
                    sum2_0 = fma(vec4<f32>(weight[2]), v0, sum2_0);
                    sum3_0 = fma(vec4<f32>(weight[3]), v0, sum3_0);
                    let v1 = tile[at + column1];
                    sum0_1 = fma(vec4<f32>(weight[0]), v1, sum0_1);
                    sum1_1 = fma(vec4<f32>(weight[1]), v1, sum1_1);
                    sum2_1 = fma(vec4<f32>(weight[2]), v1, sum2_1);
                    sum3_1 = fma(vec4<f32>(weight[3]), v1, sum3_1);
                    let v2 = tile[at + column2];
                    sum0_2 = fma(vec4<f32>(weight[0]), v2, sum0_2);
                    sum1_2 = fma(vec4<f32>(weight[1]), v2, sum1_2);
                    sum2_2 = fma(vec4<f32>(weight[2]), v2, sum2_2);
                    sum3_2 = fma(vec4<f32>(weight[3]), v2, sum3_2);
                    let v3 = tile[at + column3];
                    sum0_3 = fma(vec4<f32>(weight[0]), v3, sum0_3);
                    sum1_3 = fma(vec4<f32>(weight[1]), v3, sum1_3);
                    sum2_3 = fma(vec4<f32>(weight[2]), v3, sum2_3);
                    sum3_3 = fma(vec4<f32>(weight[3]), v3, sum3_3);
                    let v4 = tile[at + column4];
                    sum0_4 = fma(vec4<f32>(weight[0]), v4, sum0_4);
                    sum1_4 = fma(vec4<f32>(weight[1]), v4, sum1_4);
                    sum2_4 = fma(vec4<f32>(weight[2]), v4, sum2_4);
                    sum3_4 = fma(vec4<f32>(weight[3]), v4, sum3_4);
                }
                // the next four keys
                s0 = s1;
                s1 = s2;
                s2 = s3;
                s3 = s4;
                s4 = s5;
                s5 = s6;
                s6 = s7;
            }
        }
    }

    total = total + quadSwapX(total);
    total = total + quadSwapY(total);
    let share = 1.0 / total;
    if (row0 + g + 0u < p.count) {
        let to = ((first + row0 + g + 0u) * 16u + head) * D;
        for (var e = 0u; e < 4u; e++) {
            if ((l + 0u) * 4u + e < D) {
                y[to + (l + 0u) * 4u + e] = sum0_0[e] * share[0];
            }
        }
        for (var e = 0u; e < 4u; e++) {
            if ((l + 4u) * 4u + e < D) {
                y[to + (l + 4u) * 4u + e] = sum0_1[e] * share[0];
            }
        }
        for (var e = 0u; e < 4u; e++) {
            if ((l + 8u) * 4u + e < D) {
                y[to + (l + 8u) * 4u + e] = sum0_2[e] * share[0];
            }
        }
        for (var e = 0u; e < 4u; e++) {
            if ((l + 12u) * 4u + e < D) {
                y[to + (l + 12u) * 4u + e] = sum0_3[e] * share[0];
            }
        }
        for (var e = 0u; e < 4u; e++) {
            if ((l + 16u) * 4u + e < D) {
                y[to + (l + 16u) * 4u + e] = sum0_4[e] * share[0];
            }
        }
    }
    if (row0 + g + 16u < p.count) {
        let to = ((first + row0 + g + 16u) * 16u + head) * D;
        for (var e = 0u; e < 4u; e++) {
            if ((l + 0u) * 4u + e < D) {
                y[to + (l + 0u) * 4u + e] = sum1_0[e] * share[1];
            }
        }
        for (var e = 0u; e < 4u; e++) {
            if ((l + 4u) * 4u + e < D) {
                y[to + (l + 4u) * 4u + e] = sum1_1[e] * share[1];
            }
        }
        for (var e = 0u; e < 4u; e++) {
            if ((l + 8u) * 4u + e < D) {
                y[to + (l + 8u) * 4u + e] = sum1_2[e] * share[1];
            }
        }
        for (var e = 0u; e < 4u; e++) {
            if ((l + 12u) * 4u + e < D) {
                y[to + (l + 12u) * 4u + e] = sum1_3[e] * share[1];
            }
        }
        for (var e = 0u; e < 4u; e++) {
            if ((l + 16u) * 4u + e < D) {
                y[to + (l + 16u) * 4u + e] = sum1_4[e] * share[1];
            }
        }
    }
    if (row0 + g + 32u < p.count) {
        let to = ((first + row0 + g + 32u) * 16u + head) * D;
        for (var e = 0u; e < 4u; e++) {
            if ((l + 0u) * 4u + e < D) {
                y[to + (l + 0u) * 4u + e] = sum2_0[e] * share[2];
            }
        }
        for (var e = 0u; e < 4u; e++) {
            if ((l + 4u) * 4u + e < D) {
                y[to + (l + 4u) * 4u + e] = sum2_1[e] * share[2];
            }
        }
        for (var e = 0u; e < 4u; e++) {
            if ((l + 8u) * 4u + e < D) {
                y[to + (l + 8u) * 4u + e] = sum2_2[e] * share[2];
            }
        }
        for (var e = 0u; e < 4u; e++) {
            if ((l + 12u) * 4u + e < D) {
                y[to + (l + 12u) * 4u + e] = sum2_3[e] * share[2];
            }
        }
        for (var e = 0u; e < 4u; e++) {
            if ((l + 16u) * 4u + e < D) {
                y[to + (l + 16u) * 4u + e] = sum2_4[e] * share[2];
            }
        }
    }
    if (row0 + g + 48u < p.count) {
        let to = ((first + row0 + g + 48u) * 16u + head) * D;
        for (var e = 0u; e < 4u; e++) {
            if ((l + 0u) * 4u + e < D) {
                y[to + (l + 0u) * 4u + e] = sum3_0[e] * share[3];
            }
        }
        for (var e = 0u; e < 4u; e++) {
            if ((l + 4u) * 4u + e < D) {
                y[to + (l + 4u) * 4u + e] = sum3_1[e] * share[3];
            }
        }
        for (var e = 0u; e < 4u; e++) {
            if ((l + 8u) * 4u + e < D) {
                y[to + (l + 8u) * 4u + e] = sum3_2[e] * share[3];
            }
        }
        for (var e = 0u; e < 4u; e++) {
            if ((l + 12u) * 4u + e < D) {
                y[to + (l + 12u) * 4u + e] = sum3_3[e] * share[3];
            }
        }
        for (var e = 0u; e < 4u; e++) {
            if ((l + 16u) * 4u + e < D) {
                y[to + (l + 16u) * 4u + e] = sum3_4[e] * share[3];
            }
        }
    }
}
