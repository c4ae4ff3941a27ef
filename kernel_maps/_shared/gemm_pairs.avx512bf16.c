// A tile of 5 x 5 dot products of bf16 by pairs, AVX512_BF16: one register per output, 25 of 32 registers.

// Groups of 5 rows, each [ceil(k/32)][5][32]; rows and columns past the end are zero.
ISOBIT_UNUSED ISOBIT_AVX512BF16 static inline void iso_gemm_pack_pairs_avx512bf16(uint16_t *dst, const uint16_t *src, size_t count, size_t k)
{
    const size_t steps = (k + 31) / 32;
    const __mmask32 last = (__mmask32)(0xffffffffu >> (steps * 32 - k));
    for (size_t i = 0; i < count; i += 5) {
        for (size_t r = 0; r < 5; r++) {
            uint16_t *out = dst + i * steps * 32 + r * 32;
            const uint16_t *row = src + (i + r) * k;
            for (size_t s = 0; s < steps; s++) {
                const __mmask32 mask = i + r >= count ? 0 : s + 1 < steps ? 0xffffffffu : last;
                _mm512_storeu_si512(out + s * 160, _mm512_maskz_loadu_epi16(mask, mask != 0 ? row + s * 32 : src));
            }
        }
    }
}

// c[5][32] at its first 5 columns = the dot products of 5 rows of x, each of k elements, and 5 packed rows b.
// Fetches into the second-level cache one line from `ahead` on with each step.
ISOBIT_UNUSED ISOBIT_AVX512BF16 static inline void iso_gemm_tile_pairs_avx512bf16(float *c, const uint16_t *const *x, const uint16_t *b,
                                                                                  size_t k, const char *ahead)
{
    const __mmask32 tail = (__mmask32)((UINT32_C(1) << k % 32) - 1);
    size_t i = 0;
#define ISO_GEMM_ZERO(i) \
    __m512 c##i##0 = _mm512_setzero_ps(), c##i##1 = c##i##0, c##i##2 = c##i##0, c##i##3 = c##i##0, c##i##4 = c##i##0
#define ISO_GEMM_ROW(r, mask)                                                  \
    do {                                                                       \
        const __m512bh a = (__m512bh)_mm512_maskz_loadu_epi16(mask, x[r] + i); \
        c##r##0 = _mm512_dpbf16_ps(c##r##0, a, b0);                            \
        c##r##1 = _mm512_dpbf16_ps(c##r##1, a, b1);                            \
        c##r##2 = _mm512_dpbf16_ps(c##r##2, a, b2);                            \
        c##r##3 = _mm512_dpbf16_ps(c##r##3, a, b3);                            \
        c##r##4 = _mm512_dpbf16_ps(c##r##4, a, b4);                            \
    } while (0)
#define ISO_GEMM_STEP(mask)                                        \
    do {                                                           \
        const __m512bh b0 = (__m512bh)_mm512_loadu_si512(b);       \
        const __m512bh b1 = (__m512bh)_mm512_loadu_si512(b + 32);  \
        const __m512bh b2 = (__m512bh)_mm512_loadu_si512(b + 64);  \
        const __m512bh b3 = (__m512bh)_mm512_loadu_si512(b + 96);  \
        const __m512bh b4 = (__m512bh)_mm512_loadu_si512(b + 128); \
        ISO_GEMM_ROW(0, mask);                                     \
        ISO_GEMM_ROW(1, mask);                                     \
        ISO_GEMM_ROW(2, mask);                                     \
        ISO_GEMM_ROW(3, mask);                                     \
        ISO_GEMM_ROW(4, mask);                                     \
    } while (0)
#define ISO_GEMM_SUM(i) _mm_storeu_ps(c + 32 * i, iso_tree16_avx512(c##i##0, c##i##1, c##i##2, c##i##3))
    ISO_GEMM_ZERO(0);
    ISO_GEMM_ZERO(1);
    ISO_GEMM_ZERO(2);
    ISO_GEMM_ZERO(3);
    ISO_GEMM_ZERO(4);
    for (; i + 32 <= k; i += 32) {
        _mm_prefetch(ahead, _MM_HINT_T1);
        ISO_GEMM_STEP(0xffffffff);
        b += 160;
        ahead = (const char *)((uintptr_t)ahead + 64);
    }
    if (tail != 0) {
        ISO_GEMM_STEP(tail);
    }
    ISO_GEMM_SUM(0);
    ISO_GEMM_SUM(1);
    ISO_GEMM_SUM(2);
    ISO_GEMM_SUM(3);
    ISO_GEMM_SUM(4);
    const __m128 fifth = iso_tree16_avx512(c04, c14, c24, c34);
    const __m128 corner = iso_tree16_avx512(c44, c44, c44, c44);
    c[4] = _mm_cvtss_f32(fifth);
    c[32 + 4] = _mm_cvtss_f32(_mm_movehdup_ps(fifth));
    c[64 + 4] = _mm_cvtss_f32(_mm_movehl_ps(fifth, fifth));
    c[96 + 4] = _mm_cvtss_f32(_mm_shuffle_ps(fifth, fifth, 0xff));
    c[128 + 4] = _mm_cvtss_f32(corner);
#undef ISO_GEMM_ZERO
#undef ISO_GEMM_ROW
#undef ISO_GEMM_STEP
#undef ISO_GEMM_SUM
}
