// exp as the 16-lane classes define it, four values, NEON.

// 2^n for whole n in [-126, 127].
ISOBIT_UNUSED ISOBIT_NEON static inline float32x4_t iso_vexp_power_neon(float32x4_t n)
{
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127)), 23));
}

ISOBIT_UNUSED ISOBIT_NEON static inline float32x4_t iso_vexp_16_neon(float32x4_t x)
{
    // Past 140 either way the result is already +0 or +inf; a NaN passes both steps.
    x = vminq_f32(vdupq_n_f32(140.0f), vmaxq_f32(vdupq_n_f32(-140.0f), x));
    const float32x4_t round = vdupq_n_f32(0x1.8p23f);
    const float32x4_t n = vsubq_f32(vfmaq_f32(round, x, vdupq_n_f32(0x1.715476p+0f)), round);
    const float32x4_t b = vfmsq_f32(vfmsq_f32(x, n, vdupq_n_f32(0x1.62e4p-1f)), n, vdupq_n_f32(0x1.7f7d1cp-20f));
    const float32x4_t u = vmulq_f32(b, b);
    const float32x4_t p4 = vfmaq_f32(vdupq_n_f32(0x1.573e2ep-5f), vdupq_n_f32(0x1.0e4020p-7f), b);
    const float32x4_t p2 = vfmaq_f32(vdupq_n_f32(0x1.fffdb6p-2f), vdupq_n_f32(0x1.555e66p-3f), b);
    const float32x4_t p0 = vfmaq_f32(vdupq_n_f32(1.0f), vdupq_n_f32(0x1.ffffecp-1f), b);
    const float32x4_t j = vfmaq_f32(p0, vfmaq_f32(p2, p4, u), u);
    // Scaling in two steps: the first, by at most 2^100, is exact, so that only the second rounds.
    const float32x4_t first = vminq_f32(vdupq_n_f32(100.0f), vmaxq_f32(vdupq_n_f32(-100.0f), n));
    return vmulq_f32(vmulq_f32(j, iso_vexp_power_neon(first)), iso_vexp_power_neon(vsubq_f32(n, first)));
}
