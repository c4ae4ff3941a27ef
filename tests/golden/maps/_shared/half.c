// f16 to f32 for finite values that are not subnormal, which is all a toy meets.
ISOBIT_UNUSED static inline float iso_half(uint16_t h)
{
    const uint32_t bits = (uint32_t)(h >> 15) << 31 | ((h & 0x7fffu) ? ((uint32_t)(h & 0x7fffu) << 13) + (112u << 23) : 0u);
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}
