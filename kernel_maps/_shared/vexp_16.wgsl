// exp as the 16-lane classes define it, one value. Needs keep, fma_near, vexp.

fn iso_vexp_16(x: f32) -> f32 {
    let r = iso_vexp_reduce(iso_vexp_limit(x));
    let j = iso_vexp_fma(r.high, r.u, iso_vexp_fma(ISO_VEXP_C1, r.b, 1.0));
    return select(iso_vexp_scale(j, r.n), x, iso_vexp_is_nan(x));
}
