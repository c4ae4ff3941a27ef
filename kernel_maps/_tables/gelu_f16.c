// GELU, tanh form, of every f16 value, rounded to f16 after f32 arithmetic; no library function, so equal everywhere.

enum { TABLE_gelu_f16_COUNT = 65536 };
typedef uint16_t table_gelu_f16_t;
static const uint64_t table_gelu_f16_checksum = 0x7f959d6e0936240cULL;

// exp(x) for |x| <= 40, relative error below 2^-50: x = k ln2 + r, exp(r) by its series.
static double table_gelu_f16_exp(double x)
{
    const int64_t k = (int64_t)(x * 0x1.71547652b82fep+0 + 64.5) - 64; // nearest integer: the bias makes truncation a floor
    const double r = (x - (double)k * 0x1.62e42fee00000p-1) - (double)k * 0x1.a39ef35793c76p-33;
    double series = 1.0;
    for (int i = 16; i >= 1; i--) {
        series = 1.0 + series * r / (double)i;
    }
    const uint64_t bits = (uint64_t)(k + 1023) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return series * power;
}

static float table_gelu_f16_tanh(float a)
{
    if (a > 16.0f) {
        return 1.0f;
    }
    if (a < -16.0f) {
        return -1.0f;
    }
    return (float)(1.0 - 2.0 / (table_gelu_f16_exp(2.0 * (double)a) + 1.0));
}

static void table_gelu_f16_fill(table_gelu_f16_t *out)
{
    for (uint32_t h = 0; h < TABLE_gelu_f16_COUNT; h++) {
        if ((h & 0x7fffu) > 0x7c00u) { // NaN: itself, quiet
            out[h] = (uint16_t)(h | 0x200u);
            continue;
        }
        if (h == 0xfc00u) { // -inf * 0
            out[h] = 0xfe00u;
            continue;
        }
        const float v = iso_f16_to_f32((uint16_t)h);
        const float cubic = 0.044715f * v;
        const float inner = (float)(1.0 + (double)cubic * (double)v); // fma(cubic, v, 1): the product is exact in double
        const float a = (0x1.988454p-1f * v) * inner;
        out[h] = iso_f32_to_f16((0.5f * v) * (1.0f + table_gelu_f16_tanh(a)));
    }
}
