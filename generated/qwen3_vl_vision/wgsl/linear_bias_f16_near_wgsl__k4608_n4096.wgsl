// linear_bias.f16.near.wgsl
@group(0) @binding(0) var<storage, read> x: array<f32>;
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

// linear, then + r: f32 rows, f16 weights, within a bound. A workgroup makes 64 rows by 64 columns, an invocation 8 by 4 of them; for every 16 elements of k the rows of both
// factors lie in workgroup memory, widened to f32, four rows to a vector. While they are multiplied the next ones are on their way.

// A line holds 64 rows at one k; the spare vector keeps those who write neighbouring lines out of each other's memory banks.
const LINE = 17u;

var<workgroup> x_tile: array<vec4<f32>, 272>;
var<workgroup> w_tile: array<vec4<f32>, 272>;

struct XPart {
    low: vec4<f32>,
    high: vec4<f32>,
}

// Where four rows begin; past the last one, that.
fn x_starts(first: u32) -> vec4<u32> {
    let row = min(vec4<u32>(first) + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(p.m - 1u));
    return p.x_at + row * 4608u;
}

// Element e of the rows; zeros past their end.
fn x_take(low: vec4<u32>, high: vec4<u32>, e: u32) -> XPart {
    return XPart(
        vec4<f32>(x[low.x + e], x[low.y + e], x[low.z + e], x[low.w + e]),
        vec4<f32>(x[high.x + e], x[high.y + e], x[high.z + e], x[high.w + e]),
    );
}

fn x_put(id: u32, part: XPart) {
    let to = id % 16u * LINE + id / 16u;
    x_tile[to] = part.low;
    x_tile[to + 8u] = part.high;
}

alias WPart = vec4<u32>;

// Where four rows begin; past the last one, that.
fn w_starts(first: u32) -> vec4<u32> {
    let row = min(vec4<u32>(first) + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(4095u));
    return (p.w_at + row * 4608u) / 2u;
}

// Element e of the rows, and its neighbour; zeros past their end.
fn w_take(at: vec4<u32>, e: u32) -> WPart {
    let word = at + e / 2u;
    return vec4<u32>(w[word.x], w[word.y], w[word.z], w[word.w]);
}

fn w_put(id: u32, part: WPart) {
    let to = id % 8u * 2u * LINE + id / 8u;
    let a = unpack2x16float(part.x);
    let b = unpack2x16float(part.y);
    let c = unpack2x16float(part.z);
    let d = unpack2x16float(part.w);
    w_tile[to] = vec4<f32>(a.x, b.x, c.x, d.x);
    w_tile[to + LINE] = vec4<f32>(a.y, b.y, c.y, d.y);
}

fn write(row: u32, col: u32, dot: f32) {
    if (col < 4096u) {
        let to = row * 4096u + col;
        y[to] = dot + r[p.r_at + col];
    }
}

fn write_four(row: u32, col: u32, dots: vec4<f32>) {
    if (row < p.m) {
        write(row, col, dots.x);
        write(row, col + 1u, dots.y);
        write(row, col + 2u, dots.z);
        write(row, col + 3u, dots.w);
    }
}

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) id: u32) {
    let row0 = group.y * 64u;
    let col0 = group.x * 64u;
    // 32 neighbours make a patch of 4 by 8 vectors, so that they share most of what they read
    let across = id % 8u + id / 32u % 2u * 8u;
    let down = id / 8u % 4u + id / 64u * 4u;
    let x_low = x_starts(row0 + id / 16u * 4u);
    let x_high = x_starts(row0 + 32u + id / 16u * 4u);
    let w_at = w_starts(col0 + id / 8u * 4u);
    var sum0 = vec4<f32>();
    var sum1 = vec4<f32>();
    var sum2 = vec4<f32>();
    var sum3 = vec4<f32>();
    var sum4 = vec4<f32>();
    var sum5 = vec4<f32>();
    var sum6 = vec4<f32>();
    var sum7 = vec4<f32>();
    var x_part = x_take(x_low, x_high, 0u + id % 16u);
    var w_part = w_take(w_at, 0u + id % 8u * 2u);
    for (var k0 = 0u; k0 < 4608u; k0 += 16u) {
        x_put(id, x_part);
        w_put(id, w_part);
        workgroupBarrier();
        if (k0 + 16u < 4608u) {
            x_part = x_take(x_low, x_high, k0 + 16u + id % 16u);
            w_part = w_take(w_at, k0 + 16u + id % 8u * 2u);
        }
        for (var e = 0u; e < 16u * LINE; e += 4u * LINE) {
            let a0 = x_tile[e + 0u + down];
            let b0 = x_tile[e + 8u + down];
            let w0 = w_tile[e + 0u + across];
            sum0 = fma(vec4<f32>(a0.x), w0, sum0);
            sum4 = fma(vec4<f32>(b0.x), w0, sum4);
            sum1 = fma(vec4<f32>(a0.y), w0, sum1);
            sum5 = fma(vec4<f32>(b0.y), w0, sum5);
            sum2 = fma(vec4<f32>(a0.z), w0, sum2);
            sum6 = fma(vec4<f32>(b0.z), w0, sum6);
            sum3 = fma(vec4<f32>(a0.w), w0, sum3);
            sum7 = fma(vec4<f32>(b0.w), w0, sum7);
            let a1 = x_tile[e + 17u + down];
            let b1 = x_tile[e + 25u + down];
            let w1 = w_tile[e + 17u + across];
            sum0 = fma(vec4<f32>(a1.x), w1, sum0);
            sum4 = fma(vec4<f32>(b1.x), w1, sum4);
            sum1 = fma(vec4<f32>(a1.y), w1, sum1);
            sum5 = fma(vec4<f32>(b1.y), w1, sum5);
            sum2 = fma(vec4<f32>(a1.z), w1, sum2);
            sum6 = fma(vec4<f32>(b1.z), w1, sum6);
            sum3 = fma(vec4<f32>(a1.w), w1, sum3);
            sum7 = fma(vec4<f32>(b1.w), w1, sum7);
            let a2 = x_tile[e + 34u + down];
            let b2 = x_tile[e + 42u + down];
            let w2 = w_tile[e + 34u + across];
            sum0 = fma(vec4<f32>(a2.x), w2, sum0);
            sum4 = fma(vec4<f32>(b2.x), w2, sum4);
            sum1 = fma(vec4<f32>(a2.y), w2, sum1);
            sum5 = fma(vec4<f32>(b2.y), w2, sum5);
            sum2 = fma(vec4<f32>(a2.z), w2, sum2);
            sum6 = fma(vec4<f32>(b2.z), w2, sum6);
            sum3 = fma(vec4<f32>(a2.w), w2, sum3);
            sum7 = fma(vec4<f32>(b2.w), w2, sum7);
            let a3 = x_tile[e + 51u + down];
            let b3 = x_tile[e + 59u + down];
            let w3 = w_tile[e + 51u + across];
            sum0 = fma(vec4<f32>(a3.x), w3, sum0);
            sum4 = fma(vec4<f32>(b3.x), w3, sum4);
            sum1 = fma(vec4<f32>(a3.y), w3, sum1);
            sum5 = fma(vec4<f32>(b3.y), w3, sum5);
            sum2 = fma(vec4<f32>(a3.z), w3, sum2);
            sum6 = fma(vec4<f32>(b3.z), w3, sum6);
            sum3 = fma(vec4<f32>(a3.w), w3, sum3);
            sum7 = fma(vec4<f32>(b3.w), w3, sum7);
        }
        workgroupBarrier();
    }
    let row = row0 + down * 4u;
    let col = col0 + across * 4u;
    write_four(row + 0u, col, sum0);
    write_four(row + 1u, col, sum1);
    write_four(row + 2u, col, sum2);
    write_four(row + 3u, col, sum3);
    write_four(row + 32u, col, sum4);
    write_four(row + 33u, col, sum5);
    write_four(row + 34u, col, sum6);
    write_four(row + 35u, col, sum7);
}
