// Quick GELU by the device's exp, one value.

fn iso_gelu_quick_near(v: f32) -> f32 {
    // At +-45 exp is e^77 or e^-77: nothing is infinite, so that no infinity is ever divided by another, and what is cut off is below 1e-31.
    let t = clamp(v, -45.0, 45.0);
    return select(v, -45.0, v < -45.0) / (1.0 + exp(-1.702 * t));
}
