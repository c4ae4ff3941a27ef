// grid_positions.i32.exact.wgsl
@group(0) @binding(0) var<storage, read_write> y: array<i32>;
struct Params {
    rows: u32,
    cols: u32,
    zero: u32,
}
@group(0) @binding(1) var<uniform> p: Params;

// One element per invocation, 256 to a workgroup, however many elements: 32 workgroups side by side, and rows of those.

fn iso_each(group: vec3<u32>, id: u32) -> u32 {
    return (group.y * 32u + group.x) * 256u + id;
}

// Where cell i of blocks of merge x merge neighbours lies in a grid of `cols` columns: (row, column).

fn iso_grid_cell(i: u32, cols: u32, merge: u32) -> vec2<u32> {
    let inside = i % (merge * merge);
    let block = i / (merge * merge);
    let across = cols / merge;
    return vec2<u32>(block / across * merge + inside / merge, block % across * merge + inside % merge);
}

// One cell per invocation.
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) id: u32) {
    let i = iso_each(group, id);
    if (i < p.rows * p.cols) {
        let cell = iso_grid_cell(i, p.cols, 2u);
        y[2u * i] = i32(cell.x);
        y[2u * i + 1u] = i32(cell.y);
    }
}
