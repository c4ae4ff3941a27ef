// Attention of up to 64 query rows of one head over key tiles of 64, portable C.

// q: the first of `count` query rows; k, v: the first of `keys` rows, of which from .. to-1 are attended; y: rows of y_row floats.
// lanes (16, 8 or 4) chooses the exponential and the groups of its sum; with 4 nothing is fused. scratch: (3*d + 64) * 64 floats.
ISOBIT_UNUSED static inline void iso_attn_tile(const float *q, iso_attn_view q_view, const uint16_t *k, iso_attn_view k_view,
                                               const uint16_t *v, iso_attn_view v_view, float *y, size_t y_row, size_t count,
                                               size_t keys, size_t from, size_t to, size_t d, float scale, size_t lanes, float *scratch)
{
    float *kt = scratch;          // [d][64]
    float *vt = kt + 64 * d;      // [64][d]
    float *acc = vt + 64 * d;     // [64][d]
    float *scores = acc + 64 * d; // [64][64]
    float max[64];
    float sum[64];
    memset(scratch, 0, 3 * 64 * d * sizeof *scratch);
    for (size_t i = 0; i < count; i++) {
        max[i] = -INFINITY;
        sum[i] = 0.0f;
    }
    for (size_t key = from / 64 * 64; key < to; key += 64) {
        const size_t present = keys - key < 64 ? keys - key : 64;
        for (size_t t = 0; t < present; t++) {
            const uint16_t *kr = k + (ptrdiff_t)(key + t) * k_view.row;
            const uint16_t *vr = v + (ptrdiff_t)(key + t) * v_view.row;
            for (size_t e = 0; e < d; e++) {
                kt[e * 64 + t] = iso_f16_to_f32(kr[(ptrdiff_t)e * k_view.element]);
                vt[t * d + e] = iso_f16_to_f32(vr[(ptrdiff_t)e * v_view.element]);
            }
        }
        for (size_t i = 0; i < count; i++) {
            const float *qr = q + (ptrdiff_t)i * q_view.row;
            float *s = scores + i * 64;
            for (size_t t = 0; t < 64; t++) {
                s[t] = 0.0f;
            }
            for (size_t e = 0; e < d; e++) {
                const float qe = qr[(ptrdiff_t)e * q_view.element];
                for (size_t t = 0; t < 64; t++) {
                    s[t] = iso_attn_step(kt[e * 64 + t], qe, s[t], lanes);
                }
            }
            float tile_max = -INFINITY;
            for (size_t t = 0; t < 64; t++) {
                s[t] = key + t >= from && key + t < to ? s[t] * scale : -INFINITY;
                tile_max = tile_max > s[t] ? tile_max : s[t];
            }
            float *a = acc + i * d;
            if (tile_max == -INFINITY) {
                memset(s, 0, 64 * sizeof *s);
            } else {
                if (tile_max > max[i]) {
                    const float c = iso_glibc_expf(max[i] - tile_max);
                    for (size_t e = 0; e < d; e++) {
                        a[e] = a[e] * c;
                    }
                    sum[i] = sum[i] * c;
                    max[i] = tile_max;
                }
                double tile_sum = 0.0;
                for (size_t t = 0; t < 64; t += lanes) {
                    float group[16];
                    for (size_t j = 0; j < lanes; j++) {
                        const float x = s[t + j] - max[i];
                        group[j] = s[t + j] = iso_attn_exp(x, lanes);
                    }
                    tile_sum += (double)iso_attn_group(group, lanes);
                }
                sum[i] = (float)((double)sum[i] + tile_sum);
            }
            for (size_t t = 0; t < 64; t++) {
                for (size_t e = 0; e < d; e++) {
                    a[e] = iso_attn_step(vt[t * d + e], s[t], a[e], lanes);
                }
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        const float inverse = sum[i] == 0.0f ? 0.0f : 1.0f / sum[i];
        for (size_t e = 0; e < d; e++) {
            y[i * y_row + e] = acc[i * d + e] * inverse;
        }
    }
}
