// im2col.f32.copy.wgsl
@group(0) @binding(0) var<storage, read> pixels: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
struct Params {
    b: u32,
    rows: u32,
    cols: u32,
    pixels_at: u32,
    zero: u32,
}
@group(0) @binding(2) var<uniform> p: Params;

// One element per invocation, 256 to a workgroup, however many elements: 32 workgroups side by side, and rows of those.

fn iso_each(group: vec3<u32>, id: u32) -> u32 {
    return (group.y * 32u + group.x) * 256u + id;
}

// Pixels keep their reading order inside a patch, channels move outwards: one element of y per invocation.
const P = 16u;
const CH = 3u;
const WIDTH = CH * P * P;

fn pixel_at(i: u32) -> f32 {
    let patch_index = i / WIDTH;
    let col = patch_index % p.cols * P + i % P;
    let band = patch_index / p.cols;
    let line = i / P % P;
    let ch = i % WIDTH / (P * P);
    return pixels[p.pixels_at + ((band * P + line) * (p.cols * P) + col) * CH + ch];
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) id: u32) {
    let i = iso_each(group, id);
    let count = p.b * p.rows * p.cols * WIDTH;
    if (i < count) {
        y[i] = pixel_at(i);
    }
}
