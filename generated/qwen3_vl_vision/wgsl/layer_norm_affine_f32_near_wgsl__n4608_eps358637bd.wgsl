// layer_norm_affine.f32.near.wgsl
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
struct Params {
    m: u32,
    x_at: u32,
    w_at: u32,
    b_at: u32,
    zero: u32,
}
@group(0) @binding(4) var<uniform> p: Params;

// A value that the compiler cannot see through: no rounding before it is fused with, folded into or moved across an operation after it.

fn iso_keep(v: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(v) ^ p.zero);
}

// Layer norm with weight and bias. A workgroup takes a row: every invocation adds up each 64th element, then halves of the invocations add up.
//
// Elements are counted from the row's first one, which takes a mean that is large beside the deviations out before anything is rounded:
// such differences are exact. What rounding leaves of the mean is seen in the second pass, as the sum of the deviations from it.
const N = 4608u;

var<workgroup> parts: array<vec2<f32>, 64>;

fn total(id: u32, part: vec2<f32>) -> vec2<f32> {
    parts[id] = part;
    workgroupBarrier();
    for (var half = 32u; half > 0u; half /= 2u) {
        if (id < half) {
            parts[id] += parts[id + half];
        }
        workgroupBarrier();
    }
    let sum = parts[0];
    workgroupBarrier();
    return sum;
}

// kept, or the two subtractions that an element goes through could become one
fn from_first(at: u32, first: f32) -> f32 {
    return iso_keep(x[at] - first);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) id: u32) {
    let at = p.x_at + group.x * N;
    let first = x[at];
    var sum = 0.0;
    for (var i = id; i < N; i += 64u) {
        sum += from_first(at + i, first);
    }
    let mean = total(id, vec2<f32>(sum, 0.0)).x / f32(N);
    var sums = vec2<f32>();
    for (var i = id; i < N; i += 64u) {
        let d = from_first(at + i, first) - mean;
        sums += vec2<f32>(d, d * d);
    }
    let means = total(id, sums) / f32(N);
    let scale = inverseSqrt(max(means.y - means.x * means.x, 0.0) + 0x1.0c6f7ap-20f);
    for (var i = id; i < N; i += 64u) {
        let d = (from_first(at + i, first) - mean) - means.x;
        y[group.x * N + i] = (d * scale) * w[p.w_at + i] + b[p.b_at + i];
    }
}
