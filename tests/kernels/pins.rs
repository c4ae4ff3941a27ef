//! Pinned outputs: per portable kernel a hash of its operands and one of its results over all cases, in `pins.json`.

use std::path::Path;

use indexmap::IndexMap;
use sha2::{Digest, Sha256};

use super::data::{self, Tensor};
use super::library::wanted;

#[derive(Default)]
pub struct Pins(IndexMap<String, Pin>);

#[derive(Default)]
struct Pin {
    runs: usize,
    operands: Sha256,
    results: Sha256,
}

impl Pins {
    /// Adds a run of a kernel.
    pub fn add(&mut self, kernel: &str, operands: &[Tensor], result: &Tensor) {
        for t in operands {
            self.bytes(kernel, &bytes(t), &[]);
        }
        self.bytes(kernel, &[], &bytes(result));
        self.0.entry(kernel.to_string()).or_default().runs += 1;
    }

    /// Adds bytes to the hashes of a kernel.
    pub fn bytes(&mut self, kernel: &str, operands: &[u8], results: &[u8]) {
        let pin = self.0.entry(kernel.to_string()).or_default();
        pin.operands.update(operands);
        pin.results.update(results);
    }

    /// Compares with the file, or writes it.
    pub fn finish(self) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kernels/pins.json");
        let mut lines: Vec<String> = self.0.into_iter().map(|(kernel, pin)| pin.line(&kernel)).collect();
        let pinned = std::fs::read_to_string(&path).unwrap_or_default();
        let op = |line: &str| line.trim_start_matches([' ', '"']).split('.').next().unwrap_or_default().to_string();
        let pinned: Vec<&str> = pinned.lines().map(|l| l.trim_end_matches(',')).filter(|l| l.starts_with("  ")).collect();
        let (known, others): (Vec<&str>, Vec<&str>) = pinned.into_iter().partition(|l| wanted(&op(l)));
        lines.retain(|l| wanted(&op(l)));
        if std::env::var_os("BLESS").is_some_and(|v| v == "1") {
            lines.extend(others.iter().map(|l| l.to_string()));
            lines.sort();
            let text = format!("{{\n{}\n}}\n", lines.join(",\n"));
            std::fs::write(&path, text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            return;
        }
        let new: Vec<&String> = lines.iter().filter(|l| !known.contains(&l.as_str())).collect();
        let gone: Vec<&&str> = known.iter().filter(|l| !lines.iter().any(|n| n == **l)).collect();
        assert!(
            new.is_empty() && gone.is_empty(),
            "pins.json differs (BLESS=1 rewrites it; equal operands with other results mean that a kernel has changed)\npinned:\n{gone:#?}\nnow:\n{new:#?}"
        );
    }
}

impl Pin {
    fn line(self, kernel: &str) -> String {
        let hex = |hash: Sha256| hash.finalize().iter().take(12).map(|b| format!("{b:02x}")).collect::<String>();
        format!(
            "  \"{kernel}\": {{ \"runs\": {}, \"operands\": \"{}\", \"results\": \"{}\" }}",
            self.runs,
            hex(self.operands),
            hex(self.results)
        )
    }
}

/// Elements as bytes; every NaN is the same one.
fn bytes(t: &Tensor) -> Vec<u8> {
    let canonical = |bits: u32| if data::is_nan(bits, t.dtype) { u32::MAX } else { bits };
    t.bits.iter().flat_map(|b| canonical(*b).to_le_bytes()).collect()
}
