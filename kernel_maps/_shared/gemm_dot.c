// Dot products with 16 or 8 accumulator lanes, and the widening of rows to a length that the lanes divide: portable C.

ISOBIT_UNUSED static inline void iso_gemm_widen_f16(float *dst, const uint16_t *src, size_t k, size_t padded)
{
    for (size_t i = 0; i < k; i++) {
        dst[i] = iso_f16_to_f32(src[i]);
    }
    for (size_t i = k; i < padded; i++) {
        dst[i] = 0.0f;
    }
}

ISOBIT_UNUSED static inline void iso_gemm_widen_f32(float *dst, const float *src, size_t k, size_t padded)
{
    memcpy(dst, src, k * sizeof *dst);
    for (size_t i = k; i < padded; i++) {
        dst[i] = 0.0f;
    }
}

// f32 rounded to f16 and widened again.
ISOBIT_UNUSED static inline void iso_gemm_widen_f32_as_f16(float *dst, const float *src, size_t k, size_t padded)
{
    for (size_t i = 0; i < k; i++) {
        dst[i] = iso_f16_to_f32(iso_f32_to_f16(src[i]));
    }
    for (size_t i = k; i < padded; i++) {
        dst[i] = 0.0f;
    }
}

ISOBIT_UNUSED static inline float iso_gemm_dot16(const float *x, const float *w, size_t padded)
{
    float acc[16] = {0};
    for (size_t k = 0; k < padded; k += 16) {
        for (size_t j = 0; j < 16; j++) {
            acc[j] = fmaf(w[k + j], x[k + j], acc[j]);
        }
    }
    return iso_tree16(acc);
}

ISOBIT_UNUSED static inline float iso_gemm_dot8(const float *x, const float *w, size_t padded)
{
    float acc[8] = {0};
    for (size_t k = 0; k < padded; k += 8) {
        for (size_t j = 0; j < 8; j++) {
            acc[j] = fmaf(w[k + j], x[k + j], acc[j]);
        }
    }
    return iso_tree8(acc);
}

// The same for operands that were widened from f16. Their products are exact in f32, so a product and a sum
// round as one fused step does; that is faster where fmaf is not an instruction.
#ifdef FP_FAST_FMAF
#define ISO_GEMM_FMA_OF_F16(a, b, c) fmaf((a), (b), (c))
#else
#define ISO_GEMM_FMA_OF_F16(a, b, c) ((a) * (b) + (c))
#endif

ISOBIT_UNUSED static inline float iso_gemm_dot16_of_f16(const float *x, const float *w, size_t padded)
{
    float acc[16] = {0};
    for (size_t k = 0; k < padded; k += 16) {
        for (size_t j = 0; j < 16; j++) {
            acc[j] = ISO_GEMM_FMA_OF_F16(w[k + j], x[k + j], acc[j]);
        }
    }
    return iso_tree16(acc);
}

ISOBIT_UNUSED static inline float iso_gemm_dot8_of_f16(const float *x, const float *w, size_t padded)
{
    float acc[8] = {0};
    for (size_t k = 0; k < padded; k += 8) {
        for (size_t j = 0; j < 8; j++) {
            acc[j] = ISO_GEMM_FMA_OF_F16(w[k + j], x[k + j], acc[j]);
        }
    }
    return iso_tree8(acc);
}
#undef ISO_GEMM_FMA_OF_F16
