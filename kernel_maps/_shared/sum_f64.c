// Sums of a row in eight double accumulators.

// The sum of x - mean, or of its squares; element i goes to accumulator i mod 8, and they are added by the halving tree.
ISOBIT_UNUSED static inline double iso_f64_sum(const float *x, size_t n, double mean, int squares)
{
    double part[8] = {0};
    for (size_t i = 0; i < n; i += 8) {
        for (size_t j = 0; j < 8 && i + j < n; j++) {
            const double d = (double)x[i + j] - mean;
            const double square = d * d;
            part[j] = part[j] + (squares ? square : d);
        }
    }
    for (size_t half = 4; half > 0; half /= 2) {
        for (size_t j = 0; j < half; j++) {
            part[j] = part[j] + part[j + half];
        }
    }
    return part[0];
}
