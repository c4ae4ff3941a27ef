//! Test images: a deterministic generator of smooth and noisy RGB, PPM files, and sizes as people write them.

use std::fs;
use std::path::Path;

use crate::Result;

/// An 8-bit RGB image.
#[derive(Clone, Debug, PartialEq)]
pub struct Rgb {
    pub width: u32,
    pub height: u32,
    pub bytes: Vec<u8>,
}

/// Splits `768x512` into width and height.
pub fn parse_size(text: &str) -> Result<(u32, u32)> {
    let parts = text.split_once('x').map(|(w, h)| (w.parse::<u32>(), h.parse::<u32>()));
    match parts {
        Some((Ok(width), Ok(height))) if width > 0 && height > 0 => Ok((width, height)),
        _ => Err(format!("`{text}` is not a size like 768x512")),
    }
}

/// The same picture for the same arguments, everywhere: gradients, a disc with hard edges, and a band of noise.
pub fn synthetic(width: u32, height: u32, seed: u64) -> Rgb {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d;
    let mut noise = move || {
        // xorshift64*: the top byte is as good as noise needs to be
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 56) as i64
    };
    let (w, h) = (i64::from(width), i64::from(height));
    let radius = w.min(h) / 3;
    let mut bytes = Vec::with_capacity((w * h * 3) as usize);
    for y in 0..h {
        for x in 0..w {
            let (dx, dy) = (x - w / 2, y - h / 2);
            let inside = dx * dx + dy * dy < radius * radius;
            let noisy = (x + y) * 4 / (w + h) % 2 == 1;
            for channel in 0..3 {
                let ramp = match channel {
                    0 => x * 255 / w,
                    1 => y * 255 / h,
                    _ => (x + y) * 255 / (w + h),
                };
                let mut value = if inside { 255 - ramp } else { ramp };
                let grain = noise();
                value += if noisy { (grain - 128) / 2 } else { (grain - 128) / 32 };
                bytes.push(value.clamp(0, 255) as u8);
            }
        }
    }
    Rgb { width, height, bytes }
}

/// Reads a binary PPM (P6) with 8 bits per sample.
pub fn read_ppm(path: &Path) -> Result<Rgb> {
    let data = fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    parse_ppm(&data).map_err(|e| format!("{}: {e}", path.display()))
}

fn parse_ppm(data: &[u8]) -> Result<Rgb> {
    let mut at = 0;
    let mut fields = [0u32; 3];
    if data.get(..2) != Some(b"P6") {
        return Err("not a binary PPM (P6) image".to_string());
    }
    at += 2;
    for field in &mut fields {
        loop {
            match data.get(at) {
                Some(b'#') => at += data[at..].iter().position(|&b| b == b'\n').ok_or("unterminated comment")?,
                Some(b) if b.is_ascii_whitespace() => at += 1,
                _ => break,
            }
        }
        let digits = data[at..].iter().take_while(|b| b.is_ascii_digit()).count();
        let text = std::str::from_utf8(&data[at..at + digits]).map_err(|e| e.to_string())?;
        *field = text.parse().map_err(|_| "bad number in the PPM header".to_string())?;
        at += digits;
    }
    let [width, height, depth] = fields;
    if depth != 255 || width == 0 || height == 0 {
        return Err(format!("{width}x{height} with {depth} levels: 8-bit images only"));
    }
    at += 1; // exactly one blank ends the header
    let size = u64::from(width) * u64::from(height) * 3;
    let body = data.get(at..).unwrap_or_default();
    if body.len() as u64 != size {
        return Err(format!("{} bytes of pixels, {size} expected", body.len()));
    }
    Ok(Rgb { width, height, bytes: body.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn synthetic_images_repeat_and_depend_on_the_seed() {
        assert_eq!(synthetic(40, 30, 7), synthetic(40, 30, 7));
        assert_ne!(synthetic(40, 30, 7), synthetic(40, 30, 8));
        let image = synthetic(64, 64, 1);
        assert_eq!(image.bytes.len(), 64 * 64 * 3);
        assert!(image.bytes.iter().max() > image.bytes.iter().min());
    }

    #[test]
    fn sizes_are_strict() {
        assert_eq!(parse_size("768x512"), Ok((768, 512)));
        for bad in ["768", "768x", "x5", "0x32", "32x0", "-1x2", "1x2x3"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ppm_headers_may_hold_comments() {
        let image = parse_ppm(b"P6\n# made by hand\n2 1\n255\nabcdef").unwrap();
        assert_eq!(image, Rgb { width: 2, height: 1, bytes: b"abcdef".to_vec() });
        for bad in [&b"P5 2 1 255 ab"[..], b"P6 2 1 255 abc", b"P6 2 1 65535 abcdef", b"P6 2 x", b"P6 #"] {
            assert!(parse_ppm(bad).is_err());
        }
    }
}
