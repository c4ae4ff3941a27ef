// Where attention's rows lie. A kernel gives the strides: Q_STRIDE, K_STRIDE, V_STRIDE of [row, head, element].

fn iso_attn_q(row: u32, head: u32) -> u32 {
    return p.q_at + row * Q_STRIDE.x + head * Q_STRIDE.y;
}

fn iso_attn_k(row: u32, head: u32) -> u32 {
    return p.k_at + row * K_STRIDE.x + head * K_STRIDE.y;
}

fn iso_attn_v(row: u32, head: u32) -> u32 {
    return p.v_at + row * V_STRIDE.x + head * V_STRIDE.y;
}

// A loop's bound that no compiler sees: it would write a long body out for every turn, and take seconds over it.
fn iso_attn_turns(n: u32) -> u32 {
    return n ^ p.zero;
}
