// Mean and 1/standard deviation of eight rows at once: each row keeps its own serial sums, one row per double lane.

// Transposes an 8x8 block: on return v[j] holds element j of each row.
ISOBIT_AVX2 ISOBIT_UNUSED static inline void iso_transpose8_avx2(__m256 v[8])
{
    __m256 a[8], b[8];
    for (int i = 0; i < 4; i++) {
        a[2 * i] = _mm256_unpacklo_ps(v[2 * i], v[2 * i + 1]);
        a[2 * i + 1] = _mm256_unpackhi_ps(v[2 * i], v[2 * i + 1]);
    }
    for (int i = 0; i < 2; i++) {
        b[4 * i] = _mm256_shuffle_ps(a[4 * i], a[4 * i + 2], 0x44);
        b[4 * i + 1] = _mm256_shuffle_ps(a[4 * i], a[4 * i + 2], 0xee);
        b[4 * i + 2] = _mm256_shuffle_ps(a[4 * i + 1], a[4 * i + 3], 0x44);
        b[4 * i + 3] = _mm256_shuffle_ps(a[4 * i + 1], a[4 * i + 3], 0xee);
    }
    for (int i = 0; i < 4; i++) {
        v[i] = _mm256_permute2f128_ps(b[i], b[i + 4], 0x20);
        v[i + 4] = _mm256_permute2f128_ps(b[i], b[i + 4], 0x31);
    }
}

// Halving trees of eight vectors: lane r of the result is the sum of the lanes of v[r].
ISOBIT_AVX2 ISOBIT_UNUSED static inline __m256 iso_tree8x8_avx2(const __m256 v[8])
{
    __m256 a[4], b[2];
    for (int i = 0; i < 4; i++) { // lane j + lane j+4, of rows i and i+4
        a[i] = _mm256_add_ps(_mm256_permute2f128_ps(v[i], v[i + 4], 0x20), _mm256_permute2f128_ps(v[i], v[i + 4], 0x31));
    }
    for (int i = 0; i < 2; i++) { // lane j + lane j+2
        b[i] = _mm256_add_ps(_mm256_shuffle_ps(a[2 * i], a[2 * i + 1], 0x44), _mm256_shuffle_ps(a[2 * i], a[2 * i + 1], 0xee));
    }
    return _mm256_add_ps(_mm256_shuffle_ps(b[0], b[1], 0x88), _mm256_shuffle_ps(b[0], b[1], 0xdd));
}

ISOBIT_AVX2 ISOBIT_UNUSED static inline void iso_add_lanes_avx2(__m256d sum[2], __m256 v)
{
    sum[0] = _mm256_add_pd(sum[0], _mm256_cvtps_pd(_mm256_castps256_ps128(v)));
    sum[1] = _mm256_add_pd(sum[1], _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1)));
}

// One column of eight rows.
ISOBIT_AVX2 ISOBIT_UNUSED static inline __m256 iso_column8_avx2(const float *const row[8], size_t i)
{
    return _mm256_setr_ps(row[0][i], row[1][i], row[2][i], row[3][i], row[4][i], row[5][i], row[6][i], row[7][i]);
}

// mean[r] and scale[r] = 1/sqrt(variance + eps) of row[r]. lanes is 8 or 16.
ISOBIT_AVX2 ISOBIT_UNUSED static inline void iso_cvar8_avx2(const float *const row[8], size_t n, size_t lanes, float eps,
                                                            float mean[8], float scale[8])
{
    __m256d sum[2] = { _mm256_setzero_pd(), _mm256_setzero_pd() };
    const size_t blocked = n - n % 8, grouped = n - n % lanes;
    for (size_t i = 0; i < blocked; i += 8) {
        __m256 v[8];
        for (int r = 0; r < 8; r++) {
            v[r] = _mm256_loadu_ps(row[r] + i);
        }
        iso_transpose8_avx2(v);
        for (int j = 0; j < 8; j++) {
            iso_add_lanes_avx2(sum, v[j]);
        }
    }
    for (size_t i = blocked; i < n; i++) {
        iso_add_lanes_avx2(sum, iso_column8_avx2(row, i));
    }
    const __m256 total = _mm256_set_m128(_mm256_cvtpd_ps(sum[1]), _mm256_cvtpd_ps(sum[0]));
    const __m256 average = _mm256_div_ps(total, _mm256_set1_ps((float)n));
    _mm256_storeu_ps(mean, average);

    __m256d squares[2] = { _mm256_setzero_pd(), _mm256_setzero_pd() };
    for (size_t i = 0; i < grouped; i += lanes) {
        __m256 q[8];
        for (int r = 0; r < 8; r++) {
            const __m256 mu = _mm256_broadcast_ss(mean + r);
            const __m256 d = _mm256_sub_ps(_mm256_loadu_ps(row[r] + i), mu);
            q[r] = _mm256_mul_ps(d, d);
            if (lanes == 16) {
                const __m256 e = _mm256_sub_ps(_mm256_loadu_ps(row[r] + i + 8), mu);
                q[r] = _mm256_add_ps(q[r], _mm256_mul_ps(e, e));
            }
        }
        iso_add_lanes_avx2(squares, iso_tree8x8_avx2(q));
    }
    for (size_t i = grouped; i < n; i++) {
        const __m256 d = _mm256_sub_ps(iso_column8_avx2(row, i), average);
        iso_add_lanes_avx2(squares, _mm256_mul_ps(d, d));
    }
    const __m256d count = _mm256_set1_pd((double)n);
    const __m256 variance = _mm256_set_m128(_mm256_cvtpd_ps(_mm256_div_pd(squares[1], count)), _mm256_cvtpd_ps(_mm256_div_pd(squares[0], count)));
    _mm256_storeu_ps(scale, _mm256_div_ps(_mm256_set1_ps(1.0f), _mm256_sqrt_ps(_mm256_add_ps(variance, _mm256_set1_ps(eps)))));
}
