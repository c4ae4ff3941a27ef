//! A whole encoder on a device: weights and tables in its memory, and one call of a shader per step.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use super::device::{Buffer, Device};
use super::manifest::{Kind, Manifest, Ref, Step, Table, TapEntry};
use super::pieces;
use super::plan::{Call, Planned, SLICE, needed, plan};
use super::probe::Found;
use super::program::Program;
use super::shader::{Piece, Pipeline};
use super::timer::Timer;
use super::weights::WeightFile;
use crate::diagnostic::{Diagnostic, Result};
use crate::host::hooks::{Hooks, OnProgress, OnTap, Progress};
use crate::maps::Promise;
use crate::taps::{TapView, span};
use crate::wgsl::Shader;

/// Steps that may wait on the device while the next ones are prepared: a cancelled call ends after so many.
const IN_FLIGHT: usize = 2;
/// Bytes of weights that are on their way to the device at once.
const UPLOAD: u64 = 128 << 20;

/// An opened encoder.
pub struct Encoder {
    device: Device,
    program: Program,
    /// Which of the manifest's variants the device has the features for.
    variants: Vec<bool>,
    weights: Vec<Buffer>,
    tables: Vec<Buffer>,
    /// By shader; none for those that this device never calls.
    pipelines: Vec<Option<Pipeline>>,
    compiled: Compiled,
    working: Option<Working>,
    found: Found,
    /// Profile of the program that runs in place of the first, which counts on more than the device does.
    instead: Option<String>,
}

/// What it took to bring the shaders to the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compiled {
    pub shaders: usize,
    pub time: Duration,
}

/// Memory of one size of input.
struct Working {
    planned: Planned,
    buffers: Vec<Buffer>,
    outputs: Vec<Buffer>,
    uniforms: Buffer,
    /// Of each step, one per piece.
    groups: Vec<Vec<wgpu::BindGroup>>,
}

/// What one call gave.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// `[batch, tokens, embedding]`
    pub values: Vec<f32>,
    /// Seconds of each step on the clock of the device; none if they were not asked for or there is no clock.
    pub seconds: Option<Vec<f64>>,
}

impl Encoder {
    /// Checks a GGUF file, probes how the device computes (which decides the program that runs), compiles every shader of it that an
    /// input may call for, copies the weights to the device, fills and checks tables. `on_shader` is called before each shader and may
    /// stop it all.
    ///
    /// Errors: those of the device, `gguf-mismatch` and those of reading GGUF files, `gpu-table` if a table came out with other bytes,
    /// `encoder-cancelled`.
    pub fn open(mut program: Program, gguf: &Path, device: Device, on_shader: Option<OnProgress<'_>>) -> Result<Self> {
        let file = WeightFile::open(gguf, &program.manifest)?;
        let found = program.manifest.probe.run(&device, &program.probe)?;
        let other = program.manifest.otherwise.take_if(|_| !found.exact());
        let profile = other.map(|(profile, run)| {
            program.manifest.run = run;
            profile
        });
        let variants: Vec<bool> = program.manifest.variants.iter().map(|v| v.needs.iter().all(|f| device.has(f))).collect();
        let (pipelines, compiled) = compile(&device, &program, &variants, on_shader)?;
        let mut weights = Vec::new();
        let mut waiting = 0;
        for (i, weight) in program.manifest.weights.iter().enumerate() {
            let buffer = device.storage(&weight.name, weight.bytes)?;
            let mut at = 0;
            for piece in file.bytes(i).unwrap_or_default().chunks(UPLOAD as usize) {
                device.write_at(&buffer, at, piece)?;
                at += piece.len() as u64;
                waiting += piece.len() as u64;
                if waiting >= UPLOAD {
                    device.flush()?;
                    waiting = 0;
                }
            }
            weights.push(buffer);
        }
        device.flush()?;
        let tables = program.manifest.tables.iter().zip(&program.tables).map(|(t, s)| fill(&device, t, s)).collect::<Result<_>>()?;
        Ok(Self { device, program, variants, weights, tables, pipelines, compiled, working: None, found, instead: profile })
    }

    pub fn manifest(&self) -> &Manifest {
        &self.program.manifest
    }

    pub fn device(&self) -> &Device {
        &self.device
    }

    /// What the probe found of how the device computes.
    pub fn probed(&self) -> &Found {
        &self.found
    }

    /// What compiling the shaders took, which no encode does again.
    pub fn compiled(&self) -> Compiled {
        self.compiled
    }

    /// What the results promise here: the CPU's bits, a bound, or nothing if the device fails the probe and there is no other program.
    pub fn promise(&self) -> Option<Promise> {
        match self.manifest().run.promise {
            Promise::Bits if !self.found.exact() => None,
            promise => Some(promise),
        }
    }

    /// Profile of the program that runs in place of the one asked for.
    pub fn instead(&self) -> Option<&str> {
        self.instead.as_deref()
    }

    /// Names of the kernel variants that this device runs, best first.
    pub fn variants(&self) -> Vec<&str> {
        let all = self.manifest().variants.iter().zip(&self.variants);
        all.filter(|(_, runs)| **runs).map(|(v, _)| v.name.as_str()).collect()
    }

    /// Sizes for `batch` preprocessed images of `height` x `width` pixels. Errors: `gpu-input`, `gpu-limit`, `gpu-feature`.
    pub fn plan(&self, batch: u64, height: u64, width: u64) -> Result<Planned> {
        plan(self.manifest(), &self.device, &self.variants, batch, height, width)
    }

    /// Makes memory ready for this plan and gives back that of another. From here on the device holds
    /// exactly the planned bytes.
    pub fn reserve(&mut self, planned: &Planned) -> Result<()> {
        if self.working.as_ref().is_some_and(|w| w.planned == *planned) {
            return Ok(());
        }
        self.working = None;
        self.device.flush()?;
        let manifest = &self.program.manifest;
        let all = |sizes: &[u64], names: Vec<&String>| -> Result<Vec<Buffer>> {
            sizes.iter().zip(names).map(|(bytes, name)| self.device.values(name, *bytes)).collect()
        };
        let buffers = all(&planned.memory.buffers, manifest.run.buffers.iter().map(|b| &b.name).collect())?;
        let outputs = all(&planned.memory.outputs, manifest.outputs.iter().map(|o| &o.name).collect())?;
        let uniforms = self.device.uniforms("the numbers of all steps", planned.memory.uniforms)?;
        let mut numbers = vec![0u8; planned.memory.uniforms as usize];
        let pieces = planned.calls.iter().flat_map(|call| call.pieces.iter().map(move |piece| (call, piece)));
        for ((call, piece), slice) in pieces.zip(numbers.chunks_mut(SLICE as usize)) {
            if 4 * piece.numbers.len() > slice.len() {
                let name = self.shader_name(call);
                return Err(Diagnostic::new("manifest-value", format!("{name} has more than {} numbers", SLICE / 4)));
            }
            for (to, number) in slice.chunks_exact_mut(4).zip(&piece.numbers) {
                to.copy_from_slice(&number.to_le_bytes());
            }
        }
        self.device.write(&uniforms, &numbers)?;
        let mut working = Working { planned: planned.clone(), buffers, outputs, uniforms, groups: Vec::new() };
        let mut slice = 0;
        for (step, call) in self.manifest().run.steps.iter().zip(&planned.calls) {
            let mut groups = Vec::new();
            for piece in &call.pieces {
                groups.push(self.group(&working, step, call, piece, slice)?);
                slice += SLICE;
            }
            working.groups.push(groups);
        }
        self.working = Some(working);
        Ok(())
    }

    /// Encodes preprocessed images, f32 `[batch, height, width, channels]`. The progress hook is called before each step
    /// and may cancel the call (`encoder-cancelled`); the tap hook sees each value of the manifest's taps, and what it
    /// writes there later steps read. `timed`: measure every step.
    pub fn encode_pixels(&mut self, pixels: &[f32], planned: &Planned, mut hooks: Hooks<'_>, timed: bool) -> Result<Encoded> {
        let needed = self.manifest().input_floats(&planned.dims);
        if pixels.len() as u64 != needed {
            return Err(Diagnostic::new("gpu-input", "the pixels have the wrong length")
                .fact(format!("{needed} values are needed, there are {}", pixels.len())));
        }
        if hooks.tap.is_some() && self.manifest().run.taps.is_empty() {
            return Err(Diagnostic::new("gpu-input", "the encoder was built without taps"));
        }
        self.reserve(planned)?;
        let working = self.working.as_ref().ok_or_else(internal)?;
        let bytes: Vec<u8> = pixels.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.device.write(working.buffers.first().ok_or_else(internal)?, &bytes)?;
        let timer = if timed { Timer::new(&self.device, planned.calls.len())? } else { None };
        let steps = planned.calls.len();
        let mut submitted = std::collections::VecDeque::new();
        for (i, (step, call)) in self.manifest().run.steps.iter().zip(&planned.calls).enumerate() {
            let progress = Progress { step: i as u32, steps: steps as u32, name: &step.name };
            if let Some(on_progress) = &mut hooks.progress
                && on_progress(progress) == ControlFlow::Break(())
            {
                self.device.flush()?;
                return Err(Diagnostic::new(
                    "encoder-cancelled",
                    format!("the call was cancelled before step {i} of {steps}, {}", step.name),
                ));
            }
            let pipeline = self.pipelines.get(call.shader).and_then(Option::as_ref).ok_or_else(internal)?;
            let groups = working.groups.get(i).ok_or_else(internal)?;
            let times = timer.as_ref().and_then(|t| t.step(i));
            let pieces: Vec<_> = groups.iter().zip(&call.pieces).map(|(group, piece)| (group, piece.workgroups)).collect();
            submitted.push_back(self.device.dispatch(pipeline, &pieces, times)?);
            if submitted.len() > IN_FLIGHT {
                self.device.wait(submitted.pop_front())?;
            }
            if let Some(on_tap) = &mut hooks.tap {
                for tap in self.manifest().run.taps.iter().filter(|t| t.step == i) {
                    self.tap(working, tap, &step.op, call, on_tap)?;
                }
            }
        }
        let output = working.outputs.first().ok_or_else(internal)?;
        let floats = planned.batch * planned.tokens * planned.embedding;
        if floats.saturating_mul(4) > output.bytes() {
            return Err(Diagnostic::new(
                "manifest-value",
                format!("the output has {} bytes, {floats} floats are promised", output.bytes()),
            ));
        }
        let out = self.device.read(output, 0, 4 * floats)?;
        let seconds = timer.map(|t| t.seconds(&self.device)).transpose()?;
        let (words, _) = out.as_chunks::<4>();
        Ok(Encoded { values: words.iter().map(|w| f32::from_le_bytes(*w)).collect(), seconds })
    }

    /// What a piece of a step sees of the buffers, and its numbers, bound to its shader.
    fn group(&self, working: &Working, step: &Step, call: &Call, piece: &pieces::Piece, slice: u64) -> Result<wgpu::BindGroup> {
        let pipeline = self.pipelines.get(call.shader).and_then(Option::as_ref).ok_or_else(internal)?;
        let mut bound: Vec<Piece> = Vec::new();
        for (Ref { kind, index, .. }, window) in step.refs.iter().zip(&piece.windows) {
            bound.push(Piece { buffer: self.memory(working, *kind, *index)?, offset: window.offset, bytes: Some(window.bytes) });
        }
        // the smallest piece that holds all numbers: what a shader declares is rounded up to 16 bytes
        let bytes = (4 * piece.numbers.len() as u64).next_multiple_of(16);
        bound.push(Piece { buffer: &working.uniforms, offset: slice, bytes: Some(bytes) });
        self.device.bind(pipeline, &bound)
    }

    fn memory<'a>(&'a self, working: &'a Working, kind: Kind, index: usize) -> Result<&'a Buffer> {
        let list = match kind {
            Kind::Buffer => &working.buffers,
            Kind::Weight => &self.weights,
            Kind::Output => &working.outputs,
            Kind::Table => &self.tables,
        };
        list.get(index).ok_or_else(internal)
    }

    fn shader_name(&self, call: &Call) -> &str {
        self.manifest().shaders.get(call.shader).map_or("?", |s| s.name.as_str())
    }

    /// Shows a value to the hook, and brings back what it wrote there.
    fn tap(&self, working: &Working, tap: &TapEntry, op: &str, call: &Call, on_tap: &mut OnTap<'_>) -> Result<()> {
        let dims = &working.planned.dims;
        let values = |list: &[super::formula::Formula]| list.iter().map(|f| f.value(dims)).collect::<Result<Vec<u64>>>();
        let (shape, mut stride) = (values(&tap.shape)?, values(&tap.stride)?);
        // 0: no gaps, behind dimensions that are known only now
        for i in (0..shape.len().saturating_sub(1)).rev().filter(|i| tap.stride.len() > i + 1) {
            if stride[i] == 0 {
                stride[i] = shape[i + 1].saturating_mul(stride[i + 1]);
            }
        }
        let buffer = self.memory(working, tap.kind, tap.index)?;
        let bytes = span(tap.dtype, &shape, &stride);
        let end = bytes.and_then(|n| tap.offset.checked_add(n)).filter(|end| *end <= buffer.bytes()).ok_or_else(|| {
            Diagnostic::new("tap-extent", format!("the value {} reaches past its buffer", tap.name))
                .fact(format!("shape {shape:?}, strides {stride:?} bytes, {} bytes of memory", buffer.bytes()))
        })?;
        // whole words, so that it can be written back
        let start = tap.offset / 4 * 4;
        let mut data = self.device.read(buffer, start, end.next_multiple_of(4) - start)?;
        let before = data.clone();
        let kernel = self.manifest().shaders.get(call.shader).map_or("?", |s| s.kernel.as_str());
        let window = data.get_mut((tap.offset - start) as usize..(end - start) as usize).ok_or_else(internal)?;
        on_tap(&mut TapView::live(&tap.name, op, kernel, tap.dtype, &shape, &stride, window)?)?;
        if data != before {
            self.device.write_at(buffer, start, &data)?;
        }
        Ok(())
    }
}

/// Compiles the shaders that this device may call; the others stay none.
fn compile(
    device: &Device,
    program: &Program,
    variants: &[bool],
    mut on_shader: Option<OnProgress<'_>>,
) -> Result<(Vec<Option<Pipeline>>, Compiled)> {
    let started = Instant::now();
    let needed = needed(&program.manifest, variants);
    let mut pipelines: Vec<Option<Pipeline>> = program.shaders.iter().map(|_| None).collect();
    for (i, index) in needed.iter().enumerate() {
        let shader = program.shaders.get(*index).ok_or_else(internal)?;
        let name = &shader.source.name;
        if let Some(on_shader) = &mut on_shader
            && on_shader(Progress { step: i as u32, steps: needed.len() as u32, name }) == ControlFlow::Break(())
        {
            let message = format!("opening was cancelled before shader {i} of {}, {name}", needed.len());
            return Err(Diagnostic::new("encoder-cancelled", message));
        }
        *pipelines.get_mut(*index).ok_or_else(internal)? = Some(device.pipeline(shader)?);
    }
    Ok((pipelines, Compiled { shaders: needed.len(), time: started.elapsed() }))
}

/// Runs a table's shader and checks what it filled.
fn fill(device: &Device, table: &Table, shader: &Shader) -> Result<Buffer> {
    let pipeline = device.pipeline(shader)?;
    let buffer = device.storage(&table.name, table.words.saturating_mul(4))?;
    let zero = device.uniforms("the number of a table", 16)?;
    device.check_limit("maxComputeWorkgroupsPerDimension", u64::from(table.workgroups), &table.name)?;
    let group = device.bind(&pipeline, &[Piece::from(&buffer), Piece::from(&zero)])?;
    device.dispatch(&pipeline, &[(&group, [table.workgroups, 1, 1])], None)?;
    let sum = fnv(&device.read(&buffer, 0, table.words * 4)?);
    if sum != table.checksum {
        return Err(Diagnostic::new("gpu-table", format!("the device fills the table {} with other bytes", table.name))
            .fact(device.facts.label())
            .fact(format!("checksum {sum:016x}, expected {:016x}", table.checksum))
            .help("its results would not be equal: this driver computes in a way that the shaders do not know"));
    }
    Ok(buffer)
}

/// FNV-1a of 64 bits.
pub fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, b| (sum ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3))
}

fn internal() -> Diagnostic {
    Diagnostic::new("internal-gpu", "a step names something that is not there").help("this is a bug in isobit")
}
