//! One size of input, worked out: which shader every step calls with which numbers, and how many bytes the device holds.

use std::collections::BTreeSet;

use super::device::{Device, padded};
use super::formula::Dims;
use super::manifest::{Candidate, Choice, Manifest, OutputEntry, Step};
use super::pieces::{Piece, pieces};
use crate::diagnostic::{Diagnostic, Result};

/// Pieces of the uniform buffer begin at multiples of this, which every device takes.
pub(super) const SLICE: u64 = 256;

/// What an encode call needs and gives, known before it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Values of all run-time dimensions.
    pub dims: Dims,
    pub batch: u64,
    pub grid_rows: u64,
    pub grid_cols: u64,
    /// Of one image.
    pub tokens: u64,
    /// Floats per token.
    pub embedding: u64,
    pub flops: u64,
    pub memory: Memory,
    /// One per step.
    pub(super) calls: Vec<Call>,
}

impl Planned {
    /// Workgroups in x, y and z of a step's call.
    pub fn workgroups(&self, step: usize) -> [u32; 3] {
        self.calls.get(step).and_then(|call| call.pieces.first()).map_or([0; 3], |piece| piece.workgroups)
    }
}

/// Bytes on the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    pub weights: u64,
    pub tables: u64,
    /// Of each buffer, in the manifest's order.
    pub buffers: Vec<u64>,
    pub outputs: Vec<u64>,
    /// Numbers that the steps are called with.
    pub uniforms: u64,
}

impl Memory {
    pub fn total(&self) -> u64 {
        self.weights + self.tables + self.working()
    }

    /// What depends on the size of the input.
    pub fn working(&self) -> u64 {
        self.buffers.iter().chain(&self.outputs).sum::<u64>() + self.uniforms
    }
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub shader: usize,
    pub class: String,
    /// One, unless what the step binds is too large for the device.
    pub pieces: Vec<Piece>,
}

/// Works out `batch` images of `height` x `width` pixels on a device that has `variants`.
pub(super) fn plan(manifest: &Manifest, device: &Device, variants: &[bool], batch: u64, height: u64, width: u64) -> Result<Planned> {
    let dims = manifest.dims(batch, height, width)?;
    let size = |what: &str, bytes: u64| {
        let bytes = padded(bytes).unwrap_or(u64::MAX);
        device.check_limit("maxBufferSize", bytes, what).map(|()| bytes)
    };
    let mut memory = Memory {
        weights: manifest.weights.iter().filter_map(|w| padded(w.bytes)).sum(),
        tables: manifest.tables.iter().filter_map(|t| padded(t.words.saturating_mul(4))).sum(),
        buffers: manifest.run.buffers.iter().map(|b| size(&b.name, b.bytes(&dims)?)).collect::<Result<_>>()?,
        outputs: manifest.outputs.iter().map(|OutputEntry { name, bytes }| size(name, bytes.value(&dims)?)).collect::<Result<_>>()?,
        uniforms: 0,
    };
    let calls =
        manifest.run.steps.iter().map(|step| call(manifest, device, &memory, variants, step, &dims)).collect::<Result<Vec<Call>>>()?;
    memory.uniforms = calls.iter().map(|c| c.pieces.len() as u64).sum::<u64>().max(1) * SLICE;
    Ok(Planned {
        batch,
        grid_rows: manifest.grid[0].value(&dims)?,
        grid_cols: manifest.grid[1].value(&dims)?,
        tokens: manifest.tokens.value(&dims)?,
        embedding: manifest.embedding,
        flops: manifest.flops.value(&dims)?,
        dims,
        memory,
        calls,
    })
}

/// Every shader that some input calls for on a device that has `variants`, in the order of the steps.
pub(super) fn needed(manifest: &Manifest, variants: &[bool]) -> Vec<usize> {
    let choices = manifest.run.steps.iter().flat_map(|step| &step.choices);
    let mut shaders: Vec<usize> = choices.flat_map(|choice| runnable(choice, variants)).map(|c| c.shader).collect();
    let mut seen = BTreeSet::new();
    shaders.retain(|shader| seen.insert(*shader));
    shaders
}

/// The kernels that a device with `variants` may take, best first: up to the one that takes every size.
fn runnable<'a>(choice: &'a Choice, variants: &[bool]) -> Vec<&'a Candidate> {
    let mut run: Vec<&Candidate> = choice.candidates.iter().filter(|c| variants.get(c.variant) == Some(&true)).collect();
    let last = run.iter().position(|c| c.when.is_none()).map_or(run.len(), |i| i + 1);
    run.truncate(last);
    run
}

fn call(manifest: &Manifest, device: &Device, memory: &Memory, variants: &[bool], step: &Step, dims: &Dims) -> Result<Call> {
    let missing = |message: String| step.at.error("manifest-index", message, "in this step");
    let mut chosen = None;
    for choice in &step.choices {
        if choice.when.as_ref().map_or(Ok(true), |when| when.holds(dims))? {
            chosen = Some(choice);
            break;
        }
    }
    let choice = chosen.ok_or_else(|| missing("no choice holds".to_string()))?;
    let mut candidate = None;
    for c in runnable(choice, variants) {
        if c.when.as_ref().map_or(Ok(true), |when| when.holds(dims))? {
            candidate = Some(c);
            break;
        }
    }
    let candidate: &Candidate = candidate.ok_or_else(|| {
        let needed: Vec<String> =
            choice.candidates.iter().filter_map(|c| manifest.variants.get(c.variant)).map(|v| v.needs.join(" and ")).collect();
        Diagnostic::new("gpu-feature", format!("the device runs no kernel of {}", step.name))
            .fact(device.facts.label())
            .fact(format!("needed: {}", needed.join(", or ")))
    })?;
    let shader = manifest.shaders.get(candidate.shader).ok_or_else(|| missing(format!("there is no shader {}", candidate.shader)))?;
    let pieces = pieces(manifest, device, memory, step, candidate, shader, dims)?;
    Ok(Call { shader: candidate.shader, class: choice.class.clone(), pieces })
}
