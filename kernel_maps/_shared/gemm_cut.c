// Cutting a range of work into parts of nearly equal length.

// Start of part i of [0, n) cut into ceil(n / most) parts, each but the last a multiple of unit, none longer than
// most, which must be a multiple of unit.
ISOBIT_UNUSED static inline size_t iso_cut(size_t i, size_t n, size_t most, size_t unit)
{
    const size_t parts = (n + most - 1) / most;
    const size_t length = ((n + parts - 1) / parts + unit - 1) / unit * unit;
    const size_t start = i * length;
    return start < n ? start : n;
}
