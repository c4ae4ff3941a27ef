// x / y in double to nearest even, in integers, one bit at a time. Needs u64, f64.

fn iso_f64_div(x: vec2<u32>, y: vec2<u32>) -> vec2<u32> {
    let sign = (x.x ^ y.x) & 0x80000000u;
    let x_zero = iso_f64_is_zero(x);
    let y_zero = iso_f64_is_zero(y);
    let x_inf = iso_f64_is_inf(x);
    let y_inf = iso_f64_is_inf(y);
    if (iso_f64_is_nan(x) || iso_f64_is_nan(y) || (x_zero && y_zero) || (x_inf && y_inf)) {
        return ISO_F64_NAN;
    }
    if (x_inf || y_zero) {
        return vec2<u32>(sign | 0x7ff00000u, 0u);
    }
    if (x_zero || y_inf) {
        return vec2<u32>(sign, 0u);
    }
    let a = iso_f64_parts(x);
    let b = iso_f64_parts(y);
    let divisor = iso_u64_shr(b.m, 11u);
    var rest = iso_u64_shr(a.m, 11u);
    let smaller = iso_u64_less(rest, divisor);
    rest = iso_u64_sub(iso_u64_shl(rest, u32(smaller)), divisor);
    var quotient = vec2<u32>(0u, 1u);
    for (var i = 0u; i < 54u; i++) {
        rest = iso_u64_shl(rest, 1u);
        let bit = !iso_u64_less(rest, divisor);
        rest = iso_u64_sub(rest, select(vec2<u32>(0u, 0u), divisor, bit));
        quotient = iso_u64_shl(quotient, 1u) | vec2<u32>(0u, u32(bit));
    }
    let m = iso_u64_shl(quotient, 9u) | vec2<u32>(0u, u32((rest.x | rest.y) != 0u));
    return iso_f64_round(sign, a.e - b.e - i32(smaller), m);
}
