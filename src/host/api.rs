//! The C API of a compiled encoder as Rust sees it: its structs, its functions, and its errors as diagnostics.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::{Path, PathBuf};

use super::plans::{AudioPlan, PlanInfo, View};
use crate::diagnostic::{Diagnostic, Result};

/// Where a call says what went wrong.
#[repr(C)]
pub struct RawError {
    status: i32,
    message: [c_char; 508],
}

impl Default for RawError {
    fn default() -> Self {
        Self { status: 0, message: [0; 508] }
    }
}

/// A value as the library shows it, valid during the callback.
#[repr(C)]
pub struct RawTap {
    pub name: *const c_char,
    pub op: *const c_char,
    pub kernel: *const c_char,
    pub dtype: *const c_char,
    pub index: u32,
    pub rank: u32,
    pub shape: [u64; 4],
    pub stride: [i64; 4],
    pub data: *mut c_void,
}

type ParallelBody = unsafe extern "C" fn(arg: *mut c_void, begin: usize, end: usize, worker: u32);

/// How a handle is opened.
#[repr(C)]
pub struct RawOptions {
    pub struct_size: u32,
    pub threads: u32,
    pub parallel_for: Option<unsafe extern "C" fn(*mut c_void, usize, ParallelBody, *mut c_void)>,
    pub parallel_user: *mut c_void,
    pub progress: Option<unsafe extern "C" fn(*mut c_void, u32, u32, *const c_char) -> c_int>,
    pub progress_user: *mut c_void,
    pub tap: Option<unsafe extern "C" fn(*mut c_void, *const RawTap)>,
    pub tap_user: *mut c_void,
    pub variant: *const c_char,
}

pub type PlanFn = unsafe extern "C" fn(*const c_void, u32, u32, u32, *mut PlanInfo, *mut RawError) -> i32;
pub type FromRgbFn = unsafe extern "C" fn(*mut c_void, *const u8, u32, u32, u32, *mut c_void, u64, *mut f32, u64, *mut RawError) -> i32;
pub type FromPixelsFn = unsafe extern "C" fn(*mut c_void, *const f32, u32, u32, u32, *mut c_void, u64, *mut f32, u64, *mut RawError) -> i32;

pub type PlanAudioFn = unsafe extern "C" fn(*const c_void, u64, *mut AudioPlan, *mut RawError) -> i32;
pub type PlanMelFn = unsafe extern "C" fn(*const c_void, u32, u32, *mut AudioPlan, *mut RawError) -> i32;
pub type FromPcmFn = unsafe extern "C" fn(*mut c_void, *const f32, u64, *mut c_void, u64, *mut f32, u64, *mut RawError) -> i32;
pub type FromMelFn = unsafe extern "C" fn(*mut c_void, *const f32, u32, u32, *mut c_void, u64, *mut f32, u64, *mut RawError) -> i32;

/// The calls of an encoder of images.
pub struct ImageCalls {
    pub plan: PlanFn,
    pub plan_pixels: PlanFn,
    pub preprocess_rgb: FromRgbFn,
    pub encode_rgb: FromRgbFn,
    pub encode_pixels: FromPixelsFn,
    pub views: Option<ViewCalls>,
}

/// The calls of an encoder that cuts images into views.
pub struct ViewCalls {
    pub views: unsafe extern "C" fn(u32, u32, *mut View, u32, *mut u32, *mut RawError) -> i32,
    pub plan_view: PlanFn,
    pub reserve_views: unsafe extern "C" fn(*mut c_void, u32, u32, *mut RawError) -> i32,
    pub encode_view: FromRgbFn,
}

/// The calls of an encoder of sound.
pub struct AudioCalls {
    pub plan: PlanAudioFn,
    pub plan_mel: PlanMelFn,
    pub preprocess_pcm: FromPcmFn,
    pub encode_pcm: FromPcmFn,
    pub encode_mel: FromMelFn,
}

/// The calls that depend on what is encoded.
enum Calls {
    Image(ImageCalls),
    Audio(AudioCalls),
}

/// The functions of one library, which stays loaded as long as they are held.
pub struct Api {
    pub open: unsafe extern "C" fn(*const c_char, *const RawOptions, *mut *mut c_void, *mut RawError) -> i32,
    pub reserve: unsafe extern "C" fn(*mut c_void, *const c_void, *mut RawError) -> i32,
    calls: Calls,
    pub close: unsafe extern "C" fn(*mut c_void),
    strerror: unsafe extern "C" fn(i32) -> *const c_char,
    pub variant: unsafe extern "C" fn(*const c_void) -> *const c_char,
    pub build_info: unsafe extern "C" fn() -> *const c_char,
    pub path: PathBuf,
    _library: libloading::Library,
}

impl Api {
    /// Loads a library whose functions start with `prefix`; one that lacks a function is refused.
    pub fn load(path: &Path, prefix: &str) -> Result<Self> {
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

    /// The calls of an encoder of images; of another kind, an error.
    pub fn image(&self) -> Result<&ImageCalls> {
        match &self.calls {
            Calls::Image(calls) => Ok(calls),
            Calls::Audio(_) => Err(Diagnostic::new("encoder-argument", "this encoder takes sound, not images").in_file(&self.path)),
        }
    }

    /// The calls of an encoder that cuts images; of another, an error.
    pub fn views(&self) -> Result<&ViewCalls> {
        let calls = self.image()?.views.as_ref();
        calls.ok_or_else(|| Diagnostic::new("encoder-argument", "this encoder does not cut images into views").in_file(&self.path))
    }

    /// The calls of an encoder of sound; of another kind, an error.
    pub fn audio(&self) -> Result<&AudioCalls> {
        match &self.calls {
            Calls::Audio(calls) => Ok(calls),
            Calls::Image(_) => Err(Diagnostic::new("encoder-argument", "this encoder takes images, not sound").in_file(&self.path)),
        }
    }

    /// What a call that gave this status has said, as a diagnostic.
    pub fn error(&self, status: i32, error: &RawError) -> Diagnostic {
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
pub const ARGUMENT: i32 = 1;

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

/// A C string as text; none for null or bytes that are not UTF-8.
pub unsafe fn text<'a>(pointer: *const c_char) -> Option<&'a str> {
    if pointer.is_null() {
        return None;
    }
    unsafe { CStr::from_ptr(pointer) }.to_str().ok()
}
