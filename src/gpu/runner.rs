//! An encoder on a device as the tool's subcommands use it: the compiled library decides the size of the image.

use super::encoder::Encoder;
use super::plan;
use crate::diagnostic::{Diagnostic, Result};
use crate::host::hooks::Hooks;
use crate::host::runner::Runner;
use crate::media::Planned;

impl Encoder {
    fn planned(&self, planned: &Planned) -> Result<plan::Planned> {
        match planned {
            Planned::Image(p) => {
                let own = self.plan(p.work.batch.into(), p.height.into(), p.width.into())?;
                let (rows, cols) = (u64::from(p.grid_rows), u64::from(p.grid_cols));
                let sizes = |rows: u64, cols: u64, tokens: u64, embedding: u64| {
                    format!("{rows} x {cols} cells, {tokens} tokens of {embedding} floats")
                };
                let found = sizes(own.grid_rows, own.grid_cols, own.tokens, own.embedding);
                let expected = sizes(rows, cols, p.work.tokens, p.work.embedding);
                match found == expected {
                    true => Ok(own),
                    false => Err(Diagnostic::new("internal-gpu", "the device's build is for other sizes than the library's")
                        .fact(format!("the device has {found}"))
                        .fact(format!("the library has {expected}"))
                        .help("this is a bug in isobit")),
                }
            }
            Planned::Audio(_) => Err(Diagnostic::new("gpu-input", "sounds are not encoded on devices")),
        }
    }
}

impl Runner for Encoder {
    fn label(&self) -> String {
        self.device().facts.label()
    }

    fn doubt(&self) -> Option<String> {
        let failed = format!("{} {}", self.label(), self.probed().text());
        match (self.instead(), self.promise()) {
            (Some(profile), Some(promise)) => Some(format!("{failed}; it runs profile {profile} instead, {promise}")),
            (_, None) => Some(format!("{failed}; it runs the same program, and nothing is promised of its numbers")),
            (None, Some(_)) => None,
        }
    }

    fn instead(&self) -> Option<&str> {
        Encoder::instead(self)
    }

    fn bytes(&self, planned: &Planned) -> Result<u64> {
        self.planned(planned).map(|p| p.memory.total())
    }

    fn encode(&mut self, planned: &Planned, values: &[f32], hooks: Hooks<'_>) -> Result<Vec<f32>> {
        let own = self.planned(planned)?;
        self.encode_pixels(values, &own, hooks, false).map(|encoded| encoded.values)
    }
}
