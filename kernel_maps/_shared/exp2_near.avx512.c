// 2^x to about 2^-21 or 2^-15 of itself, AVX-512; below -126 it may be 0.

// The fraction, at most a half, by the polynomial of ln(2)^i / i!, i = 0 .. 6.
ISOBIT_UNUSED ISOBIT_AVX512 static inline __m512 iso_exp2_near_avx512(__m512 x)
{
    x = _mm512_max_ps(x, _mm512_set1_ps(-160.0f));
    const __m512 whole = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const __m512 r = _mm512_sub_ps(x, whole);
    __m512 p = _mm512_set1_ps(0x1.430912p-13f);
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0x1.5d87fep-10f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0x1.3b2ab6p-7f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0x1.c6b08ep-5f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0x1.ebfbep-3f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0x1.62e43p-1f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
    return _mm512_scalef_ps(p, whole);
}

// The same with i = 0 .. 4, for what is rounded to bf16.
ISOBIT_UNUSED ISOBIT_AVX512 static inline __m512 iso_exp2_short_avx512(__m512 x)
{
    x = _mm512_max_ps(x, _mm512_set1_ps(-160.0f));
    const __m512 whole = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const __m512 r = _mm512_sub_ps(x, whole);
    __m512 p = _mm512_fmadd_ps(_mm512_set1_ps(0x1.3b2ab6p-7f), r, _mm512_set1_ps(0x1.c6b08ep-5f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0x1.ebfbep-3f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0x1.62e43p-1f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
    return _mm512_scalef_ps(p, whole);
}
