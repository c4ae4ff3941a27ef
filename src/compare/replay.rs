//! Runs an encoder beside a reference's values: freely, or with each value replaced by the reference's once it is compared.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::target::Cells;
use super::{Comparison, Outcome, compare_value};
use crate::diagnostic::Result;
use crate::host::hooks::{Hooks, Progress};
use crate::host::library::Encoder;
use crate::host::runner::Runner;
use crate::ir::Kind;
use crate::media::{Media, Planned};
use crate::plan::Plan;
use crate::taps::{DType, Tap, TapSet, TapView, TapWriter};

/// Name under which dumps hold the encoder's output.
pub const OUTPUT: &str = "output";

/// An opened encoder whose kernels' results are all taps, and what it is to encode.
pub struct Replay<'a> {
    pub plan: &'a Plan,
    pub encoder: &'a mut Encoder,
    /// Computes in the place of the encoder, which then only preprocesses.
    pub runner: Option<&'a mut (dyn Runner + 'static)>,
    pub media: &'a Media,
    /// Who this is, in one line.
    pub source: String,
    /// The ops that make the graph's input from the image or sound, in order.
    pub preprocessing: String,
}

/// What one run gave.
pub struct Pass {
    pub comparison: Comparison,
    pub cells: Cells,
    /// The preprocessed image or sound that was encoded.
    pub input: Vec<f32>,
    /// Which kernel made each value, those that the reference lacks among them.
    pub kernels: BTreeMap<String, String>,
    /// Values that were asked for, as later steps read them.
    pub captured: BTreeMap<String, (Tap, Vec<u8>)>,
    /// The same as the kernels left them.
    pub before: BTreeMap<String, (Tap, Vec<u8>)>,
}

impl Replay<'_> {
    /// Encodes once and compares every value. With `force` each compared value is then replaced by the reference's, so that
    /// every op computes on the reference's own operands.
    pub fn run(
        &mut self,
        reference: &TapSet,
        force: bool,
        capture: &BTreeSet<String>,
        progress: &mut (dyn FnMut(Progress<'_>) + Send),
    ) -> Result<Pass> {
        // The name of a value that the template gives no tap says nothing about its type in another build.
        let plain: BTreeSet<&str> = self.plan.graph.ids().map(|id| self.plan.graph.node(id).name.as_str()).collect();
        let mut pass = Pass {
            comparison: Comparison::new(self.source.clone(), reference.source.clone()),
            cells: Cells::default(),
            input: Vec::new(),
            kernels: BTreeMap::new(),
            captured: BTreeMap::new(),
            before: BTreeMap::new(),
        };
        let info = self.media.plan(self.encoder)?;
        let mut values = self.media.preprocess(self.encoder)?;
        let input = self.input(&info.input_shape());
        if let Some(other) = reference.find(&input.label()) {
            let compared = compare_value(&input, &bytes(&values), reference, other)?;
            if force && matches!(compared.outcome, Outcome::Different(_)) {
                values = reference.read(other)?.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
            }
            pass.comparison.taps.push(compared);
        }
        let mut last = (String::new(), String::new());
        let mut on_tap = |view: &mut TapView<'_>| -> Result<()> {
            let tap = view.describe();
            let label = tap.label();
            last = (tap.op.clone(), tap.kernel.clone());
            pass.kernels.insert(label.clone(), tap.kernel.clone());
            if tap.dtype == DType::I32
                && let Some(cells) = Cells::read(&tap.shape, &view.contiguous())
            {
                pass.cells = cells;
            }
            if capture.contains(&label) {
                pass.before.insert(label.clone(), (tap.clone(), view.contiguous().into_owned()));
            }
            let other = reference.find(&label).filter(|o| o.dtype == tap.dtype || !plain.contains(label.as_str()));
            match other {
                None => pass.comparison.only_left.push(label.clone()),
                Some(other) => {
                    let compared = compare_value(&tap, &view.contiguous(), reference, other)?;
                    if force && matches!(compared.outcome, Outcome::Different(_)) {
                        view.overwrite(&reference.read(other)?)?;
                    }
                    pass.comparison.taps.push(compared);
                }
            }
            if capture.contains(&label) {
                pass.captured.insert(label, (tap, view.contiguous().into_owned()));
            }
            Ok(())
        };
        let mut on_progress = |p: Progress<'_>| {
            progress(p);
            ControlFlow::Continue(())
        };
        let hooks = Hooks { progress: Some(&mut on_progress), tap: Some(&mut on_tap) };
        let output = self.encode(&info, &values, hooks)?;
        let known = |label: &str| pass.comparison.find(label).is_some();
        let twice = self.plan.graph.outputs.values().any(|id| self.plan.graph.node(*id).tap.as_deref().is_some_and(known));
        if let Some(other) = reference.find(OUTPUT).filter(|_| !twice && !known(OUTPUT)) {
            let tap = output_tap(last.0, last.1, vec![info.work().all_tokens(), info.work().embedding]);
            pass.comparison.taps.push(compare_value(&tap, &bytes(&output), reference, other)?);
        }
        pass.input = values;
        pass.comparison.close(&self.source, pass.comparison.only_left.len(), reference)?;
        if twice {
            pass.comparison.only_right.retain(|label| label != OUTPUT);
        }
        Ok(pass)
    }

    /// Encodes once; writes the graph's input, every tap and the output. Gives the output.
    pub fn dump(&mut self, mut writer: TapWriter, progress: &mut (dyn FnMut(Progress<'_>) + Send)) -> Result<(Vec<f32>, TapSet)> {
        let info = self.media.plan(self.encoder)?;
        let values = self.media.preprocess(self.encoder)?;
        writer.write_f32(&self.input(&info.input_shape()), &values)?;
        let mut last = (String::new(), String::new());
        let mut on_tap = |view: &mut TapView<'_>| {
            last = (view.op.to_string(), view.kernel.to_string());
            writer.write(view)
        };
        let mut on_progress = |p: Progress<'_>| {
            progress(p);
            ControlFlow::Continue(())
        };
        let hooks = Hooks { progress: Some(&mut on_progress), tap: Some(&mut on_tap) };
        let output = self.encode(&info, &values, hooks)?;
        writer.write_f32(&output_tap(last.0, last.1, vec![info.work().all_tokens(), info.work().embedding]), &output)?;
        Ok((output, writer.finish()?))
    }

    fn encode(&mut self, info: &Planned, values: &[f32], hooks: Hooks<'_>) -> Result<Vec<f32>> {
        match &mut self.runner {
            Some(runner) => runner.encode(info, values, hooks),
            None => info.encode(self.encoder, values, hooks),
        }
    }

    /// The entry of the graph's input in a list of taps: pixels, f32 `[height, width, 3]`, or a spectrogram `[mel bins, frames]`.
    fn input(&self, shape: &[u64]) -> Tap {
        let graph = &self.plan.graph;
        let node = graph.ids().find(|id| graph.node(*id).kind == Kind::Input);
        let name = node.map(|id| graph.node(id).name.clone()).unwrap_or_default();
        let (op, kernel) = (self.preprocessing.clone(), String::new());
        Tap { name, occurrence: 1, op, kernel, dtype: DType::F32, shape: shape.to_vec(), file: String::new() }
    }
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn output_tap(op: String, kernel: String, shape: Vec<u64>) -> Tap {
    Tap { name: OUTPUT.to_string(), occurrence: 1, op, kernel, dtype: DType::F32, shape, file: String::new() }
}
