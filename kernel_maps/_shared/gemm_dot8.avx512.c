// A tile of 5 x 10 dot products with 8 accumulator lanes, AVX-512: two outputs per register, 25 of 32 registers.

// c[5][32] at its first 10 columns = the dot products of 5 rows of x, each of k elements, and 10 packed rows b.
// Fetches into the second-level cache 16 elements of x from `ahead` on with each step.
ISO_GEMM_INLINE void iso_gemm_tile8_avx512(float *c, const void *const *x, int source, const float *b, size_t k, const char *ahead)
{
    const size_t line = 16 * iso_gemm_size_avx512(source);
    const __mmask8 tail = (__mmask8)((1u << k % 8) - 1u);
    size_t i = 0;
#define ISO_GEMM_ZERO(i) \
    __m512 c##i##0 = _mm512_setzero_ps(), c##i##1 = c##i##0, c##i##2 = c##i##0, c##i##3 = c##i##0, c##i##4 = c##i##0
#define ISO_GEMM_ROW(r, mask)                                               \
    do {                                                                    \
        const __m512 a = iso_gemm_load_twice_avx512(x[r], i, mask, source); \
        c##r##0 = _mm512_fmadd_ps(a, b0, c##r##0);                          \
        c##r##1 = _mm512_fmadd_ps(a, b1, c##r##1);                          \
        c##r##2 = _mm512_fmadd_ps(a, b2, c##r##2);                          \
        c##r##3 = _mm512_fmadd_ps(a, b3, c##r##3);                          \
        c##r##4 = _mm512_fmadd_ps(a, b4, c##r##4);                          \
    } while (0)
#define ISO_GEMM_STEP(mask)                        \
    do {                                           \
        const __m512 b0 = _mm512_loadu_ps(b);      \
        const __m512 b1 = _mm512_loadu_ps(b + 16); \
        const __m512 b2 = _mm512_loadu_ps(b + 32); \
        const __m512 b3 = _mm512_loadu_ps(b + 48); \
        const __m512 b4 = _mm512_loadu_ps(b + 64); \
        ISO_GEMM_ROW(0, mask);                     \
        ISO_GEMM_ROW(1, mask);                     \
        ISO_GEMM_ROW(2, mask);                     \
        ISO_GEMM_ROW(3, mask);                     \
        ISO_GEMM_ROW(4, mask);                     \
    } while (0)
#define ISO_GEMM_SUM(i)                                                               \
    _mm256_storeu_ps(c + 32 * i, iso_tree8_avx512(iso_fold8_avx512(c##i##0, c##i##1), \
                                                       iso_fold8_avx512(c##i##2, c##i##3)))
    ISO_GEMM_ZERO(0);
    ISO_GEMM_ZERO(1);
    ISO_GEMM_ZERO(2);
    ISO_GEMM_ZERO(3);
    ISO_GEMM_ZERO(4);
    for (; i + 8 <= k; i += 8) {
        _mm_prefetch(ahead, _MM_HINT_T1);
        ISO_GEMM_STEP(0xff);
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
    // The last two columns of rows 0 to 3, then of row 4.
    float rest[8];
    _mm256_storeu_ps(rest, iso_tree8_avx512(iso_fold8_avx512(c04, c14), iso_fold8_avx512(c24, c34)));
    for (int i = 0; i < 4; i++) {
        memcpy(c + 32 * i + 8, rest + 2 * i, 2 * sizeof *c);
    }
    const __m512 corner = iso_fold8_avx512(c44, c44);
    _mm256_storeu_ps(rest, iso_tree8_avx512(corner, corner));
    memcpy(c + 32 * 4 + 8, rest, 2 * sizeof *c);
#undef ISO_GEMM_ZERO
#undef ISO_GEMM_ROW
#undef ISO_GEMM_STEP
#undef ISO_GEMM_SUM
}
