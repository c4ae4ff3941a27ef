// sinf and cosf with the bits of glibc 2.28 and later on x86-64 with FMA, in double arithmetic.
//
// x = n*pi/2 + r with |r| <= pi/4 (about): n picks sine or cosine of r and the sign. Below 120 the remainder is one
// fused step; above, x is multiplied by 96 bits of 2/pi, of which only the fraction modulo 4 is kept.

// Bits of 2/pi: element i starts 8*i bits further right than element 0, which ends with the leading byte.
ISOBIT_UNUSED static const uint32_t iso_two_over_pi[24] = {
    0x000000a2, 0x0000a2f9, 0x00a2f983, 0xa2f9836e, 0xf9836e4e, 0x836e4e44, 0x6e4e4415, 0x4e441529,
    0x441529fc, 0x1529fc27, 0x29fc2757, 0xfc2757d1, 0x2757d1f5, 0x57d1f534, 0xd1f534dd, 0xf534ddc0,
    0x34ddc0db, 0xddc0db62, 0xc0db6295, 0xdb629599, 0x6295993c, 0x95993c43, 0x993c4390, 0x3c439041,
};

ISOBIT_UNUSED static inline double iso_sin_kernel(double r)
{
    const double r2 = r * r, r3 = r * r2, r5 = r3 * r2;
    const double hi = fma(-0x1.994eb3774cf24p-13, r2, 0x1.1107605230bc4p-7);
    return fma(hi, r5, fma(-0x1.555545995a603p-3, r3, r));
}

ISOBIT_UNUSED static inline double iso_cos_kernel(double r)
{
    const double r2 = r * r, r4 = r2 * r2, r6 = r4 * r2;
    const double hi = fma(0x1.99343027bf8c3p-16, r2, -0x1.6c087e89a359dp-10);
    const double lo = fma(-0x1.ffffffd0c621cp-2, r2, 1.0);
    return fma(hi, r6, fma(0x1.55553e1068f19p-5, r4, lo));
}

// Remainder of a finite x, |x| >= pi/4; *quadrant is n modulo 4.
ISOBIT_UNUSED static inline double iso_reduce_half_pi(float x, uint32_t *quadrant)
{
    uint32_t xb;
    memcpy(&xb, &x, sizeof xb);
    const uint32_t sign = xb >> 31;
    if ((xb & 0x7fffffffu) < 0x42f00000u) { // |x| < 120
        const double q = (double)x * 0x1.45f306dc9c883p+23; // x * 2/pi * 2^24
        const int32_t n = (int32_t)(((int64_t)q + 0x800000 + (128LL << 24)) >> 24) - 128; // biased: no shift of a negative number
        *quadrant = (uint32_t)n & 3u;
        return fma(-(double)n, 0x1.921fb54442d18p+0, (double)x);
    }
    const uint32_t *bits = &iso_two_over_pi[(xb >> 26) & 15u];
    const uint32_t m = ((xb & 0x7fffffu) | 0x800000u) << ((xb >> 23) & 7u);
    const uint64_t high = (uint64_t)(uint32_t)(m * bits[0]) << 32;
    const uint64_t low = ((uint64_t)m * bits[8]) >> 32;
    uint64_t turn = (high | low) + (uint64_t)m * bits[4]; // |x| * 2/pi modulo 4, 62 fraction bits
    const uint64_t n = (turn + (1ULL << 61)) >> 62;
    turn -= n << 62;
    const double r = (turn >> 63 ? -(double)(0u - turn) : (double)turn) * 0x1.921fb54442d18p-62;
    *quadrant = (uint32_t)(sign ? 0u - n : n) & 3u;
    return sign ? -r : r;
}

ISOBIT_UNUSED static inline float iso_glibc_sinf(float x)
{
    uint32_t xb;
    memcpy(&xb, &x, sizeof xb);
    const uint32_t top = (xb >> 20) & 0x7ffu;
    if (top < 0x398u) { // |x| < 2^-12
        return x;
    }
    if (top < 0x3f4u) { // |x| < 0.75
        return (float)iso_sin_kernel((double)x);
    }
    if (top >= 0x7f8u) {
        return (x - x) / (x - x);
    }
    uint32_t quadrant;
    const double r = iso_reduce_half_pi(x, &quadrant);
    const double s = quadrant & 1u ? iso_cos_kernel(r) : iso_sin_kernel(r);
    return (float)(quadrant & 2u ? -s : s);
}

ISOBIT_UNUSED static inline float iso_glibc_cosf(float x)
{
    uint32_t xb;
    memcpy(&xb, &x, sizeof xb);
    const uint32_t top = (xb >> 20) & 0x7ffu;
    if (top < 0x398u) { // |x| < 2^-12
        return 1.0f;
    }
    if (top < 0x3f4u) { // |x| < 0.75
        return (float)iso_cos_kernel((double)x);
    }
    if (top >= 0x7f8u) {
        return (x - x) / (x - x);
    }
    uint32_t quadrant;
    const double r = iso_reduce_half_pi(x, &quadrant);
    const double c = quadrant & 1u ? -iso_sin_kernel(r) : iso_cos_kernel(r);
    return (float)(quadrant & 2u ? -c : c);
}
