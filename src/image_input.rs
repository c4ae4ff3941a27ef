//! Decodes PNG, JPEG and PPM files into 8-bit RGB, under limits that a hostile file cannot pass.
//!
//! What becomes of a pixel: an EXIF orientation is applied, so that the picture stands as viewers show it; alpha is
//! dropped, not blended; grey becomes three equal channels; 16 bits are rounded to 8. Colour profiles and gamma are
//! not applied. The alpha and grey rules are those of the loader in llama.cpp; the orientation rule is not, it
//! ignores the tag.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use image::error::LimitErrorKind;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use crate::diagnostic::{Diagnostic, Result};

/// Longest side that is decoded, in pixels.
pub const MAX_SIDE: u32 = 65_535;

/// Most bytes a file, and the memory to decode it, may take.
pub const MAX_BYTES: u64 = 512 << 20;

/// An image as rows of interleaved 8-bit RGB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RgbImage {
    pub width: u32,
    pub height: u32,
    pub data: Vec<u8>,
}

/// Reads and decodes a file; the format is told from its first bytes, not from its name.
pub fn read(path: &Path) -> Result<RgbImage> {
    let fail = |message: String| Diagnostic::new("image-unreadable", message).in_file(path);
    let file = File::open(path).map_err(|e| fail(format!("cannot open the image: {e}")))?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|e| fail(format!("cannot read the image: {e}")))?;
    decode(&bytes, path)
}

/// Decodes an image in memory; `name` is the file that errors speak of.
pub fn decode(bytes: &[u8], name: &Path) -> Result<RgbImage> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(too_large(&format!("the file has more than {MAX_BYTES} bytes")).in_file(name));
    }
    let format = format_of(bytes).map_err(|d| d.in_file(name))?;
    decode_as(bytes, format).map_err(|e| {
        let kind = format_name(format);
        let diagnostic = match &e {
            ImageError::Limits(l) => too_large(&match l.kind() {
                LimitErrorKind::DimensionError => format!("the {kind} image has a side of more than {MAX_SIDE} pixels"),
                _ => format!("the {kind} image needs more than {MAX_BYTES} bytes of memory"),
            }),
            ImageError::Unsupported(_) => Diagnostic::new("image-unsupported", format!("this kind of {kind} image cannot be decoded"))
                .fact(e.to_string())
                .help("convert it to 8-bit RGB PNG"),
            _ => Diagnostic::new("image-damaged", format!("the {kind} image is damaged or cut short"))
                .fact(e.to_string())
                .help("check the file, for example by opening it in an image viewer"),
        };
        diagnostic.in_file(name)
    })
}

fn format_of(bytes: &[u8]) -> Result<ImageFormat> {
    let help = "use a PNG, JPEG or binary PPM (P6) file";
    match image::guess_format(bytes) {
        Ok(format @ (ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::Pnm)) => Ok(format),
        Ok(other) => Err(Diagnostic::new("image-format", format!("the image format {} is not read", format_name(other))).help(help)),
        Err(_) if bytes.is_empty() => Err(Diagnostic::new("image-format", "the image file is empty").help(help)),
        Err(_) => Err(Diagnostic::new("image-format", "the file is no image of a known format").help(help)),
    }
}

fn format_name(format: ImageFormat) -> String {
    if format == ImageFormat::Pnm { "PPM".to_string() } else { format!("{format:?}").to_uppercase() }
}

fn too_large(message: &str) -> Diagnostic {
    Diagnostic::new("image-too-large", message).help("scale the image down first")
}

fn decode_as(bytes: &[u8], format: ImageFormat) -> Result<RgbImage, ImageError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    // Not every decoder counts its output against the limit.
    limits.reserve(decoder.total_bytes())?;
    let orientation = decoder.orientation()?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    if format == ImageFormat::Jpeg && !jpeg_is_whole(bytes) {
        let hint = image::error::ImageFormatHint::Exact(format);
        return Err(ImageError::Decoding(image::error::DecodingError::new(hint, "the end-of-image marker is missing")));
    }
    image.apply_orientation(orientation);
    let rgb = image.into_rgb8();
    Ok(RgbImage { width: rgb.width(), height: rgb.height(), data: rgb.into_raw() })
}

/// Whether the end marker follows the first scan: the decoder fills what is missing with grey and says nothing.
fn jpeg_is_whole(bytes: &[u8]) -> bool {
    let mut at = 2; // behind the start marker
    // Segments before the first scan have lengths; a thumbnail in one of them has end markers of its own.
    while let Some(&[0xFF, marker, high, low]) = bytes.get(at..at + 4) {
        at += match marker {
            0xFF => 1, // fill byte
            _ => 2 + usize::from(u16::from_be_bytes([high, low])),
        };
        if marker == 0xDA {
            break;
        }
    }
    bytes.get(at..).is_some_and(|rest| rest.windows(2).any(|w| w == [0xFF, 0xD9]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, ImageBuffer, Luma, Rgb, Rgba, RgbaImage};

    fn encode(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        image.into().write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    fn gradient(width: u32, height: u32) -> image::RgbImage {
        ImageBuffer::from_fn(width, height, |x, y| Rgb([(x * 7) as u8, (y * 11) as u8, (x * y) as u8]))
    }

    fn load(bytes: &[u8]) -> Result<RgbImage> {
        decode(bytes, Path::new("photo"))
    }

    fn code(bytes: &[u8]) -> &'static str {
        load(bytes).unwrap_err().code()
    }

    #[test]
    fn lossless_formats_come_back() {
        let image = gradient(37, 23);
        for format in [ImageFormat::Png, ImageFormat::Pnm] {
            let back = load(&encode(image.clone(), format)).unwrap();
            assert_eq!((back.width, back.height, &back.data), (37, 23, image.as_raw()));
        }
    }

    #[test]
    fn other_pixels_become_rgb() {
        let grey = GrayImage::from_pixel(2, 1, Luma([77]));
        assert_eq!(load(&encode(grey, ImageFormat::Png)).unwrap().data, [77; 6]);
        let clear = RgbaImage::from_pixel(1, 1, Rgba([10, 20, 30, 0]));
        assert_eq!(load(&encode(clear, ImageFormat::Png)).unwrap().data, [10, 20, 30]);
        let deep: ImageBuffer<Rgb<u16>, _> = ImageBuffer::from_pixel(1, 1, Rgb([0x0000, 0x00FF, 0xFFFFu16]));
        assert_eq!(load(&encode(deep, ImageFormat::Png)).unwrap().data, [0, 1, 0xFF]);
    }

    /// A JPEG with an EXIF orientation tag between its start marker and the rest.
    fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
        let tiff = [b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".as_slice(), &[orientation, 0, 0, 0], &[0; 4]].concat();
        let body = [b"Exif\0\0".as_slice(), &tiff].concat();
        let length = (body.len() as u16 + 2).to_be_bytes();
        [&jpeg[..2], &[0xFF, 0xE1], &length, &body, &jpeg[2..]].concat()
    }

    #[test]
    fn jpeg_orientation_is_applied() {
        let jpeg = encode(gradient(40, 24), ImageFormat::Jpeg);
        let plain = load(&jpeg).unwrap();
        assert_eq!((plain.width, plain.height), (40, 24));
        let turned = load(&with_orientation(&jpeg, 6)).unwrap();
        assert_eq!((turned.width, turned.height), (24, 40));
        // A quarter turn clockwise: the first row of the result is the first column read upwards.
        assert_eq!(turned.data[..3], plain.data[23 * 40 * 3..23 * 40 * 3 + 3]);
        let mirrored = load(&with_orientation(&jpeg, 2)).unwrap();
        assert_eq!(mirrored.data[..3], plain.data[39 * 3..40 * 3]);
    }

    #[test]
    fn cut_files_are_refused_at_every_length() {
        for format in [ImageFormat::Png, ImageFormat::Pnm, ImageFormat::Jpeg] {
            let whole = encode(gradient(16, 12), format);
            let whole = if format == ImageFormat::Jpeg { with_orientation(&whole, 1) } else { whole };
            load(&whole).unwrap();
            // The last chunk of a PNG carries no pixels: without it the picture is still whole.
            let tail = if format == ImageFormat::Png { 16 } else { 1 };
            for length in 0..=whole.len() - tail {
                let error = load(&whole[..length]).err().unwrap_or_else(|| panic!("{format:?} of {length} bytes was taken"));
                assert!(matches!(error.code(), "image-damaged" | "image-format" | "image-unsupported"), "{}", error.plain());
                assert_eq!(error.location().as_deref(), Some("photo"));
            }
        }
    }

    #[test]
    fn changed_bytes_do_no_harm() {
        let mut seed = 1u64;
        for format in [ImageFormat::Png, ImageFormat::Pnm, ImageFormat::Jpeg] {
            let whole = encode(gradient(24, 16), format);
            for _ in 0..400 {
                let mut bytes = whole.clone();
                for _ in 0..4 {
                    seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    let at = (seed >> 33) as usize % bytes.len().min(200);
                    bytes[at] = (seed >> 20) as u8;
                }
                let _ = load(&bytes); // an image or an error, never a panic
            }
        }
    }

    #[test]
    fn huge_claims_are_refused_before_memory_is_taken() {
        assert_eq!(code(b"P6\n60000 60000\n255\n"), "image-too-large");
        assert_eq!(code(b"P6\n70000 1\n255\n"), "image-too-large");
        let mut png = encode(gradient(8, 8), ImageFormat::Png);
        png[16..24].copy_from_slice(&[0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]);
        let crc = png_crc(&png[12..29]);
        png[29..33].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(code(&png), "image-too-large");
    }

    fn png_crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0u32, |crc, &b| (0..8).fold(crc ^ u32::from(b), |c, _| if c & 1 == 1 { c >> 1 ^ 0xEDB8_8320 } else { c >> 1 }))
    }

    #[test]
    fn what_is_no_image_is_named() {
        assert_eq!(load(b"").unwrap_err().message(), "the image file is empty");
        assert_eq!(load(b"hello, world").unwrap_err().message(), "the file is no image of a known format");
        assert_eq!(load(b"GIF89a......").unwrap_err().message(), "the image format GIF is not read");
        assert_eq!(read(Path::new("/nonexistent.png")).unwrap_err().code(), "image-unreadable");
    }
}
