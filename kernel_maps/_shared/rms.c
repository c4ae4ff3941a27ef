// Mean square of a row: f32 squares, one serial double sum.

// 1/sqrt(mean square + eps).
ISOBIT_UNUSED static inline float iso_rms(const float *x, size_t n, float eps)
{
    double squares = 0.0;
    for (size_t i = 0; i < n; i++) {
        squares += (double)(x[i] * x[i]);
    }
    const float mean = (float)(squares / (double)n);
    return 1.0f / sqrtf(mean + eps);
}
