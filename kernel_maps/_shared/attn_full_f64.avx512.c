// Attention's accurate weights with whole rows of scores, AVX-512.

// Scores become e^(scale * (s - max)), rounded once, places without a key 0: s[16][places][48] of 16 queries. sum[16]: their sums.
ISOBIT_UNUSED ISOBIT_AVX512 static inline void iso_full_weights_f64_avx512(float *s, double *sum, const float *max, size_t keys, size_t places,
                                                                  float scale)
{
    const __m512d by = _mm512_set1_pd((double)scale);
    __m512 x = _mm512_load_ps(max);
    const __m512d low_max = _mm512_cvtps_pd(_mm512_castps512_ps256(x)), high_max = _mm512_cvtps_pd(_mm512_extractf32x8_ps(x, 1));
    __m512d low_sum = _mm512_setzero_pd(), high_sum = low_sum;
    for (size_t t = 0; t < 16 * places; t++) {
        float *at = s + (t % 16 * places + t / 16) * 48;
        if (t >= keys) {
            _mm512_store_ps(at, _mm512_setzero_ps());
            continue;
        }
        x = _mm512_load_ps(at);
        const __m512d low = iso_exp_f64_avx512(_mm512_mul_pd(_mm512_sub_pd(_mm512_cvtps_pd(_mm512_castps512_ps256(x)), low_max), by));
        const __m512d high = iso_exp_f64_avx512(_mm512_mul_pd(_mm512_sub_pd(_mm512_cvtps_pd(_mm512_extractf32x8_ps(x, 1)), high_max), by));
        const __m256 low_weight = _mm512_cvtpd_ps(low), high_weight = _mm512_cvtpd_ps(high);
        _mm256_store_ps(at, low_weight);
        _mm256_store_ps(at + 8, high_weight);
        low_sum = _mm512_add_pd(low_sum, _mm512_cvtps_pd(low_weight));
        high_sum = _mm512_add_pd(high_sum, _mm512_cvtps_pd(high_weight));
    }
    _mm512_store_pd(sum, low_sum);
    _mm512_store_pd(sum + 8, high_sum);
}
