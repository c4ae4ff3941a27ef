// tanhf with the bits of glibc 2.28 to 2.40, in f32 arithmetic: through e^(2|x|) - 1, below one through e^(-2|x|) - 1.

// 2^n for n of normal numbers.
ISOBIT_UNUSED static inline float iso_power_of_two(int n)
{
    const uint32_t bits = (uint32_t)(n + 127) << 23;
    float y;
    memcpy(&y, &bits, sizeof y);
    return y;
}

// e^x - 1 for -2 < x <= 44, as expm1f of the same library computes it.
//
// x = k ln2 + r, the rounding error of r kept in c; e^r - 1 = r - (r*e - r*r/2) with e from a polynomial in r*r/2; then 2^k.
ISOBIT_UNUSED static inline float iso_glibc_expm1f(float x)
{
    const float size = fabsf(x);
    int k = 0;
    float c = 0.0f;
    if (size < 0x1p-25f) {
        return x;
    }
    if (size > 0x1.62e430p-2f) { // ln2 / 2
        if (size < 0x1.0a2b24p+0f) { // 3 ln2 / 2
            k = x < 0.0f ? -1 : 1;
        } else {
            k = (int)(0x1.715476p+0f * x + (x < 0.0f ? -0.5f : 0.5f));
        }
        const float high = x - (float)k * 0x1.62e300p-1f;
        const float low = (float)k * 0x1.2fefa2p-17f;
        x = high - low;
        c = (high - x) - low;
    }
    const float half = 0.5f * x;
    const float square = x * half;
    float p = -0x1.afdb76p-23f;
    p = 0x1.0cfca8p-18f + square * p;
    p = -0x1.4ce19ap-14f + square * p;
    p = 0x1.a01a02p-10f + square * p;
    p = -0x1.111112p-5f + square * p;
    p = 1.0f + square * p;
    const float t = 3.0f - p * half;
    float e = square * ((p - t) / (6.0f - x * t));
    if (k == 0) {
        return x - (x * e - square);
    }
    e = (x * (e - c) - c) - square;
    if (k == -1) {
        return 0.5f * (x - e) - 0.5f;
    }
    if (k == 1) {
        return x < -0.25f ? -2.0f * (e - (x + 0.5f)) : 1.0f + 2.0f * (x - e);
    }
    if (k <= -2 || k > 56) {
        return (1.0f - (e - x)) * iso_power_of_two(k) - 1.0f;
    }
    const float part = iso_power_of_two(-k);
    const float y = k < 23 ? (1.0f - part) - (e - x) : (x - (e + part)) + 1.0f;
    return y * iso_power_of_two(k);
}

ISOBIT_UNUSED static inline float iso_glibc_tanhf(float x)
{
    const float size = fabsf(x);
    if (!(size < 22.0f)) {
        return x != x ? x + x : copysignf(1.0f, x);
    }
    if (size < 0x1p-55f) {
        return x * (1.0f + x);
    }
    float y;
    if (size >= 1.0f) {
        y = 1.0f - 2.0f / (iso_glibc_expm1f(2.0f * size) + 2.0f);
    } else {
        const float t = iso_glibc_expm1f(-2.0f * size);
        y = -t / (t + 2.0f);
    }
    return copysignf(y, x);
}
