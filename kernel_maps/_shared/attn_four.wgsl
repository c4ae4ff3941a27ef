// Four elements of a row at once; i is where it begins, D its length, past which there are zeros. Needs attn_view.

fn iso_attn_elements(e: u32) -> vec4<u32> {
    return vec4<u32>(e) + vec4<u32>(0u, 1u, 2u, 3u);
}

// Where elements e .. e + 3 are; past the last it is the last.
fn iso_attn_at4(i: u32, e: u32, stride: u32) -> vec4<u32> {
    var elements = iso_attn_elements(e);
    if (D % 4u != 0u) {
        elements = min(elements, vec4<u32>(D - 1u));
    }
    return vec4<u32>(i) + elements * stride;
}

fn iso_attn_cut4(e: u32, four: vec4<f32>) -> vec4<f32> {
    if (D % 4u == 0u) {
        return four;
    }
    return select(four, vec4<f32>(0.0), iso_attn_elements(e) >= vec4<u32>(D));
}

fn iso_attn_q4(i: u32, e: u32) -> vec4<f32> {
    let at = iso_attn_at4(i, e, Q_STRIDE.z);
    return iso_attn_cut4(e, vec4<f32>(q[at.x], q[at.y], q[at.z], q[at.w]));
}
