// powf with the bits of glibc 2.28 and later on x86-64 with FMA, for positive finite x and finite y.
//
// x = 2^k * z with z in one of 16 intervals around 1, each with a point c: log2(x) = k + log2(c) + log2(z/c).
// The product with y is split into an integer and a remainder in units of 1/32, as in expf, whose table it shares.

// 1/c and log2(c), c near the middle of interval i of [0x1.66p-1, 0x1.66p0).
ISOBIT_UNUSED static const double iso_log2_table[16][2] = {
    { 0x1.661ec79f8f3bep+0, -0x1.efec65b963019p-2 }, { 0x1.571ed4aaf883dp+0, -0x1.b0b6832d4fca4p-2 },
    { 0x1.49539f0f010bp+0, -0x1.7418b0a1fb77bp-2 },  { 0x1.3c995b0b80385p+0, -0x1.39de91a6dcf7bp-2 },
    { 0x1.30d190c8864a5p+0, -0x1.01d9bf3f2b631p-2 }, { 0x1.25e227b0b8eap+0, -0x1.97c1d1b3b7afp-3 },
    { 0x1.1bb4a4a1a343fp+0, -0x1.2f9e393af3c9fp-3 }, { 0x1.12358f08ae5bap+0, -0x1.960cbbf788d5cp-4 },
    { 0x1.0953f419900a7p+0, -0x1.a6f9db6475fcep-5 }, { 0x1p+0, 0x0p+0 },
    { 0x1.e608cfd9a47acp-1, 0x1.338ca9f24f53dp-4 },  { 0x1.ca4b31f026aap-1, 0x1.476a9543891bap-3 },
    { 0x1.b2036576afce6p-1, 0x1.e840b4ac4e4d2p-3 },  { 0x1.9c2d163a1aa2dp-1, 0x1.40645f0c6651cp-2 },
    { 0x1.886e6037841edp-1, 0x1.88e9c2c1b9ff8p-2 },  { 0x1.767dcf5534862p-1, 0x1.ce0a44eb17bccp-2 },
};

ISOBIT_UNUSED static inline float iso_glibc_powf(float x, float y)
{
    if (!(x > 0.0f) || !(x < INFINITY) || !(fabsf(y) < INFINITY)) {
        return NAN; // outside this function's domain
    }
    if (y == 0.0f) {
        return 1.0f;
    }
    uint32_t xb;
    memcpy(&xb, &x, sizeof xb);
    if (xb < 0x00800000u) { // subnormal: scaled up, and the exponent taken back below
        const float up = x * 0x1p23f;
        memcpy(&xb, &up, sizeof xb);
        xb -= 23u << 23;
    }
    const uint32_t offset = xb - 0x3f330000u;
    const double *point = iso_log2_table[(offset >> 19) & 15u];
    const uint32_t exponent = offset & 0xff800000u;
    const uint32_t zb = xb - exponent;
    const int32_t k = (int32_t)((exponent >> 23) ^ 0x100u) - 0x100; // the 9 bits as a signed number
    float z;
    memcpy(&z, &zb, sizeof z);
    const double r = fma((double)z, point[0], -1.0), r2 = r * r;
    const double a = fma(0x1.27616c9496e0bp-2, r, -0x1.71969a075c67ap-2);
    const double b = fma(0x1.ec70a6ca7baddp-2, r, -0x1.7154748bef6c8p-1);
    const double c = fma(0x1.71547652ab82bp+0, r, point[1] + (double)k);
    const double power = (double)y * fma(a, r2 * r2, fma(b, r2, c)); // y * log2(x)
    if (power > 0x1.fffffffd1d571p+6) {
        return INFINITY;
    }
    if (power <= -150.0) {
        return 0.0f;
    }
    const double round = 0x1.8p+47; // adding it rounds to a multiple of 1/32, held in the low mantissa bits
    const double kr = power + round;
    uint64_t n;
    memcpy(&n, &kr, sizeof n);
    const double t = power - (kr - round);
    const uint64_t sb = iso_exp2_table[n % 32] + (n << 47);
    double s;
    memcpy(&s, &sb, sizeof s);
    const double hi = fma(0x1.c6af84b912394p-5, t, 0x1.ebfce50fac4f3p-3);
    const double lo = fma(0x1.62e42ff0c52d6p-1, t, 1.0);
    return (float)(fma(hi, t * t, lo) * s);
}
