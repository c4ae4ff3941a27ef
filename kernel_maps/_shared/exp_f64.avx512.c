// exp in double as iso_exp_f64, eight values, AVX-512.

ISOBIT_UNUSED ISOBIT_AVX512 static inline __m512d iso_exp_f64_avx512(__m512d x)
{
    const __m512d round = _mm512_set1_pd(0x1.8p52);
    x = _mm512_max_pd(_mm512_set1_pd(-700.0), _mm512_min_pd(_mm512_set1_pd(700.0), x));
    const __m512d kd = _mm512_fmadd_pd(x, _mm512_set1_pd(0x1.71547652b82fep+0), round);
    const __m512d r = _mm512_fnmadd_pd(_mm512_sub_pd(kd, round), _mm512_set1_pd(0x1.62e42fefa39efp-1), x);
    __m512d p = _mm512_set1_pd(1.0 / 362880.0);
    p = _mm512_fmadd_pd(p, r, _mm512_set1_pd(1.0 / 40320.0));
    p = _mm512_fmadd_pd(p, r, _mm512_set1_pd(1.0 / 5040.0));
    p = _mm512_fmadd_pd(p, r, _mm512_set1_pd(1.0 / 720.0));
    p = _mm512_fmadd_pd(p, r, _mm512_set1_pd(1.0 / 120.0));
    p = _mm512_fmadd_pd(p, r, _mm512_set1_pd(1.0 / 24.0));
    p = _mm512_fmadd_pd(p, r, _mm512_set1_pd(1.0 / 6.0));
    p = _mm512_fmadd_pd(p, r, _mm512_set1_pd(0.5));
    p = _mm512_fmadd_pd(p, r, _mm512_set1_pd(1.0));
    p = _mm512_fmadd_pd(p, r, _mm512_set1_pd(1.0));
    const __m512i power = _mm512_add_epi64(_mm512_slli_epi64(_mm512_castpd_si512(kd), 52), _mm512_set1_epi64(0x3ff0000000000000LL));
    return _mm512_mul_pd(p, _mm512_castsi512_pd(power));
}
