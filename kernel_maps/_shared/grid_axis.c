// Where cell j of an axis of `out` cells falls on an axis of `in` cells, end cells aligned.

typedef struct iso_grid_axis {
    size_t low, high; // the two neighbours
    float t;          // weight of `high`
} iso_grid_axis;

ISOBIT_UNUSED static inline iso_grid_axis iso_grid_align(size_t j, size_t out, size_t in)
{
    const float f = out > 1 && in > 1 ? (float)(out - 1) / (float)(in - 1) : (float)out / (float)in;
    const float u = (float)j / f;
    const float floor_u = floorf(u);
    const float last = (float)(in - 1);
    iso_grid_axis axis;
    axis.low = (size_t)(floor_u < last ? floor_u : last);
    axis.high = axis.low + 1 < in && floor_u < last ? axis.low + 1 : in - 1;
    const float t = u - (float)axis.low;
    axis.t = t < 1.0f ? t : 1.0f;
    return axis;
}
