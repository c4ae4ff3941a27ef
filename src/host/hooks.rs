//! What is called while an encoder runs: progress and values, from C callbacks to closures that may fail or panic.

use std::any::Any;
use std::ffi::{c_char, c_int, c_void};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::api::{RawTap, text};
use crate::diagnostic::{Diagnostic, Result};
use crate::taps::{DType, TapView, span};

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

/// What the callbacks reach: the closures of the call that is running and what went wrong in them.
#[derive(Default)]
pub(super) struct Shared(Mutex<Active>);

/// The call that is running, if one is.
#[derive(Default)]
pub(super) struct Active {
    pub now: Hooks<'static>,
    pub failure: Option<Diagnostic>,
    pub panic: Option<Box<dyn Any + Send>>,
}

impl Shared {
    pub fn lock(&self) -> MutexGuard<'_, Active> {
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

pub(super) unsafe extern "C" fn on_progress(user: *mut c_void, step: u32, steps: u32, name: *const c_char) -> c_int {
    // SAFETY: `user` is the `Shared` that the encoder keeps until it is closed; `name` is a string or null.
    let (shared, name) = unsafe { (&*user.cast::<Shared>(), text(name).unwrap_or("?")) };
    let flow = shared.lock().guarded(|hooks| match &mut hooks.progress {
        Some(progress) => Ok(progress(Progress { step, steps, name })),
        None => Ok(ControlFlow::Continue(())),
    });
    c_int::from(flow.is_break())
}

pub(super) unsafe extern "C" fn on_tap(user: *mut c_void, tap: *const RawTap) {
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
