// Softmax within a bound over tiles of 64 scores, and values by pairs of keys, AVX512_BF16.

ISOBIT_UNUSED ISOBIT_AVX512BF16 static inline __m512bh iso_near_pair_avx512bf16(const uint16_t *pair)
{
    int32_t both;
    memcpy(&both, pair, sizeof both);
    return (__m512bh)_mm512_set1_epi32(both);
}

// dst[32][columns][2] = pairs of up to 64 rows of d values; rows and columns past the end are zero.
ISOBIT_UNUSED ISOBIT_AVX512BF16 static inline void iso_near_pack_values_avx512bf16(uint16_t *dst, const float *v, size_t count, size_t d,
                                                                                   size_t columns)
{
    for (size_t t = 0; t < 64; t += 2) {
        for (size_t e = 0; e < columns; e += 16) {
            const __mmask16 mask = (__mmask16)(e >= d ? 0u : d - e < 16 ? (1u << (d - e)) - 1u : 0xffffu);
            const __m512 even = t < count && mask != 0 ? _mm512_maskz_loadu_ps(mask, v + t * d + e) : _mm512_setzero_ps();
            const __m512 odd = t + 1 < count && mask != 0 ? _mm512_maskz_loadu_ps(mask, v + (t + 1) * d + e) : _mm512_setzero_ps();
            const __m512i low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(even));
            const __m512i high = _mm512_slli_epi32(_mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(odd)), 16);
            _mm512_storeu_si512(dst + (t / 2 * columns + e) * 2, _mm512_or_si512(low, high));
        }
    }
}

// p[24][64] = 2^(s[24][64] - top) of the first `count` columns, rounded to bf16, else 0; sums[24][16] follow in f32. A row's top is near
// its largest score, not above it: it moves, and with it sum and acc[24][columns], when a score is more than 16 above it.
ISOBIT_UNUSED ISOBIT_AVX512BF16 static inline void iso_near_weights_avx512bf16(uint16_t *p, const float *s, size_t count, float *tops,
                                                                               float *sums, float *acc, size_t columns)
{
    const uint64_t present = count < 64 ? (UINT64_C(1) << count) - 1 : ~UINT64_C(0);
    const __m512 missing = _mm512_set1_ps(-INFINITY);
    for (size_t i = 0; i < 24; i++, s += 64, p += 64) {
        const __m512 s0 = _mm512_mask_loadu_ps(missing, (__mmask16)present, s);
        const __m512 s1 = _mm512_mask_loadu_ps(missing, (__mmask16)(present >> 16), s + 16);
        const __m512 s2 = _mm512_mask_loadu_ps(missing, (__mmask16)(present >> 32), s + 32);
        const __m512 s3 = _mm512_mask_loadu_ps(missing, (__mmask16)(present >> 48), s + 48);
        const __m512 largest = _mm512_max_ps(_mm512_max_ps(s0, s1), _mm512_max_ps(s2, s3));
        if (_mm512_cmp_ps_mask(largest, _mm512_set1_ps(tops[i] + 16.0f), _CMP_GT_OQ) != 0) {
            const float top = _mm512_reduce_max_ps(largest);
            const __m512 less = iso_exp2_near_avx512(_mm512_set1_ps(tops[i] - top));
            for (size_t e = 0; e < columns; e += 16) {
                _mm512_storeu_ps(acc + i * columns + e, _mm512_mul_ps(_mm512_loadu_ps(acc + i * columns + e), less));
            }
            _mm512_storeu_ps(sums + 16 * i, _mm512_mul_ps(_mm512_loadu_ps(sums + 16 * i), less));
            tops[i] = top;
        }
        const __m512 top = _mm512_set1_ps(tops[i]);
        const __m512 p0 = iso_exp2_short_avx512(_mm512_sub_ps(s0, top));
        const __m512 p1 = iso_exp2_short_avx512(_mm512_sub_ps(s1, top));
        const __m512 p2 = iso_exp2_short_avx512(_mm512_sub_ps(s2, top));
        const __m512 p3 = iso_exp2_short_avx512(_mm512_sub_ps(s3, top));
        _mm512_storeu_si512(p, (__m512i)_mm512_cvtne2ps_pbh(p1, p0));
        _mm512_storeu_si512(p + 32, (__m512i)_mm512_cvtne2ps_pbh(p3, p2));
        const __m512 both = _mm512_add_ps(_mm512_add_ps(p0, p1), _mm512_add_ps(p2, p3));
        _mm512_storeu_ps(sums + 16 * i, _mm512_add_ps(_mm512_loadu_ps(sums + 16 * i), both));
    }
}
