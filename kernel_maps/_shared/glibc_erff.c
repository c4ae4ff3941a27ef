// erff with the bits of glibc before 2.41, which computes it in f32 throughout; needs glibc_expf.
//
// Five ranges of |x|: below 0.84375 x + x * P(x^2)/Q(x^2); up to 1.25 a quotient around 1; then 1 - erfc by exp(-x^2)
// times a quotient of polynomials of 1/x^2, in two pieces; from 6 on 1 less a tiny number. No product is fused.

ISOBIT_UNUSED static inline float iso_erff_horner(const float *c, int n, float x)
{
    float s = c[n - 1];
    for (int i = n - 2; i >= 0; i--) {
        const float product = x * s;
        s = c[i] + product;
    }
    return s;
}

ISOBIT_UNUSED static inline float iso_glibc_erff(float x)
{
    static const float small_p[5] = {0x1.06eba8p-3f, -0x1.4cd7d6p-2f, -0x1.d2a51ep-6f, -0x1.7a2912p-8f, -0x1.8ead62p-16f};
    static const float small_q[6] = {1.0f, 0x1.97779cp-2f, 0x1.0a54c6p-4f, 0x1.4d022cp-8f, 0x1.15dc92p-13f, -0x1.09c434p-18f};
    static const float mid_p[7] = {-0x1.359b8cp-9f, 0x1.a8d00ap-2f, -0x1.7d241p-2f, 0x1.45fca8p-2f,
                                   -0x1.c63984p-4f, 0x1.22a366p-5f, -0x1.1bf38p-9f};
    static const float mid_q[7] = {1.0f, 0x1.b3e662p-4f, 0x1.14af0ap-1f, 0x1.2635cep-4f, 0x1.02660ep-3f, 0x1.bedc26p-7f, 0x1.88b546p-7f};
    static const float near_p[8] = {-0x1.434126p-7f, -0x1.63416ep-1f, -0x1.51e044p+3f, -0x1.f300aep+5f,
                                    -0x1.44cb18p+7f, -0x1.7135cep+7f, -0x1.452656p+6f, -0x1.3a0efcp+3f};
    static const float near_q[9] = {1.0f,           0x1.3a6b9cp+4f, 0x1.1350c6p+7f, 0x1.b290dep+8f, 0x1.42b192p+9f,
                                    0x1.ad0216p+8f, 0x1.b28a3ep+6f, 0x1.a47ef8p+2f, -0x1.eeff2ep-5f};
    static const float far_p[7] = {-0x1.434124p-7f, -0x1.993ba8p-1f, -0x1.1c2096p+4f, -0x1.4145d4p+7f,
                                   -0x1.3ec882p+9f, -0x1.004616p+10f, -0x1.e384eap+8f};
    static const float far_q[8] = {1.0f,            0x1.e568b2p+4f,  0x1.45cae2p+8f, 0x1.802eb2p+10f,
                                   0x1.8ffb76p+11f, 0x1.3f219cp+11f, 0x1.da874ep+8f, -0x1.670e24p+4f};
    const float a = fabsf(x);
    if (a < 0x1p-28f) {
        if (a < 0x1p-119f) { // sixteen times as large on the way, as a product with a small number would lose digits
            return 0.0625f * (16.0f * x + 0x1.06eba8p+1f * x);
        }
        const float more = 0x1.06eba8p-3f * x;
        return x + more;
    }
    if (a < 0.84375f) {
        const float z = x * x;
        const float more = x * (iso_erff_horner(small_p, 5, z) / iso_erff_horner(small_q, 6, z));
        return x + more;
    }
    if (a < 1.25f) {
        const float s = a - 1.0f;
        const float value = 0x1.b0ac16p-1f + iso_erff_horner(mid_p, 7, s) / iso_erff_horner(mid_q, 7, s);
        return x < 0.0f ? -value : value;
    }
    if (!(a < 6.0f)) { // a NaN passes
        return a >= 6.0f ? (x < 0.0f ? -1.0f : 1.0f) : x + x;
    }
    const float s = 1.0f / (a * a);
    const float quotient = a < 0x1.6db6dcp+1f ? iso_erff_horner(near_p, 8, s) / iso_erff_horner(near_q, 9, s)
                                              : iso_erff_horner(far_p, 7, s) / iso_erff_horner(far_q, 8, s);
    uint32_t bits;
    memcpy(&bits, &a, sizeof bits);
    bits &= 0xfffff000u; // z^2 is exact
    float z;
    memcpy(&z, &bits, sizeof z);
    const float square = z * z, rest = (z - a) * (z + a);
    const float beyond = iso_glibc_expf(-square - 0.5625f) * iso_glibc_expf(rest + quotient) / a;
    const float value = 1.0f - beyond;
    return x < 0.0f ? -value : value;
}
