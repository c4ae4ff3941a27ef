// Mean and 1/standard deviation of eight rows at once: each row keeps its own serial sums, one row per double lane.

// Halving trees of eight vectors: lane r of the result is the sum of the lanes of q<r>.
ISOBIT_AVX2 ISOBIT_UNUSED static inline __m256 iso_tree8x8_avx2(__m256 q0, __m256 q1, __m256 q2, __m256 q3,
                                                               __m256 q4, __m256 q5, __m256 q6, __m256 q7)
{
    // lane j + lane j+4, rows r and r+4 in one vector
    const __m256 a0 = _mm256_add_ps(_mm256_permute2f128_ps(q0, q4, 0x20), _mm256_permute2f128_ps(q0, q4, 0x31));
    const __m256 a1 = _mm256_add_ps(_mm256_permute2f128_ps(q1, q5, 0x20), _mm256_permute2f128_ps(q1, q5, 0x31));
    const __m256 a2 = _mm256_add_ps(_mm256_permute2f128_ps(q2, q6, 0x20), _mm256_permute2f128_ps(q2, q6, 0x31));
    const __m256 a3 = _mm256_add_ps(_mm256_permute2f128_ps(q3, q7, 0x20), _mm256_permute2f128_ps(q3, q7, 0x31));
    // lane j + lane j+2, then the last two
    const __m256 b0 = _mm256_add_ps(_mm256_shuffle_ps(a0, a1, 0x44), _mm256_shuffle_ps(a0, a1, 0xee));
    const __m256 b1 = _mm256_add_ps(_mm256_shuffle_ps(a2, a3, 0x44), _mm256_shuffle_ps(a2, a3, 0xee));
    return _mm256_add_ps(_mm256_shuffle_ps(b0, b1, 0x88), _mm256_shuffle_ps(b0, b1, 0xdd));
}

// Squared differences of one group of a row; of 16 lanes, the first halving is done.
ISOBIT_AVX2 ISOBIT_UNUSED static inline __m256 iso_square_group_avx2(const float *x, const float *mean, size_t lanes)
{
    const __m256 mu = _mm256_broadcast_ss(mean);
    const __m256 low = _mm256_sub_ps(_mm256_loadu_ps(x), mu);
    if (lanes == 8) {
        return _mm256_mul_ps(low, low);
    }
    const __m256 high = _mm256_sub_ps(_mm256_loadu_ps(x + 8), mu);
    return _mm256_add_ps(_mm256_mul_ps(low, low), _mm256_mul_ps(high, high));
}

// mean[r] and scale[r] = 1/sqrt(variance + eps) of row[r]. lanes is 8 or 16.
ISOBIT_AVX2 ISOBIT_UNUSED static inline void iso_cvar8_avx2(const float *const row[8], size_t n, size_t lanes, float eps,
                                                            float mean[8], float scale[8])
{
    const size_t blocked = n - n % 4, grouped = n - n % lanes;
    __m256d low = _mm256_setzero_pd(), high = _mm256_setzero_pd(); // rows 0..3 and 4..7
    for (size_t i = 0; i < blocked; i += 4) {
        low = iso_sum4x4_avx2(low, _mm_loadu_ps(row[0] + i), _mm_loadu_ps(row[1] + i), _mm_loadu_ps(row[2] + i), _mm_loadu_ps(row[3] + i));
        high = iso_sum4x4_avx2(high, _mm_loadu_ps(row[4] + i), _mm_loadu_ps(row[5] + i), _mm_loadu_ps(row[6] + i), _mm_loadu_ps(row[7] + i));
    }
    for (size_t i = blocked; i < n; i++) {
        const __m256 v = iso_column8_avx2(row, i);
        low = _mm256_add_pd(low, _mm256_cvtps_pd(_mm256_castps256_ps128(v)));
        high = _mm256_add_pd(high, _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1)));
    }
    const __m256 total = _mm256_set_m128(_mm256_cvtpd_ps(high), _mm256_cvtpd_ps(low));
    const __m256 average = _mm256_div_ps(total, _mm256_set1_ps((float)n));
    _mm256_storeu_ps(mean, average);

    low = high = _mm256_setzero_pd();
    for (size_t i = 0; i < grouped; i += lanes) {
        const __m256 v = iso_tree8x8_avx2(
            iso_square_group_avx2(row[0] + i, mean + 0, lanes), iso_square_group_avx2(row[1] + i, mean + 1, lanes),
            iso_square_group_avx2(row[2] + i, mean + 2, lanes), iso_square_group_avx2(row[3] + i, mean + 3, lanes),
            iso_square_group_avx2(row[4] + i, mean + 4, lanes), iso_square_group_avx2(row[5] + i, mean + 5, lanes),
            iso_square_group_avx2(row[6] + i, mean + 6, lanes), iso_square_group_avx2(row[7] + i, mean + 7, lanes));
        low = _mm256_add_pd(low, _mm256_cvtps_pd(_mm256_castps256_ps128(v)));
        high = _mm256_add_pd(high, _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1)));
    }
    for (size_t i = grouped; i < n; i++) {
        const __m256 d = _mm256_sub_ps(iso_column8_avx2(row, i), average);
        const __m256 v = _mm256_mul_ps(d, d);
        low = _mm256_add_pd(low, _mm256_cvtps_pd(_mm256_castps256_ps128(v)));
        high = _mm256_add_pd(high, _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1)));
    }
    const __m256d count = _mm256_set1_pd((double)n);
    const __m256 variance = _mm256_set_m128(_mm256_cvtpd_ps(_mm256_div_pd(high, count)), _mm256_cvtpd_ps(_mm256_div_pd(low, count)));
    _mm256_storeu_ps(scale, _mm256_div_ps(_mm256_set1_ps(1.0f), _mm256_sqrt_ps(_mm256_add_ps(variance, _mm256_set1_ps(eps)))));
}
