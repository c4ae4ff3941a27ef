//! `dump` and `nodes`: what llama.cpp computes on one input, as a tap-set directory or as a list.

use std::path::Path;

use comfy_table::{CellAlignment, Table, presets};

use crate::capture;
use crate::llama::{Attention, Encoder, Input};
use crate::tapset::{Entry, Writer};
use crate::tensor::{DType, float_bytes};
use crate::{Result, reference};

/// Every named node and the output, as a tap set.
pub fn dump(encoder: &mut Encoder, attention: Attention, threads: u32, input: &Input, dir: &Path) -> Result<()> {
    let facts = reference::run_facts(attention, &threads.to_string());
    let source = facts.iter().map(|(key, value)| format!("{key}: {value}")).collect::<Vec<_>>().join("; ");
    let mut writer = Writer::create(dir, source)?;
    // what llama.cpp encodes: its own preprocessing's result, or what was given
    let entry = Entry { name: input.name(), occurrence: 1, op: "INPUT", kernel: "", dtype: DType::F32, shape: &input.shape() };
    writer.add(&entry, float_bytes(&input.values))?;
    let done = capture::stream(encoder, threads, input, &mut |tap, bytes| {
        let dtype = tap.dtype.ok_or_else(|| format!("{} has the type {}, which no array holds", tap.key.0, tap.type_name))?;
        let (name, occurrence) = (tap.key.0.as_str(), tap.key.1);
        writer.add(&Entry { name, occurrence, op: &tap.op, kernel: "", dtype, shape: &tap.shape }, bytes)
    })?;
    let output = Entry { name: "output", occurrence: 1, op: "OUTPUT", kernel: "", dtype: DType::F32, shape: &done.output_shape };
    writer.add(&output, float_bytes(&done.output))?;
    let count = writer.finish()?;
    println!("{count} taps of {}x{} in {}, {:.3} s", input.width, input.height, dir.display(), done.seconds);
    Ok(())
}

/// The nodes in execution order with their occurrence, op, type and shape.
pub fn nodes(encoder: &mut Encoder, threads: u32, input: &Input, unnamed_too: bool) -> Result<()> {
    let done = capture::list(encoder, threads, input, unnamed_too)?;
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["name", "occurrence", "op", "type", "shape", "view"]);
    for tap in &done.taps {
        let shape = format!("{:?}", tap.shape);
        let view = if tap.is_view { "view" } else { "" };
        table.add_row([&tap.key.0, &tap.key.1.to_string(), &tap.op, &tap.type_name, &shape, view]);
    }
    table.add_row(["output", "1", "OUTPUT", "f32", &format!("{:?}", done.output_shape), ""]);
    if let Some(column) = table.column_mut(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    println!("{}", table.trim_fmt());
    Ok(())
}
