// z + (high + low) with one rounding, four at a time: high + low is a product given exactly in two parts, |low| < 2^-10 |high|.
//
// Right where every operand is 0 or a normal number and a whole multiple of 2^-126, and z is no -0: then nothing that is added here is
// subnormal. Two error-free sums: u + v = z + high, w + e = v + low; the last sum rounds as the exact one would, because w was made odd
// where it is not exact. Signs of the parts agree with the product's, so that a device that fuses high = a * b into the sum changes no bit.

fn iso_fma_parts(z: vec4<f32>, high: vec4<f32>, low: vec4<f32>) -> vec4<f32> {
    let zero = vec4<u32>(p.zero); // unknown to compilers: none may see that what follows cancels
    let u = bitcast<vec4<f32>>(bitcast<vec4<u32>>(z + high) ^ zero);
    let from_high = bitcast<vec4<f32>>(bitcast<vec4<u32>>(u - z) ^ zero);
    let v = (z - (u - from_high)) + (high - from_high);
    let w = bitcast<vec4<f32>>(bitcast<vec4<u32>>(v + low) ^ zero);
    let from_low = bitcast<vec4<f32>>(bitcast<vec4<u32>>(w - v) ^ zero);
    let e = bitcast<vec4<u32>>((v - (w - from_low)) + (low - from_low));
    let even = bitcast<vec4<u32>>(w);
    let odd = (even - ((even ^ e) >> vec4<u32>(31u))) | vec4<u32>(1u);
    return u + bitcast<vec4<f32>>(select(odd, even, (e & vec4<u32>(0x7fffffffu)) == vec4<u32>(0u)));
}

// The upper 12 bits of a value; the rest of it has 12 too.
fn iso_upper(a: vec4<f32>) -> vec4<f32> {
    return bitcast<vec4<f32>>(bitcast<vec4<u32>>(a) & vec4<u32>(0xfffff000u));
}

fn iso_keep4(a: vec4<f32>) -> vec4<f32> {
    return bitcast<vec4<f32>>(bitcast<vec4<u32>>(a) ^ vec4<u32>(p.zero));
}
