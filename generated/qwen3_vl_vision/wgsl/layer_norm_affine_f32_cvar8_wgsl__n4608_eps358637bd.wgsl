// layer_norm_affine.f32.cvar8.wgsl
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
struct Params {
    m: u32,
    x_at: u32,
    w_at: u32,
    b_at: u32,
    zero: u32,
}
@group(0) @binding(4) var<uniform> p: Params;

// A value that the compiler cannot see through: no rounding before it is fused with, folded into or moved across an operation after it.

fn iso_keep(v: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(v) ^ p.zero);
}

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

// a / b to nearest even, in integers: devices may divide less exactly. Needs u64, f32. A NaN has no payload.

fn iso_div_bits(a: u32, b: u32) -> u32 {
    let a_size = a & 0x7fffffffu;
    let b_size = b & 0x7fffffffu;
    let sign = (a ^ b) & 0x80000000u;
    if (max(a_size, b_size) > 0x7f800000u || (a_size == b_size && (a_size == 0u || a_size == 0x7f800000u))) {
        return 0x7fc00000u;
    }
    if (a_size == 0x7f800000u || b_size == 0u) {
        return sign | 0x7f800000u;
    }
    if (a_size == 0u || b_size == 0x7f800000u) {
        return sign;
    }
    let x = iso_f32_parts(a);
    let y = iso_f32_parts(b);
    let divisor = y.m >> 8u;
    var rest = x.m >> 8u;
    let smaller = rest < divisor;
    rest = (rest << u32(smaller)) - divisor;
    var quotient = 1u;
    for (var i = 0u; i < 25u; i++) {
        rest = rest << 1u;
        let bit = rest >= divisor;
        rest = rest - select(0u, divisor, bit);
        quotient = (quotient << 1u) | u32(bit);
    }
    return iso_f32_round(sign, x.e - y.e - i32(smaller), vec2<u32>((quotient << 6u) | u32(rest != 0u), 0u));
}

fn iso_div(a: f32, b: f32) -> f32 {
    return bitcast<f32>(iso_div_bits(bitcast<u32>(a), bitcast<u32>(b)));
}

// The square root to nearest even, in integers, two bits of the operand for each of the result. Needs u64, f32. A NaN has no payload.

fn iso_sqrt_bits(a: u32) -> u32 {
    if ((a & 0x7fffffffu) == 0u || a == 0x7f800000u) {
        return a;
    }
    if (a > 0x7f800000u) {
        return 0x7fc00000u;
    }
    let x = iso_f32_parts(a);
    let odd = u32(x.e) & 1u;
    // 26 bits of root from 52 bits of operand, 25 of them given
    var given = (x.m >> 1u) << odd;
    var root = 0u;
    var rest = 0u;
    for (var i = 0u; i < 26u; i++) {
        rest = (rest << 2u) | (given >> 30u);
        given = given << 2u;
        let trial = (root << 2u) | 1u;
        let bit = rest >= trial;
        rest = rest - select(0u, trial, bit);
        root = (root << 1u) | u32(bit);
    }
    return iso_f32_round(0u, (x.e - i32(odd)) >> 1u, vec2<u32>((root << 6u) | u32(rest != 0u), 0u));
}

fn iso_sqrt(a: f32) -> f32 {
    return bitcast<f32>(iso_sqrt_bits(bitcast<u32>(a)));
}

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

// Halving trees: the sum of n lanes where lane i takes lane i + n/2, then n/4, and so on. A vec4 is four neighbouring lanes.

fn iso_tree4(a: vec4<f32>) -> f32 {
    let two = a.xy + a.zw;
    return two.x + two.y;
}

fn iso_tree8(low: vec4<f32>, high: vec4<f32>) -> f32 {
    return iso_tree4(low + high);
}

fn iso_tree16(a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>) -> f32 {
    return iso_tree8(a + c, b + d);
}

// Eight invocations make the sums of a row, in double and in the law's order: exactly while nothing is rounded, else one of them by itself.
const N = 4608u;
const ROWS = 8u;
const GROUPS = N / 8u;
// first the sum of the elements, then that of the squares of their differences from the mean
const PASSES = 2u;

var<workgroup> reach_of: array<vec2<u32>, 64>;
var<workgroup> sum_of: array<IsoRowSum, 64>;
var<workgroup> mean_of: array<f32, ROWS>;
var<workgroup> scale_of: array<f32, ROWS>;

fn square(at: u32, mean: f32) -> f32 {
    let d = iso_keep(x[at] - mean);
    return iso_keep(d * d);
}

fn squares(at: u32, mean: f32) -> vec4<f32> {
    return vec4<f32>(square(at, mean), square(at + 1u, mean), square(at + 2u, mean), square(at + 3u, mean));
}

// The i-th value that a pass adds up: an element, or the squares of a whole group, and of the last elements one by one.
fn value(last: bool, at: u32, i: u32, mean: f32) -> f32 {
    if (!last) {
        return x[at + i];
    }
    if (i >= GROUPS) {
        return square(at + GROUPS * 7u + i, mean);
    }
    let q = squares(at + i * 8u, mean);
    return iso_tree8(q, squares(at + i * 8u + 4u, mean));
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) id: u32) {
    let first = group.x * ROWS;
    let rows = min(ROWS, p.m - first);
    let row = id / 8u;
    let at = p.x_at + (first + row) * N;
    for (var pass_index = 0u; pass_index < PASSES; pass_index++) {
        let last = pass_index == PASSES - 1u;
        let mean = select(0.0, mean_of[row], pass_index > 0u);
        let count = select(0u, select(N, GROUPS + N % 8u, last), row < rows);
        var reach = vec2<u32>(255u, 0u);
        for (var i = id % 8u; i < count; i += 8u) {
            reach = iso_row_reach(reach, value(last, at, i, mean));
        }
        reach_of[id] = reach;
        workgroupBarrier();
        for (var i = 0u; i < 8u; i++) {
            let other = reach_of[row * 8u + i];
            reach = vec2<u32>(min(reach.x, other.x), max(reach.y, other.y));
        }
        let fits = iso_row_fits(reach, N);
        let low = min(reach.x, 254u);
        var sum = IsoRowSum(vec2<u32>(0u, 0u), vec2<u32>(0u, 0u));
        if (fits) {
            for (var i = id % 8u; i < count; i += 8u) {
                sum = iso_row_add(sum, value(last, at, i, mean), low);
            }
        }
        sum_of[id] = sum;
        workgroupBarrier();
        if (id % 8u == 0u && row < rows) {
            for (var i = 1u; i < 8u; i++) {
                sum = iso_row_join(sum, sum_of[id + i]);
            }
            var total = iso_row_total(sum, low);
            if (!fits || !iso_row_is_exact(sum)) {
                total = vec2<u32>(0u, 0u);
                for (var i = 0u; i < count; i++) {
                    total = iso_f64_add(total, iso_f64_from_f32(value(last, at, i, mean)));
                }
            }
            if (last) {
                let mean_square = iso_f64_to_f32(iso_f64_div(total, iso_f64_from_u32(N)));
                scale_of[row] = iso_div(1.0, iso_sqrt(mean_square + 0x1.0c6f7ap-20f));
            } else {
                mean_of[row] = iso_div(iso_f64_to_f32(total), f32(i32(N)));
            }
        }
        workgroupBarrier();
    }
    for (var i = id; i < rows * N; i += 64u) {
        let d = iso_keep(x[p.x_at + first * N + i] - mean_of[i / N]);
        var v = d * scale_of[i / N];
        v = iso_keep(v) * w[p.w_at + i % N];
        v = iso_keep(v) + b[p.b_at + i % N];
        y[first * N + i] = v;
    }
}
