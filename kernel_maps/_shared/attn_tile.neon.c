// Attention of a block of query rows of one head over key tiles of 64, NEON.

// Loops over the registers of a tile; gcc would keep the arrays in memory otherwise.
#if defined(__clang__)
#define ISO_ATTN_UNROLL _Pragma("unroll")
#else
#define ISO_ATTN_UNROLL _Pragma("GCC unroll 12")
#endif

// s[12][64] = scale * q k^T for q[d][12] and kt[d][64]; columns from `present` on are -inf.
ISOBIT_UNUSED ISOBIT_NEON static inline void iso_attn_scores_neon(float *s, const float *q, const float *kt, size_t d, float scale,
                                                                  size_t present)
{
    for (size_t t = 0; t < 64; t += 8) {
        float32x4_t a[12], b[12];
        ISO_ATTN_UNROLL
        for (size_t i = 0; i < 12; i++) {
            a[i] = b[i] = vdupq_n_f32(0.0f);
        }
        for (size_t e = 0; e < d; e++) {
            const float32x4_t k0 = vld1q_f32(kt + e * 64 + t);
            const float32x4_t k1 = vld1q_f32(kt + e * 64 + t + 4);
            ISO_ATTN_UNROLL
            for (size_t i = 0; i < 12; i += 4) {
                const float32x4_t qe = vld1q_f32(q + e * 12 + i);
                a[i] = vfmaq_laneq_f32(a[i], k0, qe, 0);
                b[i] = vfmaq_laneq_f32(b[i], k1, qe, 0);
                a[i + 1] = vfmaq_laneq_f32(a[i + 1], k0, qe, 1);
                b[i + 1] = vfmaq_laneq_f32(b[i + 1], k1, qe, 1);
                a[i + 2] = vfmaq_laneq_f32(a[i + 2], k0, qe, 2);
                b[i + 2] = vfmaq_laneq_f32(b[i + 2], k1, qe, 2);
                a[i + 3] = vfmaq_laneq_f32(a[i + 3], k0, qe, 3);
                b[i + 3] = vfmaq_laneq_f32(b[i + 3], k1, qe, 3);
            }
        }
        ISO_ATTN_UNROLL
        for (size_t i = 0; i < 12; i++) {
            vst1q_f32(s + 64 * i + t, vmulq_n_f32(a[i], scale));
            vst1q_f32(s + 64 * i + t + 4, vmulq_n_f32(b[i], scale));
        }
    }
    for (size_t i = 0; i < 12; i++) {
        for (size_t t = present; t < 64; t++) {
            s[i * 64 + t] = -INFINITY;
        }
    }
}

// The largest of s[64], the later of two that do not compare.
ISOBIT_UNUSED ISOBIT_NEON static inline float iso_attn_max_neon(const float *s)
{
    uint32x4_t ordered = vdupq_n_u32(0xffffffffu);
    float32x4_t top = vdupq_n_f32(-INFINITY);
    for (size_t t = 0; t < 64; t += 4) {
        const float32x4_t v = vld1q_f32(s + t);
        ordered = vandq_u32(ordered, vceqq_f32(v, v));
        top = vmaxq_f32(top, v);
    }
    if (vminvq_u32(ordered) == 0) {
        float largest = -INFINITY;
        for (size_t t = 0; t < 64; t++) {
            largest = largest > s[t] ? largest : s[t];
        }
        return largest;
    }
    return vmaxvq_f32(top);
}

// The halving trees of s[64] in groups of 16 or 8, added up in double.
ISOBIT_UNUSED ISOBIT_NEON static inline double iso_attn_sum_neon(const float *s, int lanes)
{
    float group[8];
    const size_t step = (size_t)lanes;
    for (size_t g = 0; g < 64 / step; g += 4) {
        float32x4_t r[4];
        for (size_t j = 0; j < 4; j++) {
            const float *p = s + (g + j) * step;
            if (lanes == 16) {
                r[j] = vaddq_f32(vaddq_f32(vld1q_f32(p), vld1q_f32(p + 8)), vaddq_f32(vld1q_f32(p + 4), vld1q_f32(p + 12)));
            } else {
                r[j] = vaddq_f32(vld1q_f32(p), vld1q_f32(p + 4));
            }
        }
        vst1q_f32(group + g, iso_tree4_neon(r[0], r[1], r[2], r[3]));
    }
    double sum = 0.0;
    for (size_t g = 0; g < 64 / step; g++) {
        sum += (double)group[g];
    }
    return sum;
}

// s[64]: scores become weights. The running maximum follows; sum and output row acc are rescaled to it.
ISOBIT_UNUSED ISOBIT_NEON static inline void iso_attn_weights_neon(float *s, float *max, float *sum, float *acc, size_t padded, int lanes)
{
    const float largest = iso_attn_max_neon(s);
    if (largest == -INFINITY) {
        memset(s, 0, 64 * sizeof *s);
        return;
    }
    if (largest > *max) {
        const float c = iso_glibc_expf(*max - largest);
        for (size_t e = 0; e < padded; e += 4) {
            vst1q_f32(acc + e, vmulq_n_f32(vld1q_f32(acc + e), c));
        }
        *sum = *sum * c;
        *max = largest;
    }
    const float32x4_t top = vdupq_n_f32(*max);
    for (size_t t = 0; t < 64; t += 4) {
        const float32x4_t x = vsubq_f32(vld1q_f32(s + t), top);
        vst1q_f32(s + t, lanes == 16 ? iso_vexp_16_neon(x) : iso_vexp_8_neon(x));
    }
    *sum = (float)((double)*sum + iso_attn_sum_neon(s, lanes));
}

// acc[12] (rows of `padded` floats, 8 of them) goes on over p[12][64] and v[64][8].
ISOBIT_UNUSED ISOBIT_NEON static inline void iso_attn_values_neon(float *acc, const float *p, const float *v, size_t padded)
{
    float32x4_t a[12], b[12];
    ISO_ATTN_UNROLL
    for (size_t i = 0; i < 12; i++) {
        a[i] = vld1q_f32(acc + i * padded);
        b[i] = vld1q_f32(acc + i * padded + 4);
    }
    for (size_t t = 0; t < 64; t++) {
        const float32x4_t v0 = vld1q_f32(v + t * 8);
        const float32x4_t v1 = vld1q_f32(v + t * 8 + 4);
        ISO_ATTN_UNROLL
        for (size_t i = 0; i < 12; i++) {
            a[i] = vfmaq_n_f32(a[i], v0, p[i * 64 + t]);
            b[i] = vfmaq_n_f32(b[i], v1, p[i * 64 + t]);
        }
    }
    ISO_ATTN_UNROLL
    for (size_t i = 0; i < 12; i++) {
        vst1q_f32(acc + i * padded, a[i]);
        vst1q_f32(acc + i * padded + 4, b[i]);
    }
}

#undef ISO_ATTN_UNROLL

// q: the first of `count` query rows, at most 96; k, v: the first of `keys` rows; y: rows of y_row floats.
// lanes (16 or 8) chooses the exponential and the groups of its sum.
// scratch, with padded = d rounded up to 8: 160 * (d + padded) + 12 * 64 floats.
ISOBIT_UNUSED ISOBIT_NEON static inline void iso_attn_tile_neon(const float *q, iso_attn_view q_view, const uint16_t *k,
                                                                iso_attn_view k_view, const uint16_t *v, iso_attn_view v_view,
                                                                float *y, size_t y_row, size_t count, size_t keys, size_t d,
                                                                float scale, int lanes, float *scratch)
{
    const size_t padded = (d + 7) / 8 * 8;
    float *scores = scratch;        // [12][64]
    float *kt = scores + 12 * 64;   // [d][64]
    float *vt = kt + 64 * d;        // [padded/8][64][8]
    float *acc = vt + 64 * padded;  // [96][padded]
    float *qt = acc + 96 * padded;  // [8][d][12]
    float max[96];
    float sum[96];
    memset(scratch, 0, (12 * 64 + 64 * d + 160 * padded) * sizeof *scratch);
    for (size_t i = 0; i < count; i += 12) {
        iso_attn_pack_queries_neon(qt + i * d, q + (ptrdiff_t)i * q_view.row, q_view, count - i < 12 ? count - i : 12, d);
    }
    for (size_t i = 0; i < count; i++) {
        max[i] = -INFINITY;
        sum[i] = 0.0f;
    }
    for (size_t key = 0; key < keys; key += 64) {
        const size_t present = keys - key < 64 ? keys - key : 64;
        iso_attn_pack_keys_neon(kt, k + (ptrdiff_t)key * k_view.row, k_view, present, d);
        iso_attn_pack_values_neon(vt, v + (ptrdiff_t)key * v_view.row, v_view, present, d);
        for (size_t i = 0; i < count; i += 12) {
            iso_attn_scores_neon(scores, qt + i * d, kt, d, scale, present);
            for (size_t r = i; r < i + 12 && r < count; r++) {
                iso_attn_weights_neon(scores + (r - i) * 64, max + r, sum + r, acc + r * padded, padded, lanes);
            }
            for (size_t e = 0; e < padded; e += 8) {
                iso_attn_values_neon(acc + i * padded + e, scores, vt + e * 64, padded);
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        const float inverse = sum[i] == 0.0f ? 0.0f : 1.0f / sum[i];
        for (size_t e = 0; e < d; e++) {
            y[i * y_row + e] = acc[i * padded + e] * inverse;
        }
    }
}
