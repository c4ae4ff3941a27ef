// 1/sqrt(mean square + eps) of eight rows at once: each row keeps its own serial sum, one row per double lane.

// The squares of four elements.
ISOBIT_AVX2 ISOBIT_UNUSED static inline __m128 iso_squares4_avx2(const float *x)
{
    const __m128 v = _mm_loadu_ps(x);
    return _mm_mul_ps(v, v);
}

ISOBIT_AVX2 ISOBIT_UNUSED static inline void iso_rms8_avx2(const float *const row[8], size_t n, float eps, float scale[8])
{
    const size_t blocked = n - n % 4;
    __m256d low = _mm256_setzero_pd(), high = _mm256_setzero_pd(); // rows 0..3 and 4..7
    for (size_t i = 0; i < blocked; i += 4) {
        low = iso_sum4x4_avx2(low, iso_squares4_avx2(row[0] + i), iso_squares4_avx2(row[1] + i), iso_squares4_avx2(row[2] + i), iso_squares4_avx2(row[3] + i));
        high = iso_sum4x4_avx2(high, iso_squares4_avx2(row[4] + i), iso_squares4_avx2(row[5] + i), iso_squares4_avx2(row[6] + i), iso_squares4_avx2(row[7] + i));
    }
    for (size_t i = blocked; i < n; i++) {
        const __m256 v = iso_column8_avx2(row, i);
        const __m256 square = _mm256_mul_ps(v, v);
        low = _mm256_add_pd(low, _mm256_cvtps_pd(_mm256_castps256_ps128(square)));
        high = _mm256_add_pd(high, _mm256_cvtps_pd(_mm256_extractf128_ps(square, 1)));
    }
    const __m256d count = _mm256_set1_pd((double)n);
    const __m256 mean = _mm256_set_m128(_mm256_cvtpd_ps(_mm256_div_pd(high, count)), _mm256_cvtpd_ps(_mm256_div_pd(low, count)));
    _mm256_storeu_ps(scale, _mm256_div_ps(_mm256_set1_ps(1.0f), _mm256_sqrt_ps(_mm256_add_ps(mean, _mm256_set1_ps(eps)))));
}
