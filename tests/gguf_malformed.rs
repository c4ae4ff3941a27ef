//! GGUF files that are damaged, hostile or merely unusual: each gives one exact diagnostic, and none a panic.
//!
//! `BLESS=1` rewrites the texts of errors.txt, to be read before they are committed.

use std::path::Path;
use std::sync::LazyLock;

use isobit::diagnostic::{Diagnostic, Result};
use isobit::gguf::encode::encode;
use isobit::gguf::{GgmlType, GgufDirectory, GgufWriter, MetaArray, MetaValue, TensorInfo, TensorSink};
use proptest::prelude::*;

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/gguf/reference.gguf");
const ERRORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/gguf/errors.txt");

const U32: u32 = 4;
const BOOL: u32 = 7;
const STRING: u32 = 8;
const ARRAY: u32 = 9;
const F32: u32 = 0;
const Q8_0: u32 = 8;

/// Bytes of a GGUF file, put together by hand so that nothing of the writer under test is trusted.
#[derive(Clone)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn new() -> Self {
        Self(Vec::new())
    }

    fn header(version: u32, tensors: u64, keys: u64) -> Self {
        Self::new().raw(b"GGUF").u32(version).u64(tensors).u64(keys)
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    fn u32(self, v: u32) -> Self {
        self.raw(&v.to_le_bytes())
    }

    fn u64(self, v: u64) -> Self {
        self.raw(&v.to_le_bytes())
    }

    fn text(self, text: impl AsRef<[u8]>) -> Self {
        let text = text.as_ref();
        self.u64(text.len() as u64).raw(text)
    }

    fn key_u32(self, key: &str, v: u32) -> Self {
        self.text(key).u32(U32).u32(v)
    }

    fn tensor(self, name: &str, ne: &[u64], dtype: u32, offset: u64) -> Self {
        let start = self.text(name).u32(ne.len() as u32);
        ne.iter().fold(start, |b, &n| b.u64(n)).u32(dtype).u64(offset)
    }

    /// Zeros up to `alignment`, then `n` bytes of data.
    fn data(mut self, alignment: usize, n: usize) -> Self {
        let start = self.0.len().next_multiple_of(alignment);
        self.0.resize(start + n, 0);
        self
    }

    fn read(&self) -> Result<GgufDirectory> {
        GgufDirectory::parse(Path::new("m.gguf"), &self.0, self.0.len() as u64)
    }

    fn error(&self) -> Diagnostic {
        match self.read() {
            Ok(directory) => panic!("accepted: {directory:?}"),
            Err(e) => e,
        }
    }
}

/// Two keys and two tensors; the data section starts at byte 224.
fn valid() -> Bytes {
    Bytes::header(3, 2, 3)
        .text("general.architecture")
        .u32(STRING)
        .text("clip")
        .key_u32("clip.vision.block_count", 27)
        .text("flags")
        .u32(ARRAY)
        .u32(BOOL)
        .u64(2)
        .raw(&[0, 1])
        .tensor("a", &[3, 2], F32, 0)
        .tensor("b", &[32], Q8_0, 32)
        .data(32, 66)
}

fn one(name: &str, ne: &[u64], dtype: u32, offset: u64) -> Bytes {
    Bytes::header(3, 1, 0).tensor(name, ne, dtype, offset).data(32, 128)
}

/// Every way a file can be malformed; errors.txt has the complete text of each error, in this order.
fn malformed() -> Vec<(&'static str, Bytes)> {
    vec![
        ("header: empty file", Bytes::new()),
        ("header: a text file", Bytes::new().raw(b"hello world")),
        ("header: version 0", Bytes::header(0, 0, 0)),
        ("header: version 1", Bytes::header(1, 0, 0)),
        ("header: version 4", Bytes::header(4, 0, 0)),
        ("header: big-endian", Bytes::new().raw(b"GGUF").raw(&3u32.to_be_bytes()).raw(&1u64.to_be_bytes()).raw(&1u64.to_be_bytes())),
        ("header: half a magic", Bytes::new().raw(b"GG")),
        ("header: no counts", Bytes::new().raw(b"GGUF").u32(3).u32(0)),
        ("header: as many tensors as fit no file", Bytes::header(3, u64::MAX, 0).data(1, 100)),
        ("header: one tensor more than there is room for", Bytes::header(3, 4, 0).data(1, 95)),
        ("header: as many keys as fit no file", Bytes::header(3, 0, 1 << 61).data(1, 100)),
        ("header: more keys than any model has", Bytes::header(3, 0, (1 << 20) + 1).data(1, 13 * ((1 << 20) + 1))),
        ("key: empty key", Bytes::header(3, 0, 1).key_u32("", 1).u32(0)),
        ("key: key too long", Bytes::header(3, 0, 1).key_u32(&"k".repeat(65536), 1)),
        ("key: control character in a key", Bytes::header(3, 0, 1).key_u32("a\x1b[31m", 1)),
        ("key: key that is not UTF-8", Bytes::header(3, 0, 1).text(b"ab\xff").u32(U32).u32(0)),
        ("key: key that exceeds the file", Bytes::header(3, 0, 1).u64(1000).raw(b"general.architecture")),
        ("key: key length that would wrap around", Bytes::header(3, 0, 1).u64(u64::MAX).raw(b"general.architecture")),
        ("key: duplicate key", Bytes::header(3, 0, 2).key_u32("k", 1).key_u32("k", 1)),
        ("value: unknown value type", Bytes::header(3, 0, 1).text("k").u32(13).u32(0)),
        ("value: value cut off", Bytes::header(3, 0, 1).text("key").u32(12).u32(0)),
        ("value: string that exceeds the file", Bytes::header(3, 0, 1).text("k").u32(STRING).u64(1 << 40).raw(b"abc")),
        ("value: string that is not UTF-8", Bytes::header(3, 0, 1).text("k").u32(STRING).text(b"caf\xe9")),
        ("value: bool of 2", Bytes::header(3, 0, 1).text("k").u32(BOOL).raw(&[2])),
        ("value: bool of 255 in an array", Bytes::header(3, 0, 1).text("k").u32(ARRAY).u32(BOOL).u64(3).raw(&[0, 1, 255])),
        ("value: nested array", Bytes::header(3, 0, 1).text("k").u32(ARRAY).u32(ARRAY).u64(1).u32(U32).u64(1).u32(7)),
        ("value: unknown element type", Bytes::header(3, 0, 1).text("k").u32(ARRAY).u32(u32::MAX).u64(1)),
        ("value: array that exceeds the file", Bytes::header(3, 0, 1).text("k").u32(ARRAY).u32(U32).u64(3).u64(0)),
        ("value: array whose size would wrap around", Bytes::header(3, 0, 1).text("k").u32(ARRAY).u32(U32).u64(1 << 62).u64(0)),
        ("value: array of strings that exceeds the file", Bytes::header(3, 0, 1).text("k").u32(ARRAY).u32(STRING).u64(u64::MAX).u64(0)),
        ("value: element that is not UTF-8", Bytes::header(3, 0, 1).text("k").u32(ARRAY).u32(STRING).u64(2).text("a").text(b"\xc0\x80")),
        ("alignment: zero", Bytes::header(3, 0, 1).key_u32("general.alignment", 0)),
        ("alignment: not a power of two", Bytes::header(3, 0, 1).key_u32("general.alignment", 48)),
        ("alignment: wrong type", Bytes::header(3, 0, 1).text("general.alignment").u32(10).u64(32)),
        ("tensor name: empty name", one("", &[1], F32, 0)),
        ("tensor name: name too long", one(&"n".repeat(64), &[1], F32, 0)),
        ("tensor name: control character", one("a\0b", &[1], F32, 0)),
        ("tensor name: not UTF-8", Bytes::header(3, 1, 0).text(b"\xfft").u32(1).u64(1).u32(F32).u64(0).data(32, 4)),
        ("tensor name: duplicate", Bytes::header(3, 2, 0).tensor("t", &[1], F32, 0).tensor("t", &[1], F32, 32).data(32, 36)),
        ("dimensions: none", one("t", &[], F32, 0)),
        ("dimensions: five", one("t", &[1, 1, 1, 1, 1], F32, 0)),
        ("dimensions: as many as a u32 counts", Bytes::header(3, 1, 0).text("t").u32(u32::MAX).data(32, 64)),
        ("dimensions: zero", one("t", &[4, 0], F32, 0)),
        ("dimensions: elements overflow 64 bits", one("t", &[1 << 33, 1 << 33], F32, 0)),
        ("dimensions: elements overflow 63 bits", one("t", &[1 << 63], 24, 0)),
        ("dimensions: bytes overflow", one("t", &[1 << 62], F32, 0)),
        ("dimensions: row of half a block", one("t", &[48, 2], Q8_0, 0)),
        ("tensor type: withdrawn type", one("t", &[32], 4, 0)),
        ("tensor type: type from the future", one("t", &[32], u32::MAX, 0)),
        ("tensor data: misaligned", one("t", &[4], F32, 16)),
        (
            "tensor data: misaligned by the alignment of the file",
            Bytes::header(3, 1, 1).key_u32("general.alignment", 64).tensor("t", &[4], F32, 32).data(64, 128),
        ),
        ("tensor data: one byte outside", Bytes::header(3, 1, 0).tensor("t", &[32], Q8_0, 96).data(32, 129)),
        ("tensor data: start far outside", one("t", &[4], F32, 1 << 40)),
        ("tensor data: start that would wrap around", one("t", &[4], F32, 0u64.wrapping_sub(64))),
        ("tensor data: the same bytes", Bytes::header(3, 2, 0).tensor("a", &[4], F32, 0).tensor("b", &[4], F32, 0).data(32, 32)),
        (
            "tensor data: overlap, later tensor first",
            Bytes::header(3, 3, 0).tensor("a", &[2], F32, 64).tensor("b", &[8], F32, 32).tensor("c", &[9], F32, 0).data(32, 96),
        ),
    ]
}

#[test]
fn valid_file() {
    let d = valid().read().unwrap();
    assert_eq!((d.version, d.alignment, d.data_offset, d.file_len), (3, 32, 224, 290));
    assert_eq!(d.metadata.keys().collect::<Vec<_>>(), ["general.architecture", "clip.vision.block_count", "flags"]);
    assert_eq!(d.string("general.architecture").unwrap(), "clip");
    assert_eq!(d.u32("clip.vision.block_count").unwrap(), 27);
    assert_eq!(d.bool_array("flags").unwrap(), [false, true]);
    assert_eq!(d.key_offset("clip.vision.block_count"), Some(68));
    let b = d.tensor("b").unwrap();
    assert_eq!((b.dtype, &b.ne[..], b.offset, b.bytes), (GgmlType::Q8_0, &[32][..], 256, 34));
    assert_eq!(d.weight_bytes(), 24 + 34);
}

#[test]
fn every_malformed_file_gives_its_error() {
    let found: String = malformed().iter().map(|(name, bytes)| format!("== {name}\n{}", bytes.error().plain())).collect();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(ERRORS, &found).unwrap();
    }
    let expected = std::fs::read_to_string(ERRORS).unwrap();
    for (found, expected) in found.split("== ").zip(expected.split("== ")) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), expected.len());
}

/// Everything that is unusual and allowed.
#[test]
fn accepted() {
    let version_2 = Bytes::header(2, 1, 1).key_u32("k", 1).tensor("t", &[4], F32, 0).data(32, 16);
    assert_eq!(version_2.read().unwrap().version, 2);

    let key = "K".repeat(65535);
    let keys = Bytes::header(3, 0, 3).key_u32("nomic-bert.block_count", 1).key_u32("General.Größe", 2).key_u32(&key, 3);
    let keys = keys.read().unwrap();
    assert_eq!(keys.u32("nomic-bert.block_count").unwrap() + keys.u32("General.Größe").unwrap() + keys.u32(&key).unwrap(), 6);

    let name = "n".repeat(63);
    let unordered = Bytes::header(3, 3, 0)
        .tensor("last", &[4], F32, 128)
        .tensor(&name, &[2, 1, 1, 1], F32, 0)
        .tensor("after a gap", &[8], F32, 96)
        .data(32, 144);
    let unordered = unordered.read().unwrap();
    let offsets: Vec<u64> = unordered.tensors.values().map(|t| t.offset - unordered.data_offset).collect();
    assert_eq!(offsets, [128, 0, 96]);

    let packed = Bytes::header(3, 2, 1).key_u32("general.alignment", 1).tensor("a", &[1], 24, 0).tensor("b", &[1], 24, 1);
    let packed = packed.data(1, 2).read().unwrap();
    assert_eq!((packed.alignment, packed.tensors["b"].offset), (1, packed.data_offset + 1));

    let sparse = Bytes::header(3, 0, 1).key_u32("general.alignment", 1 << 31).read().unwrap();
    assert_eq!((sparse.alignment, sparse.data_offset), (1 << 31, 1 << 31));

    let empty = Bytes::header(3, 0, 1).text("e").u32(ARRAY).u32(STRING).u64(0).read().unwrap();
    assert_eq!(empty.metadata["e"], MetaValue::Array(MetaArray::String(vec![])));
}

/// Formats that people pass by mistake are called by their names.
#[test]
fn other_formats() {
    for (bytes, what) in [
        (&b"PK\x03\x04rest"[..], "this looks like a zip archive, such as a PyTorch checkpoint: convert it to GGUF first"),
        (b"tjgg\x03\0\0\0", "this looks like a GGJT file, a format before GGUF: convert the model again from its source"),
        (b"version https://git-lfs.github.com/spec/v1\n", "this looks like a Git LFS pointer: fetch the file itself with `git lfs pull`"),
        (b"\x40\0\0\0\0\0\0\0{\"__metadata__\"", "this looks like a safetensors file: convert it to GGUF first"),
        (b"<!DOCTYPE html>", "this looks like an HTML or XML page, perhaps an error page saved by a download: fetch the file again"),
    ] {
        let error = Bytes::new().raw(bytes).error();
        assert_eq!(error.code(), "gguf-not-gguf");
        assert!(error.plain().ends_with(&format!("  help: {what}\n")), "{}", error.plain());
    }
}

#[test]
fn paths_that_are_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let error = GgufDirectory::read(folder.path()).unwrap_err().plain();
    let at = folder.path().display();
    assert_eq!(error, format!("error[gguf-open]: a GGUF file must be a regular file\n  at {at}\n  - this is a directory\n"));
    let missing = folder.path().join("missing.gguf");
    let error = GgufDirectory::read(&missing).unwrap_err().plain();
    assert!(error.starts_with(&format!("error[gguf-open]: cannot find the GGUF file\n  at {}\n", missing.display())), "{error}");
    let empty = folder.path().join("empty.gguf");
    std::fs::write(&empty, b"").unwrap();
    assert_eq!(GgufDirectory::read(&empty).unwrap_err().code(), "gguf-empty");
}

#[test]
fn truncation_at_every_byte() {
    let whole = valid().0;
    let reference = std::fs::read(REFERENCE).unwrap();
    let directory = GgufDirectory::read(Path::new(REFERENCE)).unwrap();
    let data_end = directory.tensors.values().map(|t| t.offset + t.bytes).max().unwrap();
    for (bytes, header, end) in [(&whole, 212, whole.len()), (&reference, 0, data_end as usize)] {
        for len in 0..end {
            let error = Bytes(bytes[..len].to_vec()).error();
            let expected = match len {
                0 => ["gguf-empty", "gguf-empty"],
                _ if len < header => ["gguf-truncated", "gguf-count"],
                _ if header == 0 && len < directory.data_offset as usize => [error.code(), "gguf-out-of-file"],
                _ => ["gguf-out-of-file", "gguf-out-of-file"],
            };
            assert!(expected.contains(&error.code()), "{len}: {}", error.plain());
        }
        assert!(Bytes(bytes[..end].to_vec()).read().is_ok());
    }
}

#[test]
fn getters() {
    let d = Bytes::header(3, 1, 5)
        .key_u32("clip.vision.block_count", 27)
        .text("clip.vision.eps")
        .u32(6)
        .raw(&1e-6f32.to_le_bytes())
        .text("clip.audio.block_count")
        .u32(11)
        .raw(&(-1i64).to_le_bytes())
        .text("mean")
        .u32(ARRAY)
        .u32(6)
        .u64(2)
        .raw(&[0, 0, 0, 0x3f, 0, 0, 0, 0x3f])
        .text("ids")
        .u32(ARRAY)
        .u32(5)
        .u64(2)
        .raw(&[7, 0, 0, 0, 0xff, 0xff, 0xff, 0xff])
        .tensor("v.blk.0.ln1.weight", &[4], F32, 0)
        .data(32, 16)
        .read()
        .unwrap();
    assert_eq!(d.u64("clip.vision.block_count").unwrap(), 27);
    assert_eq!(d.i64("clip.audio.block_count").unwrap(), -1);
    assert_eq!(d.f32("clip.vision.eps").unwrap(), 1e-6);
    assert_eq!(d.f32_array("mean").unwrap(), [0.5, 0.5]);
    let plain = |e: Diagnostic| e.plain();
    assert_eq!(
        plain(d.u32("clip.vision.blok_count").unwrap_err()),
        "error[gguf-missing-key]: the file has no metadata key \"clip.vision.blok_count\"\n  at m.gguf\n  - expected: u32\n  \
         - close names in the file: \"clip.vision.block_count\", \"clip.audio.block_count\"\n"
    );
    assert_eq!(
        plain(d.string("general.architecture").unwrap_err()),
        "error[gguf-missing-key]: the file has no metadata key \"general.architecture\"\n  at m.gguf\n  - expected: string\n  \
         help: the file may hold another kind of model\n"
    );
    assert_eq!(
        plain(d.u32("clip.vision.eps").unwrap_err()),
        "error[gguf-key-type]: metadata key \"clip.vision.eps\" has the wrong type\n  at m.gguf:byte 63\n  - expected: u32\n  \
         - found: f32 = 1e-6\n"
    );
    assert_eq!(
        plain(d.u32("clip.audio.block_count").unwrap_err()),
        "error[gguf-key-range]: metadata key \"clip.audio.block_count\" has a value out of range\n  at m.gguf:byte 94\n  \
         - expected: u32\n  - found: -1\n"
    );
    assert_eq!(
        plain(d.u32_array("ids").unwrap_err()),
        "error[gguf-key-range]: metadata key \"ids\" has a value out of range\n  at m.gguf:byte 172\n  - expected: u32\n  \
         - element 1 is -1\n"
    );
    assert_eq!(
        plain(d.bool_array("mean").unwrap_err()),
        "error[gguf-key-type]: metadata key \"mean\" has the wrong type\n  at m.gguf:byte 136\n  - expected: an array of bool\n  \
         - found: f32[2] = [0.5, 0.5]\n"
    );
    assert_eq!(
        plain(d.tensor("v.blk.0.ln1.weigth").unwrap_err()),
        "error[gguf-missing-tensor]: the file has no tensor \"v.blk.0.ln1.weigth\"\n  at m.gguf\n  - tensors in the file: 1\n  \
         - close names in the file: \"v.blk.0.ln1.weight\"\n"
    );
    for wrong in [
        d.f32("clip.vision.block_count").err(),
        d.bool("mean").err(),
        d.string("ids").err(),
        d.f32_array("ids").err(),
        d.string_array("ids").err(),
        d.u32_array("mean").err(),
        d.u32_array("clip.vision.eps").err(),
        d.i64("mean").err(),
    ] {
        assert_eq!(wrong.unwrap().code(), "gguf-key-type");
    }
}

/// The encoders give the bits of the `gguf` Python package, which wrote the reference file.
#[test]
fn encoders_equal_the_reference() {
    let file = std::fs::read(REFERENCE).unwrap();
    let directory = GgufDirectory::read(Path::new(REFERENCE)).unwrap();
    let data = |name: &str| {
        let t = directory.tensor(name).unwrap();
        &file[t.offset as usize..(t.offset + t.bytes) as usize]
    };
    let values: Vec<f32> = data("x.f32").chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
    for name in ["x.f32", "x.f16", "x.bf16", "x.q8_0", "x.q4_0"] {
        let dtype = directory.tensor(name).unwrap().dtype;
        let mut encoded = Vec::new();
        assert!(encode(dtype, &values, &mut encoded));
        let block = dtype.block_bytes() as usize;
        for (i, (ours, theirs)) in encoded.chunks(block).zip(data(name).chunks(block)).enumerate() {
            assert_eq!(ours, theirs, "{dtype} block {i}");
        }
        assert_eq!(encoded.len(), data(name).len());
    }
}

fn write_bytes(writer: &GgufWriter, path: &Path, file: &[u8], source: &GgufDirectory) -> Result<GgufDirectory> {
    let data = |t: &TensorInfo, sink: &mut TensorSink| {
        let from = source.tensor(&t.name)?.offset as usize;
        file[from..from + t.bytes as usize].chunks(1000).try_for_each(|piece| sink.bytes(piece))
    };
    writer.write(path, data, |_, _| ())
}

/// Reading the reference file and writing what was read gives the same file.
#[test]
fn rewriting_the_reference_changes_no_byte() {
    let file = std::fs::read(REFERENCE).unwrap();
    let directory = GgufDirectory::read(Path::new(REFERENCE)).unwrap();
    let mut writer = GgufWriter::new();
    for (key, value) in &directory.metadata {
        writer.meta(key, value.clone());
    }
    for t in directory.tensors.values() {
        writer.tensor(&t.name, t.dtype, t.ne.clone());
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy.gguf");
    write_bytes(&writer, &path, &file, &directory).unwrap();
    assert!(std::fs::read(&path).unwrap() == file);
}

fn two_tensors() -> GgufWriter {
    let mut writer = GgufWriter::new();
    writer.meta("general.name", "two").tensor("a", GgmlType::F16, [3]).tensor("b", GgmlType::Q8_0, [64, 2]);
    writer
}

fn ones(t: &TensorInfo, sink: &mut TensorSink) -> Result<()> {
    sink.f32(&vec![1.0; t.elements() as usize])
}

#[test]
fn writer_reports_progress_and_makes_an_ordinary_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two.gguf");
    let mut steps = Vec::new();
    let directory = two_tensors().write(&path, ones, |done, all| steps.push((done, all))).unwrap();
    assert!(steps.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 == w[1].1));
    assert_eq!(steps.last(), Some(&(directory.file_len, directory.file_len)));
    assert_eq!(std::fs::metadata(&path).unwrap().len(), directory.file_len);
    let read = GgufDirectory::read(&path).unwrap();
    assert_eq!((&read.metadata, &read.tensors), (&directory.metadata, &directory.tensors));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let ordinary = folder.path().join("ordinary");
        std::fs::write(&ordinary, b"").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&ordinary));
    }
}

#[test]
fn writer_failures_leave_nothing_behind_and_keep_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.gguf");
    std::fs::write(&path, b"old").unwrap();
    let at = path.display();
    let fails = |writer: &GgufWriter, data: &mut dyn FnMut(&TensorInfo, &mut TensorSink) -> Result<()>, text: &str| {
        let error = writer.write(&path, data, |_, _| ()).unwrap_err();
        assert_eq!(error.plain(), text);
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["w.gguf"]);
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
    };
    let size = |t: &str, fact: &str| {
        let name = &t[..1];
        let info = &t[2..];
        format!("error[gguf-data]: the data of tensor \"{name}\" does not have its size\n  at {at}\n  - {info}\n  - {fact}\n")
    };
    fails(&two_tensors(), &mut |_, _| Ok(()), &size("a F16 [3]: 6 bytes", "6 bytes are missing"));
    fails(&two_tensors(), &mut |_, s| s.f32(&[1.0; 4]), &size("a F16 [3]: 6 bytes", "8 bytes more, where 6 were left"));
    fails(
        &two_tensors(),
        &mut |t, s| if t.name == "a" { s.bytes(&[0; 6]) } else { s.f32(&[1.0; 33]) },
        &size("b Q8_0 [64, 2]: 136 bytes", "33 values are no whole number of blocks"),
    );
    fails(&two_tensors(), &mut |_, _| Err(Diagnostic::new("stop", "stopped")), "error[stop]: stopped\n");
    let mut unknown = GgufWriter::new();
    unknown.tensor("t", GgmlType::Q4_K, [256]);
    fails(
        &unknown,
        &mut ones,
        &format!(
            "error[gguf-encode]: no encoder for type Q4_K\n  at {at}\n  - tensor: \"t\"\n  - types with an encoder: F32, F16, BF16, Q8_0, Q4_0\n"
        ),
    );
    let mut twice = GgufWriter::new();
    twice.tensor("t", GgmlType::F32, [1]).tensor("t", GgmlType::F32, [1]);
    fails(
        &twice,
        &mut ones,
        &format!(
            "error[gguf-duplicate-tensor]: tensor \"t\" occurs twice\n  at {at}:byte 57\n  - first at byte 24\n  help: the file was written by a faulty program: \
             convert the model again with llama.cpp's converter\n"
        ),
    );
}

#[test]
fn writer_refuses_what_the_reader_refuses() {
    let path = Path::new("w.gguf");
    let code = |make: &dyn Fn(&mut GgufWriter)| {
        let mut writer = GgufWriter::new();
        make(&mut writer);
        writer.directory(path).unwrap_err().code()
    };
    assert_eq!(code(&|w| _ = w.meta("", 1u32)), "gguf-key");
    assert_eq!(code(&|w| _ = w.meta("k", 1u32).meta("k", 2u32)), "gguf-duplicate-key");
    assert_eq!(code(&|w| _ = w.meta("general.alignment", 3u32)), "gguf-alignment");
    assert_eq!(code(&|w| _ = w.tensor("t", GgmlType::Q8_0, [33])), "gguf-block");
    assert_eq!(code(&|w| _ = w.tensor("t", GgmlType::F32, [])), "gguf-dims");
    assert_eq!(code(&|w| _ = w.tensor("t", GgmlType::F32, [1 << 40, 1 << 40])), "gguf-dims");
    assert_eq!(code(&|w| _ = w.tensor("n".repeat(64), GgmlType::F32, [1])), "gguf-tensor-name");
    let huge = |w: &mut GgufWriter| _ = w.tensor("a", GgmlType::I8, [1 << 62]).tensor("b", GgmlType::I8, [1 << 62]);
    assert_eq!(code(&huge), "gguf-size");
}

#[test]
fn writer_destination_must_be_possible() {
    let folder = tempfile::tempdir().unwrap();
    let error = two_tensors().write(folder.path(), ones, |_, _| ()).unwrap_err();
    assert_eq!(error.message(), "cannot write the GGUF file: a directory has its name");
    let error = two_tensors().write(&folder.path().join("no/where.gguf"), ones, |_, _| ()).unwrap_err();
    assert_eq!((error.code(), error.message()), ("gguf-write", "cannot create a file in the folder of the GGUF file"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Metadata and tensors that every reader must accept.
fn contents() -> impl Strategy<Value = (Vec<MetaValue>, Vec<(usize, Vec<u64>)>)> {
    let value = prop_oneof![
        any::<u8>().prop_map(MetaValue::from),
        any::<i8>().prop_map(MetaValue::from),
        any::<u16>().prop_map(MetaValue::from),
        any::<i16>().prop_map(MetaValue::from),
        any::<u32>().prop_map(MetaValue::from),
        any::<i32>().prop_map(MetaValue::from),
        any::<u64>().prop_map(MetaValue::from),
        any::<i64>().prop_map(MetaValue::from),
        any::<f32>().prop_map(MetaValue::from),
        any::<f64>().prop_map(MetaValue::from),
        any::<bool>().prop_map(MetaValue::from),
        any::<String>().prop_map(MetaValue::from),
        prop::collection::vec(any::<i16>(), 0..5).prop_map(MetaValue::from),
        prop::collection::vec(any::<f64>(), 0..5).prop_map(MetaValue::from),
        prop::collection::vec(any::<bool>(), 0..5).prop_map(MetaValue::from),
        prop::collection::vec(any::<String>(), 0..5).prop_map(MetaValue::from),
    ];
    let ne = prop::collection::vec(1u64..5, 1..=4);
    (prop::collection::vec(value, 0..8), prop::collection::vec((0..GgmlType::ALL.len(), ne), 0..6))
}

/// What the reader promises of every directory it returns.
fn check_invariants(d: &GgufDirectory) {
    let mut ranges: Vec<(u64, u64)> = d.tensors.values().map(|t| (t.offset, t.offset + t.bytes)).collect();
    ranges.sort_unstable();
    assert!(ranges.windows(2).all(|w| w[0].1 <= w[1].0));
    for t in d.tensors.values() {
        assert_eq!(t.dtype.tensor_bytes(&t.ne), Some(t.bytes));
        assert!(t.bytes > 0 && t.offset >= d.data_offset && t.offset + t.bytes <= d.file_len);
        assert!((t.offset - d.data_offset).is_multiple_of(d.alignment) && (1..=63).contains(&t.name.len()));
    }
}

/// As many cases, or `PROPTEST_CASES` if that is more.
fn cases(least: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases.max(least), failure_persistence: None, ..config }
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn what_is_written_is_read((values, tensors) in contents(), alignment in 0u32..8) {
        let mut writer = GgufWriter::new();
        writer.meta("general.alignment", 1u32 << alignment);
        for (i, value) in values.iter().enumerate() {
            writer.meta(format!("key.{i}"), value.clone());
        }
        for (i, (dtype, ne)) in tensors.iter().enumerate() {
            let dtype = GgmlType::ALL[*dtype];
            let mut ne = ne.clone();
            ne[0] *= dtype.block_size();
            writer.tensor(format!("t{i}"), dtype, ne);
        }
        let (written, bytes) = writer.directory(Path::new("w.gguf")).unwrap();
        let read = GgufDirectory::parse(Path::new("w.gguf"), &bytes, written.file_len).unwrap();
        check_invariants(&read);
        prop_assert_eq!(read.metadata.len(), values.len() + 1);
        for (i, value) in values.iter().enumerate() {
            // As text, in which every NaN equals itself.
            prop_assert_eq!(format!("{:?}", &read.metadata[&format!("key.{i}")]), format!("{value:?}"));
        }
        prop_assert_eq!(read.tensors.len(), tensors.len());
        for (t, (dtype, ne)) in read.tensors.values().zip(&tensors) {
            prop_assert_eq!(t.dtype, GgmlType::ALL[*dtype]);
            prop_assert_eq!(&t.ne[1..], &ne[1..]);
        }
    }
}

/// One damage to a file.
#[derive(Debug, Clone)]
enum Damage {
    Byte(usize, u8),
    Word(usize, u64),
    Remove(usize, usize),
    Insert(usize, Vec<u8>),
    Cut(usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let extreme = prop_oneof![
        Just(0),
        Just(u64::MAX),
        Just(1 << 63),
        Just(u64::MAX - 31),
        Just(i64::MAX as u64),
        Just(u64::from(u32::MAX)),
        0u64..64,
        any::<u64>(),
    ];
    prop_oneof![
        4 => (any::<usize>(), any::<u8>()).prop_map(|(at, v)| Damage::Byte(at, v)),
        4 => (any::<usize>(), extreme).prop_map(|(at, v)| Damage::Word(at, v)),
        1 => (any::<usize>(), 1usize..40).prop_map(|(at, n)| Damage::Remove(at, n)),
        1 => (any::<usize>(), prop::collection::vec(any::<u8>(), 1..40)).prop_map(|(at, v)| Damage::Insert(at, v)),
        1 => any::<usize>().prop_map(Damage::Cut),
    ]
}

fn apply(bytes: &mut Vec<u8>, damage: &Damage) {
    let len = bytes.len().max(1);
    match damage {
        Damage::Byte(at, v) => bytes.iter_mut().skip(at % len).take(1).for_each(|b| *b = *v),
        Damage::Word(at, v) => bytes.iter_mut().skip(at % len).zip(v.to_le_bytes()).for_each(|(b, v)| *b = v),
        Damage::Remove(at, n) => drop(bytes.drain(at % len..(at % len + n).min(bytes.len()).max(at % len))),
        Damage::Insert(at, v) => drop(bytes.splice(at % len..at % len, v.iter().copied())),
        Damage::Cut(at) => bytes.truncate(at % len),
    }
}

proptest! {
    #![proptest_config(cases(4000))]

    #[test]
    fn damaged_files_never_panic(reference in any::<bool>(), damages in prop::collection::vec(damage(), 1..4)) {
        // Of the reference file only the directory, where damage matters.
        static REFERENCE_BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| std::fs::read(REFERENCE).unwrap());
        let mut bytes = if reference { REFERENCE_BYTES[..850].to_vec() } else { valid().0 };
        let file_len = if reference { REFERENCE_BYTES.len() } else { bytes.len() } as u64;
        for damage in &damages {
            apply(&mut bytes, damage);
        }
        match GgufDirectory::parse(Path::new("m.gguf"), &bytes, file_len.max(bytes.len() as u64)) {
            Ok(directory) => check_invariants(&directory),
            Err(e) => {
                prop_assert!(e.code().starts_with("gguf-") && e.has_place());
                prop_assert!(e.plain().len() < 4000);
            }
        }
    }

    #[test]
    fn random_bytes_never_panic(tail in prop::collection::vec(any::<u8>(), 0..200), magic in any::<bool>()) {
        let mut bytes = if magic { b"GGUF\x03\0\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0".to_vec() } else { vec![] };
        bytes.extend(tail);
        if let Ok(directory) = GgufDirectory::parse(Path::new("m.gguf"), &bytes, bytes.len() as u64) {
            check_invariants(&directory);
        }
    }
}
