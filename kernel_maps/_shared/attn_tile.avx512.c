// Attention of a block of query rows of one head over key tiles of 64, AVX-512.
// The steps are kept out of line: each needs nearly all registers for itself.

// s[6][64] = scale * q k^T for six rows of q ([d] each) and kt[d][64]; columns before `low` and from `high` on are -inf.
// max[i] = the largest of row i, as long as no NaN is among them.
ISOBIT_UNUSED ISOBIT_AVX512 __attribute__((noinline)) static void iso_attn_scores_avx512(float *s, float *max, const float *q, const float *kt, size_t d,
                                                                      float scale, size_t low, size_t high)
{
#define ISO_ATTN_ZERO(i) __m512 s##i##0 = _mm512_setzero_ps(), s##i##1 = s##i##0, s##i##2 = s##i##0, s##i##3 = s##i##0
#define ISO_ATTN_STEP(i)                                     \
    do {                                                     \
        const __m512 qe = _mm512_set1_ps(q[i * d]);          \
        s##i##0 = _mm512_fmadd_ps(k0, qe, s##i##0);          \
        s##i##1 = _mm512_fmadd_ps(k1, qe, s##i##1);          \
        s##i##2 = _mm512_fmadd_ps(k2, qe, s##i##2);          \
        s##i##3 = _mm512_fmadd_ps(k3, qe, s##i##3);          \
    } while (0)
#define ISO_ATTN_DONE(i)                                                                          \
    do {                                                                                          \
        s##i##0 = _mm512_mask_mul_ps(missing, m0, s##i##0, by);                                   \
        s##i##1 = _mm512_mask_mul_ps(missing, m1, s##i##1, by);                                   \
        s##i##2 = _mm512_mask_mul_ps(missing, m2, s##i##2, by);                                   \
        s##i##3 = _mm512_mask_mul_ps(missing, m3, s##i##3, by);                                   \
        _mm512_store_ps(s + 64 * i, s##i##0);                                                     \
        _mm512_store_ps(s + 64 * i + 16, s##i##1);                                                \
        _mm512_store_ps(s + 64 * i + 32, s##i##2);                                                \
        _mm512_store_ps(s + 64 * i + 48, s##i##3);                                                \
        max[i] = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_max_ps(s##i##0, s##i##1), _mm512_max_ps(s##i##2, s##i##3))); \
    } while (0)
    ISO_ATTN_ZERO(0);
    ISO_ATTN_ZERO(1);
    ISO_ATTN_ZERO(2);
    ISO_ATTN_ZERO(3);
    ISO_ATTN_ZERO(4);
    ISO_ATTN_ZERO(5);
    for (size_t e = 0; e < d; e++) {
        const __m512 k0 = _mm512_load_ps(kt);
        const __m512 k1 = _mm512_load_ps(kt + 16);
        const __m512 k2 = _mm512_load_ps(kt + 32);
        const __m512 k3 = _mm512_load_ps(kt + 48);
        ISO_ATTN_STEP(0);
        ISO_ATTN_STEP(1);
        ISO_ATTN_STEP(2);
        ISO_ATTN_STEP(3);
        ISO_ATTN_STEP(4);
        ISO_ATTN_STEP(5);
        kt += 64;
        q += 1;
    }
    const __m512 by = _mm512_set1_ps(scale);
    const __m512 missing = _mm512_set1_ps(-INFINITY);
    const uint64_t mask = (high < 64 ? (UINT64_C(1) << high) - 1 : ~UINT64_C(0)) & ~UINT64_C(0) << low;
    const __mmask16 m0 = (__mmask16)mask;
    const __mmask16 m1 = (__mmask16)(mask >> 16);
    const __mmask16 m2 = (__mmask16)(mask >> 32);
    const __mmask16 m3 = (__mmask16)(mask >> 48);
    ISO_ATTN_DONE(0);
    ISO_ATTN_DONE(1);
    ISO_ATTN_DONE(2);
    ISO_ATTN_DONE(3);
    ISO_ATTN_DONE(4);
    ISO_ATTN_DONE(5);
#undef ISO_ATTN_ZERO
#undef ISO_ATTN_STEP
#undef ISO_ATTN_DONE
}

// s[rows][64]: scores become weights. The running maxima follow; sums and outputs are rescaled to them.
// acc: rows of `padded` floats.
ISOBIT_UNUSED ISOBIT_AVX512 __attribute__((noinline)) static void iso_attn_weights_avx512(float *s, size_t rows, const float *tile_max, float *max,
                                                                       float *sum, float *acc, size_t padded, int lanes)
{
    for (size_t i = 0; i < rows; i++, s += 64) {
        const __m512 s0 = _mm512_load_ps(s);
        const __m512 s1 = _mm512_load_ps(s + 16);
        const __m512 s2 = _mm512_load_ps(s + 32);
        const __m512 s3 = _mm512_load_ps(s + 48);
        float largest = tile_max[i];
        if ((_mm512_cmp_ps_mask(s0, s1, _CMP_UNORD_Q) | _mm512_cmp_ps_mask(s2, s3, _CMP_UNORD_Q)) != 0) {
            largest = -INFINITY;
            for (int t = 0; t < 64; t++) {
                largest = largest > s[t] ? largest : s[t];
            }
        }
        if (largest == -INFINITY) {
            memset(s, 0, 64 * sizeof *s);
            continue;
        }
        if (largest > max[i]) {
            const float c = iso_glibc_expf(max[i] - largest);
            for (size_t e = 0; e < padded; e += 16) {
                float *a = acc + i * padded + e;
                _mm512_store_ps(a, _mm512_mul_ps(_mm512_load_ps(a), _mm512_set1_ps(c)));
            }
            sum[i] = sum[i] * c;
            max[i] = largest;
        }
        const __m512 top = _mm512_set1_ps(max[i]);
        if (lanes == 16) {
            _mm512_store_ps(s, iso_vexp_16_avx512(_mm512_sub_ps(s0, top)));
            _mm512_store_ps(s + 16, iso_vexp_16_avx512(_mm512_sub_ps(s1, top)));
            _mm512_store_ps(s + 32, iso_vexp_16_avx512(_mm512_sub_ps(s2, top)));
            _mm512_store_ps(s + 48, iso_vexp_16_avx512(_mm512_sub_ps(s3, top)));
        } else {
            _mm512_store_ps(s, iso_vexp_8_avx512(_mm512_sub_ps(s0, top)));
            _mm512_store_ps(s + 16, iso_vexp_8_avx512(_mm512_sub_ps(s1, top)));
            _mm512_store_ps(s + 32, iso_vexp_8_avx512(_mm512_sub_ps(s2, top)));
            _mm512_store_ps(s + 48, iso_vexp_8_avx512(_mm512_sub_ps(s3, top)));
        }
    }
}

// The weights p[rows][64], at most 24 rows, enter the running sums: in double, by halving trees of groups of 16 or 8.
// A row of zero weights leaves its sum as it was.
ISOBIT_UNUSED ISOBIT_AVX512 __attribute__((noinline)) static void iso_attn_sums_avx512(float *sum, const float *p, size_t rows, int lanes)
{
    float group[24 * 8];
    for (size_t i = 0; i < rows; i++) {
        const __m512 p0 = _mm512_load_ps(p + i * 64);
        const __m512 p1 = _mm512_load_ps(p + i * 64 + 16);
        const __m512 p2 = _mm512_load_ps(p + i * 64 + 32);
        const __m512 p3 = _mm512_load_ps(p + i * 64 + 48);
        if (lanes == 16) {
            _mm_storeu_ps(group + i * 8, iso_tree16_avx512(p0, p1, p2, p3));
        } else {
            _mm256_storeu_ps(group + i * 8, iso_tree8_avx512(iso_fold8_avx512(p0, p1), iso_fold8_avx512(p2, p3)));
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

// acc[6] (rows of `padded` floats, 64 of them) goes on over p[6][64] and v[64][64].
ISOBIT_UNUSED ISOBIT_AVX512 __attribute__((noinline)) static void iso_attn_values64_avx512(float *acc, const float *p, const float *v, size_t padded)
{
#define ISO_ATTN_LOAD(i)                                                                                        \
    __m512 a##i##0 = _mm512_load_ps(acc + i * padded), a##i##1 = _mm512_load_ps(acc + i * padded + 16),         \
           a##i##2 = _mm512_load_ps(acc + i * padded + 32), a##i##3 = _mm512_load_ps(acc + i * padded + 48)
#define ISO_ATTN_STEP(i)                                     \
    do {                                                     \
        const __m512 pt = _mm512_set1_ps(p[i * 64 + t]);     \
        a##i##0 = _mm512_fmadd_ps(v0, pt, a##i##0);          \
        a##i##1 = _mm512_fmadd_ps(v1, pt, a##i##1);          \
        a##i##2 = _mm512_fmadd_ps(v2, pt, a##i##2);          \
        a##i##3 = _mm512_fmadd_ps(v3, pt, a##i##3);          \
    } while (0)
#define ISO_ATTN_STORE(i)                                    \
    do {                                                     \
        _mm512_store_ps(acc + i * padded, a##i##0);          \
        _mm512_store_ps(acc + i * padded + 16, a##i##1);     \
        _mm512_store_ps(acc + i * padded + 32, a##i##2);     \
        _mm512_store_ps(acc + i * padded + 48, a##i##3);     \
    } while (0)
    ISO_ATTN_LOAD(0);
    ISO_ATTN_LOAD(1);
    ISO_ATTN_LOAD(2);
    ISO_ATTN_LOAD(3);
    ISO_ATTN_LOAD(4);
    ISO_ATTN_LOAD(5);
    for (size_t t = 0; t < 64; t++) {
        const __m512 v0 = _mm512_load_ps(v);
        const __m512 v1 = _mm512_load_ps(v + 16);
        const __m512 v2 = _mm512_load_ps(v + 32);
        const __m512 v3 = _mm512_load_ps(v + 48);
        ISO_ATTN_STEP(0);
        ISO_ATTN_STEP(1);
        ISO_ATTN_STEP(2);
        ISO_ATTN_STEP(3);
        ISO_ATTN_STEP(4);
        ISO_ATTN_STEP(5);
        v += 64;
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

#define ISO_ATTN_ROWS(X) \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23)

// The same for 24 rows of acc and p and v[64][16].
ISOBIT_UNUSED ISOBIT_AVX512 __attribute__((noinline)) static void iso_attn_values16_avx512(float *acc, const float *p, const float *v, size_t padded)
{
#define ISO_ATTN_LOAD(i) __m512 a##i = _mm512_load_ps(acc + i * padded);
#define ISO_ATTN_STEP(i) a##i = _mm512_fmadd_ps(vt, _mm512_set1_ps(p[i * 64 + t]), a##i);
#define ISO_ATTN_STORE(i) _mm512_store_ps(acc + i * padded, a##i);
    ISO_ATTN_ROWS(ISO_ATTN_LOAD)
    for (size_t t = 0; t < 64; t++) {
        const __m512 vt = _mm512_load_ps(v + t * 16);
        ISO_ATTN_ROWS(ISO_ATTN_STEP)
    }
    ISO_ATTN_ROWS(ISO_ATTN_STORE)
#undef ISO_ATTN_LOAD
#undef ISO_ATTN_STEP
#undef ISO_ATTN_STORE
}

// The same for the first 8 columns of v[64][16].
ISOBIT_UNUSED ISOBIT_AVX512 __attribute__((noinline)) static void iso_attn_values8_avx512(float *acc, const float *p, const float *v, size_t padded)
{
#define ISO_ATTN_LOAD(i) __m256 a##i = _mm256_load_ps(acc + i * padded);
#define ISO_ATTN_STEP(i) a##i = _mm256_fmadd_ps(vt, _mm256_set1_ps(p[i * 64 + t]), a##i);
#define ISO_ATTN_STORE(i) _mm256_store_ps(acc + i * padded, a##i);
    ISO_ATTN_ROWS(ISO_ATTN_LOAD)
    for (size_t t = 0; t < 64; t++) {
        const __m256 vt = _mm256_load_ps(v + t * 16);
        ISO_ATTN_ROWS(ISO_ATTN_STEP)
    }
    ISO_ATTN_ROWS(ISO_ATTN_STORE)
#undef ISO_ATTN_LOAD
#undef ISO_ATTN_STEP
#undef ISO_ATTN_STORE
}
#undef ISO_ATTN_ROWS

// q: the first of `count` query rows, at most `most` (a multiple of 24); k, v: the first of `keys` rows, of which from .. to-1 are attended; y: rows of y_row floats.
// lanes (16 or 8) chooses the exponential and the groups of its sum.
// Tiles of widened keys and values lie `apart` floats from each other, or, if that is 0, all in one place; `filled` says that they are there.
// scratch, with padded = d rounded up to 16: (most + 64 * tiles, or 64) * (d + padded) + 2 * most + 24 * 64 + 32 floats.
ISOBIT_UNUSED ISOBIT_AVX512 static inline void iso_attn_tile_avx512(const float *q, iso_attn_view q_view, const uint16_t *k,
                                                                    iso_attn_view k_view, const uint16_t *v, iso_attn_view v_view,
                                                                    float *y, size_t y_row, size_t count, size_t keys, size_t from, size_t to, size_t d,
                                                                    float scale, int lanes, size_t most, size_t apart, int filled, float *scratch)
{
    const size_t padded = (d + 15) / 16 * 16;
    const size_t rows = (count + 23) / 24 * 24;
    float *scores = scratch;           // [24][64]
    float *acc = scores + 24 * 64;     // [most][padded]
    float *qc = acc + most * padded;   // [most][d]
    float *max = qc + most * d;        // [most]
    float *sum = max + most;           // [most]
    float *tile_max = sum + most;      // [24], padded to 32
    float *tiles = tile_max + 32;      // each [d][64], then [64][padded]
    memset(scratch, 0, (24 * 64 + rows * padded) * sizeof *scratch);
    memset(qc + count * d, 0, (rows - count) * d * sizeof *qc);
    iso_attn_pack_queries_avx2(qc, q, q_view, count, d);
    for (size_t i = 0; i < count; i++) {
        max[i] = -INFINITY;
        sum[i] = 0.0f;
    }
    for (size_t key = from / 64 * 64; key < to; key += 64) {
        const size_t present = keys - key < 64 ? keys - key : 64;
        const size_t low = from > key ? from - key : 0, high = to - key < 64 ? to - key : 64;
        float *kt = tiles + key / 64 * apart;
        float *vt = kt + 64 * d;
        if (!filled) {
            if (key == from / 64 * 64 || (apart != 0 && present == 64)) {
                memset(kt, 0, 64 * (d + padded) * sizeof *kt);
            } else if (apart != 0) {
                memcpy(kt, kt - apart, 64 * (d + padded) * sizeof *kt); // rows that a tile lacks are those of the tile before it
            }
            iso_attn_pack_keys_avx2(kt, k + (ptrdiff_t)key * k_view.row, k_view, present, d);
            iso_attn_pack_values_avx2(vt, v + (ptrdiff_t)key * v_view.row, v_view, present, d);
        }
        for (size_t i = 0; i < count; i += 24) {
            const size_t here = count - i < 24 ? count - i : 24;
            for (size_t r = 0; r < here; r += 6) {
                iso_attn_scores_avx512(scores + r * 64, tile_max + r, qc + (i + r) * d, kt, d, scale, low, high);
            }
            iso_attn_weights_avx512(scores, here, tile_max, max + i, sum + i, acc + i * padded, padded, lanes);
            iso_attn_sums_avx512(sum + i, scores, here, lanes);
            size_t e = 0;
            for (; e + 64 <= d; e += 64) {
                for (size_t r = 0; r < here; r += 6) {
                    iso_attn_values64_avx512(acc + (i + r) * padded + e, scores + r * 64, vt + e * 64, padded);
                }
            }
            for (; e + 8 < d; e += 16) {
                iso_attn_values16_avx512(acc + i * padded + e, scores, vt + e * 64, padded);
            }
            if (e < d) {
                iso_attn_values8_avx512(acc + i * padded + e, scores, vt + e * 64, padded);
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        const float inverse = sum[i] == 0.0f ? 0.0f : 1.0f / sum[i];
        iso_attn_out_avx2(y + i * y_row, acc + i * padded, inverse, d);
    }
}
