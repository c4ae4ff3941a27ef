// Dot products that are summed in double, one product after the other: portable C.

ISOBIT_UNUSED static inline float iso_gemm_ddot(const float *w, const float *x, size_t k)
{
    double sum = 0.0;
    for (size_t i = 0; i < k; i++) {
        sum += (double)(w[i] * x[i]);
    }
    return (float)sum;
}
