// A tile of 5 x 10 dot products with 8 accumulator lanes, AVX-512: two outputs per register, 25 of 32 registers.

// c[5][32] at its first 10 columns = the dot products of 5 packed rows a and 10 packed rows b.
// Fetches into the second-level cache one line of `ahead` per step.
ISOBIT_UNUSED ISOBIT_AVX512 static inline void iso_gemm_tile8_avx512(float *c, const float *a, const float *b, size_t steps,
                                                                     const float *ahead)
{
#define ISO_GEMM_ZERO(i) \
    __m512 c##i##0 = _mm512_setzero_ps(), c##i##1 = c##i##0, c##i##2 = c##i##0, c##i##3 = c##i##0, c##i##4 = c##i##0
#define ISO_GEMM_STEP(i)                                                             \
    do {                                                                             \
        const __m512 ai = _mm512_broadcast_f32x8(_mm256_load_ps(a + 8 * i));         \
        c##i##0 = _mm512_fmadd_ps(ai, b0, c##i##0);                                  \
        c##i##1 = _mm512_fmadd_ps(ai, b1, c##i##1);                                  \
        c##i##2 = _mm512_fmadd_ps(ai, b2, c##i##2);                                  \
        c##i##3 = _mm512_fmadd_ps(ai, b3, c##i##3);                                  \
        c##i##4 = _mm512_fmadd_ps(ai, b4, c##i##4);                                  \
    } while (0)
#define ISO_GEMM_SUM(i)                                                                                          \
    _mm256_storeu_ps(c + 32 * i, iso_tree8_avx512(iso_fold8_avx512(c##i##0, c##i##1),                  \
                                                       iso_fold8_avx512(c##i##2, c##i##3)))
    ISO_GEMM_ZERO(0);
    ISO_GEMM_ZERO(1);
    ISO_GEMM_ZERO(2);
    ISO_GEMM_ZERO(3);
    ISO_GEMM_ZERO(4);
    for (size_t s = 0; s < steps; s++) {
        const __m512 b0 = _mm512_loadu_ps(b);
        const __m512 b1 = _mm512_loadu_ps(b + 16);
        const __m512 b2 = _mm512_loadu_ps(b + 32);
        const __m512 b3 = _mm512_loadu_ps(b + 48);
        const __m512 b4 = _mm512_loadu_ps(b + 64);
        _mm_prefetch((const char *)(ahead + 16 * s), _MM_HINT_T1);
        ISO_GEMM_STEP(0);
        ISO_GEMM_STEP(1);
        ISO_GEMM_STEP(2);
        ISO_GEMM_STEP(3);
        ISO_GEMM_STEP(4);
        a += 40;
        b += 80;
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
#undef ISO_GEMM_STEP
#undef ISO_GEMM_SUM
}
