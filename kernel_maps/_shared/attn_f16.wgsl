// Elements of f16 keys and values, two to a word; i is where a row begins, D its length. Needs attn_view.

fn iso_attn_k_half(i: u32, e: u32) -> u32 {
    let at = i + e * K_STRIDE.z;
    return (k[at >> 1u] >> ((at & 1u) << 4u)) & 0xffffu;
}

// Elements e and e + 1, 0 past the last.
fn iso_attn_k_pair(i: u32, e: u32) -> u32 {
    if (D % 2u == 1u && e + 1u == D) {
        return iso_attn_k_half(i, e);
    }
    if (K_STRIDE.z != 1u) {
        return iso_attn_k_half(i, e) | (iso_attn_k_half(i, e + 1u) << 16u);
    }
    let at = i + e;
    var pair = k[at >> 1u];
    if ((at & 1u) != 0u) {
        pair = (pair >> 16u) | (k[(at >> 1u) + 1u] << 16u);
    }
    return pair;
}

fn iso_attn_v_half(i: u32, e: u32) -> u32 {
    let at = i + e * V_STRIDE.z;
    return (v[at >> 1u] >> ((at & 1u) << 4u)) & 0xffffu;
}

// Elements e and e + 1, 0 past the last.
fn iso_attn_v_pair(i: u32, e: u32) -> u32 {
    if (D % 2u == 1u && e + 1u == D) {
        return iso_attn_v_half(i, e);
    }
    if (V_STRIDE.z != 1u) {
        return iso_attn_v_half(i, e) | (iso_attn_v_half(i, e + 1u) << 16u);
    }
    let at = i + e;
    var pair = v[at >> 1u];
    if ((at & 1u) != 0u) {
        pair = (pair >> 16u) | (v[(at >> 1u) + 1u] << 16u);
    }
    return pair;
}

// Not 0 if one of the two is infinite or NaN.
fn iso_attn_special(pair: u32) -> u32 {
    return ((pair & 0x7c007c00u) + 0x04000400u) & 0x80008000u;
}
