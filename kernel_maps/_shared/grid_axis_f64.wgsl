// Where cell j of an axis of `cells` cells falls on an axis of `given` cells, end cells aligned, exactly. Needs u64, f32, f64, f64_div.

struct IsoGridAxisF64 {
    low: u32, // the two neighbours
    high: u32,
    weights: array<vec2<u32>, 2>, // theirs: 1 - t and t
}

fn iso_grid_align_f64(j: u32, cells: u32, given: u32) -> IsoGridAxisF64 {
    let step = max(cells, 2u) - 1u;
    let at = select(0u, j * (given - 1u), cells > 1u);
    let low = at / step;
    let t = iso_f64_div(iso_f64_from_u32(at % step), iso_f64_from_u32(step));
    return IsoGridAxisF64(low, min(low + 1u, given - 1u), array<vec2<u32>, 2>(iso_f64_sub(vec2<u32>(0x3ff00000u, 0u), t), t));
}
