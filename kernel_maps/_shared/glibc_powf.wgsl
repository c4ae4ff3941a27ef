// powf with the bits of glibc 2.28 and later on x86-64 with FMA, for positive normal x and finite y. Needs u64, f32, u128, f64, f64_fma,
// glibc_expf.
//
// x = 2^k * z with z in one of 16 intervals around 1, each with a point c: log2(x) = k + log2(c) + log2(z/c). The product with y is split
// into an integer and a remainder in units of 1/32, as in expf, whose table it shares.

// 1/c and log2(c), c near the middle of interval i of [0x1.66p-1, 0x1.66p0).
const ISO_LOG2_TABLE = array<vec4<u32>, 16>(
    vec4<u32>(0x3ff661ecu, 0x79f8f3beu, 0xbfdefec6u, 0x5b963019u), vec4<u32>(0x3ff571edu, 0x4aaf883du, 0xbfdb0b68u, 0x32d4fca4u),
    vec4<u32>(0x3ff49539u, 0xf0f010b0u, 0xbfd7418bu, 0x0a1fb77bu), vec4<u32>(0x3ff3c995u, 0xb0b80385u, 0xbfd39de9u, 0x1a6dcf7bu),
    vec4<u32>(0x3ff30d19u, 0x0c8864a5u, 0xbfd01d9bu, 0xf3f2b631u), vec4<u32>(0x3ff25e22u, 0x7b0b8ea0u, 0xbfc97c1du, 0x1b3b7af0u),
    vec4<u32>(0x3ff1bb4au, 0x4a1a343fu, 0xbfc2f9e3u, 0x93af3c9fu), vec4<u32>(0x3ff12358u, 0xf08ae5bau, 0xbfb960cbu, 0xbf788d5cu),
    vec4<u32>(0x3ff0953fu, 0x419900a7u, 0xbfaa6f9du, 0xb6475fceu), vec4<u32>(0x3ff00000u, 0x00000000u, 0x00000000u, 0x00000000u),
    vec4<u32>(0x3fee608cu, 0xfd9a47acu, 0x3fb338cau, 0x9f24f53du), vec4<u32>(0x3feca4b3u, 0x1f026aa0u, 0x3fc476a9u, 0x543891bau),
    vec4<u32>(0x3feb2036u, 0x576afce6u, 0x3fce840bu, 0x4ac4e4d2u), vec4<u32>(0x3fe9c2d1u, 0x63a1aa2du, 0x3fd40645u, 0xf0c6651cu),
    vec4<u32>(0x3fe886e6u, 0x037841edu, 0x3fd88e9cu, 0x2c1b9ff8u), vec4<u32>(0x3fe767dcu, 0xf5534862u, 0x3fdce0a4u, 0x4eb17bccu),
);

fn iso_glibc_powf(x: f32, y: f32) -> f32 {
    let offset = bitcast<u32>(x) - 0x3f330000u;
    var table = ISO_LOG2_TABLE;
    let point = table[(offset >> 19u) & 15u];
    let exponent = offset & 0xff800000u;
    let z = iso_f64_from_f32(bitcast<f32>(bitcast<u32>(x) - exponent));
    let k = iso_f64_from_i32(bitcast<i32>(exponent) >> 23u);
    let r = iso_f64_fma(z, point.xy, vec2<u32>(0xbff00000u, 0x00000000u));
    let r2 = iso_f64_mul(r, r);
    let a = iso_f64_fma(vec2<u32>(0x3fd27616u, 0xc9496e0bu), r, vec2<u32>(0xbfd71969u, 0xa075c67au)); // 0x1.27616c9496e0bp-2, -0x1.71969a075c67ap-2
    let b = iso_f64_fma(vec2<u32>(0x3fdec70au, 0x6ca7baddu), r, vec2<u32>(0xbfe71547u, 0x48bef6c8u)); // 0x1.ec70a6ca7baddp-2, -0x1.7154748bef6c8p-1
    let c = iso_f64_fma(vec2<u32>(0x3ff71547u, 0x652ab82bu), r, iso_f64_add(point.zw, k)); // 0x1.71547652ab82bp+0
    let power = iso_f64_mul(iso_f64_from_f32(y), iso_f64_fma(a, iso_f64_mul(r2, r2), iso_f64_fma(b, r2, c))); // y * log2(x)
    if (iso_f64_less(vec2<u32>(0x405fffffu, 0xffd1d571u), power)) { // rounds to 2^128
        return bitcast<f32>(0x7f800000u ^ p.zero);
    }
    if (!iso_f64_less(vec2<u32>(0xc062c000u, 0x00000000u), power)) {
        return 0.0;
    }
    let round = vec2<u32>(0x42e80000u, 0x00000000u); // adding it rounds to a multiple of 1/32, held in the low mantissa bits
    let kr = iso_f64_add(power, round);
    let t = iso_f64_sub(power, iso_f64_sub(kr, round));
    let hi = iso_f64_fma(vec2<u32>(0x3fac6af8u, 0x4b912394u), t, vec2<u32>(0x3fcebfceu, 0x50fac4f3u)); // 0x1.c6af84b912394p-5, 0x1.ebfce50fac4f3p-3
    let lo = iso_f64_fma(vec2<u32>(0x3fe62e42u, 0xff0c52d6u), t, vec2<u32>(0x3ff00000u, 0x00000000u)); // 0x1.62e42ff0c52d6p-1, 1
    return iso_f64_to_f32(iso_f64_mul(iso_f64_fma(hi, iso_f64_mul(t, t), lo), iso_exp2_part(kr)));
}
