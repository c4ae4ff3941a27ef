// Halving trees of several registers at once, AVX-512.

// The halving trees of four registers.
ISOBIT_UNUSED ISOBIT_AVX512 static inline __m128 iso_tree16_avx512(__m512 a, __m512 b, __m512 c, __m512 d)
{
    const __m256 a8 = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    const __m256 b8 = _mm256_add_ps(_mm512_castps512_ps256(b), _mm512_extractf32x8_ps(b, 1));
    const __m256 c8 = _mm256_add_ps(_mm512_castps512_ps256(c), _mm512_extractf32x8_ps(c, 1));
    const __m256 d8 = _mm256_add_ps(_mm512_castps512_ps256(d), _mm512_extractf32x8_ps(d, 1));
    const __m256 ab = _mm256_add_ps(_mm256_permute2f128_ps(a8, b8, 0x20), _mm256_permute2f128_ps(a8, b8, 0x31));
    const __m256 cd = _mm256_add_ps(_mm256_permute2f128_ps(c8, d8, 0x20), _mm256_permute2f128_ps(c8, d8, 0x31));
    const __m256 pairs = _mm256_add_ps(_mm256_shuffle_ps(ab, cd, 0x44), _mm256_shuffle_ps(ab, cd, 0xee));
    const __m256 sums = _mm256_add_ps(pairs, _mm256_movehdup_ps(pairs)); // lanes a . c . b . d .
    const __m128 bd = _mm_moveldup_ps(_mm256_extractf128_ps(sums, 1));
    return _mm_blend_ps(_mm256_castps256_ps128(sums), bd, 0xa);
}

// Lane l of 128 bits takes the four-lane sums of output l: a holds outputs 0 and 1, b outputs 2 and 3.
ISOBIT_UNUSED ISOBIT_AVX512 static inline __m512 iso_fold8_avx512(__m512 a, __m512 b)
{
    return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd));
}

// From two folded registers, eight sums in order.
ISOBIT_UNUSED ISOBIT_AVX512 static inline __m256 iso_tree8_avx512(__m512 a, __m512 b)
{
    const __m512 pairs = _mm512_add_ps(_mm512_shuffle_ps(a, b, 0x44), _mm512_shuffle_ps(a, b, 0xee));
    const __m512 sums = _mm512_add_ps(pairs, _mm512_movehdup_ps(pairs));
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 2, 6, 10, 14, 0, 0, 0, 0, 0, 0, 0, 0);
    return _mm512_castps512_ps256(_mm512_permutexvar_ps(order, sums));
}
