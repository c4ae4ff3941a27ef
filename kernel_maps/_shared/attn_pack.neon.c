// A tile of up to 64 keys and values widened to f32 for attention, NEON.

ISOBIT_UNUSED ISOBIT_NEON static inline float32x4_t iso_attn_load4_neon(const uint16_t *p)
{
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}

// kt[e][t], e = 0 .. 3, from four rows t of f16.
ISOBIT_UNUSED ISOBIT_NEON static inline void iso_attn_transpose4_neon(float *kt, const uint16_t *k, ptrdiff_t row)
{
    const float32x4x2_t a = vtrnq_f32(iso_attn_load4_neon(k), iso_attn_load4_neon(k + row));
    const float32x4x2_t b = vtrnq_f32(iso_attn_load4_neon(k + 2 * row), iso_attn_load4_neon(k + 3 * row));
    vst1q_f32(kt, vcombine_f32(vget_low_f32(a.val[0]), vget_low_f32(b.val[0])));
    vst1q_f32(kt + 64, vcombine_f32(vget_low_f32(a.val[1]), vget_low_f32(b.val[1])));
    vst1q_f32(kt + 128, vcombine_f32(vget_high_f32(a.val[0]), vget_high_f32(b.val[0])));
    vst1q_f32(kt + 192, vcombine_f32(vget_high_f32(a.val[1]), vget_high_f32(b.val[1])));
}

// kt[d][64] = `present` rows of k, transposed. Columns past them keep what they held.
ISOBIT_UNUSED ISOBIT_NEON static inline void iso_attn_pack_keys_neon(float *kt, const uint16_t *k, iso_attn_view view, size_t present,
                                                                     size_t d)
{
    const size_t whole = view.element == 1 ? d / 4 * 4 : 0;
    const size_t fours = present / 4 * 4;
    for (size_t t = 0; t < fours; t += 4) {
        for (size_t e = 0; e < whole; e += 4) {
            iso_attn_transpose4_neon(kt + e * 64 + t, k + (ptrdiff_t)t * view.row + e, view.row);
        }
    }
    for (size_t t = 0; t < present; t++) {
        for (size_t e = t < fours ? whole : 0; e < d; e++) {
            kt[e * 64 + t] = iso_f16_to_f32(k[(ptrdiff_t)t * view.row + (ptrdiff_t)e * view.element]);
        }
    }
}

// `present` rows of v as blocks of 8 columns, each [64][8], the last one padded; what lies past the rows and past d keeps
// what it held.
ISOBIT_UNUSED ISOBIT_NEON static inline void iso_attn_pack_values_neon(float *dst, const uint16_t *v, iso_attn_view view, size_t present,
                                                                       size_t d)
{
    const size_t whole = view.element == 1 ? d / 4 * 4 : 0;
    for (size_t t = 0; t < present; t++) {
        const uint16_t *row = v + (ptrdiff_t)t * view.row;
        for (size_t e = 0; e < whole; e += 4) {
            vst1q_f32(dst + e / 8 * 512 + t * 8 + e % 8, iso_attn_load4_neon(row + e));
        }
        for (size_t e = whole; e < d; e++) {
            dst[e / 8 * 512 + t * 8 + e % 8] = iso_f16_to_f32(row[(ptrdiff_t)e * view.element]);
        }
    }
}

// dst[d][12]: up to 12 rows of q, transposed; missing rows are zero.
ISOBIT_UNUSED ISOBIT_NEON static inline void iso_attn_pack_queries_neon(float *dst, const float *q, iso_attn_view view, size_t count,
                                                                        size_t d)
{
    for (size_t i = 0; i < 12; i++) {
        const float *row = q + (ptrdiff_t)i * view.row;
        for (size_t e = 0; e < d; e++) {
            dst[e * 12 + i] = i < count ? row[(ptrdiff_t)e * view.element] : 0.0f;
        }
    }
}
