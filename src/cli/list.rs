//! `ir-build list`: encoders, ops, kernels, profiles; keys and tensors of a GGUF file.

use std::path::Path;
use std::process::ExitCode;

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use serde_json::{Value, json};

use super::args::{ListArgs, What};
use super::compiled::LIBRARY;
use super::output::{Output, bytes};
use crate::diagnostic::Result;
use crate::files::{Files, find_template, template_names};
use crate::gguf::GgufDirectory;
use crate::maps::Maps;
use crate::template::{Template, TemplateOption};

pub fn list(args: &ListArgs, out: &Output) -> Result<ExitCode> {
    let maps = || Maps::load(Files::kernel_maps(args.maps.as_deref())?);
    let (header, rows): (Vec<&str>, Vec<Vec<String>>) = match &args.what {
        What::Encoders => encoders()?,
        What::Ops => ops(&maps()?),
        What::Kernels => kernels(&maps()?),
        What::Profiles => profiles(&maps()?)?,
        What::Keys { file } => keys(file)?,
        What::Tensors { file } => tensors(file)?,
        What::Devices => super::device::list(&maps()?)?,
    };
    let objects: Vec<Value> = rows
        .iter()
        .map(|row| header.iter().zip(row).map(|(h, c)| (h.to_string(), json!(c))).collect::<serde_json::Map<_, _>>().into())
        .collect();
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(header);
    for row in rows {
        table.add_row(row);
    }
    out.result(&table.to_string(), &json!({ "reason": "list", "rows": objects }));
    Ok(ExitCode::SUCCESS)
}

type Rows = (Vec<&'static str>, Vec<Vec<String>>);

fn encoders() -> Result<Rows> {
    let mut rows = Vec::new();
    for name in template_names() {
        let text = find_template(&name)?;
        let t = Template::parse(&text.name, &text.text)?;
        for (preset, p) in &t.presets {
            let mark = if *preset == t.default_preset { " (default)" } else { "" };
            rows.push(vec![t.encoder.clone(), format!("{preset}{mark}"), p.doc.clone(), options(&t)]);
        }
    }
    Ok((vec!["encoder", "preset", "what", "options [reference: choice]"], rows))
}

/// Behaviours of which references have more than one, and what each does.
fn options(t: &Template) -> String {
    let one = |(name, o): (&String, &TemplateOption)| {
        let follows: Vec<String> = o.follows.iter().map(|(reference, choice)| format!("{reference}: {choice}")).collect();
        format!("{name} = {} [{}]", o.choices.keys().cloned().collect::<Vec<_>>().join(" | "), follows.join(", "))
    };
    t.options.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn ops(maps: &Maps) -> Rows {
    let rows = maps
        .ops
        .values()
        .map(|m| {
            let form = m.signature.as_ref().map(|s| s.text.clone()).or_else(|| m.view.as_ref().map(|v| format!("view: {v}")));
            let classes = m.classes.keys().cloned().collect::<Vec<_>>().join(" ");
            vec![m.op.clone(), form.unwrap_or_else(|| "preprocessing".to_string()), classes, m.doc.clone()]
        })
        .collect();
    (vec!["op", "signature", "classes", "what"], rows)
}

fn kernels(maps: &Maps) -> Rows {
    let mut rows = Vec::new();
    for m in maps.ops.values() {
        for (id, k) in &m.kernels {
            let variant = if k.id.variant.is_empty() { "portable" } else { &k.id.variant };
            let matches = m.classes.get(&k.id.class).map(|c| c.promise.to_string()).unwrap_or_default();
            rows.push(vec![id.clone(), k.id.class.clone(), variant.to_string(), matches]);
        }
    }
    (vec!["kernel", "class", "variant", "match"], rows)
}

fn profiles(maps: &Maps) -> Result<Rows> {
    let mut rows = Vec::new();
    for name in maps.files.json_stems("profiles") {
        let p = maps.profile(&name)?;
        let lines = |text: Vec<String>| text.join("; ");
        let near = p.near.iter().map(|n| {
            let of = if p.promises_bits(maps, LIBRARY) { "shaders: " } else { "" };
            let coarser: String = n.coarser.iter().map(|(class, nmse)| format!(", {nmse:e} with class {class}")).collect();
            format!("{of}within nmse {:e} of {} in C{coarser}", n.nmse, n.profile)
        });
        let reference = lines(p.stands_for.iter().map(|(k, v)| format!("{k}: {v}")).chain(near).collect());
        let options = lines(
            p.options
                .iter()
                .map(|(k, o)| format!("{k} = {} [{}]", o.choices.keys().cloned().collect::<Vec<_>>().join(" | "), o.usual))
                .collect(),
        );
        rows.push(vec![name, p.doc.clone(), options, reference]);
    }
    Ok((vec!["profile", "what", "options [usual]", "stands for"], rows))
}

fn keys(file: &Path) -> Result<Rows> {
    let g = GgufDirectory::read(file)?;
    let rows = g.metadata.iter().map(|(k, v)| vec![k.clone(), v.describe_type(), v.to_string()]).collect();
    Ok((vec!["key", "type", "value"], rows))
}

fn tensors(file: &Path) -> Result<Rows> {
    let g = GgufDirectory::read(file)?;
    let rows = g
        .tensors
        .values()
        .map(|t| vec![t.name.clone(), t.dtype.to_string(), format!("{:?}", t.ne), t.offset.to_string(), bytes(t.bytes)])
        .collect();
    Ok((vec!["tensor", "type", "shape (fastest first)", "offset", "size"], rows))
}
