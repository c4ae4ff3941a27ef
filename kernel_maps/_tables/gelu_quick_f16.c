// GELU, quick form, of every f16 value, rounded to f16 after f32 arithmetic with the expf of _shared/glibc_expf.c, so equal everywhere.

enum { TABLE_gelu_quick_f16_COUNT = 65536 };
typedef uint16_t table_gelu_quick_f16_t;
static const uint64_t table_gelu_quick_f16_checksum = 0xb3011a867d40825dULL;

static void table_gelu_quick_f16_fill(table_gelu_quick_f16_t *out)
{
    for (uint32_t h = 0; h < TABLE_gelu_quick_f16_COUNT; h++) {
        if ((h & 0x7fffu) > 0x7c00u) { // NaN: itself, quiet
            out[h] = (uint16_t)(h | 0x200u);
            continue;
        }
        if (h == 0xfc00u) { // -inf * 0
            out[h] = 0xfe00u;
            continue;
        }
        const float v = iso_f16_to_f32((uint16_t)h);
        out[h] = iso_f32_to_f16(v * (1.0f / (1.0f + iso_glibc_expf(-1.702f * v))));
    }
}
