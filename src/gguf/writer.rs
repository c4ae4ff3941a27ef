//! Streaming GGUF writer: the directory first, then each tensor's data as a callback supplies it.
//!
//! A file appears under its name only when it is complete and on disk: it is written next to it under a temporary
//! name, which is gone after any error. What may be written is what [`GgufDirectory`] reads, because the writer
//! parses its own directory before it writes a byte.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::encode::{ENCODABLE, encode};
use super::reader::quote;
use super::value::{MetaArray, MetaValue};
use super::{ALIGNMENT_KEY, DEFAULT_ALIGNMENT, GgmlType, GgufDirectory, MAGIC, TensorInfo, VERSIONS};
use crate::diagnostic::{Diagnostic, Result};

/// Values encoded at a time, a multiple of every block size.
const CHUNK: usize = 1 << 16;
const BUFFER_BYTES: usize = 1 << 20;

/// A tensor to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorSpec {
    pub name: String,
    pub dtype: GgmlType,
    /// Dimensions in ggml's order: the fastest first.
    pub ne: Vec<u64>,
}

/// The directory of a file to be written.
#[derive(Debug, Clone, Default)]
pub struct GgufWriter {
    metadata: Vec<(String, MetaValue)>,
    tensors: Vec<TensorSpec>,
}

impl GgufWriter {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key, after those added before. `general.alignment` sets the alignment of the file.
    pub fn meta(&mut self, key: impl Into<String>, value: impl Into<MetaValue>) -> &mut Self {
        self.metadata.push((key.into(), value.into()));
        self
    }

    /// Adds a tensor, after those added before.
    pub fn tensor(&mut self, name: impl Into<String>, dtype: GgmlType, ne: impl Into<Vec<u64>>) -> &mut Self {
        self.tensors.push(TensorSpec { name: name.into(), dtype, ne: ne.into() });
        self
    }

    /// The directory the file will have, and its bytes without the padding before the first tensor's data. `path` serves messages only.
    pub fn directory(&self, path: &Path) -> Result<(GgufDirectory, Vec<u8>)> {
        // Values that have no valid size or alignment are refused by `parse` below.
        let alignment = self.metadata.iter().find_map(|(key, value)| match value {
            MetaValue::U32(v) if key == ALIGNMENT_KEY && v.is_power_of_two() => Some(*v),
            _ => None,
        });
        let alignment = u64::from(alignment.unwrap_or(DEFAULT_ALIGNMENT));
        let mut head = MAGIC.to_vec();
        head.extend(VERSIONS.end().to_le_bytes());
        head.extend((self.tensors.len() as u64).to_le_bytes());
        head.extend((self.metadata.len() as u64).to_le_bytes());
        for (key, value) in &self.metadata {
            put_string(&mut head, key);
            put_value(&mut head, value);
        }
        let mut data_len = 0u64;
        for t in &self.tensors {
            put_string(&mut head, &t.name);
            head.extend((t.ne.len() as u32).to_le_bytes());
            t.ne.iter().for_each(|n| head.extend(n.to_le_bytes()));
            head.extend(t.dtype.id().to_le_bytes());
            head.extend(data_len.to_le_bytes());
            let bytes = t.dtype.tensor_bytes(&t.ne).unwrap_or(0);
            data_len = bytes
                .checked_next_multiple_of(alignment)
                .and_then(|padded| data_len.checked_add(padded))
                .filter(|&all| i64::try_from(all).is_ok())
                .ok_or_else(|| {
                    Diagnostic::new("gguf-size", "the GGUF file would be larger than a file can be").in_file(path).fact(format!(
                        "tensor {}: {} {:?} after {data_len} bytes of data",
                        quote(&t.name),
                        t.dtype,
                        t.ne
                    ))
                })?;
        }
        let file_len = (head.len() as u64).next_multiple_of(alignment) + data_len;
        let directory = GgufDirectory::parse(path, &head, file_len)?;
        Ok((directory, head))
    }

    /// Writes the file and returns its directory.
    ///
    /// `data` is called once per tensor in order and must give the sink exactly that tensor's elements.
    /// `progress` is told bytes done and bytes in all, after every piece.
    pub fn write(
        &self,
        path: &Path,
        mut data: impl FnMut(&TensorInfo, &mut TensorSink) -> Result<()>,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<GgufDirectory> {
        let (directory, head) = self.directory(path)?;
        let failed = |what: &str, e: io::Error| Diagnostic::new("gguf-write", format!("cannot {what}")).in_file(path).fact(e.to_string());
        if path.is_dir() {
            return Err(Diagnostic::new("gguf-write", "cannot write the GGUF file: a directory has its name").in_file(path));
        }
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".").suffix(".gguf.part");
        // Temporary files are private by default; this one becomes an ordinary file, so the umask decides.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.tempfile_in(folder).map_err(|e| failed("create a file in the folder of the GGUF file", e))?;
        let mut out = BufWriter::with_capacity(BUFFER_BYTES, file.as_file_mut());
        write_all(&mut out, path, &directory, &head, &mut data, &mut progress)?;
        drop(out);
        file.as_file().sync_all().map_err(|e| failed("bring the GGUF file to disk", e))?;
        file.persist(path).map_err(|e| failed("rename the finished GGUF file", e.error))?;
        sync_folder(folder);
        Ok(directory)
    }
}

/// Makes the new name last through a power failure where the file system can; the file is complete without it.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

fn write_all(
    out: &mut dyn Write,
    path: &Path,
    directory: &GgufDirectory,
    head: &[u8],
    data: &mut dyn FnMut(&TensorInfo, &mut TensorSink) -> Result<()>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<()> {
    let mut output = Output { out, path, done: 0, total: directory.file_len, progress };
    output.write(head)?;
    output.pad_to(directory.data_offset)?;
    let mut encoded = Vec::new();
    for t in directory.tensors.values() {
        let mut sink = TensorSink { output: &mut output, tensor: t, left: t.bytes, encoded: &mut encoded };
        data(t, &mut sink)?;
        let left = sink.left;
        if left > 0 {
            return Err(sink.wrong_amount(format!("{left} bytes are missing")));
        }
        output.pad_to(output.done.next_multiple_of(directory.alignment))?;
    }
    output.flush()
}

/// Takes the data of one tensor.
pub struct TensorSink<'a, 'b> {
    output: &'a mut Output<'b>,
    tensor: &'a TensorInfo,
    left: u64,
    encoded: &'a mut Vec<u8>,
}

impl TensorSink<'_, '_> {
    /// The next elements, encoded as the tensor's type: a whole number of its blocks.
    pub fn f32(&mut self, values: &[f32]) -> Result<()> {
        let dtype = self.tensor.dtype;
        if !ENCODABLE.contains(&dtype) {
            let known = ENCODABLE.iter().map(GgmlType::to_string).collect::<Vec<_>>().join(", ");
            return Err(Diagnostic::new("gguf-encode", format!("no encoder for type {dtype}"))
                .in_file(self.output.path)
                .fact(format!("tensor: {}", quote(&self.tensor.name)))
                .fact(format!("types with an encoder: {known}")));
        }
        let Some(bytes) = dtype.row_bytes(values.len() as u64) else {
            return Err(self.wrong_amount(format!("{} values are no whole number of blocks", values.len())));
        };
        self.claim(bytes)?;
        for values in values.chunks(CHUNK) {
            self.encoded.clear();
            encode(dtype, values, self.encoded);
            self.output.write(self.encoded)?;
        }
        Ok(())
    }

    /// The next bytes, as they are to stand in the file.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.claim(bytes.len() as u64)?;
        bytes.chunks(BUFFER_BYTES).try_for_each(|piece| self.output.write(piece))
    }

    fn claim(&mut self, bytes: u64) -> Result<()> {
        let Some(left) = self.left.checked_sub(bytes) else {
            return Err(self.wrong_amount(format!("{bytes} bytes more, where {} were left", self.left)));
        };
        self.left = left;
        Ok(())
    }

    fn wrong_amount(&self, fact: String) -> Diagnostic {
        let message = format!("the data of tensor {} does not have its size", quote(&self.tensor.name));
        Diagnostic::new("gguf-data", message)
            .in_file(self.output.path)
            .fact(format!("{}: {} bytes", self.tensor, self.tensor.bytes))
            .fact(fact)
    }
}

struct Output<'a> {
    out: &'a mut dyn Write,
    path: &'a Path,
    done: u64,
    total: u64,
    progress: &'a mut dyn FnMut(u64, u64),
}

impl Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes).map_err(|e| self.failed(e))?;
        self.done += bytes.len() as u64;
        (self.progress)(self.done, self.total);
        Ok(())
    }

    fn pad_to(&mut self, end: u64) -> Result<()> {
        const ZEROS: [u8; 4096] = [0; 4096];
        while self.done < end {
            let piece = (end - self.done).min(ZEROS.len() as u64);
            self.write(&ZEROS[..piece as usize])?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.out.flush().map_err(|e| self.failed(e))
    }

    fn failed(&self, e: io::Error) -> Diagnostic {
        let error = Diagnostic::new("gguf-write", "cannot write the GGUF file")
            .in_file(self.path)
            .fact(e.to_string())
            .fact(format!("written before: about {} of {} bytes", self.done, self.total));
        match e.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                error.help(format!("free {} bytes on this disk, or write to another one", self.total - self.done))
            }
            _ => error,
        }
    }
}

fn put_string(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

fn put_value(out: &mut Vec<u8>, value: &MetaValue) {
    out.extend(value.meta_type().id().to_le_bytes());
    match value {
        MetaValue::U8(v) => out.push(*v),
        MetaValue::I8(v) => out.push(v.cast_unsigned()),
        MetaValue::U16(v) => out.extend(v.to_le_bytes()),
        MetaValue::I16(v) => out.extend(v.to_le_bytes()),
        MetaValue::U32(v) => out.extend(v.to_le_bytes()),
        MetaValue::I32(v) => out.extend(v.to_le_bytes()),
        MetaValue::F32(v) => out.extend(v.to_le_bytes()),
        MetaValue::Bool(v) => out.push(u8::from(*v)),
        MetaValue::String(v) => put_string(out, v),
        MetaValue::Array(v) => put_array(out, v),
        MetaValue::U64(v) => out.extend(v.to_le_bytes()),
        MetaValue::I64(v) => out.extend(v.to_le_bytes()),
        MetaValue::F64(v) => out.extend(v.to_le_bytes()),
    }
}

fn put_array(out: &mut Vec<u8>, array: &MetaArray) {
    out.extend(array.element_type().id().to_le_bytes());
    out.extend((array.len() as u64).to_le_bytes());
    match array {
        MetaArray::U8(v) => out.extend(v),
        MetaArray::I8(v) => out.extend(v.iter().map(|x| x.cast_unsigned())),
        MetaArray::U16(v) => out.extend(v.iter().flat_map(|x| x.to_le_bytes())),
        MetaArray::I16(v) => out.extend(v.iter().flat_map(|x| x.to_le_bytes())),
        MetaArray::U32(v) => out.extend(v.iter().flat_map(|x| x.to_le_bytes())),
        MetaArray::I32(v) => out.extend(v.iter().flat_map(|x| x.to_le_bytes())),
        MetaArray::F32(v) => out.extend(v.iter().flat_map(|x| x.to_le_bytes())),
        MetaArray::Bool(v) => out.extend(v.iter().map(|&x| u8::from(x))),
        MetaArray::String(v) => v.iter().for_each(|x| put_string(out, x)),
        MetaArray::U64(v) => out.extend(v.iter().flat_map(|x| x.to_le_bytes())),
        MetaArray::I64(v) => out.extend(v.iter().flat_map(|x| x.to_le_bytes())),
        MetaArray::F64(v) => out.extend(v.iter().flat_map(|x| x.to_le_bytes())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk with room for a few bytes.
    struct SmallDisk(usize);

    impl Write for SmallDisk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let n = bytes.len().min(self.0);
            self.0 -= n;
            if n == 0 && !bytes.is_empty() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(n) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_reported_wherever_it_happens() {
        let mut writer = GgufWriter::new();
        writer.meta("general.name", "full").tensor("a", GgmlType::F32, [5]).tensor("b", GgmlType::F16, [3]);
        let path = Path::new("full.gguf");
        let (directory, head) = writer.directory(path).unwrap();
        let run = |room: usize| {
            let mut disk = SmallDisk(room);
            let mut data = |t: &TensorInfo, sink: &mut TensorSink| sink.f32(&vec![1.0; t.elements() as usize]);
            write_all(&mut disk, path, &directory, &head, &mut data, &mut |_, _| ())
        };
        for room in 0..directory.file_len as usize {
            assert_eq!(run(room).unwrap_err().code(), "gguf-write");
        }
        run(directory.file_len as usize).unwrap();
        let text = "error[gguf-write]: cannot write the GGUF file\n  at full.gguf\n  - no storage space\n  \
                    - written before: about 0 of 192 bytes\n  help: free 192 bytes on this disk, or write to another one\n";
        assert_eq!(run(100).unwrap_err().plain(), text);
    }
}
