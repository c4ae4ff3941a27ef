// GELU by tanh within a bound, AVX-512.

// x / (1 + 2^z), z twice the negative argument of tanh, over ln(2). At x = -12 the result is nothing beside that of any other value.
ISOBIT_UNUSED ISOBIT_AVX512 static inline __m512 iso_gelu_tanh_near_avx512(__m512 x)
{
    const __m512 v = _mm512_max_ps(_mm512_set1_ps(-12.0f), x);
    const __m512 slope = _mm512_fmadd_ps(_mm512_mul_ps(v, v), _mm512_set1_ps(-0x1.a5a7dp-4f), _mm512_set1_ps(-0x1.26aec2p+1f));
    const __m512 z = _mm512_mul_ps(v, slope);
    return _mm512_div_ps(v, _mm512_add_ps(_mm512_set1_ps(1.0f), iso_exp2_near_avx512(z)));
}
