// Dot products with four accumulators of 16 or 8 lanes and an ordered tail: portable C.

// (acc[0] + acc[2]) + (acc[1] + acc[3]), then 16 lanes by the halving tree, 8 lanes by halves and then neighbours.
ISOBIT_UNUSED static inline float iso_gemm_vdot_reduce(float acc[4][16], size_t lanes)
{
    float r[16];
    for (size_t j = 0; j < lanes; j++) {
        r[j] = (acc[0][j] + acc[2][j]) + (acc[1][j] + acc[3][j]);
    }
    if (lanes == 16) {
        return iso_tree16(r);
    }
    return ((r[0] + r[4]) + (r[1] + r[5])) + ((r[2] + r[6]) + (r[3] + r[7]));
}

// w and x: values that f16 can hold, so that every product is exact in f32. The tail is summed in double.
ISOBIT_UNUSED static inline float iso_gemm_vdot_of_f16(const float *w, const float *x, size_t k, size_t lanes)
{
    float acc[4][16] = {{0}};
    const size_t grouped = k - k % (4 * lanes);
    for (size_t i = 0; i < grouped; i += 4 * lanes) {
        for (size_t a = 0; a < 4; a++) {
            for (size_t j = 0; j < lanes; j++) {
                acc[a][j] = w[i + a * lanes + j] * x[i + a * lanes + j] + acc[a][j];
            }
        }
    }
    double sum = (double)iso_gemm_vdot_reduce(acc, lanes);
    for (size_t i = grouped; i < k; i++) {
        sum += (double)(w[i] * x[i]);
    }
    return (float)sum;
}

// The tail: products rounded on their own in groups of lanes, then in one group of lanes / 2, the last few fused.
ISOBIT_UNUSED static inline float iso_gemm_vdot_f32(const float *w, const float *x, size_t k, size_t lanes)
{
    float acc[4][16] = {{0}};
    const size_t grouped = k - k % (4 * lanes);
    for (size_t i = 0; i < grouped; i += 4 * lanes) {
        for (size_t a = 0; a < 4; a++) {
            for (size_t j = 0; j < lanes; j++) {
                acc[a][j] = fmaf(w[i + a * lanes + j], x[i + a * lanes + j], acc[a][j]);
            }
        }
    }
    float sum = iso_gemm_vdot_reduce(acc, lanes);
    size_t separate = grouped + (k - grouped) / lanes * lanes;
    if (separate + lanes / 2 <= k) {
        separate += lanes / 2;
    }
    for (size_t i = grouped; i < separate; i++) {
        sum += w[i] * x[i];
    }
    for (size_t i = separate; i < k; i++) {
        sum = fmaf(w[i], x[i], sum);
    }
    return sum;
}
