// Unsigned 64-bit integers as vec2<u32>(high, low).

fn iso_u64_add(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    let low = a.y + b.y;
    return vec2<u32>(a.x + b.x + u32(low < b.y), low);
}

fn iso_u64_sub(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    return vec2<u32>(a.x - b.x - u32(a.y < b.y), a.y - b.y);
}

fn iso_u64_less(a: vec2<u32>, b: vec2<u32>) -> bool {
    return a.x < b.x || (a.x == b.x && a.y < b.y);
}

// Shifts by less than 64.
fn iso_u64_shl(a: vec2<u32>, n: u32) -> vec2<u32> {
    let s = n & 31u;
    let low = a.y << s;
    let high = (a.x << s) | ((a.y >> 1u) >> (31u - s));
    return select(vec2<u32>(high, low), vec2<u32>(low, 0u), n >= 32u);
}

fn iso_u64_shr(a: vec2<u32>, n: u32) -> vec2<u32> {
    let s = n & 31u;
    let high = a.x >> s;
    let low = (a.y >> s) | ((a.x << 1u) << (31u - s));
    return select(vec2<u32>(high, low), vec2<u32>(0u, high), n >= 32u);
}

// Any shift; a one that is lost stays as the lowest bit.
fn iso_u64_shr_sticky(a: vec2<u32>, n: u32) -> vec2<u32> {
    let s = min(n, 63u);
    let kept = iso_u64_shr(a, s);
    let lost = a ^ iso_u64_shl(kept, s);
    return vec2<u32>(kept.x, kept.y | u32((lost.x | lost.y) != 0u));
}

// Zeros before the leading one; 64 of zero.
fn iso_u64_clz(a: vec2<u32>) -> u32 {
    return select(countLeadingZeros(a.x), 32u + countLeadingZeros(a.y), a.x == 0u);
}

fn iso_u64_product(a: u32, b: u32) -> vec2<u32> {
    let al = a & 0xffffu;
    let ah = a >> 16u;
    let bl = b & 0xffffu;
    let bh = b >> 16u;
    let low = al * bl;
    let first = ah * bl + (low >> 16u);
    let second = al * bh + (first & 0xffffu);
    return vec2<u32>(ah * bh + (first >> 16u) + (second >> 16u), (second << 16u) | (low & 0xffffu));
}
