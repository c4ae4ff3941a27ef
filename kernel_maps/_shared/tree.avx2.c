// Halving trees of several registers at once, AVX2.

// The halving trees of four registers.
ISOBIT_UNUSED ISOBIT_AVX2 static inline __m128 iso_tree8_avx2(__m256 a, __m256 b, __m256 c, __m256 d)
{
    const __m256 ab = _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
    const __m256 cd = _mm256_add_ps(_mm256_permute2f128_ps(c, d, 0x20), _mm256_permute2f128_ps(c, d, 0x31));
    const __m256 pairs = _mm256_add_ps(_mm256_shuffle_ps(ab, cd, 0x44), _mm256_shuffle_ps(ab, cd, 0xee));
    const __m256 sums = _mm256_add_ps(pairs, _mm256_movehdup_ps(pairs)); // lanes a . c . b . d .
    const __m128 bd = _mm_moveldup_ps(_mm256_extractf128_ps(sums, 1));
    return _mm_blend_ps(_mm256_castps256_ps128(sums), bd, 0xa);
}
