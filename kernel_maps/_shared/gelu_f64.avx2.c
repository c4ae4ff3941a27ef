// GELU, tanh form, accurate to f32: x / (1 + e^z), four values in double until the end, AVX2.

ISOBIT_UNUSED ISOBIT_AVX2 static inline __m128 iso_gelu_f64_avx2(__m128 x)
{
    const __m256d v = _mm256_max_pd(_mm256_set1_pd(-40.0), _mm256_cvtps_pd(x)); // a NaN passes
    const __m256d z = _mm256_mul_pd(v, _mm256_fmadd_pd(_mm256_mul_pd(v, v), _mm256_set1_pd(-0x1.2444f2a4d8b4bp-4), _mm256_set1_pd(-0x1.9884533d43651p+0)));
    return _mm256_cvtpd_ps(_mm256_div_pd(v, _mm256_add_pd(_mm256_set1_pd(1.0), iso_exp_f64_avx2(z))));
}
