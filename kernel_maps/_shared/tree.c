// Halving trees: the sum of n lanes where lane i takes lane i + n/2, then n/4, and so on. The lanes are overwritten.

ISOBIT_UNUSED static inline float iso_tree8(float *a)
{
    for (int i = 0; i < 4; i++) {
        a[i] = a[i] + a[i + 4];
    }
    a[0] = a[0] + a[2];
    a[1] = a[1] + a[3];
    return a[0] + a[1];
}

ISOBIT_UNUSED static inline float iso_tree16(float *a)
{
    for (int i = 0; i < 8; i++) {
        a[i] = a[i] + a[i + 8];
    }
    return iso_tree8(a);
}
