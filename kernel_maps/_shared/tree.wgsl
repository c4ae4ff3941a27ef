// Halving trees: the sum of n lanes where lane i takes lane i + n/2, then n/4, and so on. A vec4 is four neighbouring lanes.

fn iso_tree4(a: vec4<f32>) -> f32 {
    let two = a.xy + a.zw;
    return two.x + two.y;
}

fn iso_tree8(low: vec4<f32>, high: vec4<f32>) -> f32 {
    return iso_tree4(low + high);
}

fn iso_tree16(a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>) -> f32 {
    return iso_tree8(a + c, b + d);
}
