// expf with the bits of glibc 2.28 and later on x86-64 with FMA, in double arithmetic by integers. Needs u64, f32, u128, f64, f64_fma.
//
// x/ln2 = k/32 + r/32: exp(x) = 2^(k/32) * p(r). The product x*32/ln2 is never rounded on its own: it is fused into the addition that
// rounds it to an integer, and again into the subtraction that leaves the remainder.

// 2^(i/32) rounded to double, less i in units of 1/32 of the exponent, so that adding k<<47 gives 2^(k/32).
const ISO_EXP2_TABLE = array<vec2<u32>, 32>(
    vec2<u32>(0x3ff00000u, 0x00000000u), vec2<u32>(0x3fefd9b0u, 0xd3158574u), vec2<u32>(0x3fefb558u, 0x6cf9890fu),
    vec2<u32>(0x3fef9301u, 0xd0125b51u), vec2<u32>(0x3fef72b8u, 0x3c7d517bu), vec2<u32>(0x3fef5487u, 0x3168b9aau),
    vec2<u32>(0x3fef387au, 0x6e756238u), vec2<u32>(0x3fef1e9du, 0xf51fdee1u), vec2<u32>(0x3fef06feu, 0x0a31b715u),
    vec2<u32>(0x3feef1a7u, 0x373aa9cbu), vec2<u32>(0x3feedea6u, 0x4c123422u), vec2<u32>(0x3feece08u, 0x6061892du),
    vec2<u32>(0x3feebfdau, 0xd5362a27u), vec2<u32>(0x3feeb42bu, 0x569d4f82u), vec2<u32>(0x3feeab07u, 0xdd485429u),
    vec2<u32>(0x3feea47eu, 0xb03a5585u), vec2<u32>(0x3feea09eu, 0x667f3bcdu), vec2<u32>(0x3fee9f75u, 0xe8ec5f74u),
    vec2<u32>(0x3feea114u, 0x73eb0187u), vec2<u32>(0x3feea589u, 0x994cce13u), vec2<u32>(0x3feeace5u, 0x422aa0dbu),
    vec2<u32>(0x3feeb737u, 0xb0cdc5e5u), vec2<u32>(0x3feec491u, 0x82a3f090u), vec2<u32>(0x3feed503u, 0xb23e255du),
    vec2<u32>(0x3feee89fu, 0x995ad3adu), vec2<u32>(0x3feeff76u, 0xf2fb5e47u), vec2<u32>(0x3fef199bu, 0xdd85529cu),
    vec2<u32>(0x3fef3720u, 0xdcef9069u), vec2<u32>(0x3fef5818u, 0xdcfba487u), vec2<u32>(0x3fef7c97u, 0x337b9b5fu),
    vec2<u32>(0x3fefa4afu, 0xa2a490dau), vec2<u32>(0x3fefd076u, 0x5b6e4540u),
);

// 2^(k/32) for the k in the low bits of kr.
fn iso_exp2_part(kr: vec2<u32>) -> vec2<u32> {
    var table = ISO_EXP2_TABLE;
    let s = table[kr.y & 31u];
    return vec2<u32>(s.x + (kr.y << 15u), s.y);
}

fn iso_glibc_expf(x: f32) -> f32 {
    let bits = bitcast<u32>(x);
    if ((bits & 0x7fffffffu) > 0x7f800000u) {
        return x;
    }
    if (x > 0x1.62e42ep6f) { // exp(x) >= 2^128
        return bitcast<f32>(0x7f800000u ^ p.zero);
    }
    if (x < -0x1.9fe368p6f) { // exp(x) < 2^-150
        return 0.0;
    }
    let scale = vec2<u32>(0x40471547u, 0x652b82feu); // 32/ln2
    let round = vec2<u32>(0x43380000u, 0x00000000u); // adding it rounds to an integer, held in the low mantissa bits
    let wide = iso_f64_from_f32(x);
    let kr = iso_f64_fma(scale, wide, round);
    let r = iso_f64_fma(scale, wide, iso_f64_sub(round, kr));
    let s = iso_exp2_part(kr);
    let hi = iso_f64_fma(vec2<u32>(0x3ebc6af8u, 0x4b912394u), r, vec2<u32>(0x3f2ebfceu, 0x50fac4f3u)); // 0x1.c6af84b912394p-20, 0x1.ebfce50fac4f3p-13
    let lo = iso_f64_fma(vec2<u32>(0x3f962e42u, 0xff0c52d6u), r, vec2<u32>(0x3ff00000u, 0x00000000u)); // 0x1.62e42ff0c52d6p-6, 1
    return iso_f64_to_f32(iso_f64_mul(iso_f64_fma(hi, iso_f64_mul(r, r), lo), s));
}
