// concat.f32.copy.wgsl
@group(0) @binding(0) var<storage, read> xs0: array<f32>;
@group(0) @binding(1) var<storage, read> xs1: array<f32>;
@group(0) @binding(2) var<storage, read> xs2: array<f32>;
@group(0) @binding(3) var<storage, read> xs3: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
struct Params {
    m: u32,
    xs0_at: u32,
    xs1_at: u32,
    xs2_at: u32,
    xs3_at: u32,
    zero: u32,
}
@group(0) @binding(5) var<uniform> p: Params;

// A workgroup per row of y: one row of every operand after the other.
const WIDTH: u32 = 4096 + 4096 + 4096 + 4096;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) id: u32) {
    let row = group.y * 64u + group.x;
    if (row >= p.m) {
        return;
    }
    var to = row * WIDTH;
    for (var i = id; i < 4096u; i += 64u) {
        y[to + i] = xs0[p.xs0_at + row * 4096u + i];
    }
    to += 4096u;
    for (var i = id; i < 4096u; i += 64u) {
        y[to + i] = xs1[p.xs1_at + row * 4096u + i];
    }
    to += 4096u;
    for (var i = id; i < 4096u; i += 64u) {
        y[to + i] = xs2[p.xs2_at + row * 4096u + i];
    }
    to += 4096u;
    for (var i = id; i < 4096u; i += 64u) {
        y[to + i] = xs3[p.xs3_at + row * 4096u + i];
    }
    to += 4096u;
}
