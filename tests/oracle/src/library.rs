//! The C interface of an emitted library, loaded at run time under the prefix of its encoder.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;
use std::ptr;

use libloading::Symbol;
use serde_json::Value;

use crate::Result;
use crate::llama::Input;
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

/// What the library plans for one image size and batch.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Plan {
    pub source_width: u32,
    pub source_height: u32,
    pub width: u32,
    pub height: u32,
    pub grid_rows: u32,
    pub grid_cols: u32,
    pub batch: u32,
    pub threads: u32,
    pub tokens: u64,
    pub embedding: u64,
    pub output_floats: u64,
    pub arena_bytes: u64,
    pub flops: u64,
}

type OpenFn = unsafe extern "C" fn(*const c_char, *const RawOptions, *mut *mut RawHandle, *mut RawError) -> i32;
type PlanFn = unsafe extern "C" fn(*const RawHandle, u32, u32, u32, *mut Plan, *mut RawError) -> i32;
type ReserveFn = unsafe extern "C" fn(*mut RawHandle, *const Plan, *mut RawError) -> i32;
type RgbFn = unsafe extern "C" fn(*mut RawHandle, *const u8, u32, u32, u32, *mut c_void, u64, *mut f32, u64, *mut RawError) -> i32;
type PixelsFn = unsafe extern "C" fn(*mut RawHandle, *const f32, u32, u32, u32, *mut c_void, u64, *mut f32, u64, *mut RawError) -> i32;
type CloseFn = unsafe extern "C" fn(*mut RawHandle);
type HandleTextFn = unsafe extern "C" fn(*const RawHandle) -> *const c_char;
type StatusTextFn = unsafe extern "C" fn(i32) -> *const c_char;
type TextFn = unsafe extern "C" fn() -> *const c_char;

/// A loaded library.
pub struct Library {
    open: OpenFn,
    plan: PlanFn,
    plan_pixels: PlanFn,
    reserve: ReserveFn,
    preprocess_rgb: RgbFn,
    encode_rgb: RgbFn,
    encode_pixels: PixelsFn,
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
        Ok(Self {
            open: symbol!("open", OpenFn),
            plan: symbol!("plan", PlanFn),
            plan_pixels: symbol!("plan_pixels", PlanFn),
            reserve: symbol!("reserve", ReserveFn),
            preprocess_rgb: symbol!("preprocess_rgb", RgbFn),
            encode_rgb: symbol!("encode_rgb", RgbFn),
            encode_pixels: symbol!("encode_pixels", PixelsFn),
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

    /// Plan for 8-bit RGB images of any size.
    pub fn plan(&self, width: u32, height: u32, batch: u32) -> Result<Plan> {
        let mut plan = Plan::default();
        let call = self.library.plan;
        // SAFETY: the handle is open, `plan` is valid for writing.
        self.library.checked("plan", |error| unsafe { call(self.raw, width, height, batch, &mut plan, error) })?;
        Ok(plan)
    }

    /// Plan for pixels of the encoder's own size.
    pub fn plan_pixels(&self, width: u32, height: u32, batch: u32) -> Result<Plan> {
        let mut plan = Plan::default();
        let call = self.library.plan_pixels;
        // SAFETY: the handle is open, `plan` is valid for writing.
        self.library.checked("plan_pixels", |error| unsafe { call(self.raw, width, height, batch, &mut plan, error) })?;
        Ok(plan)
    }

    pub fn reserve(&mut self, plan: &Plan) -> Result<()> {
        let call = self.library.reserve;
        // SAFETY: the handle is open, `plan` is one it made.
        self.library.checked("reserve", |error| unsafe { call(self.raw, plan, error) })
    }

    /// Preprocessing alone; `rgb` holds the images of the batch one after the other.
    pub fn preprocess_rgb(&mut self, rgb: &[u8], plan: &Plan, arena: &mut Arena, pixels: &mut [f32]) -> Result<()> {
        self.rgb("preprocess_rgb", self.library.preprocess_rgb, rgb, plan, Some(arena), pixels)
    }

    pub fn encode_rgb(&mut self, rgb: &[u8], plan: &Plan, arena: &mut Arena, out: &mut [f32]) -> Result<()> {
        self.rgb("encode_rgb", self.library.encode_rgb, rgb, plan, Some(arena), out)
    }

    fn rgb(&mut self, what: &str, call: RgbFn, rgb: &[u8], plan: &Plan, arena: Option<&mut Arena>, out: &mut [f32]) -> Result<()> {
        let (width, height, batch) = (plan.source_width, plan.source_height, plan.batch);
        if rgb.len() as u64 != u64::from(width) * u64::from(height) * 3 * u64::from(batch) {
            return Err(format!("{} bytes are not {batch} images of {width}x{height}, as planned", rgb.len()));
        }
        let (start, bytes) = arena.map_or((ptr::null_mut(), 0), |a| (a.start(), a.bytes as u64));
        let floats = out.len() as u64;
        self.library.checked(what, |error| {
            // SAFETY: every buffer has the size passed with it.
            unsafe { call(self.raw, rgb.as_ptr(), width, height, batch, start, bytes, out.as_mut_ptr(), floats, error) }
        })
    }

    /// Encodes normalised pixels of equal size; without an arena the reserved one is used.
    pub fn encode_pixels(&mut self, images: &[Input], arena: Option<&mut Arena>, out: &mut [f32]) -> Result<()> {
        let Some(first) = images.first() else { return Err("no images".to_string()) };
        let (width, height) = (first.width, first.height);
        if images.iter().any(|image| (image.width, image.height) != (width, height)) {
            return Err("the images of a batch differ in size".to_string());
        }
        let joined;
        let values = if images.len() == 1 {
            &first.values
        } else {
            joined = images.iter().flat_map(|image| image.values.iter().copied()).collect::<Vec<f32>>();
            &joined
        };
        let (start, bytes) = arena.map_or((ptr::null_mut(), 0), |a| (a.start(), a.bytes as u64));
        let (call, batch, floats) = (self.library.encode_pixels, images.len() as u32, out.len() as u64);
        self.library.checked("encode_pixels", |error| {
            // SAFETY: every buffer has the size passed with it.
            unsafe { call(self.raw, values.as_ptr(), width, height, batch, start, bytes, out.as_mut_ptr(), floats, error) }
        })
    }
}

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
