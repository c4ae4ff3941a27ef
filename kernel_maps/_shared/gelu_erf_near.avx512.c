// GELU by erf within a bound, AVX-512: x times the share of a normal distribution below x.

// The share beyond a = |x| is 2^(-a*a/2 * log2(e)) * R(a); R, half the scaled complementary error function, is the polynomial in
// t = 1 / (1 + a/4) of the class, at most 6.1e-8 wrong. Beyond 12 the share is below 2e-33.
ISOBIT_UNUSED ISOBIT_AVX512 static inline __m512 iso_gelu_erf_near_avx512(__m512 x)
{
    const __m512 one = _mm512_set1_ps(1.0f);
    const __m512 a = _mm512_min_ps(_mm512_set1_ps(12.0f), _mm512_abs_ps(x));
    const __m512 t = _mm512_div_ps(one, _mm512_fmadd_ps(a, _mm512_set1_ps(0.25f), one));
    __m512 r = _mm512_fmadd_ps(t, _mm512_set1_ps(0x1.cd645ep-6f), _mm512_set1_ps(-0x1.51d5fep-3f));
    r = _mm512_fmadd_ps(t, r, _mm512_set1_ps(0x1.49aeb2p-2f));
    r = _mm512_fmadd_ps(t, r, _mm512_set1_ps(-0x1.e4025cp-3f));
    r = _mm512_fmadd_ps(t, r, _mm512_set1_ps(0x1.ca1eep-3f));
    r = _mm512_fmadd_ps(t, r, _mm512_set1_ps(0x1.7b6138p-6f));
    r = _mm512_fmadd_ps(t, r, _mm512_set1_ps(0x1.b3bc94p-4f));
    r = _mm512_fmadd_ps(t, r, _mm512_set1_ps(0x1.91eb0cp-4f));
    r = _mm512_fmadd_ps(t, r, _mm512_set1_ps(0x1.98df22p-4f));
    const __m512 z = _mm512_mul_ps(_mm512_mul_ps(a, a), _mm512_set1_ps(-0x1.715476p-1f));
    const __m512 beyond = _mm512_mul_ps(iso_exp2_near_avx512(z), _mm512_mul_ps(t, r));
    const __m512 low = _mm512_mul_ps(_mm512_max_ps(_mm512_set1_ps(-12.0f), x), beyond);
    return _mm512_mask_mov_ps(_mm512_mul_ps(x, _mm512_sub_ps(one, beyond)), _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_LT_OQ), low);
}
