//! A JPEG reader that requires the file to be complete.
//!
//! Libraries that display pictures tolerate missing data and fill it with grey. Here a picture is
//! evidence, so every bit of every scan must be present, up to the end marker. Reading the bits
//! also yields the means of the blocks (their DC coefficients). These are the picture at an eighth
//! of its size, for a fraction of the memory and time that its pixels would take. Data behind the
//! end marker (a second picture, a film) is not read.

mod bits;
mod frame;
mod scan;

use self::bits::Huffman;
use self::frame::JpegFrame;
use self::scan::{Coding, Scan, ScanComponent};
use super::MeasureError;
use super::shades::{LightnessGrid, shade};

/// Maximum scans of a picture. Encoders write about ten, and each costs a pass over all blocks.
const SCANS_MAX: u32 = 100;

/// Reads a JPEG to its end and returns its lightness.
///
/// # Errors
/// [`MeasureError::Broken`] if it does not decode to its end, [`MeasureError::NotDecoded`] for
/// kinds of JPEG that phones do not make (arithmetic coding, lossless, 12 bits, CMYK).
pub(super) fn read(bytes: &[u8]) -> Result<LightnessGrid, MeasureError> {
    let mut reader = JpegReader {
        bytes,
        at: 2,
        quantization: [None; 4],
        dc: [const { None }; 4],
        ac: [const { None }; 4],
        restart_interval: 0,
        adobe_transform: None,
        frame: None,
        scans: 0,
    };
    if !bytes.starts_with(&[0xff, 0xd8]) {
        return Err(MeasureError::Broken);
    }
    loop {
        match reader.marker()? {
            0xd9 => break,
            // Markers without a segment. A restart marker may also follow the last MCU of a scan.
            0x01 | 0xd0..=0xd7 => {}
            0xd8 => return Err(MeasureError::Broken),
            marker => reader.segment(marker)?,
        }
    }
    let complete = reader.frame.as_ref().filter(|frame| frame.is_complete());
    complete
        .map(|frame| reader.shades(frame))
        .ok_or(MeasureError::Broken)
}

struct JpegReader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The first value of each quantization table, by which means are multiplied.
    quantization: [Option<u16>; 4],
    dc: [Option<Huffman>; 4],
    ac: [Option<Huffman>; 4],
    restart_interval: u32,
    /// The colour transform that Adobe's segment states.
    adobe_transform: Option<u8>,
    frame: Option<JpegFrame>,
    scans: u32,
}

impl<'a> JpegReader<'a> {
    /// Returns the next marker. Stray bytes before it are skipped.
    fn marker(&mut self) -> Result<u8, MeasureError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let found = rest
            .array_windows::<2>()
            .position(|[one, two]| *one == 0xff && !matches!(two, 0x00 | 0xff));
        let found = found.ok_or(MeasureError::Broken)?;
        self.at += found + 2;
        rest.get(found + 1).copied().ok_or(MeasureError::Broken)
    }

    fn payload(&mut self) -> Result<&'a [u8], MeasureError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let (length, _) = rest.split_first_chunk().ok_or(MeasureError::Broken)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let payload = rest.get(2..length).ok_or(MeasureError::Broken)?;
        self.at += length;
        Ok(payload)
    }

    fn segment(&mut self, marker: u8) -> Result<(), MeasureError> {
        let payload = self.payload()?;
        match marker {
            0xc0..=0xc2 if self.frame.is_none() => {
                self.frame = Some(JpegFrame::parse(payload, marker == 0xc2)?);
            }
            0xc0..=0xc2 => return Err(MeasureError::Broken),
            0xc4 => self.huffman_tables(payload).ok_or(MeasureError::Broken)?,
            // Lossless, hierarchical or arithmetic coding; a height that is defined late.
            0xc3 | 0xc5..=0xcf | 0xdc | 0xde | 0xdf => return Err(MeasureError::NotDecoded),
            0xda => self.scan(payload)?,
            0xdb => self
                .quantization_tables(payload)
                .ok_or(MeasureError::Broken)?,
            0xdd => {
                let interval = payload.first_chunk().ok_or(MeasureError::Broken)?;
                self.restart_interval = u16::from_be_bytes(*interval).into();
            }
            0xee => {
                if let [
                    b'A',
                    b'd',
                    b'o',
                    b'b',
                    b'e',
                    _,
                    _,
                    _,
                    _,
                    _,
                    _,
                    transform,
                    ..,
                ] = payload
                {
                    self.adobe_transform = Some(*transform);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn huffman_tables(&mut self, mut payload: &[u8]) -> Option<()> {
        while let [class_and_number, tables @ ..] = payload {
            let (table, rest) = Huffman::parse(tables)?;
            let tables = match class_and_number >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return None,
            };
            *tables.get_mut(usize::from(class_and_number & 15))? = Some(table);
            payload = rest;
        }
        Some(())
    }

    fn quantization_tables(&mut self, mut payload: &[u8]) -> Option<()> {
        while let [precision_and_number, table @ ..] = payload {
            let (first, length) = match (precision_and_number >> 4, table) {
                (0, [first, ..]) => (u16::from(*first), 64),
                (1, [high, low, ..]) => (u16::from_be_bytes([*high, *low]), 128),
                _ => return None,
            };
            let number = usize::from(precision_and_number & 15);
            *self.quantization.get_mut(number)? = Some(first);
            payload = table.get(length..)?;
        }
        Some(())
    }

    fn scan(&mut self, payload: &[u8]) -> Result<(), MeasureError> {
        self.scans += 1;
        let mut frame = self.frame.take().ok_or(MeasureError::Broken)?;
        if self.scans > SCANS_MAX {
            return Err(MeasureError::NotDecoded);
        }
        let (mut scan, low) = self.scan_header(payload, &frame)?;
        for part in &scan.parts {
            let component = frame.components.get_mut(part.component);
            let component = component.ok_or(MeasureError::Broken)?;
            let table = self.quantization.get(usize::from(component.table));
            component.step = component.step.or(table.copied().flatten());
            component.step.ok_or(MeasureError::Broken)?;
            component.cover(scan.coding.coefficients(), low);
        }
        self.at = scan.read(&mut frame, self.bytes, self.at)?;
        self.frame = Some(frame);
        Ok(())
    }

    fn scan_header(
        &self,
        payload: &[u8],
        frame: &JpegFrame,
    ) -> Result<(Scan<'_>, u8), MeasureError> {
        let (count, rest) = payload.split_first().ok_or(MeasureError::Broken)?;
        let named = rest.get(..2 * usize::from(*count));
        let (named, _) = named.unwrap_or_default().as_chunks::<2>();
        let Some([first, last, high_and_low, ..]) = rest.get(2 * usize::from(*count)..) else {
            return Err(MeasureError::Broken);
        };
        let (first, last) = (*first, *last);
        let (high, low) = (high_and_low >> 4, high_and_low & 15);
        let coding = match (frame.progressive, first, high) {
            (false, ..) => Coding::Sequential,
            (true, 0, 0) if last == 0 => Coding::DcFirst { low },
            (true, 0, _) if last == 0 => Coding::DcRefine { low },
            (true, 1.., 0) if first <= last && last < 64 => Coding::AcFirst { first, last },
            (true, 1.., _) if first <= last && last < 64 => Coding::AcRefine { first, last },
            _ => return Err(MeasureError::Broken),
        };
        let means_alone = matches!(coding, Coding::DcFirst { .. } | Coding::DcRefine { .. });
        let most = match frame.progressive && !means_alone {
            true => 1,
            false => frame.components.len(),
        };
        if named.is_empty() || named.len() > most || low > 13 {
            return Err(MeasureError::Broken);
        }
        let part = |[id, tables]: &[u8; 2]| {
            let component = frame.components.iter().position(|one| one.id == *id)?;
            Some(ScanComponent {
                component,
                dc: self.dc.get(usize::from(tables >> 4))?.as_ref(),
                ac: self.ac.get(usize::from(tables & 15))?.as_ref(),
                prediction: 0,
            })
        };
        let parts: Option<Vec<_>> = named.iter().map(part).collect();
        let scan = Scan {
            parts: parts.ok_or(MeasureError::Broken)?,
            coding,
            restart_interval: self.restart_interval,
        };
        Ok((scan, if frame.progressive { low } else { 0 }))
    }

    fn shades(&self, frame: &JpegFrame) -> LightnessGrid {
        let (width, height) = frame.eighth();
        let mut shades = LightnessGrid::new(width, height);
        let ids: Vec<u8> = frame.components.iter().map(|one| one.id).collect();
        let is_rgb = ids == *b"RGB" || self.adobe_transform == Some(0);
        for row in 0..height {
            let brightness = frame.samples(0, row);
            if frame.components.len() == 1 {
                shades.add(row, (0..).zip(brightness));
                continue;
            }
            let colours = frame.samples(1, row).zip(frame.samples(2, row));
            let pixels = brightness.zip(colours).map(|(one, (two, three))| {
                let pixel = [one, two, three];
                shade(&if is_rgb { pixel } else { rgb(pixel) })
            });
            shades.add(row, (0..).zip(pixels));
        }
        shades
    }
}

/// Converts a pixel from the colour space of JFIF to red, green and blue.
fn rgb([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (
        i32::from(y) * 1000,
        i32::from(cb) - 128,
        i32::from(cr) - 128,
    );
    let clamped = |value: i32| (value / 1000).clamp(0, 255) as u8;
    [
        clamped(y + 1402 * cr),
        clamped(y - 344 * cb - 714 * cr),
        clamped(y + 1772 * cb),
    ]
}
