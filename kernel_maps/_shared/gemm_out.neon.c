// The rows of a finished tile: bias, residual and GELU, each rounded as the separate ops round, NEON.
// A tile's rows have room for a multiple of four columns, what they are added to has not.

ISOBIT_UNUSED ISOBIT_NEON static inline float32x4_t iso_gemm_take_neon(const float *p, size_t count)
{
    if (count >= 4) {
        return vld1q_f32(p);
    }
    float four[4] = {0};
    memcpy(four, p, count * sizeof *p);
    return vld1q_f32(four);
}

ISOBIT_UNUSED ISOBIT_NEON static inline void iso_gemm_give_neon(float *p, float32x4_t v, size_t count)
{
    if (count >= 4) {
        vst1q_f32(p, v);
        return;
    }
    float four[4];
    vst1q_f32(four, v);
    memcpy(p, four, count * sizeof *p);
}

ISOBIT_UNUSED ISOBIT_NEON static inline void iso_gemm_out_neon(float *y, const float *dot, size_t count)
{
    memcpy(y, dot, count * sizeof *y);
}

ISOBIT_UNUSED ISOBIT_NEON static inline void iso_gemm_out_bias_neon(float *y, const float *dot, const float *bias, size_t count)
{
    for (size_t j = 0; j < count; j += 4) {
        iso_gemm_give_neon(y + j, vaddq_f32(vld1q_f32(dot + j), iso_gemm_take_neon(bias + j, count - j)), count - j);
    }
}

ISOBIT_UNUSED ISOBIT_NEON static inline void iso_gemm_out_bias_add_neon(float *y, const float *dot, const float *bias,
                                                                        const float *residual, size_t count)
{
    for (size_t j = 0; j < count; j += 4) {
        const float32x4_t v = vaddq_f32(vld1q_f32(dot + j), iso_gemm_take_neon(bias + j, count - j));
        iso_gemm_give_neon(y + j, vaddq_f32(v, iso_gemm_take_neon(residual + j, count - j)), count - j);
    }
}

ISOBIT_UNUSED ISOBIT_NEON static inline void iso_gemm_out_bias_gelu_neon(float *y, const float *dot, const float *bias,
                                                                         const uint16_t *table, size_t count)
{
    for (size_t j = 0; j < count; j += 4) {
        const float32x4_t v = vaddq_f32(vld1q_f32(dot + j), iso_gemm_take_neon(bias + j, count - j));
        uint16_t h[4];
        vst1_u16(h, vreinterpret_u16_f16(vcvt_f16_f32(v)));
        for (int i = 0; i < 4; i++) {
            h[i] = table[h[i]];
        }
        const float32x4_t looked_up = vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(h)));
        const uint32x4_t zero = vcleq_f32(v, vdupq_n_f32(-10.0f));
        const uint32x4_t large = vcgeq_f32(v, vdupq_n_f32(10.0f));
        const float32x4_t inner = vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(looked_up), zero));
        iso_gemm_give_neon(y + j, vbslq_f32(large, v, inner), count - j);
    }
}
