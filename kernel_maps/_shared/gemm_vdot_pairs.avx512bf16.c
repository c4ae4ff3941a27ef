// Dot product of two rows of bf16 by pairs with two accumulators and an ordered tail, AVX512_BF16.

ISOBIT_UNUSED ISOBIT_AVX512BF16 static inline float iso_gemm_vdot_pairs_avx512bf16(const uint16_t *w, const uint16_t *x, size_t k)
{
    __m512 first = _mm512_setzero_ps();
    __m512 second = first;
    const size_t grouped = k - k % 64;
    for (size_t i = 0; i < grouped; i += 64) {
        first = _mm512_dpbf16_ps(first, (__m512bh)_mm512_loadu_si512(w + i), (__m512bh)_mm512_loadu_si512(x + i));
        second = _mm512_dpbf16_ps(second, (__m512bh)_mm512_loadu_si512(w + i + 32), (__m512bh)_mm512_loadu_si512(x + i + 32));
    }
    const __m128 sums = iso_tree16_avx512(first, second, first, second);
    double sum = 0.0;
    sum += (double)_mm_cvtss_f32(sums);
    sum += (double)_mm_cvtss_f32(_mm_movehdup_ps(sums));
    for (size_t i = grouped; i < k; i++) {
        sum += (double)(iso_bf16_to_f32(w[i]) * iso_bf16_to_f32(x[i]));
    }
    return (float)sum;
}
