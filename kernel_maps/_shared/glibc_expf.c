// expf with the bits of glibc 2.28 and later on x86-64 with FMA, in double arithmetic.
//
// x/ln2 = k/32 + r/32: exp(x) = 2^(k/32) * p(r). The product x*32/ln2 is never rounded on its own: it is fused
// into the addition that rounds it to an integer, and again into the subtraction that leaves the remainder.

// 2^(i/32) rounded to double, less i in units of 1/32 of the exponent, so that adding k<<47 gives 2^(k/32).
ISOBIT_UNUSED static const uint64_t iso_exp2_table[32] = {
    0x3ff0000000000000ULL, 0x3fefd9b0d3158574ULL, 0x3fefb5586cf9890fULL, 0x3fef9301d0125b51ULL,
    0x3fef72b83c7d517bULL, 0x3fef54873168b9aaULL, 0x3fef387a6e756238ULL, 0x3fef1e9df51fdee1ULL,
    0x3fef06fe0a31b715ULL, 0x3feef1a7373aa9cbULL, 0x3feedea64c123422ULL, 0x3feece086061892dULL,
    0x3feebfdad5362a27ULL, 0x3feeb42b569d4f82ULL, 0x3feeab07dd485429ULL, 0x3feea47eb03a5585ULL,
    0x3feea09e667f3bcdULL, 0x3fee9f75e8ec5f74ULL, 0x3feea11473eb0187ULL, 0x3feea589994cce13ULL,
    0x3feeace5422aa0dbULL, 0x3feeb737b0cdc5e5ULL, 0x3feec49182a3f090ULL, 0x3feed503b23e255dULL,
    0x3feee89f995ad3adULL, 0x3feeff76f2fb5e47ULL, 0x3fef199bdd85529cULL, 0x3fef3720dcef9069ULL,
    0x3fef5818dcfba487ULL, 0x3fef7c97337b9b5fULL, 0x3fefa4afa2a490daULL, 0x3fefd0765b6e4540ULL,
};

ISOBIT_UNUSED static inline float iso_glibc_expf(float x)
{
    uint32_t xb;
    memcpy(&xb, &x, sizeof xb);
    if ((xb & 0x7fffffffu) > 0x7f800000u) {
        return x + x;
    }
    if (x > 0x1.62e42ep6f) { // exp(x) >= 2^128
        return INFINITY;
    }
    if (x < -0x1.9fe368p6f) { // exp(x) < 2^-150
        return 0.0f;
    }
    const double scale = 0x1.71547652b82fep+0 * 32.0; // 32/ln2
    const double round = 0x1.8p+52;                   // adding it rounds to an integer, held in the low mantissa bits
    const double kr = fma(scale, (double)x, round);
    uint64_t k;
    memcpy(&k, &kr, sizeof k);
    const double r = fma(scale, (double)x, -(kr - round));
    const uint64_t sb = iso_exp2_table[k % 32] + (k << 47);
    double s;
    memcpy(&s, &sb, sizeof s);
    const double hi = fma(0x1.c6af84b912394p-5 / 32768.0, r, 0x1.ebfce50fac4f3p-3 / 1024.0);
    const double lo = fma(0x1.62e42ff0c52d6p-1 / 32.0, r, 1.0);
    return (float)(fma(hi, r * r, lo) * s);
}
