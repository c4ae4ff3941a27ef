//! Strict reader of a GGUF file's directory: header, metadata and tensor table, never the weights.
//!
//! What holds for every `GgufDirectory`:
//! - keys and tensor names are non-empty UTF-8 without control characters, and occur once;
//! - every tensor has 1 to 4 dimensions, none zero, whole blocks per row, and a size that fits 63 bits;
//! - every tensor's bytes lie inside the file, start at a multiple of the alignment, and belong to it alone.
//!
//! Any input gives a directory or one diagnostic, in time and memory linear in the size of the directory.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use super::value::{MetaArray, MetaType, MetaValue};
use super::{ALIGNMENT_KEY, DEFAULT_ALIGNMENT, GgmlType, MAGIC, MAX_DIMS, MAX_KEY, MAX_TENSOR_NAME, VERSIONS};
use crate::diagnostic::{Diagnostic, Result, close_names};

/// More keys or tensors than this are taken for a corrupt count, whatever the file size.
const MAX_ENTRIES: u64 = 1 << 20;
/// Fewest bytes of a key: the length of its name, a type, a value of one byte.
const MIN_KEY_BYTES: u64 = 8 + 4 + 1;
/// Fewest bytes of a tensor: the length of its name, the number of dimensions, a type, an offset.
const MIN_TENSOR_BYTES: u64 = 8 + 4 + 4 + 8;

const HELP_DAMAGED: &str =
    "the file is cut short or damaged: compare its size and checksum with the original and fetch or convert it again";
const HELP_CONVERT: &str = "the file was written by a faulty program: convert the model again with llama.cpp's converter";

/// What a GGUF file holds, without its weights.
#[derive(Debug, Clone)]
pub struct GgufDirectory {
    pub file: PathBuf,
    pub file_len: u64,
    pub version: u32,
    pub alignment: u64,
    /// In the order of the file.
    pub metadata: IndexMap<String, MetaValue>,
    /// In the order of the file's table.
    pub tensors: IndexMap<String, TensorInfo>,
    /// Where the data section starts; tensor offsets in the file count from here.
    pub data_offset: u64,
    /// Position of each key in the file, parallel to `metadata`.
    key_offsets: Vec<u64>,
}

/// One line of the tensor table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    pub name: String,
    pub dtype: GgmlType,
    /// Dimensions in ggml's order: the fastest first.
    pub ne: Vec<u64>,
    /// First byte of the data, counted from the start of the file.
    pub offset: u64,
    /// Bytes of data, without padding.
    pub bytes: u64,
    /// Where the tensor's entry in the table starts.
    pub header_offset: u64,
}

impl TensorInfo {
    /// Elements of the tensor.
    pub fn elements(&self) -> u64 {
        self.ne.iter().product()
    }
}

/// `F16 [1152, 3456]`, the fastest dimension first.
impl fmt::Display for TensorInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.dtype, self.ne)
    }
}

impl GgufDirectory {
    /// Reads the directory of a file. The file is mapped, so only the pages of the directory are touched.
    pub fn read(path: &Path) -> Result<Self> {
        let failed = |what: &str, e: std::io::Error| {
            Diagnostic::new("gguf-open", format!("cannot {what} the GGUF file")).in_file(path).fact(e.to_string())
        };
        // Before opening, because opening a pipe waits for its writer.
        let meta = std::fs::metadata(path).map_err(|e| failed("find", e))?;
        if !meta.is_file() {
            return Err(Diagnostic::new("gguf-open", "a GGUF file must be a regular file").in_file(path).fact(if meta.is_dir() {
                "this is a directory"
            } else {
                "this is a device, pipe or socket"
            }));
        }
        if meta.len() == 0 {
            return Self::parse(path, &[], 0);
        }
        let file = File::open(path).map_err(|e| failed("open", e))?;
        // SAFETY: the mapping is private to this function, read-only, and unmapped before it returns. A file that
        // another program cuts short meanwhile can stop this process with SIGBUS, as with any mapped file.
        let map = unsafe { memmap2::Mmap::map(&file) }.map_err(|e| failed("map", e))?;
        Self::parse(path, &map, map.len() as u64)
    }

    /// Reads the directory from `bytes`, the first bytes of a file of `file_len` bytes called `name`.
    pub fn parse(name: &Path, bytes: &[u8], file_len: u64) -> Result<Self> {
        let mut c = Cursor { file: name, bytes, pos: 0 };
        let (version, n_tensors, n_keys) = read_header(&mut c)?;
        let (metadata, key_offsets) = read_metadata(&mut c, n_keys)?;
        let alignment = match metadata.get_full(ALIGNMENT_KEY) {
            Some((i, _, value)) => read_alignment(&c, key_offsets[i], value)?,
            None => DEFAULT_ALIGNMENT.into(),
        };
        let (mut tensors, offset_fields) = read_tensors(&mut c, n_tensors)?;
        // `pos` is at most the length of a slice, so that this sum cannot overflow.
        let data_offset = c.pos().next_multiple_of(alignment);
        place_tensors(&c, &mut tensors, &offset_fields, data_offset, alignment, file_len)?;
        let file = name.to_path_buf();
        Ok(Self { file, file_len, version, alignment, metadata, tensors, data_offset, key_offsets })
    }

    /// Position of a key in the file.
    pub fn key_offset(&self, key: &str) -> Option<u64> {
        Some(self.key_offsets[self.metadata.get_index_of(key)?])
    }

    /// Bytes of weights, without padding.
    pub fn weight_bytes(&self) -> u64 {
        self.tensors.values().map(|t| t.bytes).sum()
    }

    /// The value of a key, or an error that names close keys.
    pub fn value(&self, key: &str) -> Result<&MetaValue> {
        self.find(key, "a value")
    }

    /// An integer of any GGUF integer type, if it fits.
    pub fn u32(&self, key: &str) -> Result<u32> {
        self.integer(key, "u32")
    }

    /// An integer of any GGUF integer type, if it fits.
    pub fn u64(&self, key: &str) -> Result<u64> {
        self.integer(key, "u64")
    }

    /// An integer of any GGUF integer type, if it fits.
    pub fn i64(&self, key: &str) -> Result<i64> {
        self.integer(key, "i64")
    }

    pub fn f32(&self, key: &str) -> Result<f32> {
        match self.find(key, "f32")? {
            MetaValue::F32(v) => Ok(*v),
            other => Err(self.wrong_type(key, "f32", other)),
        }
    }

    pub fn bool(&self, key: &str) -> Result<bool> {
        match self.find(key, "bool")? {
            MetaValue::Bool(v) => Ok(*v),
            other => Err(self.wrong_type(key, "bool", other)),
        }
    }

    pub fn string(&self, key: &str) -> Result<&str> {
        match self.find(key, "string")? {
            MetaValue::String(v) => Ok(v),
            other => Err(self.wrong_type(key, "string", other)),
        }
    }

    pub fn f32_array(&self, key: &str) -> Result<&[f32]> {
        match self.find(key, "an array of f32")? {
            MetaValue::Array(MetaArray::F32(v)) => Ok(v),
            other => Err(self.wrong_type(key, "an array of f32", other)),
        }
    }

    pub fn bool_array(&self, key: &str) -> Result<&[bool]> {
        match self.find(key, "an array of bool")? {
            MetaValue::Array(MetaArray::Bool(v)) => Ok(v),
            other => Err(self.wrong_type(key, "an array of bool", other)),
        }
    }

    pub fn string_array(&self, key: &str) -> Result<&[String]> {
        match self.find(key, "an array of string")? {
            MetaValue::Array(MetaArray::String(v)) => Ok(v),
            other => Err(self.wrong_type(key, "an array of string", other)),
        }
    }

    /// Integers of any GGUF integer type, if each fits.
    pub fn u32_array(&self, key: &str) -> Result<Vec<u32>> {
        let expected = "an array of u32";
        let value = self.find(key, expected)?;
        let MetaValue::Array(array) = value else { return Err(self.wrong_type(key, expected, value)) };
        let Some(values) = array.as_integers() else { return Err(self.wrong_type(key, expected, value)) };
        values
            .iter()
            .enumerate()
            .map(|(i, &v)| v.try_into().map_err(|_| self.out_of_range(key, "u32", format!("element {i} is {v}"))))
            .collect()
    }

    /// A tensor by name, or an error that names close ones.
    pub fn tensor(&self, name: &str) -> Result<&TensorInfo> {
        self.tensors.get(name).ok_or_else(|| {
            let error = Diagnostic::new("gguf-missing-tensor", format!("the file has no tensor {}", quote(name)))
                .in_file(&self.file)
                .fact(format!("tensors in the file: {}", self.tensors.len()));
            self.with_names_near(error, name, self.tensors.keys())
        })
    }

    fn find(&self, key: &str, expected: &str) -> Result<&MetaValue> {
        self.metadata.get(key).ok_or_else(|| {
            let error = Diagnostic::new("gguf-missing-key", format!("the file has no metadata key {}", quote(key)))
                .in_file(&self.file)
                .fact(format!("expected: {expected}"));
            self.with_names_near(error, key, self.metadata.keys())
        })
    }

    fn with_names_near<'a>(&self, error: Diagnostic, name: &str, known: impl Iterator<Item = &'a String>) -> Diagnostic {
        let near = close_names(name, known.map(String::as_str));
        if near.is_empty() {
            return error.help("the file may hold another kind of model");
        }
        let near = near.into_iter().map(quote).collect::<Vec<_>>().join(", ");
        error.fact(format!("close names in the file: {near}"))
    }

    fn integer<T: TryFrom<i128>>(&self, key: &str, expected: &str) -> Result<T> {
        let value = self.find(key, expected)?;
        let integer = value.as_integer().ok_or_else(|| self.wrong_type(key, expected, value))?;
        T::try_from(integer).map_err(|_| self.out_of_range(key, expected, format!("found: {integer}")))
    }

    fn wrong_type(&self, key: &str, expected: &str, found: &MetaValue) -> Diagnostic {
        Diagnostic::new("gguf-key-type", format!("metadata key {} has the wrong type", quote(key)))
            .at_byte(&self.file, self.key_offset(key).unwrap_or_default())
            .fact(format!("expected: {expected}"))
            .fact(format!("found: {} = {found}", found.describe_type()))
    }

    fn out_of_range(&self, key: &str, expected: &str, found: String) -> Diagnostic {
        Diagnostic::new("gguf-key-range", format!("metadata key {} has a value out of range", quote(key)))
            .at_byte(&self.file, self.key_offset(key).unwrap_or_default())
            .fact(format!("expected: {expected}"))
            .fact(found)
    }
}

/// A position in the bytes of a file. Every read is checked against their end.
struct Cursor<'a> {
    file: &'a Path,
    bytes: &'a [u8],
    pos: usize,
}

impl<'a> Cursor<'a> {
    fn pos(&self) -> u64 {
        self.pos as u64
    }

    fn left(&self) -> u64 {
        (self.bytes.len() - self.pos) as u64
    }

    fn error(&self, code: &'static str, at: u64, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, message).at_byte(self.file, at)
    }

    /// The next `n` bytes, which are `what`.
    fn take(&mut self, n: u64, what: fmt::Arguments<'_>) -> Result<&'a [u8]> {
        if n > self.left() {
            return Err(self
                .error("gguf-truncated", self.pos(), format!("the file ends inside {what}"))
                .fact(format!("needed: {n} bytes from byte {}", self.pos))
                .fact(format!("the file has {} bytes", self.bytes.len()))
                .help(HELP_DAMAGED));
        }
        let bytes = &self.bytes[self.pos..self.pos + n as usize];
        self.pos += n as usize;
        Ok(bytes)
    }

    fn u32(&mut self, what: fmt::Arguments<'_>) -> Result<u32> {
        Ok(u32::from_le_bytes(self.take(4, what)?.try_into().expect("four bytes")))
    }

    fn u64(&mut self, what: fmt::Arguments<'_>) -> Result<u64> {
        Ok(u64::from_le_bytes(self.take(8, what)?.try_into().expect("eight bytes")))
    }

    /// The bytes of a string: a 64-bit length, then the text. The position returned is that of the text.
    fn text(&mut self, what: fmt::Arguments<'_>) -> Result<(u64, &'a [u8])> {
        let at = self.pos();
        let len = self.u64(format_args!("the length of {what}"))?;
        if len > self.left() {
            return Err(self
                .error("gguf-truncated", at, format!("the length of {what} exceeds the rest of the file"))
                .fact(format!("length: {len} bytes"))
                .fact(format!("left after byte {}: {} bytes", self.pos, self.left()))
                .help(HELP_DAMAGED));
        }
        Ok((self.pos(), self.take(len, what)?))
    }

    fn utf8(&self, at: u64, text: &'a [u8], what: fmt::Arguments<'_>) -> Result<&'a str> {
        std::str::from_utf8(text).map_err(|e| {
            let bad = e.valid_up_to();
            self.error("gguf-utf8", at + bad as u64, format!("{what} is not UTF-8 text"))
                .fact(format!("byte {bad} of the text is 0x{:02x}", text[bad]))
                .help(HELP_CONVERT)
        })
    }
}

/// Version, number of tensors, number of keys.
fn read_header(c: &mut Cursor<'_>) -> Result<(u32, u64, u64)> {
    if c.bytes.is_empty() {
        return Err(Diagnostic::new("gguf-empty", "the GGUF file is empty").in_file(c.file).help(HELP_DAMAGED));
    }
    if !c.bytes.starts_with(&MAGIC) && !MAGIC.starts_with(c.bytes) {
        return Err(not_gguf(c));
    }
    c.take(4, format_args!("the magic"))?;
    let version = c.u32(format_args!("the version"))?;
    if version != 0 && version & 0xffff == 0 {
        return Err(c
            .error("gguf-big-endian", 4, "this is a big-endian GGUF file")
            .fact(format!("version field: 0x{version:08x}, which is {} in big-endian order", version.swap_bytes()))
            .help("convert the model again for a little-endian machine, without `--bigendian`"));
    }
    if !VERSIONS.contains(&version) {
        return Err(c
            .error("gguf-version", 4, format!("GGUF version {version} is not supported"))
            .fact(format!("supported versions: {} to {}", VERSIONS.start(), VERSIONS.end()))
            .help(match version {
                1 => "convert the model again with a current converter, which writes version 3",
                _ => "the file is newer than this program, or damaged",
            }));
    }
    let n_tensors = c.u64(format_args!("the number of tensors"))?;
    let n_keys = c.u64(format_args!("the number of metadata keys"))?;
    check_count(c, 8, n_tensors, "tensors", MIN_TENSOR_BYTES)?;
    check_count(c, 16, n_keys, "metadata keys", MIN_KEY_BYTES)?;
    Ok((version, n_tensors, n_keys))
}

fn not_gguf(c: &Cursor<'_>) -> Diagnostic {
    const OTHERS: [(&[u8], &str); 12] = [
        (b"lmgg", "a GGML file, the format before GGUF: convert the model again from its source"),
        (b"fmgg", "a GGMF file, a format before GGUF: convert the model again from its source"),
        (b"tjgg", "a GGJT file, a format before GGUF: convert the model again from its source"),
        (b"version https://git-lfs", "a Git LFS pointer: fetch the file itself with `git lfs pull`"),
        (b"PK\x03\x04", "a zip archive, such as a PyTorch checkpoint: convert it to GGUF first"),
        (b"\x1f\x8b", "gzip data: unpack it first"),
        (b"\x28\xb5\x2f\xfd", "zstd data: unpack it first"),
        (b"\xfd7zXZ", "xz data: unpack it first"),
        (b"\x89HDF", "an HDF5 file: convert the model to GGUF first"),
        (b"<", "an HTML or XML page, perhaps an error page saved by a download: fetch the file again"),
        (b"{", "JSON text, not a model file"),
        (b"\x80", "a Python pickle, such as a PyTorch checkpoint: convert it to GGUF first"),
    ];
    let first = &c.bytes[..c.bytes.len().min(8)];
    let hex = first.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" ");
    let error = c
        .error("gguf-not-gguf", 0, "this is not a GGUF file")
        .fact(format!("first bytes: {hex} ({})", quote(&String::from_utf8_lossy(first))))
        .fact("a GGUF file starts with: 47 47 55 46 (\"GGUF\")");
    let other = OTHERS.iter().find(|(start, _)| c.bytes.starts_with(start)).map(|(_, what)| *what);
    let safetensors = c.bytes.get(8..10) == Some(b"{\"");
    match other.or(safetensors.then_some("a safetensors file: convert it to GGUF first")) {
        Some(what) => error.help(format!("this looks like {what}")),
        None => error,
    }
}

fn check_count(c: &Cursor<'_>, at: u64, count: u64, of: &str, each: u64) -> Result<()> {
    let most = c.left() / each;
    if count <= most.min(MAX_ENTRIES) {
        return Ok(());
    }
    let error = c.error("gguf-count", at, format!("the file cannot hold as many {of} as it declares"));
    let error = error.fact(format!("declared: {count} {of}"));
    Err(if count > most {
        error.fact(format!("room for at most {most} in the {} bytes after byte {}", c.left(), c.pos))
    } else {
        error.fact(format!("limit of this program: {MAX_ENTRIES}"))
    }
    .help(HELP_DAMAGED))
}

fn read_metadata(c: &mut Cursor<'_>, n_keys: u64) -> Result<(IndexMap<String, MetaValue>, Vec<u64>)> {
    let mut metadata = IndexMap::new();
    let mut offsets: Vec<u64> = Vec::new();
    for i in 0..n_keys {
        let at = c.pos();
        let (text_at, text) = c.text(format_args!("the name of metadata key {i}"))?;
        let key = name(c, at, text_at, text, format_args!("metadata key {i}"), MAX_KEY, "gguf-key")?;
        if let Some(first) = metadata.get_index_of(key) {
            return Err(c
                .error("gguf-duplicate-key", at, format!("metadata key {} occurs twice", quote(key)))
                .fact(format!("first at byte {}", offsets[first]))
                .help(HELP_CONVERT));
        }
        let type_at = c.pos();
        let id = c.u32(format_args!("the type of key {}", quote(key)))?;
        let value = match value_type(c, type_at, id, key)? {
            MetaType::Array => MetaValue::Array(read_array(c, key)?),
            scalar => read_scalar(c, scalar, key)?,
        };
        metadata.insert(key.to_string(), value);
        offsets.push(at);
    }
    Ok((metadata, offsets))
}

/// A key or tensor name: not empty, not too long, printable text.
fn name<'a>(
    c: &Cursor<'a>,
    at: u64,
    text_at: u64,
    text: &'a [u8],
    what: fmt::Arguments<'_>,
    most: usize,
    code: &'static str,
) -> Result<&'a str> {
    if text.is_empty() {
        return Err(c.error(code, at, format!("{what} has an empty name")).help(HELP_CONVERT));
    }
    if text.len() > most {
        return Err(c
            .error(code, at, format!("the name of {what} is too long"))
            .fact(format!("length: {} bytes; at most {most}", text.len()))
            .fact(format!("it starts with {}", quote(&String::from_utf8_lossy(&text[..text.len().min(40)]))))
            .help(HELP_CONVERT));
    }
    let name = c.utf8(text_at, text, format_args!("the name of {what}"))?;
    if let Some((i, bad)) = name.char_indices().find(|(_, ch)| ch.is_control()) {
        return Err(c
            .error(code, text_at + i as u64, format!("the name of {what} has a control character"))
            .fact(format!("character: U+{:04X} in {}", u32::from(bad), quote(name)))
            .help(HELP_CONVERT));
    }
    Ok(name)
}

fn value_type(c: &Cursor<'_>, at: u64, id: u32, key: &str) -> Result<MetaType> {
    MetaType::from_id(id).ok_or_else(|| {
        c.error("gguf-value-type", at, format!("metadata key {} has an unknown value type", quote(key)))
            .fact(format!("type id: {id}"))
            .fact(format!("known types: {}", MetaType::list()))
            .help(HELP_DAMAGED)
    })
}

fn read_scalar(c: &mut Cursor<'_>, of: MetaType, key: &str) -> Result<MetaValue> {
    if of == MetaType::String {
        let (at, text) = c.text(format_args!("the value of key {}", quote(key)))?;
        return Ok(MetaValue::String(c.utf8(at, text, format_args!("the value of key {}", quote(key)))?.to_string()));
    }
    let at = c.pos();
    let b = c.take(of.min_bytes(), format_args!("the value of key {}", quote(key)))?;
    Ok(match of {
        MetaType::U8 => MetaValue::U8(b[0]),
        MetaType::I8 => MetaValue::I8(b[0].cast_signed()),
        MetaType::U16 => MetaValue::U16(u16::from_le_bytes(le(b))),
        MetaType::I16 => MetaValue::I16(i16::from_le_bytes(le(b))),
        MetaType::U32 => MetaValue::U32(u32::from_le_bytes(le(b))),
        MetaType::I32 => MetaValue::I32(i32::from_le_bytes(le(b))),
        MetaType::F32 => MetaValue::F32(f32::from_le_bytes(le(b))),
        MetaType::U64 => MetaValue::U64(u64::from_le_bytes(le(b))),
        MetaType::I64 => MetaValue::I64(i64::from_le_bytes(le(b))),
        MetaType::F64 => MetaValue::F64(f64::from_le_bytes(le(b))),
        MetaType::Bool => MetaValue::Bool(boolean(c, at, b[0], key)?),
        MetaType::String | MetaType::Array => unreachable!("handled by the callers"),
    })
}

fn read_array(c: &mut Cursor<'_>, key: &str) -> Result<MetaArray> {
    let type_at = c.pos();
    let id = c.u32(format_args!("the element type of key {}", quote(key)))?;
    let of = value_type(c, type_at, id, key)?;
    if of == MetaType::Array {
        return Err(c
            .error("gguf-nested-array", type_at, format!("metadata key {} is an array of arrays", quote(key)))
            .help("no version of llama.cpp reads nested arrays: remove the key from the file"));
    }
    let count_at = c.pos();
    let count = c.u64(format_args!("the length of array {}", quote(key)))?;
    // With this check no allocation below exceeds a small multiple of the bytes that are there.
    if count > c.left() / of.min_bytes() {
        return Err(c
            .error("gguf-count", count_at, format!("the array of key {} exceeds the rest of the file", quote(key)))
            .fact(format!("declared: {count} elements of {of}, at least {} bytes each", of.min_bytes()))
            .fact(format!("left after byte {}: {} bytes", c.pos, c.left()))
            .help(HELP_DAMAGED));
    }
    if of == MetaType::String {
        let mut strings = Vec::new();
        for i in 0..count {
            let (at, text) = c.text(format_args!("element {i} of key {}", quote(key)))?;
            strings.push(c.utf8(at, text, format_args!("element {i} of key {}", quote(key)))?.to_string());
        }
        return Ok(MetaArray::String(strings));
    }
    let at = c.pos();
    let b = c.take(count * of.min_bytes(), format_args!("the array of key {}", quote(key)))?;
    Ok(match of {
        MetaType::U8 => MetaArray::U8(b.to_vec()),
        MetaType::I8 => MetaArray::I8(b.iter().map(|v| v.cast_signed()).collect()),
        MetaType::U16 => MetaArray::U16(elements(b, u16::from_le_bytes)),
        MetaType::I16 => MetaArray::I16(elements(b, i16::from_le_bytes)),
        MetaType::U32 => MetaArray::U32(elements(b, u32::from_le_bytes)),
        MetaType::I32 => MetaArray::I32(elements(b, i32::from_le_bytes)),
        MetaType::F32 => MetaArray::F32(elements(b, f32::from_le_bytes)),
        MetaType::U64 => MetaArray::U64(elements(b, u64::from_le_bytes)),
        MetaType::I64 => MetaArray::I64(elements(b, i64::from_le_bytes)),
        MetaType::F64 => MetaArray::F64(elements(b, f64::from_le_bytes)),
        MetaType::Bool => MetaArray::Bool(b.iter().enumerate().map(|(i, &v)| boolean(c, at + i as u64, v, key)).collect::<Result<_>>()?),
        MetaType::String | MetaType::Array => unreachable!("returned above"),
    })
}

fn le<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("as many bytes as the type has")
}

fn elements<const N: usize, T>(bytes: &[u8], from: fn([u8; N]) -> T) -> Vec<T> {
    bytes.chunks_exact(N).map(|b| from(le(b))).collect()
}

fn boolean(c: &Cursor<'_>, at: u64, byte: u8, key: &str) -> Result<bool> {
    match byte {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(c
            .error("gguf-bool", at, format!("a bool of metadata key {} is neither 0 nor 1", quote(key)))
            .fact(format!("found: {byte}"))
            .help(HELP_DAMAGED)),
    }
}

fn read_alignment(c: &Cursor<'_>, at: u64, value: &MetaValue) -> Result<u64> {
    let wrong = |fact: String| {
        c.error("gguf-alignment", at, format!("{} must be a u32 and a power of two", quote(ALIGNMENT_KEY))).fact(fact).help(HELP_CONVERT)
    };
    match value {
        MetaValue::U32(v) if v.is_power_of_two() => Ok(u64::from(*v)),
        other => Err(wrong(format!("found: {} = {other}", other.describe_type()))),
    }
}

/// The table, with offsets still relative to the data section, and where each offset stands in the file.
fn read_tensors(c: &mut Cursor<'_>, n_tensors: u64) -> Result<(IndexMap<String, TensorInfo>, Vec<u64>)> {
    let mut tensors: IndexMap<String, TensorInfo> = IndexMap::new();
    let mut offset_fields = Vec::new();
    for i in 0..n_tensors {
        let header_offset = c.pos();
        let (text_at, text) = c.text(format_args!("the name of tensor {i}"))?;
        let what = format_args!("tensor {i}");
        let name = name(c, header_offset, text_at, text, what, MAX_TENSOR_NAME, "gguf-tensor-name")?;
        if let Some(first) = tensors.get(name) {
            return Err(c
                .error("gguf-duplicate-tensor", header_offset, format!("tensor {} occurs twice", quote(name)))
                .fact(format!("first at byte {}", first.header_offset))
                .help(HELP_CONVERT));
        }
        let ne = read_dims(c, name)?;
        let dims_end = c.pos();
        let id = c.u32(format_args!("the type of tensor {}", quote(name)))?;
        let Some(dtype) = GgmlType::from_id(id) else {
            return Err(c
                .error("gguf-tensor-type", dims_end, format!("tensor {} has an unknown type", quote(name)))
                .fact(format!("type id: {id}"))
                .fact(format!("known types: {}", GgmlType::list()))
                .help("the type is newer than this program or withdrawn by ggml: convert the model to a known type"));
        };
        let bytes = tensor_bytes(c, dims_end, name, dtype, &ne)?;
        offset_fields.push(c.pos());
        let offset = c.u64(format_args!("the offset of tensor {}", quote(name)))?;
        let name = name.to_string();
        tensors.insert(name.clone(), TensorInfo { name, dtype, ne, offset, bytes, header_offset });
    }
    Ok((tensors, offset_fields))
}

fn read_dims(c: &mut Cursor<'_>, name: &str) -> Result<Vec<u64>> {
    let at = c.pos();
    let n_dims = c.u32(format_args!("the number of dimensions of tensor {}", quote(name)))?;
    if n_dims == 0 || n_dims as usize > MAX_DIMS {
        return Err(c
            .error("gguf-dims", at, format!("tensor {} has {n_dims} dimensions", quote(name)))
            .fact(format!("allowed: 1 to {MAX_DIMS}"))
            .help(HELP_DAMAGED));
    }
    let mut ne = Vec::with_capacity(n_dims as usize);
    for d in 0..n_dims {
        let at = c.pos();
        let n = c.u64(format_args!("dimension {d} of tensor {}", quote(name)))?;
        if n == 0 {
            return Err(c.error("gguf-dims", at, format!("dimension {d} of tensor {} is 0", quote(name))).help(HELP_CONVERT));
        }
        ne.push(n);
    }
    Ok(ne)
}

/// Size of the data; `at` is the position of the type, after the dimensions.
fn tensor_bytes(c: &Cursor<'_>, at: u64, name: &str, dtype: GgmlType, ne: &[u64]) -> Result<u64> {
    if !ne[0].is_multiple_of(dtype.block_size()) {
        return Err(c
            .error("gguf-block", at, format!("a row of tensor {} is no whole number of {dtype} blocks", quote(name)))
            .fact(format!("row: {} elements; dimensions {ne:?}", ne[0]))
            .fact(format!("block of {dtype}: {} elements", dtype.block_size()))
            .help("quantize this tensor to a type whose block divides its rows, or keep it in F16"));
    }
    // ggml counts elements and bytes in signed 64-bit integers.
    let elements = ne.iter().try_fold(1u64, |all, &n| all.checked_mul(n)).filter(|&n| i64::try_from(n).is_ok());
    let bytes = dtype.tensor_bytes(ne).filter(|&n| i64::try_from(n).is_ok());
    match (elements, bytes) {
        (Some(_), Some(bytes)) => Ok(bytes),
        _ => Err(c
            .error("gguf-dims", at, format!("the size of tensor {} overflows", quote(name)))
            .fact(format!("{dtype}, dimensions {ne:?}"))
            .fact("elements and bytes of a tensor must fit a signed 64-bit integer")
            .help(HELP_DAMAGED)),
    }
}

/// Makes the offsets absolute and checks them against the file and each other.
fn place_tensors(
    c: &Cursor<'_>,
    tensors: &mut IndexMap<String, TensorInfo>,
    offset_fields: &[u64],
    data_offset: u64,
    alignment: u64,
    file_len: u64,
) -> Result<()> {
    for (t, &at) in tensors.values_mut().zip(offset_fields) {
        if !t.offset.is_multiple_of(alignment) {
            return Err(c
                .error("gguf-misaligned", at, format!("the data of tensor {} is not aligned", quote(&t.name)))
                .fact(format!("offset in the data section: {}", t.offset))
                .fact(format!("alignment: {alignment}"))
                .help(HELP_CONVERT));
        }
        let start = data_offset.checked_add(t.offset);
        let end = start.and_then(|start| start.checked_add(t.bytes));
        match (start, end) {
            (Some(start), Some(end)) if end <= file_len => t.offset = start,
            _ => {
                return Err(c
                    .error("gguf-out-of-file", at, format!("the data of tensor {} reaches beyond the end of the file", quote(&t.name)))
                    .fact(format!("{t}: {} bytes", t.bytes))
                    .fact(format!("offset {} in the data section, which starts at byte {data_offset}", t.offset))
                    .fact(format!("the file has {file_len} bytes"))
                    .help(HELP_DAMAGED));
            }
        }
    }
    let mut order: Vec<usize> = (0..tensors.len()).collect();
    order.sort_by_key(|&i| tensors[i].offset);
    for pair in order.windows(2) {
        let (a, b) = (&tensors[pair[0]], &tensors[pair[1]]);
        if b.offset < a.offset + a.bytes {
            let range = |t: &TensorInfo| format!("{}: bytes {} to {}", quote(&t.name), t.offset, t.offset + t.bytes - 1);
            let at = offset_fields[pair[0].max(pair[1])];
            return Err(c
                .error("gguf-overlap", at, format!("tensors {} and {} share bytes", quote(&a.name), quote(&b.name)))
                .fact(range(a))
                .fact(range(b))
                .help(HELP_DAMAGED));
        }
    }
    Ok(())
}

/// A name in quotes, escaped, and cut if it is long.
pub(crate) fn quote(name: &str) -> String {
    const MOST: usize = 80;
    match name.char_indices().nth(MOST) {
        None => format!("{name:?}"),
        Some((end, _)) => format!("{:?}…", &name[..end]),
    }
}
