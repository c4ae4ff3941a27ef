// Where cell j of an axis of `out` cells falls between the cells of an axis of `in`, edges aligned, and the cubic weights there.

typedef struct iso_grid_cubic_f64 {
    size_t at[4];
    double w[4];
} iso_grid_cubic_f64;

ISOBIT_UNUSED static inline double iso_cubic_near_f64(double u)
{
    const double a = -0.75;
    return (((a + 2.0) * u - (a + 3.0)) * u) * u + 1.0;
}

ISOBIT_UNUSED static inline double iso_cubic_far_f64(double u)
{
    const double a = -0.75;
    return ((a * u - 5.0 * a) * u + 8.0 * a) * u - 4.0 * a;
}

ISOBIT_UNUSED static inline iso_grid_cubic_f64 iso_grid_cubic_at_f64(size_t j, size_t out, size_t in)
{
    // one whole cell is added, so that the division is one of unsigned numbers
    const size_t step = 2 * out, moved = (2 * j + 1) * in + out;
    const size_t above = moved / step;
    const double t = (double)(moved % step) / (double)step;
    iso_grid_cubic_f64 axis;
    for (size_t i = 0; i < 4; i++) {
        const size_t cell = above + i < 2 ? 0 : above + i - 2;
        axis.at[i] = cell < in ? cell : in - 1;
    }
    axis.w[0] = iso_cubic_far_f64(t + 1.0);
    axis.w[1] = iso_cubic_near_f64(t);
    axis.w[2] = iso_cubic_near_f64(1.0 - t);
    axis.w[3] = iso_cubic_far_f64(2.0 - t);
    return axis;
}
