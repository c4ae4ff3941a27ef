//! Tensors as bytes: element types, strided views gathered to row-major order, and NumPy files.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

use npyz::WriterBuilder;

use crate::Result;
use crate::llama::{Input, Modality};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DType {
    F32,
    F16,
    I32,
}

impl DType {
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "f32" => Some(Self::F32),
            "f16" => Some(Self::F16),
            "i32" => Some(Self::I32),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::I32 => "i32",
        }
    }

    pub fn bytes(self) -> usize {
        match self {
            Self::F32 | Self::I32 => 4,
            Self::F16 => 2,
        }
    }

    fn numpy(self) -> &'static str {
        match self {
            Self::F32 => "<f4",
            Self::F16 => "<f2",
            Self::I32 => "<i4",
        }
    }
}

/// A view: row-major dimensions, byte strides, and the bytes from its first element on.
#[derive(Clone, Copy)]
pub struct Strided<'a> {
    pub dtype: DType,
    pub shape: &'a [u64],
    pub stride: &'a [i64],
    pub bytes: &'a [u8],
}

/// Number of elements of a shape.
pub fn elements(shape: &[u64]) -> u64 {
    shape.iter().product()
}

/// Bytes from the first to the last byte of a view, or None if a stride is negative or the sum overflows.
pub fn span(dtype: DType, shape: &[u64], stride: &[i64]) -> Option<usize> {
    if shape.contains(&0) {
        return Some(0);
    }
    let mut last = 0u64;
    for (&n, &step) in shape.iter().zip(stride) {
        last = last.checked_add((n - 1).checked_mul(u64::try_from(step).ok()?)?)?;
    }
    usize::try_from(last.checked_add(dtype.bytes() as u64)?).ok()
}

impl<'a> Strided<'a> {
    fn is_contiguous(&self) -> bool {
        let mut expected = self.dtype.bytes() as u64;
        for (&n, &step) in self.shape.iter().zip(self.stride).rev() {
            if n != 1 && step as u64 != expected {
                return false;
            }
            expected *= n;
        }
        true
    }

    /// The elements in row-major order without gaps.
    pub fn gather(&self) -> Result<Cow<'a, [u8]>> {
        let size = self.dtype.bytes();
        let total = elements(self.shape) as usize * size;
        let needed = span(self.dtype, self.shape, self.stride);
        if self.shape.len() != self.stride.len() || needed.is_none_or(|needed| needed > self.bytes.len()) {
            return Err(format!("shape {:?} with strides {:?} leaves its {} bytes", self.shape, self.stride, self.bytes.len()));
        }
        if self.is_contiguous() {
            return Ok(Cow::Borrowed(&self.bytes[..total]));
        }
        let mut out = Vec::with_capacity(total);
        let mut index = vec![0u64; self.shape.len()];
        for _ in 0..elements(self.shape) {
            let at: usize = index.iter().zip(self.stride).map(|(&i, &step)| i as usize * step as usize).sum();
            out.extend_from_slice(&self.bytes[at..at + size]);
            for axis in (0..index.len()).rev() {
                index[axis] += 1;
                if index[axis] < self.shape[axis] {
                    break;
                }
                index[axis] = 0;
            }
        }
        Ok(Cow::Owned(out))
    }
}

/// The bytes of a slice of floats.
pub fn float_bytes(values: &[f32]) -> &[u8] {
    // SAFETY: every f32 is four initialised bytes.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), std::mem::size_of_val(values)) }
}

/// Writes one contiguous row-major array.
pub fn write_npy(path: &Path, dtype: DType, shape: &[u64], bytes: &[u8]) -> Result<()> {
    let failed = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let type_string = dtype.numpy().parse().map_err(|e| failed(&e))?;
    let file = BufWriter::new(File::create(path).map_err(|e| failed(&e))?);
    let header = npyz::WriteOptions::new_header_only().dtype(npyz::DType::Plain(type_string)).shape(shape).writer(file);
    let mut file = header.write_header_only().map_err(|e| failed(&e))?;
    file.write_all(bytes).and_then(|()| file.flush()).map_err(|e| failed(&e))
}

/// Reads what an encoder reads, f32 in C order: normalised pixels `[height, width, 3]`, or a spectrogram `[mel bins, frames]`.
pub fn read_input(path: &Path, modality: Modality) -> Result<Input> {
    let (shape, values) = read_floats(path)?;
    let (height, width) = match (modality, shape.as_slice()) {
        (Modality::Image, &[height, width, 3]) | (Modality::Audio, &[height, width]) => (height, width),
        (Modality::Image, _) => return Err(format!("{}: shape {shape:?} is not [height, width, 3]", path.display())),
        (Modality::Audio, _) => return Err(format!("{}: shape {shape:?} is not [mel bins, frames]", path.display())),
    };
    let (Ok(width), Ok(height)) = (u32::try_from(width), u32::try_from(height)) else {
        return Err(format!("{}: shape {shape:?} is too large", path.display()));
    };
    Ok(Input { modality, width, height, values, whole: true })
}

/// Reads samples: f32, one dimension.
pub fn read_samples(path: &Path) -> Result<Vec<f32>> {
    let (shape, values) = read_floats(path)?;
    if shape.len() == 1 { Ok(values) } else { Err(format!("{}: shape {shape:?} is not one row of samples", path.display())) }
}

fn read_floats(path: &Path) -> Result<(Vec<u64>, Vec<f32>)> {
    let failed = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let file = BufReader::new(File::open(path).map_err(|e| failed(&e))?);
    let npy = npyz::NpyFile::new(file).map_err(|e| failed(&e))?;
    if npy.order() != npyz::Order::C {
        return Err(failed(&"the array is in Fortran order"));
    }
    let shape = npy.shape().to_vec();
    Ok((shape, npy.into_vec::<f32>().map_err(|e| failed(&e))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(n: u16) -> Vec<u8> {
        (0..n).flat_map(u16::to_le_bytes).collect()
    }

    fn values(bytes: &[u8]) -> Vec<u16> {
        bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect()
    }

    #[test]
    fn contiguous_views_are_not_copied() {
        let bytes = counted(6);
        let view = Strided { dtype: DType::F16, shape: &[2, 3], stride: &[6, 2], bytes: &bytes };
        assert!(matches!(view.gather().unwrap(), Cow::Borrowed(b) if b == bytes));
    }

    #[test]
    fn columns_of_a_wider_matrix_are_gathered() {
        let bytes = counted(12);
        let view = Strided { dtype: DType::F16, shape: &[3, 2], stride: &[8, 2], bytes: &bytes[2..] };
        assert_eq!(values(&view.gather().unwrap()), [1, 2, 5, 6, 9, 10]);
    }

    #[test]
    fn permuted_axes_are_gathered_in_row_major_order() {
        let bytes = counted(12);
        let view = Strided { dtype: DType::F16, shape: &[2, 3, 2], stride: &[2, 4, 12], bytes: &bytes };
        assert_eq!(values(&view.gather().unwrap()), [0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11]);
    }

    #[test]
    fn the_stride_of_a_single_element_axis_does_not_matter() {
        let bytes = counted(4);
        let view = Strided { dtype: DType::F16, shape: &[1, 4], stride: &[999, 2], bytes: &bytes };
        assert!(matches!(view.gather().unwrap(), Cow::Borrowed(_)));
    }

    #[test]
    fn views_that_leave_their_bytes_are_errors() {
        let bytes = counted(4);
        let beyond = Strided { dtype: DType::F16, shape: &[2, 3], stride: &[6, 2], bytes: &bytes };
        let negative = Strided { dtype: DType::F16, shape: &[2], stride: &[-2], bytes: &bytes };
        let rank = Strided { dtype: DType::F16, shape: &[2], stride: &[4, 2], bytes: &bytes };
        assert!(beyond.gather().is_err() && negative.gather().is_err() && rank.gather().is_err());
    }

    #[test]
    fn numpy_files_round_trip() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pixels.npy");
        let values = vec![0.0, -0.0, 1.5, f32::MIN_POSITIVE, -3.0, 7.25];
        write_npy(&path, DType::F32, &[1, 2, 3], float_bytes(&values)).unwrap();
        let back = read_input(&path, Modality::Image).unwrap();
        assert_eq!((back.width, back.height, back.shape()), (2, 1, vec![1, 2, 3]));
        assert_eq!(float_bytes(&back.values), float_bytes(&values));
        assert!(read_input(&path, Modality::Audio).is_err() && read_samples(&path).is_err());
        write_npy(&path, DType::F32, &[2, 3], float_bytes(&values)).unwrap();
        assert_eq!(read_input(&path, Modality::Audio).unwrap().shape(), [2, 3]);
        write_npy(&path, DType::F32, &[6], float_bytes(&values)).unwrap();
        assert_eq!(float_bytes(&read_samples(&path).unwrap()), float_bytes(&values));
    }
}
