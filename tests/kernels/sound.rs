//! Preprocessing of sound: chunks and spectrograms of every class against their laws.
//!
//! Classes in double are held to a millionth: their law is the formula, not an order of operations.

use isobit::maps::Role;

use super::Report;
use super::cases::Case;
use super::data::Random;
use super::front::{self, Front, Function};
use super::law::glibc;
use super::library::{Build, wanted, world};
use super::memory::{self, Buffer};
use super::pins::Pins;

type Frames = unsafe extern "C" fn(u64, *mut u64, *mut u64) -> i32;
type Count = unsafe extern "C" fn(u64, u64, u64) -> u64;
type Mel = unsafe extern "C" fn(*const f32, u64, u64, u64, *mut f32, *mut u8, *mut u8, i32);

/// Every kernel of an op for sound, with its cases.
fn kernels() -> Vec<Front> {
    let maps = world().cases.keys().filter(|op| wanted(op)).filter_map(|op| world().maps.op(op));
    let sound = maps.filter_map(|m| Some((m, m.role.filter(|r| matches!(r, Role::Frames | Role::Mel))?)));
    sound.flat_map(|(m, role)| m.kernels.values().flat_map(move |k| Front::all(m, k, role))).collect()
}

/// The functions by which a kernel is called.
fn functions(front: &Front) -> Vec<Function> {
    let symbol = front.symbol();
    if front.role == Role::Frames {
        let parameters = "uint64_t n, uint64_t *chunks, uint64_t *frames";
        return vec![("int", format!("test_{symbol}"), parameters, format!("return {symbol}(n, chunks, frames);"))];
    }
    let sizes = "uint64_t n, uint64_t chunks, uint64_t frames";
    let scratch = format!("(void)n; (void)chunks; (void)frames; return {symbol}_scratch();");
    let body = format!(
        "const uint64_t tasks = {symbol}_tasks(n, chunks, frames);\n\
         {symbol}_begin(pcm, n, chunks, frames, mel, shared);\n\
         for (uint64_t t = tasks; each != 0 && t-- > 0;) {symbol}_run(pcm, n, chunks, frames, mel, shared, t, t + 1, scratch);\n\
         if (each == 0) {symbol}_run(pcm, n, chunks, frames, mel, shared, 0, tasks, scratch);\n\
         {symbol}_end(n, chunks, frames, mel, shared);"
    );
    let parameters = "const float *pcm, uint64_t n, uint64_t chunks, uint64_t frames, float *mel, void *shared, void *scratch, int each";
    vec![
        ("uint64_t", format!("test_shared_{symbol}"), sizes, format!("return {symbol}_shared(n, chunks, frames);")),
        ("uint64_t", format!("test_scratch_{symbol}"), sizes, scratch),
        ("void", format!("test_{symbol}"), parameters, body),
    ]
}

pub fn check(build: &Build, report: &mut Report) {
    run(build, &mut |id, case, what, expected, got| {
        let result = expected.check(got);
        report.check(result, || format!("{id} with {} on {} {what}", build.name, case.text));
    });
}

pub fn pin(pins: &mut Pins) {
    run(&world().builds[0], &mut |id, case, what, _, got| pins.bytes(id, format!("{} {what};", case.text).as_bytes(), got));
}

/// What a law says of a result.
enum Expected {
    Bytes(Vec<u8>),
    Near(Vec<f64>),
    /// Its functions are not on this machine.
    Nothing,
}

impl Expected {
    fn check(&self, got: &[u8]) -> Result<(), String> {
        match self {
            Self::Bytes(law) => match law.iter().zip(got).position(|(a, b)| a != b) {
                None if law.len() == got.len() => Ok(()),
                None => Err(format!("{} bytes, not {}", got.len(), law.len())),
                Some(at) => Err(format!("byte {at} is {}, not {}", got[at], law[at])),
            },
            Self::Near(law) => {
                let values: Vec<f32> = got.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
                match law.iter().zip(&values).position(|(a, b)| (a - f64::from(*b)).abs() > 1e-6) {
                    None if law.len() == values.len() => Ok(()),
                    None => Err(format!("{} values, not {}", values.len(), law.len())),
                    Some(at) => Err(format!("value {at} is {}, not {}", values[at], law[at])),
                }
            }
            Self::Nothing => Ok(()),
        }
    }
}

/// Takes kernel id, case, what it is run on, the law's result and the kernel's.
type EachRun<'a> = &'a mut dyn FnMut(&str, &Case, &str, &Expected, &[u8]);

fn run(build: &Build, each: EachRun) {
    let fronts = kernels();
    let unit = front::unit(build, "sound.c", &fronts, functions);
    for front in fronts {
        let Front { map, kernel, role, case, .. } = front;
        let (id, symbol) = (&kernel.id.text, front.symbol());
        let label = format!("{id} with {} on {}", build.name, case.text);
        let dim = |name: &str| case.dims[name];
        for s in &case.sizes {
            let n = u64::from(s[0]);
            if role == Role::Frames {
                // SAFETY: this is its type in `functions`.
                let function: Frames = unsafe { unit.function(&format!("test_{symbol}")) };
                let (mut chunks, mut frames) = (0, 0);
                // SAFETY: both pointers are valid.
                let status = unsafe { function(n, &raw mut chunks, &raw mut frames) };
                let bytes = |r: Option<(u64, u64)>| match r {
                    Some((c, f)) => [c.to_le_bytes(), f.to_le_bytes()].concat(),
                    None => b"none".to_vec(),
                };
                let law = chunks_law(&map.op, &kernel.id.class, n, &dim);
                each(id, case, &format!("{n}"), &Expected::Bytes(bytes(law)), &bytes((status == 0).then_some((chunks, frames))));
                continue;
            }
            let (chunks, frames, bins) = (u64::from(s[1]), u64::from(s[2]), dim("n_mel"));
            let pcm = samples(n);
            let what = format!("{n} samples");
            // SAFETY: these are their types in `functions`.
            let (shared, scratch, mel): (Count, Count, Mel) = unsafe {
                let function = |name: &str| format!("test_{name}{symbol}");
                (unit.function(&function("shared_")), unit.function(&function("scratch_")), unit.function(&function("")))
            };
            let bytes: Vec<u8> = pcm.iter().flat_map(|v| v.to_le_bytes()).collect();
            let source = Buffer::input(&bytes);
            let mut results = Vec::new();
            for one_by_one in [0, 1] {
                let mut out = Buffer::guarded((chunks * frames * bins * 4) as usize, 4);
                out.bytes_mut().fill(0xa5);
                // SAFETY: sizes have no preconditions.
                let (mut tables, mut work) = unsafe {
                    (Buffer::guarded(shared(n, chunks, frames) as usize, 64), Buffer::guarded(scratch(n, chunks, frames) as usize, 64))
                };
                tables.bytes_mut().fill(0xff);
                work.bytes_mut().fill(0xff);
                // SAFETY: all buffers have the sizes that the kernel asks for.
                memory::during(&label, || unsafe {
                    let (tables, work) = (tables.pointer().cast(), work.pointer().cast());
                    mel(source.pointer().cast(), n, chunks, frames, out.pointer().cast(), tables, work, one_by_one);
                });
                let damage = (out.damage(), tables.damage(), work.damage());
                assert_eq!(damage, (None, None, None), "{label} {what}: writes outside its output or scratch");
                results.push(out.bytes().to_vec());
            }
            assert!(results[0] == results[1], "{label} {what}: another result when each frame is a task of its own");
            let law = mel_law(&map.op, &kernel.id.class, &pcm, chunks as usize, frames as usize, &dim);
            each(id, case, &what, &law, &results[0]);
        }
    }
}

/// A tone that rises, noise, and silence at the end.
fn samples(n: u64) -> Vec<f32> {
    let mut random = Random::new("sound");
    let noise = |i: u64, r: &mut Random| (r.below(65536) as f32 / 32768.0 - 1.0) * if i % 700 < 200 { 0.3 } else { 0.01 };
    let tone = |i: u64| ((i * i / 97 % 512) as f32 / 256.0 - 1.0) * 0.2;
    (0..n).map(|i| if i * 4 < n * 3 { tone(i) + noise(i, &mut random) } else { 0.0 }).collect()
}

fn chunks_law(op: &str, class: &str, n: u64, dim: &dyn Fn(&str) -> u64) -> Option<(u64, u64)> {
    match (op, class) {
        ("whisper_frames", "silence_behind") => {
            let all = (n.max(dim("n_fft") / 2 + 1) + dim("silence")) / dim("hop") + 1;
            Some((all / dim("frames"), dim("frames")))
        }
        ("whisper_frames", "whole") => Some((n.div_ceil(dim("frames") * dim("hop")), dim("frames"))),
        ("semicausal_frames", "unfold") => {
            let spare = (n + dim("window") / 2).cast_signed() - (dim("window") + 1).cast_signed();
            let frames = spare / dim("hop").cast_signed() + 1;
            (frames > 0 && n <= dim("samples")).then_some((1, frames.cast_unsigned()))
        }
        _ => panic!("no law for {op} {class}"),
    }
}

fn mel_law(op: &str, class: &str, pcm: &[f32], chunks: usize, frames: usize, dim: &dyn Fn(&str) -> u64) -> Expected {
    let whisper = op == "whisper_mel";
    let (n, hop, bins) = (dim("n_fft") as usize, dim("hop") as usize, dim("n_mel") as usize);
    let edges = mel_edges(bins, dim("sample_rate") as f64 / 2.0, whisper);
    let exact = class == "double";
    if !exact && glibc::missing().is_some() {
        return Expected::Nothing;
    }
    let window = if whisper { n } else { dim("window") as usize };
    let sound = sound(pcm, n, window, hop, chunks * frames, whisper, exact);
    let all = match (whisper, exact) {
        (true, false) => (pcm.len().max(n / 2 + 1) + dim("silence") as usize) / hop + 1,
        _ => chunks * frames,
    };
    let mut levels: Vec<Vec<f64>> = Vec::new();
    for frame in 0..all {
        let x: Vec<f32> = (0..n).map(|i| sound.get(frame * hop + i).copied().unwrap_or(0.0)).collect();
        let heard = frame * hop < sound.len();
        let level = match levels.last() {
            Some(last) if !heard && (frame - 1) * hop >= sound.len() => last.clone(),
            _ if exact => exact_levels(&x, window, &edges, dim("sample_rate") as f64, whisper),
            _ => f32_levels(&x, window, &edges, dim("sample_rate") as f64, whisper),
        };
        levels.push(level);
    }
    let most = levels.iter().flatten().fold(-1e20f64, |m, v| m.max(*v)) - 8.0;
    let finished = |v: f64| match (whisper, exact) {
        (false, _) => v,
        (true, true) => (v.max(most) + 4.0) / 4.0,
        (true, false) => (f64::from(if v < most { most as f32 } else { v as f32 }) + 4.0) / 4.0,
    };
    let values = (0..chunks).flat_map(|c| (0..bins).flat_map(move |m| (0..frames).map(move |f| (c * frames + f, m))));
    let values: Vec<f64> = values.map(|(frame, m)| finished(levels[frame][m])).collect();
    if exact { Expected::Near(values) } else { Expected::Bytes(values.iter().flat_map(|v| (*v as f32).to_le_bytes()).collect()) }
}

/// The samples that frames are cut from.
fn sound(pcm: &[f32], n: usize, window: usize, hop: usize, frames: usize, whisper: bool, exact: bool) -> Vec<f32> {
    if !whisper {
        return [&vec![0.0; window / 2], pcm].concat();
    }
    let mut padded = pcm.to_vec();
    padded.resize(if exact { frames * hop } else { pcm.len().max(n / 2 + 1) }, 0.0);
    let before: Vec<f32> = padded[1..=n / 2].iter().rev().copied().collect();
    let after: Vec<f32> = if exact { padded.iter().rev().skip(1).take(n / 2).copied().collect() } else { Vec::new() };
    [before, padded, after].concat()
}

fn mel_edges(bins: usize, top: f64, slaney: bool) -> Vec<f64> {
    let step = 6.4f64.ln() / 27.0;
    let to_mel = |hz: f64| match slaney {
        true if hz < 1000.0 => hz * (3.0 / 200.0),
        true => 15.0 + (hz / 1000.0).ln() / step,
        false => 2595.0 * (1.0 + hz / 700.0).log10(),
    };
    let to_hz = |mel: f64| match slaney {
        true if mel < 15.0 => mel / (3.0 / 200.0),
        true => 1000.0 * ((mel - 15.0) * step).exp(),
        false => 700.0 * (10f64.powf(mel / 2595.0) - 1.0),
    };
    let top = to_mel(top);
    (0..bins + 2).map(|i| to_hz(top * (i as f64 / (bins + 1) as f64))).collect()
}

/// Weight of a bin in a filter, in double.
fn weight(edges: &[f64], m: usize, hz: f64, slaney: bool) -> f64 {
    let (left, centre, right) = (edges[m], edges[m + 1], edges[m + 2]);
    let w = match hz {
        _ if hz >= left && hz <= centre => (hz - left) / (centre - left),
        _ if hz > centre && hz <= right => (right - hz) / (right - centre),
        _ => 0.0,
    };
    if slaney { w * (2.0 / (right - left)) } else { w }
}

fn exact_levels(x: &[f32], window: usize, edges: &[f64], rate: f64, whisper: bool) -> Vec<f64> {
    let n = x.len();
    let turn = |i: usize, of: usize| 2.0 * std::f64::consts::PI * i as f64 / of as f64;
    let x: Vec<f64> =
        x.iter().enumerate().map(|(i, v)| f64::from(*v) * if i < window { 0.5 - 0.5 * turn(i, window).cos() } else { 0.0 }).collect();
    let power = |k: usize| {
        let (re, im) = x.iter().enumerate().fold((0.0, 0.0), |(re, im), (i, v)| {
            let angle = turn(i * k % n, n);
            (re + v * angle.cos(), im - v * angle.sin())
        });
        if whisper { re * re + im * im } else { (re * re + im * im).sqrt() }
    };
    let powers: Vec<f64> = (0..=n / 2).map(power).collect();
    let level = |m: usize| {
        let sum: f64 = powers.iter().enumerate().map(|(k, p)| p * weight(edges, m, k as f64 * (rate / n as f64), whisper)).sum();
        if whisper { sum.max(1e-10).log10() } else { sum.max(0.001).ln() }
    };
    (0..edges.len() - 2).map(level).collect()
}

fn f32_levels(x: &[f32], window: usize, edges: &[f64], rate: f64, whisper: bool) -> Vec<f64> {
    let n = x.len();
    let turn = |i: usize| (2.0 * std::f64::consts::PI * i as f64 / n as f64) as f32;
    let (cosine, sine): (Vec<f32>, Vec<f32>) = (0..n).map(|i| (glibc::cosf(turn(i)), glibc::sinf(turn(i)))).unzip();
    let hann = |i: usize| match whisper {
        true => (0.5 * (1.0 - f64::from(glibc::cosf(turn(i))))) as f32,
        false if i < window => 0.5 - 0.5 * glibc::cosf(2.0 * std::f32::consts::PI * i as f32 / window as f32),
        false => 0.0,
    };
    let x: Vec<f32> = x.iter().enumerate().map(|(i, v)| hann(i) * v).collect();
    let spectrum = fft(&x, &cosine, &sine);
    let power = |(re, im): &(f32, f32)| if whisper { re * re + im * im } else { (re * re + im * im).sqrt() };
    let p: Vec<f32> = spectrum[..=n / 2].iter().map(power).collect();
    let level = |m: usize| {
        let w: Vec<f32> = (0..p.len()).map(|k| weight(edges, m, k as f64 * (rate / n as f64), whisper) as f32).collect();
        let whole = p.len() / 4 * 4;
        let fours = (0..whole)
            .step_by(4)
            .fold(0.0f64, |sum, k| sum + f64::from(((p[k] * w[k] + p[k + 1] * w[k + 1]) + p[k + 2] * w[k + 2]) + p[k + 3] * w[k + 3]));
        let sum = (whole..p.len()).fold(fours, |sum, k| sum + f64::from(p[k] * w[k]));
        f64::from(if whisper { sum.max(2f64.powi(-24)).log10() as f32 } else { sum.max(f64::from(0.001f32)).ln() as f32 })
    };
    (0..edges.len() - 2).map(level).collect()
}

/// By the recursion of the law.
fn fft(x: &[f32], cosine: &[f32], sine: &[f32]) -> Vec<(f32, f32)> {
    let (n, all) = (x.len(), cosine.len());
    if n == 1 {
        return vec![(x[0], 0.0)];
    }
    if n % 2 == 1 {
        return (0..n)
            .map(|k| {
                x.iter().enumerate().fold((0.0f32, 0.0f32), |(re, im), (i, v)| {
                    let angle = k * i * (all / n) % all;
                    (re + v * cosine[angle], im - v * sine[angle])
                })
            })
            .collect();
    }
    let half = |first: usize| fft(&x.iter().skip(first).step_by(2).copied().collect::<Vec<_>>(), cosine, sine);
    let (even, odd) = (half(0), half(1));
    let mut out = vec![(0.0, 0.0); n];
    for k in 0..n / 2 {
        let (c, s) = (cosine[k * (all / n)], -sine[k * (all / n)]);
        let (e, o) = (even[k], odd[k]);
        out[k] = ((e.0 + c * o.0) - s * o.1, (e.1 + c * o.1) + s * o.0);
        out[k + n / 2] = ((e.0 - c * o.0) + s * o.1, (e.1 - c * o.1) - s * o.0);
    }
    out
}
