// Attention's exponential, sums of groups and steps as 16, 8 or 4 lanes define them, portable C.

ISOBIT_UNUSED static inline float iso_attn_exp(float x, size_t lanes)
{
    return lanes == 16 ? iso_vexp_16(x) : lanes == 8 ? iso_vexp_8(x) : iso_vexp_4(x);
}

// The sum of the lanes, which are overwritten.
ISOBIT_UNUSED static inline float iso_attn_group(float *a, size_t lanes)
{
    return lanes == 16 ? iso_tree16(a) : lanes == 8 ? iso_tree8(a) : (a[0] + a[1]) + (a[2] + a[3]);
}

// a*b + c: fused but in the form of 4 lanes.
ISOBIT_UNUSED static inline float iso_attn_step(float a, float b, float c, size_t lanes)
{
    const float product = a * b;
    return lanes == 4 ? product + c : fmaf(a, b, c);
}

// Dot product with a double sum of rounded products.
ISOBIT_UNUSED static inline float iso_attn_ddot(const float *a, const float *b, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)(a[i] * b[i]);
    }
    return (float)sum;
}
