// Rows of bf16 for the matrix products, and their dot product with an ordered tail: portable C.

ISOBIT_UNUSED static inline void iso_gemm_widen_bf16(float *dst, const uint16_t *src, size_t k, size_t padded)
{
    for (size_t i = 0; i < k; i++) {
        dst[i] = iso_bf16_to_f32(src[i]);
    }
    for (size_t i = k; i < padded; i++) {
        dst[i] = 0.0f;
    }
}

// w and x: values that bf16 can hold. Steps of 32 elements: two accumulators of 16 lanes, summed one after the other in
// double, or four of 8 lanes, merged before their tree. The tail is summed in double.
ISOBIT_UNUSED static inline float iso_gemm_vdot_of_bf16(const float *w, const float *x, size_t k, size_t lanes)
{
    float acc[32] = {0};
    const size_t grouped = k - k % 32;
    for (size_t i = 0; i < grouped; i += 32) {
        for (size_t j = 0; j < 32; j++) {
            acc[j] = fmaf(w[i + j], x[i + j], acc[j]);
        }
    }
    double sum = 0.0;
    if (lanes == 16) {
        sum += (double)iso_tree16(acc);
        sum += (double)iso_tree16(acc + 16);
    } else {
        float r[8];
        for (size_t j = 0; j < 8; j++) {
            r[j] = (acc[j] + acc[16 + j]) + (acc[8 + j] + acc[24 + j]);
        }
        sum += (double)iso_tree8(r);
    }
    for (size_t i = grouped; i < k; i++) {
        sum += (double)(w[i] * x[i]);
    }
    return (float)sum;
}
