// exp as the 16-lane classes define it, one value: degree-5 polynomial, scaled by 2^n with one rounding.

ISOBIT_UNUSED static inline float iso_vexp_16(float x)
{
    const float z = fmaf(x, 0x1.715476p+0f, 0x1.8p23f);
    const float n = z - 0x1.8p23f;
    const float b = fmaf(-n, 0x1.7f7d1cp-20f, fmaf(-n, 0x1.62e4p-1f, x));
    const float u = b * b;
    const float high = fmaf(fmaf(0x1.0e4020p-7f, b, 0x1.573e2ep-5f), u, fmaf(0x1.555e66p-3f, b, 0x1.fffdb6p-2f));
    const float j = fmaf(high, u, fmaf(0x1.ffffecp-1f, b, 1.0f));
    if (n > 192.0f) {
        return INFINITY;
    }
    if (n < -192.0f) {
        return 0.0f;
    }
    if (n != n) {
        return n;
    }
    const uint64_t power_bits = (uint64_t)(int64_t)((int)n + 1023) << 52;
    double power;
    memcpy(&power, &power_bits, sizeof power);
    return (float)((double)j * power);
}
