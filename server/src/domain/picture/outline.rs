//! Reads width, height and orientation of a picture from its bytes as they arrive.
//!
//! Metadata of any length may precede the size, so irrelevant segments and chunks are skipped
//! rather than buffered. At most one segment is in memory.

use image::metadata::Orientation;

use super::Format;

/// The longest EXIF block that is read, in bytes. A JPEG segment cannot be longer.
const EXIF_BYTES_MAX: usize = 64 * 1024;

/// The properties that a picture's headers state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureHeader {
    /// Width and height in pixels as stored, before the orientation is applied; `None` for formats
    /// that are not decoded here and for headers that are broken or contradict each other.
    pub stored: Option<(u32, u32)>,
    /// The transformation that shows the stored picture as it was taken.
    pub orientation: Orientation,
    /// Whether the file is a WebP animation.
    pub animated: bool,
}

impl PictureHeader {
    /// Returns width and height in pixels with the orientation applied.
    pub fn shown(&self) -> Option<(u32, u32)> {
        let (width, height) = self.stored?;
        Some(match self.orientation {
            Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH => (height, width),
            Orientation::NoTransforms
            | Orientation::Rotate180
            | Orientation::FlipHorizontal
            | Orientation::FlipVertical => (width, height),
        })
    }
}

/// Reads an [`PictureHeader`] from a file that arrives in pieces of any length.
pub struct HeaderReader {
    format: Format,
    outline: PictureHeader,
    /// The beginning of the current segment, as far as it is needed.
    kept: Vec<u8>,
    /// Bytes of the current segment that are needed before it can be read.
    wanted: usize,
    /// Bytes to skip before the next segment begins.
    skip: u64,
    done: bool,
}

/// The next step of the reader, given the bytes kept so far.
enum ParseStep {
    /// More of the current segment is needed: this many bytes from its beginning.
    Want(usize),
    /// The segment has been read: `used` of the kept bytes belong to it, and `skip` more bytes
    /// follow.
    Next { used: usize, skip: u64 },
    /// Nothing relevant follows.
    Done,
}

impl HeaderReader {
    /// Starts reading a file of this format.
    pub fn new(format: Format) -> Self {
        let outline = PictureHeader {
            stored: None,
            orientation: Orientation::NoTransforms,
            animated: false,
        };
        let signature = match format {
            Format::Jpeg => 2,
            Format::Png => 8,
            Format::WebP => 12,
            Format::Heic | Format::Pdf => 0,
        };
        Self {
            format,
            outline,
            kept: Vec::new(),
            wanted: 0,
            skip: signature,
            done: matches!(format, Format::Heic | Format::Pdf),
        }
    }

    /// Reads the next piece of the file.
    pub fn push(&mut self, mut piece: &[u8]) {
        while !self.done {
            let passed = self.skip.min(piece.len() as u64);
            self.skip -= passed;
            piece = piece.get(passed as usize..).unwrap_or_default();
            let missing = self.wanted.saturating_sub(self.kept.len());
            let (taken, rest) = piece.split_at(missing.min(piece.len()));
            self.kept.extend_from_slice(taken);
            piece = rest;
            if self.skip > 0 || self.kept.len() < self.wanted {
                return;
            }
            match self.step() {
                ParseStep::Want(bytes) => self.wanted = bytes,
                ParseStep::Next { used, skip } => {
                    self.kept.drain(..used.min(self.kept.len()));
                    self.wanted = 0;
                    self.skip = skip;
                }
                ParseStep::Done => self.done = true,
            }
        }
    }

    /// Returns the properties found in the bytes so far.
    pub fn outline(&self) -> PictureHeader {
        self.outline
    }

    fn step(&mut self) -> ParseStep {
        match self.format {
            Format::Jpeg => self.jpeg_segment(),
            Format::Png => self.png_chunk(),
            Format::WebP => self.webp_chunk(),
            Format::Heic | Format::Pdf => ParseStep::Done,
        }
    }

    fn jpeg_segment(&mut self) -> ParseStep {
        let (marker, length) = match self.kept.as_slice() {
            // The end of the file, or pixel data: no headers follow.
            [0xff, 0xd9 | 0xda, ..] => return ParseStep::Done,
            // A fill byte, or a marker without a segment.
            [0xff, 0xff, ..] => return ParseStep::Next { used: 1, skip: 0 },
            [0xff, 0x00 | 0x01 | 0xd0..=0xd8, ..] => return ParseStep::Next { used: 2, skip: 0 },
            [0xff, marker, high, low, ..] => (*marker, u16::from_be_bytes([*high, *low])),
            [0xff, _, ..] => return ParseStep::Want(4),
            [_, _, ..] => return ParseStep::Next { used: 1, skip: 0 },
            _ => return ParseStep::Want(2),
        };
        let whole = 2 + usize::from(length);
        let wanted = match marker {
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => 9,
            0xe1 => whole,
            _ => 4,
        };
        if self.kept.len() < wanted.min(whole) {
            return ParseStep::Want(wanted.min(whole));
        }
        match (marker, self.kept.as_slice()) {
            (0xe1, [_, _, _, _, payload @ ..]) => {
                if let Some(exif) = payload.strip_prefix(b"Exif\0\0") {
                    self.outline.orientation = orientation(exif);
                }
            }
            (_, [_, _, _, _, _, h1, h2, w1, w2]) => {
                let width = u32::from(u16::from_be_bytes([*w1, *w2]));
                let height = u32::from(u16::from_be_bytes([*h1, *h2]));
                self.size(width, height);
            }
            _ => {}
        }
        self.pass(whole as u64)
    }

    fn png_chunk(&mut self) -> ParseStep {
        let [l1, l2, l3, l4, kind @ ..] = self.kept.as_slice() else {
            return ParseStep::Want(8);
        };
        let length = u32::from_be_bytes([*l1, *l2, *l3, *l4]);
        let Some((kind, payload)) = kind.split_first_chunk::<4>() else {
            return ParseStep::Want(8);
        };
        let (payload_length, found) = (length as usize, payload.len());
        match kind {
            b"IHDR" if found < 8 && payload_length >= 8 => return ParseStep::Want(16),
            b"eXIf" if found < payload_length && payload_length <= EXIF_BYTES_MAX => {
                return ParseStep::Want(8 + payload_length);
            }
            b"IEND" => return ParseStep::Done,
            b"IHDR" => {
                let size = payload.first_chunk::<8>().copied().map(u64::from_be_bytes);
                let size = size.unwrap_or_default();
                self.size((size >> 32) as u32, (size & 0xffff_ffff) as u32);
            }
            b"eXIf" => self.outline.orientation = orientation(payload),
            _ => {}
        }
        self.pass(12 + u64::from(length))
    }

    fn webp_chunk(&mut self) -> ParseStep {
        let [k1, k2, k3, k4, l1, l2, l3, l4, payload @ ..] = self.kept.as_slice() else {
            return ParseStep::Want(8);
        };
        let length = u32::from_le_bytes([*l1, *l2, *l3, *l4]);
        let wanted = match &[*k1, *k2, *k3, *k4] {
            b"VP8X" | b"VP8 " => 10,
            b"VP8L" => 5,
            b"EXIF" if length as usize <= EXIF_BYTES_MAX => length as usize,
            _ => 0,
        };
        if payload.len() < wanted.min(length as usize) {
            return ParseStep::Want(8 + wanted.min(length as usize));
        }
        match (&[*k1, *k2, *k3, *k4], payload) {
            (b"VP8X", [flags, _, _, _, w1, w2, w3, h1, h2, h3, ..]) => {
                self.outline.animated = flags & 0x02 != 0;
                let width = u32::from_le_bytes([*w1, *w2, *w3, 0]);
                let height = u32::from_le_bytes([*h1, *h2, *h3, 0]);
                self.size(width + 1, height + 1);
            }
            (b"VP8 ", [_, _, _, _, _, _, w1, w2, h1, h2, ..]) => {
                let width = u16::from_le_bytes([*w1, *w2]) & 0x3fff;
                let height = u16::from_le_bytes([*h1, *h2]) & 0x3fff;
                self.size(width.into(), height.into());
            }
            (b"VP8L", [_, b1, b2, b3, b4, ..]) => {
                let bits = u32::from_le_bytes([*b1, *b2, *b3, *b4]);
                self.size((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1);
            }
            (b"EXIF", exif) => {
                let exif = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
                self.outline.orientation = orientation(exif);
            }
            _ => {}
        }
        self.pass(8 + u64::from(length) + u64::from(length & 1))
    }

    /// Records the size. If headers contradict each other, the size is discarded, because a decoder
    /// could be made to reserve memory for the larger one.
    fn size(&mut self, width: u32, height: u32) {
        match self.outline.stored {
            None if width > 0 && height > 0 => self.outline.stored = Some((width, height)),
            Some(known) if known == (width, height) => {}
            _ => {
                self.outline.stored = None;
                self.done = true;
            }
        }
    }

    fn pass(&self, whole: u64) -> ParseStep {
        if self.done {
            return ParseStep::Done;
        }
        let used = self.kept.len();
        ParseStep::Next {
            used,
            skip: whole.saturating_sub(used as u64),
        }
    }
}

fn orientation(exif: &[u8]) -> Orientation {
    Orientation::from_exif_chunk(exif).unwrap_or(Orientation::NoTransforms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_le_bytes();
        let padding = vec![0; payload.len() % 2];
        [&kind[..], &length, payload, &padding].concat()
    }

    /// An extended WebP of 20 by 10 pixels, whose lossless picture has a size of its own.
    fn webp(width: u32, height: u32) -> Option<(u32, u32)> {
        let extended = chunk(b"VP8X", &[0, 0, 0, 0, 19, 0, 0, 9, 0, 0]);
        let bits = ((width - 1) | (height - 1) << 14).to_le_bytes();
        let lossless = chunk(b"VP8L", &[&[0x2f][..], &bits].concat());
        let mut reader = HeaderReader::new(Format::WebP);
        reader.push(&[&b"RIFF\0\0\0\0WEBP"[..], &extended, &lossless].concat());
        reader.outline().shown()
    }

    #[test]
    fn a_webp_whose_headers_contradict_each_other_has_no_size() {
        assert_eq!(webp(20, 10), Some((20, 10)));
        assert_eq!(webp(20, 11), None);
        assert_eq!(webp(2_000, 10), None);
    }
}
