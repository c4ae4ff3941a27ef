// expf with the bits of glibc 2.28 and later, its double arithmetic in integers: see glibc_expf.c. Needs u64, u128, f32, f64, f64_fma.

// 2^(i/32) rounded to double, less i in units of 1/32 of the exponent, so that adding k<<47 gives 2^(k/32).
const iso_exp2_high = array<u32, 32>(
    0x3ff00000u, 0x3fefd9b0u, 0x3fefb558u, 0x3fef9301u, 0x3fef72b8u, 0x3fef5487u, 0x3fef387au, 0x3fef1e9du,
    0x3fef06feu, 0x3feef1a7u, 0x3feedea6u, 0x3feece08u, 0x3feebfdau, 0x3feeb42bu, 0x3feeab07u, 0x3feea47eu,
    0x3feea09eu, 0x3fee9f75u, 0x3feea114u, 0x3feea589u, 0x3feeace5u, 0x3feeb737u, 0x3feec491u, 0x3feed503u,
    0x3feee89fu, 0x3feeff76u, 0x3fef199bu, 0x3fef3720u, 0x3fef5818u, 0x3fef7c97u, 0x3fefa4afu, 0x3fefd076u);
const iso_exp2_low = array<u32, 32>(
    0x00000000u, 0xd3158574u, 0x6cf9890fu, 0xd0125b51u, 0x3c7d517bu, 0x3168b9aau, 0x6e756238u, 0xf51fdee1u,
    0x0a31b715u, 0x373aa9cbu, 0x4c123422u, 0x6061892du, 0xd5362a27u, 0x569d4f82u, 0xdd485429u, 0xb03a5585u,
    0x667f3bcdu, 0xe8ec5f74u, 0x73eb0187u, 0x994cce13u, 0x422aa0dbu, 0xb0cdc5e5u, 0x82a3f090u, 0xb23e255du,
    0x995ad3adu, 0xf2fb5e47u, 0xdd85529cu, 0xdcef9069u, 0xdcfba487u, 0x337b9b5fu, 0xa2a490dau, 0x5b6e4540u);

fn iso_glibc_expf(value: f32) -> f32 {
    let x = bitcast<u32>(value);
    if ((x & 0x7fffffffu) > 0x7f800000u) {
        return bitcast<f32>(x | 0x400000u);
    }
    if (x < 0x80000000u && x > 0x42b17217u) { // exp(x) >= 2^128
        return bitcast<f32>(0x7f800000u | p.zero); // no constant: infinity is none in WGSL
    }
    if (x > 0xc2cff1b4u) { // exp(x) < 2^-150
        return 0.0;
    }
    let xd = iso_f64_from_f32(value);
    let scale = vec2<u32>(0x40471547u, 0x652b82feu); // 32/ln2
    let round = vec2<u32>(0x43380000u, 0x00000000u); // 1.5 * 2^52: adding it rounds to an integer, held in the low bits
    let one = vec2<u32>(0x3ff00000u, 0x00000000u);
    let zero = vec2<u32>(0u);
    // a, b, c of each fma in turn; one body for all keeps the shader small
    var k = 0u;
    var r = zero;
    var hi = zero;
    var lo = zero;
    var result = zero;
    for (var step = 0u; step < 7u; step++) {
        var a = xd;
        var b = scale;
        var c = round;
        switch step {
            case 1u: {
                k = result.y;
                // the integer itself, exact: kr - 1.5 * 2^52
                c = iso_f64_neg(iso_f64_from_i32(bitcast<i32>(k)));
            }
            case 2u: {
                r = result;
                a = vec2<u32>(0x3ebc6af8u, 0x4b912394u);
                b = r;
                c = vec2<u32>(0x3f2ebfceu, 0x50fac4f3u);
            }
            case 3u: {
                hi = result;
                a = vec2<u32>(0x3f962e42u, 0xff0c52d6u);
                b = r;
                c = one;
            }
            case 4u: {
                lo = result;
                a = r;
                b = r;
                c = zero;
            }
            case 5u: {
                a = hi;
                b = result;
                c = lo;
            }
            case 6u: {
                a = result;
                let i = k & 31u;
                b = vec2<u32>(iso_exp2_high[i] + (k << 15u), iso_exp2_low[i]);
                c = zero;
            }
            default: {
            }
        }
        result = iso_f64_fma(a, b, c);
    }
    return iso_f64_to_f32(result);
}
