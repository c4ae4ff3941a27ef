// Where cell j of an axis of `cells` cells falls on an axis of `given` cells, end cells aligned. Needs keep, u64, f32, div.

struct IsoGridAxis {
    low: u32, // the two neighbours
    high: u32,
    t: f32, // weight of `high`
}

fn iso_grid_align(j: u32, cells: u32, given: u32) -> IsoGridAxis {
    let ends = u32(cells > 1u && given > 1u);
    let f = iso_div(f32(i32(cells - ends)), f32(i32(given - ends)));
    let u = iso_div(f32(i32(j)), f);
    let last = f32(i32(given - 1u));
    let whole = floor(u);
    let low = u32(i32(min(whole, last)));
    let high = select(given - 1u, low + 1u, whole < last);
    return IsoGridAxis(low, high, iso_keep(min(iso_keep(u - f32(i32(low))), 1.0)));
}
