//! Preprocessing kernels against their laws: the size rule, resampling and normalisation, each by its own prototype.

use isobit::ir::Attr;
use isobit::maps::Role;

use super::Report;
use super::cases::Case;
use super::data::Random;
use super::front::{self, Front, Function};
use super::library::{Build, world};
use super::memory::{self, Buffer};
use super::pins::Pins;
use super::preprocess_law::{self as law, Filter, Image, Pad};

type Size = unsafe extern "C" fn(u32, u32, *mut u32, *mut u32) -> i32;
type Scratch = unsafe extern "C" fn(u32, u32, u32, u32) -> u64;
type Resize = unsafe extern "C" fn(*const u8, u32, u32, *mut u8, u32, u32, *mut u8);
type Views = unsafe extern "C" fn(u32, u32, u32, *mut [u32; 15]) -> i32;
type Pixels = unsafe extern "C" fn(*const u8, *mut f32, usize);

/// The portable kernel of every preprocessing op of images, with its cases.
fn kernels() -> Vec<Front> {
    let maps = world().cases.keys().filter_map(|op| world().maps.op(op));
    let image = maps.filter_map(|m| Some((m, m.role.filter(|r| !matches!(r, Role::Frames | Role::Mel))?)));
    image
        .flat_map(|(m, role)| {
            let kernel = m.kernels.values().find(|k| k.id.variant.is_empty());
            Front::all(m, kernel.unwrap_or_else(|| panic!("{} has no portable kernel", m.op)), role)
        })
        .collect()
}

/// The functions by which a kernel is called.
fn functions(front: &Front) -> Vec<Function> {
    let symbol = front.symbol();
    let (result, parameters, arguments) = match front.role {
        Role::Size => ("int", "uint32_t w, uint32_t h, uint32_t *to_w, uint32_t *to_h", "w, h, to_w, to_h"),
        Role::Image => (
            "void",
            "const uint8_t *src, uint32_t w, uint32_t h, uint8_t *dst, uint32_t to_w, uint32_t to_h, void *scratch",
            "src, w, h, dst, to_w, to_h, scratch",
        ),
        Role::Pixels => ("void", "const uint8_t *src, float *dst, size_t n", "src, dst, n"),
        Role::Views => ("int", "uint32_t w, uint32_t h, uint32_t index, iso_view *view", "w, h, index, view"),
        Role::Frames | Role::Mel => unreachable!("tested in sound.rs"),
    };
    let back = if result == "int" { "return " } else { "" };
    let mut functions = vec![(result, format!("test_{symbol}"), parameters, format!("{back}{symbol}({arguments});"))];
    if front.role == Role::Image {
        let parameters = "uint32_t w, uint32_t h, uint32_t to_w, uint32_t to_h";
        functions.push(("uint64_t", format!("test_scratch_{symbol}"), parameters, format!("return {symbol}_scratch(w, h, to_w, to_h);")));
    }
    functions
}

/// Every preprocessing kernel against its law.
pub fn check(build: &Build, report: &mut Report) {
    run(build, &mut |id, case, what, expected, got| {
        let result = if expected == got { Ok(()) } else { Err(first_difference(expected, got)) };
        report.check(result, || format!("{id} with {} on {} {what}", build.name, case.text));
    });
}

fn first_difference(expected: &[u8], got: &[u8]) -> String {
    match expected.iter().zip(got).position(|(a, b)| a != b) {
        Some(i) => format!("byte {i} is {}, not {}", got[i], expected[i]),
        None => format!("{} bytes, not {}", got.len(), expected.len()),
    }
}

/// Adds every output to the pins.
pub fn pin(pins: &mut Pins) {
    run(&world().builds[0], &mut |id, case, what, _, got| {
        pins.bytes(id, format!("{} {what};", case.text).as_bytes(), got);
    });
}

/// Takes kernel id, case, what it is run on, the law's bytes and the kernel's.
type EachRun<'a> = &'a mut dyn FnMut(&str, &Case, &str, &[u8], &[u8]);

fn run(build: &Build, each: EachRun) {
    let fronts = kernels();
    let unit = front::unit(build, "preprocess.c", &fronts, functions);
    for front in fronts {
        let Front { map, kernel, role, case, .. } = front;
        let (id, symbol) = (&kernel.id.text, front.symbol());
        let label = format!("{id} with {} on {}", build.name, case.text);
        // SAFETY: these are their types in `functions`.
        match role {
            Role::Size => {
                let law: SizeLaw = match map.op.as_str() {
                    "fit_fixed" => |w, h, dim| (w > 0 && h > 0).then(|| (dim("width") as u32, dim("height") as u32)),
                    _ => |w, h, dim| law::fit_smart(w, h, dim("align"), dim("min_pixels"), dim("max_pixels")),
                };
                let size = unsafe { unit.function(&format!("test_{symbol}")) };
                sizes(size, law, case, &mut |what, law, got| each(id, case, what, law, got));
            }
            Role::Image => {
                let (resize, scratch) =
                    unsafe { (unit.function(&format!("test_{symbol}")), unit.function(&format!("test_scratch_{symbol}"))) };
                images(resize, scratch, case, &label, &mut |what, law, got| each(id, case, what, law, got));
            }
            Role::Views => {
                let views = unsafe { unit.function(&format!("test_{symbol}")) };
                cut(views, &map.op, case, &mut |what, law, got| each(id, case, what, law, got));
            }
            Role::Pixels => {
                pixels(unsafe { unit.function(&format!("test_{symbol}")) }, case, &label, &mut |what, law, got| {
                    each(id, case, what, law, got)
                });
            }
            Role::Frames | Role::Mel => unreachable!("tested in sound.rs"),
        }
    }
}

type Each<'a> = &'a mut dyn FnMut(&str, &[u8], &[u8]);

/// From the sides of an image and the attributes.
type SizeLaw = fn(u32, u32, &dyn Fn(&str) -> u64) -> Option<(u32, u32)>;

/// The table's sizes, and random ones.
fn sizes(size: Size, law: SizeLaw, case: &Case, each: Each) {
    let mut random = Random::new(&case.text);
    let more = (0..400).map(|i| {
        let most = if i % 4 == 0 { 40_000 } else { 3000 };
        (1 + random.below(most), 1 + random.below(most))
    });
    let bytes = |r: Option<(u32, u32)>| match r {
        Some((w, h)) => [w.to_le_bytes(), h.to_le_bytes()].concat(),
        None => b"none".to_vec(),
    };
    for (w, h) in case.sizes.iter().map(|s| (s[0], s[1])).chain(more) {
        let (mut to_w, mut to_h) = (0, 0);
        // SAFETY: both pointers are valid.
        let status = unsafe { size(w, h, &raw mut to_w, &raw mut to_h) };
        let expected = law(w, h, &|name| case.dims[name]);
        each(&format!("{w}x{h}"), &bytes(expected), &bytes((status == 0).then_some((to_w, to_h))));
    }
}

/// All views of the table's sizes and of random ones, and one more than there are.
fn cut(views: Views, op: &str, case: &Case, each: Each) {
    let mut random = Random::new(&case.text);
    let more = (0..200).map(|i| {
        let most = if i % 4 == 0 { 20_000 } else { 3000 };
        (1 + random.below(most), 1 + random.below(most))
    });
    for (w, h) in case.sizes.iter().map(|s| (s[0], s[1])).chain(more) {
        let expected = law::views(op, w, h, &|name| case.dims[name]);
        let count = expected.as_ref().map_or(0, Vec::len);
        for index in 0..=count {
            let mut got = [0u32; 15];
            // SAFETY: the view has 15 numbers.
            let status = unsafe { views(w, h, index as u32, &raw mut got) };
            let bytes = |numbers: Option<&[u32]>| numbers.map_or(b"none".to_vec(), |n| n.iter().flat_map(|v| v.to_le_bytes()).collect());
            if index == count && count > 0 {
                got[1..].fill(0); // what lies beyond the last view means nothing
            }
            let wanted =
                expected.as_ref().map(|views| views.get(index).cloned().unwrap_or_else(|| [&[count as u32][..], &[0; 14]].concat()));
            each(&format!("{w}x{h} view {index}"), &bytes(wanted.as_deref()), &bytes((status == 0).then_some(&got[..])));
        }
    }
}

fn images(resize: Resize, scratch: Scratch, case: &Case, label: &str, each: Each) {
    let word = |name: &str| match &case.attrs[name] {
        Attr::Word(w) => w.clone(),
        other => panic!("{name} is {other}"),
    };
    let filter = match word("filter").as_str() {
        "bilinear" => Filter::Bilinear,
        "bicubic" => Filter::Bicubic,
        _ => Filter::Lanczos,
    };
    let pad = match word("pad").as_str() {
        "none" => Pad::None,
        "ceil" => Pad::Ceil,
        _ => Pad::Nearest,
    };
    let color = match &case.attrs["color"] {
        Attr::U8List(c) => [c[0], c[1], c[2]],
        other => panic!("color is {other}"),
    };
    for s in &case.sizes {
        let what = format!("{}x{} to {}x{}", s[0], s[1], s[2], s[3]);
        let mut random = Random::new(&what);
        // half noise, half hard edges, which overshoot
        let noise = |i: usize, r: &mut Random| if i.is_multiple_of(2) { r.byte() } else { 255 * (r.byte() & 1) };
        let source: Vec<u8> = (0..(s[0] * s[1] * 3) as usize).map(|i| noise(i / 9, &mut random)).collect();
        let image = Image { width: s[0] as usize, height: s[1] as usize, pixels: source };
        let expected = law::resize_pad(&image, s[2] as usize, s[3] as usize, filter, pad, color);
        let src = Buffer::input(&image.pixels);
        let mut dst = Buffer::guarded(expected.pixels.len(), 1);
        dst.bytes_mut().fill(0xa5);
        // SAFETY: has no preconditions.
        let mut space = Buffer::guarded(unsafe { scratch(s[0], s[1], s[2], s[3]) } as usize, 64);
        space.bytes_mut().fill(0xff);
        // SAFETY: source, destination and scratch have the sizes that the kernel asks for.
        memory::during(label, || unsafe {
            resize(src.pointer().cast(), s[0], s[1], dst.pointer().cast(), s[2], s[3], space.pointer().cast());
        });
        assert_eq!((dst.damage(), space.damage()), (None, None), "{label} {what}: writes outside its output or scratch");
        each(&what, &expected.pixels, dst.bytes());
    }
}

fn pixels(normalize: Pixels, case: &Case, label: &str, each: Each) {
    let list = |name: &str| match &case.attrs[name] {
        Attr::F32List(v) => v.clone(),
        other => panic!("{name} is {other}"),
    };
    let (mean, std) = (list("mean"), list("std"));
    for s in &case.sizes {
        let count = (s[0] * s[1]) as usize;
        // every value in every channel
        let source: Vec<u8> = (0..count * 3).map(|i| (i / 3 * 7 + i % 3 * 85) as u8).collect();
        let src = Buffer::input(&source);
        let mut dst = Buffer::guarded(source.len() * 4, 4);
        dst.bytes_mut().fill(0xa5);
        // SAFETY: the destination holds three floats per pixel.
        memory::during(label, || unsafe { normalize(src.pointer().cast(), dst.pointer().cast(), count) });
        assert_eq!(dst.damage(), None, "{label}: writes outside its output");
        let expected: Vec<u8> = law::normalize(&source, &mean, &std).iter().flat_map(|v| v.to_le_bytes()).collect();
        each(&format!("{}x{}", s[0], s[1]), &expected, dst.bytes());
    }
}
