// Tiles of 2 rows x 8 columns of quantised dot products, AVX2: a register holds one of the eight lanes of 8 outputs, so
// that neither scales nor sums cross lanes.

// Two rows of x, interleaved by block.
typedef struct iso_q8_rows_avx2 {
    int16_t q[2][32];
    float d[2];
} iso_q8_rows_avx2;

// Eight columns of w: [lane][first or second pair][column][2].
typedef struct iso_q8_columns_avx2 {
    int16_t q[8][2][16];
    float d[8];
} iso_q8_columns_avx2;

// 16 elements of a block, from element 0 or 16 on.
ISOBIT_UNUSED ISOBIT_AVX2 static inline __m256i iso_q8_half_avx2(const uint8_t *block, int upper, int q4)
{
    __m128i q;
    if (q4) {
        q = _mm_loadu_si128((const __m128i *)(const void *)(block + 2));
        q = _mm_and_si128(upper ? _mm_srli_epi16(q, 4) : q, _mm_set1_epi8(15));
        q = _mm_sub_epi8(q, _mm_set1_epi8(8));
    } else {
        q = _mm_loadu_si128((const __m128i *)(const void *)(block + 2 + 16 * upper));
    }
    return _mm256_cvtepi8_epi16(q);
}

ISOBIT_UNUSED ISOBIT_AVX2 static inline float iso_q8_scale_avx2(const uint8_t *block)
{
    return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(block[0] | block[1] << 8)));
}

// Rows past the end are rows of the last one, whose products nobody reads.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_q8_pack_rows_avx2(iso_q8_rows_avx2 *dst, const uint8_t *src, size_t count, size_t blocks)
{
    for (size_t i = 0; i < count; i += 2) {
        for (size_t r = 0; r < 2; r++) {
            const uint8_t *row = src + (i + r < count ? i + r : count - 1) * blocks * 34;
            for (size_t b = 0; b < blocks; b++) {
                iso_q8_rows_avx2 *out = dst + i / 2 * blocks + b;
                for (int upper = 0; upper < 2; upper++) {
                    _mm256_storeu_si256((__m256i *)(void *)(out->q[r] + 16 * upper), iso_q8_half_avx2(row + b * 34, upper, 0));
                }
                out->d[r] = iso_q8_scale_avx2(row + b * 34);
            }
        }
    }
}

// Eight columns of eight dwords (four lanes of two pairs) transposed.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_q8_turn_avx2(int16_t (*dst)[2][16], const __m256i *column)
{
    __m256i pair[8];
    __m256i four[8];
    for (int i = 0; i < 8; i += 2) {
        pair[i] = _mm256_unpacklo_epi32(column[i], column[i + 1]);
        pair[i + 1] = _mm256_unpackhi_epi32(column[i], column[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        four[i] = _mm256_unpacklo_epi64(pair[i], pair[i + 2]);
        four[i + 1] = _mm256_unpackhi_epi64(pair[i], pair[i + 2]);
        four[i + 2] = _mm256_unpacklo_epi64(pair[i + 1], pair[i + 3]);
        four[i + 3] = _mm256_unpackhi_epi64(pair[i + 1], pair[i + 3]);
    }
    for (int i = 0; i < 4; i++) {
        const __m256i low = _mm256_permute2x128_si256(four[i], four[i + 4], 0x20);
        const __m256i high = _mm256_permute2x128_si256(four[i], four[i + 4], 0x31);
        _mm256_storeu_si256((__m256i *)(void *)dst[i / 2][i % 2], low);
        _mm256_storeu_si256((__m256i *)(void *)dst[2 + i / 2][i % 2], high);
    }
}

// Columns past the end are columns of the last one.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_q8_pack_columns_avx2(iso_q8_columns_avx2 *dst, const uint8_t *src, size_t count,
                                                                      size_t blocks, int q4)
{
    const size_t block = q4 ? 18 : 34;
    for (size_t b = 0; b < blocks; b++) {
        for (int upper = 0; upper < 2; upper++) {
            __m256i column[8];
            for (size_t j = 0; j < 8; j++) {
                const uint8_t *at = src + ((j < count ? j : count - 1) * blocks + b) * block;
                column[j] = iso_q8_half_avx2(at, upper, q4);
                dst[b].d[j] = iso_q8_scale_avx2(at);
            }
            iso_q8_turn_avx2(dst[b].q + 4 * upper, column);
        }
    }
}

// c[2][32] at its first 8 columns = the dot products of two rows and eight columns; lanes 0 .. 3 first, then 4 .. 7.
// low[2][4][8]: where the former wait for the latter.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_q8_tile_avx2(float *c, const iso_q8_rows_avx2 *x, const iso_q8_columns_avx2 *w,
                                                              size_t blocks, float *low)
{
#define ISO_Q8_ZERO(i) __m256 c##i##0 = _mm256_setzero_ps(), c##i##1 = c##i##0, c##i##2 = c##i##0, c##i##3 = c##i##0
#define ISO_Q8_STEP(i, l)                                                                \
    do {                                                                                 \
        int32_t xa, xb;                                                                  \
        memcpy(&xa, x[b].q[i] + 16 * h + 4 * l, sizeof xa);                              \
        memcpy(&xb, x[b].q[i] + 16 * h + 4 * l + 2, sizeof xb);                          \
        const __m256i s = _mm256_add_epi32(_mm256_madd_epi16(_mm256_set1_epi32(xa), wa), \
                                           _mm256_madd_epi16(_mm256_set1_epi32(xb), wb)); \
        c##i##l = _mm256_fmadd_ps(d##i, _mm256_cvtepi32_ps(s), c##i##l);                 \
    } while (0)
// lddqu loads into a register, once for both rows; compilers make other loads part of each multiplication.
#define ISO_Q8_LANE(l)                                                                             \
    do {                                                                                           \
        const __m256i wa = _mm256_lddqu_si256((const __m256i *)(const void *)w[b].q[4 * h + l][0]); \
        const __m256i wb = _mm256_lddqu_si256((const __m256i *)(const void *)w[b].q[4 * h + l][1]); \
        ISO_Q8_STEP(0, l);                                                                         \
        ISO_Q8_STEP(1, l);                                                                         \
    } while (0)
#define ISO_Q8_KEEP(i)                              \
    do {                                            \
        _mm256_storeu_ps(low + 32 * i, c##i##0);      \
        _mm256_storeu_ps(low + 32 * i + 8, c##i##1);  \
        _mm256_storeu_ps(low + 32 * i + 16, c##i##2); \
        _mm256_storeu_ps(low + 32 * i + 24, c##i##3); \
    } while (0)
#define ISO_Q8_SUM(i)                                                                                           \
    do {                                                                                                        \
        const __m256 s0 = _mm256_add_ps(_mm256_loadu_ps(low + 32 * i), c##i##0);                                \
        const __m256 s1 = _mm256_add_ps(_mm256_loadu_ps(low + 32 * i + 8), c##i##1);                            \
        const __m256 s2 = _mm256_add_ps(_mm256_loadu_ps(low + 32 * i + 16), c##i##2);                           \
        const __m256 s3 = _mm256_add_ps(_mm256_loadu_ps(low + 32 * i + 24), c##i##3);                           \
        _mm256_storeu_ps(c + 32 * i, _mm256_add_ps(_mm256_add_ps(s0, s2), _mm256_add_ps(s1, s3)));              \
    } while (0)
    for (size_t h = 0; h < 2; h++) {
        ISO_Q8_ZERO(0);
        ISO_Q8_ZERO(1);
        for (size_t b = 0; b < blocks; b++) {
            const __m256 dw = _mm256_loadu_ps(w[b].d);
            const __m256 d0 = _mm256_mul_ps(dw, _mm256_set1_ps(x[b].d[0]));
            const __m256 d1 = _mm256_mul_ps(dw, _mm256_set1_ps(x[b].d[1]));
            ISO_Q8_LANE(0);
            ISO_Q8_LANE(1);
            ISO_Q8_LANE(2);
            ISO_Q8_LANE(3);
        }
        if (h == 0) {
            ISO_Q8_KEEP(0);
            ISO_Q8_KEEP(1);
        } else {
            ISO_Q8_SUM(0);
            ISO_Q8_SUM(1);
        }
    }
#undef ISO_Q8_ZERO
#undef ISO_Q8_STEP
#undef ISO_Q8_LANE
#undef ISO_Q8_KEEP
#undef ISO_Q8_SUM
}
