//! `ir-build bench`: time per op of an encode, as a share of what this machine can do at best, and what to try.

use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use indexmap::IndexMap;
use serde_json::json;

use super::USAGE;
use super::args::BenchArgs;
use super::build::Loaded;
use super::compiled::{Compiled, LIBRARY};
use super::output::{Output, bytes};
use crate::audio_input::Sound;
use crate::diagnostic::{Diagnostic, Result};
use crate::fuse::Taps;
use crate::host::hooks::{Hooks, Progress};
use crate::host::library::OpenOptions;
use crate::host::peak::Peak;
use crate::image_input::RgbImage;
use crate::input::AudioInput;
use crate::media::Media;
use crate::select::How;

/// An op below this share of the peak is worth a word, if it takes a tenth of the time.
const SLOW: f64 = 0.6;

/// All steps of one op.
#[derive(Default)]
struct Group {
    steps: usize,
    /// Of one encode: medians over the runs, summed.
    seconds: f64,
    flops: u64,
}

pub fn bench(args: &BenchArgs, out: &Output) -> Result<ExitCode> {
    let model = args.source.model.as_deref().ok_or_else(|| {
        Diagnostic::new(USAGE, "bench needs --model FILE.gguf").help("`ir-build synth` writes one with seeded weights to try things out")
    })?;
    if args.source.target != LIBRARY {
        return Err(
            Diagnostic::new(USAGE, format!("bench measures the target {LIBRARY}")).help("`ir-build run --target …` shows a device's time")
        );
    }
    let loaded = Loaded::new(&args.source)?;
    let media = media(args, &loaded)?;
    let compiled = Compiled::new(&loaded, Taps::Kept, out)?;
    let opening = Instant::now();
    let mut encoder = compiled.library.open(Path::new(model), &OpenOptions { threads: args.threads, variant: args.variant.clone() })?;
    let info = media.plan(&encoder)?;
    info.reserve(&mut encoder)?;
    let opened = opening.elapsed().as_secs_f64();
    let spinner = out.spinner("measuring what this machine can do");
    let peak = Peak::measure(info.work().threads)?;
    spinner.finish_and_clear();

    let steps = compiled.plan.steps.len();
    let bar = out.bar("encoding", u64::from(args.runs + 1) * steps as u64, false);
    let (mut totals, mut before) = (Vec::new(), Vec::new());
    let mut by_step: Vec<Vec<f64>> = vec![Vec::new(); steps];
    for run in 0..=args.runs {
        let mut marks: Vec<Instant> = Vec::with_capacity(steps + 1);
        let mut progress = |p: Progress<'_>| {
            marks.push(Instant::now());
            bar.set_position(u64::from(run) * steps as u64 + u64::from(p.step));
            ControlFlow::Continue(())
        };
        let start = Instant::now();
        media.encode(&mut encoder, Hooks { progress: Some(&mut progress), tap: None })?;
        marks.push(Instant::now());
        if marks.len() != steps + 1 {
            return Err(Diagnostic::new("internal-bench", format!("the encoder tells {} steps of {steps}", marks.len() - 1)));
        }
        if run > 0 {
            before.push((marks[0] - start).as_secs_f64());
            totals.push((marks[steps] - start).as_secs_f64());
            by_step.iter_mut().zip(marks.windows(2)).for_each(|(list, pair)| list.push((pair[1] - pair[0]).as_secs_f64()));
        }
    }
    bar.finish_and_clear();

    let dims = compiled.dims(&loaded.sizes, &info)?;
    let mut groups: IndexMap<String, Group> = IndexMap::new();
    for (step, seconds) in compiled.plan.steps.iter().zip(&mut by_step) {
        let node = compiled.plan.graph.node(step.node);
        let flops = match &node.facts.how {
            How::Kernels(k) => k.flops.eval(&dims).unwrap_or(0),
            _ => 0,
        };
        let group = groups.entry(node.op().unwrap_or_default().to_string()).or_default();
        group.steps += 1;
        group.seconds += median(seconds);
        group.flops += flops;
    }
    groups.sort_by(|_, a, _, b| b.seconds.total_cmp(&a.seconds));
    let (total, preprocessing) = (median(&mut totals), median(&mut before));
    let rate = |flops: u64, seconds: f64| flops as f64 / seconds / 1e9;
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(["op", "steps", "ms", "of the time", "GFLOP", "GFLOP/s", "of peak"]);
    for (op, g) in &groups {
        let share = format!("{:.1} %", 100.0 * g.seconds / total);
        let ms = format!("{:.3}", 1e3 * g.seconds);
        let [work, speed, part] = match g.flops {
            0 => ["-"; 3].map(str::to_string),
            n => [
                format!("{:.3}", n as f64 / 1e9),
                format!("{:.1}", rate(n, g.seconds)),
                format!("{:.0} %", 100.0 * rate(n, g.seconds) / peak.gflops),
            ],
        };
        table.add_row([op.clone(), g.steps.to_string(), ms, share, work, speed, part]);
    }
    for c in 1..7 {
        if let Some(column) = table.column_mut(c) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let work = info.work();
    let hints = hints(&loaded, work.threads, total, &groups, &peak);
    let text = format!(
        "{} ({}), profile {}, {}, {} threads, {}\n\
         peak     {peak}\n\
         encode   {:.4} s, the median of {} ({:.4} to {:.4}): {:.1} GFLOP/s, {:.0} % of peak; {:.1} ms of it to preprocess\n\
         open     {opened:.3} s\n\
         arena    {}\n{table}{}",
        loaded.template.encoder,
        loaded.sizes.label(),
        loaded.profile.label(),
        info.size(),
        work.threads,
        encoder.variant(),
        total,
        args.runs,
        totals[0],
        totals[totals.len() - 1],
        rate(work.flops, total),
        100.0 * rate(work.flops, total) / peak.gflops,
        1e3 * preprocessing,
        bytes(work.arena_bytes),
        hints.iter().map(|h| format!("\ntry: {h}")).collect::<String>(),
    );
    let json = json!({
        "reason": "bench", "encoder": loaded.template.encoder, "sizes": loaded.sizes.label(), "profile": loaded.profile.label(),
        "threads": work.threads, "variant": encoder.variant(), "runs": args.runs, "seconds": total, "all_seconds": totals,
        "preprocess_seconds": preprocessing, "open_seconds": opened, "flops": work.flops, "arena_bytes": work.arena_bytes,
        "gflops": rate(work.flops, total), "of_peak": rate(work.flops, total) / peak.gflops, "peak": peak.json(), "try": hints,
        "ops": groups.iter().map(|(op, g)| json!({ "op": op, "steps": g.steps, "seconds": g.seconds, "flops": g.flops })).collect::<Vec<_>>(),
    });
    out.result(&text, &json);
    Ok(ExitCode::SUCCESS)
}

/// Stripes, or a tone: speed does not depend on what is encoded.
fn media(args: &BenchArgs, loaded: &Loaded) -> Result<Media> {
    match (args.image, args.samples, loaded.template.is_audio()) {
        (Some(size), None, false) => {
            let count = u64::from(size.width) * u64::from(size.height) * 3;
            let data = (0..count).map(|i| (i * 7 % 251) as u8).collect();
            Ok(Media::Image(RgbImage { width: size.width, height: size.height, data }))
        }
        (None, Some(samples), true) => {
            let rate = AudioInput::sample_rate(&loaded.template, &loaded.sizes)?;
            let samples = (0..samples).map(|i| (i as f32 * 0.05).sin() * 0.5).collect();
            let rate =
                rate.try_into().map_err(|_| Diagnostic::new("bench-rate", format!("{rate} samples per second are no rate of a sound")))?;
            Ok(Media::Audio(Sound { rate, samples, channels: 1 }))
        }
        (_, _, true) => Err(Diagnostic::new(USAGE, "this encoder takes sounds: bench needs --samples N")),
        (_, _, false) => Err(Diagnostic::new(USAGE, "this encoder takes images: bench needs --image WxH")),
    }
}

/// What may make it faster, from what was measured.
fn hints(loaded: &Loaded, threads: u32, total: f64, groups: &IndexMap<String, Group>, peak: &Peak) -> Vec<String> {
    let mut out = Vec::new();
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get() as u32);
    if threads < cores {
        out.push(format!("--threads {cores}: this machine has so many cores, {threads} are used"));
    }
    for (name, o) in loaded.profile.options.iter().filter(|(name, _)| !loaded.template.options.contains_key(*name)) {
        for (choice, what) in o.choices.iter().filter(|(c, _)| **c != o.chosen) {
            out.push(format!("--option {name}={choice} ({what}): other bits, perhaps faster"));
        }
    }
    for (op, g) in groups.iter().filter(|(_, g)| g.flops > 0 && g.seconds > total / 10.0) {
        let share = g.flops as f64 / g.seconds / 1e9 / peak.gflops;
        if share < SLOW {
            out.push(format!(
                "{op} runs at {:.0} % of the peak: `ir-build explain` shows its kernels, another weight type or profile may have faster ones",
                100.0 * share
            ));
        }
    }
    out
}

/// Sorts the values.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) { (values[middle - 1] + values[middle]) / 2.0 } else { values[middle] }
}
