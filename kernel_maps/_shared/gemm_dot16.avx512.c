// A tile of 5 x 5 dot products with 16 accumulator lanes, AVX-512: one register per output, 25 of 32 registers.

// c[5][32] at its first 5 columns = the dot products of 5 packed rows a and 5 packed rows b.
// Fetches into the second-level cache one line of `ahead` per step.
ISOBIT_UNUSED ISOBIT_AVX512 static inline void iso_gemm_tile16_avx512(float *c, const float *a, const float *b, size_t steps,
                                                                     const float *ahead)
{
#define ISO_GEMM_ZERO(i) \
    __m512 c##i##0 = _mm512_setzero_ps(), c##i##1 = c##i##0, c##i##2 = c##i##0, c##i##3 = c##i##0, c##i##4 = c##i##0
#define ISO_GEMM_STEP(i)                                 \
    do {                                                 \
        const __m512 ai = _mm512_load_ps(a + 16 * i);    \
        c##i##0 = _mm512_fmadd_ps(ai, b0, c##i##0);      \
        c##i##1 = _mm512_fmadd_ps(ai, b1, c##i##1);      \
        c##i##2 = _mm512_fmadd_ps(ai, b2, c##i##2);      \
        c##i##3 = _mm512_fmadd_ps(ai, b3, c##i##3);      \
        c##i##4 = _mm512_fmadd_ps(ai, b4, c##i##4);      \
    } while (0)
#define ISO_GEMM_SUM(i) _mm_storeu_ps(c + 32 * i, iso_tree16_avx512(c##i##0, c##i##1, c##i##2, c##i##3))
    ISO_GEMM_ZERO(0);
    ISO_GEMM_ZERO(1);
    ISO_GEMM_ZERO(2);
    ISO_GEMM_ZERO(3);
    ISO_GEMM_ZERO(4);
    for (size_t s = 0; s < steps; s++) {
        const __m512 b0 = _mm512_load_ps(b);
        const __m512 b1 = _mm512_load_ps(b + 16);
        const __m512 b2 = _mm512_load_ps(b + 32);
        const __m512 b3 = _mm512_load_ps(b + 48);
        const __m512 b4 = _mm512_load_ps(b + 64);
        _mm_prefetch((const char *)(ahead + 16 * s), _MM_HINT_T1);
        ISO_GEMM_STEP(0);
        ISO_GEMM_STEP(1);
        ISO_GEMM_STEP(2);
        ISO_GEMM_STEP(3);
        ISO_GEMM_STEP(4);
        a += 80;
        b += 80;
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
#undef ISO_GEMM_STEP
#undef ISO_GEMM_SUM
}
