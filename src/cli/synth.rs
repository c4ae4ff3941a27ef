//! `ir-build synth`: a loadable GGUF of the template's architecture with seeded weights.

use std::process::ExitCode;

use serde_json::json;

use super::args::SynthArgs;
use super::output::{Output, bytes};
use crate::diagnostic::Result;
use crate::expand::{expand, weight_list};
use crate::files::{Files, find_template};
use crate::maps::Maps;
use crate::sizes::Sizes;
use crate::synth;
use crate::template::Template;

pub fn synth(args: &SynthArgs, out: &Output) -> Result<ExitCode> {
    let text = find_template(&args.template)?;
    let template = Template::parse(&text.name, &text.text)?;
    let maps = Maps::load(Files::kernel_maps(args.maps.as_deref())?)?;
    let sizes = Sizes::of_preset(&template, args.preset.as_deref(), &args.weights)?;
    let weights = weight_list(&expand(&template, &sizes, &maps, &template.first_choices())?);
    let total: u64 = weights.iter().map(|w| w.bytes).sum();
    let bar = out.bar("writing weights", total, true);
    let file = synth::write(&template, &sizes, &weights, args.seed, &args.output, |done| bar.set_position(done))?;
    bar.finish_and_clear();
    let text = format!(
        "{}: {} ({}), seed {}: {} tensors, {}",
        args.output.display(),
        template.encoder,
        sizes.label(),
        args.seed,
        file.tensors.len(),
        bytes(file.file_len)
    );
    let json = json!({
        "reason": "synth", "file": args.output.display().to_string(), "encoder": template.encoder, "sizes": sizes.label(),
        "seed": args.seed, "tensors": file.tensors.len(), "bytes": file.file_len,
    });
    out.result(&text, &json);
    Ok(ExitCode::SUCCESS)
}
