// exp as the 16-lane classes define it, eight values, AVX2.

// 2^n for whole n in [-126, 127].
ISOBIT_UNUSED ISOBIT_AVX2 static inline __m256 iso_vexp_power_avx2(__m256 n)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23));
}

ISOBIT_UNUSED ISOBIT_AVX2 static inline __m256 iso_vexp_16_avx2(__m256 x)
{
    // Past 140 either way the result is already +0 or +inf; a NaN passes both steps.
    x = _mm256_min_ps(_mm256_set1_ps(140.0f), _mm256_max_ps(_mm256_set1_ps(-140.0f), x));
    const __m256 round = _mm256_set1_ps(0x1.8p23f);
    const __m256 n = _mm256_sub_ps(_mm256_fmadd_ps(x, _mm256_set1_ps(0x1.715476p+0f), round), round);
    const __m256 b = _mm256_fnmadd_ps(n, _mm256_set1_ps(0x1.7f7d1cp-20f), _mm256_fnmadd_ps(n, _mm256_set1_ps(0x1.62e4p-1f), x));
    const __m256 u = _mm256_mul_ps(b, b);
    const __m256 p4 = _mm256_fmadd_ps(_mm256_set1_ps(0x1.0e4020p-7f), b, _mm256_set1_ps(0x1.573e2ep-5f));
    const __m256 p2 = _mm256_fmadd_ps(_mm256_set1_ps(0x1.555e66p-3f), b, _mm256_set1_ps(0x1.fffdb6p-2f));
    const __m256 p0 = _mm256_fmadd_ps(_mm256_set1_ps(0x1.ffffecp-1f), b, _mm256_set1_ps(1.0f));
    const __m256 j = _mm256_fmadd_ps(_mm256_fmadd_ps(p4, u, p2), u, p0);
    // Scaling in two steps: the first, by at most 2^100, is exact, so that only the second rounds.
    const __m256 first = _mm256_min_ps(_mm256_set1_ps(100.0f), _mm256_max_ps(_mm256_set1_ps(-100.0f), n));
    return _mm256_mul_ps(_mm256_mul_ps(j, iso_vexp_power_avx2(first)), iso_vexp_power_avx2(_mm256_sub_ps(n, first)));
}
