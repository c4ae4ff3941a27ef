// Products and sums with subnormal operands or results on devices that flush them. Needs u64, f32, fma.

fn iso_mul_exact(a: f32, b: f32) -> f32 {
    let sign = (bitcast<u32>(a) ^ bitcast<u32>(b)) & 0x80000000u; // a zero of it changes nothing
    return bitcast<f32>(iso_fma_bits(bitcast<u32>(a), bitcast<u32>(b), sign));
}

fn iso_add_exact(a: f32, b: f32) -> f32 {
    return iso_fma(a, 1.0, b);
}

// In integers only what is small: a subnormal operand is lost in a larger sum.
fn iso_add4(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
    var sum = a + b;
    if (any(abs(sum) < vec4<f32>(0x1p-100f))) {
        for (var i = 0u; i < (4u ^ p.zero); i++) { // no compiler writes the body out four times
            sum[i] = iso_add_exact(a[i], b[i]);
        }
    }
    return sum;
}
