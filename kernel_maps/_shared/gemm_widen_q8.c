// Rows of q8_0 and q4_0 widened to f32 for the matrix products, without loss: portable C.

ISOBIT_UNUSED static inline void iso_gemm_widen_block(float *dst, const iso_q8_block *block)
{
    for (size_t i = 0; i < 32; i++) {
        dst[i] = block->d * (float)block->q[i];
    }
}

// k is a multiple of 32, and so is `padded`.
ISOBIT_UNUSED static inline void iso_gemm_widen_q8_0(float *dst, const uint8_t *src, size_t k, size_t padded)
{
    (void)padded;
    for (size_t b = 0; b < k / 32; b++) {
        const iso_q8_block block = iso_q8_0_block(src, b);
        iso_gemm_widen_block(dst + 32 * b, &block);
    }
}

ISOBIT_UNUSED static inline void iso_gemm_widen_q4_0(float *dst, const uint8_t *src, size_t k, size_t padded)
{
    (void)padded;
    for (size_t b = 0; b < k / 32; b++) {
        const iso_q8_block block = iso_q4_0_block(src, b);
        iso_gemm_widen_block(dst + 32 * b, &block);
    }
}
