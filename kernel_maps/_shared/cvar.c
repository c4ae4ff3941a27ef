// Mean and 1/standard deviation of a row: serial double sums of f32 values, squares first summed in groups of 16, 8 or 4.

// Writes x - mean to d (which may be x) and returns 1/sqrt(variance + eps). lanes is 16, 8 or 4; four are neighbours, then halves.
ISOBIT_UNUSED static inline float iso_cvar(const float *x, float *d, size_t n, size_t lanes, float eps)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)x[i];
    }
    const float mean = (float)sum / (float)n;
    const size_t grouped = n - n % lanes;
    double squares = 0.0;
    for (size_t i = 0; i < grouped; i += lanes) {
        float q[16];
        for (size_t j = 0; j < lanes; j++) {
            d[i + j] = x[i + j] - mean;
            q[j] = d[i + j] * d[i + j];
        }
        for (size_t half = lanes / 2; lanes != 4 && half != 0; half /= 2) {
            for (size_t j = 0; j < half; j++) {
                q[j] = q[j] + q[j + half];
            }
        }
        squares += (double)(lanes == 4 ? (q[0] + q[1]) + (q[2] + q[3]) : q[0]);
    }
    for (size_t i = grouped; i < n; i++) {
        d[i] = x[i] - mean;
        squares += (double)(d[i] * d[i]);
    }
    const float variance = (float)(squares / (double)n);
    return 1.0f / sqrtf(variance + eps);
}
