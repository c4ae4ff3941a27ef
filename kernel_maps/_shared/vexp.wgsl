// What the exp of all lane counts share: the reduction of the operand, the polynomial's fused steps, the scaling. Needs keep, fma_near.

const ISO_VEXP_C5 = IsoSplit(0x1.0e4020p-7f, 0x1.0e4p-7f, 0x1p-26f);
const ISO_VEXP_C3 = IsoSplit(0x1.555e66p-3f, 0x1.554p-3f, 0x1.e66p-15f);
const ISO_VEXP_C1 = IsoSplit(0x1.ffffecp-1f, 0x1.ffep-1f, 0x1.fecp-13f);
const ISO_VEXP_LOG2E = IsoSplit(0x1.715476p+0f, 0x1.714p+0f, 0x1.476p-12f);

// sum.value + sum.error + e with one rounding, if sum.error is 0 or a multiple of twice the largest e, as after adding a product
// to something that is not smaller: then e decides no more than where a tie goes.
fn iso_vexp_join(sum: IsoExact, e: f32) -> f32 {
    return iso_keep(sum.value + select(iso_odd(IsoExact(sum.error, e)), e, (bitcast<u32>(sum.error) & 0x7fffffffu) == 0u));
}

// z + a * b with one rounding, if |z| is at least twice |a * b|.
fn iso_vexp_fma(a: IsoSplit, b: IsoSplit, z: f32) -> f32 {
    let product = iso_two_product(a, b);
    let s = iso_keep(z + product.value);
    return iso_vexp_join(IsoExact(s, iso_keep(product.value - iso_keep(s - z))), product.error);
}

// x between -128 and 128, beyond which exp and its scale are settled.
fn iso_vexp_limit(x: f32) -> f32 {
    return select(x, select(128.0, -128.0, x < 0.0), (bitcast<u32>(x) & 0x7fffffffu) > 0x43000000u);
}

struct IsoVexp {
    n: f32,
    b: IsoSplit,
    u: IsoSplit, // b * b
    high: IsoSplit, // the polynomial's upper four coefficients
}

// x = n ln2 + b.
fn iso_vexp_reduce(x: f32) -> IsoVexp {
    // fma(x, log2 e, 1.5 * 2^23) rounds the exact product to an integer: the rounded product's own rounding, but where it is a tie by rounding
    let turn = iso_two_product(iso_split(x), ISO_VEXP_LOG2E);
    let whole = round(turn.value);
    let rest = bitcast<u32>(iso_keep(turn.value - whole));
    let error = bitcast<u32>(turn.error);
    let beyond = (rest & 0x7fffffffu) == 0x3f000000u && (error & 0x7fffffffu) != 0u && ((rest ^ error) >> 31u) == 0u;
    let n = iso_keep(whole + select(0.0, select(1.0, -1.0, (rest >> 31u) != 0u), beyond));
    // n * 0x1.62e4p-1 is exact, and so is the difference; of n * 0x1.7f7d1cp-20 the two parts are
    let t = iso_keep(x - iso_keep(n * 0x1.62e4p-1f));
    let low = iso_keep(n * 0x1.7f7d1cp-20f);
    let low_error = iso_keep(iso_keep(iso_keep(n * 0x1.7f6p-20f) - low) + iso_keep(n * 0x1.d1cp-32f));
    let b = iso_split(iso_vexp_join(iso_two_sum(t, -low), -low_error));
    let u = iso_split(iso_keep(b.value * b.value));
    let c4 = iso_split(iso_vexp_fma(ISO_VEXP_C5, b, 0x1.573e2ep-5f));
    let c2 = iso_vexp_fma(ISO_VEXP_C3, b, 0x1.fffdb6p-2f);
    return IsoVexp(n, b, u, iso_split(iso_vexp_fma(c4, u, c2)));
}

// w * 2^n rounded to nearest even, w in [0.5, 2): by its bits, so that devices without subnormals return them too.
fn iso_vexp_scale(w: f32, n: f32) -> f32 {
    let bits = bitcast<u32>(w);
    let e = i32(bits >> 23u) + i32(n);
    let m = (bits & 0x7fffffu) | 0x800000u;
    let shift = u32(clamp(1 - e, 1, 25));
    let kept = m >> shift;
    let rest = m & ((1u << shift) - 1u);
    let tie = 1u << (shift - 1u);
    let small = kept + u32(rest > tie || (rest == tie && (kept & 1u) != 0u));
    let large = select((u32(e) << 23u) | (bits & 0x7fffffu), 0x7f800000u, e > 254);
    return bitcast<f32>(select(large, small, e < 1));
}

fn iso_vexp_is_nan(x: f32) -> bool {
    return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}
