// attention.f32.near.wgsl
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
// 8 lanes take four query rows and 32 keys: a lane has the scores of every 8th key, later every 8th group of columns; weights go through memory.

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

var<workgroup> tile: array<vec4<f32>, 576>; // 32 queries and 32 keys, then values
var<workgroup> weights: array<vec4<f32>, 256>; // [key][group]: a component for each row
var<workgroup> parts: array<vec4<f32>, 64>; // [lane][group]: what lanes of a group tell each other

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) place: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let rows = p.m / p.images;
    let first = place.z * rows;
    let head = place.y;
    let row0 = place.x * 32u;
    let l = lane % 8u;
    let g = lane / 8u;
    let column0 = min(l + 0u, D4 - 1u);
    var sum0_0 = vec4<f32>(0.0);
    var sum1_0 = vec4<f32>(0.0);
    var sum2_0 = vec4<f32>(0.0);
    var sum3_0 = vec4<f32>(0.0);
    let column1 = min(l + 8u, D4 - 1u);
    var sum0_1 = vec4<f32>(0.0);
    var sum1_1 = vec4<f32>(0.0);
    var sum2_1 = vec4<f32>(0.0);
    var sum3_1 = vec4<f32>(0.0);
    let column2 = min(l + 16u, D4 - 1u);
    var sum0_2 = vec4<f32>(0.0);
    var sum1_2 = vec4<f32>(0.0);
    var sum2_2 = vec4<f32>(0.0);
    var sum3_2 = vec4<f32>(0.0);
    // of the group's rows: the highest score; of this lane's keys: the sum of their weights
    var highest = vec4<f32>(LOWEST);
    var total = vec4<f32>(0.0);

    for (var key0 = 0u; key0 < rows; key0 += 32u) {
        var s0 = vec4<f32>(0.0);
        var s1 = vec4<f32>(0.0);
        var s2 = vec4<f32>(0.0);
        var s3 = vec4<f32>(0.0);
        for (var e0 = 0u; e0 < iso_attn_turns(D4); e0 += CHUNK) {
            workgroupBarrier();
            for (var i = lane; i < 64u * CHUNK; i += 64u) {
                let row = i / CHUNK;
                let e = e0 + i % CHUNK;
                var elements = vec4<f32>(0.0);
                if (e < D4 && row < 32u) {
                    elements = iso_attn_q4(iso_attn_q(first + min(row0 + row, p.count - 1u), head), 4u * e);
                } else if (e < D4) {
                    elements = iso_attn_k4(iso_attn_k(first + min(key0 + row - 32u, rows - 1u), head), 4u * e);
                }
                tile[row * WIDE + i % CHUNK] = elements;
            }
            workgroupBarrier();
            for (var e = 0u; e < iso_attn_turns(CHUNK); e++) {
                let q0 = tile[(g + 0u) * WIDE + e];
                let q1 = tile[(g + 8u) * WIDE + e];
                let q2 = tile[(g + 16u) * WIDE + e];
                let q3 = tile[(g + 24u) * WIDE + e];
                let k0 = tile[(l + 32u) * WIDE + e];
                s0 = s0 + vec4<f32>(dot(q0, k0), dot(q1, k0), dot(q2, k0), dot(q3, k0));
                let k1 = tile[(l + 40u) * WIDE + e];
                s1 = s1 + vec4<f32>(dot(q0, k1), dot(q1, k1), dot(q2, k1), dot(q3, k1));
                let k2 = tile[(l + 48u) * WIDE + e];
                s2 = s2 + vec4<f32>(dot(q0, k2), dot(q1, k2), dot(q2, k2), dot(q3, k2));
                let k3 = tile[(l + 56u) * WIDE + e];
                s3 = s3 + vec4<f32>(dot(q0, k3), dot(q1, k3), dot(q2, k3), dot(q3, k3));
            }
        }

        let present = min(rows - key0, 32u);
        var higher = highest;
        s0 = select(vec4<f32>(LOWEST), s0, l + 0u < present);
        higher = max(higher, s0);
        s1 = select(vec4<f32>(LOWEST), s1, l + 8u < present);
        higher = max(higher, s1);
        s2 = select(vec4<f32>(LOWEST), s2, l + 16u < present);
        higher = max(higher, s2);
        s3 = select(vec4<f32>(LOWEST), s3, l + 24u < present);
        higher = max(higher, s3);
        parts[l * 8u + g] = higher;
        workgroupBarrier();
        for (var i = 0u; i < 8u; i++) {
            higher = max(higher, parts[i * 8u + g]);
        }
        // before the first keys there is nothing to scale
        let fade = select(exp2((highest - higher) * SCALE), vec4<f32>(0.0), key0 == 0u);
        highest = higher;
        total = total * fade;
        s0 = select(vec4<f32>(0.0), exp2((s0 - higher) * SCALE), l + 0u < present);
        total = total + s0;
        weights[(l + 0u) * 8u + g] = s0;
        s1 = select(vec4<f32>(0.0), exp2((s1 - higher) * SCALE), l + 8u < present);
        total = total + s1;
        weights[(l + 8u) * 8u + g] = s1;
        s2 = select(vec4<f32>(0.0), exp2((s2 - higher) * SCALE), l + 16u < present);
        total = total + s2;
        weights[(l + 16u) * 8u + g] = s2;
        s3 = select(vec4<f32>(0.0), exp2((s3 - higher) * SCALE), l + 24u < present);
        total = total + s3;
        weights[(l + 24u) * 8u + g] = s3;
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

        for (var t0 = 0u; t0 < present; t0 += HELD) {
            if (t0 > 0u) {
                workgroupBarrier();
            }
            let held = min(HELD, 32u - t0);
            for (var i = lane; i < held * D4; i += 64u) {
                let row = first + min(key0 + t0 + i / D4, rows - 1u);
                tile[i] = iso_attn_v4(iso_attn_v(row, head), i % D4 * 4u);
            }
            workgroupBarrier();
            for (var t = 0u; t < held; t++) {
                let weight = weights[(t0 + t) * 8u + g];
                let at = t * D4;
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
            }
        }
    }

    workgroupBarrier();
    parts[l * 8u + g] = total;
    workgroupBarrier();
    total = vec4<f32>(0.0);
    for (var i = 0u; i < 8u; i++) {
        total = total + parts[i * 8u + g];
    }
    let share = 1.0 / total;
    if (row0 + g + 0u < p.count) {
        let to = ((first + row0 + g + 0u) * 16u + head) * D;
        for (var e = 0u; e < 4u; e++) {
            if ((l + 0u) * 4u + e < D) {
                y[to + (l + 0u) * 4u + e] = sum0_0[e] * share[0];
            }
        }
        for (var e = 0u; e < 4u; e++) {
            if ((l + 8u) * 4u + e < D) {
                y[to + (l + 8u) * 4u + e] = sum0_1[e] * share[0];
            }
        }
        for (var e = 0u; e < 4u; e++) {
            if ((l + 16u) * 4u + e < D) {
                y[to + (l + 16u) * 4u + e] = sum0_2[e] * share[0];
            }
        }
    }
    if (row0 + g + 8u < p.count) {
        let to = ((first + row0 + g + 8u) * 16u + head) * D;
        for (var e = 0u; e < 4u; e++) {
            if ((l + 0u) * 4u + e < D) {
                y[to + (l + 0u) * 4u + e] = sum1_0[e] * share[1];
            }
        }
        for (var e = 0u; e < 4u; e++) {
            if ((l + 8u) * 4u + e < D) {
                y[to + (l + 8u) * 4u + e] = sum1_1[e] * share[1];
            }
        }
        for (var e = 0u; e < 4u; e++) {
            if ((l + 16u) * 4u + e < D) {
                y[to + (l + 16u) * 4u + e] = sum1_2[e] * share[1];
            }
        }
    }
    if (row0 + g + 16u < p.count) {
        let to = ((first + row0 + g + 16u) * 16u + head) * D;
        for (var e = 0u; e < 4u; e++) {
            if ((l + 0u) * 4u + e < D) {
                y[to + (l + 0u) * 4u + e] = sum2_0[e] * share[2];
            }
        }
        for (var e = 0u; e < 4u; e++) {
            if ((l + 8u) * 4u + e < D) {
                y[to + (l + 8u) * 4u + e] = sum2_1[e] * share[2];
            }
        }
        for (var e = 0u; e < 4u; e++) {
            if ((l + 16u) * 4u + e < D) {
                y[to + (l + 16u) * 4u + e] = sum2_2[e] * share[2];
            }
        }
    }
    if (row0 + g + 24u < p.count) {
        let to = ((first + row0 + g + 24u) * 16u + head) * D;
        for (var e = 0u; e < 4u; e++) {
            if ((l + 0u) * 4u + e < D) {
                y[to + (l + 0u) * 4u + e] = sum3_0[e] * share[3];
            }
        }
        for (var e = 0u; e < 4u; e++) {
            if ((l + 8u) * 4u + e < D) {
                y[to + (l + 8u) * 4u + e] = sum3_1[e] * share[3];
            }
        }
        for (var e = 0u; e < 4u; e++) {
            if ((l + 16u) * 4u + e < D) {
                y[to + (l + 16u) * 4u + e] = sum3_2[e] * share[3];
            }
        }
    }
}
