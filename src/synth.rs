//! Synthesised model files: the template's weights at a preset's sizes, filled from a seed; the same bytes on every machine.

use std::path::Path;

use crate::diagnostic::Result;
use crate::gguf::{GgufDirectory, GgufWriter, MetaValue};
use crate::json::Node;
use crate::random::{WeightKind, WeightRandom};
use crate::sizes::{Sizes, Stored, literal};
use crate::template::Template;

/// Rows are generated in pieces of about this many values.
const PIECE: u64 = 1 << 20;

/// Writes the file; `progress` is told the bytes written.
pub fn write(
    template: &Template,
    sizes: &Sizes,
    weights: &[Stored],
    seed: u64,
    path: &Path,
    mut progress: impl FnMut(u64),
) -> Result<GgufDirectory> {
    let mut writer = GgufWriter::new();
    for (key, node) in &template.synth.metadata {
        writer.meta(key, literal(node)?);
    }
    writer.meta("general.name", MetaValue::String(format!("{} {}, synthesised, seed {seed}", template.encoder, sizes.label())));
    let (optional, required): (Vec<_>, Vec<_>) = sizes.checks.iter().partition(|c| c.optional);
    for check in required.into_iter().chain(optional) {
        writer.meta(&check.key, check.value.clone());
    }
    for w in weights {
        writer.tensor(&w.tensor, w.dtype, w.ne.clone());
    }
    writer.write(
        path,
        |info, sink| {
            let row = info.ne[0];
            let rows = info.elements() / row;
            let kind = kind(template, &info.name, row)?;
            let mut random = WeightRandom::new(seed, &info.name, kind, row);
            let step = (PIECE / row).max(1);
            let mut values = vec![0f32; (step.min(rows) * row) as usize];
            let mut first = 0;
            while first < rows {
                let n = step.min(rows - first);
                let piece = &mut values[..(n * row) as usize];
                random.fill_rows(first, piece);
                sink.f32(piece)?;
                first += n;
            }
            Ok(())
        },
        |done, _| progress(done),
    )
}

/// The kind of the weight whose pattern matches the tensor's name.
fn kind(template: &Template, tensor: &str, row: u64) -> Result<WeightKind> {
    let def = template.weights.iter().find(|(pattern, _)| matches(pattern, tensor)).map(|(_, d)| d);
    let def = def.ok_or_else(|| template.at.error("template-synth", format!("no weight pattern matches {tensor}"), "in this template"))?;
    let node: &Node = &template.synth.kinds[&def.synth];
    let f = node.fields()?;
    let std = || f.required("std").and_then(Node::f32);
    let word = f.required("kind")?;
    let outliers = |f: &crate::json::Fields| -> Result<u64> { Ok((row / f.required("one_outlier_in")?.u64()?.max(1)).max(1)) };
    let kind = match word.str()? {
        "matrix" => WeightKind::Matrix { std: std()?, outlier_channels: outliers(&f)? },
        "norm" => WeightKind::NormScale { std: std()?, outliers: outliers(&f)? },
        "bias" => WeightKind::Bias { std: std()? },
        "position" => WeightKind::Position { std: std()? },
        "constant" => WeightKind::Constant { value: f.required("value")?.f32()? },
        _ => return Err(word.at.error("template-synth", "a kind is matrix, norm, bias, position or constant", "found this")),
    };
    f.finish()?;
    Ok(kind)
}

/// Whether a name is a pattern with numbers in place of `{…}`.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((before, after)) = pattern.split_once('{') else { return pattern == name };
    let (Some(rest), Some((_, tail))) = (name.strip_prefix(before), after.split_once('}')) else { return false };
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    digits > 0 && matches(tail, &rest[digits..])
}

#[cfg(test)]
mod tests {
    #[test]
    fn patterns_match_numbers_only() {
        assert!(super::matches("v.blk.{layer}.ln1.weight", "v.blk.26.ln1.weight"));
        assert!(!super::matches("v.blk.{layer}.ln1.weight", "v.blk..ln1.weight"));
        assert!(!super::matches("v.blk.{layer}.ln1.weight", "v.blk.2.ln2.weight"));
    }
}
