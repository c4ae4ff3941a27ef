// Elements of keys and values in f16, widened; i is where a row begins, D its length, past which there are zeros. Needs attn_view, attn_f16.

fn iso_attn_k4(i: u32, e: u32) -> vec4<f32> {
    let low = unpack2x16float(iso_attn_k_pair(i, e));
    if (e + 2u >= D) {
        return vec4<f32>(low, 0.0, 0.0);
    }
    return vec4<f32>(low, unpack2x16float(iso_attn_k_pair(i, e + 2u)));
}

fn iso_attn_v1(i: u32, e: u32) -> f32 {
    return unpack2x16float(iso_attn_v_half(i, e)).x;
}

fn iso_attn_v4(i: u32, e: u32) -> vec4<f32> {
    let low = unpack2x16float(iso_attn_v_pair(i, e));
    if (e + 2u >= D) {
        return vec4<f32>(low, 0.0, 0.0);
    }
    return vec4<f32>(low, unpack2x16float(iso_attn_v_pair(i, e + 2u)));
}
