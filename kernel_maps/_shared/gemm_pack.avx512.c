// Rows widened to f32 and laid out for the matrix product tiles, AVX-512.

// A tile is compiled for the type of its rows.
#define ISO_GEMM_INLINE ISOBIT_UNUSED ISOBIT_AVX512 __attribute__((always_inline)) static inline

enum {
    ISO_GEMM_F16,
    ISO_GEMM_F32,
    ISO_GEMM_F32_AS_F16,
    ISO_GEMM_BF16,
    ISO_GEMM_Q8_0, // whole blocks only, here and below
    ISO_GEMM_Q4_0
};

// Elements i .. i+15 of a row of quantised blocks.
ISOBIT_UNUSED ISOBIT_AVX512 static inline __m512 iso_gemm_load_block_avx512(const uint8_t *row, size_t i, int source)
{
    const size_t at = i % 32;
    const uint8_t *block = row + i / 32 * (source == ISO_GEMM_Q8_0 ? 34 : 18);
    const __m512 d = _mm512_broadcastss_ps(_mm_cvtph_ps(_mm_cvtsi32_si128(block[0] | block[1] << 8)));
    __m128i q;
    if (source == ISO_GEMM_Q8_0) {
        q = _mm_loadu_si128((const __m128i *)(const void *)(block + 2 + at));
    } else {
        q = _mm_loadu_si128((const __m128i *)(const void *)(block + 2));
        q = _mm_and_si128(at < 16 ? q : _mm_srli_epi16(q, 4), _mm_set1_epi8(15));
        q = _mm_sub_epi8(q, _mm_set1_epi8(8));
    }
    return _mm512_mul_ps(d, _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(q)));
}

// Elements i .. i+15 of a row, those that the mask leaves out as zero.
ISOBIT_UNUSED ISOBIT_AVX512 static inline __m512 iso_gemm_load_avx512(const void *row, size_t i, __mmask16 mask, int source)
{
    if (source == ISO_GEMM_F16) {
        return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, (const uint16_t *)row + i));
    }
    if (source == ISO_GEMM_BF16) {
        const __m256i h = _mm256_maskz_loadu_epi16(mask, (const uint16_t *)row + i);
        return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(h), 16));
    }
    if (source == ISO_GEMM_Q8_0 || source == ISO_GEMM_Q4_0) {
        return iso_gemm_load_block_avx512((const uint8_t *)row, i, source);
    }
    const __m512 v = _mm512_maskz_loadu_ps(mask, (const float *)row + i);
    if (source == ISO_GEMM_F32) {
        return v;
    }
    return _mm512_cvtph_ps(_mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

// Elements i .. i+7 of a row in both halves of the register, those that the mask leaves out as zero.
ISOBIT_UNUSED ISOBIT_AVX512 static inline __m512 iso_gemm_load_twice_avx512(const void *row, size_t i, __mmask8 mask, int source)
{
    if (source == ISO_GEMM_F32 || source == ISO_GEMM_F32_AS_F16) {
        const __m512 v = _mm512_broadcast_f32x8(_mm256_maskz_loadu_ps(mask, (const float *)row + i));
        return source == ISO_GEMM_F32 ? v : _mm512_cvtph_ps(_mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    }
    const __m256i h = _mm256_broadcastsi128_si256(_mm_maskz_loadu_epi16(mask, (const uint16_t *)row + i));
    return source == ISO_GEMM_F16 ? _mm512_cvtph_ps(h) : _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(h), 16));
}

// Bytes of an element of x: its rows are not quantised.
ISOBIT_UNUSED static inline size_t iso_gemm_size_avx512(int source)
{
    return source == ISO_GEMM_F16 || source == ISO_GEMM_BF16 ? sizeof(uint16_t) : sizeof(float);
}

ISOBIT_UNUSED ISOBIT_AVX512 static inline const void *iso_gemm_row_avx512(const void *src, size_t i, size_t k, int source)
{
    switch (source) {
    case ISO_GEMM_F16:
    case ISO_GEMM_BF16:
        return (const uint16_t *)src + i * k;
    case ISO_GEMM_Q8_0:
        return (const uint8_t *)src + i * (k / 32 * 34);
    case ISO_GEMM_Q4_0:
        return (const uint8_t *)src + i * (k / 32 * 18);
    default:
        return (const float *)src + i * k;
    }
}

// Groups of 5 rows, each [ceil(k/16)][5][16]; rows and columns past the end are zero.
ISOBIT_UNUSED ISOBIT_AVX512 static inline void iso_gemm_pack16_avx512(float *dst, const void *src, int source, size_t count, size_t k)
{
    const size_t steps = (k + 15) / 16;
    const __mmask16 last = (__mmask16)(0xffffu >> (steps * 16 - k));
    for (size_t i = 0; i < count; i += 5) {
        for (size_t r = 0; r < 5; r++) {
            float *out = dst + i * steps * 16 + r * 16;
            if (i + r >= count) {
                for (size_t s = 0; s < steps; s++) {
                    _mm512_store_ps(out + s * 80, _mm512_setzero_ps());
                }
                continue;
            }
            const void *row = iso_gemm_row_avx512(src, i + r, k, source);
            for (size_t s = 0; s + 1 < steps; s++) {
                _mm512_store_ps(out + s * 80, iso_gemm_load_avx512(row, s * 16, 0xffff, source));
            }
            _mm512_store_ps(out + (steps - 1) * 80, iso_gemm_load_avx512(row, (steps - 1) * 16, last, source));
        }
    }
}

// Groups of `group` rows, each [ceil(k/8)][group][8]; rows and columns past the end are zero.
ISOBIT_UNUSED ISOBIT_AVX512 static inline void iso_gemm_pack8_avx512(float *dst, const void *src, int source, size_t count, size_t k,
                                                                     size_t group)
{
    const size_t steps = (k + 7) / 8;
    for (size_t i = 0; i < count; i += group) {
        for (size_t r = 0; r < group; r++) {
            float *out = dst + i * steps * 8 + r * 8;
            if (i + r >= count) {
                for (size_t s = 0; s < steps; s++) {
                    _mm256_store_ps(out + s * group * 8, _mm256_setzero_ps());
                }
                continue;
            }
            const void *row = iso_gemm_row_avx512(src, i + r, k, source);
            size_t s = 0;
            for (; s * 8 + 16 <= k; s += 2) {
                const __m512 v = iso_gemm_load_avx512(row, s * 8, 0xffff, source);
                _mm256_store_ps(out + s * group * 8, _mm512_castps512_ps256(v));
                _mm256_store_ps(out + (s + 1) * group * 8, _mm512_extractf32x8_ps(v, 1));
            }
            if (s < steps) {
                const __m512 v = iso_gemm_load_avx512(row, s * 8, (__mmask16)((1u << (k - s * 8)) - 1u), source);
                _mm256_store_ps(out + s * group * 8, _mm512_castps512_ps256(v));
                if (s + 1 < steps) {
                    _mm256_store_ps(out + (s + 1) * group * 8, _mm512_extractf32x8_ps(v, 1));
                }
            }
        }
    }
}
