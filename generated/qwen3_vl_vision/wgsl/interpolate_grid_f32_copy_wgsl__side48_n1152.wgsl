// interpolate_grid.f32.copy.wgsl
@group(0) @binding(0) var<storage, read> grid: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
struct Params {
    rows: u32,
    cols: u32,
    grid_at: u32,
    zero: u32,
}
@group(0) @binding(2) var<uniform> p: Params;

// One element per invocation, 256 to a workgroup, however many elements: 32 workgroups side by side, and rows of those.

fn iso_each(group: vec3<u32>, id: u32) -> u32 {
    return (group.y * 32u + group.x) * 256u + id;
}

// The trained grid itself: one element per invocation.
const N = 1152u;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) id: u32) {
    let i = iso_each(group, id);
    if (i < p.rows * p.cols * N) {
        y[i] = grid[p.grid_at + i];
    }
}
