//! What can be measured in a picture: its size, how blank it is, and a hash that survives saving it
//! again. Whether it shows what was asked for cannot be measured here.

use std::io::Cursor;

use image::{DynamicImage, ImageReader, Limits};
use image_hasher::{HashAlg, HasherConfig};

/// Pixels of a picture at most; more is a bomb rather than a photo.
const PIXELS_MAX: u64 = 50_000_000;

/// Bytes that decoding may allocate: four for each pixel, twice.
const ALLOCATION_BYTES_MAX: u64 = PIXELS_MAX * 4 * 2;

/// A picture whose lightness varies less than this, of 255, shows nothing.
const BLANK_DEVIATION_MAX: f64 = 4.0;

/// What was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Whether it shows nothing but one tone.
    pub blank: bool,
    /// 64 bits of how lightness changes from left to right; equal for a picture saved again.
    pub hash: [u8; 8],
}

/// Why nothing could be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmeasured {
    /// A format that is stored but not decoded here, such as HEIC or PDF.
    UnknownFormat,
    /// The bytes are not the picture that they begin as.
    Broken,
    /// More than fifty million pixels.
    TooManyPixels,
}

/// Decodes and measures a picture, within limits.
///
/// # Errors
/// [`Unmeasured`] says why it could not be.
pub fn measure(bytes: &[u8]) -> Result<Measured, Unmeasured> {
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|_| Unmeasured::Broken)?;
    if reader.format().is_none() {
        return Err(Unmeasured::UnknownFormat);
    }
    let (width, height) = dimensions(bytes).ok_or(Unmeasured::Broken)?;
    if u64::from(width) * u64::from(height) > PIXELS_MAX {
        return Err(Unmeasured::TooManyPixels);
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(ALLOCATION_BYTES_MAX);
    reader.limits(limits);
    let picture = reader.decode().map_err(|_| Unmeasured::Broken)?;
    Ok(Measured {
        width,
        height,
        blank: is_blank(&picture),
        hash: perceptual_hash(&picture),
    })
}

/// Width and height by the picture's header alone, for the formats that are decoded here.
pub fn dimensions(bytes: &[u8]) -> Option<(u32, u32)> {
    ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .ok()?
        .into_dimensions()
        .ok()
}

fn is_blank(picture: &DynamicImage) -> bool {
    // A thumbnail averages noise away, so that a lens cap is blank whatever the sensor adds.
    let small = picture.thumbnail(64, 64).into_luma8();
    let count = f64::from(small.width() * small.height()).max(1.0);
    let mean = small
        .pixels()
        .map(|pixel| f64::from(pixel.0[0]))
        .sum::<f64>()
        / count;
    let squares = small
        .pixels()
        .map(|pixel| (f64::from(pixel.0[0]) - mean).powi(2));
    (squares.sum::<f64>() / count).sqrt() < BLANK_DEVIATION_MAX
}

fn perceptual_hash(picture: &DynamicImage) -> [u8; 8] {
    let config = HasherConfig::with_bytes_type::<[u8; 8]>().hash_alg(HashAlg::Gradient);
    let hash = config.hash_size(8, 8).to_hasher().hash_image(picture);
    let mut bytes = [0; 8];
    for (into, from) in bytes.iter_mut().zip(hash.as_bytes()) {
        *into = *from;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, Rgb, RgbImage};

    use super::*;

    fn saved(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    /// A bright round thing over a darkening ground: large shapes, as photos have.
    fn scene() -> RgbImage {
        RgbImage::from_fn(320, 240, |x, y| {
            let (dx, dy) = (x as f32 - 110.0, y as f32 - 90.0);
            let glow = (255.0 - (dx * dx + dy * dy).sqrt() * 2.0).max(0.0);
            let ground = (x * 2 / 5 + y / 4) as f32 / 2.0;
            let tone = (glow * 0.6 + ground).min(255.0) as u8;
            Rgb([tone, tone / 2 + 40, 255 - tone])
        })
    }

    #[test]
    fn a_picture_saved_again_has_the_same_hash() {
        let png = measure(&saved(&scene(), ImageFormat::Png)).unwrap();
        let jpeg = measure(&saved(&scene(), ImageFormat::Jpeg)).unwrap();
        assert_eq!((png.width, png.height, png.blank), (320, 240, false));
        assert_eq!(png.hash, jpeg.hash);
    }

    #[test]
    fn a_picture_of_one_tone_is_blank() {
        let dark = RgbImage::from_pixel(320, 240, Rgb([9, 9, 9]));
        assert!(measure(&saved(&dark, ImageFormat::Png)).unwrap().blank);
    }

    #[test]
    fn what_is_no_picture_is_told_apart() {
        let mut cut = saved(&scene(), ImageFormat::Png);
        cut.truncate(200);
        assert_eq!(measure(&cut), Err(Unmeasured::Broken));
        assert_eq!(
            measure(b"%PDF-1.7 and more"),
            Err(Unmeasured::UnknownFormat)
        );
    }
}
