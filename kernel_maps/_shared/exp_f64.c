// exp in double, relative error below 2^-36: exact enough that its f32 value is the nearest one but for rare near ties.
//
// x = n ln2 + r with |r| <= ln2 / 2; exp(r) is its series up to r^9.

ISOBIT_UNUSED static inline double iso_exp_f64(double x)
{
    x = x > 700.0 ? 700.0 : x;
    x = x < -700.0 ? -700.0 : x; // a NaN passes both
    const double kd = fma(x, 0x1.71547652b82fep+0, 0x1.8p52);
    const double r = fma(-(kd - 0x1.8p52), 0x1.62e42fefa39efp-1, x);
    double p = 1.0 / 362880.0;
    p = fma(p, r, 1.0 / 40320.0);
    p = fma(p, r, 1.0 / 5040.0);
    p = fma(p, r, 1.0 / 720.0);
    p = fma(p, r, 1.0 / 120.0);
    p = fma(p, r, 1.0 / 24.0);
    p = fma(p, r, 1.0 / 6.0);
    p = fma(p, r, 0.5);
    p = fma(p, r, 1.0);
    p = fma(p, r, 1.0);
    uint64_t bits;
    memcpy(&bits, &kd, sizeof bits);
    bits = (bits << 52) + 0x3ff0000000000000ULL; // 2^n: n is in the low bits of kd
    double power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}
