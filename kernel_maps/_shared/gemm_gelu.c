// tanh GELU through the table over all f16 values, one value.

ISOBIT_UNUSED static inline float iso_gemm_gelu(float x, const uint16_t *table)
{
    if (x <= -10.0f) {
        return 0.0f;
    }
    if (x >= 10.0f) {
        return x;
    }
    return iso_f16_to_f32(table[iso_f32_to_f16(x)]);
}
