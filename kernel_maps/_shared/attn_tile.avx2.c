// Attention of a block of query rows of one head over key tiles of 64, AVX2.
// The steps are kept out of line: each needs nearly all registers for itself.

// s[6][64] = scale * q k^T for six rows of q ([d] each) and kt[d][64]; columns before `low` and from `high` on are -inf.
ISOBIT_UNUSED ISOBIT_AVX2 __attribute__((noinline)) static void iso_attn_scores_avx2(float *s, const float *q, const float *kt, size_t d, float scale,
                                                                            size_t low, size_t high)
{
#define ISO_ATTN_ZERO(i) __m256 s##i##0 = _mm256_setzero_ps(), s##i##1 = s##i##0
#define ISO_ATTN_STEP(i)                                             \
    do {                                                             \
        const __m256 qe = _mm256_broadcast_ss(q + i * d + e);        \
        s##i##0 = _mm256_fmadd_ps(k0, qe, s##i##0);                  \
        s##i##1 = _mm256_fmadd_ps(k1, qe, s##i##1);                  \
    } while (0)
#define ISO_ATTN_DONE(i)                                                              \
    do {                                                                              \
        _mm256_store_ps(s + 64 * i + t, _mm256_mul_ps(s##i##0, by));                  \
        _mm256_store_ps(s + 64 * i + t + 8, _mm256_mul_ps(s##i##1, by));              \
    } while (0)
    for (size_t t = 0; t < 64; t += 16) {
        ISO_ATTN_ZERO(0);
        ISO_ATTN_ZERO(1);
        ISO_ATTN_ZERO(2);
        ISO_ATTN_ZERO(3);
        ISO_ATTN_ZERO(4);
        ISO_ATTN_ZERO(5);
        for (size_t e = 0; e < d; e++) {
            const __m256 k0 = _mm256_load_ps(kt + e * 64 + t);
            const __m256 k1 = _mm256_load_ps(kt + e * 64 + t + 8);
            ISO_ATTN_STEP(0);
            ISO_ATTN_STEP(1);
            ISO_ATTN_STEP(2);
            ISO_ATTN_STEP(3);
            ISO_ATTN_STEP(4);
            ISO_ATTN_STEP(5);
        }
        const __m256 by = _mm256_set1_ps(scale);
        ISO_ATTN_DONE(0);
        ISO_ATTN_DONE(1);
        ISO_ATTN_DONE(2);
        ISO_ATTN_DONE(3);
        ISO_ATTN_DONE(4);
        ISO_ATTN_DONE(5);
    }
#undef ISO_ATTN_ZERO
#undef ISO_ATTN_STEP
#undef ISO_ATTN_DONE
    for (size_t i = 0; i < 6; i++) {
        for (size_t t = 0; t < low; t++) {
            s[i * 64 + t] = -INFINITY;
        }
        for (size_t t = high; t < 64; t++) {
            s[i * 64 + t] = -INFINITY;
        }
    }
}

// The largest of s[64], the later of two that do not compare.
ISOBIT_UNUSED ISOBIT_AVX2 static inline float iso_attn_max_avx2(const float *s)
{
    __m256 unordered = _mm256_setzero_ps();
    __m256 top = _mm256_set1_ps(-INFINITY);
    for (int t = 0; t < 64; t += 8) {
        const __m256 v = _mm256_load_ps(s + t);
        unordered = _mm256_or_ps(unordered, _mm256_cmp_ps(v, v, _CMP_UNORD_Q));
        top = _mm256_max_ps(top, v);
    }
    if (_mm256_movemask_ps(unordered) != 0) {
        float largest = -INFINITY;
        for (int t = 0; t < 64; t++) {
            largest = largest > s[t] ? largest : s[t];
        }
        return largest;
    }
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(top), _mm256_extractf128_ps(top, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

// s[rows][64]: scores become weights. The running maxima follow; sums and outputs are rescaled to them.
// acc: rows of `padded` floats.
ISOBIT_UNUSED ISOBIT_AVX2 __attribute__((noinline)) static void iso_attn_weights_avx2(float *s, size_t rows, float *max, float *sum, float *acc,
                                                                             size_t padded, int lanes)
{
    for (size_t i = 0; i < rows; i++, s += 64) {
        const float largest = iso_attn_max_avx2(s);
        if (largest == -INFINITY) {
            memset(s, 0, 64 * sizeof *s);
            continue;
        }
        if (largest > max[i]) {
            const float c = iso_glibc_expf(max[i] - largest);
            for (size_t e = 0; e < padded; e += 8) {
                float *a = acc + i * padded + e;
                _mm256_store_ps(a, _mm256_mul_ps(_mm256_load_ps(a), _mm256_set1_ps(c)));
            }
            sum[i] = sum[i] * c;
            max[i] = largest;
        }
        const __m256 top = _mm256_set1_ps(max[i]);
        for (int t = 0; t < 64; t += 8) {
            const __m256 x = _mm256_sub_ps(_mm256_load_ps(s + t), top);
            _mm256_store_ps(s + t, lanes == 16 ? iso_vexp_16_avx2(x) : iso_vexp_8_avx2(x));
        }
    }
}

// The sums of four groups of 16 or 8 of p by halving trees.
ISOBIT_UNUSED ISOBIT_AVX2 static inline __m128 iso_attn_trees_avx2(const float *p, int lanes)
{
    if (lanes == 16) {
        return iso_tree8_avx2(_mm256_add_ps(_mm256_load_ps(p), _mm256_load_ps(p + 8)),
                              _mm256_add_ps(_mm256_load_ps(p + 16), _mm256_load_ps(p + 24)),
                              _mm256_add_ps(_mm256_load_ps(p + 32), _mm256_load_ps(p + 40)),
                              _mm256_add_ps(_mm256_load_ps(p + 48), _mm256_load_ps(p + 56)));
    }
    return iso_tree8_avx2(_mm256_load_ps(p), _mm256_load_ps(p + 8), _mm256_load_ps(p + 16), _mm256_load_ps(p + 24));
}

// The weights p[rows][64], at most 24 rows, enter the running sums: in double, by halving trees of groups of 16 or 8.
// A row of zero weights leaves its sum as it was.
ISOBIT_UNUSED ISOBIT_AVX2 __attribute__((noinline)) static void iso_attn_sums_avx2(float *sum, const float *p, size_t rows, int lanes)
{
    float group[24 * 8];
    for (size_t i = 0; i < rows; i++) {
        _mm_storeu_ps(group + i * 8, iso_attn_trees_avx2(p + i * 64, lanes));
        if (lanes == 8) {
            _mm_storeu_ps(group + i * 8 + 4, iso_attn_trees_avx2(p + i * 64 + 32, lanes));
        }
    }
    for (size_t i = 0; i < rows; i++) {
        double tile = 0.0;
        for (int g = 0; g < 64 / lanes; g++) {
            tile += (double)group[i * 8 + (size_t)g];
        }
        sum[i] = (float)((double)sum[i] + tile);
    }
}

// acc[6] (rows of `padded` floats, 16 of them) goes on over p[6][64] and 16 columns of v[64] (rows of `width` floats).
ISOBIT_UNUSED ISOBIT_AVX2 __attribute__((noinline)) static void iso_attn_values16_avx2(float *acc, const float *p, const float *v, size_t padded,
                                                                              size_t width)
{
#define ISO_ATTN_LOAD(i) __m256 a##i##0 = _mm256_load_ps(acc + i * padded), a##i##1 = _mm256_load_ps(acc + i * padded + 8)
#define ISO_ATTN_STEP(i)                                             \
    do {                                                             \
        const __m256 pt = _mm256_broadcast_ss(p + i * 64 + t);       \
        a##i##0 = _mm256_fmadd_ps(v0, pt, a##i##0);                  \
        a##i##1 = _mm256_fmadd_ps(v1, pt, a##i##1);                  \
    } while (0)
#define ISO_ATTN_STORE(i)                                            \
    do {                                                             \
        _mm256_store_ps(acc + i * padded, a##i##0);                  \
        _mm256_store_ps(acc + i * padded + 8, a##i##1);              \
    } while (0)
    ISO_ATTN_LOAD(0);
    ISO_ATTN_LOAD(1);
    ISO_ATTN_LOAD(2);
    ISO_ATTN_LOAD(3);
    ISO_ATTN_LOAD(4);
    ISO_ATTN_LOAD(5);
    for (size_t t = 0; t < 64; t++) {
        const __m256 v0 = _mm256_load_ps(v);
        const __m256 v1 = _mm256_load_ps(v + 8);
        ISO_ATTN_STEP(0);
        ISO_ATTN_STEP(1);
        ISO_ATTN_STEP(2);
        ISO_ATTN_STEP(3);
        ISO_ATTN_STEP(4);
        ISO_ATTN_STEP(5);
        v += width;
    }
    ISO_ATTN_STORE(0);
    ISO_ATTN_STORE(1);
    ISO_ATTN_STORE(2);
    ISO_ATTN_STORE(3);
    ISO_ATTN_STORE(4);
    ISO_ATTN_STORE(5);
#undef ISO_ATTN_LOAD
#undef ISO_ATTN_STEP
#undef ISO_ATTN_STORE
}

// The same for 12 rows of acc and p and the first 8 columns of v[64][16].
ISOBIT_UNUSED ISOBIT_AVX2 __attribute__((noinline)) static void iso_attn_values8_avx2(float *acc, const float *p, const float *v, size_t padded)
{
#define ISO_ATTN_LOAD(i) __m256 a##i = _mm256_load_ps(acc + i * padded)
#define ISO_ATTN_STEP(i) a##i = _mm256_fmadd_ps(vt, _mm256_broadcast_ss(p + i * 64 + t), a##i)
#define ISO_ATTN_STORE(i) _mm256_store_ps(acc + i * padded, a##i)
    ISO_ATTN_LOAD(0);
    ISO_ATTN_LOAD(1);
    ISO_ATTN_LOAD(2);
    ISO_ATTN_LOAD(3);
    ISO_ATTN_LOAD(4);
    ISO_ATTN_LOAD(5);
    ISO_ATTN_LOAD(6);
    ISO_ATTN_LOAD(7);
    ISO_ATTN_LOAD(8);
    ISO_ATTN_LOAD(9);
    ISO_ATTN_LOAD(10);
    ISO_ATTN_LOAD(11);
    for (size_t t = 0; t < 64; t++) {
        const __m256 vt = _mm256_load_ps(v + t * 16);
        ISO_ATTN_STEP(0);
        ISO_ATTN_STEP(1);
        ISO_ATTN_STEP(2);
        ISO_ATTN_STEP(3);
        ISO_ATTN_STEP(4);
        ISO_ATTN_STEP(5);
        ISO_ATTN_STEP(6);
        ISO_ATTN_STEP(7);
        ISO_ATTN_STEP(8);
        ISO_ATTN_STEP(9);
        ISO_ATTN_STEP(10);
        ISO_ATTN_STEP(11);
    }
    ISO_ATTN_STORE(0);
    ISO_ATTN_STORE(1);
    ISO_ATTN_STORE(2);
    ISO_ATTN_STORE(3);
    ISO_ATTN_STORE(4);
    ISO_ATTN_STORE(5);
    ISO_ATTN_STORE(6);
    ISO_ATTN_STORE(7);
    ISO_ATTN_STORE(8);
    ISO_ATTN_STORE(9);
    ISO_ATTN_STORE(10);
    ISO_ATTN_STORE(11);
#undef ISO_ATTN_LOAD
#undef ISO_ATTN_STEP
#undef ISO_ATTN_STORE
}

// q: the first of `count` query rows, at most `most` (a multiple of 24); k, v: the first of `keys` rows, of which from .. to-1 are attended; y: rows of y_row floats.
// lanes (16 or 8) chooses the exponential and the groups of its sum.
// scratch, with padded = d rounded up to 16: (most + 64) * (d + padded) + 2 * most + 24 * 64 floats.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_attn_tile_avx2(const float *q, iso_attn_view q_view, const uint16_t *k,
                                                                iso_attn_view k_view, const uint16_t *v, iso_attn_view v_view,
                                                                float *y, size_t y_row, size_t count, size_t keys, size_t from, size_t to, size_t d,
                                                                float scale, int lanes, size_t most, float *scratch)
{
    const size_t padded = (d + 15) / 16 * 16;
    const size_t rows = (count + 23) / 24 * 24;
    float *scores = scratch;           // [24][64]
    float *kt = scores + 24 * 64;      // [d][64]
    float *vt = kt + 64 * d;           // [64][padded]
    float *acc = vt + 64 * padded;     // [most][padded]
    float *qc = acc + most * padded;   // [most][d]
    float *max = qc + most * d;        // [most]
    float *sum = max + most;           // [most]
    memset(scratch, 0, (24 * 64 + 64 * d + 64 * padded + rows * padded) * sizeof *scratch);
    memset(qc + count * d, 0, (rows - count) * d * sizeof *qc);
    iso_attn_pack_queries_avx2(qc, q, q_view, count, d);
    for (size_t i = 0; i < count; i++) {
        max[i] = -INFINITY;
        sum[i] = 0.0f;
    }
    for (size_t key = from / 64 * 64; key < to; key += 64) {
        const size_t present = keys - key < 64 ? keys - key : 64;
        const size_t low = from > key ? from - key : 0, high = to - key < 64 ? to - key : 64;
        iso_attn_pack_keys_avx2(kt, k + (ptrdiff_t)key * k_view.row, k_view, present, d);
        iso_attn_pack_values_avx2(vt, v + (ptrdiff_t)key * v_view.row, v_view, present, d);
        for (size_t i = 0; i < count; i += 24) {
            const size_t here = count - i < 24 ? count - i : 24;
            for (size_t r = 0; r < here; r += 6) {
                iso_attn_scores_avx2(scores + r * 64, qc + (i + r) * d, kt, d, scale, low, high);
            }
            iso_attn_weights_avx2(scores, here, max + i, sum + i, acc + i * padded, padded, lanes);
            iso_attn_sums_avx2(sum + i, scores, here, lanes);
            size_t e = 0;
            for (; e + 8 < d; e += 16) {
                const size_t width = e < d / 64 * 64 ? 64 : 16;
                for (size_t r = 0; r < here; r += 6) {
                    iso_attn_values16_avx2(acc + (i + r) * padded + e, scores + r * 64, vt + e / width * width * 64 + e % width,
                                           padded, width);
                }
            }
            if (e < d) {
                for (size_t r = 0; r < here; r += 12) {
                    iso_attn_values8_avx2(acc + (i + r) * padded + e, scores + r * 64, vt + e * 64, padded);
                }
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        const float inverse = sum[i] == 0.0f ? 0.0f : 1.0f / sum[i];
        iso_attn_out_avx2(y + i * y_row, acc + i * padded, inverse, d);
    }
}
