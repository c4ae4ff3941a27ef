//! What the machine can do at best, measured: the number that a speed is a share of.

use std::ffi::{c_char, c_double, c_int};

use libloading::Library;
use serde_json::{Value, json};

use super::api::text;
use super::compiler::compile;
use crate::diagnostic::{Diagnostic, Result};

/// Most threads that are measured together.
const MOST: u32 = 256;

/// Rates of one moment; other programs and the heat of the machine change them.
#[derive(Debug, Clone)]
pub struct Peak {
    /// Instructions of the measured loop: avx512, avx2 or portable.
    pub isa: String,
    pub threads: u32,
    /// Single-precision FMA from registers with one thread, in GFLOP/s.
    pub gflops_1: f64,
    /// The same with all threads.
    pub gflops: f64,
    /// Bytes read and written by copies of all threads, in GB/s.
    pub copy_gbytes: f64,
}

impl Peak {
    /// Compiles the loops with the host's compiler, or takes them from its cache, and runs them: about a second.
    /// Errors: those of the compiler, `peak`.
    pub fn measure(threads: u32) -> Result<Self> {
        let compiled = compile(&[("peak.c", include_str!("peak.c"))], "peak.c", &["-O2".to_string()], None)?;
        let fail = |why: String| Diagnostic::new("peak", format!("the peak of this machine cannot be measured: {why}"));
        // SAFETY: the library has no constructors.
        let library = unsafe { Library::new(&compiled.library) }.map_err(|e| fail(e.to_string()))?;
        type Measure = unsafe extern "C" fn(c_int, *mut *const c_char, *mut c_double, *mut c_double, *mut c_double) -> c_int;
        let (mut isa, mut one, mut all, mut copy) = (std::ptr::null(), 0.0, 0.0, 0.0);
        // SAFETY: the function has this type, and the name that it gives lives as long as the library.
        let isa = unsafe {
            let measure = library.get::<Measure>(b"isobit_peak").map_err(|e| fail(e.to_string()))?;
            match measure(threads.clamp(1, MOST) as c_int, &mut isa, &mut one, &mut all, &mut copy) {
                0 => text(isa).unwrap_or_default().to_string(),
                code => return Err(fail(format!("code {code}"))),
            }
        };
        Ok(Self { isa, threads: threads.clamp(1, MOST), gflops_1: one, gflops: all, copy_gbytes: copy })
    }

    pub fn json(&self) -> Value {
        json!({
            "isa": self.isa, "threads": self.threads, "gflops_1": self.gflops_1, "gflops": self.gflops, "copy_gbytes": self.copy_gbytes,
        })
    }
}

impl std::fmt::Display for Peak {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all = if self.threads == 1 { String::new() } else { format!(", {:.1} with {}", self.gflops, self.threads) };
        let (one, isa, copy) = (self.gflops_1, &self.isa, self.copy_gbytes);
        write!(f, "{one:.1} GFLOP/s with one thread{all} (FMA from registers, {isa}), copying {copy:.1} GB/s")
    }
}
