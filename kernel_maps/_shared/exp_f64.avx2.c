// exp in double as iso_exp_f64, four values, AVX2.

ISOBIT_UNUSED ISOBIT_AVX2 static inline __m256d iso_exp_f64_avx2(__m256d x)
{
    const __m256d round = _mm256_set1_pd(0x1.8p52);
    x = _mm256_max_pd(_mm256_set1_pd(-700.0), _mm256_min_pd(_mm256_set1_pd(700.0), x));
    const __m256d kd = _mm256_fmadd_pd(x, _mm256_set1_pd(0x1.71547652b82fep+0), round);
    const __m256d r = _mm256_fnmadd_pd(_mm256_sub_pd(kd, round), _mm256_set1_pd(0x1.62e42fefa39efp-1), x);
    __m256d p = _mm256_set1_pd(1.0 / 362880.0);
    p = _mm256_fmadd_pd(p, r, _mm256_set1_pd(1.0 / 40320.0));
    p = _mm256_fmadd_pd(p, r, _mm256_set1_pd(1.0 / 5040.0));
    p = _mm256_fmadd_pd(p, r, _mm256_set1_pd(1.0 / 720.0));
    p = _mm256_fmadd_pd(p, r, _mm256_set1_pd(1.0 / 120.0));
    p = _mm256_fmadd_pd(p, r, _mm256_set1_pd(1.0 / 24.0));
    p = _mm256_fmadd_pd(p, r, _mm256_set1_pd(1.0 / 6.0));
    p = _mm256_fmadd_pd(p, r, _mm256_set1_pd(0.5));
    p = _mm256_fmadd_pd(p, r, _mm256_set1_pd(1.0));
    p = _mm256_fmadd_pd(p, r, _mm256_set1_pd(1.0));
    const __m256i power = _mm256_add_epi64(_mm256_slli_epi64(_mm256_castpd_si256(kd), 52), _mm256_set1_epi64x(0x3ff0000000000000LL));
    return _mm256_mul_pd(p, _mm256_castsi256_pd(power));
}
