// Tiles of 3 x 4 dot products, NEON: eight lanes of an output in two registers, 24 of 32 registers.

// acc[12][8] (row, then column) starts at zero or goes on, over `steps` steps of 3 packed rows a and 4 packed rows b.
ISOBIT_UNUSED ISOBIT_NEON static inline void iso_gemm_steps_neon(float *acc, int start, const float *a, const float *b, size_t steps)
{
#define ISO_GEMM_NAMES(i) c##i##00, c##i##01, c##i##10, c##i##11, c##i##20, c##i##21, c##i##30, c##i##31
#define ISO_GEMM_EACH(what, i) what(i, 0, 0) what(i, 0, 1) what(i, 1, 0) what(i, 1, 1) what(i, 2, 0) what(i, 2, 1) what(i, 3, 0) what(i, 3, 1)
#define ISO_GEMM_ALL(what) ISO_GEMM_EACH(what, 0) ISO_GEMM_EACH(what, 1) ISO_GEMM_EACH(what, 2)
#define ISO_GEMM_ZERO(i, j, h) c##i##j##h = vdupq_n_f32(0.0f);
#define ISO_GEMM_LOAD(i, j, h) c##i##j##h = vld1q_f32(acc + 32 * i + 8 * j + 4 * h);
#define ISO_GEMM_STORE(i, j, h) vst1q_f32(acc + 32 * i + 8 * j + 4 * h, c##i##j##h);
#define ISO_GEMM_STEP(j)                                    \
    do {                                                    \
        const float32x4_t low = vld1q_f32(b + 8 * j);       \
        const float32x4_t high = vld1q_f32(b + 8 * j + 4);  \
        c0##j##0 = vfmaq_f32(c0##j##0, a00, low);           \
        c0##j##1 = vfmaq_f32(c0##j##1, a01, high);          \
        c1##j##0 = vfmaq_f32(c1##j##0, a10, low);           \
        c1##j##1 = vfmaq_f32(c1##j##1, a11, high);          \
        c2##j##0 = vfmaq_f32(c2##j##0, a20, low);           \
        c2##j##1 = vfmaq_f32(c2##j##1, a21, high);          \
    } while (0)
    float32x4_t ISO_GEMM_NAMES(0), ISO_GEMM_NAMES(1), ISO_GEMM_NAMES(2);
    if (start) {
        ISO_GEMM_ALL(ISO_GEMM_ZERO)
    } else {
        ISO_GEMM_ALL(ISO_GEMM_LOAD)
    }
    for (size_t s = 0; s < steps; s++) {
        const float32x4_t a00 = vld1q_f32(a), a01 = vld1q_f32(a + 4);
        const float32x4_t a10 = vld1q_f32(a + 8), a11 = vld1q_f32(a + 12);
        const float32x4_t a20 = vld1q_f32(a + 16), a21 = vld1q_f32(a + 20);
        ISO_GEMM_STEP(0);
        ISO_GEMM_STEP(1);
        ISO_GEMM_STEP(2);
        ISO_GEMM_STEP(3);
        a += 24;
        b += 32;
    }
    ISO_GEMM_ALL(ISO_GEMM_STORE)
#undef ISO_GEMM_NAMES
#undef ISO_GEMM_EACH
#undef ISO_GEMM_ALL
#undef ISO_GEMM_ZERO
#undef ISO_GEMM_LOAD
#undef ISO_GEMM_STORE
#undef ISO_GEMM_STEP
}

// Eight lanes, or sixteen folded into eight, halved to four; the upper eight lie one set of accumulators further on.
ISOBIT_UNUSED ISOBIT_NEON static inline float32x4_t iso_gemm_four_neon(const float *acc, size_t eights)
{
    const float32x4_t low = vld1q_f32(acc), high = vld1q_f32(acc + 4);
    if (eights == 2) {
        return vaddq_f32(vaddq_f32(low, vld1q_f32(acc + 96)), vaddq_f32(high, vld1q_f32(acc + 100)));
    }
    return vaddq_f32(low, high);
}

// c[3][32] at its first `cols` columns = the dot products of 3 packed rows a and up to 32 packed rows b.
// acc: [8][lanes/8][12][8] floats. The row is walked in pieces, so that a piece of a stays in the first-level cache;
// an accumulator is set aside between pieces and goes on as it was.
ISOBIT_UNUSED ISOBIT_NEON static inline void iso_gemm_panel_neon(float *c, const float *a, const float *b, size_t cols, size_t steps,
                                                                 size_t lanes, float *acc)
{
    const size_t eights = lanes / 8;
    const size_t groups = (cols + 3) / 4;
    for (size_t h = 0; h < eights; h++) {
        const size_t piece = (steps + (steps + 95) / 96 - 1) / ((steps + 95) / 96);
        for (size_t s = 0; s < steps; s += piece) {
            const size_t count = steps - s < piece ? steps - s : piece;
            for (size_t g = 0; g < groups; g++) {
                iso_gemm_steps_neon(acc + (g * eights + h) * 96, s == 0, a + (h * steps + s) * 24,
                                    b + ((g * eights + h) * steps + s) * 32, count);
            }
        }
    }
    for (size_t g = 0; g < groups; g++) {
        for (size_t i = 0; i < 3; i++) {
            const float *low = acc + g * eights * 96 + i * 32;
            vst1q_f32(c + i * 32 + g * 4, iso_tree4_neon(iso_gemm_four_neon(low, eights), iso_gemm_four_neon(low + 8, eights),
                                                         iso_gemm_four_neon(low + 16, eights), iso_gemm_four_neon(low + 24, eights)));
        }
    }
}
