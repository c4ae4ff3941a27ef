// Rows widened to f32 and laid out for the matrix product tiles, NEON.

enum {
    ISO_GEMM_F16_NEON,
    ISO_GEMM_F32_NEON,
    ISO_GEMM_F32_AS_F16_NEON,
    ISO_GEMM_BF16_NEON,
    ISO_GEMM_Q8_0_NEON, // whole blocks only, here and below
    ISO_GEMM_Q4_0_NEON
};

// Bytes of a row of k elements.
ISOBIT_UNUSED static inline size_t iso_gemm_row_bytes_neon(size_t k, int source)
{
    switch (source) {
    case ISO_GEMM_F16_NEON:
    case ISO_GEMM_BF16_NEON:
        return k * 2;
    case ISO_GEMM_Q8_0_NEON:
        return k / 32 * 34;
    case ISO_GEMM_Q4_0_NEON:
        return k / 32 * 18;
    default:
        return k * 4;
    }
}

// Elements i .. i+3 of a row of quantised blocks.
ISOBIT_UNUSED ISOBIT_NEON static inline float32x4_t iso_gemm_load_block_neon(const uint8_t *row, size_t i, int source)
{
    const size_t at = i % 32;
    const uint8_t *block = row + i / 32 * (source == ISO_GEMM_Q8_0_NEON ? 34 : 18);
    const uint16_t scale = (uint16_t)(block[0] | block[1] << 8);
    const float32x4_t d = vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(scale)));
    int32_t q[4];
    for (size_t j = 0; j < 4; j++) {
        if (source == ISO_GEMM_Q8_0_NEON) {
            q[j] = (int8_t)block[2 + at + j];
        } else {
            const uint8_t pair = block[2 + at % 16 + j];
            q[j] = (at < 16 ? pair & 15 : pair >> 4) - 8;
        }
    }
    return vmulq_f32(d, vcvtq_f32_s32(vld1q_s32(q)));
}

// Four elements of a row.
ISOBIT_UNUSED ISOBIT_NEON static inline float32x4_t iso_gemm_load_neon(const void *row, size_t i, int source)
{
    if (source == ISO_GEMM_F16_NEON) {
        return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16((const uint16_t *)row + i)));
    }
    if (source == ISO_GEMM_BF16_NEON) {
        return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16((const uint16_t *)row + i), 16));
    }
    if (source == ISO_GEMM_Q8_0_NEON || source == ISO_GEMM_Q4_0_NEON) {
        return iso_gemm_load_block_neon((const uint8_t *)row, i, source);
    }
    const float32x4_t v = vld1q_f32((const float *)row + i);
    return source == ISO_GEMM_F32_NEON ? v : vcvt_f32_f16(vcvt_f16_f32(v));
}

// Elements i .. k-1 of a row, at most four, then zeros.
ISOBIT_UNUSED ISOBIT_NEON static inline float32x4_t iso_gemm_load_tail_neon(const void *row, size_t i, size_t k, int source)
{
    if (i + 4 <= k) {
        return iso_gemm_load_neon(row, i, source);
    }
    uint32_t tail[4] = {0};
    const size_t size = source == ISO_GEMM_F16_NEON || source == ISO_GEMM_BF16_NEON ? sizeof(uint16_t) : sizeof(float);
    if (i >= k) {
        return vdupq_n_f32(0.0f);
    }
    memcpy(tail, (const char *)row + i * size, (k - i) * size);
    return iso_gemm_load_neon(tail, 0, source);
}

// Groups of `group` rows, each [lanes/8][ceil(k/lanes)][group][8]: the lanes in eights, one eight after the other.
// Rows and columns past the end are zero.
ISOBIT_UNUSED ISOBIT_NEON static inline void iso_gemm_pack_neon(float *dst, const void *src, int source, size_t count, size_t k,
                                                                size_t lanes, size_t group)
{
    const size_t steps = (k + lanes - 1) / lanes;
    const size_t bytes = iso_gemm_row_bytes_neon(k, source);
    for (size_t i = 0; i < count; i += group) {
        for (size_t r = 0; r < group; r++) {
            const void *row = (const char *)src + (i + r < count ? i + r : 0) * bytes;
            const size_t length = i + r < count ? k : 0;
            for (size_t half = 0; half < lanes; half += 8) {
                float *out = dst + i * steps * lanes + half * steps * group + r * 8;
                for (size_t s = 0; s < steps; s++) {
                    vst1q_f32(out + s * group * 8, iso_gemm_load_tail_neon(row, s * lanes + half, length, source));
                    vst1q_f32(out + s * group * 8 + 4, iso_gemm_load_tail_neon(row, s * lanes + half + 4, length, source));
                }
            }
        }
    }
}
