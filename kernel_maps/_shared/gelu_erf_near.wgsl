// GELU by the device's exp, one value: x times the share of a normal distribution below x. The share beyond a = |x| is exp(-a*a/2) * R(a);
// R, half the scaled complementary error function, is a polynomial of degree 9 in t = 1 / (1 + a/4) without constant term, fitted for this
// file over 0 <= a <= 12: least squares of the relative error at Chebyshev points, their weights shifted until the largest error fell no
// more. With these coefficients it is at most 6.1e-8.

fn iso_gelu_erf_near(v: f32) -> f32 {
    // Beyond 12 the share is below 2e-33; the limit keeps the square, and with it every value, finite.
    let a = min(abs(v), 12.0);
    let t = 1.0 / fma(a, 0.25, 1.0);
    var r = fma(t, 0x1.cd645ep-6f, -0x1.51d5fep-3f);
    r = fma(t, r, 0x1.49aeb2p-2f);
    r = fma(t, r, -0x1.e4025cp-3f);
    r = fma(t, r, 0x1.ca1eep-3f);
    r = fma(t, r, 0x1.7b6138p-6f);
    r = fma(t, r, 0x1.b3bc94p-4f);
    r = fma(t, r, 0x1.91eb0cp-4f);
    r = fma(t, r, 0x1.98df22p-4f);
    let beyond = exp(-0.5 * a * a) * (t * r);
    return select(v * (1.0 - beyond), max(v, -12.0) * beyond, v < 0.0);
}
