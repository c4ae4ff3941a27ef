// f16 (IEEE binary16) to f32 and back, by bits: exact one way, to nearest even the other, NaN kept quiet as x86 does.

ISOBIT_UNUSED static inline float iso_f16_to_f32(uint16_t h)
{
    // The exponent field moves from bias 15 to bias 127 by an exact multiplication, which also normalises subnormals.
    const uint32_t magnitude = (uint32_t)(h & 0x7fffu) << 13;
    float scaled;
    memcpy(&scaled, &magnitude, sizeof scaled);
    scaled *= 0x1p112f;
    uint32_t bits;
    memcpy(&bits, &scaled, sizeof bits);
    const uint32_t quiet = (h & 0x3ffu) != 0 ? 0x400000u : 0u;
    bits = (h & 0x7c00u) == 0x7c00u ? (0x7f800000u | magnitude | quiet) : bits;
    bits |= (uint32_t)(h & 0x8000u) << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

ISOBIT_UNUSED static inline uint16_t iso_f32_to_f16(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    const uint32_t sign = (bits >> 16) & 0x8000u;
    const uint32_t magnitude = bits & 0x7fffffffu;
    uint32_t half;
    if (magnitude > 0x7f800000u) {
        half = 0x7e00u | ((magnitude >> 13) & 0x3ffu);
    } else if (magnitude >= 0x477ff000u) { // rounds to 2^16 or more
        half = 0x7c00u;
    } else if (magnitude >= 0x38800000u) { // normal in f16
        const uint32_t rebased = magnitude - 0x38000000u;
        half = (rebased + 0xfffu + ((rebased >> 13) & 1u)) >> 13;
    } else if (magnitude > 0x33000000u) { // more than half of the smallest subnormal
        const uint32_t shift = 126u - (magnitude >> 23);
        const uint32_t mantissa = (magnitude & 0x7fffffu) | 0x800000u;
        const uint32_t kept = mantissa >> shift;
        const uint32_t rest = mantissa & ((1u << shift) - 1u);
        const uint32_t tie = 1u << (shift - 1u);
        half = kept + (rest > tie || (rest == tie && (kept & 1u) != 0) ? 1u : 0u);
    } else {
        half = 0;
    }
    return (uint16_t)(sign | half);
}
