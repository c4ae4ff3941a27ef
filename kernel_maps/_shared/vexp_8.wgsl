// exp as the 8-lane classes define it, one value. Needs keep, fma_near, vexp.

fn iso_vexp_8(x: f32) -> f32 {
    let r = iso_vexp_reduce(iso_vexp_limit(x));
    let j = iso_vexp_fma(r.high, r.u, iso_keep(0x1.ffffecp-1f * r.b.value));
    // k + k*j is rounded once: in the last place of 2^-126 where the sum falls below it
    let below = r.n == -126.0 && j < 0.0;
    let w = iso_keep(iso_keep(select(1.0, 1.5, below) + j) - select(0.0, 0.5, below));
    return select(iso_vexp_scale(w, r.n), x, iso_vexp_is_nan(x));
}
