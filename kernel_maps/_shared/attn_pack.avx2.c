// A tile of up to 64 keys and values widened to f32 for attention, AVX2.

ISOBIT_UNUSED ISOBIT_AVX2 static inline __m256 iso_attn_load8_avx2(const uint16_t *p)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)p));
}

// kt[e][t], e = 0 .. 7, from eight rows t of f16.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_attn_transpose8_avx2(float *kt, const uint16_t *k, ptrdiff_t row)
{
    const __m256 r0 = iso_attn_load8_avx2(k);
    const __m256 r1 = iso_attn_load8_avx2(k + row);
    const __m256 r2 = iso_attn_load8_avx2(k + 2 * row);
    const __m256 r3 = iso_attn_load8_avx2(k + 3 * row);
    const __m256 r4 = iso_attn_load8_avx2(k + 4 * row);
    const __m256 r5 = iso_attn_load8_avx2(k + 5 * row);
    const __m256 r6 = iso_attn_load8_avx2(k + 6 * row);
    const __m256 r7 = iso_attn_load8_avx2(k + 7 * row);
    const __m256 a0 = _mm256_unpacklo_ps(r0, r1);
    const __m256 a1 = _mm256_unpackhi_ps(r0, r1);
    const __m256 a2 = _mm256_unpacklo_ps(r2, r3);
    const __m256 a3 = _mm256_unpackhi_ps(r2, r3);
    const __m256 a4 = _mm256_unpacklo_ps(r4, r5);
    const __m256 a5 = _mm256_unpackhi_ps(r4, r5);
    const __m256 a6 = _mm256_unpacklo_ps(r6, r7);
    const __m256 a7 = _mm256_unpackhi_ps(r6, r7);
    const __m256 b0 = _mm256_shuffle_ps(a0, a2, 0x44);
    const __m256 b1 = _mm256_shuffle_ps(a0, a2, 0xee);
    const __m256 b2 = _mm256_shuffle_ps(a1, a3, 0x44);
    const __m256 b3 = _mm256_shuffle_ps(a1, a3, 0xee);
    const __m256 b4 = _mm256_shuffle_ps(a4, a6, 0x44);
    const __m256 b5 = _mm256_shuffle_ps(a4, a6, 0xee);
    const __m256 b6 = _mm256_shuffle_ps(a5, a7, 0x44);
    const __m256 b7 = _mm256_shuffle_ps(a5, a7, 0xee);
    _mm256_storeu_ps(kt, _mm256_permute2f128_ps(b0, b4, 0x20));
    _mm256_storeu_ps(kt + 64, _mm256_permute2f128_ps(b1, b5, 0x20));
    _mm256_storeu_ps(kt + 128, _mm256_permute2f128_ps(b2, b6, 0x20));
    _mm256_storeu_ps(kt + 192, _mm256_permute2f128_ps(b3, b7, 0x20));
    _mm256_storeu_ps(kt + 256, _mm256_permute2f128_ps(b0, b4, 0x31));
    _mm256_storeu_ps(kt + 320, _mm256_permute2f128_ps(b1, b5, 0x31));
    _mm256_storeu_ps(kt + 384, _mm256_permute2f128_ps(b2, b6, 0x31));
    _mm256_storeu_ps(kt + 448, _mm256_permute2f128_ps(b3, b7, 0x31));
}

// kt[d][64] = `present` rows of k, transposed. Columns past them keep what they held.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_attn_pack_keys_avx2(float *kt, const uint16_t *k, iso_attn_view view, size_t present,
                                                                      size_t d)
{
    const size_t whole = view.element == 1 ? d / 8 * 8 : 0;
    const size_t eights = present / 8 * 8;
    for (size_t t = 0; t < eights; t += 8) {
        for (size_t e = 0; e < whole; e += 8) {
            iso_attn_transpose8_avx2(kt + e * 64 + t, k + (ptrdiff_t)t * view.row + e, view.row);
        }
    }
    for (size_t t = 0; t < present; t++) {
        for (size_t e = t < eights ? whole : 0; e < d; e++) {
            kt[e * 64 + t] = iso_f16_to_f32(k[(ptrdiff_t)t * view.row + (ptrdiff_t)e * view.element]);
        }
    }
}

// `present` rows of v, cut into blocks of columns: 64 wide while 64 are left, then 16 wide, the last padded.
// A block is [64][its width]; what lies past the rows and past d keeps what it held.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_attn_pack_values_avx2(float *dst, const uint16_t *v, iso_attn_view view, size_t present,
                                                                        size_t d)
{
    const size_t whole = view.element == 1 ? d / 8 * 8 : 0;
    const size_t wide = d / 64 * 64;
    for (size_t t = 0; t < present; t++) {
        const uint16_t *row = v + (ptrdiff_t)t * view.row;
        for (size_t e = 0; e < whole; e += 8) {
            float *out = e < wide ? dst + e / 64 * 4096 + t * 64 + e % 64 : dst + e / 16 * 1024 + t * 16 + e % 16;
            _mm256_storeu_ps(out, iso_attn_load8_avx2(row + e));
        }
        for (size_t e = whole; e < d; e++) {
            float *out = e < wide ? dst + e / 64 * 4096 + t * 64 + e % 64 : dst + e / 16 * 1024 + t * 16 + e % 16;
            *out = iso_f16_to_f32(row[(ptrdiff_t)e * view.element]);
        }
    }
}

// dst[count][d] = rows of q.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_attn_pack_queries_avx2(float *dst, const float *q, iso_attn_view view, size_t count,
                                                                         size_t d)
{
    const size_t whole = view.element == 1 ? d / 8 * 8 : 0;
    for (size_t i = 0; i < count; i++) {
        const float *row = q + (ptrdiff_t)i * view.row;
        for (size_t e = 0; e < whole; e += 8) {
            _mm256_storeu_ps(dst + i * d + e, _mm256_loadu_ps(row + e));
        }
        for (size_t e = whole; e < d; e++) {
            dst[i * d + e] = row[(ptrdiff_t)e * view.element];
        }
    }
}

// y = acc * inverse for one row.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_attn_out_avx2(float *y, const float *acc, float inverse, size_t d)
{
    const size_t whole = d / 8 * 8;
    for (size_t e = 0; e < whole; e += 8) {
        _mm256_storeu_ps(y + e, _mm256_mul_ps(_mm256_loadu_ps(acc + e), _mm256_set1_ps(inverse)));
    }
    for (size_t e = whole; e < d; e++) {
        y[e] = acc[e] * inverse;
    }
}
