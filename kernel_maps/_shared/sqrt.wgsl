// The square root to nearest even, in integers, two bits of the operand for each of the result. Needs u64, f32. A NaN has no payload.

fn iso_sqrt_bits(a: u32) -> u32 {
    if ((a & 0x7fffffffu) == 0u || a == 0x7f800000u) {
        return a;
    }
    if (a > 0x7f800000u) {
        return 0x7fc00000u;
    }
    let x = iso_f32_parts(a);
    let odd = u32(x.e) & 1u;
    // 26 bits of root from 52 bits of operand, 25 of them given
    var given = (x.m >> 1u) << odd;
    var root = 0u;
    var rest = 0u;
    for (var i = 0u; i < 26u; i++) {
        rest = (rest << 2u) | (given >> 30u);
        given = given << 2u;
        let trial = (root << 2u) | 1u;
        let bit = rest >= trial;
        rest = rest - select(0u, trial, bit);
        root = (root << 1u) | u32(bit);
    }
    return iso_f32_round(0u, (x.e - i32(odd)) >> 1u, vec2<u32>((root << 6u) | u32(rest != 0u), 0u));
}

fn iso_sqrt(a: f32) -> f32 {
    return bitcast<f32>(iso_sqrt_bits(bitcast<u32>(a)));
}
