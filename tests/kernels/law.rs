//! The laws: what every numerics class says, computed once more, one scalar operation at a time.
//!
//! Written from the `steps` of the op maps, not from the kernels. f32 arithmetic in Rust rounds every operation to
//! nearest even and fuses nothing; `f32::mul_add` rounds once.

use std::collections::BTreeMap;

use isobit::gguf::dtype::GgmlType;

use super::data::Tensor;

/// What a law computes from.
pub struct Given<'a> {
    pub operands: &'a [Tensor],
    pub dims: &'a BTreeMap<String, u64>,
    pub floats: &'a BTreeMap<String, f32>,
    pub words: &'a BTreeMap<String, String>,
}

impl Given<'_> {
    fn dim(&self, name: &str) -> usize {
        self.dims[name] as usize
    }

    fn f32(&self, slot: usize) -> Vec<f32> {
        self.operands[slot].f32()
    }
}

type Compute = Box<dyn Fn(&Given) -> Vec<u32>>;

/// The law of one class: bits of the result, dense.
pub struct Law {
    pub compute: Compute,
    /// Whether the bits of a NaN are part of the law.
    pub nan_bits: bool,
    /// Whether it takes functions from glibc.
    pub glibc: bool,
}

/// The law of a class of an op.
pub fn law(op: &str, class: &str) -> Option<Law> {
    let bits = |compute: fn(&Given) -> Vec<u32>| Some(Law { compute: Box::new(compute), nan_bits: true, glibc: false });
    let values = |compute: Compute, glibc: bool| Some(Law { compute, nan_bits: false, glibc });
    let lanes = match class {
        _ if class.ends_with("16") => 16,
        "cvar4" | "exp4" | "tile64_scalar" | "chunk_scalar" | "full_scalar" => 4,
        _ => 8,
    };
    let op_rows = op == "im2col_rows";
    let compute: Compute = match (op, class) {
        ("cast_f16", "rne") => return bits(|g| g.f32(0).iter().map(|v| u32::from(half::round(*v))).collect()),
        ("cast_bf16", "rne") => return bits(|g| g.f32(0).iter().map(|v| u32::from(brain::round(*v))).collect()),
        ("quantize_q8_0", "half_even_f32") => return bits(|g| quantized(g, half_even)),
        ("quantize_q8_0", "half_away") => return bits(|g| quantized(g, half_away)),
        ("concat", "copy") => return bits(concat),
        ("grid_merge", "copy") => return bits(grid_merge),
        ("grid_positions", "exact") => return bits(grid_positions),
        ("insert_rows", "copy") => return bits(insert_rows),
        ("stack_rows", "copy") => return bits(stack_rows),
        ("im2col_1d" | "im2col_rows", "rne") => Box::new(move |g| steps(g, op_rows).iter().map(|v| u32::from(half::round(*v))).collect()),
        ("im2col_1d" | "im2col_rows", "copy") => Box::new(move |g| to_bits(&steps(g, op_rows))),
        ("add_first_rows", "rn") => Box::new(|g| {
            let table = &g.f32(1)[..g.dim("rows") * g.dim("n")];
            to_bits(&repeated(&g.f32(0), table, |x, p| x + p))
        }),
        ("average_rows", "sum_div") => Box::new(average_rows),
        ("interpolate_grid" | "interpolate_grid_antialias" | "interpolate_grid_bicubic", "copy") => {
            return bits(|g| g.operands[0].bits.clone());
        }
        ("im2col", "copy") => return bits(|g| patches(g).into_iter().map(|at| g.operands[0].bits[at]).collect()),
        ("take_rows", "copy") => return bits(take_rows),
        ("transpose", "copy") => return bits(transposed),
        ("pool_grid", "average") => Box::new(pooled),
        ("pool_grid", "average_f64") => Box::new(pooled_f64),
        ("interpolate_grid_antialias", "triangle_fma") => Box::new(|g| antialiased(g, |p, w, v| p.mul_add(w, v))),
        ("interpolate_grid_antialias", "triangle") => Box::new(|g| antialiased(g, |p, w, v| p * w + v)),
        ("interpolate_grid_antialias", "triangle_f64") => Box::new(antialiased_f64),
        ("rope_angles", "accurate") => Box::new(accurate_angles),
        ("interpolate_grid", "bilinear_corners_f64") => Box::new(interpolate_f64),
        ("interpolate_grid_bicubic", "cubic_f64") => Box::new(interpolate_cubic),
        ("gelu_tanh", "accurate") => Box::new(|g| g.f32(0).iter().map(|x| accurate_gelu(*x).to_bits()).collect()),
        ("gelu_quick", "accurate") => Box::new(|g| to_bits(&logistic(&g.f32(0), 1.702, -400.0, None))),
        ("silu" | "swiglu", "accurate") => Box::new(|g| to_bits(&logistic(&g.f32(0), 1.0, -600.0, g.operands.get(1).map(Tensor::f32)))),
        ("rms_norm", "double") => Box::new(|g| to_bits(&rms_norm_f64(g))),
        ("rms_norm_scale", "double") => Box::new(|g| to_bits(&repeated(&rms_norm_f64(g), &g.f32(1), |x, w| x * w))),
        ("gelu_erf", "glibc_erff") => return values(Box::new(|g| g.f32(0).iter().map(|x| engine_gelu_erf(*x).to_bits()).collect()), true),
        ("gelu", "erf") | ("gelu_erf", "accurate") => Box::new(|g| g.f32(0).iter().map(|x| erf_gelu(*x).to_bits()).collect()),
        ("layer_norm", "double") => Box::new(|g| to_bits(&layer_norm_f64(g))),
        ("layer_norm_affine", "double") => Box::new(|g| affine(g, &layer_norm_f64(g))),
        ("rope_angles", "glibc_fma") => return values(Box::new(rope_angles), true),
        ("attention", "tile64_exp16" | "tile64_exp8" | "tile64_scalar") => {
            return values(Box::new(move |g| attention(g, |h, q| tiled(h, q, lanes))), true);
        }
        ("attention", "chunk_f16acc16" | "chunk_f16acc8" | "chunk_scalar") => {
            return values(Box::new(move |g| attention(g, |h, q| chunk(h, q, lanes))), true);
        }
        ("attention", "full16" | "full8" | "full_scalar") => {
            return values(Box::new(move |g| attention(g, |h, q| full(h, q, lanes))), true);
        }
        ("attention_window", "tile64_exp16" | "tile64_exp8" | "tile64_scalar") => {
            return values(Box::new(move |g| attention(g, |h, q| tiled(h, q, lanes))), true);
        }
        ("attention_window", "chunk_f16acc16" | "chunk_f16acc8" | "chunk_scalar") => {
            return values(Box::new(move |g| attention(g, |h, q| chunk(&h.attended(), q, lanes))), true);
        }
        ("attention_window", "full16" | "full8" | "full_scalar") => {
            return values(Box::new(move |g| attention(g, |h, q| full(h, q, lanes))), true);
        }
        ("attention_window", "full_f32") => Box::new(|g| attention(g, |h, q| full_f32(&h.attended(), q))),
        ("gather_rows", "copy") => return bits(gather_rows),
        ("window_order", "exact") => return bits(|g| windows(g).concat()),
        ("window_ranges", "exact") => return bits(window_ranges),
        ("inverse_order", "exact") => {
            return bits(|g| {
                let order = &g.operands[0].bits;
                (0..order.len()).map(|n| order.iter().position(|x| *x as usize == n).expect("every number") as u32).collect()
            });
        }
        ("attention", "full_f32") => Box::new(|g| attention(g, full_f32)),
        ("add" | "add_row" | "add_tiled", "rn") => Box::new(|g| to_bits(&repeated(&g.f32(0), &g.f32(1), |x, r| x + r))),
        ("mul_row", "rn") => Box::new(|g| to_bits(&repeated(&g.f32(0), &g.f32(1), |x, r| x * r))),
        ("im2col", "rne") => Box::new(|g| {
            let pixels = g.f32(0);
            patches(g).into_iter().map(|at| u32::from(half::round(pixels[at]))).collect()
        }),
        ("interpolate_grid", "bilinear_corners_fma") => Box::new(|g| interpolate(g, true)),
        ("interpolate_grid", "bilinear_corners") => Box::new(|g| interpolate(g, false)),
        ("gelu_tanh", "f16table") | ("gelu", "tanh_f16table") => Box::new(|g| to_bits(&gelu(&g.f32(0), true))),
        ("gelu_tanh", "f16table_nofma") | ("gelu", "tanh_f16table_nofma") => Box::new(|g| to_bits(&gelu(&g.f32(0), false))),
        ("geglu_tanh", "f16table" | "f16table_nofma") | ("geglu", "tanh_f16table" | "tanh_f16table_nofma") => {
            let fused = !class.ends_with("nofma");
            Box::new(move |g| {
                let gated = repeated(&gelu(&g.f32(0), fused), &g.f32(1), |s, up| s * up);
                gated.iter().zip(g.f32(0)).map(|(y, x)| if x <= -10.0 { 0 } else { y.to_bits() }).collect()
            })
        }
        ("geglu_tanh", "accurate") => Box::new(|g| gated(g, accurate_gelu)),
        ("geglu", "erf") => Box::new(|g| gated(g, erf_gelu)),
        ("geglu_quick", "accurate") => {
            Box::new(|g| to_bits(&repeated(&logistic(&g.f32(0), 1.702, -400.0, None), &g.f32(1), |s, up| s * up)))
        }
        ("geglu_quick", "f16table") => Box::new(|g| gated(g, |x| half::widen(gelu_quick_table(half::round(x))))),
        ("gelu_quick", "f16table") => {
            Box::new(|g| g.f32(0).iter().map(|x| half::widen(gelu_quick_table(half::round(*x))).to_bits()).collect())
        }
        ("silu", "exp16" | "exp8" | "exp4") => return values(Box::new(move |g| to_bits(&silu(g, lanes))), true),
        ("swiglu", "exp16" | "exp8" | "exp4") => {
            return values(Box::new(move |g| to_bits(&repeated(&silu(g, lanes), &g.f32(1), |s, up| s * up))), true);
        }
        ("rms_norm", "serial") => Box::new(|g| to_bits(&rms_norm(g))),
        ("rms_norm_scale", "serial") => Box::new(|g| to_bits(&repeated(&rms_norm(g), &g.f32(1), |x, w| x * w))),
        ("rope_apply" | "rope_pairs" | "rope_halves", "fma" | "fma_twos" | "fma_fours" | "mul_add") => {
            let op = op.to_string();
            let group = match class {
                "fma" => Some(1),
                "fma_twos" => Some(2),
                "fma_fours" => Some(4),
                _ => None,
            };
            Box::new(move |g| rope(g, &op, group))
        }
        ("rope_angles_2d", "glibc") => return values(Box::new(rope_angles_2d), true),
        ("rope_angles_2d", "accurate") => Box::new(accurate_angles_2d),
        ("add_positions", "rn") => Box::new(add_positions),
        ("break_rows", "copy") => return bits(break_rows),
        ("unfold", "copy") => return bits(unfold),
        ("clamp", "minmax") => Box::new(|g| to_bits(&clamped(&g.f32(0), g.floats["lo"], g.floats["hi"]))),
        ("clamp_by", "minmax") => Box::new(|g| to_bits(&clamped(&g.f32(0), g.f32(1)[0], g.f32(2)[0]))),
        ("scale", "rn") => Box::new(|g| g.f32(0).iter().map(|x| (x * g.floats["by"]).to_bits()).collect()),
        ("scale_pixels", "fma" | "mul_add") => {
            let fused = class == "fma";
            Box::new(move |g| {
                let (by, plus) = (g.floats["by"], g.floats["plus"]);
                g.f32(0).iter().map(|x| if fused { x.mul_add(by, plus) } else { x * by + plus }.to_bits()).collect()
            })
        }
        ("sub_row", "rn") => Box::new(|g| to_bits(&repeated(&g.f32(0), &g.f32(1), |x, r| x - r))),
        ("layer_norm", "cvar16" | "cvar8" | "cvar4") => Box::new(move |g| to_bits(&layer_norm(g, lanes))),
        ("layer_norm_affine", "cvar16" | "cvar8" | "cvar4") => Box::new(move |g| affine(g, &layer_norm(g, lanes))),
        ("conv_matmul", "dot16" | "dot8") => Box::new(move |g| {
            let w: Vec<f32> = g.f32(1).iter().map(|v| half::widen(half::round(*v))).collect();
            to_bits(&product(&g.f32(0), &w, g.dim("k"), |w, x| dot(w, x, lanes)))
        }),
        ("conv_matmul", "vdot16" | "vdot8") => Box::new(move |g| {
            let w: Vec<f32> = g.f32(1).iter().map(|v| half::widen(half::round(*v))).collect();
            to_bits(&product(&g.f32(0), &w, g.dim("k"), |w, x| vdot_f16(w, x, lanes)))
        }),
        ("conv_matmul", "wide16") => Box::new(|g| to_bits(&product(&g.f32(0), &g.f32(1), g.dim("k"), |w, x| dot(w, x, 16)))),
        ("conv_matmul", "ddot") => Box::new(|g| {
            let w: Vec<f32> = g.f32(1).iter().map(|v| half::widen(half::round(*v))).collect();
            to_bits(&product(&g.f32(0), &w, g.dim("k"), ddot))
        }),
        ("transpose_each", "copy") => return bits(each_transposed),
        ("im2col_2d", "copy") => {
            return bits(|g| picture_windows(g).into_iter().map(|at| at.map_or(0, |at| g.operands[0].bits[at])).collect());
        }
        ("im2col_2d", "rne") => Box::new(|g| {
            let x = g.f32(0);
            picture_windows(g).into_iter().map(|at| u32::from(at.map_or(0, |at| half::round(x[at])))).collect()
        }),
        ("relu", "positive") => Box::new(|g| g.f32(0).iter().map(|x| if *x > 0.0 { x.to_bits() } else { 0 }).collect()),
        ("glu", "glibc") => return values(Box::new(|g| halves_gated(g, |x, gate| x * (1.0 / (1.0 + glibc::expf(-gate))))), true),
        ("glu", "accurate") => Box::new(|g| halves_gated(g, |x, gate| (f64::from(x) / (1.0 + exp_f64(-f64::from(gate)))) as f32)),
        ("conv_causal", "group16" | "group8") => Box::new(move |g| conv_causal(g, |w, x| tail(0.0, w, x, lanes))),
        ("conv_causal", "mul_add") => Box::new(|g| conv_causal(g, |w, x| w.iter().zip(x).fold(0.0, |s, (w, x)| s + w * x))),
        ("conv_causal", "double") => {
            Box::new(|g| conv_causal(g, |w, x| w.iter().zip(x).fold(0.0, |s, (w, x)| s + f64::from(*w) * f64::from(*x)) as f32))
        }
        ("relative_rows", "glibc") => return values(Box::new(relative_rows), true),
        ("relative_rows", "accurate") => Box::new(accurate_relative_rows),
        ("attention_local", "chunk16" | "chunk8" | "chunk_scalar") => {
            return values(Box::new(move |g| attention_local(g, |w, q| local(w, q, lanes))), true);
        }
        ("attention_local", "chunk_f32") => Box::new(|g| attention_local(g, local_f32)),
        ("linear" | "linear_bias" | "linear_bias_add" | "linear_bias_gelu", _) => {
            let last = op.strip_prefix("linear").unwrap_or_default().to_string();
            let rows = linear_rows(class)?;
            Box::new(move |g| to_bits(&finished(&rows(g), g, &last)))
        }
        _ => return None,
    };
    values(compute, false)
}

fn to_bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|v| v.to_bits()).collect()
}

/// `f` of every element of `x` and of `r`, which repeats.
fn repeated(x: &[f32], r: &[f32], f: impl Fn(f32, f32) -> f32) -> Vec<f32> {
    x.chunks(r.len()).flat_map(|x| x.iter().zip(r)).map(|(x, r)| f(*x, *r)).collect()
}

/// a[i] = a[i] + a[i+s] for i < s and s = n/2, n/4, .. 1.
fn tree(a: &[f32]) -> f32 {
    let mut a = a.to_vec();
    let mut s = a.len() / 2;
    while s > 0 {
        for i in 0..s {
            a[i] += a[i + s];
        }
        s /= 2;
    }
    a[0]
}

/// The sum of a group of lanes: four are added as neighbours.
fn group_sum(a: &[f32]) -> f32 {
    if a.len() == 4 { (a[0] + a[1]) + (a[2] + a[3]) } else { tree(a) }
}

/// A step of a sum: fused where there are 8 or 16 lanes.
fn step(a: f32, b: f32, c: f32, lanes: usize) -> f32 {
    if lanes == 4 { a * b + c } else { a.mul_add(b, c) }
}

fn rounded_products(w: &[f32], x: &[f32]) -> f32 {
    w.iter().zip(x).fold(0.0f64, |sum, (w, x)| sum + f64::from(w * x)) as f32
}

/// One fused accumulator per lane over the whole row, then the tree.
fn dot(w: &[f32], x: &[f32], lanes: usize) -> f32 {
    let mut acc = vec![0.0f32; lanes];
    for k0 in (0..w.len()).step_by(lanes) {
        for (j, acc) in acc.iter_mut().enumerate() {
            let (w, x) = (w.get(k0 + j).copied().unwrap_or(0.0), x.get(k0 + j).copied().unwrap_or(0.0));
            *acc = w.mul_add(x, *acc);
        }
    }
    tree(&acc)
}

/// Four accumulators of `lanes` over the whole steps; the sum, and how many elements it covers.
fn four(w: &[f32], x: &[f32], lanes: usize) -> (f32, usize) {
    let mut acc = vec![0.0f32; 4 * lanes];
    let whole = w.len() - w.len() % (4 * lanes);
    for k0 in (0..whole).step_by(4 * lanes) {
        for (j, acc) in acc.iter_mut().enumerate() {
            *acc = w[k0 + j].mul_add(x[k0 + j], *acc);
        }
    }
    let r: Vec<f32> = (0..lanes).map(|j| (acc[j] + acc[2 * lanes + j]) + (acc[lanes + j] + acc[3 * lanes + j])).collect();
    if lanes == 16 {
        return (tree(&r), whole);
    }
    let t: Vec<f32> = (0..4).map(|i| r[i] + r[i + 4]).collect();
    ((t[0] + t[1]) + (t[2] + t[3]), whole)
}

fn vdot_f16(w: &[f32], x: &[f32], lanes: usize) -> f32 {
    let (sum, whole) = four(w, x, lanes);
    let mut s = f64::from(sum);
    for (w, x) in w[whole..].iter().zip(&x[whole..]) {
        s += f64::from(w * x);
    }
    s as f32
}

fn vdot_f32(w: &[f32], x: &[f32], lanes: usize) -> f32 {
    let (s, whole) = four(w, x, lanes);
    tail(s, &w[whole..], &x[whole..], lanes)
}

/// Products added one by one: rounded on their own in groups of `lanes` and then half as many, fused after them.
fn tail(mut s: f32, w: &[f32], x: &[f32], lanes: usize) -> f32 {
    let mut i = 0;
    while i + lanes <= w.len() {
        for _ in 0..lanes {
            s += w[i] * x[i];
            i += 1;
        }
    }
    if i + lanes / 2 <= w.len() {
        for _ in 0..lanes / 2 {
            s += w[i] * x[i];
            i += 1;
        }
    }
    while i < w.len() {
        s = w[i].mul_add(x[i], s);
        i += 1;
    }
    s
}

fn product(x: &[f32], w: &[f32], k: usize, dot: impl Fn(&[f32], &[f32]) -> f32) -> Vec<f32> {
    x.chunks(k).flat_map(|x| w.chunks(k).map(|w| dot(w, x)).collect::<Vec<_>>()).collect()
}

type Rows = Box<dyn Fn(&Given) -> Vec<f32>>;

/// The product of a class of the linear family.
fn linear_rows(class: &str) -> Option<Rows> {
    let plain = |dot: fn(&[f32], &[f32]) -> f32| -> Rows { Box::new(move |g| product(&g.f32(0), &g.f32(1), g.dim("k"), dot)) };
    let blocks = |dot: fn(&Given, &[Block], &[Block]) -> f32| -> Rows { Box::new(move |g| block_product(g, dot)) };
    let lanes = if class.ends_with("16") { 16 } else { 8 };
    Some(match class {
        "dot16" | "wide16" => plain(|w, x| dot(w, x, 16)),
        "dot8" => plain(|w, x| dot(w, x, 8)),
        "vdot16" | "vdot8" => Box::new(move |g| {
            let with: fn(&[f32], &[f32], usize) -> f32 = match g.operands[1].dtype.ggml() {
                GgmlType::F16 => vdot_f16,
                GgmlType::BF16 => vdot_bf16,
                _ => vdot_f32,
            };
            product(&g.f32(0), &g.f32(1), g.dim("k"), |w, x| with(w, x, lanes))
        }),
        "dotbf16" => plain(pairs),
        "vdotbf16" => plain(vdot_pairs),
        "ddot" => plain(ddot),
        "dotq8" => blocks(|_, w, x| dot_blocks(w, x)),
        "dotq8_seq" => blocks(|g, w, x| dot_blocks_in_order(w, x, g.operands[1].dtype.ggml() == GgmlType::Q4_0)),
        _ => return None,
    })
}

fn vdot_bf16(w: &[f32], x: &[f32], lanes: usize) -> f32 {
    let mut acc = [0.0f32; 32];
    let whole = w.len() - w.len() % 32;
    for (i, (w, x)) in w[..whole].iter().zip(&x[..whole]).enumerate() {
        acc[i % 32] = w.mul_add(*x, acc[i % 32]);
    }
    let mut s = 0.0f64;
    if lanes == 16 {
        s += f64::from(tree(&acc[..16]));
        s += f64::from(tree(&acc[16..]));
    } else {
        let r: Vec<f32> = (0..8).map(|j| (acc[j] + acc[16 + j]) + (acc[8 + j] + acc[24 + j])).collect();
        s += f64::from(tree(&r));
    }
    for (w, x) in w[whole..].iter().zip(&x[whole..]) {
        s += f64::from(w * x);
    }
    s as f32
}

/// fma where subnormals, operands and results, are zeros. Whether a result is one is asked of its 24 bits with an unbounded
/// exponent: below 2^-126 those are 2^-150 apart.
fn pair(w: f32, x: f32, acc: f32) -> f32 {
    let zero = |v: f32| if v.is_subnormal() { 0.0f32.copysign(v) } else { v };
    let (w, x, acc) = (zero(w), zero(x), zero(acc));
    let r = w.mul_add(x, acc);
    if r.abs() == f32::MIN_POSITIVE {
        // both terms are exact
        let beyond = (f64::from(w) * f64::from(x) + (f64::from(acc) - f64::from(r))) * f64::from(r.signum());
        if beyond < -(2f64.powi(-151)) {
            return 0.0f32.copysign(r);
        }
    }
    zero(r)
}

fn pair_steps(w: &[f32], x: &[f32], acc: &mut [f32; 16]) {
    let at = |v: &[f32], i: usize| v.get(i).copied().unwrap_or(0.0);
    for (j, acc) in acc.iter_mut().enumerate() {
        *acc = pair(at(w, 2 * j + 1), at(x, 2 * j + 1), *acc);
        *acc = pair(at(w, 2 * j), at(x, 2 * j), *acc);
    }
}

fn pairs(w: &[f32], x: &[f32]) -> f32 {
    let mut acc = [0.0; 16];
    for (w, x) in w.chunks(32).zip(x.chunks(32)) {
        pair_steps(w, x, &mut acc);
    }
    tree(&acc)
}

fn vdot_pairs(w: &[f32], x: &[f32]) -> f32 {
    let mut acc = [[0.0; 16]; 2];
    let whole = w.len() - w.len() % 64;
    for (i, (w, x)) in w[..whole].chunks(32).zip(x.chunks(32)).enumerate() {
        pair_steps(w, x, &mut acc[i % 2]);
    }
    let mut s = 0.0f64;
    s += f64::from(tree(&acc[0]));
    s += f64::from(tree(&acc[1]));
    for (w, x) in w[whole..].iter().zip(&x[whole..]) {
        s += f64::from(w * x);
    }
    s as f32
}

fn ddot(w: &[f32], x: &[f32]) -> f32 {
    w.iter().zip(x).fold(0.0f64, |s, (w, x)| s + f64::from(w * x)) as f32
}

/// Scale and integers.
type Block = (f32, [i32; 32]);

fn block_product(g: &Given, dot: impl Fn(&Given, &[Block], &[Block]) -> f32) -> Vec<f32> {
    let (x, w, row) = (g.operands[0].blocks(), g.operands[1].blocks(), g.dim("k") / 32);
    x.chunks(row).flat_map(|x| w.chunks(row).map(|w| dot(g, w, x)).collect::<Vec<_>>()).collect()
}

fn dot_blocks(w: &[Block], x: &[Block]) -> f32 {
    let mut acc = [0.0f32; 8];
    for ((dw, w), (dx, x)) in w.iter().zip(x) {
        for (j, acc) in acc.iter_mut().enumerate() {
            let s: i32 = (4 * j..4 * j + 4).map(|i| w[i] * x[i]).sum();
            *acc = (dw * dx).mul_add(s as f32, *acc);
        }
    }
    tree(&acc)
}

fn dot_blocks_in_order(w: &[Block], x: &[Block], scale_by_scale: bool) -> f32 {
    let mut sum = 0.0f32;
    for ((dw, w), (dx, x)) in w.iter().zip(x) {
        let s = w.iter().zip(x).map(|(w, x)| w * x).sum::<i32>() as f32;
        sum += if scale_by_scale { s * dw * dx } else { s * (dw * dx) };
    }
    sum
}

/// Bytes of q8_0 blocks: from 32 values the scale and the integers.
fn quantized(g: &Given, block: fn(&[f32]) -> (u16, Vec<u8>)) -> Vec<u32> {
    let mut out = Vec::new();
    for x in g.f32(0).chunks(32) {
        let (d, q) = block(x);
        out.extend(d.to_le_bytes().into_iter().chain(q).map(u32::from));
    }
    out
}

fn half_even(x: &[f32]) -> (u16, Vec<u8>) {
    let mut t: Vec<f32> = x[..8].iter().map(|v| v.abs()).collect();
    for group in x[8..].chunks(8) {
        t = t.iter().zip(group).map(|(t, v)| larger(*t, v.abs())).collect();
    }
    let u: Vec<f32> = (0..4).map(|j| larger(t[j + 4], t[j])).collect();
    let top = larger(larger(u[0], u[2]), larger(u[1], u[3]));
    let inverse = if top == 0.0 { 0.0 } else { 127.0 / top };
    let q = x.iter().map(|x| {
        let v = f64::from(x * inverse).round_ties_even();
        if v.abs() < 2147483648.0 || v == -2147483648.0 { v.clamp(-128.0, 127.0) as i8 as u8 } else { 0x80 }
    });
    (half::round(top / 127.0), q.collect())
}

fn half_away(x: &[f32]) -> (u16, Vec<u8>) {
    let top = x.iter().fold(0.0f32, |top, v| larger(top, v.abs()));
    let d = top / 127.0;
    let inverse = if d == 0.0 { 0.0 } else { 1.0 / d };
    let q = x.iter().map(|x| {
        let v = f64::from(x * inverse).round();
        if v.abs() < 2147483648.0 { v as i64 as u8 } else { 0 }
    });
    (if d.is_nan() { 0x7e00 } else { half::round(d) }, q.collect())
}

/// What `last` says is done to the product.
fn finished(y: &[f32], g: &Given, last: &str) -> Vec<f32> {
    if last.is_empty() {
        return y.to_vec();
    }
    let biased = repeated(y, &g.f32(2), |y, r| y + r);
    match last {
        "_bias" => biased,
        "_bias_add" => repeated(&biased, &g.f32(3), |b, res| b + res),
        _ => gelu(&biased, true),
    }
}

/// The table that GELU reads: f16 to f16.
pub fn gelu_table(h: u16, fused: bool) -> u16 {
    let v = half::widen(h);
    let inner = if fused { (0.044715 * v).mul_add(v, 1.0) } else { 1.0 + (0.044715 * v) * v };
    let a = (0.797_884_6 * v) * inner;
    let tanh = f64::from(a).tanh() as f32;
    half::round((0.5 * v) * (1.0 + tanh))
}

fn gelu(x: &[f32], fused: bool) -> Vec<f32> {
    let one = |x: &f32| {
        if *x <= -10.0 {
            0.0
        } else if *x >= 10.0 {
            *x
        } else {
            half::widen(gelu_table(half::round(*x), fused))
        }
    };
    x.iter().map(one).collect()
}

/// The table that quick GELU reads: f16 to f16. The exponential is exact to half a unit of f32 but for double rounding.
pub fn gelu_quick_table(h: u16) -> u16 {
    let v = half::widen(h);
    let e = f64::from(-1.702f32 * v).exp() as f32;
    half::round(v * (1.0 / (1.0 + e)))
}

/// x / (1 + e^-x) with the exponential of the lanes, and glibc's at the end of a row.
fn silu(g: &Given, lanes: usize) -> Vec<f32> {
    let n = g.dim("n");
    let one = |(i, x): (usize, &f32)| {
        let e = if i % n < n - n % lanes { exp(0.0 - x, lanes) } else { glibc::expf(-x) };
        x / (1.0 + e)
    };
    g.f32(0).iter().enumerate().map(one).collect()
}

/// x / (1 + e^(-slope x)) and what it is multiplied with, rounded once.
fn logistic(x: &[f32], slope: f64, lowest: f64, up: Option<Vec<f32>>) -> Vec<f32> {
    let one = |(i, x): (usize, &f32)| {
        let v = if f64::from(*x) < lowest { lowest } else { f64::from(*x) };
        let s = v / (1.0 + exp_f64(-slope * v));
        up.as_ref().map_or(s, |up| s * f64::from(up[i])) as f32
    };
    x.iter().enumerate().map(one).collect()
}

fn rms_norm(g: &Given) -> Vec<f32> {
    let (n, eps) = (g.dim("n"), g.floats["eps"]);
    let row = |x: &[f32]| {
        let squares = x.iter().fold(0.0f64, |s, x| s + f64::from(x * x));
        let k = 1.0 / ((squares / n as f64) as f32 + eps).sqrt();
        x.iter().map(|x| x * k).collect::<Vec<_>>()
    };
    g.f32(0).chunks(n).flat_map(row).collect()
}

fn rms_norm_f64(g: &Given) -> Vec<f32> {
    let (n, eps) = (g.dim("n"), f64::from(g.floats["eps"]));
    let row = |x: &[f32]| {
        let mut part = [0.0f64; 8];
        for (i, x) in x.iter().enumerate() {
            part[i % 8] += f64::from(*x) * f64::from(*x);
        }
        let four: Vec<f64> = (0..4).map(|i| part[i] + part[i + 4]).collect();
        let k = 1.0 / (((four[0] + four[2]) + (four[1] + four[3])) / n as f64 + eps).sqrt();
        x.iter().map(|x| (f64::from(*x) * k) as f32).collect::<Vec<_>>()
    };
    g.f32(0).chunks(n).flat_map(row).collect()
}

fn layer_norm(g: &Given, lanes: usize) -> Vec<f32> {
    let (n, eps) = (g.dim("n"), g.floats["eps"]);
    let mut y = Vec::new();
    for x in g.f32(0).chunks(n) {
        let mut sum = 0.0f64;
        for v in x {
            sum += f64::from(*v);
        }
        let mean = sum as f32 / n as f32;
        let d: Vec<f32> = x.iter().map(|v| v - mean).collect();
        let mut v = 0.0f64;
        let whole = n - n % lanes;
        for group in d[..whole].chunks(lanes) {
            let q: Vec<f32> = group.iter().map(|d| d * d).collect();
            v += f64::from(group_sum(&q));
        }
        for d in &d[whole..] {
            v += f64::from(d * d);
        }
        let k = 1.0 / ((v / n as f64) as f32 + eps).sqrt();
        y.extend(d.iter().map(|d| d * k));
    }
    y
}

fn concat(g: &Given) -> Vec<u32> {
    let mut y = Vec::new();
    for row in 0..g.dim("m") {
        for x in g.operands {
            let n = x.dims[1] as usize;
            y.extend(&x.bits[row * n..(row + 1) * n]);
        }
    }
    y
}

fn insert_rows(g: &Given) -> Vec<u32> {
    let (rows, at, n) = (g.dim("rows"), g.dim("at"), g.dim("n"));
    let mut y = Vec::new();
    for image in g.operands[0].bits.chunks(rows * n) {
        let (before, after) = image.split_at(at * n);
        y.extend([before, &g.operands[1].bits, after].concat());
    }
    y
}

fn stack_rows(g: &Given) -> Vec<u32> {
    let (length, rows, factor, n) = (g.dim("length"), g.dim("rows"), g.dim("factor"), g.dim("n"));
    let filled = |image: &[u32]| [image, &vec![0; (rows * factor - length) * n]].concat();
    g.operands[0].bits.chunks(length * n).flat_map(filled).collect()
}

/// What a kernel that moves along frames sees, step by step.
fn steps(g: &Given, by_row: bool) -> Vec<f32> {
    let (b, c, rows, kernel, stride, pad) = (g.dim("b"), g.dim("c"), g.dim("rows"), g.dim("kernel"), g.dim("stride"), g.dim("pad"));
    let length = if by_row { g.dim("length") } else { g.dim("l") };
    let x = g.f32(0);
    let mut y = Vec::new();
    for image in 0..b {
        for row in 0..rows {
            for ch in 0..c {
                for j in 0..kernel {
                    let at = (row * stride + j).checked_sub(pad).filter(|at| *at < length);
                    let place = |at| if by_row { (image * length + at) * c + ch } else { (image * c + ch) * length + at };
                    y.push(at.map_or(0.0, |at| x[place(at)]));
                }
            }
        }
    }
    y
}

fn average_rows(g: &Given) -> Vec<u32> {
    let (length, rows, factor, n) = (g.dim("length"), g.dim("rows"), g.dim("factor"), g.dim("n"));
    let mut y = Vec::new();
    for image in g.f32(0).chunks(length * n) {
        for row in 0..rows {
            for i in 0..n {
                let sum = (0..factor).fold(0.0f32, |s, j| s + image[(row * factor + j) * n + i]);
                y.push((sum / factor as f32).to_bits());
            }
        }
    }
    y
}

fn take_rows(g: &Given) -> Vec<u32> {
    let (total, start, rows, n) = (g.dim("total"), g.dim("start"), g.dim("rows"), g.dim("n"));
    g.operands[0].bits.chunks(total * n).flat_map(|image| &image[start * n..(start + rows) * n]).copied().collect()
}

/// (row, column) of the cells of a grid in merged order.
fn cells(g: &Given) -> Vec<(usize, usize)> {
    let (rows, cols, merge) = (g.dim("rows"), g.dim("cols"), g.dim("merge"));
    let mut out = Vec::new();
    for block_row in 0..rows / merge {
        for block_col in 0..cols / merge {
            for dy in 0..merge {
                for dx in 0..merge {
                    out.push((block_row * merge + dy, block_col * merge + dx));
                }
            }
        }
    }
    out
}

fn gather_rows(g: &Given) -> Vec<u32> {
    let (k, n) = (g.dim("k"), g.dim("n"));
    let image = |x: &[u32]| g.operands[1].bits.iter().flat_map(|i| x[*i as usize * n..][..n].to_vec()).collect::<Vec<_>>();
    g.operands[0].bits.chunks(k * n).flat_map(image).collect()
}

/// The cells of every window of a grid.
fn windows(g: &Given) -> Vec<Vec<u32>> {
    let (rows, cols, window) = (g.dim("rows"), g.dim("cols"), g.dim("window"));
    let mut of = BTreeMap::<_, Vec<u32>>::new();
    for cell in 0..rows * cols {
        of.entry((cell / cols / window, cell % cols / window)).or_default().push(cell as u32);
    }
    of.into_values().collect()
}

fn window_ranges(g: &Given) -> Vec<u32> {
    let mut y = Vec::new();
    for window in windows(g) {
        let (first, tokens) = (y.len() as u32 / 2, window.len() * g.dim("cell"));
        y.extend([first, first + tokens as u32].repeat(tokens));
    }
    y
}

fn grid_merge(g: &Given) -> Vec<u32> {
    let (rows, cols, c) = (g.dim("rows"), g.dim("cols"), g.dim("c"));
    let order = cells(g);
    let mut y = Vec::new();
    for image in g.operands[0].bits.chunks(rows * cols * c) {
        for (row, col) in &order {
            y.extend(&image[(row * cols + col) * c..][..c]);
        }
    }
    y
}

fn grid_positions(g: &Given) -> Vec<u32> {
    cells(g).into_iter().flat_map(|(row, col)| [row as u32, col as u32]).collect()
}

/// Which pixel every element of the patches is.
fn patches(g: &Given) -> Vec<usize> {
    let (b, rows, cols, p, channels) = (g.dim("b"), g.dim("rows"), g.dim("cols"), g.dim("patch"), g.dim("ch"));
    let mut y = Vec::new();
    for patch in 0..b * rows * cols {
        let (i, r, c) = (patch / cols / rows, patch / cols % rows, patch % cols);
        for ch in 0..channels {
            for dy in 0..p {
                for dx in 0..p {
                    let (line, column) = (r * p + dy, c * p + dx);
                    y.push(((i * rows * p + line) * cols * p + column) * channels + ch);
                }
            }
        }
    }
    y
}

fn each_transposed(g: &Given) -> Vec<u32> {
    let (m, n) = (g.dim("m"), g.dim("n"));
    g.operands[0].bits.chunks(m * n).flat_map(|x| (0..m * n).map(|i| x[i % m * n + i / m]).collect::<Vec<_>>()).collect()
}

/// Which element every element of the windows is; none: outside.
fn picture_windows(g: &Given) -> Vec<Option<usize>> {
    let (b, rows, cols, channels) = (g.dim("b"), g.dim("rows"), g.dim("cols"), g.dim("ch"));
    let (k, stride, pad, out_rows, out_cols) = (g.dim("kernel"), g.dim("stride"), g.dim("pad"), g.dim("out_rows"), g.dim("out_cols"));
    let mut y = Vec::new();
    for place in 0..b * out_rows * out_cols {
        let (i, r, c) = (place / out_cols / out_rows, place / out_cols % out_rows, place % out_cols);
        for at in 0..channels * k * k {
            let (ch, row, column) = (at / (k * k), r * stride + at / k % k, c * stride + at % k);
            let inside = (pad..pad + rows).contains(&row) && (pad..pad + cols).contains(&column);
            y.push(inside.then(|| ((i * rows + row - pad) * cols + column - pad) * channels + ch));
        }
    }
    y
}

fn halves_gated(g: &Given, f: impl Fn(f32, f32) -> f32) -> Vec<u32> {
    let n = g.dim("n");
    g.f32(0).chunks(2 * n).flat_map(|x| (0..n).map(|i| f(x[i], x[n + i]).to_bits()).collect::<Vec<_>>()).collect()
}

/// `sum` of the taps of a channel and the values under them.
fn conv_causal(g: &Given, sum: impl Fn(&[f32], &[f32]) -> f32) -> Vec<u32> {
    let (m, n, taps, rows) = (g.dim("m"), g.dim("n"), g.dim("taps"), g.dim("m") / g.dim("images"));
    let (x, w) = (g.f32(0), g.f32(1));
    let mut y = Vec::new();
    for i in 0..m * n {
        let (row, channel) = (i / n, i % n);
        let under = |j: usize| if row % rows + j + 1 < taps { 0.0 } else { x[(row + j + 1 - taps) * n + channel] };
        let under: Vec<f32> = (0..taps).map(under).collect();
        y.push(sum(&w[channel * taps..][..taps], &under).to_bits());
    }
    y
}

fn relative_rows(g: &Given) -> Vec<u32> {
    let (count, half) = (g.dim("count"), g.dim("d") / 2);
    let step = f64::from(g.floats["theta"]).ln() as f32 / half.saturating_sub(1).max(1) as f32;
    let row = |r: usize| {
        let angle = move |i: usize| (count - 1 - r % count) as f32 * glibc::expf(-(i as f32) * step);
        (0..half).map(move |i| glibc::sinf(angle(i))).chain((0..half).map(move |i| glibc::cosf(angle(i)))).map(f32::to_bits)
    };
    (0..g.dim("images") * count).flat_map(row).collect()
}

fn accurate_relative_rows(g: &Given) -> Vec<u32> {
    let (count, half) = (g.dim("count"), g.dim("d") / 2);
    let step = exact_ln(f64::from(g.floats["theta"])) / half.saturating_sub(1).max(1) as f64;
    let row = |r: usize| {
        let both: Vec<(f64, f64)> =
            (0..half).map(|i| exact_cos_sin((count - 1 - r % count) as f64 * exact_exp(-(i as f64) * step))).collect();
        let sines: Vec<f64> = both.iter().map(|(_, s)| *s).collect();
        sines.into_iter().chain(both.into_iter().map(|(c, _)| c)).map(|v| (v as f32).to_bits())
    };
    (0..g.dim("images") * count).flat_map(row).collect()
}

/// What one query of local attention meets.
struct Window {
    keys: Vec<Vec<f32>>,
    values: Vec<Vec<f32>>,
    /// The row of relative positions of a key, if it has one.
    positions: Vec<Option<Vec<f32>>>,
    seen: Vec<bool>,
    softcap: f32,
    hidden: f32,
}

fn attention_local(g: &Given, row: impl Fn(&Window, &[f32]) -> Vec<f32>) -> Vec<u32> {
    let (m, h, d, images) = (g.dim("m"), g.dim("h"), g.dim("d"), g.dim("images"));
    let (chunk, past, positions, rows) = (g.dim("chunk"), g.dim("past"), g.dim("positions"), m / images);
    let (q, k, v, r) = (g.f32(0), g.f32(1), g.f32(2), g.f32(3));
    let mut y = Vec::new();
    for i in 0..m * h {
        let (head, image, at) = (i % h, i / h / rows, i / h % rows);
        let start = at / chunk * chunk;
        // the row of key j, if the image has it
        let key = |j: usize| (start + j).checked_sub(past).filter(|row| *row < rows);
        let part = |x: &[f32], j: usize| key(j).map_or(vec![0.0; d], |row| x[((image * rows + row) * h + head) * d..][..d].to_vec());
        let position = |j: usize| (j + start).checked_sub(at).filter(|p| *p < positions);
        let window = Window {
            keys: (0..chunk + past).map(|j| part(&k, j)).collect(),
            values: (0..chunk + past).map(|j| part(&v, j)).collect(),
            positions: (0..chunk + past)
                .map(|j| position(j).map(|p| r[((image * positions + p) * h + head) * d..][..d].to_vec()))
                .collect(),
            seen: (0..chunk + past).map(|j| key(j).is_some_and(|row| row <= at && at - row < past)).collect(),
            softcap: g.floats["softcap"],
            hidden: g.floats["hidden"],
        };
        y.extend(to_bits(&row(&window, &q[i * d..][..d])));
    }
    y
}

fn local(window: &Window, q: &[f32], lanes: usize) -> Vec<f32> {
    let content = |k: &[f32]| if lanes == 4 { rounded_products(k, q) } else { dot(k, q, lanes) };
    let across = |a: &[f32], b: &[f32]| if lanes == 4 { rounded_products(a, b) } else { vdot_f32(a, b, lanes) };
    let mut s = Vec::new();
    for ((k, r), seen) in window.keys.iter().zip(&window.positions).zip(&window.seen) {
        let a = content(k) + r.as_ref().map_or(0.0, |r| across(r, q));
        s.push(tanhf(a * (1.0 / window.softcap)) * window.softcap + if *seen { 0.0 } else { window.hidden });
    }
    let p = softmax(&s, lanes);
    let element = |e: usize| {
        let column: Vec<f32> = window.values.iter().map(|v| v[e]).collect();
        if lanes != 4 && q.len().is_multiple_of(4) { dot(&column, &p, lanes) } else { across(&column, &p) }
    };
    (0..q.len()).map(element).collect()
}

fn local_f32(window: &Window, q: &[f32]) -> Vec<f32> {
    let mut s = Vec::new();
    for ((k, r), seen) in window.keys.iter().zip(&window.positions).zip(&window.seen) {
        let mut a = dot(k, q, 16);
        if let Some(r) = r {
            a += dot(r, q, 16);
        }
        let twice = 2.0 * (f64::from(a) / f64::from(window.softcap));
        let e = if twice.is_nan() { twice } else { exact_exp(twice.clamp(-80.0, 80.0)) };
        s.push(if *seen { (f64::from(window.softcap) * ((e - 1.0) / (e + 1.0))) as f32 } else { f32::NEG_INFINITY });
    }
    let max = s.iter().fold(f32::NEG_INFINITY, |top, s| larger(top, *s));
    let p: Vec<f32> = s.iter().map(|s| exp_f64(f64::from(*s) - f64::from(max)) as f32).collect();
    let sum = p.iter().fold(0.0, |sum, p| sum + f64::from(*p));
    let column = |e: usize| window.values.iter().map(|v| v[e]).collect::<Vec<f32>>();
    (0..q.len()).map(|e| (f64::from(dot(&column(e), &p, 16)) / sum) as f32).collect()
}

/// tanhf of glibc before 2.41, with the decimals of fdlibm.
fn tanhf(x: f32) -> f32 {
    let a = x.abs();
    let value = match a {
        _ if a.is_nan() => return a,
        _ if a >= 22.0 => 1.0,
        _ if a < 2f32.powi(-55) => return x * (1.0 + x),
        _ if a >= 1.0 => 1.0 - 2.0 / (expm1f(2.0 * a) + 2.0),
        _ => {
            let t = expm1f(-2.0 * a);
            -t / (t + 2.0)
        }
    };
    value.copysign(x)
}

/// expm1f likewise, of an argument that tanhf has.
fn expm1f(x: f32) -> f32 {
    let (mut x, mut k, mut c) = (x, 0, 0.0);
    if x.abs() < 2f32.powi(-25) {
        return x;
    }
    if x.abs() > 0.5 * std::f32::consts::LN_2 {
        let sign = 1f32.copysign(x);
        k = if x.abs() < 1.039_720_8 { sign as i32 } else { (std::f32::consts::LOG2_E * x + 0.5 * sign) as i32 };
        let (high, low) = (x - k as f32 * 6.931_381e-1, k as f32 * 9.058_001e-6);
        x = high - low;
        c = (high - x) - low;
    }
    let (half, square) = (0.5 * x, x * (0.5 * x));
    let q: [f32; 5] = [-3.333_333_5e-2, 1.587_301_6e-3, -7.936_507_6e-5, 4.008_217_7e-6, -2.010_992_1e-7];
    let r = 1.0 + square * q[..4].iter().rev().fold(q[4], |s, q| q + square * s);
    let t = 3.0 - r * half;
    let e = square * ((r - t) / (6.0 - x * t));
    let two = |n: i32| 2f32.powi(n);
    if k == 0 {
        return x - (x * e - square);
    }
    let e = (x * (e - c) - c) - square;
    match k {
        -1 => 0.5 * (x - e) - 0.5,
        1 if x < -0.25 => -2.0 * (e - (x + 0.5)),
        1 => 1.0 + 2.0 * (x - e),
        _ if !(-1..=56).contains(&k) => (1.0 - (e - x)) * two(k) - 1.0,
        _ if k < 23 => ((1.0 - two(-k)) - (e - x)) * two(k),
        _ => ((x - (e + two(-k))) + 1.0) * two(k),
    }
}

/// Of output position j: the two trained positions, and the share of the second.
fn axis(j: usize, out: usize, side: usize) -> (usize, usize, f32) {
    let f = if out > 1 && side > 1 { (out - 1) as f32 / (side - 1) as f32 } else { out as f32 / side as f32 };
    let u = j as f32 / f;
    let low = u.floor() as i64;
    let inside = |i: i64| i.clamp(0, side as i64 - 1);
    let (i0, i1) = (inside(low), inside(low + 1));
    (i0 as usize, i1 as usize, (u - i0 as f32).clamp(0.0, 1.0))
}

fn interpolate(g: &Given, fused: bool) -> Vec<u32> {
    let (side, n, rows, cols) = (g.dim("side"), g.dim("n"), g.dim("rows"), g.dim("cols"));
    let p = g.f32(0);
    let mut y = Vec::new();
    for row in 0..rows {
        let (y0, y1, dy) = axis(row, rows, side);
        for col in 0..cols {
            let (x0, x1, dx) = axis(col, cols, side);
            let (ex, ey) = (1.0 - dx, 1.0 - dy);
            for i in 0..n {
                let at = |row: usize, col: usize| p[(row * side + col) * n + i];
                let (ta, tb, tc, te) = (at(y0, x0) * ex, at(y0, x1) * dx, at(y1, x0) * ex, at(y1, x1) * dx);
                let v = match fused {
                    true => te.mul_add(dy, tc.mul_add(dy, ta.mul_add(ey, tb * ey))),
                    false => ((ta * ey + tb * ey) + tc * dy) + te * dy,
                };
                y.push(v.to_bits());
            }
        }
    }
    y
}

/// An activation of the gate times what it lets through.
fn gated(g: &Given, activation: impl Fn(f32) -> f32) -> Vec<u32> {
    g.f32(0).iter().zip(g.f32(1)).map(|(x, up)| (activation(*x) * up).to_bits()).collect()
}

/// Elements of a head that turn together, in the order of their angles.
fn rope_partners(op: &str, d: usize) -> Vec<(usize, usize)> {
    let pair = |i: usize| match op {
        "rope_pairs" => (2 * i, 2 * i + 1),
        "rope_halves" if i < d / 4 => (i, i + d / 4),
        "rope_halves" => (i + d / 4, i + d / 2),
        _ => (i, i + d / 2),
    };
    (0..d / 2).map(pair).collect()
}

fn transposed(g: &Given) -> Vec<u32> {
    let (k, n) = (g.dim("k"), g.dim("n"));
    (0..n * k).map(|at| g.operands[0].bits[at % k * n + at / k]).collect()
}

/// The elements of every block, in the order of its sum.
fn blocks_of_grid(g: &Given) -> Vec<Vec<f32>> {
    let (rows, cols, side, c, x) = (g.dim("rows"), g.dim("cols"), g.dim("side"), g.dim("c"), g.f32(0));
    let mut blocks = Vec::new();
    for image in x.chunks(rows * cols * side * side * c) {
        for (row, col, i) in (0..rows * cols * c).map(|at| (at / c / cols, at / c % cols, at % c)) {
            let cell = |j: usize| (row * side + j / side) * (cols * side) + col * side + j % side;
            blocks.push((0..side * side).map(|j| image[cell(j) * c + i]).collect());
        }
    }
    blocks
}

fn pooled(g: &Given) -> Vec<u32> {
    blocks_of_grid(g).iter().map(|x| (x.iter().fold(0.0, |t, x| t + x) / x.len() as f32).to_bits()).collect()
}

fn pooled_f64(g: &Given) -> Vec<u32> {
    let mean = |x: &Vec<f32>| x.iter().fold(0.0, |t, x| t + f64::from(*x)) / x.len() as f64;
    blocks_of_grid(g).iter().map(|x| (mean(x) as f32).to_bits()).collect()
}

/// The cells that count for cell `j` of an axis, each with its weight.
fn triangle(j: usize, out: usize, side: usize) -> Vec<(usize, f32)> {
    let f = out as f32 / side as f32;
    let support = (1.0 / f).max(1.0);
    let inverse = 1.0 / support;
    let u = (j as f32 + 0.5) / f;
    let (low, end) = (((u - support) + 0.5) as i64, ((u + support) + 0.5) as i64);
    let weight = |i: usize| (1.0 - (((i as f32 - u) + 0.5) * inverse).abs()).max(0.0);
    (low.max(0) as usize..end.min(side as i64) as usize).map(|i| (i, weight(i))).collect()
}

fn antialiased(g: &Given, step: fn(f32, f32, f32) -> f32) -> Vec<u32> {
    let (side, n, rows, cols, p) = (g.dim("cells").isqrt(), g.dim("n"), g.dim("rows"), g.dim("cols"), g.f32(0));
    let mut y = Vec::new();
    for (row, col, i) in (0..rows * cols * n).map(|at| (at / n / cols, at / n % cols, at % n)) {
        let (mut v, mut s) = (0.0f32, 0.0f32);
        for (r, down) in triangle(row, rows, side) {
            for (c, across) in triangle(col, cols, side) {
                let w = across * down;
                if w > 0.0 {
                    v = step(p[(r * side + c) * n + i], w, v);
                    s += w;
                }
            }
        }
        y.push(if s > 0.0 { v / s } else { 0.0 }.to_bits());
    }
    y
}

fn triangle_f64(j: usize, out: usize, side: usize) -> Vec<(usize, f64)> {
    let f = out as f64 / side as f64;
    let support = (1.0 / f).max(1.0);
    let u = (j as f64 + 0.5) / f;
    let (low, end) = ((u - support + 0.5) as i64, (u + support + 0.5) as i64);
    let weight = |i: usize| (1.0 - ((i as f64 - u + 0.5) / support).abs()).max(0.0);
    (low.max(0) as usize..end.min(side as i64) as usize).map(|i| (i, weight(i))).collect()
}

fn antialiased_f64(g: &Given) -> Vec<u32> {
    let (side, n, rows, cols, p) = (g.dim("cells").isqrt(), g.dim("n"), g.dim("rows"), g.dim("cols"), g.f32(0));
    let mut y = Vec::new();
    for (row, col, i) in (0..rows * cols * n).map(|at| (at / n / cols, at / n % cols, at % n)) {
        let (mut v, mut s) = (0.0f64, 0.0f64);
        for (r, down) in triangle_f64(row, rows, side) {
            for (c, across) in triangle_f64(col, cols, side) {
                let w = across * down;
                if w > 0.0 {
                    v += f64::from(p[(r * side + c) * n + i]) * w;
                    s += w;
                }
            }
        }
        y.push(if s > 0.0 { (v / s) as f32 } else { 0.0 }.to_bits());
    }
    y
}

/// Pairs in whole groups of each half are fused, all of a head's if the groups are of one.
fn rope(g: &Given, op: &str, group: Option<usize>) -> Vec<u32> {
    let (h, d, r) = (g.dim("h"), g.dim("d"), g.dim("r"));
    let (x, a) = (g.f32(0), g.f32(1));
    let partners = rope_partners(op, d);
    let mut y = vec![0; x.len()];
    for (head, (x, y)) in x.chunks(d).zip(y.chunks_mut(d)).enumerate() {
        let angles = &a[head / h % r * d..][..d];
        for (i, ((p, q), turn)) in partners.iter().zip(angles.chunks(2)).enumerate() {
            let (x0, x1, c, s) = (x[*p], x[*q], turn[0], turn[1]);
            let quarter = d / 4;
            let fused = group.is_some_and(|n| n == 1 || i % quarter < quarter / n * n);
            let (first, second) = match fused {
                true => (x0.mul_add(c, -(x1 * s)), x0.mul_add(s, x1 * c)),
                false => (x0 * c - x1 * s, x0 * s + x1 * c),
            };
            (y[*p], y[*q]) = (first.to_bits(), second.to_bits());
        }
    }
    y
}

/// Coordinates of every position, the one that comes first in front; and whether frequencies are dealt out in turn.
fn coordinates(g: &Given) -> (Vec<[i32; 2]>, bool) {
    let swap = g.words["first"] == "column";
    let both = |p: &[u32]| if swap { [p[1].cast_signed(), p[0].cast_signed()] } else { [p[0].cast_signed(), p[1].cast_signed()] };
    (g.operands[0].bits.chunks(2).map(both).collect(), g.words["frequencies"] == "interleaved")
}

fn rope_angles_2d(g: &Given) -> Vec<u32> {
    let (d, theta) = (g.dim("d"), g.floats["theta"]);
    let (positions, interleaved) = coordinates(g);
    let scale = glibc::powf(theta, -2.0 / (d / 2) as f32);
    let odd = if interleaved { glibc::powf(theta, -2.0 / d as f32) } else { 1.0 };
    let mut y = Vec::new();
    for position in positions {
        for (p, shift) in position.iter().zip([1.0, odd]) {
            let mut chain = *p as f32;
            for _ in 0..d / 4 {
                let angle = shift * chain;
                y.extend([glibc::cosf(angle).to_bits(), glibc::sinf(angle).to_bits()]);
                chain *= scale;
            }
        }
    }
    y
}

fn accurate_angles_2d(g: &Given) -> Vec<u32> {
    let (pairs, theta) = (g.dim("d") / 4, f64::from(g.floats["theta"]));
    let (positions, interleaved) = coordinates(g);
    let mut y = Vec::new();
    for position in positions {
        for (k, p) in position.iter().enumerate() {
            for i in 0..pairs {
                let exponent = if interleaved { -((2 * i + k) as f64) / (2 * pairs) as f64 } else { -(i as f64) / pairs as f64 };
                let (c, s) = exact_cos_sin(f64::from(*p) * exact_exp(exact_ln(theta) * exponent));
                y.extend([(c as f32).to_bits(), (s as f32).to_bits()]);
            }
        }
    }
    y
}

fn add_positions(g: &Given) -> Vec<u32> {
    let (n, r, axis) = (g.dim("n"), g.dim("r"), g.dim("axis"));
    let (x, table, pos) = (g.f32(0), g.f32(1), &g.operands[2].bits);
    let mut y = Vec::new();
    for (i, x) in x.chunks(n).enumerate() {
        let row = (g.dim("start") + pos[i % r * 2 + axis] as usize).min(g.dim("s") - 1);
        y.extend(x.iter().zip(&table[row * n..]).map(|(x, p)| (x + p).to_bits()));
    }
    y
}

fn break_rows(g: &Given) -> Vec<u32> {
    let (n, rows, cols) = (g.dim("n"), g.dim("rows"), g.dim("cols"));
    let mut y = Vec::new();
    for (i, row) in g.operands[0].bits.chunks(cols * n).enumerate() {
        y.extend(row);
        if (i + 1) % rows != 0 {
            y.extend(&g.operands[1].bits);
        }
    }
    y
}

fn unfold(g: &Given) -> Vec<u32> {
    let (b, rows, cols, m, n) = (g.dim("b"), g.dim("rows"), g.dim("cols"), g.dim("merge"), g.dim("n"));
    let x = &g.operands[0].bits;
    let mut y = Vec::new();
    for block in 0..b * rows * cols {
        let (i, r, c) = (block / cols / rows, block / cols % rows, block % cols);
        for ch in 0..n {
            for (dy, dx) in (0..m).flat_map(|dy| (0..m).map(move |dx| (dy, dx))) {
                y.push(x[(((i * rows + r) * m + dy) * cols * m + c * m + dx) * n + ch]);
            }
        }
    }
    y
}

fn clamped(x: &[f32], lo: f32, hi: f32) -> Vec<f32> {
    let least = |x: f32| if x < hi { x } else { hi };
    x.iter().map(|x| if least(*x) > lo { least(*x) } else { lo }).collect()
}

fn rope_angles(g: &Given) -> Vec<u32> {
    let (d, theta) = (g.dim("d"), g.floats["theta"]);
    let scale = glibc::powf(theta, -2.0 / (d / 2) as f32);
    let mut y = Vec::new();
    for position in g.operands[0].bits.chunks(2) {
        let mut angle = 0.0;
        for i in 0..d / 2 {
            angle = match i {
                _ if i == 0 => position[0].cast_signed() as f32,
                _ if i == d / 4 => position[1].cast_signed() as f32,
                _ => angle * scale,
            };
            y.extend([glibc::cosf(angle).to_bits(), glibc::sinf(angle).to_bits()]);
        }
    }
    y
}

/// A double from its bits, for constants that the laws write in hexadecimal.
fn d(bits: u64) -> f64 {
    f64::from_bits(bits)
}

/// n of x = n * step + r, by adding and subtracting 0x1.8p52.
fn steps_in(x: f64, per_step: f64) -> f64 {
    x.mul_add(per_step, 6_755_399_441_055_744.0) - 6_755_399_441_055_744.0
}

fn accurate_angles(g: &Given) -> Vec<u32> {
    let (pairs, theta) = (g.dim("d") / 4, f64::from(g.floats["theta"]));
    let frequency: Vec<f64> = (0..pairs).map(|i| exact_exp(exact_ln(theta) * (-(i as f64) / pairs as f64))).collect();
    let mut y = Vec::new();
    for position in &g.operands[0].bits {
        for w in &frequency {
            let (c, s) = exact_cos_sin(f64::from(position.cast_signed()) * w);
            y.extend([(c as f32).to_bits(), (s as f32).to_bits()]);
        }
    }
    y
}

fn exact_ln(x: f64) -> f64 {
    let (mut m, mut k) = (x, 0);
    while m >= std::f64::consts::SQRT_2 {
        m /= 2.0;
        k += 1;
    }
    while m < std::f64::consts::FRAC_1_SQRT_2 {
        m *= 2.0;
        k -= 1;
    }
    let t = (m - 1.0) / (m + 1.0);
    let series = (0..13).rev().fold(0.0f64, |s, i| s.mul_add(t * t, 1.0 / f64::from(2 * i + 1)));
    f64::from(k).mul_add(std::f64::consts::LN_2, (2.0 * t) * series)
}

fn exact_exp(x: f64) -> f64 {
    let n = steps_in(x, std::f64::consts::LOG2_E);
    let r = (-n).mul_add(d(0x3c7a_bc9e_3b39_803f), (-n).mul_add(std::f64::consts::LN_2, x)); // 0x1.abc9e3b39803fp-56
    (1..=15).rev().fold(1.0f64, |s, i| (s * r).mul_add(1.0 / f64::from(i), 1.0)) * 2f64.powi(n as i32)
}

fn exact_cos_sin(x: f64) -> (f64, f64) {
    let n = steps_in(x, std::f64::consts::FRAC_2_PI);
    let r = (-n).mul_add(d(0x3c91_a626_3314_5c07), (-n).mul_add(std::f64::consts::FRAC_PI_2, x)); // 0x1.1a62633145c07p-54
    let series = |other: i32| {
        let term = |s: f64, i: i32| (s * (r * r)).mul_add(-1.0 / f64::from(2 * i * (2 * i + other)), 1.0);
        (1..=9).rev().fold(1.0f64, term)
    };
    let (c, s) = (series(-1), series(1) * r);
    [(c, s), (-s, c), (-c, -s), (s, -c)][(n as i64).rem_euclid(4) as usize]
}

fn interpolate_f64(g: &Given) -> Vec<u32> {
    let (side, n, rows, cols) = (g.dim("side"), g.dim("n"), g.dim("rows"), g.dim("cols"));
    let axis = |j: usize, out: usize| {
        let (at, step) = if out > 1 { (j * (side - 1), out - 1) } else { (0, 1) };
        (at / step, (at / step + 1).min(side - 1), (at % step) as f64 / step as f64)
    };
    let p = g.f32(0);
    let mut y = Vec::new();
    for row in 0..rows {
        let (y0, y1, dy) = axis(row, rows);
        for col in 0..cols {
            let (x0, x1, dx) = axis(col, cols);
            for i in 0..n {
                let at = |row: usize, col: usize| f64::from(p[(row * side + col) * n + i]);
                let line = |row: usize| (1.0 - dx) * at(row, x0) + dx * at(row, x1);
                y.push((((1.0 - dy) * line(y0) + dy * line(y1)) as f32).to_bits());
            }
        }
    }
    y
}

fn interpolate_cubic(g: &Given) -> Vec<u32> {
    let (side, n, rows, cols) = (g.dim("side"), g.dim("n"), g.dim("rows"), g.dim("cols"));
    let a = -0.75;
    let near = |u: f64| (((a + 2.0) * u - (a + 3.0)) * u) * u + 1.0;
    let far = |u: f64| ((a * u - 5.0 * a) * u + 8.0 * a) * u - 4.0 * a;
    let axis = |j: usize, out: usize| {
        let (at, step) = ((2 * j as i64 + 1) * side as i64 - out as i64, 2 * out as i64);
        let i = at.div_euclid(step);
        let t = at.rem_euclid(step) as f64 / step as f64;
        let cells = [i - 1, i, i + 1, i + 2].map(|i| i.clamp(0, side as i64 - 1) as usize);
        (cells, [far(t + 1.0), near(t), near(1.0 - t), far(2.0 - t)])
    };
    let sum = |w: [f64; 4], p: [f64; 4]| ((w[0] * p[0] + w[1] * p[1]) + w[2] * p[2]) + w[3] * p[3];
    let p = g.f32(0);
    let mut y = Vec::new();
    for row in 0..rows {
        let (lines, v) = axis(row, rows);
        for col in 0..cols {
            let (cells, w) = axis(col, cols);
            for i in 0..n {
                let line = |r: usize| sum(w, cells.map(|c| f64::from(p[(r * side + c) * n + i])));
                y.push((sum(v, lines.map(line)) as f32).to_bits());
            }
        }
    }
    y
}

/// -0x1.9884533d43651p+0
const GELU_LINEAR: f64 = f64::from_bits(0xbff9_8845_33d4_3651);
/// -0x1.2444f2a4d8b4bp-4
const GELU_CUBIC: f64 = f64::from_bits(0xbfb2_444f_2a4d_8b4b);

fn accurate_gelu(x: f32) -> f32 {
    let v = f64::from(if x < -40.0 { -40.0 } else { x });
    let z = v * (v * v).mul_add(GELU_CUBIC, GELU_LINEAR);
    (v / (1.0 + exp_f64(z))) as f32
}

fn erf_gelu(x: f32) -> f32 {
    let v = f64::from(if x < -40.0 { -40.0 } else { x });
    let a = if v.abs() > 40.0 { 40.0 } else { v.abs() };
    let g = exp_f64(-0.5 * (a * a)) * d(0x3fd9_8845_33d4_3651); // 0x1.9884533d43651p-2
    let q = if a < 3.0 {
        0.5 - (g * a) * (1..=28).rev().fold(1.0, |s, i| 1.0 + (s * (a * a)) / f64::from(2 * i + 1))
    } else {
        g / (1..=24).rev().fold(a, |c, i| a + f64::from(i) / c)
    };
    (if v < 0.0 { v * q } else { v * (1.0 - q) }) as f32
}

fn engine_gelu_erf(x: f32) -> f32 {
    (0.5 * x) * (1.0 + erff(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// erff of glibc before 2.41, with the decimals of fdlibm.
fn erff(x: f32) -> f32 {
    let poly = |z: f32, c: &[f64]| c.iter().rev().fold(0.0f32, |s, c| s * z + *c as f32);
    let quotient = |z: f32, p: &[f64], q: &[f64]| poly(z, p) / poly(z, &[&[1.0], q].concat());
    let a = x.abs();
    if a.is_nan() {
        return a;
    }
    let efx = 1.283_791_661_3e-1_f64 as f32;
    let value = if a < 2f32.powi(-119) {
        0.0625 * (16.0 * a + 16.0 * efx * a)
    } else if a < 2f32.powi(-28) {
        a + efx * a
    } else if a < 0.84375 {
        let p = [1.2837916613e-1, -3.2504209876e-1, -2.8481749818e-2, -5.7702702470e-3, -2.3763017452e-5];
        let q = [3.9791721106e-1, 6.5022252500e-2, 5.0813062117e-3, 1.3249473704e-4, -3.9602282413e-6];
        a + a * quotient(a * a, &p, &q)
    } else if a < 1.25 {
        let p = [-2.3621185683e-3, 4.1485610604e-1, -3.7220788002e-1, 3.1834661961e-1, -1.1089469492e-1, 3.5478305072e-2, -2.1663755178e-3];
        let q = [1.0642088205e-1, 5.4039794207e-1, 7.1828655899e-2, 1.2617121637e-1, 1.3637083583e-2, 1.1984500103e-2];
        8.450_629_115_1e-1_f64 as f32 + quotient(a - 1.0, &p, &q)
    } else if a < 6.0 {
        let s = 1.0 / (a * a);
        let r = if a < 2.857_142_7 {
            let p = [
                -9.8649440333e-3,
                -6.9385856390e-1,
                -1.0558626175e+1,
                -6.2375331879e+1,
                -1.6239666748e+2,
                -1.8460508728e+2,
                -8.1287437439e+1,
                -9.8143291473e+0,
            ];
            let q = [
                1.9651271820e+1,
                1.3765776062e+2,
                4.3456588745e+2,
                6.4538726807e+2,
                4.2900814819e+2,
                1.0863500214e+2,
                6.5702495575e+0,
                -6.0424413532e-2,
            ];
            quotient(s, &p, &q)
        } else {
            let p = [
                -9.8649431020e-3,
                -7.9928326607e-1,
                -1.7757955551e+1,
                -1.6063638306e+2,
                -6.3756646729e+2,
                -1.0250950928e+3,
                -4.8351919556e+2,
            ];
            let q =
                [3.0338060379e+1, 3.2579251099e+2, 1.5367296143e+3, 3.1998581543e+3, 2.5530502930e+3, 4.7452853394e+2, -2.2440952301e+1];
            quotient(s, &p, &q)
        };
        let z = f32::from_bits(a.to_bits() & !0xfff);
        1.0 - glibc::expf(-(z * z) - 0.5625) * glibc::expf((z - a) * (z + a) + r) / a
    } else {
        1.0
    };
    value.copysign(x)
}

fn affine(g: &Given, normal: &[f32]) -> Vec<u32> {
    let scaled = repeated(normal, &g.f32(1), |x, w| x * w);
    to_bits(&repeated(&scaled, &g.f32(2), |x, b| x + b))
}

fn layer_norm_f64(g: &Given) -> Vec<f32> {
    let (n, eps) = (g.dim("n"), f64::from(g.floats["eps"]));
    let total = |x: &[f32], f: &dyn Fn(f64) -> f64| {
        let mut part = [0.0f64; 8];
        for (i, x) in x.iter().enumerate() {
            part[i % 8] += f(f64::from(*x));
        }
        let four: Vec<f64> = (0..4).map(|i| part[i] + part[i + 4]).collect();
        (four[0] + four[2]) + (four[1] + four[3])
    };
    let row = |x: &[f32]| {
        let mean = total(x, &|x| x) / n as f64;
        let variance = total(x, &|x| (x - mean) * (x - mean)) / n as f64;
        let k = 1.0 / (variance + eps).sqrt();
        x.iter().map(|x| ((f64::from(*x) - mean) * k) as f32).collect::<Vec<_>>()
    };
    g.f32(0).chunks(n).flat_map(row).collect()
}

/// What a query of one head of one image meets.
struct Head {
    keys: Vec<Vec<f32>>,
    values: Vec<Vec<f32>>,
    scale: f32,
    /// The keys that are attended: all, or those of a range.
    range: std::ops::Range<usize>,
}

impl Head {
    /// The attended keys, as if there were no others.
    fn attended(&self) -> Self {
        let part = |rows: &[Vec<f32>]| rows[self.range.clone()].to_vec();
        Self { keys: part(&self.keys), values: part(&self.values), scale: self.scale, range: 0..self.range.len() }
    }

    /// The groups of `size` keys with one that is attended: where they begin.
    fn groups(&self, size: usize) -> impl Iterator<Item = usize> {
        (self.range.start / size * size..self.range.end).step_by(size)
    }
}

fn attention(g: &Given, row: impl Fn(&Head, &[f32]) -> Vec<f32>) -> Vec<u32> {
    let (m, h, d, images) = (g.dim("m"), g.dim("h"), g.dim("d"), g.dim("images"));
    let rows = m / images;
    let (q, k, v) = (g.f32(0), g.f32(1), g.f32(2));
    let mut y = vec![0; m * h * d];
    for image in 0..images {
        for head in 0..h {
            let part = |x: &[f32]| (0..rows).map(|r| x[((image * rows + r) * h + head) * d..][..d].to_vec()).collect::<Vec<_>>();
            let mut this = Head { keys: part(&k), values: part(&v), scale: g.floats["scale"], range: 0..rows };
            for (r, q) in part(&q).iter().enumerate() {
                if let Some(ranges) = g.operands.get(3) {
                    this.range = ranges.bits[2 * r] as usize..ranges.bits[2 * r + 1] as usize;
                }
                let at = ((image * rows + r) * h + head) * d;
                y[at..at + d].copy_from_slice(&to_bits(&row(&this, q)));
            }
        }
    }
    y
}

/// The larger of two scores as the tiled law takes it.
fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

fn tiled(head: &Head, q: &[f32], lanes: usize) -> Vec<f32> {
    let (mut max, mut sum, mut acc) = (f32::NEG_INFINITY, 0.0f32, vec![0.0f32; q.len()]);
    let mut values = vec![vec![0.0f32; q.len()]; 64];
    for first in head.groups(64) {
        let present = &head.values[first..(first + 64).min(head.values.len())];
        let mut s = vec![f32::NEG_INFINITY; 64];
        for (s, (t, k)) in s.iter_mut().zip(head.keys.iter().enumerate().skip(first)) {
            if !head.range.contains(&t) {
                continue;
            }
            let mut chain = 0.0f32;
            for (k, q) in k.iter().zip(q) {
                chain = step(*k, *q, chain, lanes);
            }
            *s = chain * head.scale;
        }
        values[..present.len()].clone_from_slice(present);
        let top = s.iter().fold(f32::NEG_INFINITY, |top, s| larger(top, *s));
        let mut p = vec![0.0f32; 64];
        if top != f32::NEG_INFINITY {
            if top > max {
                let c = glibc::expf(max - top);
                acc.iter_mut().for_each(|a| *a *= c);
                sum *= c;
                max = top;
            }
            for (p, s) in p.iter_mut().zip(&s) {
                *p = exp(s - max, lanes);
            }
            let mut added = 0.0f64;
            for group in p.chunks(lanes) {
                added += f64::from(group_sum(group));
            }
            sum = (f64::from(sum) + added) as f32;
        }
        for (p, v) in p.iter().zip(&values) {
            for (acc, v) in acc.iter_mut().zip(v) {
                *acc = step(*v, *p, *acc, lanes);
            }
        }
    }
    divided(&acc, sum)
}

fn chunk(head: &Head, q: &[f32], lanes: usize) -> Vec<f32> {
    let to_f16 = |v: f32| half::widen(half::round(v));
    let q: Vec<f32> = q.iter().map(|v| to_f16(*v)).collect();
    let (mut max, mut sum, mut acc) = (f32::NEG_INFINITY, 0.0f32, vec![0.0f32; q.len()]);
    for (k, v) in head.keys.iter().zip(&head.values) {
        let s = if lanes == 4 { rounded_products(k, &q) } else { vdot_f16(k, &q, lanes) } * head.scale;
        let (mut c, mut p) = (1.0, 1.0);
        if s > max {
            c = glibc::expf(max - s);
            max = s;
            acc.iter_mut().for_each(|a| *a = to_f16(*a * c));
        } else {
            p = glibc::expf(s - max);
        }
        for (acc, v) in acc.iter_mut().zip(v) {
            *acc = to_f16(step(*v, p, *acc, lanes));
        }
        sum = step(sum, c, p, lanes);
    }
    divided(&acc, sum)
}

/// Sum over keys for element e of the values, each in `lanes` accumulators.
fn weighted(head: &Head, p: &[f32], e: usize, lanes: usize) -> f32 {
    let column: Vec<f32> = head.values.iter().map(|v| v[e]).collect();
    dot(&column, p, lanes)
}

fn full(head: &Head, q: &[f32], lanes: usize) -> Vec<f32> {
    let across = |a: &[f32], b: &[f32]| if lanes == 4 { rounded_products(a, b) } else { vdot_f32(a, b, lanes) };
    let score = |t: usize| if head.range.contains(&t) { across(&head.keys[t], q) * head.scale } else { f32::NEG_INFINITY };
    // from the first group with an attended key to the last
    let n = head.keys.len();
    let all: Vec<usize> = head.groups(lanes).flat_map(|first| first..(first + lanes).min(n)).collect();
    let s: Vec<f32> = all.iter().map(|t| score(*t)).collect();
    let p = softmax(&s, lanes);
    let element = |e: usize| {
        let attended = all.iter().zip(&p).map(|(t, p)| if head.range.contains(t) { (head.values[*t][e], *p) } else { (0.0, 0.0) });
        let (column, p): (Vec<f32>, Vec<f32>) = attended.unzip();
        if lanes != 4 && q.len().is_multiple_of(4) { dot(&column, &p, lanes) } else { across(&column, &p) }
    };
    (0..q.len()).map(element).collect()
}

/// Weights of a row of scores.
fn softmax(s: &[f32], lanes: usize) -> Vec<f32> {
    let max = s.iter().fold(f32::NEG_INFINITY, |top, s| larger(top, *s));
    let (mut p, mut sum) = (Vec::new(), 0.0f64);
    for group in s.chunks(lanes) {
        if group.len() == lanes {
            p.extend(group.iter().map(|s| exp(s - max, lanes)));
            sum += f64::from(group_sum(&p[p.len() - lanes..]));
            continue;
        }
        for s in group {
            p.push(glibc::expf(s - max));
            sum += f64::from(p[p.len() - 1]);
        }
    }
    let inverse = (1.0 / sum) as f32;
    p.iter_mut().for_each(|p| *p *= inverse);
    p
}

fn full_f32(head: &Head, q: &[f32]) -> Vec<f32> {
    let s: Vec<f32> = head.keys.iter().map(|k| vdot_f32(k, q, 16)).collect();
    let max = s.iter().fold(f32::NEG_INFINITY, |top, s| larger(top, *s));
    let p: Vec<f32> = s.iter().map(|s| exp_f64((f64::from(*s) - f64::from(max)) * f64::from(head.scale)) as f32).collect();
    let sum = p.iter().fold(0.0, |sum, p| sum + f64::from(*p));
    (0..q.len()).map(|e| (f64::from(weighted(head, &p, e, 16)) / sum) as f32).collect()
}

/// The exponential of the accurate classes.
fn exp_f64(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    let x = x.clamp(-700.0, 700.0);
    let shift = 6_755_399_441_055_744.0; // 0x1.8p52
    let n = x.mul_add(std::f64::consts::LOG2_E, shift) - shift;
    let r = (-n).mul_add(std::f64::consts::LN_2, x);
    let factorial = |i: i32| (1..=i).product::<i32>();
    let series = (0..9).rev().fold(1.0 / f64::from(factorial(9)), |p, i| p.mul_add(r, 1.0 / f64::from(factorial(i))));
    series * 2f64.powi(n as i32)
}

fn divided(acc: &[f32], sum: f32) -> Vec<f32> {
    let inverse = if sum == 0.0 { 0.0 } else { 1.0 / sum };
    acc.iter().map(|a| a * inverse).collect()
}

/// The steps that both forms of the exponential share.
struct Exp {
    n: f32,
    z: f32,
    b: f32,
    u: f32,
    /// The polynomial but for its last two terms.
    high: f32,
}

/// 0x1.ffffecp-1
const LINEAR: f32 = f32::from_bits(0x3f7f_fff6);

fn exp_parts(a: f32) -> Exp {
    let c = f32::from_bits;
    let shift = c(0x4b40_0000); // 0x1.8p23
    let z = a.mul_add(c(0x3fb8_aa3b), shift); // 0x1.715476p+0
    let n = z - shift;
    let b = (-n).mul_add(c(0x35bf_be8e), (-n).mul_add(c(0x3f31_7200), a)); // 0x1.7f7d1cp-20, 0x1.62e4p-1
    let u = b * b;
    let upper = c(0x3c07_2010).mul_add(b, c(0x3d2b_9f17)); // 0x1.0e4020p-7, 0x1.573e2ep-5
    let lower = c(0x3e2a_af33).mul_add(b, c(0x3eff_fedb)); // 0x1.555e66p-3, 0x1.fffdb6p-2
    Exp { n, z, b, u, high: upper.mul_add(u, lower) }
}

fn exp(a: f32, lanes: usize) -> f32 {
    match lanes {
        16 => exp16(a),
        8 => exp8(a),
        _ => exp4(a),
    }
}

/// The exponential of the classes without SIMD.
fn exp4(a: f32) -> f32 {
    let c = f32::from_bits;
    let shift = c(0x4b40_0000); // 0x1.8p23
    let z = a * c(0x3fb8_aa3b) + shift; // 0x1.715476p+0
    let n = z - shift;
    let b = (a - n * c(0x3f31_7200)) - n * c(0x35bf_be8e); // 0x1.62e4p-1, 0x1.7f7d1cp-20
    let upper = c(0x3c07_2010) * b + c(0x3d2b_9f17); // 0x1.0e4020p-7, 0x1.573e2ep-5
    let lower = c(0x3e2a_af33) * b + c(0x3eff_fedb); // 0x1.555e66p-3, 0x1.fffdb6p-2
    let j = (upper * (b * b) + lower) * (b * b) + LINEAR * b;
    let e = z.to_bits() << 23;
    if n.abs() > 126.0 {
        let g: u32 = if n <= 0.0 { 0x8200_0000 } else { 0 };
        let (s1, s2) = (c(g.wrapping_add(0x7f00_0000)), c(e.wrapping_sub(g)));
        return if n.abs() > 192.0 { s1 * s1 } else { (s2 * j + s2) * s1 };
    }
    let k = c(e.wrapping_add(0x3f80_0000));
    j * k + k
}

/// The exponential of the 16-lane classes.
fn exp16(a: f32) -> f32 {
    let e = exp_parts(a);
    let j = e.high.mul_add(e.u, LINEAR.mul_add(e.b, 1.0));
    if e.n.abs() > 192.0 {
        return if e.n <= 0.0 { 0.0 } else { f32::INFINITY };
    }
    // exact in f64, so that the only rounding is the last
    let power = if e.n.is_nan() { f64::NAN } else { f64::from_bits(((e.n as i64 + 1023) as u64) << 52) };
    (f64::from(j) * power) as f32
}

/// The exponential of the 8-lane classes.
fn exp8(a: f32) -> f32 {
    let p = exp_parts(a);
    let j = p.high.mul_add(p.u, LINEAR * p.b);
    let e = p.z.to_bits() << 23;
    if p.n.abs() > 126.0 {
        let g: u32 = if p.n <= 0.0 { 0x8200_0000 } else { 0 };
        let s1 = f32::from_bits(g.wrapping_add(0x7f00_0000));
        let s2 = f32::from_bits(e.wrapping_sub(g));
        return if p.n.abs() > 192.0 { s1 * s1 } else { s2.mul_add(j, s2) * s1 };
    }
    let k = f32::from_bits(e.wrapping_add(0x3f80_0000));
    j.mul_add(k, k)
}

/// bf16: the upper half of an f32.
pub mod brain {
    /// To nearest even; a NaN keeps its sign and its upper bits and becomes quiet.
    pub fn round(v: f32) -> u16 {
        let upper = (v.to_bits() >> 16) as u16;
        if v.is_nan() {
            return upper | 0x40;
        }
        match (v.to_bits() & 0xffff).cmp(&0x8000) {
            std::cmp::Ordering::Less => upper,
            std::cmp::Ordering::Equal => upper + (upper & 1),
            std::cmp::Ordering::Greater => upper + 1,
        }
    }
}

/// f16 in 16 bits: five of exponent, ten of fraction.
pub mod half {
    pub fn widen(h: u16) -> f32 {
        let (sign, exponent, fraction) = (u32::from(h >> 15) << 31, h >> 10 & 31, u32::from(h & 0x3ff));
        let magnitude = match (exponent, fraction) {
            (31, 0) => f32::INFINITY,
            (31, _) => f32::from_bits(0x7fc0_0000 | fraction << 13),
            (0, _) => fraction as f32 / 16_777_216.0,
            _ => (fraction + 1024) as f32 * f32::from_bits((u32::from(exponent) + 127 - 25) << 23),
        };
        f32::from_bits(magnitude.to_bits() | sign)
    }

    /// To nearest even; a NaN keeps its sign and its upper bits and becomes quiet.
    pub fn round(v: f32) -> u16 {
        let (bits, magnitude) = (v.to_bits(), f64::from(v.abs()));
        let sign = (bits >> 16) as u16 & 0x8000;
        if v.is_nan() {
            return sign | 0x7e00 | (bits >> 13) as u16 & 0x3ff;
        }
        // the distance of neighbours is 2^-10 of the leading bit, and that of the smallest normals below them
        let exponent = ((bits >> 23 & 255) as i32 - 127).max(-14);
        let units = (magnitude / 2f64.powi(exponent - 10)).round_ties_even();
        if units * 2f64.powi(exponent - 10) >= 65536.0 {
            return sign | 0x7c00;
        }
        // below the smallest normal the leading bit is absent, and 1024 units are that normal
        let base = if units < 1024.0 { 0 } else { (exponent + 15) * 1024 - 1024 };
        sign | (base + units as i32) as u16
    }
}

/// Functions of glibc 2.28 and later, as it computes them where fma is an instruction.
pub mod glibc {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    mod host {
        use std::ffi::{CStr, c_char};

        unsafe extern "C" {
            pub safe fn expf(x: f32) -> f32;
            pub safe fn cosf(x: f32) -> f32;
            pub safe fn sinf(x: f32) -> f32;
            pub safe fn powf(x: f32, y: f32) -> f32;
            safe fn gnu_get_libc_version() -> *const c_char;
        }

        pub fn missing() -> Option<String> {
            // SAFETY: glibc returns a constant string.
            let version = unsafe { CStr::from_ptr(gnu_get_libc_version()) }.to_string_lossy().into_owned();
            let mut parts = version.split('.').map(|p| p.parse::<u32>().unwrap_or(0));
            if (parts.next(), parts.next()) < (Some(2), Some(28)) {
                return Some(format!("glibc here is {version}, older than 2.28"));
            }
            #[cfg(target_arch = "x86_64")]
            if !std::is_x86_feature_detected!("fma") {
                return Some("this CPU has no fma".to_string());
            }
            None
        }
    }

    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    mod host {
        fn absent(_: f32) -> f32 {
            unreachable!("laws that need glibc are skipped")
        }

        pub use absent as expf;
        pub use absent as cosf;
        pub use absent as sinf;

        pub fn powf(x: f32, _: f32) -> f32 {
            absent(x)
        }

        pub fn missing() -> Option<String> {
            Some("the C library here is not glibc".to_string())
        }
    }

    pub use host::{cosf, expf, missing, powf, sinf};
}
