// The sum of a group of 8 or 16 weights by the halving tree. Needs add_mul, and weights_at(at, t) of the kernel: weights t .. t + 3 of the row at.

fn iso_attn_group(at: u32, t: u32, lanes: u32) -> f32 {
    // of 16 lanes the third four meets the first, the fourth the second
    var low = vec4<f32>(0.0);
    var high = low;
    for (var j = 0u; j < (lanes ^ p.zero); j += 4u) {
        let after = iso_add4(low, weights_at(at, t + j));
        low = high;
        high = after;
    }
    let four = iso_add4(low, high);
    let two = iso_add4(four, four.zwxy);
    return iso_add4(two, two.yxwz).x;
}
