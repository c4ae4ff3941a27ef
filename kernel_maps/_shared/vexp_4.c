// exp as the classes of the build without SIMD define it, one value: no step is fused, scaled by k + k*j.

ISOBIT_UNUSED static inline float iso_vexp_4(float x)
{
    const float z = x * 0x1.715476p+0f + 0x1.8p23f;
    const float n = z - 0x1.8p23f;
    const float b = (x - n * 0x1.62e4p-1f) - n * 0x1.7f7d1cp-20f;
    const float u = b * b;
    const float high = (0x1.0e4020p-7f * b + 0x1.573e2ep-5f) * u + (0x1.555e66p-3f * b + 0x1.fffdb6p-2f);
    const float j = high * u + 0x1.ffffecp-1f * b;
    uint32_t e;
    memcpy(&e, &z, sizeof e);
    e <<= 23;
    if (!(fabsf(n) > 126.0f)) {
        const uint32_t k_bits = e + 0x3f800000u;
        float k;
        memcpy(&k, &k_bits, sizeof k);
        return j * k + k;
    }
    const uint32_t g = n <= 0.0f ? 0x82000000u : 0u;
    const uint32_t s1_bits = g + 0x7f000000u;
    const uint32_t s2_bits = e - g;
    float s1;
    float s2;
    memcpy(&s1, &s1_bits, sizeof s1);
    memcpy(&s2, &s2_bits, sizeof s2);
    if (fabsf(n) > 192.0f) {
        return s1 * s1;
    }
    return (s2 * j + s2) * s1;
}
