// The end of attention with whole rows of scores: lanes added by the halving tree, AVX2.

// y[e] = tree of acc[lanes][48][row] for `count` rows; d is a multiple of 4.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_full_out_avx2(float *y, size_t y_row, const float *acc, size_t row, size_t count, size_t d,
                                                               size_t lanes)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t e = 0; e < d; e += 8) {
            __m256 tree[16];
            for (size_t j = 0; j < lanes; j++) {
                tree[j] = _mm256_load_ps(acc + (j * 48 + i) * row + e);
            }
            for (size_t n = lanes / 2; n > 0; n /= 2) {
                for (size_t j = 0; j < n; j++) {
                    tree[j] = _mm256_add_ps(tree[j], tree[j + n]);
                }
            }
            if (e + 8 <= d) {
                _mm256_storeu_ps(y + i * y_row + e, tree[0]);
            } else {
                _mm_storeu_ps(y + i * y_row + e, _mm256_castps256_ps128(tree[0]));
            }
        }
    }
}
