// Serial double sums of several rows at once, one row per double lane, AVX2.

// Adds four elements of each of four rows to their four sums, element after element.
ISOBIT_AVX2 ISOBIT_UNUSED static inline __m256d iso_sum4x4_avx2(__m256d sum, __m128 a, __m128 b, __m128 c, __m128 d)
{
    const __m256d r0 = _mm256_cvtps_pd(a), r1 = _mm256_cvtps_pd(b), r2 = _mm256_cvtps_pd(c), r3 = _mm256_cvtps_pd(d);
    const __m256d even01 = _mm256_unpacklo_pd(r0, r1), odd01 = _mm256_unpackhi_pd(r0, r1);
    const __m256d even23 = _mm256_unpacklo_pd(r2, r3), odd23 = _mm256_unpackhi_pd(r2, r3);
    sum = _mm256_add_pd(sum, _mm256_permute2f128_pd(even01, even23, 0x20));
    sum = _mm256_add_pd(sum, _mm256_permute2f128_pd(odd01, odd23, 0x20));
    sum = _mm256_add_pd(sum, _mm256_permute2f128_pd(even01, even23, 0x31));
    return _mm256_add_pd(sum, _mm256_permute2f128_pd(odd01, odd23, 0x31));
}

// One column of eight rows.
ISOBIT_AVX2 ISOBIT_UNUSED static inline __m256 iso_column8_avx2(const float *const row[8], size_t i)
{
    return _mm256_setr_ps(row[0][i], row[1][i], row[2][i], row[3][i], row[4][i], row[5][i], row[6][i], row[7][i]);
}
