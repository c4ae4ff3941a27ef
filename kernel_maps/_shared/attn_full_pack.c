// Memory of attention with whole rows of scores: rows of keys and values lane by lane, queries across, places without a key.

// dst[lanes][places] rows of `row` floats: key t = j + lanes * u goes to (j, u). What is no key of from .. keys-1 or lies past d is 0.
ISOBIT_UNUSED static inline void iso_full_pack(float *dst, const float *src, iso_attn_view view, size_t from, size_t keys, size_t lanes,
                                               size_t d, size_t row)
{
    const size_t places = (keys + lanes - 1) / lanes;
    for (size_t r = 0; r < lanes * places; r++, dst += row) {
        const size_t t = r / places + r % places * lanes;
        const float *in = src + (ptrdiff_t)t * view.row;
        const int here = t >= from && t < keys;
        size_t e = 0;
        for (; here && view.element == 1 && e + 8 <= d; e += 8) { // pieces of a fixed size become plain moves
            memcpy(dst + e, in + e, 8 * sizeof *dst);
        }
        for (; here && e < d; e++) {
            dst[e] = in[(ptrdiff_t)e * view.element];
        }
        for (; e < row; e++) {
            dst[e] = 0.0f;
        }
    }
}

// dst[48 / width][d][width] from `count` rows, the others 0.
ISOBIT_UNUSED static inline void iso_full_pack_queries(float *dst, const float *q, iso_attn_view view, size_t count, size_t d,
                                                       size_t width)
{
    for (size_t first = 0; first < 48; first += width) {
        for (size_t e = 0; e < d; e++) {
            for (size_t i = first; i < first + width; i++) {
                *dst++ = i < count ? q[(ptrdiff_t)i * view.row + (ptrdiff_t)e * view.element] : 0.0f;
            }
        }
    }
}

// Places of s[lanes][places][48] that have no key of from .. keys-1 take no part; from < lanes.
ISOBIT_UNUSED static inline void iso_full_missing(float *s, size_t from, size_t keys, size_t lanes)
{
    const size_t places = (keys + lanes - 1) / lanes;
    for (size_t j = 0; j < from; j++) {
        for (size_t i = 0; i < 48; i++) {
            s[j * places * 48 + i] = -INFINITY;
        }
    }
    for (size_t j = keys - (places - 1) * lanes; j < lanes; j++) {
        for (size_t i = 0; i < 48; i++) {
            s[(j * places + places - 1) * 48 + i] = -INFINITY;
        }
    }
}

// The keys after the last whole place, of `width` queries: weights by expf, added one by one. Places without a key become 0.
ISOBIT_UNUSED static inline void iso_full_rest(float *s, double *sum, const float *max, size_t keys, size_t lanes, size_t width)
{
    const size_t places = (keys + lanes - 1) / lanes;
    for (size_t j = 0; keys % lanes != 0 && j < lanes; j++) {
        float *at = s + (j * places + places - 1) * 48;
        for (size_t i = 0; i < width; i++) {
            at[i] = j < keys % lanes ? iso_glibc_expf(at[i] - max[i]) : 0.0f;
            sum[i] += (double)at[i];
        }
    }
}
