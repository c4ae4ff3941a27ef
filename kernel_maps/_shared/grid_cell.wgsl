// Where cell i of blocks of merge x merge neighbours lies in a grid of `cols` columns: (row, column).

fn iso_grid_cell(i: u32, cols: u32, merge: u32) -> vec2<u32> {
    let inside = i % (merge * merge);
    let block = i / (merge * merge);
    let across = cols / merge;
    return vec2<u32>(block / across * merge + inside / merge, block % across * merge + inside % merge);
}
