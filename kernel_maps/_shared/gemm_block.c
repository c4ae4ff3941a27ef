// The rectangle of a matrix product's output that one task computes.

typedef struct iso_gemm_block {
    size_t m0, m1; // rows [m0, m1)
    size_t n0, n1; // columns [n0, n1)
} iso_gemm_block;

// Task t of ceil(m / rows) * ceil(n / cols): columns run fastest, so that neighbours share their rows.
ISOBIT_UNUSED static inline iso_gemm_block iso_gemm_block_of(size_t t, size_t m, size_t n, size_t rows, size_t row_unit,
                                                             size_t cols, size_t col_unit)
{
    const size_t across = (n + cols - 1) / cols;
    const size_t i = t / across;
    const size_t j = t % across;
    iso_gemm_block b;
    b.m0 = iso_cut(i, m, rows, row_unit);
    b.m1 = iso_cut(i + 1, m, rows, row_unit);
    b.n0 = iso_cut(j, n, cols, col_unit);
    b.n1 = iso_cut(j + 1, n, cols, col_unit);
    return b;
}
