// Attention of one query row of one head with its whole row of scores, portable C.

// Weights e^(scale * s - max) of keys from .. to-1 of a row of scores, 0 of the others, by groups of 16, 8 or 4, and the rest by expf; then divided by their sum.
ISOBIT_UNUSED static inline void iso_full_softmax(float *s, size_t keys, size_t from, size_t to, float scale, size_t lanes)
{
    float max = -INFINITY;
    for (size_t t = 0; t < keys; t++) {
        s[t] = t >= from && t < to ? s[t] * scale : -INFINITY;
        max = max > s[t] ? max : s[t];
    }
    const size_t whole = keys - keys % lanes;
    double sum = 0.0;
    for (size_t t = 0; t < whole; t += lanes) {
        float group[16];
        for (size_t j = 0; j < lanes; j++) {
            const float x = s[t + j] - max;
            group[j] = s[t + j] = iso_attn_exp(x, lanes);
        }
        sum += (double)iso_attn_group(group, lanes);
    }
    for (size_t t = whole; t < keys; t++) {
        s[t] = iso_glibc_expf(s[t] - max);
        sum += (double)s[t];
    }
    const float inverse = (float)(1.0 / sum);
    for (size_t t = 0; t < keys; t++) {
        s[t] = s[t] * inverse;
    }
}

// Weights e^(scale * (s - max)) of a row of scores, each rounded once; their double sum is returned.
ISOBIT_UNUSED static inline double iso_full_weights_f64(float *s, size_t keys, float scale)
{
    float max = -INFINITY;
    for (size_t t = 0; t < keys; t++) {
        max = max > s[t] ? max : s[t];
    }
    double sum = 0.0;
    for (size_t t = 0; t < keys; t++) {
        s[t] = (float)iso_exp_f64(((double)s[t] - (double)max) * (double)scale);
        sum += (double)s[t];
    }
    return sum;
}

// y[e] = sum over keys from .. to-1 of v * p in `lanes` (16 or 8) accumulators added by the halving tree. acc: lanes * d floats.
ISOBIT_UNUSED static inline void iso_full_values(float *y, const float *p, const float *v, iso_attn_view view, size_t from, size_t to,
                                                 size_t d, size_t lanes, float *acc)
{
    memset(acc, 0, lanes * d * sizeof *acc);
    for (size_t t = 0; t < (to + lanes - 1) / lanes * lanes; t++) {
        const int here = t >= from && t < to;
        for (size_t e = 0; e < d; e++) {
            const float value = here ? v[(ptrdiff_t)t * view.row + (ptrdiff_t)e * view.element] : 0.0f;
            acc[t % lanes * d + e] = fmaf(value, here ? p[t] : 0.0f, acc[t % lanes * d + e]);
        }
    }
    for (size_t half = lanes / 2; half > 0; half /= 2) {
        for (size_t i = 0; i < half * d; i++) {
            acc[i] = acc[i] + acc[half * d + i];
        }
    }
    memcpy(y, acc, d * sizeof *y);
}

// q: d floats; k: rows of d floats, of which from .. to-1 are attended; from < lanes. lanes: 16 or 8; 4 for the forms without SIMD. scratch: 2 * keys + 16 * d floats.
ISOBIT_UNUSED static inline void iso_full_row(float *y, const float *q, const float *k, const float *v, iso_attn_view view, size_t keys,
                                              size_t from, size_t to, size_t d, float scale, size_t lanes, float *scratch)
{
    float *s = scratch;
    float *column = s + keys;
    for (size_t t = from; t < to; t++) {
        s[t] = lanes == 4 ? iso_attn_ddot(k + t * d, q, d) : iso_gemm_vdot_f32(k + t * d, q, d, lanes);
    }
    iso_full_softmax(s, keys, from, to, scale, lanes);
    if (lanes != 4 && d % 4 == 0) {
        iso_full_values(y, s, v, view, from, to, d, lanes, column + keys);
        return;
    }
    for (size_t e = 0; e < d; e++) {
        for (size_t t = from; t < to; t++) {
            column[t] = v[(ptrdiff_t)t * view.row + (ptrdiff_t)e * view.element];
        }
        y[e] = lanes == 4 ? iso_attn_ddot(column + from, s + from, to - from) : iso_gemm_vdot_f32(column, s, keys, lanes);
    }
}

// The same in f32 with accurate weights.
ISOBIT_UNUSED static inline void iso_full_row_f32(float *y, const float *q, const float *k, const float *v, iso_attn_view view,
                                                  size_t keys, size_t d, float scale, float *scratch)
{
    float *s = scratch;
    for (size_t t = 0; t < keys; t++) {
        s[t] = iso_gemm_vdot_f32(k + t * d, q, d, 16);
    }
    const double sum = iso_full_weights_f64(s, keys, scale);
    iso_full_values(y, s, v, view, 0, keys, d, 16, s + 2 * keys);
    for (size_t e = 0; e < d; e++) {
        y[e] = (float)((double)y[e] / sum);
    }
}
