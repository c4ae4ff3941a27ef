//! An opened device: memory on it, copies to and from it, and everything that goes wrong there as diagnostics.
//!
//! Codes of errors: `gpu-no-adapter`, `gpu-limit` and `gpu-feature` (the adapter has less than is needed), `gpu-memory`,
//! `gpu-lost` (the device is gone: its driver stopped or was stopped), `gpu-refused` (the driver takes a shader or call
//! that should be right for wrong).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use wgpu::{BufferDescriptor, BufferUsages, DeviceDescriptor, ErrorFilter, ExperimentalFeatures, Features, Limits, MapMode, PollType};

use super::adapter::{AdapterFacts, now, pick};
use super::limits;
use crate::diagnostic::{Diagnostic, Result};

/// Buffers end at a multiple of this, so that shaders may read whole vectors.
pub const PADDING: u64 = 16;

/// What a program needs of a device.
#[derive(Debug, Clone, Default)]
pub struct Needs {
    /// WebGPU name of a limit and its least value; what WebGPU promises everywhere is asked for anyway.
    pub limits: BTreeMap<String, u64>,
    /// WebGPU names of features without which nothing runs.
    pub features: Vec<String>,
    /// WebGPU names of features that are of use.
    pub welcome: Vec<String>,
    /// WebGPU name of a limit and the most of it that the device may have: to try what a lesser one does.
    pub at_most: BTreeMap<String, u64>,
}

/// An opened device and its queue.
pub struct Device {
    pub facts: AdapterFacts,
    pub(super) raw: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    limits: Limits,
    features: Vec<&'static str>,
    state: Arc<State>,
    used: Arc<AtomicU64>,
}

/// What the device has reported by itself.
#[derive(Default)]
struct State {
    lost: Mutex<Option<String>>,
    stray: Mutex<Option<String>>,
}

/// Memory of a device. Bytes behind those asked for, up to a multiple of [`PADDING`], are there and zero.
pub struct Buffer {
    pub(super) raw: wgpu::Buffer,
    used: Arc<AtomicU64>,
}

impl Buffer {
    /// Bytes that it takes on the device.
    pub fn bytes(&self) -> u64 {
        self.raw.size()
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.used.fetch_sub(self.raw.size(), Ordering::Relaxed);
    }
}

/// Bytes that a buffer for so many bytes takes; none if the number is too large for any memory.
pub fn padded(bytes: u64) -> Option<u64> {
    bytes.max(1).checked_next_multiple_of(PADDING)
}

impl Device {
    /// Opens the first adapter whose name, driver or backend has this text in it, or the best one.
    pub fn open(name: Option<&str>, needs: &Needs) -> Result<Self> {
        let (facts, adapter) = pick(name)?;
        let has = adapter.limits();
        let mut limits = Limits::default().or_worse_values_from(&has);
        for name in limits::SIZES {
            limits::raise(&mut limits, name, limits::get(&has, name).unwrap_or_default());
        }
        for (name, needed) in &needs.limits {
            let of_adapter = limits::get(&has, name)
                .ok_or_else(|| Diagnostic::new("gpu-limit", format!("\"{name}\" is no limit that this host knows")))?;
            if of_adapter < *needed {
                return Err(too_small(&facts, name, of_adapter, *needed));
            }
            limits::raise(&mut limits, name, *needed);
        }
        for (name, most) in &needs.at_most {
            limits::lower(&mut limits, name, *most);
        }
        let mut wanted = Features::empty();
        for name in &needs.features {
            wanted |= limits::feature(name).filter(|f| adapter.features().contains(*f)).ok_or_else(|| {
                Diagnostic::new("gpu-feature", format!("the device has no {name}"))
                    .fact(facts.label())
                    .fact(format!("it has: {}", facts.features.join(", ")))
            })?;
        }
        for name in &needs.welcome {
            wanted |= limits::feature(name).unwrap_or_default() & adapter.features();
        }
        let descriptor = DeviceDescriptor {
            label: None,
            required_features: wanted,
            required_limits: limits.clone(),
            experimental_features: ExperimentalFeatures::disabled(),
            memory_hints: wgpu::MemoryHints::MemoryUsage,
            trace: wgpu::Trace::Off,
        };
        let (raw, queue) = now(adapter.request_device(&descriptor))
            .map_err(|e| Diagnostic::new("gpu-refused", format!("the device cannot be opened: {e}")).fact(facts.label()))?;
        let state = Arc::new(State::default());
        let (lost, stray) = (state.clone(), state.clone());
        raw.set_device_lost_callback(move |_, message| keep(&lost.lost, message));
        raw.on_uncaptured_error(Arc::new(move |e: wgpu::Error| keep(&stray.stray, e.to_string())));
        let features = limits::feature_names(wanted);
        Ok(Self { facts, raw, queue, limits, features, state, used: Arc::default() })
    }

    /// Whether a feature was asked for and is there.
    pub fn has(&self, feature: &str) -> bool {
        self.features.contains(&feature)
    }

    /// The value of a limit by its WebGPU name; 0 for a name that is not known.
    pub fn limit(&self, name: &str) -> u64 {
        limits::get(&self.limits, name).unwrap_or_default()
    }

    /// Bytes of all buffers that there are now; copies on their way to or from the device are not counted.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Checks that the device has at least this much of a limit; `what` needs it.
    pub fn check_limit(&self, name: &str, needed: u64, what: &str) -> Result<()> {
        let has = self.limit(name);
        if needed <= has { Ok(()) } else { Err(too_small(&self.facts, name, has, needed).fact(format!("needed for {what}"))) }
    }

    /// Memory that shaders read and write, all zero; `what` is its name in messages.
    pub fn storage(&self, what: &str, bytes: u64) -> Result<Buffer> {
        self.buffer(what, bytes, BufferUsages::STORAGE, "maxStorageBufferBindingSize")
    }

    /// The same for memory of which a shader may see only a part at a time.
    pub fn values(&self, what: &str, bytes: u64) -> Result<Buffer> {
        self.buffer(what, bytes, BufferUsages::STORAGE, "maxBufferSize")
    }

    /// Memory for numbers that a shader is called with; pieces of it are bound.
    pub fn uniforms(&self, what: &str, bytes: u64) -> Result<Buffer> {
        self.buffer(what, bytes, BufferUsages::UNIFORM, "maxBufferSize")
    }

    pub(super) fn buffer(&self, what: &str, bytes: u64, usage: BufferUsages, limit: &str) -> Result<Buffer> {
        let size = padded(bytes).unwrap_or(u64::MAX);
        self.check_limit(limit, size, what)?;
        self.check_limit("maxBufferSize", size, what)?;
        let usage = usage | BufferUsages::COPY_DST | BufferUsages::COPY_SRC;
        let descriptor = BufferDescriptor { label: Some(what), size, usage, mapped_at_creation: false };
        let made = self.checked(what, || self.raw.create_buffer(&descriptor));
        let raw = made.map_err(|e| e.fact(format!("{size} bytes for {what}")).fact(format!("{} bytes are in use", self.used())))?;
        self.used.fetch_add(size, Ordering::Relaxed);
        Ok(Buffer { raw, used: self.used.clone() })
    }

    /// Writes bytes from the start of a buffer; what they leave of the last word is zero.
    pub fn write(&self, buffer: &Buffer, bytes: &[u8]) -> Result<()> {
        self.write_at(buffer, 0, bytes)
    }

    /// Writes bytes from an offset, a multiple of 4, on.
    pub fn write_at(&self, buffer: &Buffer, offset: u64, bytes: &[u8]) -> Result<()> {
        self.checked("a copy to the device", || {
            let (whole, rest) = bytes.split_at(bytes.len() / 4 * 4);
            if !whole.is_empty() {
                self.queue.write_buffer(&buffer.raw, offset, whole);
            }
            if !rest.is_empty() {
                let mut word = [0; 4];
                word[..rest.len()].copy_from_slice(rest);
                self.queue.write_buffer(&buffer.raw, offset + whole.len() as u64, &word);
            }
        })
    }

    /// Reads bytes of a buffer, once everything submitted before is done.
    pub fn read(&self, buffer: &Buffer, offset: u64, bytes: u64) -> Result<Vec<u8>> {
        // copies are of whole words
        let (start, end) = (offset / 4 * 4, (offset + bytes).next_multiple_of(4));
        if end > buffer.bytes() {
            let message = format!("{bytes} bytes at {offset} lie outside a buffer of {} bytes", buffer.bytes());
            return Err(Diagnostic::new("internal-gpu", message).help("this is a bug in isobit"));
        }
        let mut out = Vec::new();
        let fits = usize::try_from(end - start).ok().and_then(|n| out.try_reserve_exact(n).ok());
        if fits.is_none() {
            return Err(Diagnostic::new("gpu-memory", format!("no memory on this side for {bytes} bytes")));
        }
        // in pieces, so that the memory for the copy stays small
        const PIECE: u64 = 64 << 20;
        for from in (start..end).step_by(PIECE as usize) {
            self.read_piece(buffer, from, PIECE.min(end - from), &mut out)?;
        }
        out.truncate((offset - start + bytes) as usize);
        out.drain(..(offset - start) as usize);
        Ok(out)
    }

    fn read_piece(&self, buffer: &Buffer, from: u64, bytes: u64, out: &mut Vec<u8>) -> Result<()> {
        let usage = BufferUsages::MAP_READ | BufferUsages::COPY_DST;
        let descriptor = BufferDescriptor { label: Some("copy to the host"), size: bytes, usage, mapped_at_creation: false };
        let (sender, receiver) = mpsc::channel();
        let copy = self.checked("a copy from the device", || {
            let copy = self.raw.create_buffer(&descriptor);
            let mut encoder = self.raw.create_command_encoder(&Default::default());
            encoder.copy_buffer_to_buffer(&buffer.raw, from, &copy, 0, bytes);
            self.queue.submit([encoder.finish()]);
            // a receiver that is gone wants no answer
            copy.map_async(MapMode::Read, .., move |done| {
                let _ = sender.send(done.is_ok());
            });
            copy
        })?;
        self.wait(None)?;
        let mapped = receiver.try_recv().unwrap_or(false).then(|| copy.get_mapped_range(..).ok()).flatten();
        let Some(view) = mapped else {
            return Err(self.lost().unwrap_or_else(|| Diagnostic::new("gpu-refused", "memory of the device cannot be read")));
        };
        out.extend_from_slice(&view);
        Ok(())
    }

    /// Gives the device back at once: what is asked of it from now on fails as `gpu-lost`.
    pub fn destroy(&self) {
        self.raw.destroy();
    }

    /// Waits until everything that was asked of the device is done.
    pub fn flush(&self) -> Result<()> {
        self.checked("work on the device", || self.queue.submit([]))?;
        self.wait(None)
    }

    /// Waits until a submission, or everything submitted, is done.
    pub(super) fn wait(&self, submission: Option<wgpu::SubmissionIndex>) -> Result<()> {
        let done = self.raw.poll(PollType::Wait { submission_index: submission, timeout: None });
        match (self.lost(), done) {
            (Some(lost), _) => Err(lost),
            (None, Err(e)) => Err(Diagnostic::new("gpu-lost", format!("waiting for the device failed: {e}")).fact(self.facts.label())),
            (None, Ok(_)) => match self.state.stray.lock().unwrap_or_else(PoisonError::into_inner).take() {
                Some(message) => Err(Diagnostic::new("gpu-refused", message).fact(self.facts.label())),
                None => Ok(()),
            },
        }
    }

    /// Makes calls on the device; an error of any of them is the result.
    pub(super) fn checked<T>(&self, what: &str, calls: impl FnOnce() -> T) -> Result<T> {
        let scopes = [ErrorFilter::Internal, ErrorFilter::Validation, ErrorFilter::OutOfMemory].map(|f| self.raw.push_error_scope(f));
        let value = calls();
        let errors: Vec<wgpu::Error> = scopes.into_iter().rev().filter_map(|scope| now(scope.pop())).collect();
        if !errors.is_empty() {
            // a device that is lost says so only when it is asked
            let _ = self.raw.poll(PollType::Poll);
        }
        match (errors.into_iter().next(), self.lost()) {
            (None, None) => Ok(value),
            (_, Some(lost)) => Err(lost),
            (Some(wgpu::Error::OutOfMemory { .. }), None) => {
                Err(Diagnostic::new("gpu-memory", format!("no memory on the device for {what}")).fact(self.facts.label()))
            }
            (Some(error), None) => Err(Diagnostic::new("gpu-refused", format!("the device refuses {what}"))
                .fact(self.facts.label())
                .fact(error.to_string().split_whitespace().collect::<Vec<_>>().join(" "))),
        }
    }

    fn lost(&self) -> Option<Diagnostic> {
        let lost = self.state.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.as_ref().map(|message| {
            Diagnostic::new("gpu-lost", format!("the device is lost: {message}"))
                .fact(self.facts.label())
                .help("its driver stopped, or a step took longer than the driver allows; open the encoder again")
        })
    }
}

fn keep(place: &Mutex<Option<String>>, message: String) {
    place.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(message);
}

fn too_small(facts: &AdapterFacts, name: &str, has: u64, needed: u64) -> Diagnostic {
    Diagnostic::new("gpu-limit", format!("the device's {name} is too small"))
        .fact(facts.label())
        .fact(format!("it has {has}, {needed} are needed"))
}
