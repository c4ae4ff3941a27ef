//! Reads and writes contiguous little-endian `.npy` files.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use npyz::{DType as NpyType, NpyFile, Order, WriteOptions, WriterBuilder};

use crate::atomic::write_atomic;
use crate::diagnostic::{Diagnostic, Result};
use crate::taps::{DType, element_count};

/// Writes `data` as an f32 array of `shape`; the file appears whole or not at all.
pub fn write_f32(path: &Path, shape: &[u64], data: &[f32]) -> Result<()> {
    if element_count(shape) != Some(data.len() as u64) {
        let fact = format!("shape {shape:?}, {} elements", data.len());
        return Err(Diagnostic::new("npy-shape", "the array does not fill its shape").fact(fact).in_file(path));
    }
    write_atomic(path, |out| {
        write_header(out, DType::F32, shape)?;
        data.iter().try_for_each(|v| out.write_all(&v.to_le_bytes()))
    })
}

/// Writes the header of a row-major array; its elements follow as little-endian bytes.
pub(crate) fn write_header(out: &mut (impl Write + ?Sized), dtype: DType, shape: &[u64]) -> io::Result<()> {
    let descr = NpyType::Plain(dtype.npy().parse().expect("a valid type string"));
    WriteOptions::new_header_only().dtype(descr).shape(shape).writer(out).write_header_only()?;
    Ok(())
}

/// The header of an open file; what follows in the reader are the elements, exactly as many as the shape says.
pub struct Array {
    pub dtype: DType,
    pub shape: Vec<u64>,
    pub bytes: u64,
    reader: BufReader<File>,
}

impl Array {
    /// Opens a file and checks that it is row-major, of a known type, and neither short nor long.
    pub fn open(path: &Path) -> Result<Self> {
        let fail = |code, message: String| Diagnostic::new(code, message).in_file(path);
        let file = File::open(path).map_err(|e| fail("npy-unreadable", format!("cannot open the array: {e}")))?;
        let size = file.metadata().map_err(|e| fail("npy-unreadable", format!("cannot read the array: {e}")))?.len();
        let npy = NpyFile::new(BufReader::new(file)).map_err(|e| fail("npy-malformed", format!("not a .npy file: {e}")))?;
        let descr = match npy.header().dtype() {
            NpyType::Plain(t) => t.to_string(),
            other => other.descr(),
        };
        let Some(dtype) = DType::ALL.into_iter().find(|t| t.npy() == descr) else {
            let known = DType::ALL.map(DType::npy).join(", ");
            let fact = format!("element type {descr}; read here: {known}");
            return Err(fail("npy-type", "element type is not supported".to_string()).fact(fact));
        };
        let shape = npy.header().shape().to_vec();
        if npy.header().order() != Order::C && shape.len() > 1 {
            return Err(fail("npy-order", "the array is column-major".to_string()).help("write it in C order"));
        }
        let Some(bytes) = element_count(&shape).and_then(|n| n.checked_mul(dtype.size() as u64)) else {
            return Err(fail("npy-shape", format!("the shape {shape:?} is too large")));
        };
        let mut reader = npy.into_inner();
        let start = io::Seek::stream_position(&mut reader).map_err(|e| fail("npy-unreadable", e.to_string()))?;
        let found = size.saturating_sub(start);
        if found != bytes {
            let what = if found < bytes { "is truncated" } else { "has bytes after its last element" };
            let fact = format!("shape {shape:?} of {descr} needs {bytes} bytes, the file has {found}");
            return Err(Diagnostic::new("npy-size", format!("the array {what}")).at_byte(path, size).fact(fact));
        }
        Ok(Self { dtype, shape, bytes, reader })
    }

    /// All elements as little-endian bytes.
    pub fn read(mut self, path: &Path) -> Result<Vec<u8>> {
        let mut data = vec![0; self.bytes as usize];
        let read = self.reader.read_exact(&mut data);
        read.map_err(|e| Diagnostic::new("npy-unreadable", format!("cannot read the array: {e}")).in_file(path))?;
        Ok(data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_comes_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.npy");
        let data = [1.0f32, -0.0, f32::NAN, 3.5e-42, f32::INFINITY, 6.0];
        write_f32(&path, &[2, 3], &data).unwrap();
        let array = Array::open(&path).unwrap();
        assert_eq!((array.dtype, array.shape.as_slice()), (DType::F32, [2, 3].as_slice()));
        let bytes = array.read(&path).unwrap();
        let back: Vec<u32> = bytes.chunks_exact(4).map(|c| u32::from_le_bytes(c.try_into().unwrap())).collect();
        assert_eq!(back, data.map(f32::to_bits));
    }

    #[test]
    fn damaged_files_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.npy");
        let open = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            Array::open(&path).err().map(|e| e.code())
        };
        let mut whole = Vec::new();
        write_header(&mut whole, DType::I32, &[4]).unwrap();
        whole.extend([0; 16]);
        assert_eq!(open(&whole), None);
        assert_eq!(open(&whole[..whole.len() - 1]), Some("npy-size"));
        assert_eq!(open(&[whole.as_slice(), &[0]].concat()), Some("npy-size"));
        assert_eq!(open(b"PNG"), Some("npy-malformed"));
        let text = String::from_utf8_lossy(&whole[..whole.len() - 16]).replace("<i4", "<i8");
        assert!(matches!(open(text.as_bytes()), Some("npy-type" | "npy-malformed")));
        assert_eq!(write_f32(&path, &[3], &[0.0]).unwrap_err().code(), "npy-shape");
    }
}
