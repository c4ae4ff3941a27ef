// exp as the 8-lane classes define it, sixteen values, AVX-512.

ISOBIT_UNUSED ISOBIT_AVX512 static inline __m512 iso_vexp_8_avx512(__m512 x)
{
    const __m512 round = _mm512_set1_ps(0x1.8p23f);
    const __m512 z = _mm512_fmadd_ps(x, _mm512_set1_ps(0x1.715476p+0f), round);
    const __m512 n = _mm512_sub_ps(z, round);
    const __m512 b = _mm512_fnmadd_ps(n, _mm512_set1_ps(0x1.7f7d1cp-20f), _mm512_fnmadd_ps(n, _mm512_set1_ps(0x1.62e4p-1f), x));
    const __m512 u = _mm512_mul_ps(b, b);
    const __m512 p4 = _mm512_fmadd_ps(_mm512_set1_ps(0x1.0e4020p-7f), b, _mm512_set1_ps(0x1.573e2ep-5f));
    const __m512 p2 = _mm512_fmadd_ps(_mm512_set1_ps(0x1.555e66p-3f), b, _mm512_set1_ps(0x1.fffdb6p-2f));
    const __m512 j = _mm512_fmadd_ps(_mm512_fmadd_ps(p4, u, p2), u, _mm512_mul_ps(_mm512_set1_ps(0x1.ffffecp-1f), b));
    const __m512i e = _mm512_slli_epi32(_mm512_castps_si512(z), 23);
    const __m512 k = _mm512_castsi512_ps(_mm512_add_epi32(e, _mm512_set1_epi32(0x3f800000)));
    const __m512 plain = _mm512_fmadd_ps(j, k, k);
    const __m512 size = _mm512_abs_ps(n);
    const __mmask16 large = _mm512_cmp_ps_mask(size, _mm512_set1_ps(126.0f), _CMP_GT_OQ);
    if (large == 0) {
        return plain;
    }
    // 2^n is no normal number in some lane: two factors, or their limit past 192.
    const __mmask16 low = _mm512_cmp_ps_mask(n, _mm512_setzero_ps(), _CMP_LE_OQ);
    const __m512i g = _mm512_maskz_set1_epi32(low, (int)0x82000000u);
    const __m512 s1 = _mm512_castsi512_ps(_mm512_add_epi32(g, _mm512_set1_epi32(0x7f000000)));
    const __m512 s2 = _mm512_castsi512_ps(_mm512_sub_epi32(e, g));
    const __m512 stepped = _mm512_mul_ps(_mm512_fmadd_ps(s2, j, s2), s1);
    const __mmask16 limit = _mm512_cmp_ps_mask(size, _mm512_set1_ps(192.0f), _CMP_GT_OQ);
    return _mm512_mask_mul_ps(_mm512_mask_mov_ps(plain, large, stepped), limit, s1, s1);
}
