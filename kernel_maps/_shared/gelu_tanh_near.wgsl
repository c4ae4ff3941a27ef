// tanh GELU by the device's exp, one value: 0.5 (1 + tanh(u)) is 1 / (1 + exp(-2u)), which has no difference of nearly equal numbers.

fn iso_gelu_tanh_near(v: f32) -> f32 {
    // At +-9 exp is e^66 or e^-66: nothing is infinite, so that no infinity is ever divided by another, and what is cut off is below 1e-27.
    let t = clamp(v, -9.0, 9.0);
    let z = t * fma(t * t, -0x1.2444f2p-4f, -0x1.988454p+0f);
    return select(v, -9.0, v < -9.0) / (1.0 + exp(z));
}
