// Rows widened to f32 and laid out for the matrix product tiles, AVX2.

enum {
    ISO_GEMM_F16_AVX2,
    ISO_GEMM_F32_AVX2,
    ISO_GEMM_F32_AS_F16_AVX2,
    ISO_GEMM_BF16_AVX2,
    ISO_GEMM_Q8_0_AVX2, // whole blocks only, here and below
    ISO_GEMM_Q4_0_AVX2
};

// Bytes of a row of k elements.
ISOBIT_UNUSED static inline size_t iso_gemm_row_bytes_avx2(size_t k, int source)
{
    switch (source) {
    case ISO_GEMM_F16_AVX2:
    case ISO_GEMM_BF16_AVX2:
        return k * 2;
    case ISO_GEMM_Q8_0_AVX2:
        return k / 32 * 34;
    case ISO_GEMM_Q4_0_AVX2:
        return k / 32 * 18;
    default:
        return k * 4;
    }
}

// Elements i .. i+7 of a row of quantised blocks.
ISOBIT_UNUSED ISOBIT_AVX2 static inline __m256 iso_gemm_load_block_avx2(const uint8_t *row, size_t i, int source)
{
    const size_t at = i % 32;
    const uint8_t *block = row + i / 32 * (source == ISO_GEMM_Q8_0_AVX2 ? 34 : 18);
    const __m256 d = _mm256_broadcastss_ps(_mm_cvtph_ps(_mm_cvtsi32_si128(block[0] | block[1] << 8)));
    __m128i q;
    if (source == ISO_GEMM_Q8_0_AVX2) {
        q = _mm_loadl_epi64((const __m128i *)(const void *)(block + 2 + at));
    } else {
        q = _mm_loadl_epi64((const __m128i *)(const void *)(block + 2 + at % 16));
        q = _mm_and_si128(at < 16 ? q : _mm_srli_epi16(q, 4), _mm_set1_epi8(15));
        q = _mm_sub_epi8(q, _mm_set1_epi8(8));
    }
    return _mm256_mul_ps(d, _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(q)));
}

// Eight elements of a row.
ISOBIT_UNUSED ISOBIT_AVX2 static inline __m256 iso_gemm_load_avx2(const void *row, size_t i, int source)
{
    if (source == ISO_GEMM_F16_AVX2) {
        return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)((const uint16_t *)row + i)));
    }
    if (source == ISO_GEMM_BF16_AVX2) {
        const __m128i h = _mm_loadu_si128((const __m128i *)(const void *)((const uint16_t *)row + i));
        return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(h), 16));
    }
    if (source == ISO_GEMM_Q8_0_AVX2 || source == ISO_GEMM_Q4_0_AVX2) {
        return iso_gemm_load_block_avx2((const uint8_t *)row, i, source);
    }
    const __m256 v = _mm256_loadu_ps((const float *)row + i);
    if (source == ISO_GEMM_F32_AVX2) {
        return v;
    }
    return _mm256_cvtph_ps(_mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

// Elements i .. k-1 of a row, at most eight, then zeros.
ISOBIT_UNUSED ISOBIT_AVX2 static inline __m256 iso_gemm_load_tail_avx2(const void *row, size_t i, size_t k, int source)
{
    if (i + 8 <= k) {
        return iso_gemm_load_avx2(row, i, source);
    }
    uint32_t tail[8] = {0};
    const size_t size = source == ISO_GEMM_F16_AVX2 || source == ISO_GEMM_BF16_AVX2 ? sizeof(uint16_t) : sizeof(float);
    if (i < k) {
        memcpy(tail, (const char *)row + i * size, (k - i) * size);
    }
    return iso_gemm_load_avx2(tail, 0, source);
}

// Groups of `group` rows, each [lanes/8][ceil(k/lanes)][group][8]: the lanes in eights, one eight after the other.
// Rows and columns past the end are zero.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_gemm_pack_avx2(float *dst, const void *src, int source, size_t count, size_t k,
                                                                 size_t lanes, size_t group)
{
    const size_t steps = (k + lanes - 1) / lanes;
    const size_t size = iso_gemm_row_bytes_avx2(k, source);
    for (size_t i = 0; i < count; i += group) {
        for (size_t r = 0; r < group; r++) {
            for (size_t half = 0; half < lanes; half += 8) {
                float *out = dst + i * steps * lanes + half * steps * group + r * 8;
                if (i + r >= count) {
                    for (size_t s = 0; s < steps; s++) {
                        _mm256_store_ps(out + s * group * 8, _mm256_setzero_ps());
                    }
                    continue;
                }
                const void *row = (const char *)src + (i + r) * size;
                for (size_t s = 0; s + 1 < steps; s++) {
                    _mm256_store_ps(out + s * group * 8, iso_gemm_load_avx2(row, s * lanes + half, source));
                }
                _mm256_store_ps(out + (steps - 1) * group * 8,
                                iso_gemm_load_tail_avx2(row, (steps - 1) * lanes + half, k, source));
            }
        }
    }
}
