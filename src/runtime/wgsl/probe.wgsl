// What kernels with exact bits take for granted of a device, tried on operands that no compiler knows: an invocation computes one case,
// the host compares. Needs keep, tree, u64, f32, fma, fma_near.

struct Case {
    op: u32,
    at: u32, // where its operands begin
    count: u32, // of operands
}

@group(0) @binding(0) var<storage, read> cases: array<Case>;
@group(0) @binding(1) var<storage, read> words: array<u32>;
@group(0) @binding(2) var<storage, read> floats: array<f32>; // the same bytes
@group(0) @binding(3) var<storage, read_write> results: array<u32>;
struct Params {
    count: u32, // of cases
    zero: u32,
}
@group(0) @binding(4) var<uniform> p: Params;

fn float_op(op: u32, a: f32, b: f32, c: f32) -> f32 {
    switch op {
        case 0u: { return a; }
        case 1u: { return a + b; }
        case 2u: { return a - b; }
        case 3u: { return a * b; }
        case 4u: { return a * b + c; }
        case 5u: { return iso_keep(a * b) + c; }
        case 6u: { return iso_keep(a + b) - a; }
        case 7u: { return iso_keep(a + 12582912.0) - 12582912.0; }
        case 8u: { return iso_two_sum(a, b).error; }
        case 9u: { return iso_two_product(iso_split(a), iso_split(b)).error; }
        case 10u: { return iso_fma_near(a, b, c); }
        case 11u: { return round(a); }
        case 12u: { return floor(a); }
        case 13u: { return min(a, b); }
        case 14u: { return abs(-a); }
        default: { return -a; }
    }
}

// Bits, the lowest first: less, not greater, equal, not less, greater.
fn compared(a: f32, b: f32) -> u32 {
    return u32(a < b) | (u32(a <= b) << 1u) | (u32(a == b) << 2u) | (u32(a >= b) << 3u) | (u32(a > b) << 4u);
}

fn word_op(op: u32, a: u32, b: u32, c: u32) -> u32 {
    switch op {
        case 32u: { return a * b; }
        case 33u: { return iso_u64_product(a, b).x; }
        case 34u: { return u32(a + b < b); }
        case 35u: { return a << b; }
        case 36u: { return a >> b; }
        case 37u: { return bitcast<u32>(bitcast<i32>(a) >> b); }
        case 38u: { return a / b; }
        case 39u: { return a % b; }
        case 40u: { return countLeadingZeros(a); }
        case 41u: { return countTrailingZeros(a); }
        case 42u: { return bitcast<u32>(extractBits(bitcast<i32>(a), b, c)); }
        case 43u: { return bitcast<u32>(f32(bitcast<i32>(a))); }
        case 44u: { return bitcast<u32>(i32(bitcast<f32>(a))); }
        case 45u: { return bitcast<u32>(unpack2x16float(a).x); }
        case 46u: { return bitcast<u32>(unpack2x16float(a).y); }
        case 47u: { return iso_u64_shr_sticky(vec2<u32>(a, b), c).y; }
        case 48u: { return iso_u64_shr_sticky(vec2<u32>(a, b), c).x; }
        case 49u: { return iso_u64_shl(vec2<u32>(a, b), c).x; }
        case 50u: { return iso_u64_clz(vec2<u32>(a, b)); }
        default: { return iso_fma_bits(a, b, c); }
    }
}

// Products of neighbours, added one after another as a dot product adds them.
fn sum_in_order(at: u32, count: u32) -> f32 {
    var sum = bitcast<f32>(p.zero);
    for (var i = at; i < at + count; i += 2u) {
        sum += floats[i] * floats[i + 1u];
    }
    return sum;
}

fn four(at: u32) -> vec4<f32> {
    return vec4<f32>(floats[at], floats[at + 1u], floats[at + 2u], floats[at + 3u]);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= p.count) {
        return;
    }
    let it = cases[id.x];
    let second = it.at + min(1u, it.count - 1u);
    let third = it.at + min(2u, it.count - 1u);
    var result = 0u;
    if (it.op < 32u) {
        result = bitcast<u32>(float_op(it.op, floats[it.at], floats[second], floats[third]));
    } else if (it.op < 64u) {
        result = word_op(it.op, words[it.at], words[second], words[third]);
    } else if (it.op == 64u) {
        result = compared(floats[it.at], floats[second]);
    } else if (it.op == 65u) {
        result = bitcast<u32>(sum_in_order(it.at, it.count));
    } else if (it.op == 66u) {
        result = bitcast<u32>(iso_tree16(four(it.at), four(it.at + 4u), four(it.at + 8u), four(it.at + 12u)));
    } else {
        result = bitcast<u32>(dot(four(it.at), four(it.at + 4u)));
    }
    results[id.x] = result;
}
