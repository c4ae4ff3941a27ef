// of each cell of 2 x 2 pixels the sum, and an entry of the table minus a number
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read> squares: array<u32>;
struct Params { cells: u32, cols: u32, sign: u32, x_at: u32, zero: u32, }
@group(0) @binding(3) var<uniform> p: Params;
@compute @workgroup_size(1) fn main(@builtin(workgroup_id) id: vec3<u32>) {
    let cell = id.y * p.cols + id.x;
    let first = p.x_at + id.z * p.cells * 12u;
    var sum = 0.0;
    for (var i = 0u; i < 12u; i++) {
        let row = id.y * 2u + i / 6u;
        sum += x[first + (row * p.cols * 2u + id.x * 2u) * 3u + i % 6u];
    }
    y[(id.z * p.cells + cell) * 2u] = sum;
    y[(id.z * p.cells + cell) * 2u + 1u] = f32(squares[cell % 4u]) - f32(p.sign);
}
