// Mean and 1/standard deviation of a row of x: serial double sums of f32 values, squares first summed in groups of 16, 8 or 4.
// Needs keep, u64, f32, f64, f64_div, div, sqrt, tree.

struct IsoCvar {
    mean: f32,
    scale: f32,
}

fn iso_cvar_squares(at: u32, mean: f32) -> vec4<f32> {
    var q: vec4<f32>;
    for (var j = 0u; j < 4u; j++) {
        let d = iso_keep(x[at + j] - mean);
        q[j] = iso_keep(d * d);
    }
    return q;
}

fn iso_cvar_group(at: u32, lanes: u32, mean: f32) -> f32 {
    if (lanes == 4u) {
        let q = iso_cvar_squares(at, mean);
        return (q.x + q.y) + (q.z + q.w);
    }
    let a = iso_cvar_squares(at, mean);
    let b = iso_cvar_squares(at + 4u, mean);
    if (lanes == 8u) {
        return iso_tree8(a, b);
    }
    return iso_tree16(a, b, iso_cvar_squares(at + 8u, mean), iso_cvar_squares(at + 12u, mean));
}

// The row begins at element `at`; lanes is 16, 8 or 4; four are neighbours, then halves.
fn iso_cvar(at: u32, n: u32, lanes: u32, eps: f32) -> IsoCvar {
    var sum = vec2<u32>(0u, 0u);
    for (var i = 0u; i < n; i++) {
        sum = iso_f64_add(sum, iso_f64_from_f32(x[at + i]));
    }
    let mean = iso_div(iso_f64_to_f32(sum), f32(i32(n)));
    let grouped = n - n % lanes;
    var squares = vec2<u32>(0u, 0u);
    for (var i = 0u; i < grouped; i += lanes) {
        squares = iso_f64_add(squares, iso_f64_from_f32(iso_cvar_group(at + i, lanes, mean)));
    }
    for (var i = grouped; i < n; i++) {
        let d = iso_keep(x[at + i] - mean);
        squares = iso_f64_add(squares, iso_f64_from_f32(d * d));
    }
    let variance = iso_f64_to_f32(iso_f64_div(squares, iso_f64_from_u32(n)));
    return IsoCvar(mean, iso_div(1.0, iso_sqrt(variance + eps)));
}
