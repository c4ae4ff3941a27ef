// Logarithm, exponential, sine and cosine in double by their series, with relative errors of a few 2^-52: enough for f32.

// ln x of a positive normal x: x = m * 2^k with m near 1, ln m = 2 artanh((m - 1) / (m + 1)).
ISOBIT_UNUSED static inline double iso_trig_log(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    const int64_t k = (int64_t)((bits - 0x3fe6a09e667f3bcdULL) >> 52); // m is in [sqrt(1/2), sqrt(2))
    bits -= (uint64_t)k << 52;
    double m;
    memcpy(&m, &bits, sizeof m);
    const double t = (m - 1.0) / (m + 1.0), t2 = t * t;
    double series = 0.0;
    for (int i = 25; i >= 1; i -= 2) {
        series = fma(series, t2, 1.0 / (double)i);
    }
    const double exponent = (double)(k < 2048 ? k : k - 4096); // the shift lost the sign
    return fma(exponent, 0x1.62e42fefa39efp-1, 2.0 * t * series);
}

// e^x for |x| <= 700.
ISOBIT_UNUSED static inline double iso_trig_exp(double x)
{
    const double kd = fma(x, 0x1.71547652b82fep+0, 0x1.8p52), n = kd - 0x1.8p52;
    const double r = fma(-n, 0x1.abc9e3b39803fp-56, fma(-n, 0x1.62e42fefa39efp-1, x));
    double series = 1.0;
    for (int i = 15; i >= 1; i--) {
        series = fma(series * r, 1.0 / (double)i, 1.0);
    }
    uint64_t bits;
    memcpy(&bits, &kd, sizeof bits);
    bits = (bits << 52) + 0x3ff0000000000000ULL;
    double power;
    memcpy(&power, &bits, sizeof power);
    return series * power;
}

// Cosine and sine of |x| <= 2^31: x = n * pi/2 + r, their series in r, and the quadrant.
ISOBIT_UNUSED static inline void iso_trig_cos_sin(double x, double *cosine, double *sine)
{
    const double n = fma(x, 0x1.45f306dc9c883p-1, 0x1.8p52) - 0x1.8p52;
    const double r = fma(-n, 0x1.1a62633145c07p-54, fma(-n, 0x1.921fb54442d18p+0, x)), r2 = r * r;
    double c = 1.0, s = 1.0;
    for (int i = 18; i >= 2; i -= 2) {
        c = fma(c * r2, -1.0 / (double)(i * (i - 1)), 1.0);
        s = fma(s * r2, -1.0 / (double)(i * (i + 1)), 1.0);
    }
    s = s * r;
    const uint64_t quadrant = (uint64_t)(int64_t)n & 3u;
    *cosine = quadrant == 0 ? c : quadrant == 1 ? -s : quadrant == 2 ? -c : s;
    *sine = quadrant == 0 ? s : quadrant == 1 ? c : quadrant == 2 ? -s : -c;
}
