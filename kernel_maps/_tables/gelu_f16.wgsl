// GELU, tanh form, of every f16 value, rounded to f16 after f32 arithmetic; no library function, so equal everywhere.
@group(0) @binding(0) var<storage, read_write> table: array<u32>;

struct Params {
    zero: u32,
}
@group(0) @binding(1) var<uniform> p: Params;

const ONE = vec2<u32>(0x3ff00000u, 0x00000000u);

// exp(x) for |x| <= 40, relative error below 2^-50: x = k ln2 + r, exp(r) by its series.
fn exp_f64(x: vec2<u32>) -> vec2<u32> {
    // nearest integer: the bias makes truncation a floor
    let k = iso_f64_to_i32(iso_f64_add(iso_f64_mul(x, vec2<u32>(0x3ff71547u, 0x652b82feu)), vec2<u32>(0x40502000u, 0x00000000u))) - 64; // 0x1.71547652b82fep+0, 64.5
    let wide = iso_f64_from_i32(k);
    // 0x1.62e42fee00000p-1, 0x1.a39ef35793c76p-33
    let high = iso_f64_sub(x, iso_f64_mul(wide, vec2<u32>(0x3fe62e42u, 0xfee00000u)));
    let r = iso_f64_sub(high, iso_f64_mul(wide, vec2<u32>(0x3dea39efu, 0x35793c76u)));
    var series = ONE;
    for (var i = 16; i >= 1; i--) {
        series = iso_f64_add(ONE, iso_f64_div(iso_f64_mul(series, r), iso_f64_from_i32(i)));
    }
    return iso_f64_mul(series, vec2<u32>(u32(k + 1023) << 20u, 0u));
}

fn tanh_f32(a: f32) -> f32 {
    if (abs(a) > 16.0) {
        return sign(a);
    }
    let power = exp_f64(iso_f64_from_f32(2.0 * a));
    return iso_f64_to_f32(iso_f64_sub(ONE, iso_f64_div(vec2<u32>(0x40000000u, 0x00000000u), iso_f64_add(power, ONE))));
}

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
    let cubic = iso_keep(0.044715f * v);
    let inner = iso_f64_to_f32(iso_f64_add(ONE, iso_f64_mul(iso_f64_from_f32(cubic), iso_f64_from_f32(v)))); // fma(cubic, v, 1)
    let a = iso_keep(iso_keep(0x1.988454p-1f * v) * inner);
    return iso_f32_to_f16(iso_keep(0.5f * v) * iso_keep(1.0f + tanh_f32(a)));
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
