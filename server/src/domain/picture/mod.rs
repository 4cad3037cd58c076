//! Measures a picture: its size, whether it is blank, and a perceptual hash that survives saving it
//! again. Whether it shows what the task asks for cannot be measured here.
//!
//! A picture is measured only if it decodes to its end. Its header bounds the work before anything
//! is decoded, and the memory is known in advance ([`decoding_bytes`]).

mod containers;
mod format;
mod jpeg;
mod outline;
mod png;
mod shades;

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, ImageDecoder, ImageFormat, ImageReader};
use image_hasher::{HashAlg, HasherConfig};

pub use self::format::Format;
pub use self::outline::{HeaderReader, PictureHeader};
use self::shades::LightnessGrid;

/// Maximum pixels of a picture that is decoded; cameras of 61 megapixels stay below it.
pub const PIXELS_MAX: u64 = 64 * 1024 * 1024;

/// Maximum pixels of the longer side of a picture that is decoded: the limit of JPEG.
const SIDE_PIXELS_MAX: u32 = 65_535;

/// Total pixels of the pictures in a proof up to which its review is light: two photos of twelve
/// megapixels.
const LIGHT_PIXELS_MAX: u64 = 24 * 1024 * 1024;

/// Pixels above which a JPEG is measured at an eighth of its size. This loses nothing that is
/// measured, and keeps its pixels out of memory.
const JPEG_PIXELS_IN_FULL: u64 = 2_000_000;

/// Standard deviation of lightness, out of 255, below which a picture counts as blank.
const BLANK_DEVIATION_MAX: f64 = 4.0;

/// The measurements of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureMeasurements {
    /// Width in pixels, with the orientation applied.
    pub width: u32,
    /// Height in pixels, with the orientation applied.
    pub height: u32,
    /// Whether the picture shows only one tone.
    pub blank: bool,
    /// A difference hash of 64 bits: how lightness changes from left to right, with the orientation
    /// applied. A picture that is saved again keeps its hash.
    pub hash: [u8; 8],
}

/// Why a file could not be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeasureError {
    /// The file seems complete, but its format is only stored and not decoded here, such as HEIC or
    /// PDF.
    NotDecoded,
    /// The file ends early, or is not of the format that its beginning states.
    Broken,
    /// It has more pixels than [`PIXELS_MAX`], or a longer side than a JPEG can have.
    TooManyPixels,
}

/// The decoding time of the pictures in a proof. Heavy reviews wait only for each other, and no
/// other review waits for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewLoad {
    /// Decoding takes a moment.
    Light,
    /// Decoding takes seconds.
    Heavy,
}

impl ReviewLoad {
    /// Returns the effort of decoding this many pixels.
    pub fn of(pixels: u64) -> Self {
        if pixels > LIGHT_PIXELS_MAX {
            Self::Heavy
        } else {
            Self::Light
        }
    }
}

/// Decodes a picture to its end and measures it, within the limits.
///
/// # Errors
/// [`MeasureError`] states why it could not be measured.
pub fn measure(bytes: &[u8]) -> Result<PictureMeasurements, MeasureError> {
    let format = Format::of(bytes).ok_or(MeasureError::Broken)?;
    let whole = match format {
        Format::Heic => containers::heic_is_whole(bytes),
        Format::Pdf => containers::pdf_is_whole(bytes),
        Format::WebP => containers::webp_is_whole(bytes),
        Format::Jpeg | Format::Png => true,
    };
    if !whole {
        return Err(MeasureError::Broken);
    }
    let outline = outline(format, bytes);
    if matches!(format, Format::Heic | Format::Pdf) || outline.animated {
        return Err(MeasureError::NotDecoded);
    }
    let (width, height) = outline.shown().ok_or(MeasureError::Broken)?;
    let pixels = u64::from(width) * u64::from(height);
    if pixels > PIXELS_MAX || width.max(height) > SIDE_PIXELS_MAX {
        return Err(MeasureError::TooManyPixels);
    }
    let shades = match format {
        Format::Png => png::read(bytes)?,
        Format::WebP => decode(bytes, ImageFormat::WebP)?,
        _ => {
            let eighth = jpeg::read(bytes)?;
            if pixels > JPEG_PIXELS_IN_FULL {
                eighth
            } else {
                decode(bytes, ImageFormat::Jpeg)?
            }
        }
    };
    let shown = shown(shades, outline.orientation).ok_or(MeasureError::Broken)?;
    Ok(PictureMeasurements {
        width,
        height,
        blank: is_blank(&shown),
        hash: perceptual_hash(&shown),
    })
}

/// Returns the pixels that [`measure`] decodes for a file with this media type and size in pixels.
/// The result is 0 for formats that are not decoded and for pictures that are refused by their
/// header, and [`PIXELS_MAX`] if the size is not known.
pub fn pixels_to_decode(content_type: &str, size: Option<(u32, u32)>) -> u64 {
    let format = Format::of_content_type(content_type);
    match (format, size) {
        (None | Some(Format::Heic | Format::Pdf), _) => 0,
        (Some(_), None) => PIXELS_MAX,
        (Some(_), Some((width, height))) => {
            let pixels = u64::from(width) * u64::from(height);
            if pixels > PIXELS_MAX { 0 } else { pixels }
        }
    }
}

/// Returns the memory in bytes that [`measure`] needs in addition to the file itself, for a file
/// with this media type and number of pixels to decode.
pub fn decoding_bytes(content_type: &str, pixels: u64) -> u64 {
    match Format::of_content_type(content_type) {
        // The decoder holds brightness and colours, and then red, green, blue and opacity.
        Some(Format::WebP) => pixels * 8,
        // Either a full picture; or one number per 64 pixels in three components, and for a
        // progressive picture a set of coefficients in addition.
        Some(Format::Jpeg) => pixels / 64 * 3 * 10 + JPEG_PIXELS_IN_FULL * 9,
        Some(Format::Png) => 4 * 1024 * 1024,
        Some(Format::Heic | Format::Pdf) | None => 0,
    }
}

fn outline(format: Format, bytes: &[u8]) -> PictureHeader {
    let mut reader = HeaderReader::new(format);
    reader.push(bytes);
    reader.outline()
}

/// Decodes all pixels of a picture.
fn decode(bytes: &[u8], format: ImageFormat) -> Result<LightnessGrid, MeasureError> {
    let reader = ImageReader::with_format(Cursor::new(bytes), format);
    let decoder = reader.into_decoder().map_err(|_| MeasureError::Broken)?;
    let (width, height) = decoder.dimensions();
    let channels = decoder.color_type().channel_count();
    let mut samples = vec![0; decoder.total_bytes() as usize];
    decoder
        .read_image(&mut samples)
        .map_err(|_| MeasureError::Broken)?;
    let mut shades = LightnessGrid::new(width, height);
    shades.add_all(&samples, usize::from(channels));
    Ok(shades)
}

/// Returns the lightness of a picture with its orientation applied.
fn shown(shades: LightnessGrid, orientation: Orientation) -> Option<GrayImage> {
    let mut picture = DynamicImage::ImageLuma8(shades.into_picture()?);
    picture.apply_orientation(orientation);
    Some(picture.into_luma8())
}

fn is_blank(picture: &GrayImage) -> bool {
    // A thumbnail averages noise away, so that a lens cap counts as blank despite sensor noise.
    let small = image::imageops::thumbnail(picture, 64, 64);
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

fn perceptual_hash(picture: &GrayImage) -> [u8; 8] {
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

    /// A bright disc over a darkening ground: large shapes, as in photos.
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
    fn a_strip_that_no_camera_makes_is_refused_by_its_header() {
        let mut strip = saved(&RgbImage::new(1, 1), ImageFormat::Png);
        strip[16..20].copy_from_slice(&(SIDE_PIXELS_MAX + 1).to_be_bytes());
        assert_eq!(measure(&strip), Err(MeasureError::TooManyPixels));
    }

    #[test]
    fn a_photo_reserves_the_memory_that_its_decoder_takes() {
        let reserved = |pixels| decoding_bytes("image/jpeg", pixels) / (1024 * 1024);
        assert_eq!([reserved(2_000_000), reserved(50_000_000)], [18, 39]);
        assert_eq!(decoding_bytes("image/webp", 1_000), 8_000);
    }

    /// Noise has codes of every length, which a scene of large shapes does not.
    fn noise() -> RgbImage {
        let mut state = 1_u32;
        RgbImage::from_fn(97, 71, |_, _| {
            let mut next = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            };
            Rgb([next(), next(), next()])
        })
    }

    /// The finest pattern of a block: only its last coefficient is not zero, behind runs of zeros
    /// that take codes of their own.
    fn fine_grid() -> RgbImage {
        let wave =
            |at: u32| (f64::from(2 * (at % 8) + 1) * 7.0 * std::f64::consts::PI / 16.0).cos();
        RgbImage::from_fn(64, 48, |x, y| {
            let shade = (128.0 + 100.0 * wave(x) * wave(y)).round() as u8;
            Rgb([shade, shade, shade])
        })
    }

    fn jpeg(
        picture: &RgbImage,
        adjust: impl Fn(&mut jpeg_encoder::Encoder<&mut Vec<u8>>),
    ) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 95);
        adjust(&mut encoder);
        let (width, height) = (picture.width() as u16, picture.height() as u16);
        let colour = jpeg_encoder::ColorType::Rgb;
        encoder
            .encode(picture.as_raw(), width, height, colour)
            .unwrap();
        bytes
    }

    /// The reader sees the same picture in a JPEG's means as the decoder in its pixels, whatever
    /// kind of JPEG it is, and a scan that lacks its end is broken.
    #[test]
    fn a_jpeg_of_every_kind_is_read_to_its_end() {
        use jpeg_encoder::SamplingFactor::{F_1_1, F_2_1, F_2_2};
        for (picture, progressive, sampling, optimized, restart) in [
            (scene(), false, F_1_1, false, None),
            (scene(), false, F_2_2, false, Some(3)),
            (scene(), true, F_2_1, false, None),
            (scene(), true, F_2_2, false, Some(5)),
            (noise(), false, F_2_2, true, None),
            (noise(), true, F_1_1, false, None),
            (fine_grid(), false, F_1_1, false, None),
        ] {
            let bytes = jpeg(&picture, |encoder| {
                encoder.set_progressive(progressive);
                encoder.set_sampling_factor(sampling);
                encoder.set_optimized_huffman_tables(optimized);
                if let Some(interval) = restart {
                    encoder.set_restart_interval(interval);
                }
            });
            let kind = format!("{} {progressive} {sampling:?} {optimized}", picture.width());
            // Noise and a fine pattern have no shapes that a hash could keep.
            assert_read_to_its_end(&bytes, &kind, picture == scene());
        }
    }

    /// In the last scan of this picture a run of zeros is longer than one code can say.
    #[test]
    fn a_progressive_jpeg_with_long_runs_of_zeros_is_read_to_its_end() {
        let (picture, mut bytes) = (fine_grid(), Vec::new());
        let shades: Vec<u8> = picture.pixels().map(|pixel| pixel.0[0]).collect();
        let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 95);
        encoder.set_progressive_scans(2);
        let luma = jpeg_encoder::ColorType::Luma;
        encoder.encode(&shades, 64, 48, luma).unwrap();
        assert_read_to_its_end(&bytes, "long runs", false);
    }

    /// A file with refinement scans, which the encoder of the other tests does not write.
    #[test]
    fn a_jpeg_with_refinement_scans_is_read_to_its_end() {
        let bytes = include_bytes!("../../../tests/it/samples/progressive.jpg");
        assert_read_to_its_end(bytes, "refined", true);
    }

    fn assert_read_to_its_end(bytes: &[u8], kind: &str, has_shapes: bool) {
        let seen = shown(jpeg::read(bytes).unwrap(), Orientation::NoTransforms).unwrap();
        let decoded = decode(bytes, ImageFormat::Jpeg).unwrap();
        let decoded = shown(decoded, Orientation::NoTransforms).unwrap();
        let hashes = perceptual_hash(&seen)
            .into_iter()
            .zip(perceptual_hash(&decoded));
        let off: u32 = hashes.map(|(one, other)| (one ^ other).count_ones()).sum();
        assert!(off <= 6 || !has_shapes, "{kind}: {off} bits");
        for cut in [bytes.len() / 2, bytes.len() - 40, bytes.len() - 4] {
            let cut_off = measure(&bytes[..cut]);
            assert_eq!(cut_off, Err(MeasureError::Broken), "{kind} at {cut}");
            let closed = [&bytes[..cut], b"\xff\xd9"].concat();
            let cut_off = measure(&closed);
            assert_eq!(
                cut_off,
                Err(MeasureError::Broken),
                "{kind} at {cut} with an end"
            );
        }
    }

    /// A scan of means alone that says it has other coefficients too.
    #[test]
    fn a_progressive_scan_with_a_wrong_range_is_broken() {
        let mut bytes = jpeg(&scene(), |encoder| encoder.set_progressive(true));
        assert!(measure(&bytes).is_ok());
        let scan = bytes
            .windows(2)
            .position(|two| two == [0xff, 0xda])
            .unwrap();
        let range = scan + 5 + 2 * usize::from(bytes[scan + 4]);
        assert_eq!(bytes[range..range + 2], [0, 0]);
        bytes[range + 1] = 63;
        assert_eq!(measure(&bytes), Err(MeasureError::Broken));
    }

    #[test]
    fn what_is_no_picture_is_told_apart() {
        let mut cut = saved(&scene(), ImageFormat::Png);
        cut.truncate(200);
        assert_eq!(measure(&cut), Err(MeasureError::Broken));
        assert_eq!(measure(b"no picture"), Err(MeasureError::Broken));
    }
}
