// Blocks of 32 values with one f16 scale in front: q8_0 holds 32 signed bytes; q4_0 holds 16 bytes, whose low halves are
// values 0 .. 15 and whose high halves are values 16 .. 31, all with 8 added.

typedef struct iso_q8_block {
    float d;
    int8_t q[32];
} iso_q8_block;

ISOBIT_UNUSED static inline float iso_q_scale(const uint8_t *block)
{
    return iso_f16_to_f32((uint16_t)(block[0] | block[1] << 8));
}

ISOBIT_UNUSED static inline iso_q8_block iso_q8_0_block(const uint8_t *row, size_t b)
{
    const uint8_t *block = row + 34 * b;
    iso_q8_block out;
    out.d = iso_q_scale(block);
    memcpy(out.q, block + 2, sizeof out.q);
    return out;
}

ISOBIT_UNUSED static inline iso_q8_block iso_q4_0_block(const uint8_t *row, size_t b)
{
    const uint8_t *block = row + 18 * b;
    iso_q8_block out;
    out.d = iso_q_scale(block);
    for (size_t i = 0; i < 16; i++) {
        out.q[i] = (int8_t)((block[2 + i] & 0xf) - 8);
        out.q[i + 16] = (int8_t)((block[2 + i] >> 4) - 8);
    }
    return out;
}
