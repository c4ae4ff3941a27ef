//! Safe calls into a compiled encoder: opens the shared library, checks every size before the border, turns its
//! errors into diagnostics and keeps panics on this side.

use std::ffi::{CString, c_void};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::ptr::{null, null_mut};
use std::sync::Arc;

use serde_json::Value;

use super::api::{ARGUMENT, Api, PlanFn, RawError, RawOptions, text};
use super::hooks::{Active, Hooks, OnProgress, OnTap, Shared, on_progress, on_tap};
use super::plans::{AudioPlan, PlanInfo, View, Work};
use crate::diagnostic::{Diagnostic, Result};

/// How an encoder is opened.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// Worker threads; 0 means one per core that this process may use.
    pub threads: u32,
    /// Forces a kernel variant by name; none takes the best that this CPU has.
    pub variant: Option<String>,
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

    /// The same for all views of an image.
    pub fn reserve_views(&mut self, width: u32, height: u32) -> Result<()> {
        let reserve = self.api.views()?.reserve_views;
        let mut error = RawError::default();
        // SAFETY: the handle is open.
        match unsafe { reserve(self.handle, width, height, &mut error) } {
            0 => Ok(()),
            status => Err(self.api.error(status, &error)),
        }
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
        let function = self.api.views()?.encode_view;
        if self.reserved_bytes.is_none_or(|bytes| bytes < plan.work.arena_bytes) {
            self.reserve_views(width, height)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::compiler::compile;
    use crate::host::hooks::Progress;
    use crate::taps::TapView;
    use std::mem::offset_of;
    use std::ops::ControlFlow;
    use std::panic::{AssertUnwindSafe, catch_unwind};
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
