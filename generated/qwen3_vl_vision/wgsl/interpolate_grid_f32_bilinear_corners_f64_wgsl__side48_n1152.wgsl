// interpolate_grid.f32.bilinear_corners_f64.wgsl
@group(0) @binding(0) var<storage, read> grid: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
struct Params {
    rows: u32,
    cols: u32,
    first: u32,
    grid_at: u32,
    zero: u32,
}
@group(0) @binding(2) var<uniform> p: Params;

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

// f32 taken apart and put together by its bits, subnormals included. Needs u64.

// A finite value: m / 2^31 * 2^e with bit 31 of m set, or m = 0.
struct IsoF32 {
    sign: u32,
    e: i32,
    m: u32,
}

fn iso_f32_parts(bits: u32) -> IsoF32 {
    let field = (bits >> 23u) & 0xffu;
    let fraction = bits & 0x7fffffu;
    let zeros = countLeadingZeros(fraction);
    let normal = IsoF32(bits & 0x80000000u, i32(field) - 127, (fraction | 0x800000u) << 8u);
    if (field != 0u) {
        return normal;
    }
    return IsoF32(normal.sign, -118 - i32(zeros), fraction << (zeros & 31u));
}

// The f32 nearest to m / 2^63 * 2^e, ties to even; bit 63 of m is set, or m = 0.
fn iso_f32_round(sign: u32, e: i32, m: vec2<u32>) -> u32 {
    if ((m.x | m.y) == 0u) {
        return sign;
    }
    if (e > 127) {
        return sign | 0x7f800000u;
    }
    let least = max(e, -126);
    let n = iso_u64_shr_sticky(m, u32(least - e));
    let rest = u32(((n.x & 0x7fu) | n.y) != 0u);
    let kept = n.x >> 8u;
    let up = (n.x >> 7u) & (rest | kept) & 1u;
    return sign | ((u32(least + 126) << 23u) + kept + up);
}

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

// Double arithmetic in integers: the 64 bits of a double as vec2<u32>(high, low), every operation rounded to nearest even, subnormals kept.
// Needs u64, f32. A NaN has no payload.

const ISO_F64_NAN = vec2<u32>(0x7ff80000u, 0u);

// A finite value: m / 2^63 * 2^e with bit 63 of m set, or m = 0.
struct IsoF64 {
    sign: u32,
    e: i32,
    m: vec2<u32>,
}

fn iso_f64_parts(x: vec2<u32>) -> IsoF64 {
    let field = (x.x >> 20u) & 0x7ffu;
    let normal = iso_u64_shl(vec2<u32>((x.x & 0xfffffu) | 0x100000u, x.y), 11u);
    if (field != 0u) {
        return IsoF64(x.x & 0x80000000u, i32(field) - 1023, normal);
    }
    let fraction = vec2<u32>(x.x & 0xfffffu, x.y);
    let zeros = iso_u64_clz(fraction);
    return IsoF64(x.x & 0x80000000u, -1011 - i32(zeros), iso_u64_shl(fraction, min(zeros, 63u)));
}

// The double nearest to m / 2^63 * 2^e; bit 63 of m is set, or m = 0. Bits that m lost before are or-ed into bit 0.
fn iso_f64_round(sign: u32, e: i32, m: vec2<u32>) -> vec2<u32> {
    if ((m.x | m.y) == 0u) {
        return vec2<u32>(sign, 0u);
    }
    if (e > 1023) {
        return vec2<u32>(sign | 0x7ff00000u, 0u);
    }
    let least = max(e, -1022);
    let n = iso_u64_shr_sticky(m, u32(least - e));
    let kept = iso_u64_shr(n, 11u);
    let up = (n.y >> 10u) & (u32((n.y & 0x3ffu) != 0u) | kept.y) & 1u;
    let r = iso_u64_add(kept, vec2<u32>(u32(least + 1022) << 20u, up));
    return vec2<u32>(sign | r.x, r.y);
}

fn iso_f64_is_nan(x: vec2<u32>) -> bool {
    return iso_u64_less(vec2<u32>(0x7ff00000u, 0u), vec2<u32>(x.x & 0x7fffffffu, x.y));
}

fn iso_f64_is_inf(x: vec2<u32>) -> bool {
    return (x.x & 0x7fffffffu) == 0x7ff00000u && x.y == 0u;
}

fn iso_f64_is_zero(x: vec2<u32>) -> bool {
    return ((x.x & 0x7fffffffu) | x.y) == 0u;
}

// NaN and infinity have the largest exponent.
fn iso_f64_is_finite(x: vec2<u32>) -> bool {
    return (x.x & 0x7fffffffu) < 0x7ff00000u;
}

fn iso_f64_neg(x: vec2<u32>) -> vec2<u32> {
    return vec2<u32>(x.x ^ 0x80000000u, x.y);
}

fn iso_f64_from_u32(v: u32) -> vec2<u32> {
    let zeros = countLeadingZeros(v);
    return iso_f64_round(0u, 31 - i32(zeros), vec2<u32>(v << (zeros & 31u), 0u));
}

fn iso_f64_from_i32(v: i32) -> vec2<u32> {
    let size = iso_f64_from_u32(select(u32(v), 0u - u32(v), v < 0));
    return vec2<u32>(size.x | (u32(v) & 0x80000000u), size.y);
}

fn iso_f64_from_f32(f: f32) -> vec2<u32> {
    let bits = bitcast<u32>(f);
    let size = bits & 0x7fffffffu;
    if (size >= 0x7f800000u) {
        return select(vec2<u32>((bits & 0x80000000u) | 0x7ff00000u, 0u), ISO_F64_NAN, size > 0x7f800000u);
    }
    let x = iso_f32_parts(bits);
    return iso_f64_round(x.sign, x.e, vec2<u32>(x.m, 0u));
}

fn iso_f64_to_f32(x: vec2<u32>) -> f32 {
    if (!iso_f64_is_finite(x)) {
        return bitcast<f32>(select((x.x & 0x80000000u) | 0x7f800000u, 0x7fc00000u, iso_f64_is_nan(x)));
    }
    let v = iso_f64_parts(x);
    return bitcast<f32>(iso_f32_round(v.sign, v.e, v.m));
}

// Toward zero, |x| < 2^31.
fn iso_f64_to_i32(x: vec2<u32>) -> i32 {
    let v = iso_f64_parts(x);
    let size = i32(select(v.m.x >> u32(clamp(31 - v.e, 0, 31)), 0u, v.e < 0));
    return select(size, -size, v.sign != 0u);
}

fn iso_f64_add(x: vec2<u32>, y: vec2<u32>) -> vec2<u32> {
    let turned = iso_u64_less(vec2<u32>(x.x & 0x7fffffffu, x.y), vec2<u32>(y.x & 0x7fffffffu, y.y));
    let large = select(x, y, turned);
    let small = select(y, x, turned);
    let unlike = ((x.x ^ y.x) >> 31u) != 0u;
    if (!iso_f64_is_finite(large)) {
        return select(large, ISO_F64_NAN, iso_f64_is_nan(large) || (unlike && iso_f64_is_inf(small)));
    }
    let a = iso_f64_parts(large);
    let b = iso_f64_parts(small);
    // one bit for the carry; ten below the last place, of which cancellation takes one where a bit may be lost
    let am = iso_u64_shr(a.m, 1u);
    let bm = iso_u64_shr_sticky(iso_u64_shr(b.m, 1u), u32(a.e - b.e));
    var sum = iso_u64_add(am, bm);
    if (unlike) {
        sum = iso_u64_sub(am, bm);
    }
    if ((sum.x | sum.y) == 0u) {
        return vec2<u32>(select(a.sign, 0u, unlike), 0u);
    }
    let zeros = iso_u64_clz(sum);
    return iso_f64_round(a.sign, a.e + 1 - i32(zeros), iso_u64_shl(sum, zeros));
}

fn iso_f64_sub(x: vec2<u32>, y: vec2<u32>) -> vec2<u32> {
    return iso_f64_add(x, iso_f64_neg(y));
}

fn iso_f64_less(x: vec2<u32>, y: vec2<u32>) -> bool {
    if (iso_f64_is_nan(x) || iso_f64_is_nan(y) || (iso_f64_is_zero(x) && iso_f64_is_zero(y))) {
        return false;
    }
    let x_below = (x.x >> 31u) != 0u;
    let y_below = (y.x >> 31u) != 0u;
    if (x_below != y_below) {
        return x_below;
    }
    return iso_u64_less(select(x, y, x_below), select(y, x, x_below));
}

// x*y and x*y + z in double, each with one rounding, in integers. Needs u64, u128, f64.

fn iso_f64_fma(x: vec2<u32>, y: vec2<u32>, z: vec2<u32>) -> vec2<u32> {
    let sign = (x.x ^ y.x) & 0x80000000u;
    if (!(iso_f64_is_finite(x) && iso_f64_is_finite(y) && iso_f64_is_finite(z))) {
        let infinite = iso_f64_is_inf(x) || iso_f64_is_inf(y);
        let nothing = infinite && (iso_f64_is_zero(x) || iso_f64_is_zero(y) || (iso_f64_is_inf(z) && (z.x & 0x80000000u) != sign));
        if (nothing || iso_f64_is_nan(x) || iso_f64_is_nan(y) || iso_f64_is_nan(z)) {
            return ISO_F64_NAN;
        }
        return select(z, vec2<u32>(sign | 0x7ff00000u, 0u), infinite);
    }
    if (iso_f64_is_zero(x) || iso_f64_is_zero(y)) {
        return select(z, vec2<u32>(sign & z.x, 0u), iso_f64_is_zero(z));
    }
    let a = iso_f64_parts(x);
    let b = iso_f64_parts(y);
    let c = iso_f64_parts(z);
    // both leave bit 127 for the carry; the product leads in bit 126 or 125, whose 106 bits no shift shortens where they could cancel
    let product_e = a.e + b.e + 1;
    let e = select(max(product_e, c.e), product_e, iso_f64_is_zero(z));
    var product = iso_u128_product(a.m, iso_u64_shr(b.m, 1u));
    var addend = vec4<u32>(iso_u64_shr(c.m, 1u), 0u, 0u);
    let lower = product_e < e;
    let lowered = iso_u128_shr_sticky(select(addend, product, lower), u32(select(max(e - c.e, 0), e - product_e, lower)));
    product = select(product, lowered, lower);
    addend = select(lowered, addend, lower);
    var sum = iso_u128_add(product, addend);
    var sum_sign = sign;
    if (sign != c.sign) {
        let turned = iso_u128_less(product, addend);
        sum = iso_u128_sub(select(product, addend, turned), select(addend, product, turned));
        sum_sign = select(sign, c.sign, turned);
        if (all(sum == vec4<u32>(0u))) {
            return vec2<u32>(0u, 0u);
        }
    }
    let zeros = iso_u128_clz(sum);
    let n = iso_u128_shl(sum, zeros);
    return iso_f64_round(sum_sign, e + 1 - i32(zeros), vec2<u32>(n.x, n.y | u32((n.z | n.w) != 0u)));
}

fn iso_f64_mul(x: vec2<u32>, y: vec2<u32>) -> vec2<u32> {
    let sign = (x.x ^ y.x) & 0x80000000u;
    if (!(iso_f64_is_finite(x) && iso_f64_is_finite(y))) {
        let nothing = iso_f64_is_zero(x) || iso_f64_is_zero(y) || iso_f64_is_nan(x) || iso_f64_is_nan(y);
        return select(vec2<u32>(sign | 0x7ff00000u, 0u), ISO_F64_NAN, nothing);
    }
    let a = iso_f64_parts(x);
    let b = iso_f64_parts(y);
    let product = iso_u128_product(a.m, b.m);
    let zeros = 1u - (product.x >> 31u);
    let m = iso_u64_shl(product.xy, zeros) | vec2<u32>(0u, (product.z >> 31u) & zeros);
    return iso_f64_round(sign, a.e + b.e + 1 - i32(zeros), vec2<u32>(m.x, m.y | u32(((product.z << zeros) | product.w) != 0u)));
}

// x / y in double to nearest even, in integers, one bit at a time. Needs u64, f64.

fn iso_f64_div(x: vec2<u32>, y: vec2<u32>) -> vec2<u32> {
    let sign = (x.x ^ y.x) & 0x80000000u;
    let x_zero = iso_f64_is_zero(x);
    let y_zero = iso_f64_is_zero(y);
    let x_inf = iso_f64_is_inf(x);
    let y_inf = iso_f64_is_inf(y);
    if (iso_f64_is_nan(x) || iso_f64_is_nan(y) || (x_zero && y_zero) || (x_inf && y_inf)) {
        return ISO_F64_NAN;
    }
    if (x_inf || y_zero) {
        return vec2<u32>(sign | 0x7ff00000u, 0u);
    }
    if (x_zero || y_inf) {
        return vec2<u32>(sign, 0u);
    }
    let a = iso_f64_parts(x);
    let b = iso_f64_parts(y);
    let divisor = iso_u64_shr(b.m, 11u);
    var rest = iso_u64_shr(a.m, 11u);
    let smaller = iso_u64_less(rest, divisor);
    rest = iso_u64_sub(iso_u64_shl(rest, u32(smaller)), divisor);
    var quotient = vec2<u32>(0u, 1u);
    for (var i = 0u; i < 54u; i++) {
        rest = iso_u64_shl(rest, 1u);
        let bit = !iso_u64_less(rest, divisor);
        rest = iso_u64_sub(rest, select(vec2<u32>(0u, 0u), divisor, bit));
        quotient = iso_u64_shl(quotient, 1u) | vec2<u32>(0u, u32(bit));
    }
    let m = iso_u64_shl(quotient, 9u) | vec2<u32>(0u, u32((rest.x | rest.y) != 0u));
    return iso_f64_round(sign, a.e - b.e - i32(smaller), m);
}

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

// One workgroup makes one cell of the new grid, in double arithmetic by integers; the four weights are the same for all its columns.
const SIDE = 48u;
const N = 1152u;

var<workgroup> axis: array<IsoGridAxisF64, 2>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) cell: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    if (lane < 2u) {
        axis[lane] = iso_grid_align_f64(select(cell.x, p.first + cell.y, lane == 0u), select(p.cols, p.rows, lane == 0u), SIDE);
    }
    workgroupBarrier();
    let v = axis[0];
    let h = axis[1];
    let left = p.grid_at + h.low * N;
    let right = p.grid_at + h.high * N;
    let to = (cell.y * p.cols + cell.x) * N;
    for (var i = lane; i < N; i += 64u) {
        // between the upper two, between the lower two, between both; the bound is hidden, or all of it is written out three times
        var between = array<vec2<u32>, 2>();
        for (var turn = 0u; turn < (3u ^ p.zero); turn++) {
            var ends = between;
            var weights = v.weights;
            if (turn < 2u) {
                let row = select(v.low, v.high, turn == 1u) * SIDE * N + i;
                ends = array<vec2<u32>, 2>(iso_f64_from_f32(grid[left + row]), iso_f64_from_f32(grid[right + row]));
                weights = h.weights;
            }
            between[turn & 1u] = iso_f64_add(iso_f64_mul(weights[0], ends[0]), iso_f64_mul(weights[1], ends[1]));
        }
        y[to + i] = iso_f64_to_f32(between[0]);
    }
}
