// Tiles of 2 rows x 4 columns of quantised dot products, NEON: the eight lanes of an output in two registers.

// acc[2] goes on by one block: the products of x and w summed by fours, times both scales.
ISOBIT_UNUSED ISOBIT_NEON static inline void iso_q8_step_neon(float32x4_t acc[2], const iso_q8_block *x, const iso_q8_block *w)
{
    const int8x16_t x0 = vld1q_s8(x->q), x1 = vld1q_s8(x->q + 16);
    const int8x16_t w0 = vld1q_s8(w->q), w1 = vld1q_s8(w->q + 16);
    const int32x4_t a = vpaddlq_s16(vmull_s8(vget_low_s8(x0), vget_low_s8(w0))), b = vpaddlq_s16(vmull_high_s8(x0, w0));
    const int32x4_t c = vpaddlq_s16(vmull_s8(vget_low_s8(x1), vget_low_s8(w1))), d = vpaddlq_s16(vmull_high_s8(x1, w1));
    const float32x4_t scale = vdupq_n_f32(w->d * x->d);
    acc[0] = vfmaq_f32(acc[0], scale, vcvtq_f32_s32(vpaddq_s32(a, b)));
    acc[1] = vfmaq_f32(acc[1], scale, vcvtq_f32_s32(vpaddq_s32(c, d)));
}

// c[2][32] at its first 4 columns = the dot products of two rows (`x_row` blocks apart) and four columns (`blocks` apart).
ISOBIT_UNUSED ISOBIT_NEON static inline void iso_q8_tile_neon(float *c, const iso_q8_block *x, size_t x_row, const iso_q8_block *w,
                                                              size_t blocks)
{
    float32x4_t acc[2][4][2];
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < 4; j++) {
            acc[i][j][0] = acc[i][j][1] = vdupq_n_f32(0.0f);
        }
    }
    for (size_t b = 0; b < blocks; b++) {
        for (size_t j = 0; j < 4; j++) {
            iso_q8_step_neon(acc[0][j], x + b, w + j * blocks + b);
            iso_q8_step_neon(acc[1][j], x + x_row + b, w + j * blocks + b);
        }
    }
    for (size_t i = 0; i < 2; i++) {
        vst1q_f32(c + 32 * i, iso_tree4_neon(vaddq_f32(acc[i][0][0], acc[i][0][1]), vaddq_f32(acc[i][1][0], acc[i][1][1]),
                                             vaddq_f32(acc[i][2][0], acc[i][2][1]), vaddq_f32(acc[i][3][0], acc[i][3][1])));
    }
}
