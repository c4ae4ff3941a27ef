// A tile of 5 x 5 dot products with 16 accumulator lanes, AVX-512: one register per output, 25 of 32 registers.

// c[5][32] at its first 5 columns = the dot products of 5 rows of x, each of k elements, and 5 packed rows b.
// Fetches into the second-level cache 16 elements of x from `ahead` on with each step.
ISO_GEMM_INLINE void iso_gemm_tile16_avx512(float *c, const void *const *x, int source, const float *b, size_t k, const char *ahead)
{
    const size_t line = 16 * iso_gemm_size_avx512(source);
    const __mmask16 tail = (__mmask16)((1u << k % 16) - 1u);
    size_t i = 0;
#define ISO_GEMM_ZERO(i) \
    __m512 c##i##0 = _mm512_setzero_ps(), c##i##1 = c##i##0, c##i##2 = c##i##0, c##i##3 = c##i##0, c##i##4 = c##i##0
#define ISO_GEMM_ROW(r, mask)                                         \
    do {                                                              \
        const __m512 a = iso_gemm_load_avx512(x[r], i, mask, source); \
        c##r##0 = _mm512_fmadd_ps(a, b0, c##r##0);                    \
        c##r##1 = _mm512_fmadd_ps(a, b1, c##r##1);                    \
        c##r##2 = _mm512_fmadd_ps(a, b2, c##r##2);                    \
        c##r##3 = _mm512_fmadd_ps(a, b3, c##r##3);                    \
        c##r##4 = _mm512_fmadd_ps(a, b4, c##r##4);                    \
    } while (0)
#define ISO_GEMM_STEP(mask)                       \
    do {                                          \
        const __m512 b0 = _mm512_load_ps(b);      \
        const __m512 b1 = _mm512_load_ps(b + 16); \
        const __m512 b2 = _mm512_load_ps(b + 32); \
        const __m512 b3 = _mm512_load_ps(b + 48); \
        const __m512 b4 = _mm512_load_ps(b + 64); \
        ISO_GEMM_ROW(0, mask);                    \
        ISO_GEMM_ROW(1, mask);                    \
        ISO_GEMM_ROW(2, mask);                    \
        ISO_GEMM_ROW(3, mask);                    \
        ISO_GEMM_ROW(4, mask);                    \
    } while (0)
#define ISO_GEMM_SUM(i) _mm_storeu_ps(c + 32 * i, iso_tree16_avx512(c##i##0, c##i##1, c##i##2, c##i##3))
    ISO_GEMM_ZERO(0);
    ISO_GEMM_ZERO(1);
    ISO_GEMM_ZERO(2);
    ISO_GEMM_ZERO(3);
    ISO_GEMM_ZERO(4);
    for (; i + 16 <= k; i += 16) {
        _mm_prefetch(ahead, _MM_HINT_T1);
        ISO_GEMM_STEP(0xffff);
        b += 80;
        ahead = (const char *)((uintptr_t)ahead + line);
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
