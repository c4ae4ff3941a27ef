// attention.f32.near.wgsl_vec
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

// attention over at most 64 keys, all sums in f32.
//
// A workgroup takes four query rows of one head: invocation t has their scores of key t, then columns t, t + 64 .. of the result.
const D = 72u;
const SCALE = 0x1.e2b7ep-4f * 1.4426950408889634f; // weights are powers of 2
const Q_STRIDE = vec3<u32>(1152u, 72u, 1u);
const K_STRIDE = vec3<u32>(1152u, 72u, 1u);
const V_STRIDE = vec3<u32>(3456u, 72u, 1u);

// A component for each row.
var<workgroup> query: array<vec4<f32>, 72>;
var<workgroup> weights: array<vec4<f32>, 64>; // first the scores

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let rows = p.m / p.images;
    let first = group.z * rows;
    let head = group.y;
    let row0 = group.x * 4u;
    // past the last row of the image: that row again
    let begin = vec4<u32>(
        iso_attn_q(first + row0, head),
        iso_attn_q(first + min(row0 + 1u, p.count - 1u), head),
        iso_attn_q(first + min(row0 + 2u, p.count - 1u), head),
        iso_attn_q(first + min(row0 + 3u, p.count - 1u), head),
    );
    for (var e = lane; e < 72u; e += 64u) {
        var elements = vec4<f32>(0.0);
        if (e < D) {
            let at = begin + vec4<u32>(e * Q_STRIDE.z);
            elements = vec4<f32>(q[at.x], q[at.y], q[at.z], q[at.w]);
        }
        query[e] = elements;
    }
    workgroupBarrier();

    var score = vec4<f32>(0.0);
    if (lane < rows) {
        let key = iso_attn_k(first + lane, head);
        for (var e = 0u; e < D; e += 4u) {
            let four = iso_attn_k4(key, e);
            score = fma(query[e], vec4<f32>(four.x), score);
            score = fma(query[e + 1u], vec4<f32>(four.y), score);
            score = fma(query[e + 2u], vec4<f32>(four.z), score);
            score = fma(query[e + 3u], vec4<f32>(four.w), score);
        }
    }
    weights[lane] = score;
    workgroupBarrier();

    var highest = weights[0];
    for (var t = 1u; t < rows; t++) {
        highest = max(highest, weights[t]);
    }
    workgroupBarrier();
    weights[lane] = exp2((score - highest) * SCALE);
    workgroupBarrier();

    for (var e = lane; e < D; e += 64u) {
        var sum = vec4<f32>(0.0);
        var total = vec4<f32>(0.0);
        for (var t = 0u; t < rows; t++) {
            let weight = weights[t];
            sum = fma(weight, vec4<f32>(iso_attn_v1(iso_attn_v(first + t, head), e)), sum);
            total = total + weight;
        }
        let result = sum / total;
        for (var r = 0u; r < min(p.count - row0, 4u); r++) {
            y[((first + row0 + r) * 16u + head) * D + e] = result[r];
        }
    }
}
