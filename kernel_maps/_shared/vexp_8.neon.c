// exp as the 8-lane classes define it, four values, NEON.

ISOBIT_UNUSED ISOBIT_NEON static inline float32x4_t iso_vexp_8_neon(float32x4_t x)
{
    const float32x4_t round = vdupq_n_f32(0x1.8p23f);
    const float32x4_t z = vfmaq_f32(round, x, vdupq_n_f32(0x1.715476p+0f));
    const float32x4_t n = vsubq_f32(z, round);
    const float32x4_t b = vfmsq_f32(vfmsq_f32(x, n, vdupq_n_f32(0x1.62e4p-1f)), n, vdupq_n_f32(0x1.7f7d1cp-20f));
    const float32x4_t u = vmulq_f32(b, b);
    const float32x4_t p4 = vfmaq_f32(vdupq_n_f32(0x1.573e2ep-5f), vdupq_n_f32(0x1.0e4020p-7f), b);
    const float32x4_t p2 = vfmaq_f32(vdupq_n_f32(0x1.fffdb6p-2f), vdupq_n_f32(0x1.555e66p-3f), b);
    const float32x4_t j = vfmaq_f32(vmulq_f32(vdupq_n_f32(0x1.ffffecp-1f), b), vfmaq_f32(p2, p4, u), u);
    const uint32x4_t e = vshlq_n_u32(vreinterpretq_u32_f32(z), 23);
    const float32x4_t k = vreinterpretq_f32_u32(vaddq_u32(e, vdupq_n_u32(0x3f800000u)));
    const float32x4_t plain = vfmaq_f32(k, j, k);
    const float32x4_t size = vabsq_f32(n);
    const uint32x4_t large = vcgtq_f32(size, vdupq_n_f32(126.0f));
    if (vmaxvq_u32(large) == 0) {
        return plain;
    }
    // 2^n is no normal number in some lane: two factors, or their limit past 192.
    const uint32x4_t g = vandq_u32(vcleq_f32(n, vdupq_n_f32(0.0f)), vdupq_n_u32(0x82000000u));
    const float32x4_t s1 = vreinterpretq_f32_u32(vaddq_u32(g, vdupq_n_u32(0x7f000000u)));
    const float32x4_t s2 = vreinterpretq_f32_u32(vsubq_u32(e, g));
    const float32x4_t stepped = vmulq_f32(vfmaq_f32(s2, s2, j), s1);
    const uint32x4_t limit = vcgtq_f32(size, vdupq_n_f32(192.0f));
    return vbslq_f32(limit, vmulq_f32(s1, s1), vbslq_f32(large, stepped, plain));
}
