//! `ir-build plan --image WxH` or `--samples N`: tokens, grid, memory table and work, before anything is allocated.

use std::process::ExitCode;

use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use indexmap::IndexMap;
use serde_json::json;

use super::USAGE;
use super::args::PlanArgs;
use super::build::Loaded;
use super::compiled::Compiled;
use super::output::{Output, bytes};
use crate::diagnostic::{Diagnostic, Result};
use crate::fuse::Taps;
use crate::media::Planned;
use crate::parts::describe_views;

/// Rows of the memory table.
const LARGEST: usize = 16;

pub fn plan(args: &PlanArgs, out: &Output) -> Result<ExitCode> {
    let loaded = Loaded::new(&args.source)?;
    let compiled = Compiled::new(&loaded, Taps::from(args.taps), out)?;
    let info = match (args.image, args.samples) {
        (_, Some(samples)) => compiled.library.plan_audio_only(samples, args.threads).map(Planned::Audio)?,
        (Some(image), None) => compiled.library.plan_only(image.width, image.height, args.batch, args.threads).map(Planned::Image)?,
        (None, None) => return Err(Diagnostic::new(USAGE, "plan needs --image WxH, or --samples N for an encoder of sound")),
    };
    let work = info.work();
    let dims = compiled.dims(&loaded.sizes, &info)?;
    let place =
        compiled.plan.place(&dims).ok_or_else(|| Diagnostic::new("plan-size", "the memory of this input does not fit 64-bit numbers"))?;
    let flops = compiled.plan.flops(&dims).unwrap_or(0);
    if flops != work.flops {
        return Err(Diagnostic::new("internal-plan", "compiler and library disagree").fact(format!("FLOPs {flops} and {}", work.flops)));
    }
    let mut order: Vec<usize> = (0..place.sizes.len()).collect();
    order.sort_by_key(|v| std::cmp::Reverse(place.sizes[*v]));
    // values of the same name in every layer share one row
    let mut groups: IndexMap<(String, u64), Vec<usize>> = IndexMap::new();
    for v in &order {
        groups.entry((family(&compiled.plan.values[*v].name), place.sizes[*v])).or_default().push(*v);
    }
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(["value", "times", "bytes", "lowest offset", "steps alive"]);
    for ((name, size), members) in groups.iter().take(LARGEST) {
        let lowest = members.iter().map(|v| place.offsets[*v]).min().unwrap_or(0);
        let alive = members.iter().map(|v| compiled.plan.values[*v].last - compiled.plan.values[*v].first + 1).max().unwrap_or(0);
        table.add_row([name.clone(), members.len().to_string(), size.to_string(), lowest.to_string(), alive.to_string()]);
    }
    for c in 1..5 {
        if let Some(column) = table.column_mut(c) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let weights: u64 = compiled.plan.weights.iter().filter_map(|id| Some(compiled.plan.graph.node(*id).facts.stored.as_ref()?.bytes)).sum();
    let (about, each) = match &info {
        Planned::Image(p) => {
            let (from, to) = (format!("{}x{}", p.source_width, p.source_height), format!("{}x{}", p.width, p.height));
            (
                format!("image    {from} -> {to} pixels, {} rows x {} columns of tokens, batch {}", p.grid_rows, p.grid_cols, p.work.batch),
                "image",
            )
        }
        Planned::Audio(p) => (
            format!("sound    {} samples -> {} chunk(s) of {} mel bins x {} frames", p.samples, p.work.batch, p.mel_bins, p.frames),
            "chunk",
        ),
    };
    let text = format!(
        "{}\n\
         output   {} tokens of {} floats per {}, {} bytes\n\
         work     {:.3} GFLOP\n\
         weights  {} (mapped from the file)\n\
         arena    {} bytes = {}: values {} + {} x {} per thread + preprocessing\n\
         {} values share the arena, {} kinds; the largest:\n{table}",
        about,
        work.tokens,
        work.embedding,
        each,
        work.all_tokens() * work.embedding * 4,
        work.flops as f64 / 1e9,
        bytes(weights),
        work.arena_bytes,
        bytes(work.arena_bytes),
        place.values_bytes,
        work.threads,
        place.worker_scratch,
        place.sizes.len(),
        groups.len(),
    );
    let views = match &info {
        Planned::Image(p) => compiled.library.views(p.source_width, p.source_height)?,
        Planned::Audio(_) => Vec::new(),
    };
    let text = views.iter().enumerate().fold(text, |text, (i, v)| {
        let from = format!("{}x{}", v.image_width, v.image_height);
        format!("{text}\nview {i}: {}x{} pixels at {}, {} of {from}", v.width, v.height, v.x, v.y)
    });
    let mut json = json!({
        "reason": "plan", "batch": work.batch,
        "tokens": work.tokens, "embedding": work.embedding, "arena_bytes": work.arena_bytes, "values_bytes": place.values_bytes,
        "worker_scratch": place.worker_scratch, "threads": work.threads, "flops": work.flops, "weight_bytes": weights,
        "values": order.iter().map(|v| json!({
            "name": compiled.plan.values[*v].name, "offset": place.offsets[*v], "bytes": place.sizes[*v],
            "first": compiled.plan.values[*v].first, "last": compiled.plan.values[*v].last,
        })).collect::<Vec<_>>(),
    });
    info.describe(&mut json);
    describe_views(&views, &mut json);
    out.result(&text, &json);
    Ok(ExitCode::SUCCESS)
}

/// A value's name without its layer: `act-7` and `ln1-7.f16` become `act` and `ln1.f16`.
fn family(name: &str) -> String {
    let (stem, dtype) = name.split_once('.').map_or((name, String::new()), |(s, d)| (s, format!(".{d}")));
    let stem = stem.rsplit_once('-').filter(|(_, n)| n.chars().all(|c| c.is_ascii_digit())).map_or(stem, |(s, _)| s);
    format!("{stem}{dtype}")
}
