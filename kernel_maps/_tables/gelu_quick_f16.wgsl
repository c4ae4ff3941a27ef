// GELU, quick form, of every f16 value, rounded to f16 after f32 arithmetic with the expf of _shared/glibc_expf.wgsl, so equal everywhere.
@group(0) @binding(0) var<storage, read_write> table: array<u32>;

struct Params {
    zero: u32,
}
@group(0) @binding(1) var<uniform> p: Params;

fn gelu(h: u32) -> u32 {
    if ((h & 0x7fffu) > 0x7c00u) { // NaN: itself, quiet
        return h | 0x200u;
    }
    if (h == 0xfc00u) { // -inf * 0
        return 0xfe00u;
    }
    if (h == 0x7c00u) { // inf
        return h;
    }
    let v = iso_f16_to_f32(h);
    let power = iso_glibc_expf(iso_keep(-1.702f * v));
    let sum = select(iso_keep(1.0f + power), power, power > 0x1p64f); // infinity is not added to
    return iso_f32_to_f16(v * iso_div(1.0f, sum));
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x < 32768u) {
        var word = 0u;
        for (var half = 0u; half < 2u; half++) {
            word |= gelu(id.x * 2u + half) << (half * 16u);
        }
        table[id.x] = word;
    }
}
