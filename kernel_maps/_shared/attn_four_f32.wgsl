// Elements of keys and values in f32; i is where a row begins. Needs attn_view, attn_four.

fn iso_attn_k4(i: u32, e: u32) -> vec4<f32> {
    let at = iso_attn_at4(i, e, K_STRIDE.z);
    return iso_attn_cut4(e, vec4<f32>(k[at.x], k[at.y], k[at.z], k[at.w]));
}

fn iso_attn_v4(i: u32, e: u32) -> vec4<f32> {
    let at = iso_attn_at4(i, e, V_STRIDE.z);
    return iso_attn_cut4(e, vec4<f32>(v[at.x], v[at.y], v[at.z], v[at.w]));
}

fn iso_attn_v1(i: u32, e: u32) -> f32 {
    return v[i + e * V_STRIDE.z];
}
