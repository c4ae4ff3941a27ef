// Products of bf16 pairs for classes of a bound: tiles of 6 rows x 64 columns, 24 of 32 registers, AVX512_BF16.

// Transposes 16 rows of 16 pairs.
ISOBIT_UNUSED ISOBIT_AVX512BF16 static inline void iso_near_turn_avx512bf16(__m512i *r)
{
    __m512i a[16];
    for (int i = 0; i < 16; i += 4) {
        const __m512i low0 = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        const __m512i high0 = _mm512_unpackhi_epi32(r[i], r[i + 1]);
        const __m512i low1 = _mm512_unpacklo_epi32(r[i + 2], r[i + 3]);
        const __m512i high1 = _mm512_unpackhi_epi32(r[i + 2], r[i + 3]);
        a[i] = _mm512_unpacklo_epi64(low0, low1);
        a[i + 1] = _mm512_unpackhi_epi64(low0, low1);
        a[i + 2] = _mm512_unpacklo_epi64(high0, high1);
        a[i + 3] = _mm512_unpackhi_epi64(high0, high1);
    }
    for (int i = 0; i < 4; i++) {
        const __m512i low0 = _mm512_shuffle_i32x4(a[i], a[i + 4], 0x88);
        const __m512i high0 = _mm512_shuffle_i32x4(a[i], a[i + 4], 0xdd);
        const __m512i low1 = _mm512_shuffle_i32x4(a[i + 8], a[i + 12], 0x88);
        const __m512i high1 = _mm512_shuffle_i32x4(a[i + 8], a[i + 12], 0xdd);
        r[i] = _mm512_shuffle_i32x4(low0, low1, 0x88);
        r[i + 8] = _mm512_shuffle_i32x4(low0, low1, 0xdd);
        r[i + 4] = _mm512_shuffle_i32x4(high0, high1, 0x88);
        r[i + 12] = _mm512_shuffle_i32x4(high0, high1, 0xdd);
    }
}

// Elements i .. i+31 of a row, rounded to bf16; those from k on are zero.
ISOBIT_UNUSED ISOBIT_AVX512BF16 static inline __m512i iso_near_load_avx512bf16(const void *row, size_t i, size_t k, int source)
{
    const uint32_t mask = k - i < 32 ? (UINT32_C(1) << (k - i)) - 1 : UINT32_MAX;
    const __m512 low = iso_gemm_load_avx512(row, i, (__mmask16)mask, source);
    const __m512 high = mask >> 16 == 0 ? _mm512_setzero_ps() : iso_gemm_load_avx512(row, i + 16, (__mmask16)(mask >> 16), source);
    return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

// dst[ceil(k/2)][64][2] = up to 64 rows of src, transposed by pairs; columns past the end are zero.
ISOBIT_UNUSED ISOBIT_AVX512BF16 static inline void iso_near_pack_columns_avx512bf16(uint16_t *dst, const void *src, int source, size_t count,
                                                                                    size_t k)
{
    const size_t pairs = (k + 1) / 2;
    for (size_t c = 0; c < 64; c += 16) {
        for (size_t e = 0; e < pairs; e += 16) {
            __m512i r[16];
            for (size_t i = 0; i < 16; i++) {
                r[i] = c + i < count ? iso_near_load_avx512bf16(iso_gemm_row_avx512(src, c + i, k, source), 2 * e, k, source)
                                     : _mm512_setzero_si512();
            }
            iso_near_turn_avx512bf16(r);
            for (size_t j = 0; j < 16 && e + j < pairs; j++) {
                _mm512_storeu_si512(dst + ((e + j) * 64 + c) * 2, r[j]);
            }
        }
    }
}

// dst[count][k rounded up to 32] = rows of f32, zero past their ends.
ISOBIT_UNUSED ISOBIT_AVX512BF16 static inline void iso_near_pack_rows_avx512bf16(uint16_t *dst, const float *src, size_t count, size_t k)
{
    const size_t padded = (k + 31) / 32 * 32;
    for (size_t i = 0; i < count; i++) {
        for (size_t e = 0; e < k; e += 32) {
            _mm512_storeu_si512(dst + i * padded + e, iso_near_load_avx512bf16(src + i * k, e, k, ISO_GEMM_F32));
        }
    }
}

// c[6][64] = the products of 6 rows a (`row` elements apart) and 64 packed columns b over `pairs` pairs.
ISOBIT_UNUSED ISOBIT_AVX512BF16 static inline void iso_near_tile_avx512bf16(float *c, const uint16_t *a, size_t row, const uint16_t *b,
                                                                            size_t pairs)
{
#define ISO_NEAR_ZERO(i) __m512 c##i##0 = _mm512_setzero_ps(), c##i##1 = c##i##0, c##i##2 = c##i##0, c##i##3 = c##i##0
#define ISO_NEAR_STEP(i)                                                  \
    do {                                                                  \
        int32_t pair;                                                     \
        memcpy(&pair, a + i * row, sizeof pair);                          \
        const __m512bh ai = (__m512bh)_mm512_set1_epi32(pair);            \
        c##i##0 = _mm512_dpbf16_ps(c##i##0, ai, b0);                      \
        c##i##1 = _mm512_dpbf16_ps(c##i##1, ai, b1);                      \
        c##i##2 = _mm512_dpbf16_ps(c##i##2, ai, b2);                      \
        c##i##3 = _mm512_dpbf16_ps(c##i##3, ai, b3);                      \
    } while (0)
#define ISO_NEAR_STORE(i)                             \
    do {                                              \
        _mm512_storeu_ps(c + 64 * i, c##i##0);        \
        _mm512_storeu_ps(c + 64 * i + 16, c##i##1);   \
        _mm512_storeu_ps(c + 64 * i + 32, c##i##2);   \
        _mm512_storeu_ps(c + 64 * i + 48, c##i##3);   \
    } while (0)
    ISO_NEAR_ZERO(0);
    ISO_NEAR_ZERO(1);
    ISO_NEAR_ZERO(2);
    ISO_NEAR_ZERO(3);
    ISO_NEAR_ZERO(4);
    ISO_NEAR_ZERO(5);
    for (size_t e = 0; e < pairs; e++) {
        const __m512bh b0 = (__m512bh)_mm512_loadu_si512(b);
        const __m512bh b1 = (__m512bh)_mm512_loadu_si512(b + 32);
        const __m512bh b2 = (__m512bh)_mm512_loadu_si512(b + 64);
        const __m512bh b3 = (__m512bh)_mm512_loadu_si512(b + 96);
        ISO_NEAR_STEP(0);
        ISO_NEAR_STEP(1);
        ISO_NEAR_STEP(2);
        ISO_NEAR_STEP(3);
        ISO_NEAR_STEP(4);
        ISO_NEAR_STEP(5);
        a += 2;
        b += 128;
    }
    ISO_NEAR_STORE(0);
    ISO_NEAR_STORE(1);
    ISO_NEAR_STORE(2);
    ISO_NEAR_STORE(3);
    ISO_NEAR_STORE(4);
    ISO_NEAR_STORE(5);
#undef ISO_NEAR_ZERO
#undef ISO_NEAR_STEP
#undef ISO_NEAR_STORE
}
