// The sum of f32 values in double, one addition after another, by many invocations: while no addition rounds, order does not matter.
// Needs u64, f32, f64.
//
// Values whose exponent fields lie between `low` and `high` are whole numbers of the last place of `low`. If all their magnitudes together are
// at most 2^53 of it, every partial sum is a double, and the sum of the whole numbers is the result.

struct IsoRowSum {
    total: vec2<u32>, // two's complement
    size: vec2<u32>, // sum of the magnitudes
}

// Smallest and largest exponent field so far; zeros have none. Subnormals count as of the smallest.
fn iso_row_reach(reach: vec2<u32>, v: f32) -> vec2<u32> {
    let bits = bitcast<u32>(v);
    let field = (bits >> 23u) & 0xffu;
    return select(vec2<u32>(min(reach.x, max(field, 1u)), max(reach.y, max(field, 1u))), reach, (bits << 1u) == 0u);
}

// No more than n values of this reach can overflow 64 bits, and all of them are finite.
fn iso_row_fits(reach: vec2<u32>, n: u32) -> bool {
    return reach.y < 255u && (reach.x > reach.y || reach.y - reach.x < 8u + countLeadingZeros(n));
}

fn iso_row_add(sum: IsoRowSum, v: f32, low: u32) -> IsoRowSum {
    let bits = bitcast<u32>(v);
    let field = (bits >> 23u) & 0xffu;
    let m = (bits & 0x7fffffu) | (u32(field != 0u) << 23u);
    let size = iso_u64_shl(vec2<u32>(0u, m), (max(field, 1u) - low) & 63u);
    let sign = vec2<u32>(0u - (bits >> 31u));
    return IsoRowSum(iso_u64_sub(iso_u64_add(sum.total, size ^ sign), sign), iso_u64_add(sum.size, size));
}

fn iso_row_join(a: IsoRowSum, b: IsoRowSum) -> IsoRowSum {
    return IsoRowSum(iso_u64_add(a.total, b.total), iso_u64_add(a.size, b.size));
}

fn iso_row_is_exact(sum: IsoRowSum) -> bool {
    return !iso_u64_less(vec2<u32>(0x200000u, 0u), sum.size);
}

fn iso_row_total(sum: IsoRowSum, low: u32) -> vec2<u32> {
    let sign = sum.total.x >> 31u;
    let size = select(sum.total, iso_u64_sub(vec2<u32>(0u, 0u), sum.total), sign != 0u);
    let zeros = iso_u64_clz(size);
    return iso_f64_round(sign << 31u, i32(low) - 87 - i32(zeros), iso_u64_shl(size, min(zeros, 63u)));
}
