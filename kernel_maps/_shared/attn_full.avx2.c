// Attention of up to 48 query rows of one head over all keys, with whole rows of scores, AVX2.
//
// The elements of a register are 8 queries, so that sums over keys and over lanes are sums of registers. Key
// t = j + lanes * u belongs to lane j at place u; keys, weights and values lie lane by lane.

#define ISO_FULL_INLINE ISOBIT_UNUSED ISOBIT_AVX2 __attribute__((always_inline)) static inline

// One value of each of four keys for 8 queries.
typedef struct iso_full_keys_avx2 {
    __m256 a, b, c, d;
} iso_full_keys_avx2;

ISO_FULL_INLINE iso_full_keys_avx2 iso_full_add_avx2(iso_full_keys_avx2 x, iso_full_keys_avx2 y)
{
    x.a = _mm256_add_ps(x.a, y.a);
    x.b = _mm256_add_ps(x.b, y.b);
    x.c = _mm256_add_ps(x.c, y.c);
    x.d = _mm256_add_ps(x.d, y.d);
    return x;
}

// Products of element e of the keys (rows of d) and of the queries qt[d][8].
ISO_FULL_INLINE iso_full_keys_avx2 iso_full_product_avx2(const float *k, const float *qt, size_t d, size_t e)
{
    const __m256 qe = _mm256_load_ps(qt + e * 8);
    const iso_full_keys_avx2 x = { _mm256_mul_ps(qe, _mm256_set1_ps(k[e])), _mm256_mul_ps(qe, _mm256_set1_ps(k[d + e])),
                                        _mm256_mul_ps(qe, _mm256_set1_ps(k[2 * d + e])), _mm256_mul_ps(qe, _mm256_set1_ps(k[3 * d + e])) };
    return x;
}

ISO_FULL_INLINE iso_full_keys_avx2 iso_full_fma_avx2(const float *k, const float *qt, size_t d, size_t e, iso_full_keys_avx2 x)
{
    const __m256 qe = _mm256_load_ps(qt + e * 8);
    x.a = _mm256_fmadd_ps(qe, _mm256_set1_ps(k[e]), x.a);
    x.b = _mm256_fmadd_ps(qe, _mm256_set1_ps(k[d + e]), x.b);
    x.c = _mm256_fmadd_ps(qe, _mm256_set1_ps(k[2 * d + e]), x.c);
    x.d = _mm256_fmadd_ps(qe, _mm256_set1_ps(k[3 * d + e]), x.d);
    return x;
}

// The accumulator of element e and every 4 * lanes after it. That it begins with a product changes at most the sign of a
// zero, which no weight can tell.
ISO_FULL_INLINE iso_full_keys_avx2 iso_full_chain_avx2(const float *k, const float *qt, size_t d, size_t lanes, size_t e)
{
    iso_full_keys_avx2 x = iso_full_product_avx2(k, qt, d, e);
    for (size_t i = e + 4 * lanes; i < d - d % (4 * lanes); i += 4 * lanes) {
        x = iso_full_fma_avx2(k, qt, d, i, x);
    }
    return x;
}

// Lane j of the four accumulators, added.
ISO_FULL_INLINE iso_full_keys_avx2 iso_full_lane_avx2(const float *k, const float *qt, size_t d, size_t lanes, size_t j)
{
    const iso_full_keys_avx2 even =
        iso_full_add_avx2(iso_full_chain_avx2(k, qt, d, lanes, j), iso_full_chain_avx2(k, qt, d, lanes, j + 2 * lanes));
    const iso_full_keys_avx2 odd =
        iso_full_add_avx2(iso_full_chain_avx2(k, qt, d, lanes, j + lanes), iso_full_chain_avx2(k, qt, d, lanes, j + 3 * lanes));
    return iso_full_add_avx2(even, odd);
}

ISO_FULL_INLINE iso_full_keys_avx2 iso_full_two_avx2(const float *k, const float *qt, size_t d, size_t lanes, size_t j)
{
    return iso_full_add_avx2(iso_full_lane_avx2(k, qt, d, lanes, j), iso_full_lane_avx2(k, qt, d, lanes, j + lanes / 2));
}

ISO_FULL_INLINE iso_full_keys_avx2 iso_full_four_avx2(const float *k, const float *qt, size_t d, size_t lanes, size_t j, size_t step)
{
    return iso_full_add_avx2(iso_full_two_avx2(k, qt, d, lanes, j), iso_full_two_avx2(k, qt, d, lanes, j + step));
}

// Dot products as iso_gemm_vdot_f32 makes them: 16 lanes by the halving tree, 8 by halves and then neighbours.
ISO_FULL_INLINE iso_full_keys_avx2 iso_full_dot_avx2(const float *k, const float *qt, size_t d, size_t lanes)
{
    iso_full_keys_avx2 sum = { _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps() };
    size_t e = d - d % (4 * lanes);
    if (e > 0 && lanes == 16) {
        const iso_full_keys_avx2 even =
            iso_full_add_avx2(iso_full_four_avx2(k, qt, d, lanes, 0, 4), iso_full_four_avx2(k, qt, d, lanes, 2, 4));
        sum = iso_full_add_avx2(iso_full_four_avx2(k, qt, d, lanes, 1, 4), iso_full_four_avx2(k, qt, d, lanes, 3, 4));
        sum = iso_full_add_avx2(even, sum);
    } else if (e > 0) {
        sum = iso_full_four_avx2(k, qt, d, lanes, 0, 1);
        sum = iso_full_add_avx2(sum, iso_full_four_avx2(k, qt, d, lanes, 2, 1));
    }
    const size_t groups = e + (d - e) / lanes * lanes;
    const size_t separate = groups + lanes / 2 <= d ? groups + lanes / 2 : groups;
    for (; e < separate; e++) {
        sum = iso_full_add_avx2(sum, iso_full_product_avx2(k, qt, d, e));
    }
    for (; e < d; e++) {
        sum = iso_full_fma_avx2(k, qt, d, e, sum);
    }
    return sum;
}

// s[keys][48] = k q^T times scale, for `panels` of 8 queries, each qt[d][8], and `keys` rows of k, a multiple of 4.
ISO_FULL_INLINE void iso_full_scores_avx2(float *s, const float *qt, size_t panels, const float *k, size_t keys, size_t d, size_t lanes,
                                           float scale)
{
    const __m256 by = _mm256_set1_ps(scale);
    for (size_t t = 0; t < keys; t += 4) {
        for (size_t p = 0; p < panels; p++) {
            const iso_full_keys_avx2 x = iso_full_dot_avx2(k + t * d, qt + p * d * 8, d, lanes);
            float *out = s + t * 48 + p * 8;
            _mm256_store_ps(out, _mm256_mul_ps(x.a, by));
            _mm256_store_ps(out + 48, _mm256_mul_ps(x.b, by));
            _mm256_store_ps(out + 96, _mm256_mul_ps(x.c, by));
            _mm256_store_ps(out + 144, _mm256_mul_ps(x.d, by));
        }
    }
}

// max[8] = the largest of s[keys][48] of 8 queries.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_full_max_avx2(float *max, const float *s, size_t keys)
{
    __m256 top = _mm256_load_ps(s);
    for (size_t t = 1; t < keys; t++) {
        top = _mm256_max_ps(top, _mm256_load_ps(s + t * 48));
    }
    _mm256_store_ps(max, top);
}

// Scores become e^(s - max): the `whole` first places of s[lanes][places][48]. sum[8] = sum of the trees of the places.
ISO_FULL_INLINE void iso_full_weights_avx2(float *s, double *sum, const float *max, size_t whole, size_t places, size_t lanes)
{
    const __m256 top = _mm256_load_ps(max);
    __m256d low = _mm256_setzero_pd(), high = low;
    for (size_t u = 0; u < whole; u++) {
        __m256 tree[8];
        for (size_t j = 0; j < lanes / 2; j++) {
            float *first = s + (j * places + u) * 48, *second = first + lanes / 2 * places * 48;
            const __m256 x = _mm256_sub_ps(_mm256_load_ps(first), top), y = _mm256_sub_ps(_mm256_load_ps(second), top);
            const __m256 a = lanes == 16 ? iso_vexp_16_avx2(x) : iso_vexp_8_avx2(x);
            const __m256 b = lanes == 16 ? iso_vexp_16_avx2(y) : iso_vexp_8_avx2(y);
            _mm256_store_ps(first, a);
            _mm256_store_ps(second, b);
            tree[j] = _mm256_add_ps(a, b);
        }
        for (size_t n = lanes / 4; n > 0; n /= 2) {
            for (size_t j = 0; j < n; j++) {
                tree[j] = _mm256_add_ps(tree[j], tree[j + n]);
            }
        }
        low = _mm256_add_pd(low, _mm256_cvtps_pd(_mm256_castps256_ps128(tree[0])));
        high = _mm256_add_pd(high, _mm256_cvtps_pd(_mm256_extractf128_ps(tree[0], 1)));
    }
    _mm256_store_pd(sum, low);
    _mm256_store_pd(sum + 4, high);
}

// s[keys][48] of 8 queries times by[8].
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_full_scale_avx2(float *s, const float *by, size_t keys)
{
    for (size_t t = 0; t < keys; t++) {
        _mm256_store_ps(s + t * 48, _mm256_mul_ps(_mm256_load_ps(s + t * 48), _mm256_load_ps(by)));
    }
}
#undef ISO_FULL_INLINE


// acc[6] (rows of `row` floats, 16 of them) = sum over keys of p[keys][48] (6 of them) times v (rows of `row` floats).
ISOBIT_UNUSED ISOBIT_AVX2 __attribute__((noinline)) static void iso_full_values16_avx2(float *acc, size_t row, const float *p, const float *v, size_t keys)
{
#define ISO_FULL_ROWS(X) X(0) X(1) X(2) X(3) X(4) X(5)
#define ISO_FULL_ZERO(i) __m256 a##i##0 = _mm256_setzero_ps(), a##i##1 = _mm256_setzero_ps();
#define ISO_FULL_STEP(i) \
    do { \
        const __m256 pt = _mm256_set1_ps(p[i]); \
        a##i##0 = _mm256_fmadd_ps(v0, pt, a##i##0); \
        a##i##1 = _mm256_fmadd_ps(v1, pt, a##i##1); \
    } while (0);
#define ISO_FULL_STORE(i) _mm256_store_ps(acc + i * row, a##i##0); _mm256_store_ps(acc + i * row + 8, a##i##1);
    ISO_FULL_ROWS(ISO_FULL_ZERO)
    for (size_t t = 0; t < keys; t++) {
        const __m256 v0 = _mm256_load_ps(v);
        const __m256 v1 = _mm256_load_ps(v + 8);
        ISO_FULL_ROWS(ISO_FULL_STEP)
        p += 48;
        v += row;
    }
    ISO_FULL_ROWS(ISO_FULL_STORE)
#undef ISO_FULL_ROWS
#undef ISO_FULL_ZERO
#undef ISO_FULL_STEP
#undef ISO_FULL_STORE
}

// The same for 12 rows and 8 columns.
ISOBIT_UNUSED ISOBIT_AVX2 __attribute__((noinline)) static void iso_full_values8_avx2(float *acc, size_t row, const float *p, const float *v, size_t keys)
{
#define ISO_FULL_ROWS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define ISO_FULL_ZERO(i) __m256 a##i##0 = _mm256_setzero_ps();
#define ISO_FULL_STEP(i) \
    a##i##0 = _mm256_fmadd_ps(v0, _mm256_set1_ps(p[i]), a##i##0);
#define ISO_FULL_STORE(i) _mm256_store_ps(acc + i * row, a##i##0);
    ISO_FULL_ROWS(ISO_FULL_ZERO)
    for (size_t t = 0; t < keys; t++) {
        const __m256 v0 = _mm256_load_ps(v);
        ISO_FULL_ROWS(ISO_FULL_STEP)
        p += 48;
        v += row;
    }
    ISO_FULL_ROWS(ISO_FULL_STORE)
#undef ISO_FULL_ROWS
#undef ISO_FULL_ZERO
#undef ISO_FULL_STEP
#undef ISO_FULL_STORE
}

// acc[48] (rows of `row` floats, d of them used) = p[keys][48]^T v for the first `count` rows, rounded up to whole tiles.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_full_lane_values_avx2(float *acc, size_t row, const float *p, const float *v, size_t keys, size_t d,
                                                              size_t count)
{
    size_t e = 0;
    for (; e + 8 < d; e += 16) {
        for (size_t i = 0; i < count; i += 6) {
            iso_full_values16_avx2(acc + i * row + e, row, p + i, v + e, keys);
        }
    }
    for (size_t i = 0; e < d && i < count; i += 12) {
        iso_full_values8_avx2(acc + i * row + e, row, p + i, v + e, keys);
    }
}
