// Attention over a window with relative positions and capped scores: products of rows, AVX2.

// s[j] = products of q and `count` rows of keys, a multiple of 4, `row` floats each, in 16 or 8 accumulators.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_local_dots_avx2(float *s, const float *q, const float *keys, size_t row, size_t count,
                                                                 size_t lanes)
{
    for (size_t j = 0; j < count; j += 4, keys += 4 * row) {
        __m256 a[4], b[4];
        for (size_t n = 0; n < 4; n++) {
            a[n] = b[n] = _mm256_setzero_ps();
        }
        for (size_t e = 0; e < row; e += 16) {
            const __m256 q0 = _mm256_loadu_ps(q + e), q1 = _mm256_loadu_ps(q + e + 8);
            for (size_t n = 0; n < 4; n++) {
                const float *key = keys + n * row + e;
                a[n] = _mm256_fmadd_ps(_mm256_loadu_ps(key), q0, a[n]);
                if (lanes == 16) {
                    b[n] = _mm256_fmadd_ps(_mm256_loadu_ps(key + 8), q1, b[n]);
                } else {
                    a[n] = _mm256_fmadd_ps(_mm256_loadu_ps(key + 8), q1, a[n]);
                }
            }
        }
        for (size_t n = 0; n < 4 && lanes == 16; n++) {
            a[n] = _mm256_add_ps(a[n], b[n]);
        }
        _mm_storeu_ps(s + j, iso_tree8_avx2(a[0], a[1], a[2], a[3]));
    }
}

// The halving tree of one register.
ISOBIT_UNUSED ISOBIT_AVX2 static inline float iso_local_tree_avx2(__m256 a)
{
    return _mm_cvtss_f32(iso_tree8_avx2(a, a, a, a));
}

// A product of two rows with four accumulators of 16 or 8 lanes and an ordered tail.
ISOBIT_UNUSED ISOBIT_AVX2 static inline float iso_local_vdot_avx2(const float *w, const float *x, size_t k, size_t lanes)
{
    __m256 acc[8];
    for (size_t n = 0; n < 8; n++) {
        acc[n] = _mm256_setzero_ps();
    }
    const size_t grouped = k - k % (4 * lanes);
    for (size_t i = 0; i < grouped; i += 4 * lanes) {
        for (size_t n = 0; n < lanes / 2; n++) {
            acc[n] = _mm256_fmadd_ps(_mm256_loadu_ps(w + i + 8 * n), _mm256_loadu_ps(x + i + 8 * n), acc[n]);
        }
    }
    float sum;
    if (lanes == 16) {
        const __m256 low = _mm256_add_ps(_mm256_add_ps(acc[0], acc[4]), _mm256_add_ps(acc[2], acc[6]));
        const __m256 high = _mm256_add_ps(_mm256_add_ps(acc[1], acc[5]), _mm256_add_ps(acc[3], acc[7]));
        sum = iso_local_tree_avx2(_mm256_add_ps(low, high));
    } else {
        const __m256 r = _mm256_add_ps(_mm256_add_ps(acc[0], acc[2]), _mm256_add_ps(acc[1], acc[3]));
        const __m128 t = _mm_add_ps(_mm256_castps256_ps128(r), _mm256_extractf128_ps(r, 1));
        const __m128 pairs = _mm_hadd_ps(t, t);
        sum = _mm_cvtss_f32(_mm_hadd_ps(pairs, pairs));
    }
    size_t separate = grouped + (k - grouped) / lanes * lanes;
    if (separate + lanes / 2 <= k) {
        separate += lanes / 2;
    }
    for (size_t i = grouped; i < separate; i++) {
        const float product = w[i] * x[i];
        sum = sum + product;
    }
    for (size_t i = separate; i < k; i++) {
        sum = fmaf(w[i], x[i], sum);
    }
    return sum;
}

// Weights of a row of scores, a multiple of 8, by groups of 16 or 8, and the rest by expf; then divided by their sum.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_local_softmax_avx2(float *s, size_t count, size_t lanes)
{
    float max = -INFINITY;
    for (size_t t = 0; t < count; t++) {
        max = max > s[t] ? max : s[t];
    }
    const __m256 top = _mm256_set1_ps(max);
    double sum = 0.0;
    size_t t = 0;
    for (; t + lanes <= count; t += lanes) {
        const __m256 x = _mm256_sub_ps(_mm256_loadu_ps(s + t), top);
        __m256 group = lanes == 16 ? iso_vexp_16_avx2(x) : iso_vexp_8_avx2(x);
        _mm256_storeu_ps(s + t, group);
        if (lanes == 16) {
            const __m256 second = iso_vexp_16_avx2(_mm256_sub_ps(_mm256_loadu_ps(s + t + 8), top));
            _mm256_storeu_ps(s + t + 8, second);
            group = _mm256_add_ps(group, second);
        }
        sum += (double)iso_local_tree_avx2(group);
    }
    for (; t < count; t++) {
        s[t] = iso_glibc_expf(s[t] - max);
        sum += (double)s[t];
    }
    const __m256 inverse = _mm256_set1_ps((float)(1.0 / sum));
    for (t = 0; t < count; t += 8) {
        _mm256_storeu_ps(s + t, _mm256_mul_ps(_mm256_loadu_ps(s + t), inverse));
    }
}

// y = values under the weights p, in 16 or 8 accumulators added by the halving tree; d and count are multiples of 8.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_local_values_avx2(float *y, const float *p, const float *values, size_t count, size_t d,
                                                                   size_t lanes)
{
    for (size_t e = 0; e < d; e += 8) {
        __m256 acc[16];
        for (size_t j = 0; j < lanes; j++) {
            acc[j] = _mm256_setzero_ps();
            for (size_t t = j; t < count; t += lanes) {
                acc[j] = _mm256_fmadd_ps(_mm256_loadu_ps(values + t * d + e), _mm256_set1_ps(p[t]), acc[j]);
            }
        }
        for (size_t half = lanes / 2; half > 0; half /= 2) {
            for (size_t j = 0; j < half; j++) {
                acc[j] = _mm256_add_ps(acc[j], acc[j + half]);
            }
        }
        _mm256_storeu_ps(y + e, acc[0]);
    }
}
