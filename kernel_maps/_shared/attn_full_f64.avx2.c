// Attention's accurate weights with whole rows of scores, AVX2.

// Scores become e^(scale * (s - max)), rounded once, places without a key 0: s[16][places][48] of 8 queries. sum[8]: their sums.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_full_weights_f64_avx2(float *s, double *sum, const float *max, size_t keys, size_t places,
                                                                  float scale)
{
    const __m256d by = _mm256_set1_pd((double)scale);
    __m256 x = _mm256_load_ps(max);
    const __m256d low_max = _mm256_cvtps_pd(_mm256_castps256_ps128(x)), high_max = _mm256_cvtps_pd(_mm256_extractf128_ps(x, 1));
    __m256d low_sum = _mm256_setzero_pd(), high_sum = low_sum;
    for (size_t t = 0; t < 16 * places; t++) {
        float *at = s + (t % 16 * places + t / 16) * 48;
        if (t >= keys) {
            _mm256_store_ps(at, _mm256_setzero_ps());
            continue;
        }
        x = _mm256_load_ps(at);
        const __m256d low = iso_exp_f64_avx2(_mm256_mul_pd(_mm256_sub_pd(_mm256_cvtps_pd(_mm256_castps256_ps128(x)), low_max), by));
        const __m256d high = iso_exp_f64_avx2(_mm256_mul_pd(_mm256_sub_pd(_mm256_cvtps_pd(_mm256_extractf128_ps(x, 1)), high_max), by));
        const __m128 low_weight = _mm256_cvtpd_ps(low), high_weight = _mm256_cvtpd_ps(high);
        _mm_store_ps(at, low_weight);
        _mm_store_ps(at + 4, high_weight);
        low_sum = _mm256_add_pd(low_sum, _mm256_cvtps_pd(low_weight));
        high_sum = _mm256_add_pd(high_sum, _mm256_cvtps_pd(high_weight));
    }
    _mm256_store_pd(sum, low_sum);
    _mm256_store_pd(sum + 4, high_sum);
}
