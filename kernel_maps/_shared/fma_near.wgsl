// x*y + z with one rounding, by error-free steps in f32: quicker than in integers, for operands of a middle range. Needs keep.
//
// Right if x and y are 0 or of 2^-100 to 2^100, |x*y| and |z| at most 2^120, and: either |x*y| is 0 or at least 2^-75 and |z| is 0 or at
// least 2^-99, or |z| is at least 2^-50. What a device loses by flushing subnormals is then too small to be seen.

struct IsoExact {
    value: f32,
    error: f32,
}

// a + b = value + error, whichever is larger.
fn iso_two_sum(a: f32, b: f32) -> IsoExact {
    let s = iso_keep(a + b);
    let from_b = iso_keep(s - a);
    let from_a = iso_keep(s - from_b);
    return IsoExact(s, iso_keep(iso_keep(a - from_a) + iso_keep(b - from_b)));
}

// value = high + low; each has 12 bits, so that no product of two of them is rounded.
struct IsoSplit {
    value: f32,
    high: f32,
    low: f32,
}

fn iso_split(v: f32) -> IsoSplit {
    let high = bitcast<f32>(bitcast<u32>(v) & 0xfffff000u);
    return IsoSplit(v, high, iso_keep(v - high));
}

// a * b = value + error.
fn iso_two_product(a: IsoSplit, b: IsoSplit) -> IsoExact {
    let v = iso_keep(a.value * b.value);
    let e = iso_keep(iso_keep(a.high * b.high) - v);
    let f = iso_keep(e + iso_keep(a.high * b.low));
    let g = iso_keep(f + iso_keep(a.low * b.high));
    return IsoExact(v, iso_keep(g + iso_keep(a.low * b.low)));
}

// value + error in one f32 that is odd wherever it is not exact: a rounding after it comes out as from the sum itself.
fn iso_odd(x: IsoExact) -> f32 {
    let v = bitcast<u32>(x.value);
    let e = bitcast<u32>(x.error);
    let step = 1u - (((v ^ e) >> 31u) << 1u);
    return bitcast<f32>(v + select(0u, step, (e & 0x7fffffffu) != 0u && (v & 1u) == 0u));
}

fn iso_fma_near(x: f32, y: f32, z: f32) -> f32 {
    let product = iso_two_product(iso_split(x), iso_split(y));
    let low = iso_two_sum(z, product.error);
    let high = iso_two_sum(product.value, low.value);
    let sum = iso_keep(high.value + iso_odd(iso_two_sum(low.error, high.error)));
    // an exact zero has the sign that the plain sum gives it
    return select(sum, iso_keep(product.value + z), (bitcast<u32>(sum) & 0x7fffffffu) == 0u);
}
