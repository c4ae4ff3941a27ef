// Tiles of 3 x 4 dot products, AVX2: eight lanes of an output per register, 12 of 16 registers.

// acc[12][8] (row, then column) starts at zero or goes on, over `steps` steps of 3 packed rows a and 4 packed rows b.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_gemm_steps_avx2(float *acc, int start, const float *a, const float *b, size_t steps)
{
#define ISO_GEMM_ZERO(i) \
    __m256 c##i##0 = _mm256_setzero_ps(), c##i##1 = c##i##0, c##i##2 = c##i##0, c##i##3 = c##i##0
#define ISO_GEMM_LOAD(i)                            \
    do {                                            \
        c##i##0 = _mm256_load_ps(acc + 32 * i);      \
        c##i##1 = _mm256_load_ps(acc + 32 * i + 8);  \
        c##i##2 = _mm256_load_ps(acc + 32 * i + 16); \
        c##i##3 = _mm256_load_ps(acc + 32 * i + 24); \
    } while (0)
#define ISO_GEMM_STEP(j)                                     \
    do {                                                     \
        const __m256 bj = _mm256_load_ps(b + 8 * j);         \
        c0##j = _mm256_fmadd_ps(a0, bj, c0##j);              \
        c1##j = _mm256_fmadd_ps(a1, bj, c1##j);              \
        c2##j = _mm256_fmadd_ps(a2, bj, c2##j);              \
    } while (0)
#define ISO_GEMM_STORE(i)                          \
    do {                                           \
        _mm256_store_ps(acc + 32 * i, c##i##0);      \
        _mm256_store_ps(acc + 32 * i + 8, c##i##1);  \
        _mm256_store_ps(acc + 32 * i + 16, c##i##2); \
        _mm256_store_ps(acc + 32 * i + 24, c##i##3); \
    } while (0)
    ISO_GEMM_ZERO(0);
    ISO_GEMM_ZERO(1);
    ISO_GEMM_ZERO(2);
    if (!start) {
        ISO_GEMM_LOAD(0);
        ISO_GEMM_LOAD(1);
        ISO_GEMM_LOAD(2);
    }
    for (size_t s = 0; s < steps; s++) {
        const __m256 a0 = _mm256_load_ps(a);
        const __m256 a1 = _mm256_load_ps(a + 8);
        const __m256 a2 = _mm256_load_ps(a + 16);
        ISO_GEMM_STEP(0);
        ISO_GEMM_STEP(1);
        ISO_GEMM_STEP(2);
        ISO_GEMM_STEP(3);
        a += 24;
        b += 32;
    }
    ISO_GEMM_STORE(0);
    ISO_GEMM_STORE(1);
    ISO_GEMM_STORE(2);
#undef ISO_GEMM_ZERO
#undef ISO_GEMM_LOAD
#undef ISO_GEMM_STEP
#undef ISO_GEMM_STORE
}

// Eight lanes, or sixteen folded into eight: the upper ones lie one set of accumulators further on.
ISOBIT_UNUSED ISOBIT_AVX2 static inline __m256 iso_gemm_eight_avx2(const float *acc, size_t eights)
{
    const __m256 low = _mm256_load_ps(acc);
    return eights == 2 ? _mm256_add_ps(low, _mm256_load_ps(acc + 96)) : low;
}

// c[3][32] at its first `cols` columns = the dot products of 3 packed rows a and up to 32 packed rows b.
// acc: [8][lanes/8][12][8] floats. The row is walked in pieces, so that a piece of a stays in the first-level cache;
// an accumulator is set aside between pieces and goes on as it was.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_gemm_panel_avx2(float *c, const float *a, const float *b, size_t cols, size_t steps,
                                                                  size_t lanes, float *acc)
{
    const size_t eights = lanes / 8;
    const size_t groups = (cols + 3) / 4;
    for (size_t h = 0; h < eights; h++) {
        const size_t piece = (steps + (steps + 95) / 96 - 1) / ((steps + 95) / 96);
        for (size_t s = 0; s < steps; s += piece) {
            const size_t count = steps - s < piece ? steps - s : piece;
            for (size_t g = 0; g < groups; g++) {
                iso_gemm_steps_avx2(acc + (g * eights + h) * 96, s == 0, a + (h * steps + s) * 24,
                                    b + ((g * eights + h) * steps + s) * 32, count);
            }
        }
    }
    for (size_t g = 0; g < groups; g++) {
        for (size_t i = 0; i < 3; i++) {
            const float *low = acc + g * eights * 96 + i * 32;
            _mm_storeu_ps(c + i * 32 + g * 4,
                          iso_tree8_avx2(iso_gemm_eight_avx2(low, eights), iso_gemm_eight_avx2(low + 8, eights),
                                              iso_gemm_eight_avx2(low + 16, eights), iso_gemm_eight_avx2(low + 24, eights)));
        }
    }
}
