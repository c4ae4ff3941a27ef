// A word of a result of `count` elements of 16 bits: the kernel says what element i is, as half_at(i).

fn iso_two_halves(word: u32, count: u32) -> u32 {
    let low = half_at(2u * word);
    if (2u * word + 1u < count) {
        return low | (half_at(2u * word + 1u) << 16u);
    }
    return low;
}
