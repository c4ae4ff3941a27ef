//! Safe face of the C++ shim: llama.cpp's own encoders, with every node of their graphs visible.

use std::ffi::{CStr, CString, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::ptr;

use clap::ValueEnum;

use crate::Result;
use crate::tensor::{DType, Strided, elements};

#[repr(C)]
struct RawOracle {
    _opaque: [u8; 0],
}

#[repr(C)]
struct RawNode {
    name: *const c_char,
    op: *const c_char,
    type_name: *const c_char,
    ne: [i64; 4],
    nb: [u64; 4],
    data: *const c_void,
    bytes: u64,
    element: u64,
    is_view: i32,
}

type NodeFn = extern "C" fn(*mut c_void, *const RawNode) -> i32;
type ValuesFn = extern "C" fn(*mut c_void, u32, u32, *const f32, u64, i32);

unsafe extern "C" {
    fn oracle_open(gguf: *const c_char, flash: i32, audio: i32, out: *mut *mut RawOracle, error: *mut c_char, size: usize) -> i32;
    fn oracle_close(oracle: *mut RawOracle);
    fn oracle_mel_bins(oracle: *const RawOracle) -> u32;
    fn oracle_output_size(
        oracle: *const RawOracle,
        width: u32,
        height: u32,
        tokens: *mut u64,
        floats: *mut u64,
        error: *mut c_char,
        size: usize,
    ) -> i32;
    fn oracle_encode(
        oracle: *mut RawOracle,
        threads: u32,
        width: u32,
        height: u32,
        values: *const f32,
        announce: Option<NodeFn>,
        visit: Option<NodeFn>,
        user: *mut c_void,
        out: *mut f32,
        out_floats: u64,
        error: *mut c_char,
        size: usize,
    ) -> i32;
    fn oracle_preprocess_rgb(
        oracle: *const RawOracle,
        rgb: *const u8,
        width: u32,
        height: u32,
        sink: ValuesFn,
        user: *mut c_void,
        error: *mut c_char,
        size: usize,
    ) -> i32;
    fn oracle_preprocess_pcm(
        oracle: *const RawOracle,
        pcm: *const f32,
        samples: u64,
        sink: ValuesFn,
        user: *mut c_void,
        error: *mut c_char,
        size: usize,
    ) -> i32;
    fn oracle_normalize(
        oracle: *const RawOracle,
        rgb: *const u8,
        width: u32,
        height: u32,
        pixels: *mut f32,
        floats: u64,
        error: *mut c_char,
        size: usize,
    ) -> i32;
    fn oracle_ggml_version() -> *const c_char;
    fn oracle_cpu_features() -> *const c_char;
    fn oracle_libc() -> *const c_char;
    fn oracle_compiler() -> *const c_char;
}

/// One node of llama.cpp's graph. Shapes are row-major here: ggml's dimensions reversed, leading ones dropped.
#[derive(Clone, Debug)]
pub struct Node {
    pub name: String,
    pub op: String,
    pub type_name: String,
    pub dtype: Option<DType>,
    pub shape: Vec<u64>,
    pub stride: Vec<i64>,
    pub is_view: bool,
}

/// What ggml appends to the name of a node that it makes of another one.
const DERIVED: [&str; 6] = [" (view)", " (reshaped)", " (permuted)", " (transposed)", " (cont)", " (copy"];

impl Node {
    /// Whether the graph's author named it. ggml itself numbers unnamed nodes and marks derived ones with a bracket.
    pub fn is_named(&self) -> bool {
        let numbered = |prefix: &str| {
            let rest = self.name.strip_prefix(prefix);
            rest.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
        };
        // A long name is cut off, and with it the bracket's end.
        let derived = DERIVED.iter().any(|mark| self.name.contains(mark));
        !self.name.is_empty() && !numbered("node_") && !numbered("leaf_") && !derived
    }
}

/// Receives the nodes of one encode in execution order.
pub trait Visitor {
    /// Sees every node before it runs; true asks for `visit`.
    fn announce(&mut self, node: &Node) -> bool;
    /// Sees the computed node; its bytes are reused as soon as this returns.
    fn visit(&mut self, node: &Node, data: Strided<'_>) -> Result<()>;
}

/// What an encoder is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modality {
    Image,
    Audio,
}

/// What an encoder reads: normalised pixels, interleaved `[height][width][3]`, or a spectrogram `[mel bin][frame]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    pub modality: Modality,
    /// Pixels, or frames.
    pub width: u32,
    /// Pixels, or mel bins.
    pub height: u32,
    pub values: Vec<f32>,
    /// No tile of a larger image.
    pub whole: bool,
}

impl Input {
    /// As taps call it.
    pub fn name(&self) -> &'static str {
        if self.modality == Modality::Image { "pixels" } else { "mel" }
    }

    pub fn shape(&self) -> Vec<u64> {
        let plane = [u64::from(self.height), u64::from(self.width)];
        if self.modality == Modality::Image { [&plane[..], &[3]].concat() } else { plane.to_vec() }
    }
}

/// The two ways in which llama.cpp computes attention; their bits differ by design.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Attention {
    /// One pass over tiles of keys: llama.cpp's choice on CPU
    Flash,
    /// The whole score matrix, then an explicit softmax
    Full,
}

impl Attention {
    pub fn name(self) -> &'static str {
        if self == Self::Flash { "flash" } else { "full" }
    }
}

/// An encoder of llama.cpp, opened on one GGUF file.
pub struct Encoder {
    raw: *mut RawOracle,
    modality: Modality,
}

const ERROR_BYTES: usize = 2048;

/// Runs a shim function that reports failure as text.
fn checked(what: &str, call: impl FnOnce(*mut c_char, usize) -> i32) -> Result<()> {
    let mut text = [0u8; ERROR_BYTES];
    if call(text.as_mut_ptr().cast(), text.len()) == 0 {
        return Ok(());
    }
    let text = CStr::from_bytes_until_nul(&text).map(CStr::to_string_lossy).unwrap_or_default();
    Err(format!("{what}: {text}"))
}

/// Copies a text that the shim keeps.
fn owned(text: *const c_char) -> String {
    // SAFETY: the shim hands out non-null, terminated strings only.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

impl Encoder {
    pub fn open(gguf: &Path, modality: Modality, attention: Attention) -> Result<Self> {
        let path = CString::new(gguf.as_os_str().as_encoded_bytes()).map_err(|e| format!("{}: {e}", gguf.display()))?;
        let mut raw = ptr::null_mut();
        checked("llama.cpp", |error, size| {
            // SAFETY: all pointers are valid for the call.
            unsafe {
                let (flash, audio) = (i32::from(attention == Attention::Flash), i32::from(modality == Modality::Audio));
                oracle_open(path.as_ptr(), flash, audio, &mut raw, error, size)
            }
        })?;
        Ok(Self { raw, modality })
    }

    /// Rows of a spectrogram; 0 for an encoder of images.
    pub fn mel_bins(&self) -> u32 {
        // SAFETY: `self.raw` is an open encoder.
        unsafe { oracle_mel_bins(self.raw) }
    }

    /// Floats that an encode of an input of this size writes, as (tokens, floats).
    pub fn output_size(&self, width: u32, height: u32) -> Result<(u64, u64)> {
        let (mut tokens, mut floats) = (0, 0);
        checked("llama.cpp", |error, size| {
            // SAFETY: `self.raw` is an open encoder, the results are valid for writing.
            unsafe { oracle_output_size(self.raw, width, height, &mut tokens, &mut floats, error, size) }
        })?;
        Ok((tokens, floats))
    }

    /// Encodes; with a visitor every node can be looked at, without one the graph runs undisturbed.
    pub fn encode(&mut self, threads: u32, input: &Input, visitor: Option<&mut dyn Visitor>) -> Result<Vec<f32>> {
        let (_, floats) = self.output_size(input.width, input.height)?;
        let shape = input.shape();
        if input.modality != self.modality || input.values.len() as u64 != elements(&shape) {
            return Err(format!("{} values are not {} of shape {shape:?}, or not this encoder's input", input.values.len(), input.name()));
        }
        let mut out = vec![0f32; floats as usize];
        let mut watch = Watch { visitor, failed: None };
        let watched = watch.visitor.is_some();
        let result = checked("llama.cpp", |error, size| {
            // SAFETY: the buffers have the sizes passed, and `watch` outlives the call that uses it.
            unsafe {
                oracle_encode(
                    self.raw,
                    threads,
                    input.width,
                    input.height,
                    input.values.as_ptr(),
                    watched.then_some(on_announce as NodeFn),
                    watched.then_some(on_visit as NodeFn),
                    ptr::from_mut(&mut watch).cast(),
                    out.as_mut_ptr(),
                    floats,
                    error,
                    size,
                )
            }
        });
        match watch.failed {
            Some(reason) => Err(reason),
            None => result.map(|()| out),
        }
    }

    /// The encoder's own preparation of an 8-bit RGB image: the tiles and then the whole, or only that.
    pub fn preprocess_rgb(&self, rgb: &[u8], width: u32, height: u32) -> Result<Vec<Input>> {
        check_rgb(rgb, width, height)?;
        self.preprocess(|taken, error, size| {
            // SAFETY: `rgb` has the size passed, `taken` outlives the call.
            unsafe { oracle_preprocess_rgb(self.raw, rgb.as_ptr(), width, height, take, ptr::from_mut(taken).cast(), error, size) }
        })
    }

    /// The encoder's own spectrograms of mono samples at the encoder's rate, one per piece of the sound.
    pub fn preprocess_pcm(&self, pcm: &[f32]) -> Result<Vec<Input>> {
        self.preprocess(|taken, error, size| {
            // SAFETY: `pcm` has the size passed, `taken` outlives the call.
            unsafe { oracle_preprocess_pcm(self.raw, pcm.as_ptr(), pcm.len() as u64, take, ptr::from_mut(taken).cast(), error, size) }
        })
    }

    fn preprocess(&self, call: impl FnOnce(&mut Taken, *mut c_char, usize) -> i32) -> Result<Vec<Input>> {
        let mut taken = Taken { modality: self.modality, inputs: Vec::new() };
        checked("llama.cpp preprocessing", |error, size| call(&mut taken, error, size))?;
        if taken.inputs.is_empty() { Err("llama.cpp preprocessing left nothing to encode".to_string()) } else { Ok(taken.inputs) }
    }

    /// Normalisation alone, for an image that has the encoder's size.
    pub fn normalize(&self, rgb: &[u8], width: u32, height: u32) -> Result<Input> {
        check_rgb(rgb, width, height)?;
        let mut values = vec![0f32; rgb.len()];
        checked("llama.cpp normalisation", |error, size| {
            // SAFETY: both buffers have the sizes passed.
            unsafe { oracle_normalize(self.raw, rgb.as_ptr(), width, height, values.as_mut_ptr(), values.len() as u64, error, size) }
        })?;
        Ok(Input { modality: Modality::Image, width, height, values, whole: true })
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: opened by `open`, closed once.
        unsafe { oracle_close(self.raw) }
    }
}

struct Taken {
    modality: Modality,
    inputs: Vec<Input>,
}

extern "C" fn take(user: *mut c_void, width: u32, height: u32, values: *const f32, floats: u64, whole: i32) {
    // SAFETY: `user` is a `Taken`, `values` holds `floats` values for the time of this call.
    let (taken, values) = unsafe { (&mut *user.cast::<Taken>(), std::slice::from_raw_parts(values, floats as usize)) };
    let (modality, values) = (taken.modality, values.to_vec());
    taken.inputs.push(Input { modality, width, height, values, whole: whole != 0 });
}

fn check_rgb(rgb: &[u8], width: u32, height: u32) -> Result<()> {
    if rgb.len() as u64 == u64::from(width) * u64::from(height) * 3 {
        return Ok(());
    }
    Err(format!("{} bytes are not a {width}x{height} RGB image", rgb.len()))
}

struct Watch<'a> {
    visitor: Option<&'a mut dyn Visitor>,
    failed: Option<String>,
}

/// Shared body of both callbacks: no panic may cross the C++ frames above.
fn watched(user: *mut c_void, raw: *const RawNode, body: impl FnOnce(&mut dyn Visitor, &Node, &RawNode) -> Result<bool>) -> i32 {
    // SAFETY: the shim passes back the pointer given to `oracle_encode` and a node valid for this call.
    let (watch, raw) = unsafe { (&mut *user.cast::<Watch<'_>>(), &*raw) };
    if watch.failed.is_some() {
        return 0;
    }
    let Some(visitor) = watch.visitor.as_deref_mut() else { return 0 };
    let outcome = catch_unwind(AssertUnwindSafe(|| body(visitor, &node(raw), raw)));
    match outcome.unwrap_or_else(|_| Err("panic while looking at a node".to_string())) {
        Ok(answer) => i32::from(answer),
        Err(reason) => {
            watch.failed = Some(reason);
            0
        }
    }
}

extern "C" fn on_announce(user: *mut c_void, raw: *const RawNode) -> i32 {
    watched(user, raw, |visitor, node, _| Ok(visitor.announce(node)))
}

extern "C" fn on_visit(user: *mut c_void, raw: *const RawNode) -> i32 {
    watched(user, raw, |visitor, node, raw| {
        let dtype = node.dtype.ok_or_else(|| format!("node {} has the block type {}", node.name, node.type_name))?;
        if raw.data.is_null() {
            return Err(format!("node {} has no data", node.name));
        }
        // SAFETY: the node spans `bytes` bytes from `data`; strides of ggml nodes are not negative.
        let bytes = unsafe { std::slice::from_raw_parts(raw.data.cast::<u8>(), raw.bytes as usize) };
        visitor.visit(node, Strided { dtype, shape: &node.shape, stride: &node.stride, bytes }).map(|()| true)
    })
}

fn node(raw: &RawNode) -> Node {
    let used = (1..=4).rev().find(|&n| n == 1 || raw.ne[n - 1] != 1).unwrap_or(1);
    let type_name = owned(raw.type_name);
    Node {
        name: owned(raw.name),
        op: owned(raw.op),
        dtype: DType::parse(&type_name).filter(|dtype| dtype.bytes() as u64 == raw.element),
        type_name,
        shape: raw.ne[..used].iter().rev().map(|&n| n as u64).collect(),
        stride: raw.nb[..used].iter().rev().map(|&n| n as i64).collect(),
        is_view: raw.is_view != 0,
    }
}

/// ISA features that the linked build of ggml was compiled for.
pub fn features() -> Vec<String> {
    // SAFETY: plain query.
    owned(unsafe { oracle_cpu_features() }).split_whitespace().map(str::to_string).collect()
}

pub fn ggml_version() -> String {
    // SAFETY: plain query.
    owned(unsafe { oracle_ggml_version() })
}

pub fn libc() -> String {
    // SAFETY: plain query.
    owned(unsafe { oracle_libc() })
}

pub fn shim_compiler() -> String {
    // SAFETY: plain query.
    owned(unsafe { oracle_compiler() })
}
