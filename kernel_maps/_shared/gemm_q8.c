// Dot products of quantised rows: integers inside a block, f32 across blocks; portable C.

// Elements [from, to) of two blocks.
ISOBIT_UNUSED static inline int32_t iso_q8_products(const iso_q8_block *x, const iso_q8_block *w, size_t from, size_t to)
{
    int32_t sum = 0;
    for (size_t i = from; i < to; i++) {
        sum += (int32_t)w->q[i] * (int32_t)x->q[i];
    }
    return sum;
}

ISOBIT_UNUSED static inline float iso_gemm_dotq8(const iso_q8_block *x, const iso_q8_block *w, size_t blocks)
{
    float acc[8] = {0};
    for (size_t b = 0; b < blocks; b++) {
        const float d = w[b].d * x[b].d;
        for (size_t j = 0; j < 8; j++) {
            acc[j] = fmaf(d, (float)iso_q8_products(&x[b], &w[b], 4 * j, 4 * j + 4), acc[j]);
        }
    }
    return iso_tree8(acc);
}

// In order, without fused steps; the product of the scales is formed first.
ISOBIT_UNUSED static inline float iso_gemm_dotq8_seq_of_q8_0(const iso_q8_block *x, const iso_q8_block *w, size_t blocks)
{
    float sum = 0.0f;
    for (size_t b = 0; b < blocks; b++) {
        sum += (float)iso_q8_products(&x[b], &w[b], 0, 32) * (w[b].d * x[b].d);
    }
    return sum;
}

// The same with the scale of w applied first, then that of x.
ISOBIT_UNUSED static inline float iso_gemm_dotq8_seq_of_q4_0(const iso_q8_block *x, const iso_q8_block *w, size_t blocks)
{
    float sum = 0.0f;
    for (size_t b = 0; b < blocks; b++) {
        sum += ((float)iso_q8_products(&x[b], &w[b], 0, 32) * w[b].d) * x[b].d;
    }
    return sum;
}
