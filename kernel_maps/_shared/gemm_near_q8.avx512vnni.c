// Tiles of 6 rows x 32 columns of quantised dot products, AVX-512 VNNI: the integers of a whole block are summed before they meet its
// scales, 24 of 32 registers hold sums.

// Six rows of x, interleaved by block. The weights count as unsigned with 128 added; `less` takes that back.
typedef struct iso_near_q8_rows {
    int8_t q[6][32];
    int32_t less[6]; // -128 times the sum of a block
    float d[6];
} iso_near_q8_rows;

ISOBIT_UNUSED ISOBIT_AVX512VNNI static inline void iso_near_q8_pack_rows_avx512vnni(iso_near_q8_rows *dst, const uint8_t *src, size_t count,
                                                                                    size_t blocks)
{
    for (size_t i = 0; i < count; i += 6) {
        for (size_t r = 0; r < 6; r++) {
            // rows past the end are rows of the last one, whose products nobody reads
            const uint8_t *row = src + (i + r < count ? i + r : count - 1) * blocks * 34;
            for (size_t b = 0; b < blocks; b++) {
                iso_near_q8_rows *out = dst + i / 6 * blocks + b;
                const __m256i q = _mm256_loadu_si256((const __m256i *)(const void *)(row + b * 34 + 2));
                _mm256_storeu_si256((__m256i *)(void *)out->q[r], q);
                const __m256i fours = _mm256_dpbusd_epi32(_mm256_setzero_si256(), _mm256_set1_epi8((char)0x80), q);
                __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(fours), _mm256_extracti128_si256(fours, 1));
                sum = _mm_add_epi32(sum, _mm_unpackhi_epi64(sum, sum));
                sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 1));
                out->less[r] = -_mm_cvtsi128_si32(sum);
                out->d[r] = _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(row[b * 34] | row[b * 34 + 1] << 8)));
            }
        }
    }
}

// c[6][32] = the dot products of six rows and of 32 columns, which are packed by 16.
ISOBIT_UNUSED ISOBIT_AVX512VNNI static inline void iso_near_q8_tile_avx512vnni(float *c, const iso_near_q8_rows *x, const iso_q8_columns *w0,
                                                                               const iso_q8_columns *w1, size_t blocks)
{
#define ISO_NEAR_Q8_EACH(X) X(0) X(1) X(2) X(3) X(4) X(5)
#define ISO_NEAR_Q8_ZERO(i) __m512 c##i##0 = _mm512_setzero_ps(), c##i##1 = c##i##0;
#define ISO_NEAR_Q8_START(i) __m512i s##i##0 = _mm512_set1_epi32(x->less[i]), s##i##1 = s##i##0;
#define ISO_NEAR_Q8_STEP(i)                                        \
    do {                                                           \
        int32_t four;                                              \
        memcpy(&four, x->q[i] + 4 * l, sizeof four);               \
        const __m512i xi = _mm512_set1_epi32(four);                \
        s##i##0 = _mm512_dpbusd_epi32(s##i##0, wl0, xi);           \
        s##i##1 = _mm512_dpbusd_epi32(s##i##1, wl1, xi);           \
    } while (0);
#define ISO_NEAR_Q8_SCALE(i)                                                                   \
    do {                                                                                       \
        const __m512 d = _mm512_set1_ps(x->d[i]);                                              \
        c##i##0 = _mm512_fmadd_ps(_mm512_mul_ps(d, d0), _mm512_cvtepi32_ps(s##i##0), c##i##0); \
        c##i##1 = _mm512_fmadd_ps(_mm512_mul_ps(d, d1), _mm512_cvtepi32_ps(s##i##1), c##i##1); \
    } while (0);
#define ISO_NEAR_Q8_STORE(i)                       \
    _mm512_storeu_ps(c + 32 * i, c##i##0);         \
    _mm512_storeu_ps(c + 32 * i + 16, c##i##1);
    ISO_NEAR_Q8_EACH(ISO_NEAR_Q8_ZERO)
    for (size_t b = 0; b < blocks; b++, x++, w0++, w1++) {
        ISO_NEAR_Q8_EACH(ISO_NEAR_Q8_START)
        for (size_t l = 0; l < 8; l++) {
            const __m512i wl0 = _mm512_loadu_si512(w0->q[l]);
            const __m512i wl1 = _mm512_loadu_si512(w1->q[l]);
            ISO_NEAR_Q8_EACH(ISO_NEAR_Q8_STEP)
        }
        const __m512 d0 = _mm512_loadu_ps(w0->d);
        const __m512 d1 = _mm512_loadu_ps(w1->d);
        ISO_NEAR_Q8_EACH(ISO_NEAR_Q8_SCALE)
    }
    ISO_NEAR_Q8_EACH(ISO_NEAR_Q8_STORE)
#undef ISO_NEAR_Q8_EACH
#undef ISO_NEAR_Q8_ZERO
#undef ISO_NEAR_Q8_START
#undef ISO_NEAR_Q8_STEP
#undef ISO_NEAR_Q8_SCALE
#undef ISO_NEAR_Q8_STORE
}
