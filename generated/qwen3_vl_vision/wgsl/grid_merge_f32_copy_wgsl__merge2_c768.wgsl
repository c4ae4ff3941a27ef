// grid_merge.f32.copy.wgsl
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
struct Params {
    b: u32,
    rows: u32,
    cols: u32,
    x_at: u32,
    zero: u32,
}
@group(0) @binding(2) var<uniform> p: Params;

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

// One element of y per invocation: every cell of a block is fetched from its raster row.
const C = 768u;

// The element of x that becomes element i of y.
fn place_of(i: u32) -> u32 {
    let image = i / C / (p.rows * p.cols);
    let cell = iso_grid_cell(i / C % (p.rows * p.cols), p.cols, 2u);
    return p.x_at + ((image * p.rows + cell.x) * p.cols + cell.y) * C + i % C;
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) id: u32) {
    let i = iso_each(group, id);
    let count = p.b * p.rows * p.cols * C;
    if (i < count) {
        y[i] = x[place_of(i)];
    }
}
