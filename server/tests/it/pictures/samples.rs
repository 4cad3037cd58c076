//! The files that these tests submit: photos of every encoder, metadata, and documents.

use std::io::Cursor;

use image::{ImageFormat, RgbImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// Returns a picture with fine noise, as from a camera's sensor.
pub(super) fn photo(seed: u32) -> RgbImage {
    let mut noise = seed.wrapping_mul(2_654_435_769) | 1;
    RgbImage::from_fn(320, 240, |x, y| {
        noise ^= noise << 13;
        noise ^= noise >> 17;
        noise ^= noise << 5;
        let (dx, dy) = (
            x as f32 - (30 + seed * 23 % 260) as f32,
            y as f32 - (20 + seed * 41 % 200) as f32,
        );
        let glow = (255.0 - (dx * dx + dy * dy).sqrt() * 2.0).max(0.0);
        let ground = (x * 2 / 5 + y / 4) as f32 / 2.0 + (noise % 12) as f32;
        let tone = (glow * 0.6 + ground).min(255.0) as u8;
        image::Rgb([tone, tone / 2 + 40, 255 - tone])
    })
}

pub(super) fn saved(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// Encodes a JPEG with the settings of a particular encoder.
pub(super) fn jpeg(picture: &RgbImage, adjust: impl Fn(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 88);
    adjust(&mut encoder);
    let (width, height) = (picture.width() as u16, picture.height() as u16);
    encoder
        .encode(picture, width, height, ColorType::Rgb)
        .unwrap();
    bytes
}

/// Returns JPEGs in all the forms that phones and editors write.
pub(super) fn jpegs(seed: u32) -> Vec<Vec<u8>> {
    let picture = photo(seed);
    vec![
        jpeg(&picture, |encoder| {
            encoder.set_sampling_factor(SamplingFactor::F_1_1);
        }),
        jpeg(&picture, |encoder| {
            encoder.set_sampling_factor(SamplingFactor::F_2_2);
        }),
        jpeg(&picture, |encoder| {
            encoder.set_sampling_factor(SamplingFactor::F_2_1);
            encoder.set_restart_interval(7);
        }),
        jpeg(&picture, |encoder| {
            encoder.set_progressive(true);
            encoder.set_optimized_huffman_tables(true);
        }),
        jpeg(&picture, |encoder| {
            encoder.set_progressive(true);
            encoder.set_progressive_scans(9);
            encoder.set_sampling_factor(SamplingFactor::F_2_2);
            encoder.set_restart_interval(11);
        }),
    ]
}

/// A progressive JPEG whose later scans refine bits of earlier ones, as libjpeg and most editors
/// write it.
pub(super) const REFINED: &[u8] = include_bytes!("../samples/progressive.jpg");

/// Returns a box of an ISO base media file.
pub(super) fn media_box(kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    let size = u32::try_from(payload.len() + 8).unwrap();
    [&size.to_be_bytes()[..], kind, payload].concat()
}

/// Returns a minimal HEIC: its brand, the location of its one item, and the item.
pub(super) fn heic(seed: u8) -> Vec<u8> {
    let item = [seed; 3000];
    let ftyp = media_box(b"ftyp", b"heic\0\0\0\0mif1heic");
    let meta = |offset: u32| {
        let mut iloc = vec![0, 0, 0, 0, 0x44, 0, 0, 1, 0, 1, 0, 0, 0, 1];
        iloc.extend(offset.to_be_bytes());
        iloc.extend(3000_u32.to_be_bytes());
        media_box(b"meta", &[&[0; 4][..], &media_box(b"iloc", &iloc)].concat())
    };
    let offset = u32::try_from(ftyp.len() + meta(0).len() + 8).unwrap();
    [ftyp, meta(offset), media_box(b"mdat", &item)].concat()
}

pub(super) fn pdf(text: &str) -> Vec<u8> {
    let body = format!("%PDF-1.7\n1 0 obj\n({text})\nendobj\n{}", " ".repeat(2000));
    let place = body.len();
    format!("{body}xref\n0 1\ntrailer\n<< /Size 1 >>\nstartxref\n{place}\n%%EOF\n").into_bytes()
}

/// Computes the checksum of a PNG chunk.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xedb8_8320 * (sum & 1))
        })
    })
}

/// Returns EXIF data that contains only an orientation.
pub(super) fn exif(orientation: u8) -> Vec<u8> {
    let mut bytes = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    bytes.extend([orientation, 0, 0, 0, 0, 0, 0]);
    bytes
}

/// Returns a JPEG with more segments after its beginning.
pub(super) fn with_segments(jpeg: &[u8], segments: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = jpeg[..2].to_vec();
    for (marker, payload) in segments {
        bytes.extend([0xff, *marker]);
        bytes.extend(u16::try_from(payload.len() + 2).unwrap().to_be_bytes());
        bytes.extend_from_slice(payload);
    }
    bytes.extend_from_slice(&jpeg[2..]);
    bytes
}

pub(super) fn jpeg_turned(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    with_segments(
        jpeg,
        &[(0xe1, [b"Exif\0\0", &exif(orientation)[..]].concat())],
    )
}

/// Returns a PNG with a chunk before its pixels.
pub(super) fn with_chunk(png: &[u8], kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    let named = [kind, payload].concat();
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let sum = crc32(&named).to_be_bytes();
    [&png[..33], &length, &named, &sum, &png[33..]].concat()
}

/// Returns a WebP in the extended format, with EXIF after its pixels.
pub(super) fn webp_turned(webp: &[u8], (width, height): (u32, u32), orientation: u8) -> Vec<u8> {
    let chunk = |kind: &[u8; 4], payload: &[u8]| {
        let length = u32::try_from(payload.len()).unwrap().to_le_bytes();
        [&kind[..], &length, payload].concat()
    };
    let sides = [width - 1, height - 1].map(u32::to_le_bytes);
    let header = [&[0x08, 0, 0, 0][..], &sides[0][..3], &sides[1][..3]].concat();
    let chunks = [
        &chunk(b"VP8X", &header)[..],
        &webp[12..],
        &chunk(b"EXIF", &exif(orientation)),
    ];
    let body = [b"WEBP", &chunks.concat()[..]].concat();
    chunk(b"RIFF", &body)
}
