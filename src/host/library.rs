//! Safe calls into a compiled encoder: opens the shared library, checks every size before the border, turns its
//! errors into diagnostics and keeps panics on this side.

use std::any::Any;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::ptr::{null, null_mut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::diagnostic::{Diagnostic, Result};
use crate::taps::{DType, TapView, span};

/// How an encoder is opened.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// Worker threads; 0 means one per core that this process may use.
    pub threads: u32,
    /// Forces a kernel variant by name; none takes the best that this CPU has.
    pub variant: Option<String>,
}

/// What one call on images needs and gives, known before it runs. Field names are those of the C API.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlanInfo {
    /// Pixels of the image as given; 0 in the plan of a preprocessed one.
    pub source_width: u32,
    pub source_height: u32,
    /// Pixels of the preprocessed image.
    pub width: u32,
    pub height: u32,
    /// Cells of the image's grid of tokens.
    pub grid_rows: u32,
    pub grid_cols: u32,
    pub work: Work,
}

/// What one call on a sound needs and gives.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AudioPlan {
    /// Of the sound as given; 0 in the plan of a spectrogram.
    pub samples: u64,
    /// Of one chunk.
    pub frames: u32,
    pub mel_bins: u32,
    pub work: Work,
}

/// The end of either plan: how much is computed, and the memory that it takes.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work {
    /// Images, or the chunks that the sound is cut into.
    pub batch: u32,
    /// Threads of the call, the calling one among them.
    pub threads: u32,
    /// Per image or chunk.
    pub tokens: u64,
    /// Floats per token.
    pub embedding: u64,
    /// Floats of the whole batch: `batch * tokens * embedding`.
    pub output_floats: u64,
    /// Bytes of working memory.
    pub arena_bytes: u64,
    /// Floating-point operations of the whole batch.
    pub flops: u64,
}

impl Work {
    /// Tokens of the whole batch.
    pub fn all_tokens(&self) -> u64 {
        self.tokens * u64::from(self.batch)
    }

    /// The work whose other numbers the library finds out for so many threads.
    fn on(threads: u32) -> Self {
        Self { threads, ..Self::default() }
    }
}

/// A view of an image: a rectangle of the resized image.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct View {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
    pub image_width: u32,
    pub image_height: u32,
}

/// A step that is about to run.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    pub step: u32,
    pub steps: u32,
    pub name: &'a str,
}

/// Called before each step; `Break` cancels the call.
pub type OnProgress<'a> = &'a mut (dyn FnMut(Progress<'_>) -> ControlFlow<()> + Send);

/// Called with each named value, which it may replace; an error cancels the call and is its result.
pub type OnTap<'a> = &'a mut (dyn FnMut(&mut TapView<'_>) -> Result<()> + Send);

/// What to call while an encoder runs.
#[derive(Default)]
pub struct Hooks<'a> {
    pub progress: Option<OnProgress<'a>>,
    pub tap: Option<OnTap<'a>>,
}

/// A loaded encoder library; encoders opened from it keep it loaded.
#[derive(Clone)]
pub struct Library {
    api: Arc<Api>,
}

/// An encoder with its weights. Closed when dropped.
pub struct Encoder {
    handle: *mut c_void,
    api: Arc<Api>,
    hooks: Box<Shared>,
    weights: PathBuf,
    taps: bool,
    reserved_bytes: Option<u64>,
}

// The handle is bound to no thread, and every call that changes it takes `&mut self`.
unsafe impl Send for Encoder {}

impl Library {
    /// Loads a shared library whose functions start with `prefix`, the encoder's name.
    pub fn load(path: &Path, prefix: &str) -> Result<Self> {
        Ok(Self { api: Arc::new(Api::load(path, prefix)?) })
    }

    /// The facts that the library was built from: encoder, profile, target, hashes, sizes.
    pub fn build_info(&self) -> Result<Value> {
        let fail = |message: String| Diagnostic::new("library-build-info", message).in_file(&self.api.path);
        // SAFETY: the function takes nothing and returns a string that lives as long as the library.
        let text = unsafe { text((self.api.build_info)()) }.ok_or_else(|| fail("the build facts are no text".to_string()))?;
        serde_json::from_str(text).map_err(|e| fail(format!("the build facts are no JSON: {e}")))
    }

    /// Sizes for `batch` RGB images of one size on `threads` threads, without any weights.
    pub fn plan_only(&self, width: u32, height: u32, batch: u32, threads: u32) -> Result<PlanInfo> {
        let (mut info, mut error) = (PlanInfo { work: Work::on(threads), ..PlanInfo::default() }, RawError::default());
        let plan = self.api.image()?.plan;
        // SAFETY: without a handle the function reads the thread count from the result; both results outlive the call.
        let status = unsafe { plan(null_mut(), width, height, batch, &mut info, &mut error) };
        match status {
            0 => Ok(info),
            _ => Err(self.api.error(status, &error).fact(format!("{batch} image(s) of {width} x {height}"))),
        }
    }

    /// The views that an image is cut into; none if the encoder takes every image as one.
    pub fn views(&self, width: u32, height: u32) -> Result<Vec<View>> {
        let Some(calls) = &self.api.image()?.views else { return Ok(Vec::new()) };
        let mut error = RawError::default();
        let mut found: Vec<View> = Vec::new();
        loop {
            let (capacity, mut count) = (found.len() as u32, 0);
            // SAFETY: the array has `capacity` views, and all results outlive the call.
            let status = unsafe { (calls.views)(width, height, found.as_mut_ptr(), capacity, &mut count, &mut error) };
            if status != 0 {
                return Err(self.api.error(status, &error).fact(format!("an image of {width} x {height}")));
            }
            if count <= capacity {
                return Ok(found);
            }
            found.resize(count as usize, View::default());
        }
    }

    /// Sizes for one sound on `threads` threads, without any weights.
    pub fn plan_audio_only(&self, samples: u64, threads: u32) -> Result<AudioPlan> {
        let (mut info, mut error) = (AudioPlan { work: Work::on(threads), ..AudioPlan::default() }, RawError::default());
        let plan = self.api.audio()?.plan;
        // SAFETY: without a handle the function reads the thread count from the result; both results outlive the call.
        let status = unsafe { plan(null_mut(), samples, &mut info, &mut error) };
        if status == 0 { Ok(info) } else { Err(self.api.error(status, &error).fact(format!("{samples} samples"))) }
    }

    /// Opens the weights of a GGUF file.
    pub fn open(&self, gguf: &Path, options: &OpenOptions) -> Result<Encoder> {
        let api = self.api.clone();
        let path = c_path(gguf)?;
        let variant = match &options.variant {
            Some(v) => Some(CString::new(v.as_str()).map_err(|_| Diagnostic::new("encoder-argument", "the variant has a zero byte"))?),
            None => None,
        };
        let threads = match options.threads {
            0 => std::thread::available_parallelism().map_or(1, |n| n.get() as u32),
            n => n,
        };
        let hooks = Box::new(Shared::default());
        let user = (&raw const *hooks).cast_mut().cast::<c_void>();
        let mut raw = RawOptions {
            struct_size: size_of::<RawOptions>() as u32,
            threads,
            parallel_for: None,
            parallel_user: null_mut(),
            progress: Some(on_progress),
            progress_user: user,
            tap: Some(on_tap),
            tap_user: user,
            variant: variant.as_ref().map_or(null(), |v| v.as_ptr()),
        };
        let mut handle = null_mut();
        let mut error = RawError::default();
        // SAFETY: all pointers outlive the call; `user` lives in the box that the encoder keeps until it is closed.
        let mut open = |raw: &RawOptions| unsafe { (api.open)(path.as_ptr(), raw, &mut handle, &mut error) };
        let mut status = open(&raw);
        if status == ARGUMENT {
            // A library that was built without taps takes no callback for them.
            raw.tap = None;
            status = open(&raw);
        }
        if status != 0 || handle.is_null() {
            return Err(api.error(status, &error).in_file(gguf));
        }
        Ok(Encoder { handle, api, hooks, weights: gguf.to_path_buf(), taps: raw.tap.is_some(), reserved_bytes: None })
    }
}

impl Encoder {
    /// Name of the best kernel variant in use.
    pub fn variant(&self) -> String {
        // SAFETY: the handle is open; the string lives as long as the library.
        unsafe { text((self.api.variant)(self.handle)) }.unwrap_or("unknown").to_string()
    }

    /// Sizes for `batch` RGB images of one size, before preprocessing.
    pub fn plan(&self, width: u32, height: u32, batch: u32) -> Result<PlanInfo> {
        self.plan_with(self.api.image()?.plan, width, height, batch)
    }

    /// Sizes for `batch` images that are preprocessed already.
    pub fn plan_pixels(&self, width: u32, height: u32, batch: u32) -> Result<PlanInfo> {
        self.plan_with(self.api.image()?.plan_pixels, width, height, batch)
    }

    /// Sizes for one view of an image.
    pub fn plan_view(&self, width: u32, height: u32, view: u32) -> Result<PlanInfo> {
        self.plan_with(self.api.views()?.plan_view, width, height, view)
    }

    fn plan_with(&self, function: PlanFn, width: u32, height: u32, batch: u32) -> Result<PlanInfo> {
        let (mut info, mut error) = (PlanInfo::default(), RawError::default());
        // SAFETY: the handle is open and both results outlive the call.
        let status = unsafe { function(self.handle, width, height, batch, &mut info, &mut error) };
        match status {
            0 => Ok(info),
            _ => Err(self.api.error(status, &error).fact(format!("{batch} image(s) of {width} x {height}"))),
        }
    }

    /// Sizes for one sound, before preprocessing.
    pub fn plan_audio(&self, samples: u64) -> Result<AudioPlan> {
        let plan = self.api.audio()?.plan;
        // SAFETY: the handle is open and both results outlive the call.
        self.plan_sound(|info, error| unsafe { plan(self.handle, samples, info, error) }, || format!("{samples} samples"))
    }

    /// Sizes for `batch` spectrograms.
    pub fn plan_mel(&self, frames: u32, batch: u32) -> Result<AudioPlan> {
        let plan = self.api.audio()?.plan_mel;
        // SAFETY: the handle is open and both results outlive the call.
        self.plan_sound(
            |info, error| unsafe { plan(self.handle, frames, batch, info, error) },
            || format!("{batch} chunk(s) of {frames} frames"),
        )
    }

    fn plan_sound(&self, call: impl FnOnce(&mut AudioPlan, &mut RawError) -> i32, fact: impl FnOnce() -> String) -> Result<AudioPlan> {
        let (mut info, mut error) = (AudioPlan::default(), RawError::default());
        match call(&mut info, &mut error) {
            0 => Ok(info),
            status => Err(self.api.error(status, &error).fact(fact())),
        }
    }

    /// Allocates the working memory for calls up to this plan. Calls do it themselves if it was not done.
    pub fn reserve(&mut self, plan: &PlanInfo) -> Result<()> {
        self.api.image()?;
        self.reserve_raw(std::ptr::from_ref(plan).cast(), plan.work.arena_bytes)
    }

    /// The same for an encoder of sound.
    pub fn reserve_audio(&mut self, plan: &AudioPlan) -> Result<()> {
        self.api.audio()?;
        self.reserve_raw(std::ptr::from_ref(plan).cast(), plan.work.arena_bytes)
    }

    fn reserve_raw(&mut self, plan: *const c_void, bytes: u64) -> Result<()> {
        let mut error = RawError::default();
        // SAFETY: the handle is open, and `plan` is of this kind of encoder and outlives the call.
        let status = unsafe { (self.api.reserve)(self.handle, plan, &mut error) };
        if status != 0 {
            return Err(self.api.error(status, &error).fact(format!("{bytes} bytes of working memory")));
        }
        self.reserved_bytes = Some(self.reserved_bytes.unwrap_or(0).max(bytes));
        Ok(())
    }

    fn ensure_reserved(&mut self, plan: &PlanInfo) -> Result<()> {
        match self.reserved_bytes {
            Some(bytes) if bytes >= plan.work.arena_bytes => Ok(()),
            _ => self.reserve(plan),
        }
    }

    fn ensure_reserved_audio(&mut self, plan: &AudioPlan) -> Result<()> {
        match self.reserved_bytes {
            Some(bytes) if bytes >= plan.work.arena_bytes => Ok(()),
            _ => self.reserve_audio(plan),
        }
    }

    /// The spectrograms of a sound: floats `[chunks, mel bins, frames]`.
    pub fn preprocess_pcm(&mut self, pcm: &[f32]) -> Result<Vec<f32>> {
        let plan = self.plan_audio(pcm.len() as u64)?;
        self.ensure_reserved_audio(&plan)?;
        let mut mel = zeros(mel_count(plan.mel_bins, plan.frames, plan.work.batch))?;
        let function = self.api.audio()?.preprocess_pcm;
        self.call(&mut Hooks::default(), |handle, error| {
            // SAFETY: `pcm` and `mel` have the lengths passed.
            unsafe { function(handle, pcm.as_ptr(), pcm.len() as u64, null_mut(), 0, mel.as_mut_ptr(), mel.len() as u64, error) }
        })?;
        Ok(mel)
    }

    /// Encodes one sound, mono samples at the encoder's rate: floats `[chunks, tokens, embedding]`.
    pub fn encode_pcm(&mut self, pcm: &[f32], mut hooks: Hooks<'_>) -> Result<Vec<f32>> {
        let plan = self.plan_audio(pcm.len() as u64)?;
        self.ensure_reserved_audio(&plan)?;
        let mut out = zeros(plan.work.output_floats)?;
        let function = self.api.audio()?.encode_pcm;
        self.call(&mut hooks, |handle, error| {
            // SAFETY: `pcm` and `out` have the lengths passed.
            unsafe { function(handle, pcm.as_ptr(), pcm.len() as u64, null_mut(), 0, out.as_mut_ptr(), out.len() as u64, error) }
        })?;
        Ok(out)
    }

    /// Encodes spectrograms `[batch, mel bins, frames]`: floats `[batch, tokens, embedding]`.
    pub fn encode_mel(&mut self, mel: &[f32], frames: u32, batch: u32, mut hooks: Hooks<'_>) -> Result<Vec<f32>> {
        let plan = self.plan_mel(frames, batch)?;
        let needed = mel_count(plan.mel_bins, frames, batch);
        if mel.len() as u64 != needed {
            return Err(Diagnostic::new("encoder-argument", "the mel array has the wrong length").fact(format!(
                "{batch} chunk(s) of {} x {frames} need {needed} values, there are {}",
                plan.mel_bins,
                mel.len()
            )));
        }
        self.ensure_reserved_audio(&plan)?;
        let mut out = zeros(plan.work.output_floats)?;
        let function = self.api.audio()?.encode_mel;
        self.call(&mut hooks, |handle, error| {
            // SAFETY: `mel` has mel_bins * frames * batch floats (checked above), `out` the length passed.
            unsafe { function(handle, mel.as_ptr(), frames, batch, null_mut(), 0, out.as_mut_ptr(), out.len() as u64, error) }
        })?;
        Ok(out)
    }

    /// Resizes and normalises RGB images: floats `[batch, height, width, 3]` with the plan's preprocessed size.
    pub fn preprocess_rgb(&mut self, rgb: &[u8], width: u32, height: u32, batch: u32) -> Result<Vec<f32>> {
        check_len("rgb", rgb.len(), width, height, batch)?;
        let plan = self.plan(width, height, batch)?;
        self.ensure_reserved(&plan)?;
        let mut pixels = zeros(pixel_count(plan.width, plan.height, batch))?;
        let function = self.api.image()?.preprocess_rgb;
        self.call(&mut Hooks::default(), |handle, error| {
            // SAFETY: `rgb` has width * height * batch * 3 bytes (checked above), `pixels` the length passed.
            unsafe {
                let (out, floats) = (pixels.as_mut_ptr(), pixels.len() as u64);
                function(handle, rgb.as_ptr(), width, height, batch, null_mut(), 0, out, floats, error)
            }
        })?;
        Ok(pixels)
    }

    /// Encodes `batch` interleaved 8-bit RGB images of one size: floats `[batch, tokens, embedding]`.
    pub fn encode_rgb(&mut self, rgb: &[u8], width: u32, height: u32, batch: u32, mut hooks: Hooks<'_>) -> Result<Vec<f32>> {
        check_len("rgb", rgb.len(), width, height, batch)?;
        let plan = self.plan(width, height, batch)?;
        self.ensure_reserved(&plan)?;
        let mut out = zeros(plan.work.output_floats)?;
        let function = self.api.image()?.encode_rgb;
        self.call(&mut hooks, |handle, error| {
            // SAFETY: `rgb` has width * height * batch * 3 bytes (checked above), `out` the length passed.
            unsafe {
                let floats = out.len() as u64;
                function(handle, rgb.as_ptr(), width, height, batch, null_mut(), 0, out.as_mut_ptr(), floats, error)
            }
        })?;
        Ok(out)
    }

    /// Encodes one view of an image: floats `[tokens, embedding]`.
    pub fn encode_view(&mut self, rgb: &[u8], width: u32, height: u32, view: u32, mut hooks: Hooks<'_>) -> Result<Vec<f32>> {
        check_len("rgb", rgb.len(), width, height, 1)?;
        let plan = self.plan_view(width, height, view)?;
        let calls = self.api.views()?;
        let (reserve, function) = (calls.reserve_views, calls.encode_view);
        if self.reserved_bytes.is_none_or(|bytes| bytes < plan.work.arena_bytes) {
            let mut error = RawError::default();
            // SAFETY: the handle is open.
            let status = unsafe { reserve(self.handle, width, height, &mut error) };
            if status != 0 {
                return Err(self.api.error(status, &error));
            }
            self.reserved_bytes = Some(plan.work.arena_bytes);
        }
        let mut out = zeros(plan.work.output_floats)?;
        self.call(&mut hooks, |handle, error| {
            // SAFETY: `rgb` has width * height * 3 bytes (checked above), `out` the length passed.
            unsafe {
                let floats = out.len() as u64;
                function(handle, rgb.as_ptr(), width, height, view, null_mut(), 0, out.as_mut_ptr(), floats, error)
            }
        })?;
        Ok(out)
    }

    /// Encodes preprocessed images `[batch, height, width, 3]`: floats `[batch, tokens, embedding]`.
    pub fn encode_pixels(&mut self, pixels: &[f32], width: u32, height: u32, batch: u32, mut hooks: Hooks<'_>) -> Result<Vec<f32>> {
        check_len("pixels", pixels.len(), width, height, batch)?;
        let plan = self.plan_pixels(width, height, batch)?;
        self.ensure_reserved(&plan)?;
        let mut out = zeros(plan.work.output_floats)?;
        let function = self.api.image()?.encode_pixels;
        self.call(&mut hooks, |handle, error| {
            // SAFETY: `pixels` has width * height * batch * 3 floats (checked above), `out` the length passed.
            unsafe {
                let floats = out.len() as u64;
                function(handle, pixels.as_ptr(), width, height, batch, null_mut(), 0, out.as_mut_ptr(), floats, error)
            }
        })?;
        Ok(out)
    }

    /// Makes one call with the hooks in place; a panic or an error of a hook wins over the library's own answer.
    fn call(&mut self, hooks: &mut Hooks<'_>, run: impl FnOnce(*mut c_void, &mut RawError) -> i32) -> Result<()> {
        if hooks.tap.is_some() && !self.taps {
            return Err(Diagnostic::new("encoder-argument", "the library was built without taps"));
        }
        let mut error = RawError::default();
        // SAFETY: only the lifetime of the closures changes, and they are taken out again before this function
        // returns: the call below is the only time in which the library may use them.
        self.hooks.lock().now = unsafe {
            std::mem::transmute::<Hooks<'_>, Hooks<'static>>(Hooks {
                progress: hooks.progress.as_mut().map(|f| &mut **f as OnProgress<'_>),
                tap: hooks.tap.as_mut().map(|f| &mut **f as OnTap<'_>),
            })
        };
        let status = run(self.handle, &mut error);
        let Active { now: _, failure, panic } = std::mem::take(&mut *self.hooks.lock());
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
        match (failure, status) {
            (Some(failure), _) => Err(failure),
            (None, 0) => Ok(()),
            (None, status @ (2..=4 | 11)) => Err(self.api.error(status, &error).in_file(&self.weights)),
            (None, status) => Err(self.api.error(status, &error)),
        }
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: the handle is open, and this is its last use.
        unsafe { (self.api.close)(self.handle) }
    }
}

/// What the callbacks reach: the closures of the call that is running and what went wrong in them.
#[derive(Default)]
struct Shared(Mutex<Active>);

#[derive(Default)]
struct Active {
    now: Hooks<'static>,
    failure: Option<Diagnostic>,
    panic: Option<Box<dyn Any + Send>>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Active> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Active {
    /// Runs a hook; what it throws is kept until the call has come back from the library.
    fn guarded(&mut self, hook: impl FnOnce(&mut Hooks<'static>) -> Result<ControlFlow<()>>) -> ControlFlow<()> {
        if self.failure.is_some() || self.panic.is_some() {
            return ControlFlow::Break(());
        }
        match catch_unwind(AssertUnwindSafe(|| hook(&mut self.now))) {
            Ok(Ok(flow)) => return flow,
            Ok(Err(failure)) => self.failure = Some(failure),
            Err(panic) => self.panic = Some(panic),
        }
        ControlFlow::Break(())
    }
}

unsafe extern "C" fn on_progress(user: *mut c_void, step: u32, steps: u32, name: *const c_char) -> c_int {
    // SAFETY: `user` is the `Shared` that the encoder keeps until it is closed; `name` is a string or null.
    let (shared, name) = unsafe { (&*user.cast::<Shared>(), text(name).unwrap_or("?")) };
    let flow = shared.lock().guarded(|hooks| match &mut hooks.progress {
        Some(progress) => Ok(progress(Progress { step, steps, name })),
        None => Ok(ControlFlow::Continue(())),
    });
    c_int::from(flow.is_break())
}

unsafe extern "C" fn on_tap(user: *mut c_void, tap: *const RawTap) {
    // SAFETY: `user` as in `on_progress`; the library's tap is valid during this call.
    let (shared, tap) = unsafe { (&*user.cast::<Shared>(), &*tap) };
    // A failure stops the run at the next progress callback.
    let _ = shared.lock().guarded(|hooks| {
        if let Some(on_tap) = &mut hooks.tap {
            // SAFETY: the strings, the shape and the data are valid during this call.
            unsafe { with_view(tap, on_tap) }?;
        }
        Ok(ControlFlow::Continue(()))
    });
}

/// Checks a tap's description and hands it on as a view.
unsafe fn with_view(tap: &RawTap, on_tap: &mut OnTap<'_>) -> Result<()> {
    let (name, op, kernel, dtype) = unsafe { (text(tap.name), text(tap.op), text(tap.kernel), text(tap.dtype)) };
    let name = name.unwrap_or("?");
    let fail = |message: String| Diagnostic::new("tap-malformed", format!("the value {name}: {message}"));
    let dtype = dtype.unwrap_or("?");
    let dtype = DType::parse(dtype).ok_or_else(|| fail(format!("unknown element type {dtype}")))?;
    let rank = tap.rank as usize;
    let (Some(shape), Some(strides)) = (tap.shape.get(..rank), tap.stride.get(..rank)) else {
        return Err(fail(format!("{rank} dimensions, at most {} are possible", tap.shape.len())));
    };
    let strides: Vec<u64> =
        strides.iter().map(|&s| u64::try_from(s).map_err(|_| fail(format!("the stride {s} is negative")))).collect::<Result<_>>()?;
    let bytes = span(dtype, shape, &strides).and_then(|n| isize::try_from(n).ok());
    let bytes = bytes.ok_or_else(|| fail(format!("shape {shape:?} is too large")))?;
    let data = match bytes {
        0 => &mut [],
        _ if tap.data.is_null() => return Err(fail("no data".to_string())),
        // SAFETY: the library promises that the elements described are there, may be written, and are used by nobody
        // else during the callback; `bytes` ends at the last of them.
        n => unsafe { std::slice::from_raw_parts_mut(tap.data.cast::<u8>(), n as usize) },
    };
    on_tap(&mut TapView::live(name, op.unwrap_or("?"), kernel.unwrap_or("?"), dtype, shape, &strides, data)?)
}

/// A C string as text; none for null or bytes that are not UTF-8.
unsafe fn text<'a>(pointer: *const c_char) -> Option<&'a str> {
    if pointer.is_null() {
        return None;
    }
    unsafe { CStr::from_ptr(pointer) }.to_str().ok()
}

fn c_path(path: &Path) -> Result<CString> {
    #[cfg(unix)]
    let bytes = Some(std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()).to_vec());
    #[cfg(not(unix))]
    let bytes = path.to_str().map(|s| s.as_bytes().to_vec());
    bytes
        .and_then(|b| CString::new(b).ok())
        .ok_or_else(|| Diagnostic::new("encoder-argument", "the path cannot be passed to C").in_file(path))
}

fn pixel_count(width: u32, height: u32, batch: u32) -> u64 {
    // Each factor has 32 bits: the product of two fits, of more it may not.
    (u64::from(width) * u64::from(height)).saturating_mul(u64::from(batch)).saturating_mul(3)
}

fn mel_count(mel_bins: u32, frames: u32, batch: u32) -> u64 {
    (u64::from(mel_bins) * u64::from(frames)).saturating_mul(u64::from(batch))
}

fn check_len(what: &str, len: usize, width: u32, height: u32, batch: u32) -> Result<()> {
    let needed = pixel_count(width, height, batch);
    if len as u64 == needed {
        return Ok(());
    }
    Err(Diagnostic::new("encoder-argument", format!("the {what} array has the wrong length"))
        .fact(format!("{batch} image(s) of {width} x {height} x 3 need {needed} values, there are {len}")))
}

/// A result array; a size that memory cannot hold is an error, not an abort.
fn zeros(len: u64) -> Result<Vec<f32>> {
    let mut out = Vec::new();
    let fits = usize::try_from(len).ok().and_then(|n| out.try_reserve_exact(n).ok());
    if fits.is_none() {
        return Err(Diagnostic::new("encoder-memory", format!("no memory for {len} floats of output")));
    }
    out.resize(len as usize, 0.0);
    Ok(out)
}

#[repr(C)]
struct RawError {
    status: i32,
    message: [c_char; 508],
}

impl Default for RawError {
    fn default() -> Self {
        Self { status: 0, message: [0; 508] }
    }
}

#[repr(C)]
struct RawTap {
    name: *const c_char,
    op: *const c_char,
    kernel: *const c_char,
    dtype: *const c_char,
    index: u32,
    rank: u32,
    shape: [u64; 4],
    stride: [i64; 4],
    data: *mut c_void,
}

type ParallelBody = unsafe extern "C" fn(arg: *mut c_void, begin: usize, end: usize, worker: u32);

#[repr(C)]
struct RawOptions {
    struct_size: u32,
    threads: u32,
    parallel_for: Option<unsafe extern "C" fn(*mut c_void, usize, ParallelBody, *mut c_void)>,
    parallel_user: *mut c_void,
    progress: Option<unsafe extern "C" fn(*mut c_void, u32, u32, *const c_char) -> c_int>,
    progress_user: *mut c_void,
    tap: Option<unsafe extern "C" fn(*mut c_void, *const RawTap)>,
    tap_user: *mut c_void,
    variant: *const c_char,
}

type PlanFn = unsafe extern "C" fn(*const c_void, u32, u32, u32, *mut PlanInfo, *mut RawError) -> i32;
type FromRgbFn = unsafe extern "C" fn(*mut c_void, *const u8, u32, u32, u32, *mut c_void, u64, *mut f32, u64, *mut RawError) -> i32;
type FromPixelsFn = unsafe extern "C" fn(*mut c_void, *const f32, u32, u32, u32, *mut c_void, u64, *mut f32, u64, *mut RawError) -> i32;

type PlanAudioFn = unsafe extern "C" fn(*const c_void, u64, *mut AudioPlan, *mut RawError) -> i32;
type PlanMelFn = unsafe extern "C" fn(*const c_void, u32, u32, *mut AudioPlan, *mut RawError) -> i32;
type FromPcmFn = unsafe extern "C" fn(*mut c_void, *const f32, u64, *mut c_void, u64, *mut f32, u64, *mut RawError) -> i32;
type FromMelFn = unsafe extern "C" fn(*mut c_void, *const f32, u32, u32, *mut c_void, u64, *mut f32, u64, *mut RawError) -> i32;

struct ImageCalls {
    plan: PlanFn,
    plan_pixels: PlanFn,
    preprocess_rgb: FromRgbFn,
    encode_rgb: FromRgbFn,
    encode_pixels: FromPixelsFn,
    views: Option<ViewCalls>,
}

/// The calls of an encoder that cuts images into views.
struct ViewCalls {
    views: unsafe extern "C" fn(u32, u32, *mut View, u32, *mut u32, *mut RawError) -> i32,
    plan_view: PlanFn,
    reserve_views: unsafe extern "C" fn(*mut c_void, u32, u32, *mut RawError) -> i32,
    encode_view: FromRgbFn,
}

struct AudioCalls {
    plan: PlanAudioFn,
    plan_mel: PlanMelFn,
    preprocess_pcm: FromPcmFn,
    encode_pcm: FromPcmFn,
    encode_mel: FromMelFn,
}

/// The calls that depend on what is encoded.
enum Calls {
    Image(ImageCalls),
    Audio(AudioCalls),
}

/// The functions of one library, which stays loaded as long as they are held.
struct Api {
    open: unsafe extern "C" fn(*const c_char, *const RawOptions, *mut *mut c_void, *mut RawError) -> i32,
    reserve: unsafe extern "C" fn(*mut c_void, *const c_void, *mut RawError) -> i32,
    calls: Calls,
    close: unsafe extern "C" fn(*mut c_void),
    strerror: unsafe extern "C" fn(i32) -> *const c_char,
    variant: unsafe extern "C" fn(*const c_void) -> *const c_char,
    build_info: unsafe extern "C" fn() -> *const c_char,
    path: PathBuf,
    _library: libloading::Library,
}

impl Api {
    fn load(path: &Path, prefix: &str) -> Result<Self> {
        let fail = |message: String| Diagnostic::new("library-unloadable", message).in_file(path);
        // SAFETY: an emitted encoder has no initialisers; the caller vouches that the file is one.
        let library =
            unsafe { libloading::Library::new(path) }.map_err(|e| fail(format!("cannot load the encoder library: {}", with_cause(&e))))?;
        macro_rules! function {
            ($name:literal) => {{
                let symbol = format!("{prefix}_{}", $name);
                // SAFETY: the type is that of the function of this name in the emitted header.
                let found = unsafe { library.get(symbol.as_str()) }.map(|s| *s);
                found.map_err(|_| fail(format!("the library has no function {symbol}")).help("is it the library of another encoder?"))?
            }};
        }
        let open = function!("open");
        // SAFETY: whether a symbol is there is all that is asked.
        let audio = unsafe { library.get::<*const c_void>(format!("{prefix}_plan_mel").as_str()) }.is_ok();
        let calls = match audio {
            true => Calls::Audio(AudioCalls {
                plan: function!("plan"),
                plan_mel: function!("plan_mel"),
                preprocess_pcm: function!("preprocess_pcm"),
                encode_pcm: function!("encode_pcm"),
                encode_mel: function!("encode_mel"),
            }),
            false => Calls::Image(ImageCalls {
                plan: function!("plan"),
                plan_pixels: function!("plan_pixels"),
                preprocess_rgb: function!("preprocess_rgb"),
                encode_rgb: function!("encode_rgb"),
                encode_pixels: function!("encode_pixels"),
                // SAFETY: whether a symbol is there is all that is asked.
                views: match unsafe { library.get::<*const c_void>(format!("{prefix}_views").as_str()) } {
                    Err(_) => None,
                    Ok(_) => Some(ViewCalls {
                        views: function!("views"),
                        plan_view: function!("plan_view"),
                        reserve_views: function!("reserve_views"),
                        encode_view: function!("encode_view"),
                    }),
                },
            }),
        };
        Ok(Self {
            open,
            reserve: function!("reserve"),
            calls,
            close: function!("close"),
            strerror: function!("strerror"),
            variant: function!("variant"),
            build_info: function!("build_info"),
            path: path.to_path_buf(),
            _library: library,
        })
    }

    fn image(&self) -> Result<&ImageCalls> {
        match &self.calls {
            Calls::Image(calls) => Ok(calls),
            Calls::Audio(_) => Err(Diagnostic::new("encoder-argument", "this encoder takes sound, not images").in_file(&self.path)),
        }
    }

    fn views(&self) -> Result<&ViewCalls> {
        let calls = self.image()?.views.as_ref();
        calls.ok_or_else(|| Diagnostic::new("encoder-argument", "this encoder does not cut images into views").in_file(&self.path))
    }

    fn audio(&self) -> Result<&AudioCalls> {
        match &self.calls {
            Calls::Audio(calls) => Ok(calls),
            Calls::Image(_) => Err(Diagnostic::new("encoder-argument", "this encoder takes images, not sound").in_file(&self.path)),
        }
    }

    fn error(&self, status: i32, error: &RawError) -> Diagnostic {
        // SAFETY: the function takes any number; the string lives as long as the library.
        let general = unsafe { text((self.strerror)(status)) }.unwrap_or("unknown status");
        let bytes: Vec<u8> = error.message.iter().map(|&c| c as u8).take_while(|&c| c != 0).collect();
        let own = String::from_utf8_lossy(&bytes);
        let diagnostic = match own.as_ref() {
            "" => Diagnostic::new(code(status), general),
            message => Diagnostic::new(code(status), message),
        };
        match status {
            3 | 4 => diagnostic.help("use the GGUF of an encoder (mmproj) that this encoder was built for, or build one for this file"),
            7 => diagnostic.help("a smaller image, a shorter sound or a smaller batch needs less memory"),
            12 => diagnostic.help("choose a kernel variant that this CPU has"),
            _ => diagnostic,
        }
    }
}

fn with_cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// The status for arguments that are not allowed.
const ARGUMENT: i32 = 1;

/// The diagnostic code of each status of the C API.
fn code(status: i32) -> &'static str {
    match status {
        ARGUMENT => "encoder-argument",
        2 => "encoder-io",
        3 => "encoder-format",
        4 => "encoder-mismatch",
        5 => "encoder-image",
        6 => "encoder-limit",
        7 => "encoder-memory",
        8 => "encoder-arena",
        9 => "encoder-output",
        10 => "encoder-cancelled",
        11 => "encoder-changed",
        12 => "encoder-cpu",
        13 => "encoder-table",
        14 => "encoder-thread",
        _ => "encoder-status",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::compiler::compile;
    use std::mem::offset_of;
    use std::sync::OnceLock;

    /// The real header of an encoder of this kind.
    fn header(kind: &str) -> String {
        let facts = minijinja::context! {
            encoder => "fake", ENCODER => "FAKE", stamp => Vec::<String>::new(), variants => Vec::<String>::new(),
            input => minijinja::context! { kind, col_unit => 4, row_unit => 4, max_cols => 9, max_rows => 9 },
            preprocess => minijinja::context! {},
        };
        minijinja::Environment::new().render_str(include_str!("../runtime/c/encoder.h.j2"), facts).unwrap()
    }

    /// A stand-in with the real header: small arithmetic instead of an encoder.
    fn fake() -> Library {
        static BUILT: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
        let (_, path) = BUILT.get_or_init(|| {
            let header = header("image");
            let files = [("fake.h", header.as_str()), ("fake.c", include_str!("fake_encoder.c"))];
            let flags = ["-std=c11", "-Wall", "-Wextra", "-Werror"].map(str::to_string);
            let cache = tempfile::tempdir().unwrap();
            let library = compile(&files, "fake.c", &flags, Some(cache.path())).unwrap().library;
            (cache, library)
        });
        Library::load(path, "fake").unwrap()
    }

    fn open(weights: &str) -> Encoder {
        fake().open(Path::new(weights), &OpenOptions { threads: 3, variant: None }).unwrap()
    }

    /// Where fields of a plan lie, by their names in C.
    macro_rules! offsets {
        ($plan:ty: $($field:ident)*) => {
            [$((stringify!($field), offset_of!($plan, $field)),)*
             ("batch", offset_of!($plan, work.batch)), ("threads", offset_of!($plan, work.threads)),
             ("tokens", offset_of!($plan, work.tokens)), ("embedding", offset_of!($plan, work.embedding)),
             ("output_floats", offset_of!($plan, work.output_floats)), ("arena_bytes", offset_of!($plan, work.arena_bytes)),
             ("flops", offset_of!($plan, work.flops))]
        };
    }

    #[test]
    fn plans_lie_as_in_the_header() {
        let image = offsets!(PlanInfo: source_width source_height width height grid_rows grid_cols);
        let sound = offsets!(AudioPlan: samples frames mel_bins);
        for (kind, size, offsets) in [("image", size_of::<PlanInfo>(), &image[..]), ("audio", size_of::<AudioPlan>(), &sound[..])] {
            let claims: Vec<String> = offsets
                .iter()
                .map(|(name, at)| (format!("offsetof(fake_plan_info, {name})"), at))
                .chain([("sizeof(fake_plan_info)".to_string(), &size)])
                .map(|(what, bytes)| format!("_Static_assert({what} == {bytes}, \"{what} is not {bytes}\");\n"))
                .collect();
            let unit = format!("#include \"fake.h\"\n{}", claims.concat());
            let cache = tempfile::tempdir().unwrap();
            let built =
                compile(&[("fake.h", &header(kind)), ("layout.c", &unit)], "layout.c", &["-std=c11".to_string()], Some(cache.path()));
            built.unwrap_or_else(|e| panic!("{kind}: {}", e.plain()));
        }
    }

    #[test]
    fn plans_and_results_come_through() {
        let mut encoder = open("weights.gguf");
        assert_eq!(encoder.variant(), "portable");
        let plan = encoder.plan(6, 3, 2).unwrap();
        assert_eq!((plan.source_width, plan.source_height, plan.width, plan.height, plan.work.threads), (6, 3, 8, 4, 3));
        assert_eq!((plan.grid_rows, plan.grid_cols, plan.work.batch, plan.work.tokens, plan.work.embedding), (1, 2, 2, 2, 3));
        assert_eq!((plan.work.output_floats, plan.work.arena_bytes, plan.work.flops), (12, 1 << 10, 1 << 40));
        encoder.reserve(&plan).unwrap();
        let rgb: Vec<u8> = (0..6 * 3 * 3 * 2).map(|i| i as u8).collect();
        let pixels = encoder.preprocess_rgb(&rgb, 6, 3, 2).unwrap();
        assert_eq!((pixels.len(), pixels[0], pixels[4], pixels[18]), (8 * 4 * 3 * 2, 0.0, 4.0, 0.0));
        // Each token is its number and the first and last value of its image.
        let out = encoder.encode_rgb(&rgb, 6, 3, 2, Hooks::default()).unwrap();
        assert_eq!(out, [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 2.0, 54.0, 0.0, 3.0, 54.0, 0.0]);
        let direct = encoder.encode_pixels(&pixels, 8, 4, 2, Hooks::default()).unwrap();
        assert_eq!(direct, out);
        assert_eq!(fake().build_info().unwrap()["encoder"], "fake");
    }

    #[test]
    fn a_reserve_is_made_when_none_is_large_enough() {
        let mut encoder = open("weights.gguf");
        encoder.encode_rgb(&[0; 48], 4, 4, 1, Hooks::default()).unwrap();
        encoder.encode_rgb(&[0; 48 * 9], 12, 12, 1, Hooks::default()).unwrap();
        encoder.encode_rgb(&[0; 48], 4, 4, 1, Hooks::default()).unwrap();
    }

    #[test]
    fn errors_of_the_library_become_diagnostics() {
        let library = fake();
        let options = OpenOptions::default();
        let error = library.open(Path::new("missing.gguf"), &options).err().unwrap();
        assert_eq!((error.code(), error.message()), ("encoder-io", "cannot open missing.gguf"));
        assert_eq!(error.location().as_deref(), Some("missing.gguf"));
        let nosuch = OpenOptions { variant: Some("nosuch".to_string()), ..options };
        assert_eq!(library.open(Path::new("w"), &nosuch).err().unwrap().code(), "encoder-cpu");
        let mut encoder = open("weights.gguf");
        assert_eq!(encoder.plan(0, 4, 1).unwrap_err().message(), "status 5");
        assert_eq!(encoder.encode_rgb(&[0; 47], 4, 4, 1, Hooks::default()).unwrap_err().code(), "encoder-argument");
        assert_eq!(encoder.encode_rgb(&[], u32::MAX, u32::MAX, 9, Hooks::default()).unwrap_err().code(), "encoder-argument");
        assert_eq!(encoder.preprocess_rgb(&[], 4, 4, 1).unwrap_err().code(), "encoder-argument");
    }

    #[test]
    fn libraries_of_something_else_are_refused() {
        let path = fake().api.path.clone();
        let error = Library::load(&path, "other").err().unwrap();
        assert!(error.plain().contains("no function other_open"), "{}", error.plain());
        let error = Library::load(Path::new("/nonexistent.so"), "fake").err().unwrap();
        assert_eq!((error.code(), error.location().as_deref()), ("library-unloadable", Some("/nonexistent.so")));
    }

    #[test]
    fn hooks_see_steps_and_values() {
        let mut encoder = open("weights.gguf");
        let mut steps = Vec::new();
        let mut values = Vec::new();
        let pixels: Vec<f32> = (0..4 * 4 * 3).map(|i| i as f32).collect();
        let mut progress = |p: Progress<'_>| {
            steps.push(format!("{}/{} {}", p.step, p.steps, p.name));
            ControlFlow::Continue(())
        };
        let mut tap = |t: &mut TapView<'_>| {
            values.push(format!("{} {} {} {:?} {:?}", t.name, t.op, t.kernel, t.shape, &t.contiguous()[..4]));
            Ok(())
        };
        encoder.encode_pixels(&pixels, 4, 4, 1, Hooks { progress: Some(&mut progress), tap: Some(&mut tap) }).unwrap();
        assert_eq!(steps, ["0/2 copy", "1/2 sum"]);
        let one = format!("{:?}", 1f32.to_le_bytes());
        assert_eq!(values, [format!("green-0 copy copy.f32.exact [16, 1] {one}"), "codes sum sum.u8.exact [4] [7, 8, 9, 10]".to_string()]);
        let closed =
            open("tapless.gguf").encode_pixels(&pixels, 4, 4, 1, Hooks { progress: None, tap: Some(&mut |_: &mut TapView<'_>| Ok(())) });
        assert_eq!(closed.unwrap_err().message(), "the library was built without taps");
    }

    #[test]
    fn hooks_can_stop_a_run() {
        let mut encoder = open("weights.gguf");
        let pixels = [0.0; 48];
        let mut stop = |_: Progress<'_>| ControlFlow::Break(());
        let cancelled = encoder.encode_pixels(&pixels, 4, 4, 1, Hooks { progress: Some(&mut stop), tap: None });
        assert_eq!(cancelled.unwrap_err().code(), "encoder-cancelled");
        let mut calls = 0;
        let mut fail = |_: &mut TapView<'_>| {
            calls += 1;
            Err(Diagnostic::new("disk-full", "no room"))
        };
        let failed = encoder.encode_pixels(&pixels, 4, 4, 1, Hooks { progress: None, tap: Some(&mut fail) });
        assert_eq!((failed.unwrap_err().code(), calls), ("disk-full", 1));
        encoder.encode_pixels(&pixels, 4, 4, 1, Hooks::default()).unwrap();
    }

    #[test]
    fn a_panic_in_a_hook_passes_the_border_whole() {
        let mut encoder = open("weights.gguf");
        let thrown = catch_unwind(AssertUnwindSafe(|| {
            let mut tap = |_: &mut TapView<'_>| panic!("in the tap");
            let _ = encoder.encode_pixels(&[0.0; 48], 4, 4, 1, Hooks { progress: None, tap: Some(&mut tap) });
        }));
        assert_eq!(thrown.unwrap_err().downcast_ref::<&str>(), Some(&"in the tap"));
        encoder.encode_pixels(&[0.0; 48], 4, 4, 1, Hooks::default()).unwrap();
    }

    #[test]
    fn encoders_work_in_other_threads_and_outlive_their_library() {
        let encoder = open("weights.gguf");
        let out = std::thread::spawn(move || {
            let mut encoder = encoder;
            encoder.encode_pixels(&[0.0; 48], 4, 4, 1, Hooks::default()).unwrap()
        });
        assert_eq!(out.join().unwrap().len(), 3);
    }
}
