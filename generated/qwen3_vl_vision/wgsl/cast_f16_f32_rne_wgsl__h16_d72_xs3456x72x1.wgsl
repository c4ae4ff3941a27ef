// cast_f16.f32.rne.wgsl
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
struct Params {
    m: u32,
    x_at: u32,
    zero: u32,
}
@group(0) @binding(2) var<uniform> p: Params;

// f16 (IEEE binary16) by its bits, to f32 and back: exact one way, to nearest even the other, NaN kept quiet.

fn iso_f16_to_f32(h: u32) -> f32 {
    let size = h & 0x7fffu;
    let sign = (h & 0x8000u) << 16u;
    if (size >= 0x7c00u) {
        return bitcast<f32>(sign | 0x7f800000u | (size << 13u) | (u32(size > 0x7c00u) << 22u));
    }
    if (size >= 0x400u) {
        return bitcast<f32>(sign | ((size << 13u) + 0x38000000u));
    }
    // a subnormal is a whole number of 2^-24: 10 bits, which f32 takes and scales exactly
    return bitcast<f32>(sign | bitcast<u32>(f32(i32(size)) * 0x1p-24f));
}

fn iso_f32_to_f16(f: f32) -> u32 {
    let bits = bitcast<u32>(f);
    let sign = (bits >> 16u) & 0x8000u;
    let size = bits & 0x7fffffffu;
    if (size > 0x7f800000u) {
        return sign | 0x7e00u | ((size >> 13u) & 0x3ffu);
    }
    if (size >= 0x477ff000u) { // rounds to 2^16 or more
        return sign | 0x7c00u;
    }
    // below 2^-14 the last place stays 2^-24: the shift grows as the exponent falls
    let shift = select(clamp(126u - (size >> 23u), 13u, 25u), 13u, size >= 0x38800000u);
    let mantissa = (size & 0x7fffffu) | 0x800000u;
    let kept = mantissa >> shift;
    let rest = mantissa & ((1u << shift) - 1u);
    let tie = 1u << (shift - 1u);
    let up = u32(rest > tie || (rest == tie && (kept & 1u) != 0u));
    // kept holds the leading one of a normal number, which is one step of the exponent
    let field = select(0u, (size >> 23u) - 113u, size >= 0x38800000u);
    return sign | ((field << 10u) + kept + up);
}

// One element per invocation, 256 to a workgroup, however many elements: 32 workgroups side by side, and rows of those.

fn iso_each(group: vec3<u32>, id: u32) -> u32 {
    return (group.y * 32u + group.x) * 256u + id;
}

// A word of a result of `count` elements of 16 bits: the kernel says what element i is, as half_at(i).

fn iso_two_halves(word: u32, count: u32) -> u32 {
    let low = half_at(2u * word);
    if (2u * word + 1u < count) {
        return low | (half_at(2u * word + 1u) << 16u);
    }
    return low;
}

// f32 to f16: one word of y per invocation. x may be a view; y is contiguous.
const H = 16u;
const D = 72u;

fn half_at(i: u32) -> u32 {
    return iso_f32_to_f16(x[p.x_at + i / (H * D) * 3456u + i / D % H * 72u + i % D * 1u]);
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) id: u32) {
    let word = iso_each(group, id);
    let count = p.m * H * D;
    if (2u * word < count) {
        y[word] = iso_two_halves(word, count);
    }
}
