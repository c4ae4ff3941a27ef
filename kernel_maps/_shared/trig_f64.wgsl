// Powers, cosine and sine in double by their series, in integers. Needs u64, f32, u128, f64, f64_fma, f64_div.
//
// Every step is a fused one (a product has -0 added, a sum the factor 1) in one place of a loop: compilers write soft arithmetic out at every call,
// and take long over it. Before, 43 invocations call iso_trig_prepare, with a barrier after.

const ISO_TRIG_ONE = vec2<u32>(0x3ff00000u, 0u);
const ISO_TRIG_LESS = vec2<u32>(0xbff00000u, 0u); // -1
const ISO_TRIG_NONE = vec2<u32>(0x80000000u, 0u); // -0
const ISO_TRIG_WHOLE = vec2<u32>(0x43380000u, 0u); // 0x1.8p52: added and taken away it leaves a whole number

// 1/n for n = 1 .. 25, then -1 / (i*(i-1)) and -1 / (i*(i+1)) for i = 2, 4, .. 18.
var<workgroup> iso_trig_factors: array<vec2<u32>, 43>;

fn iso_trig_prepare(n: u32) {
    let i = 2u * ((n - 25u) % 9u + 1u);
    let divisor = select(i * select(i + 1u, i - 1u, n < 34u), n + 1u, n < 25u);
    let factor = iso_f64_div(ISO_TRIG_ONE, iso_f64_from_u32(divisor));
    iso_trig_factors[n] = vec2<u32>(factor.x | (u32(n >= 25u) << 31u), factor.y);
}

// base^exponent = e^(exponent * ln base), for a positive normal base. ln: base = m * 2^k with m near 1, ln m = 2 artanh((m - 1) / (m + 1)).
fn iso_trig_power(base: f32, exponent: vec2<u32>) -> vec2<u32> {
    let bits = bitcast<u32>(base);
    let k = i32((bits - 0x3f3504f4u) >> 23u); // m is in [sqrt(1/2), sqrt(2))
    let size = k - select(0, 512, k >= 256); // the shift lost the sign
    let shift = bits - (u32(size) << 23u);
    let m = i32((shift & 0x7fffffu) | 0x800000u);
    let half = i32(select(0x1000000u, 0x800000u, shift >= 0x3f800000u)); // 1 in the places of m
    let t = iso_f64_div(iso_f64_from_i32(m - half), iso_f64_from_i32(m + half));
    let whole = iso_f64_from_i32(size);
    var factor = t; // of a series: t*t, then the rest r
    var saved = t;
    var power = 0u;
    var last = vec2<u32>(0u, 0u);
    for (var step = 0u; step < (53u ^ p.zero); step++) {
        var a = last;
        var b = factor;
        var c = ISO_TRIG_NONE;
        if (step == 0u) { // t*t
            a = t;
        } else if (step < 14u) {
            c = iso_trig_factors[26u - 2u * step];
        } else if (step == 14u) { // 2t
            saved = last; // the series
            a = t;
            b = vec2<u32>(0x40000000u, 0u);
        } else if (step == 15u) {
            b = saved;
        } else if (step == 16u) {
            a = whole;
            b = vec2<u32>(0x3fe62e42u, 0xfefa39efu); // ln 2: 0x1.62e42fefa39efp-1
            c = last;
        } else if (step == 17u) {
            b = exponent;
        } else if (step == 18u) { // x/ln 2, to the whole number next to it
            saved = last;
            b = vec2<u32>(0x3ff71547u, 0x652b82feu); // 0x1.71547652b82fep+0
            c = ISO_TRIG_WHOLE;
        } else if (step == 19u) { // its negative
            power = last.y;
            b = ISO_TRIG_LESS;
            c = ISO_TRIG_WHOLE;
        } else if (step == 20u) {
            factor = last;
            b = vec2<u32>(0x3fe62e42u, 0xfefa39efu); // 0x1.62e42fefa39efp-1
            c = saved;
        } else if (step == 21u) {
            a = factor;
            b = vec2<u32>(0x3c7abc9eu, 0x3b39803fu); // 0x1.abc9e3b39803fp-56
            c = last;
        } else if (step < 52u) { // 15 times: the series by r, then by 1/i and 1 added
            if (step == 22u) {
                factor = last;
                a = ISO_TRIG_ONE;
            }
            let turn = (step - 22u) / 2u;
            let plus = step % 2u == 1u;
            b = select(factor, iso_trig_factors[14u - turn], plus);
            c = select(ISO_TRIG_NONE, ISO_TRIG_ONE, plus);
        } else {
            b = vec2<u32>((power << 20u) + 0x3ff00000u, 0u);
        }
        if (step == 1u) { // the series of ln begins with nothing
            factor = last;
            a = vec2<u32>(0u, 0u);
            b = factor;
        }
        last = iso_f64_fma(a, b, c);
    }
    return last;
}

// Cosine and sine of x = place * frequency, |x| <= 2^31, rounded to f32: x = n * pi/2 + r, their series in r, and the quadrant.
fn iso_trig_cos_sin(place: vec2<u32>, frequency: vec2<u32>) -> vec2<f32> {
    var x = place;
    var r = place;
    var r2 = place;
    var quadrant = 0u;
    var cosine = place;
    var last = place;
    for (var step = 0u; step < (43u ^ p.zero); step++) {
        var a = last;
        var b = frequency;
        var c = ISO_TRIG_NONE;
        if (step == 0u) {
            a = place;
        } else if (step == 1u) { // x / (pi/2), to the whole number next to it
            x = last;
            b = vec2<u32>(0x3fe45f30u, 0x6dc9c883u); // 0x1.45f306dc9c883p-1
            c = ISO_TRIG_WHOLE;
        } else if (step == 2u) { // its negative
            quadrant = last.y & 3u;
            b = ISO_TRIG_LESS;
            c = ISO_TRIG_WHOLE;
        } else if (step == 3u) {
            r = last;
            b = vec2<u32>(0x3ff921fbu, 0x54442d18u); // 0x1.921fb54442d18p+0
            c = x;
        } else if (step == 4u) {
            a = r;
            b = vec2<u32>(0x3c91a626u, 0x33145c07u); // 0x1.1a62633145c07p-54
            c = last;
        } else if (step == 5u) {
            r = last;
            b = r;
        } else if (step < 42u) { // the cosine's nine terms, the sine's: the series by r*r, then by a factor and 1 added
            if (step == 6u) {
                r2 = last;
                a = ISO_TRIG_ONE;
            } else if (step == 24u) {
                cosine = last;
                a = ISO_TRIG_ONE;
            }
            let turn = (step - 6u) / 2u;
            let plus = step % 2u == 1u;
            b = select(r2, iso_trig_factors[select(33u, 51u, turn >= 9u) - turn], plus);
            c = select(ISO_TRIG_NONE, ISO_TRIG_ONE, plus);
        } else {
            b = r;
        }
        last = iso_f64_fma(a, b, c);
    }
    let parts = array<f32, 2>(iso_f64_to_f32(cosine), iso_f64_to_f32(last));
    let turned = (quadrant & 1u) != 0u;
    let even = bitcast<u32>(select(parts[0], parts[1], turned)) ^ (((quadrant + 1u) & 2u) << 30u);
    let odd = bitcast<u32>(select(parts[1], parts[0], turned)) ^ ((quadrant & 2u) << 30u);
    return vec2<f32>(bitcast<f32>(even), bitcast<f32>(odd));
}
