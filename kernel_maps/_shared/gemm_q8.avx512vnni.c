// Tiles of 3 rows x 16 columns of quantised dot products, AVX-512 VNNI: a register holds one of the eight lanes of 16
// outputs, so that neither scales nor sums cross lanes.

// Three rows of x, interleaved by block. The weights count as unsigned with 128 added; `less` takes that back.
typedef struct iso_q8_rows {
    int8_t q[3][32];
    int32_t less[3][8]; // -128 times the sum of 4 elements
    float d[3];
    float unused;
} iso_q8_rows;

// 16 columns of w: [lane][column][4].
typedef struct iso_q8_columns {
    uint8_t q[8][64];
    float d[16];
} iso_q8_columns;

ISOBIT_UNUSED ISOBIT_AVX512VNNI static inline void iso_q8_pack_rows_avx512vnni(iso_q8_rows *dst, const uint8_t *src, size_t count,
                                                                                size_t blocks)
{
    for (size_t i = 0; i < count; i += 3) {
        for (size_t r = 0; r < 3; r++) {
            // rows past the end are rows of the last one, whose products nobody reads
            const uint8_t *row = src + (i + r < count ? i + r : count - 1) * blocks * 34;
            for (size_t b = 0; b < blocks; b++) {
                iso_q8_rows *out = dst + i / 3 * blocks + b;
                const __m256i q = _mm256_loadu_si256((const __m256i *)(const void *)(row + b * 34 + 2));
                _mm256_storeu_si256((__m256i *)(void *)out->q[r], q);
                const __m256i sums = _mm256_dpbusd_epi32(_mm256_setzero_si256(), _mm256_set1_epi8((char)0x80), q);
                _mm256_storeu_si256((__m256i *)(void *)out->less[r], _mm256_sub_epi32(_mm256_setzero_si256(), sums));
                out->d[r] = _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(row[b * 34] | row[b * 34 + 1] << 8)));
            }
        }
    }
}

// Elements of one block as bytes with 128 added.
ISOBIT_UNUSED ISOBIT_AVX512VNNI static inline __m256i iso_q8_unsigned_avx512vnni(const uint8_t *block, int q4)
{
    if (!q4) {
        const __m256i q = _mm256_loadu_si256((const __m256i *)(const void *)(block + 2));
        return _mm256_xor_si256(q, _mm256_set1_epi8((char)0x80));
    }
    const __m128i both = _mm_loadu_si128((const __m128i *)(const void *)(block + 2));
    const __m256i halves = _mm256_inserti128_si256(_mm256_castsi128_si256(both), _mm_srli_epi16(both, 4), 1);
    return _mm256_add_epi8(_mm256_and_si256(halves, _mm256_set1_epi8(15)), _mm256_set1_epi8(120));
}

// Transposes eight columns of eight dwords into the first or second half of every lane's 16 columns.
ISOBIT_UNUSED ISOBIT_AVX512VNNI static inline void iso_q8_turn_avx512vnni(uint8_t (*dst)[64], const __m256i *column)
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
        _mm256_storeu_si256((__m256i *)(void *)dst[i], _mm256_permute2x128_si256(four[i], four[i + 4], 0x20));
        _mm256_storeu_si256((__m256i *)(void *)dst[i + 4], _mm256_permute2x128_si256(four[i], four[i + 4], 0x31));
    }
}

// Columns past the end are columns of the last one.
ISOBIT_UNUSED ISOBIT_AVX512VNNI static inline void iso_q8_pack_columns_avx512vnni(iso_q8_columns *dst, const uint8_t *src, size_t count,
                                                                                   size_t blocks, int q4)
{
    const size_t block = q4 ? 18 : 34;
    for (size_t b = 0; b < blocks; b++) {
        uint16_t scales[16];
        for (size_t half = 0; half < 16; half += 8) {
            __m256i column[8];
            for (size_t j = 0; j < 8; j++) {
                const size_t from = half + j < count ? half + j : count - 1;
                const uint8_t *at = src + (from * blocks + b) * block;
                column[j] = iso_q8_unsigned_avx512vnni(at, q4);
                scales[half + j] = (uint16_t)(at[0] | at[1] << 8);
            }
            iso_q8_turn_avx512vnni((uint8_t(*)[64])(void *)(dst[b].q[0] + 4 * half), column);
        }
        _mm512_storeu_ps(dst[b].d, _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)scales)));
    }
}

// c[3][32] at its first 16 columns = the dot products of three rows and 16 columns.
ISOBIT_UNUSED ISOBIT_AVX512VNNI static inline void iso_q8_tile_avx512vnni(float *c, const iso_q8_rows *x, const iso_q8_columns *w,
                                                                          size_t blocks)
{
#define ISO_Q8_ZERO(i)                                                                                     \
    __m512 c##i##0 = _mm512_setzero_ps(), c##i##1 = c##i##0, c##i##2 = c##i##0, c##i##3 = c##i##0, c##i##4 = c##i##0, \
           c##i##5 = c##i##0, c##i##6 = c##i##0, c##i##7 = c##i##0
#define ISO_Q8_STEP(i, l)                                                                                  \
    do {                                                                                                   \
        int32_t four;                                                                                      \
        memcpy(&four, x->q[i] + 4 * l, sizeof four);                                                       \
        const __m512i s = _mm512_dpbusd_epi32(_mm512_set1_epi32(x->less[i][l]), wl, _mm512_set1_epi32(four)); \
        c##i##l = _mm512_fmadd_ps(d##i, _mm512_cvtepi32_ps(s), c##i##l);                                   \
    } while (0)
#define ISO_Q8_LANE(l)                                   \
    do {                                                 \
        const __m512i wl = _mm512_loadu_si512(w->q[l]);  \
        ISO_Q8_STEP(0, l);                               \
        ISO_Q8_STEP(1, l);                               \
        ISO_Q8_STEP(2, l);                               \
    } while (0)
#define ISO_Q8_SUM(i)                                                                                       \
    _mm512_storeu_ps(c + 32 * i, _mm512_add_ps(_mm512_add_ps(_mm512_add_ps(c##i##0, c##i##4), _mm512_add_ps(c##i##2, c##i##6)), \
                                               _mm512_add_ps(_mm512_add_ps(c##i##1, c##i##5), _mm512_add_ps(c##i##3, c##i##7))))
    ISO_Q8_ZERO(0);
    ISO_Q8_ZERO(1);
    ISO_Q8_ZERO(2);
    for (size_t b = 0; b < blocks; b++) {
        const __m512 dw = _mm512_loadu_ps(w->d);
        const __m512 d0 = _mm512_mul_ps(dw, _mm512_set1_ps(x->d[0]));
        const __m512 d1 = _mm512_mul_ps(dw, _mm512_set1_ps(x->d[1]));
        const __m512 d2 = _mm512_mul_ps(dw, _mm512_set1_ps(x->d[2]));
        ISO_Q8_LANE(0);
        ISO_Q8_LANE(1);
        ISO_Q8_LANE(2);
        ISO_Q8_LANE(3);
        ISO_Q8_LANE(4);
        ISO_Q8_LANE(5);
        ISO_Q8_LANE(6);
        ISO_Q8_LANE(7);
        x++;
        w++;
    }
    ISO_Q8_SUM(0);
    ISO_Q8_SUM(1);
    ISO_Q8_SUM(2);
#undef ISO_Q8_ZERO
#undef ISO_Q8_STEP
#undef ISO_Q8_LANE
#undef ISO_Q8_SUM
}
