// sinf and cosf with the bits of glibc 2.28 and later on x86-64 with FMA, in double arithmetic by integers. Needs u64, f32, u128, f64,
// f64_fma.
//
// x = n*pi/2 + r with |r| <= pi/4 (about): n picks sine or cosine of r and the sign. Below 120 the remainder is one fused step; above, x
// is multiplied by 96 bits of 2/pi, of which only the fraction modulo 4 is kept.

// Bits of 2/pi: element i starts 8*i bits further right than element 0, which ends with the leading byte.
const ISO_TWO_OVER_PI = array<u32, 24>(
    0x000000a2u, 0x0000a2f9u, 0x00a2f983u, 0xa2f9836eu, 0xf9836e4eu, 0x836e4e44u, 0x6e4e4415u, 0x4e441529u,
    0x441529fcu, 0x1529fc27u, 0x29fc2757u, 0xfc2757d1u, 0x2757d1f5u, 0x57d1f534u, 0xd1f534ddu, 0xf534ddc0u,
    0x34ddc0dbu, 0xddc0db62u, 0xc0db6295u, 0xdb629599u, 0x6295993cu, 0x95993c43u, 0x993c4390u, 0x3c439041u,
);

struct IsoTurn {
    r: vec2<u32>,
    quadrant: u32,
}

// |x| >= 120.
fn iso_reduce_half_pi_large(bits: u32) -> IsoTurn {
    var table = ISO_TWO_OVER_PI;
    let at = (bits >> 26u) & 15u;
    let m = ((bits & 0x7fffffu) | 0x800000u) << ((bits >> 23u) & 7u);
    let low = iso_u64_product(m, table[at + 8u]).x;
    // |x| * 2/pi modulo 4, 62 fraction bits
    let turn = iso_u64_add(vec2<u32>(m * table[at], low), iso_u64_product(m, table[at + 4u]));
    let n = ((turn.x + 0x20000000u) >> 30u) & 3u;
    let rest = vec2<u32>(turn.x - (n << 30u), turn.y);
    let below = rest.x >> 31u;
    let size = select(rest, iso_u64_sub(vec2<u32>(0u, 0u), rest), below != 0u);
    let zeros = iso_u64_clz(size);
    let whole = iso_f64_round(below << 31u, 63 - i32(zeros), iso_u64_shl(size, min(zeros, 63u)));
    let r = iso_f64_mul(whole, vec2<u32>(0x3c1921fbu, 0x54442d18u)); // 0x1.921fb54442d18p-62
    let sign = bits & 0x80000000u;
    return IsoTurn(vec2<u32>(r.x ^ sign, r.y), select(n, (0u - n) & 3u, sign != 0u));
}

fn iso_reduce_half_pi(x: f32) -> IsoTurn {
    let bits = bitcast<u32>(x);
    if ((bits & 0x7fffffffu) >= 0x42f00000u) {
        return iso_reduce_half_pi_large(bits);
    }
    let wide = iso_f64_from_f32(x);
    let q = iso_f64_to_i32(iso_f64_mul(wide, vec2<u32>(0x41645f30u, 0x6dc9c883u))); // x * 2/pi * 2^24, 0x1.45f306dc9c883p+23
    let n = (q + 0x800000) >> 24u;
    let r = iso_f64_fma(iso_f64_from_i32(-n), vec2<u32>(0x3ff921fbu, 0x54442d18u), wide); // 0x1.921fb54442d18p+0
    return IsoTurn(r, u32(n) & 3u);
}

// The sine (x) and the cosine (y).
fn iso_glibc_sincosf(x: f32) -> vec2<f32> {
    let bits = bitcast<u32>(x);
    if ((bits & 0x7fffffffu) < 0x39800000u) { // |x| < 2^-12
        return vec2<f32>(x, 1.0);
    }
    if ((bits & 0x7fffffffu) >= 0x7f800000u) {
        return vec2<f32>(bitcast<f32>(0x7fc00000u ^ p.zero));
    }
    let turn = iso_reduce_half_pi(x);
    let r = turn.r;
    let r2 = iso_f64_mul(r, r);
    let one = vec2<u32>(0x3ff00000u, 0x00000000u);
    var part = array<f32, 2>(0.0, 0.0);
    // first the sine of r, then its cosine: coefficients of the two highest terms, of the third, and the two lowest terms
    var highest = array<vec2<u32>, 2>(vec2<u32>(0xbf2994ebu, 0x3774cf24u), vec2<u32>(0x3ef99343u, 0x027bf8c3u)); // -0x1.994eb3774cf24p-13, 0x1.99343027bf8c3p-16
    var second = array<vec2<u32>, 2>(vec2<u32>(0x3f811076u, 0x05230bc4u), vec2<u32>(0xbf56c087u, 0xe89a359du)); // 0x1.1107605230bc4p-7, -0x1.6c087e89a359dp-10
    var third = array<vec2<u32>, 2>(vec2<u32>(0xbfc55554u, 0x5995a603u), vec2<u32>(0x3fa55553u, 0xe1068f19u)); // -0x1.555545995a603p-3, 0x1.55553e1068f19p-5
    for (var i = 0u; i < 2u; i++) {
        let third_power = iso_f64_mul(select(r, r2, i == 1u), r2);
        let second_power = iso_f64_mul(third_power, r2);
        let lowest = select(r, iso_f64_fma(vec2<u32>(0xbfdfffffu, 0xfd0c621cu), r2, one), i == 1u); // -0x1.ffffffd0c621cp-2
        let hi = iso_f64_fma(highest[i], r2, second[i]);
        part[i] = iso_f64_to_f32(iso_f64_fma(hi, second_power, iso_f64_fma(third[i], third_power, lowest)));
    }
    let turned = (turn.quadrant & 1u) != 0u;
    let s = bitcast<u32>(select(part[0], part[1], turned)) ^ ((turn.quadrant & 2u) << 30u);
    let c = bitcast<u32>(select(part[1], part[0], turned)) ^ (((turn.quadrant + 1u) & 2u) << 30u);
    return vec2<f32>(bitcast<f32>(s), bitcast<f32>(c));
}
