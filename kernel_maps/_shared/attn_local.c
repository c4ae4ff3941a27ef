// Attention over a window with relative positions and capped scores, portable C.

// What one query needs to know of its window. Rows of keys and of relative positions are `row` floats long, 0 from d on.
typedef struct iso_local_window {
    const float *keys;   // [count][row]
    const float *values; // [count][d]
    size_t count;
    size_t first; // keys first .. first + seen - 1 are seen
    size_t seen;
    size_t d;
    size_t row;
} iso_local_window;

// Scores of one query: keys, and from key `at` on the rows of relative positions; then capped, and lowered where hidden.
ISOBIT_UNUSED static inline void iso_local_scores(float *s, const float *q, iso_local_window w, size_t at, const float *positions,
                                                  size_t stride, size_t count, float softcap, float hidden, size_t lanes)
{
    for (size_t j = 0; j < w.count; j++) {
        const float *key = w.keys + j * w.row;
        const float content = lanes == 16 ? iso_gemm_dot16(q, key, w.row)
                              : lanes == 8 ? iso_gemm_dot8(q, key, w.row)
                                           : iso_attn_ddot(key, q, w.d);
        float place = 0.0f;
        if (j >= at && j - at < count) {
            const float *position = positions + (j - at) * stride;
            place = lanes == 4 ? iso_attn_ddot(position, q, w.d) : iso_gemm_vdot_f32(position, q, w.d, lanes);
        }
        const float capped = iso_glibc_tanhf((content + place) * (1.0f / softcap)) * softcap;
        s[j] = capped + (j >= w.first && j - w.first < w.seen ? 0.0f : hidden);
    }
}

// softcap * tanh(score / softcap), accurate.
ISOBIT_UNUSED static inline float iso_local_cap_f64(float score, float softcap)
{
    double twice = 2.0 * ((double)score / (double)softcap);
    twice = twice > 80.0 ? 80.0 : twice;
    twice = twice < -80.0 ? -80.0 : twice;
    const double power = iso_trig_exp(twice);
    return (float)((double)softcap * ((power - 1.0) / (power + 1.0)));
}

// The same in f32 with an accurate tanh.
ISOBIT_UNUSED static inline void iso_local_scores_f32(float *s, const float *q, iso_local_window w, size_t at, const float *positions,
                                                      size_t stride, size_t count, float softcap, float *position)
{
    for (size_t j = 0; j < w.count; j++) {
        float score = iso_gemm_dot16(q, w.keys + j * w.row, w.row);
        if (j >= at && j - at < count) {
            iso_gemm_widen_f32(position, positions + (j - at) * stride, w.d, w.row);
            score = score + iso_gemm_dot16(q, position, w.row);
        }
        s[j] = j >= w.first && j - w.first < w.seen ? iso_local_cap_f64(score, softcap) : -INFINITY;
    }
}

// y = values under the weights s. scratch: count + 16 * d floats.
ISOBIT_UNUSED static inline void iso_local_values(float *y, const float *s, iso_local_window w, size_t lanes, float *scratch)
{
    const iso_attn_view view = { (ptrdiff_t)w.d, 1 };
    if (lanes != 4 && w.d % 4 == 0) {
        iso_full_values(y, s, w.values, view, 0, w.count, w.d, lanes, scratch);
        return;
    }
    for (size_t e = 0; e < w.d; e++) {
        for (size_t j = 0; j < w.count; j++) {
            scratch[j] = w.values[j * w.d + e];
        }
        y[e] = lanes == 4 ? iso_attn_ddot(scratch, s, w.count) : iso_gemm_vdot_f32(scratch, s, w.count, lanes);
    }
}
