// Rows widened to f32 and laid out for the matrix product tiles, AVX2.

enum { ISO_GEMM_F16_AVX2 = 0, ISO_GEMM_F32_AVX2 = 1, ISO_GEMM_F32_AS_F16_AVX2 = 2 };

// Eight elements of a row.
ISOBIT_UNUSED ISOBIT_AVX2 static inline __m256 iso_gemm_load_avx2(const void *row, size_t i, int source)
{
    if (source == ISO_GEMM_F16_AVX2) {
        return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)((const uint16_t *)row + i)));
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
    const size_t size = source == ISO_GEMM_F16_AVX2 ? sizeof(uint16_t) : sizeof(float);
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
    const size_t size = source == ISO_GEMM_F16_AVX2 ? sizeof(uint16_t) : sizeof(float);
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
                const void *row = (const char *)src + (i + r) * k * size;
                for (size_t s = 0; s + 1 < steps; s++) {
                    _mm256_store_ps(out + s * group * 8, iso_gemm_load_avx2(row, s * lanes + half, source));
                }
                _mm256_store_ps(out + (steps - 1) * group * 8,
                                iso_gemm_load_tail_avx2(row, (steps - 1) * lanes + half, k, source));
            }
        }
    }
}
