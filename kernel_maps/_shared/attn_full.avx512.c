// Attention of up to 48 query rows of one head over all keys, with whole rows of scores, AVX-512.
//
// The elements of a register are 16 queries, so that sums over keys and over lanes are sums of registers. Key
// t = j + lanes * u belongs to lane j at place u; keys, weights and values lie lane by lane.

#define ISO_FULL_INLINE ISOBIT_UNUSED ISOBIT_AVX512 __attribute__((always_inline)) static inline

// One value of each of four keys for 16 queries.
typedef struct iso_full_keys_avx512 {
    __m512 a, b, c, d;
} iso_full_keys_avx512;

ISO_FULL_INLINE iso_full_keys_avx512 iso_full_add_avx512(iso_full_keys_avx512 x, iso_full_keys_avx512 y)
{
    x.a = _mm512_add_ps(x.a, y.a);
    x.b = _mm512_add_ps(x.b, y.b);
    x.c = _mm512_add_ps(x.c, y.c);
    x.d = _mm512_add_ps(x.d, y.d);
    return x;
}

// Products of element e of the keys (rows of d) and of the queries qt[d][16].
ISO_FULL_INLINE iso_full_keys_avx512 iso_full_product_avx512(const float *k, const float *qt, size_t d, size_t e)
{
    const __m512 qe = _mm512_load_ps(qt + e * 16);
    const iso_full_keys_avx512 x = { _mm512_mul_ps(qe, _mm512_set1_ps(k[e])), _mm512_mul_ps(qe, _mm512_set1_ps(k[d + e])),
                                        _mm512_mul_ps(qe, _mm512_set1_ps(k[2 * d + e])), _mm512_mul_ps(qe, _mm512_set1_ps(k[3 * d + e])) };
    return x;
}

ISO_FULL_INLINE iso_full_keys_avx512 iso_full_fma_avx512(const float *k, const float *qt, size_t d, size_t e, iso_full_keys_avx512 x)
{
    const __m512 qe = _mm512_load_ps(qt + e * 16);
    x.a = _mm512_fmadd_ps(qe, _mm512_set1_ps(k[e]), x.a);
    x.b = _mm512_fmadd_ps(qe, _mm512_set1_ps(k[d + e]), x.b);
    x.c = _mm512_fmadd_ps(qe, _mm512_set1_ps(k[2 * d + e]), x.c);
    x.d = _mm512_fmadd_ps(qe, _mm512_set1_ps(k[3 * d + e]), x.d);
    return x;
}

// The accumulator of element e and every 4 * lanes after it. That it begins with a product changes at most the sign of a
// zero, which no weight can tell.
ISO_FULL_INLINE iso_full_keys_avx512 iso_full_chain_avx512(const float *k, const float *qt, size_t d, size_t lanes, size_t e)
{
    iso_full_keys_avx512 x = iso_full_product_avx512(k, qt, d, e);
    for (size_t i = e + 4 * lanes; i < d - d % (4 * lanes); i += 4 * lanes) {
        x = iso_full_fma_avx512(k, qt, d, i, x);
    }
    return x;
}

// Lane j of the four accumulators, added.
ISO_FULL_INLINE iso_full_keys_avx512 iso_full_lane_avx512(const float *k, const float *qt, size_t d, size_t lanes, size_t j)
{
    const iso_full_keys_avx512 even =
        iso_full_add_avx512(iso_full_chain_avx512(k, qt, d, lanes, j), iso_full_chain_avx512(k, qt, d, lanes, j + 2 * lanes));
    const iso_full_keys_avx512 odd =
        iso_full_add_avx512(iso_full_chain_avx512(k, qt, d, lanes, j + lanes), iso_full_chain_avx512(k, qt, d, lanes, j + 3 * lanes));
    return iso_full_add_avx512(even, odd);
}

ISO_FULL_INLINE iso_full_keys_avx512 iso_full_two_avx512(const float *k, const float *qt, size_t d, size_t lanes, size_t j)
{
    return iso_full_add_avx512(iso_full_lane_avx512(k, qt, d, lanes, j), iso_full_lane_avx512(k, qt, d, lanes, j + lanes / 2));
}

ISO_FULL_INLINE iso_full_keys_avx512 iso_full_four_avx512(const float *k, const float *qt, size_t d, size_t lanes, size_t j, size_t step)
{
    return iso_full_add_avx512(iso_full_two_avx512(k, qt, d, lanes, j), iso_full_two_avx512(k, qt, d, lanes, j + step));
}

// Dot products as iso_gemm_vdot_f32 makes them: 16 lanes by the halving tree, 8 by halves and then neighbours.
ISO_FULL_INLINE iso_full_keys_avx512 iso_full_dot_avx512(const float *k, const float *qt, size_t d, size_t lanes)
{
    iso_full_keys_avx512 sum = { _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps() };
    size_t e = d - d % (4 * lanes);
    if (e > 0 && lanes == 16) {
        const iso_full_keys_avx512 even =
            iso_full_add_avx512(iso_full_four_avx512(k, qt, d, lanes, 0, 4), iso_full_four_avx512(k, qt, d, lanes, 2, 4));
        sum = iso_full_add_avx512(iso_full_four_avx512(k, qt, d, lanes, 1, 4), iso_full_four_avx512(k, qt, d, lanes, 3, 4));
        sum = iso_full_add_avx512(even, sum);
    } else if (e > 0) {
        sum = iso_full_four_avx512(k, qt, d, lanes, 0, 1);
        sum = iso_full_add_avx512(sum, iso_full_four_avx512(k, qt, d, lanes, 2, 1));
    }
    const size_t groups = e + (d - e) / lanes * lanes;
    const size_t separate = groups + lanes / 2 <= d ? groups + lanes / 2 : groups;
    for (; e < separate; e++) {
        sum = iso_full_add_avx512(sum, iso_full_product_avx512(k, qt, d, e));
    }
    for (; e < d; e++) {
        sum = iso_full_fma_avx512(k, qt, d, e, sum);
    }
    return sum;
}

// s[keys][48] = k q^T times scale, for `panels` of 16 queries, each qt[d][16], and `keys` rows of k, a multiple of 4.
ISO_FULL_INLINE void iso_full_scores_avx512(float *s, const float *qt, size_t panels, const float *k, size_t keys, size_t d, size_t lanes,
                                           float scale)
{
    const __m512 by = _mm512_set1_ps(scale);
    for (size_t t = 0; t < keys; t += 4) {
        for (size_t p = 0; p < panels; p++) {
            const iso_full_keys_avx512 x = iso_full_dot_avx512(k + t * d, qt + p * d * 16, d, lanes);
            float *out = s + t * 48 + p * 16;
            _mm512_store_ps(out, _mm512_mul_ps(x.a, by));
            _mm512_store_ps(out + 48, _mm512_mul_ps(x.b, by));
            _mm512_store_ps(out + 96, _mm512_mul_ps(x.c, by));
            _mm512_store_ps(out + 144, _mm512_mul_ps(x.d, by));
        }
    }
}

// max[16] = the largest of s[keys][48] of 16 queries.
ISOBIT_UNUSED ISOBIT_AVX512 static inline void iso_full_max_avx512(float *max, const float *s, size_t keys)
{
    __m512 top = _mm512_load_ps(s);
    for (size_t t = 1; t < keys; t++) {
        top = _mm512_max_ps(top, _mm512_load_ps(s + t * 48));
    }
    _mm512_store_ps(max, top);
}

// Scores become e^(s - max): the `whole` first places of s[lanes][places][48]. sum[16] = sum of the trees of the places.
ISO_FULL_INLINE void iso_full_weights_avx512(float *s, double *sum, const float *max, size_t whole, size_t places, size_t lanes)
{
    const __m512 top = _mm512_load_ps(max);
    __m512d low = _mm512_setzero_pd(), high = low;
    for (size_t u = 0; u < whole; u++) {
        __m512 tree[8];
        for (size_t j = 0; j < lanes / 2; j++) {
            float *first = s + (j * places + u) * 48, *second = first + lanes / 2 * places * 48;
            const __m512 x = _mm512_sub_ps(_mm512_load_ps(first), top), y = _mm512_sub_ps(_mm512_load_ps(second), top);
            const __m512 a = lanes == 16 ? iso_vexp_16_avx512(x) : iso_vexp_8_avx512(x);
            const __m512 b = lanes == 16 ? iso_vexp_16_avx512(y) : iso_vexp_8_avx512(y);
            _mm512_store_ps(first, a);
            _mm512_store_ps(second, b);
            tree[j] = _mm512_add_ps(a, b);
        }
        for (size_t n = lanes / 4; n > 0; n /= 2) {
            for (size_t j = 0; j < n; j++) {
                tree[j] = _mm512_add_ps(tree[j], tree[j + n]);
            }
        }
        low = _mm512_add_pd(low, _mm512_cvtps_pd(_mm512_castps512_ps256(tree[0])));
        high = _mm512_add_pd(high, _mm512_cvtps_pd(_mm512_extractf32x8_ps(tree[0], 1)));
    }
    _mm512_store_pd(sum, low);
    _mm512_store_pd(sum + 8, high);
}

// s[keys][48] of 16 queries times by[16].
ISOBIT_UNUSED ISOBIT_AVX512 static inline void iso_full_scale_avx512(float *s, const float *by, size_t keys)
{
    for (size_t t = 0; t < keys; t++) {
        _mm512_store_ps(s + t * 48, _mm512_mul_ps(_mm512_load_ps(s + t * 48), _mm512_load_ps(by)));
    }
}
#undef ISO_FULL_INLINE


// acc[6] (rows of `row` floats, 64 of them) = sum over keys of p[keys][48] (6 of them) times v (rows of `row` floats).
ISOBIT_UNUSED ISOBIT_AVX512 __attribute__((noinline)) static void iso_full_values64_avx512(float *acc, size_t row, const float *p, const float *v, size_t keys)
{
#define ISO_FULL_ROWS(X) X(0) X(1) X(2) X(3) X(4) X(5)
#define ISO_FULL_ZERO(i) __m512 a##i##0 = _mm512_setzero_ps(), a##i##1 = _mm512_setzero_ps(), a##i##2 = _mm512_setzero_ps(), a##i##3 = _mm512_setzero_ps();
#define ISO_FULL_STEP(i) \
    do { \
        const __m512 pt = _mm512_set1_ps(p[i]); \
        a##i##0 = _mm512_fmadd_ps(v0, pt, a##i##0); \
        a##i##1 = _mm512_fmadd_ps(v1, pt, a##i##1); \
        a##i##2 = _mm512_fmadd_ps(v2, pt, a##i##2); \
        a##i##3 = _mm512_fmadd_ps(v3, pt, a##i##3); \
    } while (0);
#define ISO_FULL_STORE(i) _mm512_store_ps(acc + i * row, a##i##0); _mm512_store_ps(acc + i * row + 16, a##i##1); _mm512_store_ps(acc + i * row + 32, a##i##2); _mm512_store_ps(acc + i * row + 48, a##i##3);
    ISO_FULL_ROWS(ISO_FULL_ZERO)
    for (size_t t = 0; t < keys; t++) {
        const __m512 v0 = _mm512_load_ps(v);
        const __m512 v1 = _mm512_load_ps(v + 16);
        const __m512 v2 = _mm512_load_ps(v + 32);
        const __m512 v3 = _mm512_load_ps(v + 48);
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

// The same for 24 rows and 16 columns.
ISOBIT_UNUSED ISOBIT_AVX512 __attribute__((noinline)) static void iso_full_values16_avx512(float *acc, size_t row, const float *p, const float *v, size_t keys)
{
#define ISO_FULL_ROWS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23)
#define ISO_FULL_ZERO(i) __m512 a##i##0 = _mm512_setzero_ps();
#define ISO_FULL_STEP(i) \
    a##i##0 = _mm512_fmadd_ps(v0, _mm512_set1_ps(p[i]), a##i##0);
#define ISO_FULL_STORE(i) _mm512_store_ps(acc + i * row, a##i##0);
    ISO_FULL_ROWS(ISO_FULL_ZERO)
    for (size_t t = 0; t < keys; t++) {
        const __m512 v0 = _mm512_load_ps(v);
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

// The same for 24 rows and 8 columns.
ISOBIT_UNUSED ISOBIT_AVX512 __attribute__((noinline)) static void iso_full_values8_avx512(float *acc, size_t row, const float *p, const float *v, size_t keys)
{
#define ISO_FULL_ROWS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23)
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
ISOBIT_UNUSED ISOBIT_AVX512 static inline void iso_full_lane_values_avx512(float *acc, size_t row, const float *p, const float *v, size_t keys, size_t d,
                                                              size_t count)
{
    size_t e = 0;
    for (; e + 64 <= d; e += 64) {
        for (size_t i = 0; i < count; i += 6) {
            iso_full_values64_avx512(acc + i * row + e, row, p + i, v + e, keys);
        }
    }
    for (; e + 8 < d; e += 16) {
        for (size_t i = 0; i < count; i += 24) {
            iso_full_values16_avx512(acc + i * row + e, row, p + i, v + e, keys);
        }
    }
    for (size_t i = 0; e < d && i < count; i += 24) {
        iso_full_values8_avx512(acc + i * row + e, row, p + i, v + e, keys);
    }
}
