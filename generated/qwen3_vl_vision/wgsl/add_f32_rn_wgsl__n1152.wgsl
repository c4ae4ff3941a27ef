// add.f32.rn.wgsl
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
struct Params {
    m: u32,
    a_at: u32,
    b_at: u32,
    zero: u32,
}
@group(0) @binding(3) var<uniform> p: Params;

// One element per invocation, 256 to a workgroup, however many elements: 32 workgroups side by side, and rows of those.

fn iso_each(group: vec3<u32>, id: u32) -> u32 {
    return (group.y * 32u + group.x) * 256u + id;
}

// Sums: one element per invocation.
const N = 1152u;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) id: u32) {
    let i = iso_each(group, id);
    if (i < p.m * N) {
        y[i] = a[p.a_at + i] + b[p.b_at + i];
    }
}
