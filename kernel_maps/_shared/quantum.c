// A scaled value rounded to a signed byte, in two's complement, and the larger of two magnitudes as the laws take it.

// b if either is NaN.
ISOBIT_UNUSED static inline float iso_larger(float a, float b)
{
    return a > b ? a : b;
}

// Halves to even, then limited to a byte. What no 32-bit integer holds gives the lowest byte.
ISOBIT_UNUSED static inline uint8_t iso_quantum_half_even(float v)
{
    if (!(v < 0x1p31f) || v <= -128.0f) {
        return 0x80;
    }
    if (v >= 127.0f) {
        return 0x7f;
    }
    // the sum's last bit is worth 1
    const float whole = (v + 0x1.8p23f) - 0x1.8p23f;
    return (uint8_t)(int32_t)whole;
}

// Halves away from zero. Of the 32-bit integer, whose lowest value stands for all that none holds, the lowest byte.
ISOBIT_UNUSED static inline uint8_t iso_quantum_half_away(float v)
{
    const float magnitude = fabsf(v);
    if (!(magnitude < 0x1p31f)) {
        return 0;
    }
    const int32_t down = (int32_t)magnitude;
    const int32_t whole = down + (magnitude - (float)down >= 0.5f ? 1 : 0);
    return (uint8_t)(v < 0.0f ? -whole : whole);
}
