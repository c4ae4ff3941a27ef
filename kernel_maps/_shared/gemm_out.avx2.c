// The rows of a finished tile: bias, residual and GELU, each rounded as the separate ops round, AVX2.

// All ones in the first `count` of eight lanes.
ISOBIT_UNUSED ISOBIT_AVX2 static inline __m256i iso_gemm_mask_avx2(size_t count)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count < 8 ? (int)count : 8), lane);
}

ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_gemm_out_avx2(float *y, const float *dot, size_t count)
{
    for (size_t j = 0; j < count; j += 8) {
        const __m256i mask = iso_gemm_mask_avx2(count - j);
        _mm256_maskstore_ps(y + j, mask, _mm256_maskload_ps(dot + j, mask));
    }
}

ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_gemm_out_bias_avx2(float *y, const float *dot, const float *bias, size_t count)
{
    for (size_t j = 0; j < count; j += 8) {
        const __m256i mask = iso_gemm_mask_avx2(count - j);
        const __m256 v = _mm256_add_ps(_mm256_maskload_ps(dot + j, mask), _mm256_maskload_ps(bias + j, mask));
        _mm256_maskstore_ps(y + j, mask, v);
    }
}

ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_gemm_out_bias_add_avx2(float *y, const float *dot, const float *bias,
                                                                        const float *residual, size_t count)
{
    for (size_t j = 0; j < count; j += 8) {
        const __m256i mask = iso_gemm_mask_avx2(count - j);
        const __m256 v = _mm256_add_ps(_mm256_maskload_ps(dot + j, mask), _mm256_maskload_ps(bias + j, mask));
        _mm256_maskstore_ps(y + j, mask, _mm256_add_ps(v, _mm256_maskload_ps(residual + j, mask)));
    }
}

ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_gemm_out_bias_gelu_avx2(float *y, const float *dot, const float *bias,
                                                                         const uint16_t *table, size_t count)
{
    for (size_t j = 0; j < count; j += 8) {
        const __m256i mask = iso_gemm_mask_avx2(count - j);
        const __m256 v = _mm256_add_ps(_mm256_maskload_ps(dot + j, mask), _mm256_maskload_ps(bias + j, mask));
        uint16_t h[8];
        _mm_storeu_si128((__m128i *)(void *)h, _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
        for (int i = 0; i < 8; i++) {
            h[i] = table[h[i]];
        }
        const __m256 looked_up = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)h));
        const __m256 large = _mm256_cmp_ps(v, _mm256_set1_ps(10.0f), _CMP_GE_OQ);
        const __m256 zero = _mm256_cmp_ps(v, _mm256_set1_ps(-10.0f), _CMP_LE_OQ);
        _mm256_maskstore_ps(y + j, mask, _mm256_blendv_ps(_mm256_andnot_ps(zero, looked_up), v, large));
    }
}
