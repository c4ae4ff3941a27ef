//! Any bytes give a directory that holds the reader's promises, or an error; what was read can be written again.
//!
//! Run `cargo +nightly fuzz run gguf fuzz/corpus/gguf tests/data/gguf`.

#![no_main]

use std::path::Path;

use isobit::gguf::{GgufDirectory, GgufWriter};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let path = Path::new("fuzz.gguf");
    // With a pretended huge file behind them, more directories pass the checks of their offsets.
    if let Ok(directory) = GgufDirectory::parse(path, bytes, i64::MAX as u64) {
        check(&directory);
    }
    let Ok(directory) = GgufDirectory::parse(path, bytes, bytes.len() as u64) else { return };
    check(&directory);

    let mut writer = GgufWriter::new();
    for (key, value) in &directory.metadata {
        writer.meta(key, value.clone());
    }
    for t in directory.tensors.values() {
        writer.tensor(&t.name, t.dtype, t.ne.clone());
    }
    let (written, head) = writer.directory(path).expect("what was read can be written");
    let again = GgufDirectory::parse(path, &head, written.file_len).expect("what was written can be read");
    assert!(again.metadata.keys().eq(directory.metadata.keys()));
    // As text, in which every NaN equals itself.
    assert_eq!(format!("{:?}", again.metadata), format!("{:?}", directory.metadata));
    assert!(again.tensors.values().map(|t| (&t.name, t.bytes)).eq(directory.tensors.values().map(|t| (&t.name, t.bytes))));
});

fn check(d: &GgufDirectory) {
    let mut ranges: Vec<(u64, u64)> = d.tensors.values().map(|t| (t.offset, t.offset + t.bytes)).collect();
    ranges.sort_unstable();
    assert!(ranges.windows(2).all(|w| w[0].1 <= w[1].0));
    for t in d.tensors.values() {
        assert_eq!(t.dtype.tensor_bytes(&t.ne), Some(t.bytes));
        assert!(t.bytes > 0 && t.offset >= d.data_offset && t.offset + t.bytes <= d.file_len);
        assert!((t.offset - d.data_offset).is_multiple_of(d.alignment));
    }
    // Getters must not panic either, whatever the types.
    for key in d.metadata.keys() {
        let _ = (d.u32(key), d.f32(key), d.bool(key), d.string(key), d.f32_array(key), d.u32_array(key));
    }
    let _ = d.tensor("no such tensor");
}
