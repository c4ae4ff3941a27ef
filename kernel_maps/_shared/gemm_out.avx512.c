// The rows of a finished tile: bias, residual and GELU, each rounded as the separate ops round, AVX-512.

ISOBIT_UNUSED ISOBIT_AVX512 static inline void iso_gemm_out_avx512(float *y, const float *dot, size_t count)
{
    for (size_t j = 0; j < count; j += 16) {
        const __mmask16 mask = (__mmask16)(count - j < 16 ? (1u << (count - j)) - 1u : 0xffffu);
        _mm512_mask_storeu_ps(y + j, mask, _mm512_maskz_loadu_ps(mask, dot + j));
    }
}

ISOBIT_UNUSED ISOBIT_AVX512 static inline void iso_gemm_out_bias_avx512(float *y, const float *dot, const float *bias, size_t count)
{
    for (size_t j = 0; j < count; j += 16) {
        const __mmask16 mask = (__mmask16)(count - j < 16 ? (1u << (count - j)) - 1u : 0xffffu);
        const __m512 v = _mm512_add_ps(_mm512_maskz_loadu_ps(mask, dot + j), _mm512_maskz_loadu_ps(mask, bias + j));
        _mm512_mask_storeu_ps(y + j, mask, v);
    }
}

ISOBIT_UNUSED ISOBIT_AVX512 static inline void iso_gemm_out_bias_add_avx512(float *y, const float *dot, const float *bias,
                                                                            const float *residual, size_t count)
{
    for (size_t j = 0; j < count; j += 16) {
        const __mmask16 mask = (__mmask16)(count - j < 16 ? (1u << (count - j)) - 1u : 0xffffu);
        const __m512 v = _mm512_add_ps(_mm512_maskz_loadu_ps(mask, dot + j), _mm512_maskz_loadu_ps(mask, bias + j));
        _mm512_mask_storeu_ps(y + j, mask, _mm512_add_ps(v, _mm512_maskz_loadu_ps(mask, residual + j)));
    }
}

// Eight entries of a table. They are put together in a register: what is stored in halves would have to be waited for.
ISOBIT_UNUSED ISOBIT_AVX512 static inline __m128i iso_gemm_look_up_avx512(const uint16_t *h, const uint16_t *table)
{
    __m128i v = _mm_cvtsi32_si128(table[h[0]]);
    v = _mm_insert_epi16(v, table[h[1]], 1);
    v = _mm_insert_epi16(v, table[h[2]], 2);
    v = _mm_insert_epi16(v, table[h[3]], 3);
    v = _mm_insert_epi16(v, table[h[4]], 4);
    v = _mm_insert_epi16(v, table[h[5]], 5);
    v = _mm_insert_epi16(v, table[h[6]], 6);
    return _mm_insert_epi16(v, table[h[7]], 7);
}

ISOBIT_UNUSED ISOBIT_AVX512 static inline void iso_gemm_out_bias_gelu_avx512(float *y, const float *dot, const float *bias,
                                                                             const uint16_t *table, size_t count)
{
    for (size_t j = 0; j < count; j += 16) {
        const __mmask16 mask = (__mmask16)(count - j < 16 ? (1u << (count - j)) - 1u : 0xffffu);
        const __m512 v = _mm512_add_ps(_mm512_maskz_loadu_ps(mask, dot + j), _mm512_maskz_loadu_ps(mask, bias + j));
        uint16_t h[16];
        _mm256_storeu_si256((__m256i *)h, _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
        const __m256i entries = _mm256_set_m128i(iso_gemm_look_up_avx512(h + 8, table), iso_gemm_look_up_avx512(h, table));
        const __m512 looked_up = _mm512_cvtph_ps(entries);
        const __mmask16 large = _mm512_cmp_ps_mask(v, _mm512_set1_ps(10.0f), _CMP_GE_OQ);
        const __mmask16 inner = (__mmask16)~_mm512_cmp_ps_mask(v, _mm512_set1_ps(-10.0f), _CMP_LE_OQ);
        _mm512_mask_storeu_ps(y + j, mask, _mm512_mask_blend_ps(large, _mm512_maskz_mov_ps(inner, looked_up), v));
    }
}
