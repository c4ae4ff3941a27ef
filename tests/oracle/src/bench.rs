//! `bench`: llama.cpp and an emitted library take turns in one process, so that both see the same machine.

use std::path::{Path, PathBuf};
use std::time::Instant;

use comfy_table::{CellAlignment, Table, presets};
use serde_json::json;

use crate::library::Library;
use crate::llama::{Attention, Encoder, Modality};
use crate::tensor::float_bytes;
use crate::{Result, image, reference, stopwatch};

pub struct Settings {
    pub model: PathBuf,
    /// The file that llama.cpp encodes, if it is another one.
    pub reference_model: Option<PathBuf>,
    pub library: PathBuf,
    pub prefix: String,
    pub size: (u32, u32),
    pub threads: u32,
    pub variant: Option<String>,
    pub attention: Attention,
    pub pairs: u32,
    pub warmup: u32,
    /// Encodes of llama.cpp with a look at the clock after every node.
    pub nodes: u32,
    pub seed: u64,
    pub json: Option<PathBuf>,
}

#[derive(Default)]
struct Times(Vec<f64>);

impl Times {
    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }

    fn median(&self) -> f64 {
        let sorted = self.sorted();
        let middle = sorted.len() / 2;
        match sorted.len() {
            0 => f64::NAN,
            n if n.is_multiple_of(2) => (sorted[middle - 1] + sorted[middle]) / 2.0,
            _ => sorted[middle],
        }
    }

    fn range(&self) -> (f64, f64) {
        let sorted = self.sorted();
        (sorted.first().copied().unwrap_or(f64::NAN), sorted.last().copied().unwrap_or(f64::NAN))
    }
}

pub fn run(settings: &Settings) -> Result<()> {
    reference::check_cpu()?;
    let library = Library::load(&settings.library, &settings.prefix)?;
    let reference_model = settings.reference_model.as_ref().unwrap_or(&settings.model);
    let mut encoder = Encoder::open(reference_model, Modality::Image, settings.attention)?;
    let (width, height) = settings.size;
    let pixels = encoder.normalize(&image::synthetic(width, height, settings.seed).bytes, width, height)?;
    let opening = Instant::now();
    let mut handle = library.open(&settings.model, settings.threads, settings.variant.as_deref(), None)?;
    let opened = opening.elapsed().as_secs_f64();
    let plan = handle.plan_input(width, height, 1)?;
    handle.reserve(&plan)?;
    let mut out = vec![0f32; plan.work.output_floats as usize];
    let images = [pixels];

    let (mut theirs, mut ours, mut foreign) = (Times::default(), Times::default(), Times::default());
    let mut reference_out = Vec::new();
    for round in 0..settings.warmup + settings.pairs {
        let measured = round >= settings.warmup;
        // Every second pair starts with the other side, so that neither always runs on the warmer machine.
        for side in [round % 2, (round + 1) % 2] {
            let before = Cpu::now();
            let start = Instant::now();
            if side == 0 {
                reference_out = encoder.encode(settings.threads, &images[0], None)?;
            } else {
                handle.encode(&images, None, &mut out)?;
            }
            let seconds = start.elapsed().as_secs_f64();
            if measured {
                let times = if side == 0 { &mut theirs } else { &mut ours };
                times.0.push(seconds);
                foreign.0.extend(others_share(before, Cpu::now()));
            }
        }
    }
    let equal = float_bytes(&reference_out) == float_bytes(&out);
    let nmse = nmse(&reference_out, &out)?;
    let nodes = stopwatch::run(&mut encoder, settings.threads, &images[0], settings.nodes)?;

    let facts = reference::run_facts(settings.attention, &settings.threads.to_string());
    print!("{}", reference::text(&facts));
    println!("library: {}, variant {}, opened in {opened:.3} s", settings.library.display(), handle.variant());
    println!(
        "image: {width}x{height} pixels, {:.1} GFLOP, arena {:.1} MiB\n",
        plan.work.flops as f64 / 1e9,
        plan.work.arena_bytes as f64 / 1048576.0
    );

    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(["", "median s", "min s", "max s", "GFLOP/s"]);
    for (name, times) in [("llama.cpp", &theirs), ("library", &ours)] {
        let (min, max) = times.range();
        let rate = plan.work.flops as f64 / times.median() / 1e9;
        table.add_row([name.to_string(), format!("{:.4}", times.median()), format!("{min:.4}"), format!("{max:.4}"), format!("{rate:.1}")]);
    }
    for index in 1..5 {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    println!("{table}");
    println!(
        "the library takes {:.3} of llama.cpp's time ({:.2}x as fast), {} pairs; outputs {}",
        ours.median() / theirs.median(),
        theirs.median() / ours.median(),
        settings.pairs,
        if equal { "equal".to_string() } else { format!("DIFFER (NMSE {nmse:.2e})") }
    );
    if !foreign.0.is_empty() {
        println!("other processes used {:.1} % of this machine (median), {:.1} % at worst", foreign.median(), foreign.range().1);
    }
    if let Some(path) = &settings.json {
        let side = |times: &Times| json!({ "median": times.median(), "min": times.range().0, "max": times.range().1, "all": times.0 });
        let name = |file: &Path| file.file_name().map(|name| name.to_string_lossy().into_owned());
        let value = json!({
            "reference": reference::to_json(&facts), "library": library.info(), "variant": handle.variant(),
            "file": name(&settings.model), "reference_file": name(reference_model),
            "pixels": format!("{width}x{height}"), "threads": settings.threads, "pairs": settings.pairs,
            "flops": plan.work.flops, "arena_bytes": plan.work.arena_bytes, "open_seconds": opened, "outputs_equal": equal, "outputs_nmse": nmse,
            "llama_cpp_seconds": side(&theirs), "library_seconds": side(&ours), "ratio": ours.median() / theirs.median(),
            "others_cpu_percent": foreign.0, "llama_cpp_nodes": stopwatch::to_json(&nodes),
        });
        let text = serde_json::to_string_pretty(&value).map_err(|e| e.to_string())?;
        std::fs::write(path, text + "\n").map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(())
}

/// Squared error of the library's output over the squares of llama.cpp's.
fn nmse(reference: &[f32], ours: &[f32]) -> Result<f64> {
    if reference.len() != ours.len() {
        return Err(format!("llama.cpp writes {} floats, the library {}", reference.len(), ours.len()));
    }
    let square = |x: f64| x * x;
    let error: f64 = reference.iter().zip(ours).map(|(r, o)| square(f64::from(*r) - f64::from(*o))).sum();
    Ok(error / reference.iter().map(|r| square(f64::from(*r))).sum::<f64>())
}

/// Processor time of the whole machine and of this process, in clock ticks; None where /proc does not tell.
struct Cpu {
    busy: u64,
    all: u64,
    own: u64,
}

impl Cpu {
    fn now() -> Option<Self> {
        let stat = std::fs::read_to_string("/proc/stat").ok()?;
        let ticks: Vec<u64> = stat.lines().next()?.split_whitespace().skip(1).take(8).filter_map(|n| n.parse().ok()).collect();
        // user nice system idle iowait irq softirq steal
        let [user, nice, system, idle, wait, irq, soft, steal] = ticks[..] else { return None };
        let busy = user + nice + system + irq + soft + steal;
        let own = std::fs::read_to_string("/proc/self/stat").ok()?;
        // The second field is the program's name in brackets, and may hold blanks.
        let fields: Vec<&str> = own.rsplit_once(')')?.1.split_whitespace().collect();
        let own = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
        Some(Self { busy, all: busy + idle + wait, own })
    }
}

/// Share of the machine that went to other processes between two readings, in per cent.
fn others_share(before: Option<Cpu>, now: Option<Cpu>) -> Option<f64> {
    let (before, now) = (before?, now?);
    let all = now.all.saturating_sub(before.all);
    let others = now.busy.saturating_sub(before.busy).saturating_sub(now.own.saturating_sub(before.own));
    (all > 0).then(|| 100.0 * others as f64 / all as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_even_and_odd_counts() {
        assert_eq!(Times(vec![3.0, 1.0, 2.0]).median(), 2.0);
        assert_eq!(Times(vec![4.0, 1.0, 2.0, 3.0]).median(), 2.5);
        assert_eq!(Times(vec![4.0, 1.0]).range(), (1.0, 4.0));
        assert!(Times::default().median().is_nan());
    }

    #[test]
    fn errors_are_counted_over_the_reference() {
        assert_eq!(nmse(&[3.0, -4.0], &[3.0, -4.0]), Ok(0.0));
        assert_eq!(nmse(&[3.0, -4.0], &[4.0, -4.0]), Ok(1.0 / 25.0));
        assert!(nmse(&[1.0], &[1.0, 2.0]).is_err());
    }

    #[test]
    fn foreign_share_is_what_neither_idled_nor_was_ours() {
        let before = Some(Cpu { busy: 100, all: 1000, own: 50 });
        let now = Some(Cpu { busy: 190, all: 1100, own: 110 });
        assert_eq!(others_share(before, now), Some(30.0));
        assert_eq!(others_share(None, Some(Cpu { busy: 0, all: 0, own: 0 })), None);
    }
}
