// Where cell j of an axis of `out` cells falls on an axis of `in` cells, end cells aligned, exactly.

typedef struct iso_grid_axis_f64 {
    size_t low, high; // the two neighbours
    double t;         // weight of `high`
} iso_grid_axis_f64;

ISOBIT_UNUSED static inline iso_grid_axis_f64 iso_grid_align_f64(size_t j, size_t out, size_t in)
{
    const size_t step = out > 1 ? out - 1 : 1;
    const size_t at = out > 1 ? j * (in - 1) : 0;
    iso_grid_axis_f64 axis;
    axis.low = at / step;
    axis.high = axis.low + 1 < in ? axis.low + 1 : in - 1;
    axis.t = (double)(at % step) / (double)step;
    return axis;
}
