//! Sizes that a kernel for every device takes: what the memory of a workgroup has room for, and no less.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use isobit::diagnostic::{Diagnostic, Result};
use isobit::emit::kernel::Instances;
use isobit::expr::{Bound, Dim, Verdict};
use isobit::files::Files;
use isobit::fuse::Taps;
use isobit::ir::Attr;
use isobit::maps::{AttrKind, KernelDef, Maps, OpMap, Promise};
use isobit::pipeline::{self, Inputs};
use isobit::select::Selected;
use isobit::sizes::Sizes;
use isobit::template::Template;
use isobit::view::Layout;
use isobit::wgsl::Shader;

use super::encoder::Encoder;

/// The suffix of kernels that run on every device.
const EVERYWHERE: &str = "wgsl";

fn maps() -> Maps {
    Files::kernel_maps(None).and_then(Maps::load).unwrap_or_else(|e| panic!("{}", e.plain()))
}

/// The shader of a kernel whose constants are these; other symbols are known at run time.
fn shader(maps: &Maps, map: &OpMap, kernel: &KernelDef, consts: &BTreeMap<String, u64>) -> Result<Shader> {
    let signature = map.signature.as_ref().expect("a kernel with workgroups is of an op of the graph");
    let dim = |name: &str| consts.get(name).map_or_else(|| Dim::symbol(name), |v| Dim::constant(*v));
    let kinds = map.attributes.iter().filter(|(name, _)| !kernel.consts.contains(name));
    let attr = |(name, kind): (&String, &AttrKind)| match kind {
        AttrKind::F32 => Some((name.clone(), Attr::F32(0.125))),
        AttrKind::Dim => Some((name.clone(), Attr::Dim(dim(name)))),
        _ => None,
    };
    let attrs: IndexMap<String, Attr> = kinds.filter_map(attr).collect();
    let symbols = kernel.args.iter().chain(&kernel.consts).map(|name| (name.clone(), dim(name)));
    let bound: BTreeMap<String, Dim> = symbols.collect();
    let shape = |dims: &[Option<isobit::expr::Expr>]| -> Vec<Dim> {
        let value = |d: &Option<isobit::expr::Expr>| d.as_ref().and_then(|e| e.dim(&|n| bound.get(n).cloned()).ok());
        dims.iter().map(|d| value(d).unwrap_or_else(|| panic!("{}: an operand's shape is not known", map.op))).collect()
    };
    let operand = |dims: &[Option<isobit::expr::Expr>]| {
        let shape = shape(dims);
        let layout = Layout::contiguous(&shape).unwrap_or_else(|why| panic!("{}: {why}", map.op));
        (shape, layout)
    };
    let operands = signature.operands.iter().map(|p| operand(&p.dims)).collect();
    let row = map.classes[&kernel.id.class].types[0].clone();
    let flops = Bound::Dim(Dim::constant(0));
    let selected = Selected { bound: bound.clone(), row, operands, choices: Vec::new(), flops };
    let mut instances = Instances::default();
    let index = instances.instance(maps, map, kernel, 0, &attrs, &selected)?;
    Shader::new(&kernel.id.text, &instances.list[index].text)
}

/// Symbol and number of a requirement `<symbol> <= <number>`.
fn limit(text: &str) -> Option<(String, u64)> {
    let (symbol, number) = text.split_once(" <= ")?;
    Some((symbol.to_string(), number.parse().ok()?))
}

#[test]
fn kernels_for_every_device_end_where_the_memory_of_a_workgroup_does() {
    let maps = maps();
    let mut checked = Vec::new();
    for map in maps.ops.values() {
        for kernel in map.kernels.values().filter(|k| k.is_shader() && k.id.variant == EVERYWHERE) {
            for (symbol, most) in kernel.requires.iter().filter_map(|g| limit(&g.text)) {
                assert!(kernel.consts.contains(&symbol), "{}: {symbol} is known only at run time", kernel.id.text);
                let consts = |size: u64| kernel.consts.iter().map(|c| (c.clone(), if *c == symbol { size } else { 2 })).collect();
                let others = |size: &u64| {
                    let known: BTreeMap<String, u64> = consts(*size);
                    let others = kernel.requires.iter().filter(|g| limit(&g.text).is_none());
                    others.clone().all(|g| g.decide(&|n| known.get(n).map(|v| Dim::constant(*v))).is_ok_and(|v| v == Verdict::Always))
                };
                let fits = |size: u64| shader(&maps, map, kernel, &consts(size));
                let last = (1..=most).rev().find(others).expect("some size is taken");
                if let Err(e) = fits(last) {
                    panic!("{} does not fit at {symbol} = {last}: {}", kernel.id.text, e.plain());
                }
                checked.push(kernel.id.text.clone());
                if map.classes[&kernel.id.class].promise != Promise::Bits {
                    continue; // others may end where they no longer pay
                }
                assert_eq!(last, most, "{}: {last} is the largest size that its other requirements allow", kernel.id.text);
                let next = (most + 1..).find(others).expect("some size is larger");
                let error: Diagnostic = fits(next).expect_err(&format!("{} fits at {symbol} = {next} too", kernel.id.text));
                assert!(["wgsl-limit", "wgsl-syntax", "wgsl-invalid"].contains(&error.code()), "{}", error.plain());
            }
        }
    }
    assert!(checked.iter().any(|id| id.contains("tile64")) && checked.len() >= 6, "{checked:?}");
}

/// The error of a build of the small preset with heads of this width, if there is one.
fn build(encoder: &Encoder, width: u64, attention: &str) -> Result<()> {
    let from = "\"clip.vision.embedding_length\": 64,";
    assert!(encoder.template.text.contains(from) && encoder.template.text.contains("\"clip.vision.attention.head_count\": 4,"));
    // four heads
    let text = encoder.template.text.replacen(from, &format!("\"clip.vision.embedding_length\": {},", 4 * width), 1);
    let template = Template::parse("wide.json", &text)?;
    let sizes = Sizes::of_preset(&template, Some("tiny"), "f16")?;
    let mut profile = encoder.maps.profile_for("ggml-avx2", &template)?;
    profile.choose("attention", attention)?;
    let inputs =
        Inputs { template: &template, sizes: &sizes, maps: &encoder.maps, profile: &profile, target: &encoder.target, taps: Taps::All };
    let plan = pipeline::compile(&inputs)?;
    pipeline::emit(&inputs, &plan).map(|_| ())
}

#[test]
fn heads_that_are_too_wide_are_refused_by_name() {
    let mut encoder = Encoder::open("qwen3_vl_vision").unwrap();
    encoder.target = encoder.maps.target("wgsl").unwrap_or_else(|e| panic!("{}", e.plain()));
    for (attention, fits, too_wide, reason) in [
        ("flash", 184, 188, "attention.f32.tile64_exp8.wgsl: requires d <= 186"),
        ("full", 432, 436, "attention.f32.full8.wgsl: requires d <= 432"),
    ] {
        build(&encoder, fits, attention).unwrap_or_else(|e| panic!("{attention} {fits}: {}", e.plain()));
        let error = build(&encoder, too_wide, attention).expect_err("the heads are too wide");
        assert!(error.plain().contains(reason), "{}", error.plain());
    }
}
