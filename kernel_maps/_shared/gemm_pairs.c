// Dot products of bf16 by pairs, as the AVX512_BF16 instruction forms them: subnormal numbers count as zero, those that
// go in and those that come out; portable C.

ISOBIT_UNUSED static inline float iso_normal_or_zero(float v)
{
    return fabsf(v) < 0x1p-126f ? copysignf(0.0f, v) : v;
}

// fma(w, x, acc) where no number is subnormal. A result counts as too small if it is so with 24 bits and an unbounded
// exponent: just below the smallest normal, rounding to the grid of subnormals would still reach that.
ISOBIT_UNUSED static inline float iso_pair_fma(float w, float x, float acc)
{
    const float a = iso_normal_or_zero(w);
    const float b = iso_normal_or_zero(x);
    const float c = iso_normal_or_zero(acc);
    const float r = fmaf(a, b, c);
    if (fabsf(r) == 0x1p-126f) {
        const double sign = r < 0.0f ? -1.0 : 1.0;
        // exact but for its last rounding, which cannot change the sign
        const double above = fma((double)a * sign, (double)b, ((double)c * sign - 0x1p-126) + 0x1p-151);
        return above < 0.0 ? copysignf(0.0f, r) : r;
    }
    return iso_normal_or_zero(r);
}

// Adds 32 products to 16 accumulators: of each pair the second first.
ISOBIT_UNUSED static inline void iso_pair_step(float *acc, const float *w, const float *x)
{
    for (size_t j = 0; j < 16; j++) {
        const float odd = iso_pair_fma(w[2 * j + 1], x[2 * j + 1], acc[j]);
        acc[j] = iso_pair_fma(w[2 * j], x[2 * j], odd);
    }
}

ISOBIT_UNUSED static inline float iso_gemm_dotbf16(const float *x, const float *w, size_t padded)
{
    float acc[16] = {0};
    for (size_t k = 0; k < padded; k += 32) {
        iso_pair_step(acc, w + k, x + k);
    }
    return iso_tree16(acc);
}

// Two sets of accumulators, summed one after the other in double; the tail too.
ISOBIT_UNUSED static inline float iso_gemm_vdotbf16(const float *w, const float *x, size_t k)
{
    float acc[32] = {0};
    const size_t grouped = k - k % 64;
    for (size_t i = 0; i < grouped; i += 64) {
        iso_pair_step(acc, w + i, x + i);
        iso_pair_step(acc + 16, w + i + 32, x + i + 32);
    }
    double sum = 0.0;
    sum += (double)iso_tree16(acc);
    sum += (double)iso_tree16(acc + 16);
    for (size_t i = grouped; i < k; i++) {
        sum += (double)(w[i] * x[i]);
    }
    return (float)sum;
}
