// Unsigned 128-bit integers as vec4<u32>, the highest word first. Needs u64.

fn iso_u128_add(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
    let low = iso_u64_add(a.zw, b.zw);
    let high = iso_u64_add(iso_u64_add(a.xy, b.xy), vec2<u32>(0u, u32(iso_u64_less(low, b.zw))));
    return vec4<u32>(high, low);
}

fn iso_u128_sub(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
    let high = iso_u64_sub(iso_u64_sub(a.xy, b.xy), vec2<u32>(0u, u32(iso_u64_less(a.zw, b.zw))));
    return vec4<u32>(high, iso_u64_sub(a.zw, b.zw));
}

fn iso_u128_less(a: vec4<u32>, b: vec4<u32>) -> bool {
    return iso_u64_less(a.xy, b.xy) || (all(a.xy == b.xy) && iso_u64_less(a.zw, b.zw));
}

fn iso_u128_product(a: vec2<u32>, b: vec2<u32>) -> vec4<u32> {
    let low = iso_u64_product(a.y, b.y);
    let first = iso_u64_product(a.x, b.y);
    let second = iso_u64_product(a.y, b.x);
    let high = iso_u64_product(a.x, b.x);
    let outer = vec4<u32>(high, low);
    return iso_u128_add(iso_u128_add(outer, vec4<u32>(0u, first, 0u)), vec4<u32>(0u, second, 0u));
}

// Shifts by less than 128.
fn iso_u128_shl(a: vec4<u32>, n: u32) -> vec4<u32> {
    var w = select(a, vec4<u32>(a.zw, 0u, 0u), n >= 64u);
    w = select(w, vec4<u32>(w.yzw, 0u), (n & 32u) != 0u);
    let s = n & 31u;
    return (w << vec4<u32>(s)) | ((vec4<u32>(w.yzw, 0u) >> vec4<u32>(1u)) >> vec4<u32>(31u - s));
}

fn iso_u128_shr(a: vec4<u32>, n: u32) -> vec4<u32> {
    var w = select(a, vec4<u32>(0u, 0u, a.xy), n >= 64u);
    w = select(w, vec4<u32>(0u, w.xyz), (n & 32u) != 0u);
    let s = n & 31u;
    return (w >> vec4<u32>(s)) | ((vec4<u32>(0u, w.xyz) << vec4<u32>(1u)) << vec4<u32>(31u - s));
}

// Any shift; a one that is lost stays as the lowest bit.
fn iso_u128_shr_sticky(a: vec4<u32>, n: u32) -> vec4<u32> {
    let s = min(n, 127u);
    let kept = iso_u128_shr(a, s);
    return kept | vec4<u32>(0u, 0u, 0u, u32(any(a != iso_u128_shl(kept, s))));
}

// Zeros before the leading one; 128 of zero.
fn iso_u128_clz(a: vec4<u32>) -> u32 {
    return select(iso_u64_clz(a.xy), 64u + iso_u64_clz(a.zw), (a.x | a.y) == 0u);
}
