// Sums of products with one rounding, two lanes at a time: error-free where operands allow it, in integers where not. Needs keep, fma_near, fma.

// Are both 0 or of 2^-26 to 2^50? Then products of such are whole multiples of 2^-98, and so are their sums.
fn iso_gemm_fits(v: vec2<f32>) -> bool {
    let size = bitcast<vec2<u32>>(v) & vec2<u32>(0x7fffffffu);
    return all((size == vec2<u32>(0u)) | ((size - vec2<u32>(0x32800000u)) <= vec2<u32>(0x26000000u)));
}

// May sums of operands that fit go on from here? -0 has a sign to lose.
fn iso_gemm_steady(v: vec2<f32>) -> bool {
    let bits = bitcast<vec2<u32>>(v);
    let size = bits & vec2<u32>(0x7fffffffu);
    return all((bits == vec2<u32>(0u)) | ((size - vec2<u32>(0x0e800000u)) <= vec2<u32>(0x64800000u)));
}

// The sum's own error comes first: where it is not 0, the sum is no smaller than half the product, and both errors are small against it.
fn iso_gemm_near(a: IsoSplit, b: IsoSplit, sum: f32) -> f32 {
    let product = iso_two_product(a, b);
    let high = iso_two_sum(sum, product.value);
    return iso_keep(high.value + iso_odd(iso_two_sum(high.error, product.error)));
}

fn iso_gemm_fma(a: vec2<f32>, b: vec2<f32>, sum: vec2<f32>) -> vec2<f32> {
    return vec2<f32>(iso_fma(a.x, b.x, sum.x), iso_fma(a.y, b.y, sum.y));
}
