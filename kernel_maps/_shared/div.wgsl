// a / b to nearest even, in integers: devices may divide less exactly. Needs u64, f32. A NaN has no payload.

fn iso_div_bits(a: u32, b: u32) -> u32 {
    let a_size = a & 0x7fffffffu;
    let b_size = b & 0x7fffffffu;
    let sign = (a ^ b) & 0x80000000u;
    if (max(a_size, b_size) > 0x7f800000u || (a_size == b_size && (a_size == 0u || a_size == 0x7f800000u))) {
        return 0x7fc00000u;
    }
    if (a_size == 0x7f800000u || b_size == 0u) {
        return sign | 0x7f800000u;
    }
    if (a_size == 0u || b_size == 0x7f800000u) {
        return sign;
    }
    let x = iso_f32_parts(a);
    let y = iso_f32_parts(b);
    let divisor = y.m >> 8u;
    var rest = x.m >> 8u;
    let smaller = rest < divisor;
    rest = (rest << u32(smaller)) - divisor;
    var quotient = 1u;
    for (var i = 0u; i < 25u; i++) {
        rest = rest << 1u;
        let bit = rest >= divisor;
        rest = rest - select(0u, divisor, bit);
        quotient = (quotient << 1u) | u32(bit);
    }
    return iso_f32_round(sign, x.e - y.e - i32(smaller), vec2<u32>((quotient << 6u) | u32(rest != 0u), 0u));
}

fn iso_div(a: f32, b: f32) -> f32 {
    return bitcast<f32>(iso_div_bits(bitcast<u32>(a), bitcast<u32>(b)));
}
