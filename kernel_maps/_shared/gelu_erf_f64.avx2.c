// x times the share of a normal distribution below x: four values, as the portable kernel computes one, AVX2.

ISOBIT_UNUSED ISOBIT_AVX2 static inline __m128 iso_gelu_erf_f64_avx2(__m128 x)
{
    const __m256d one = _mm256_set1_pd(1.0), half = _mm256_set1_pd(0.5);
    const __m256d v = _mm256_max_pd(_mm256_set1_pd(-40.0), _mm256_cvtps_pd(x)); // a NaN passes, here and below
    const __m256d a = _mm256_min_pd(_mm256_set1_pd(40.0), _mm256_andnot_pd(_mm256_set1_pd(-0.0), v));
    const __m256d a2 = _mm256_mul_pd(a, a);
    const __m256d density = _mm256_mul_pd(iso_exp_f64_avx2(_mm256_mul_pd(_mm256_set1_pd(-0.5), a2)), _mm256_set1_pd(0x1.9884533d43651p-2));
    const __m256d near = _mm256_cmp_pd(a, _mm256_set1_pd(3.0), _CMP_LT_OQ);
    const int which = _mm256_movemask_pd(near);
    __m256d beyond = one;
    if (which != 0) {
        __m256d series = one;
        for (int k = 57; k >= 3; k -= 2) {
            series = _mm256_add_pd(one, _mm256_div_pd(_mm256_mul_pd(series, a2), _mm256_set1_pd((double)k)));
        }
        beyond = _mm256_sub_pd(half, _mm256_mul_pd(_mm256_mul_pd(density, a), series));
    }
    if (which != 15) {
        __m256d fraction = a;
        for (int k = 24; k >= 1; k--) {
            fraction = _mm256_add_pd(a, _mm256_div_pd(_mm256_set1_pd((double)k), fraction));
        }
        beyond = _mm256_blendv_pd(_mm256_div_pd(density, fraction), beyond, near);
    }
    const __m256d below = _mm256_cmp_pd(v, _mm256_setzero_pd(), _CMP_LT_OQ);
    return _mm256_cvtpd_ps(_mm256_mul_pd(v, _mm256_blendv_pd(_mm256_sub_pd(one, beyond), beyond, below)));
}
