//! The C interface of an emitted library, loaded at run time under the prefix of its encoder.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::mem::offset_of;
use std::path::Path;
use std::ptr;

use libloading::Symbol;
use serde_json::Value;

use crate::Result;
use crate::llama::{Input, Modality};
use crate::tensor::{DType, Strided, span};

#[repr(C)]
struct RawHandle {
    _opaque: [u8; 0],
}

#[repr(C)]
struct RawError {
    status: i32,
    message: [u8; 508],
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
    data: *const c_void,
}

type Body = extern "C" fn(*mut c_void, usize, usize, u32);

#[repr(C)]
struct RawOptions {
    struct_size: u32,
    threads: u32,
    parallel_for: Option<extern "C" fn(*mut c_void, usize, Body, *mut c_void)>,
    parallel_user: *mut c_void,
    progress: Option<extern "C" fn(*mut c_void, u32, u32, *const c_char) -> c_int>,
    progress_user: *mut c_void,
    tap: Option<extern "C" fn(*mut c_void, *const RawTap)>,
    tap_user: *mut c_void,
    variant: *const c_char,
}

/// The end of either plan: how much is computed, and the memory that it takes.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Work {
    /// Images, or chunks of the sound.
    pub batch: u32,
    pub threads: u32,
    /// Per image or chunk.
    pub tokens: u64,
    /// Floats per token.
    pub embedding: u64,
    /// Of the whole batch, as are those that follow.
    pub output_floats: u64,
    pub arena_bytes: u64,
    pub flops: u64,
}

/// What an image encoder plans for one image size and batch.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
struct RawImagePlan {
    source_width: u32,
    source_height: u32,
    width: u32,
    height: u32,
    grid_rows: u32,
    grid_cols: u32,
    work: Work,
}

/// What an audio encoder plans for one sound, or for spectrograms of one length.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
struct RawAudioPlan {
    samples: u64,
    frames: u32,
    mel_bins: u32,
    work: Work,
}

// Both lie as the flat structs of the interface: nothing is padded before the work, inside it or behind it.
const _: () = {
    assert!(offset_of!(RawImagePlan, work) == 6 * 4 && size_of::<RawImagePlan>() == 8 * 4 + 5 * 8);
    assert!(offset_of!(RawAudioPlan, work) == 8 + 2 * 4 && size_of::<RawAudioPlan>() == 8 + 4 * 4 + 5 * 8);
    assert!(offset_of!(Work, threads) == 4 && offset_of!(Work, tokens) == 8 && offset_of!(Work, flops) == 8 + 4 * 8);
};

#[derive(Clone, Copy, Debug)]
enum RawPlan {
    Image(RawImagePlan),
    Audio(RawAudioPlan),
}

/// The plan of either kind of encoder.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    raw: RawPlan,
    /// Pixels or frames.
    pub width: u32,
    /// Pixels or mel bins.
    pub height: u32,
    pub work: Work,
}

impl From<RawImagePlan> for Plan {
    fn from(raw: RawImagePlan) -> Self {
        Self { raw: RawPlan::Image(raw), width: raw.width, height: raw.height, work: raw.work }
    }
}

impl From<RawAudioPlan> for Plan {
    fn from(raw: RawAudioPlan) -> Self {
        Self { raw: RawPlan::Audio(raw), width: raw.frames, height: raw.mel_bins, work: raw.work }
    }
}

/// What both sides preprocess.
#[derive(Clone, Debug)]
pub enum Source {
    /// 8-bit RGB images of one size, one after the other.
    Rgb { width: u32, height: u32, batch: u32, bytes: Vec<u8> },
    /// One of the views into which an 8-bit RGB image is cut.
    View { width: u32, height: u32, view: u32, bytes: Vec<u8> },
    /// One sound.
    Pcm(Vec<f32>),
}

type OpenFn = unsafe extern "C" fn(*const c_char, *const RawOptions, *mut *mut RawHandle, *mut RawError) -> i32;
type PlanImageFn = unsafe extern "C" fn(*const RawHandle, u32, u32, u32, *mut RawImagePlan, *mut RawError) -> i32;
type PlanSoundFn = unsafe extern "C" fn(*const RawHandle, u64, *mut RawAudioPlan, *mut RawError) -> i32;
type PlanMelFn = unsafe extern "C" fn(*const RawHandle, u32, u32, *mut RawAudioPlan, *mut RawError) -> i32;
type ReserveFn = unsafe extern "C" fn(*mut RawHandle, *const c_void, *mut RawError) -> i32;
type RgbFn = unsafe extern "C" fn(*mut RawHandle, *const u8, u32, u32, u32, *mut c_void, u64, *mut f32, u64, *mut RawError) -> i32;
type PixelsFn = unsafe extern "C" fn(*mut RawHandle, *const f32, u32, u32, u32, *mut c_void, u64, *mut f32, u64, *mut RawError) -> i32;
type ViewsFn = unsafe extern "C" fn(u32, u32, *mut c_void, u32, *mut u32, *mut RawError) -> i32;
type PlanViewFn = PlanImageFn;
type ViewFn = RgbFn;
type PcmFn = unsafe extern "C" fn(*mut RawHandle, *const f32, u64, *mut c_void, u64, *mut f32, u64, *mut RawError) -> i32;
type MelFn = unsafe extern "C" fn(*mut RawHandle, *const f32, u32, u32, *mut c_void, u64, *mut f32, u64, *mut RawError) -> i32;
type CloseFn = unsafe extern "C" fn(*mut RawHandle);
type HandleTextFn = unsafe extern "C" fn(*const RawHandle) -> *const c_char;
type StatusTextFn = unsafe extern "C" fn(i32) -> *const c_char;
type TextFn = unsafe extern "C" fn() -> *const c_char;

/// The functions in which encoders of images and of sound differ.
enum Calls {
    Image {
        plan: PlanImageFn,
        plan_pixels: PlanImageFn,
        preprocess: RgbFn,
        encode_rgb: RgbFn,
        encode_pixels: PixelsFn,
        views: Option<Views>,
    },
    Audio {
        plan: PlanSoundFn,
        plan_mel: PlanMelFn,
        preprocess: PcmFn,
        encode_pcm: PcmFn,
        encode_mel: MelFn,
    },
}

/// Functions of encoders whose images are cut; the last number before the results is the view instead of a batch.
#[derive(Clone, Copy)]
struct Views {
    count: ViewsFn,
    plan: PlanViewFn,
    preprocess: ViewFn,
    encode: ViewFn,
}

/// A loaded library.
pub struct Library {
    open: OpenFn,
    reserve: ReserveFn,
    calls: Calls,
    close: CloseFn,
    variant: HandleTextFn,
    strerror: StatusTextFn,
    info: Value,
    _code: libloading::Library,
}

/// One tap as the library shows it, valid during the call.
pub struct Tap<'a> {
    pub name: &'a str,
    pub op: &'a str,
    pub kernel: &'a str,
    pub data: Strided<'a>,
}

/// Receives the taps of an encode in the library's order.
pub trait TapSink {
    fn tap(&mut self, tap: Result<Tap<'_>>);
}

/// A tap sink behind one thin pointer, as C wants it.
pub struct TapTarget<'a>(pub &'a mut dyn TapSink);

/// Memory of the caller for one encode: 64-byte aligned, poisoned, with a guard behind the planned bytes.
pub struct Arena {
    block: Vec<[u64; 8]>,
    bytes: usize,
}

/// As floats these bytes are NaN, so that whatever is computed from unwritten memory shows.
const POISON: u64 = 0xfff5_fff5_fff5_fff5;
const GUARD_BLOCKS: usize = 64;

#[repr(C, align(64))]
struct Align64([u64; 8]);

impl Arena {
    pub fn new(bytes: u64) -> Result<Self> {
        let bytes = usize::try_from(bytes).map_err(|_| format!("an arena of {bytes} bytes"))?;
        let blocks = bytes.div_ceil(64) + GUARD_BLOCKS + 1; // one more to find an aligned start
        Ok(Self { block: vec![[POISON; 8]; blocks], bytes })
    }

    /// First aligned word of the block.
    fn skip(&self) -> usize {
        self.block.as_ptr().cast::<u64>().align_offset(align_of::<Align64>())
    }

    fn start(&mut self) -> *mut c_void {
        let skip = self.skip();
        // SAFETY: the block has a spare element, so at most seven words are skipped inside it.
        unsafe { self.block.as_mut_ptr().cast::<u64>().add(skip).cast() }
    }

    /// Whether everything behind the planned bytes still holds the poison.
    pub fn guard_intact(&self) -> bool {
        let first = self.skip() * 8 + self.bytes;
        let poison = POISON.to_ne_bytes();
        // SAFETY: plain integers are readable as bytes.
        let all = unsafe { std::slice::from_raw_parts(self.block.as_ptr().cast::<u8>(), self.block.len() * 64) };
        all.iter().enumerate().skip(first).all(|(i, &b)| b == poison[i % 8])
    }
}

impl Library {
    pub fn load(path: &Path, prefix: &str) -> Result<Self> {
        // A bare file name would be looked up in the system's library path instead of here.
        let file = path.canonicalize().map_err(|e| format!("{}: {e}", path.display()))?;
        // SAFETY: loading code that the user asked to run.
        let code = unsafe { libloading::Library::new(&file) }.map_err(|e| format!("{}: {e}", path.display()))?;
        let missing = |name: &str, e: libloading::Error| format!("{}: no function {prefix}_{name}: {e}", path.display());
        macro_rules! symbol {
            ($name:literal, $type:ty) => {{
                let name = format!("{prefix}_{}\0", $name);
                // SAFETY: the type is the one that the interface gives this function.
                let found: Symbol<'_, $type> = unsafe { code.get(name.as_bytes()) }.map_err(|e| missing($name, e))?;
                *found
            }};
        }
        let build_info = symbol!("build_info", TextFn);
        // SAFETY: the function takes nothing and returns a constant string.
        let text = unsafe { text(build_info()) }.unwrap_or_default();
        let info = serde_json::from_str(&text).map_err(|e| format!("{}: {prefix}_build_info is not JSON: {e}", path.display()))?;
        // SAFETY: the symbols are only looked for.
        let has = |name: &str| unsafe { code.get::<TextFn>(format!("{prefix}_{name}\0").as_bytes()) }.is_ok();
        let views = has("encode_view");
        let calls = if has("encode_mel") {
            Calls::Audio {
                plan: symbol!("plan", PlanSoundFn),
                plan_mel: symbol!("plan_mel", PlanMelFn),
                preprocess: symbol!("preprocess_pcm", PcmFn),
                encode_pcm: symbol!("encode_pcm", PcmFn),
                encode_mel: symbol!("encode_mel", MelFn),
            }
        } else {
            Calls::Image {
                plan: symbol!("plan", PlanImageFn),
                plan_pixels: symbol!("plan_pixels", PlanImageFn),
                preprocess: symbol!("preprocess_rgb", RgbFn),
                encode_rgb: symbol!("encode_rgb", RgbFn),
                encode_pixels: symbol!("encode_pixels", PixelsFn),
                views: views
                    .then(|| {
                        Ok::<_, String>(Views {
                            count: symbol!("views", ViewsFn),
                            plan: symbol!("plan_view", PlanViewFn),
                            preprocess: symbol!("preprocess_view", ViewFn),
                            encode: symbol!("encode_view", ViewFn),
                        })
                    })
                    .transpose()?,
            }
        };
        Ok(Self {
            open: symbol!("open", OpenFn),
            reserve: symbol!("reserve", ReserveFn),
            calls,
            close: symbol!("close", CloseFn),
            variant: symbol!("variant", HandleTextFn),
            strerror: symbol!("strerror", StatusTextFn),
            info,
            _code: code,
        })
    }

    /// The library's own description of itself.
    pub fn info(&self) -> &Value {
        &self.info
    }

    /// Into how many views an image of this size is cut.
    pub fn views(&self, width: u32, height: u32) -> Result<u32> {
        let Calls::Image { views: Some(views), .. } = &self.calls else {
            return Err("the library knows no views".to_string());
        };
        let mut count = 0;
        // SAFETY: no room for views is given, `count` is valid for writing.
        self.checked("views", |error| unsafe { (views.count)(width, height, ptr::null_mut(), 0, &mut count, error) })?;
        Ok(count)
    }

    pub fn modality(&self) -> Modality {
        if matches!(self.calls, Calls::Image { .. }) { Modality::Image } else { Modality::Audio }
    }

    /// Name of the profile that the library was built for, where it tells.
    pub fn profile(&self) -> Option<&str> {
        let profile = &self.info["profile"];
        profile.as_str().or_else(|| profile["name"].as_str())
    }

    /// How the library computes attention, where it tells.
    pub fn attention(&self) -> Option<&str> {
        self.info["options"]["attention"].as_str()
    }

    /// Whether the library says that fusion has left it with a part of the taps only.
    pub fn lacks_taps(&self) -> bool {
        self.info["taps"] == "kept"
    }

    /// Opens an encoder. `taps` must outlive every encode of the handle.
    pub fn open<'a>(&'a self, gguf: &Path, threads: u32, variant: Option<&str>, taps: Option<&'a mut TapTarget<'_>>) -> Result<Handle<'a>> {
        let path = CString::new(gguf.as_os_str().as_encoded_bytes()).map_err(|e| format!("{}: {e}", gguf.display()))?;
        let variant = variant.map(CString::new).transpose().map_err(|e| format!("variant: {e}"))?;
        let options = RawOptions {
            struct_size: size_of::<RawOptions>() as u32,
            threads,
            parallel_for: None,
            parallel_user: ptr::null_mut(),
            progress: None,
            progress_user: ptr::null_mut(),
            tap: taps.is_some().then_some(on_tap as extern "C" fn(*mut c_void, *const RawTap)),
            tap_user: taps.map_or(ptr::null_mut(), |target| ptr::from_mut(target).cast()),
            variant: variant.as_ref().map_or(ptr::null(), |v| v.as_ptr()),
        };
        let mut raw = ptr::null_mut();
        // SAFETY: all pointers are valid for the call; the tap target lives as long as the handle.
        self.checked("open", |error| unsafe { (self.open)(path.as_ptr(), &options, &mut raw, error) })?;
        if raw.is_null() {
            return Err("open succeeded without a handle".to_string());
        }
        Ok(Handle { library: self, raw })
    }

    fn checked(&self, what: &str, call: impl FnOnce(*mut RawError) -> i32) -> Result<()> {
        let mut error = RawError { status: 0, message: [0; 508] };
        let status = call(&mut error);
        if status == 0 {
            return Ok(());
        }
        let message = CStr::from_bytes_until_nul(&error.message).map(CStr::to_string_lossy).unwrap_or_default();
        // SAFETY: the function returns a constant string for any status.
        let name = unsafe { text((self.strerror)(status)) }.unwrap_or_default();
        Err(format!("library: {what} returned {status} ({name}): {message}"))
    }
}

/// An open encoder of the library.
pub struct Handle<'a> {
    library: &'a Library,
    raw: *mut RawHandle,
}

impl Handle<'_> {
    /// Code variant in use.
    pub fn variant(&self) -> String {
        // SAFETY: the handle is open; the text lives as long as the handle.
        unsafe { text((self.library.variant)(self.raw)) }.unwrap_or_default()
    }

    /// Plan for what is still to be preprocessed.
    pub fn plan_source(&self, source: &Source) -> Result<Plan> {
        match (&self.library.calls, source) {
            (Calls::Image { plan, .. }, Source::Rgb { width, height, batch, .. }) => {
                let mut raw = RawImagePlan::default();
                // SAFETY: the handle is open, `raw` is valid for writing.
                self.library.checked("plan", |error| unsafe { plan(self.raw, *width, *height, *batch, &mut raw, error) })?;
                Ok(raw.into())
            }
            (Calls::Image { views: Some(views), .. }, Source::View { width, height, view, .. }) => {
                let mut raw = RawImagePlan::default();
                // SAFETY: the handle is open, `raw` is valid for writing.
                self.library.checked("plan_view", |error| unsafe { (views.plan)(self.raw, *width, *height, *view, &mut raw, error) })?;
                Ok(raw.into())
            }
            (Calls::Audio { plan, .. }, Source::Pcm(samples)) => {
                let mut raw = RawAudioPlan::default();
                // SAFETY: the handle is open, `raw` is valid for writing.
                self.library.checked("plan", |error| unsafe { plan(self.raw, samples.len() as u64, &mut raw, error) })?;
                Ok(raw.into())
            }
            _ => Err(WRONG_KIND.to_string()),
        }
    }

    /// Plan for inputs of the encoder's own size.
    pub fn plan_input(&self, width: u32, height: u32, batch: u32) -> Result<Plan> {
        match self.library.calls {
            Calls::Image { plan_pixels, .. } => {
                let mut raw = RawImagePlan::default();
                // SAFETY: the handle is open, `raw` is valid for writing.
                self.library.checked("plan_pixels", |error| unsafe { plan_pixels(self.raw, width, height, batch, &mut raw, error) })?;
                Ok(raw.into())
            }
            Calls::Audio { plan_mel, .. } => {
                let mut raw = RawAudioPlan::default();
                // SAFETY: the handle is open, `raw` is valid for writing.
                self.library.checked("plan_mel", |error| unsafe { plan_mel(self.raw, width, batch, &mut raw, error) })?;
                Ok(raw.into())
            }
        }
    }

    pub fn reserve(&mut self, plan: &Plan) -> Result<()> {
        let call = self.library.reserve;
        let raw: *const c_void = match &plan.raw {
            RawPlan::Image(raw) => ptr::from_ref(raw).cast(),
            RawPlan::Audio(raw) => ptr::from_ref(raw).cast(),
        };
        // SAFETY: the handle is open, `plan` is one it made.
        self.library.checked("reserve", |error| unsafe { call(self.raw, raw, error) })
    }

    /// Preprocessing alone.
    pub fn preprocess(&mut self, source: &Source, arena: &mut Arena, values: &mut [f32]) -> Result<()> {
        self.call_source(source, true, arena, values)
    }

    pub fn encode_source(&mut self, source: &Source, arena: &mut Arena, out: &mut [f32]) -> Result<()> {
        self.call_source(source, false, arena, out)
    }

    fn call_source(&mut self, source: &Source, preprocess_only: bool, arena: &mut Arena, out: &mut [f32]) -> Result<()> {
        let (start, bytes, floats) = (arena.start(), arena.bytes as u64, out.len() as u64);
        match (&self.library.calls, source) {
            (&Calls::Image { preprocess, encode_rgb, .. }, Source::Rgb { width, height, batch, bytes: rgb }) => {
                if rgb.len() as u64 != u64::from(*width) * u64::from(*height) * 3 * u64::from(*batch) {
                    return Err(format!("{} bytes are not {batch} images of {width}x{height}", rgb.len()));
                }
                let (what, call) = if preprocess_only { ("preprocess_rgb", preprocess) } else { ("encode_rgb", encode_rgb) };
                self.library.checked(what, |error| {
                    // SAFETY: every buffer has the size passed with it.
                    unsafe { call(self.raw, rgb.as_ptr(), *width, *height, *batch, start, bytes, out.as_mut_ptr(), floats, error) }
                })
            }
            (&Calls::Image { views: Some(views), .. }, Source::View { width, height, view, bytes: rgb }) => {
                let (what, call) = if preprocess_only { ("preprocess_view", views.preprocess) } else { ("encode_view", views.encode) };
                self.library.checked(what, |error| {
                    // SAFETY: every buffer has the size passed with it; the image has that of the plan.
                    unsafe { call(self.raw, rgb.as_ptr(), *width, *height, *view, start, bytes, out.as_mut_ptr(), floats, error) }
                })
            }
            (&Calls::Audio { preprocess, encode_pcm, .. }, Source::Pcm(pcm)) => {
                let (what, call) = if preprocess_only { ("preprocess_pcm", preprocess) } else { ("encode_pcm", encode_pcm) };
                self.library.checked(what, |error| {
                    // SAFETY: every buffer has the size passed with it.
                    unsafe { call(self.raw, pcm.as_ptr(), pcm.len() as u64, start, bytes, out.as_mut_ptr(), floats, error) }
                })
            }
            _ => Err(WRONG_KIND.to_string()),
        }
    }

    /// Encodes inputs of equal size; without an arena the reserved one is used.
    pub fn encode(&mut self, inputs: &[Input], arena: Option<&mut Arena>, out: &mut [f32]) -> Result<()> {
        let Some(first) = inputs.first() else { return Err("no inputs".to_string()) };
        let (width, height) = (first.width, first.height);
        if inputs.iter().any(|input| (input.width, input.height) != (width, height)) {
            return Err("the inputs of a batch differ in size".to_string());
        }
        let joined;
        let values = if inputs.len() == 1 {
            &first.values
        } else {
            joined = inputs.iter().flat_map(|input| input.values.iter().copied()).collect::<Vec<f32>>();
            &joined
        };
        let (start, bytes) = arena.map_or((ptr::null_mut(), 0), |a| (a.start(), a.bytes as u64));
        let (batch, floats) = (inputs.len() as u32, out.len() as u64);
        match self.library.calls {
            Calls::Image { encode_pixels, .. } => self.library.checked("encode_pixels", |error| {
                // SAFETY: every buffer has the size passed with it.
                unsafe { encode_pixels(self.raw, values.as_ptr(), width, height, batch, start, bytes, out.as_mut_ptr(), floats, error) }
            }),
            Calls::Audio { encode_mel, .. } => self.library.checked("encode_mel", |error| {
                // SAFETY: every buffer has the size passed with it; `plan_mel` has said that the number of bins is right.
                unsafe { encode_mel(self.raw, values.as_ptr(), width, batch, start, bytes, out.as_mut_ptr(), floats, error) }
            }),
        }
    }
}

const WRONG_KIND: &str = "the library does not encode that: an image, its views, or a sound";

impl Drop for Handle<'_> {
    fn drop(&mut self) {
        // SAFETY: opened by `Library::open`, closed once.
        unsafe { (self.library.close)(self.raw) }
    }
}

/// Copies a C string; None for a null pointer.
///
/// # Safety
/// A pointer that is not null must point to a terminated string.
unsafe fn text(pointer: *const c_char) -> Option<String> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: by the contract above.
    Some(unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned())
}

extern "C" fn on_tap(user: *mut c_void, raw: *const RawTap) {
    // No panic may cross the C frames above; one here is a bug of the oracle, and ends it.
    // SAFETY: the library passes back the pointer given to `open` and a tap valid for this call.
    let (target, raw) = unsafe { (&mut *user.cast::<TapTarget<'_>>(), &*raw) };
    // SAFETY: the interface promises terminated strings for the time of the call.
    let texts = unsafe { [text(raw.name), text(raw.op), text(raw.kernel), text(raw.dtype)] };
    let [name, op, kernel, dtype] = texts.map(Option::unwrap_or_default);
    let rank = raw.rank as usize;
    let bad = |what: String| target_error(&name, &what);
    let view = match DType::parse(&dtype) {
        None => Err(bad(format!("unknown type `{dtype}`"))),
        Some(_) if rank == 0 || rank > 4 => Err(bad(format!("rank {rank}"))),
        Some(dtype) => match span(dtype, &raw.shape[..rank], &raw.stride[..rank]) {
            Some(bytes) if !raw.data.is_null() => {
                // SAFETY: the interface promises that the tap's elements are readable.
                let bytes = unsafe { std::slice::from_raw_parts(raw.data.cast::<u8>(), bytes) };
                Ok(Strided { dtype, shape: &raw.shape[..rank], stride: &raw.stride[..rank], bytes })
            }
            Some(_) => Err(bad("null data".to_string())),
            None => Err(bad(format!("strides {:?}", &raw.stride[..rank]))),
        },
    };
    target.0.tap(view.map(|data| Tap { name: &name, op: &op, kernel: &kernel, data }));
}

fn target_error(name: &str, what: &str) -> String {
    format!("the library shows tap `{name}` with {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arenas_are_aligned_and_notice_writes_behind_their_end() {
        for bytes in [0u64, 1, 63, 64, 1000] {
            let mut arena = Arena::new(bytes).unwrap();
            let start = arena.start().cast::<u8>();
            assert_eq!(start as usize % 64, 0);
            // SAFETY: these bytes belong to the arena.
            unsafe { start.write_bytes(0, bytes as usize) };
            assert!(arena.guard_intact());
            // SAFETY: the guard belongs to the arena's block.
            unsafe { start.add(bytes as usize).write(1) };
            assert!(!arena.guard_intact());
        }
    }

    #[test]
    fn poison_is_nan_in_every_float_type() {
        assert!(f32::from_bits(POISON as u32).is_nan() && f64::from_bits(POISON).is_nan());
        assert_eq!(POISON as u16 & 0x7c00, 0x7c00);
    }
}
