// y = x * w + s per channel; s is packed halves
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> s: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
struct Params { n: u32, x_at: u32, w_at: u32, s_at: u32, zero: u32, }
@group(0) @binding(4) var<uniform> p: Params;
@compute @workgroup_size(8) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let i = id.x;
    if (i < p.n) {
        let half = p.s_at + i % 2u;
        y[i] = x[p.x_at + i] * w[p.w_at + i % 3u] + unpack2x16float(s[half / 2u])[half % 2u];
    }
}
