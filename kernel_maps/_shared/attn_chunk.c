// Attention of one query row of one head, key by key, with an f16 accumulator: portable C.

// k, v: the first of `keys` rows. lanes (16 or 8) is the width of the score's dot product; 4: a double sum, nothing fused. scratch: 3*d floats.
ISOBIT_UNUSED static inline void iso_attn_chunk_row(const float *q, iso_attn_view q_view, const uint16_t *k, iso_attn_view k_view,
                                                    const uint16_t *v, iso_attn_view v_view, float *y, size_t keys, size_t d,
                                                    float scale, size_t lanes, float *scratch)
{
    float *qh = scratch;
    float *kh = qh + d;
    float *acc = kh + d; // always a value that f16 can hold
    for (size_t e = 0; e < d; e++) {
        qh[e] = iso_f16_to_f32(iso_f32_to_f16(q[(ptrdiff_t)e * q_view.element]));
        acc[e] = 0.0f;
    }
    float max = -INFINITY;
    float sum = 0.0f;
    for (size_t t = 0; t < keys; t++) {
        for (size_t e = 0; e < d; e++) {
            kh[e] = iso_f16_to_f32(k[(ptrdiff_t)t * k_view.row + (ptrdiff_t)e * k_view.element]);
        }
        const float s = (lanes == 4 ? iso_attn_ddot(kh, qh, d) : iso_gemm_vdot_of_f16(kh, qh, d, lanes)) * scale;
        float c = 1.0f;
        float p = 1.0f;
        if (s > max) {
            c = iso_glibc_expf(max - s);
            max = s;
            for (size_t e = 0; e < d; e++) {
                acc[e] = iso_f16_to_f32(iso_f32_to_f16(acc[e] * c));
            }
        } else {
            p = iso_glibc_expf(s - max);
        }
        for (size_t e = 0; e < d; e++) {
            const float value = iso_f16_to_f32(v[(ptrdiff_t)t * v_view.row + (ptrdiff_t)e * v_view.element]);
            acc[e] = iso_f16_to_f32(iso_f32_to_f16(iso_attn_step(value, p, acc[e], lanes)));
        }
        sum = iso_attn_step(sum, c, p, lanes);
    }
    const float inverse = sum == 0.0f ? 0.0f : 1.0f / sum;
    for (size_t e = 0; e < d; e++) {
        y[e] = acc[e] * inverse;
    }
}
