// exp as the 8-lane classes define it, eight values, AVX2.

ISOBIT_UNUSED ISOBIT_AVX2 static inline __m256 iso_vexp_8_avx2(__m256 x)
{
    const __m256 round = _mm256_set1_ps(0x1.8p23f);
    const __m256 z = _mm256_fmadd_ps(x, _mm256_set1_ps(0x1.715476p+0f), round);
    const __m256 n = _mm256_sub_ps(z, round);
    const __m256 b = _mm256_fnmadd_ps(n, _mm256_set1_ps(0x1.7f7d1cp-20f), _mm256_fnmadd_ps(n, _mm256_set1_ps(0x1.62e4p-1f), x));
    const __m256 u = _mm256_mul_ps(b, b);
    const __m256 p4 = _mm256_fmadd_ps(_mm256_set1_ps(0x1.0e4020p-7f), b, _mm256_set1_ps(0x1.573e2ep-5f));
    const __m256 p2 = _mm256_fmadd_ps(_mm256_set1_ps(0x1.555e66p-3f), b, _mm256_set1_ps(0x1.fffdb6p-2f));
    const __m256 j = _mm256_fmadd_ps(_mm256_fmadd_ps(p4, u, p2), u, _mm256_mul_ps(_mm256_set1_ps(0x1.ffffecp-1f), b));
    const __m256i e = _mm256_slli_epi32(_mm256_castps_si256(z), 23);
    const __m256 k = _mm256_castsi256_ps(_mm256_add_epi32(e, _mm256_set1_epi32(0x3f800000)));
    const __m256 plain = _mm256_fmadd_ps(j, k, k);
    const __m256 size = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), n);
    const __m256 large = _mm256_cmp_ps(size, _mm256_set1_ps(126.0f), _CMP_GT_OQ);
    if (_mm256_testz_si256(_mm256_castps_si256(large), _mm256_castps_si256(large))) {
        return plain;
    }
    // 2^n is no normal number in some lane: two factors, or their limit past 192.
    const __m256i g = _mm256_and_si256(_mm256_castps_si256(_mm256_cmp_ps(n, _mm256_setzero_ps(), _CMP_LE_OQ)),
                                       _mm256_set1_epi32((int)0x82000000u));
    const __m256 s1 = _mm256_castsi256_ps(_mm256_add_epi32(g, _mm256_set1_epi32(0x7f000000)));
    const __m256 s2 = _mm256_castsi256_ps(_mm256_sub_epi32(e, g));
    const __m256 stepped = _mm256_mul_ps(_mm256_fmadd_ps(s2, j, s2), s1);
    const __m256 limit = _mm256_cmp_ps(size, _mm256_set1_ps(192.0f), _CMP_GT_OQ);
    return _mm256_blendv_ps(_mm256_blendv_ps(plain, stepped, large), _mm256_mul_ps(s1, s1), limit);
}
