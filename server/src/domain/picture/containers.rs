//! Checks whether a file is complete, as far as its container tells. This covers the formats that
//! are not decoded here, and WebP, whose decoder does not check it.

/// Returns whether a WebP file is as long as its header says. Some encoders omit the last byte of
/// padding.
pub(super) fn webp_is_whole(bytes: &[u8]) -> bool {
    let size = bytes.get(4..).and_then(<[u8]>::first_chunk::<4>);
    size.is_some_and(|size| u64::from(u32::from_le_bytes(*size)) + 8 <= bytes.len() as u64 + 1)
}

/// Returns whether a PDF has the end that its writer wrote: a cross-reference table, the table's
/// offset and the end marker. A file that was cut after a later change is an older version, and
/// complete.
pub(super) fn pdf_is_whole(bytes: &[u8]) -> bool {
    const START: &[u8] = b"startxref";
    let mut rest = bytes;
    while let Some(at) = rest.windows(START.len()).position(|found| found == START) {
        rest = rest.get(at + START.len()..).unwrap_or_default();
        let text = rest.trim_ascii_start();
        let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, end) = text.split_at(digits.min(20));
        let place: Option<usize> = (str::from_utf8(number).ok()).and_then(|n| n.parse().ok());
        // In a linearized PDF the first table has no valid offset; the real end comes later.
        let names_a_place = place.is_some_and(|place| 0 < place && place < bytes.len());
        if names_a_place && end.trim_ascii_start().starts_with(b"%%EOF") {
            return true;
        }
    }
    false
}

/// Returns whether a HEIC file has all its boxes to their ends, and all the bytes that its items
/// refer to.
pub(super) fn heic_is_whole(bytes: &[u8]) -> bool {
    let (mut described, mut stored) = (false, false);
    let mut boxes = Boxes { rest: bytes };
    for found in boxes.by_ref() {
        let Some(payload) = found.payload else {
            return false;
        };
        match found.kind {
            b"mdat" => stored = true,
            b"moov" => described = true,
            b"meta" => {
                let children = payload.get(4..).unwrap_or_default();
                for child in (Boxes { rest: children }) {
                    match (child.kind, child.payload) {
                        (_, None) => return false,
                        (b"idat", _) => stored = true,
                        (b"iloc", Some(places)) if !places_exist(places, bytes.len() as u64) => {
                            return false;
                        }
                        _ => {}
                    }
                }
                described = true;
            }
            _ => {}
        }
    }
    described && stored
}

/// A box of an ISO base media file.
struct MediaBox<'a> {
    kind: &'a [u8; 4],
    /// The content of the box, or `None` if it extends beyond the file.
    payload: Option<&'a [u8]>,
}

/// An iterator over consecutive boxes. It ends at data that is not a box, such as the trailer that
/// some phones append.
struct Boxes<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Boxes<'a> {
    type Item = MediaBox<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (size, rest) = self.rest.split_first_chunk::<4>()?;
        let (kind, rest) = rest.split_first_chunk::<4>()?;
        let (size, header) = match u32::from_be_bytes(*size) {
            0 => (self.rest.len() as u64, 8),
            1 => (u64::from_be_bytes(*rest.first_chunk()?), 16),
            size => (u64::from(size), 8),
        };
        let is_name = kind.iter().all(|byte| (b' '..=b'~').contains(byte));
        if !is_name || size < header {
            return None;
        }
        let payload = usize::try_from(size)
            .ok()
            .and_then(|size| self.rest.get(header as usize..size));
        self.rest = payload
            .and_then(|_| self.rest.get(size as usize..))
            .unwrap_or_default();
        Some(MediaBox { kind, payload })
    }
}

/// Returns whether all extents of an `iloc` box (ISO/IEC 14496-12, 8.11.3) lie within a file of
/// this length.
fn places_exist(places: &[u8], file_bytes: u64) -> bool {
    let mut fields = NumberReader { rest: places };
    read_places(&mut fields, file_bytes).unwrap_or(false)
}

fn read_places(fields: &mut NumberReader<'_>, file_bytes: u64) -> Option<bool> {
    let version = fields.number(1)?;
    fields.number(3)?;
    let sizes = fields.number(2)?;
    let (offset_size, length_size) = (sizes >> 12, sizes >> 8 & 15);
    let base_size = sizes >> 4 & 15;
    let index_size = if version > 0 { sizes & 15 } else { 0 };
    let items = fields.number(if version < 2 { 2 } else { 4 })?;
    for _ in 0..items {
        fields.number(if version < 2 { 2 } else { 4 })?;
        let construction = if version > 0 {
            fields.number(2)? & 15
        } else {
            0
        };
        let reference = fields.number(2)?;
        let base = fields.number(base_size)?;
        let extents = fields.number(2)?;
        if offset_size + length_size + index_size == 0 {
            // The extents have no bytes here and stand for the whole file.
            continue;
        }
        for _ in 0..extents {
            fields.number(index_size)?;
            let start = base.checked_add(fields.number(offset_size)?)?;
            let end = start.checked_add(fields.number(length_size)?)?;
            let in_this_file = construction == 0 && reference == 0;
            if in_this_file && end > file_bytes {
                return Some(false);
            }
        }
    }
    Some(true)
}

/// A reader of consecutive big-endian numbers.
struct NumberReader<'a> {
    rest: &'a [u8],
}

impl NumberReader<'_> {
    fn number(&mut self, bytes: u64) -> Option<u64> {
        let (number, rest) = self.rest.split_at_checked(usize::try_from(bytes).ok()?)?;
        self.rest = rest;
        Some(
            number
                .iter()
                .fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pdf_for_the_web_is_whole_only_with_its_last_end() {
        let first = b"%PDF-1.7\nstartxref\n0\n%%EOF\n".to_vec();
        assert!(!pdf_is_whole(&first));
        let whole = [&first[..], b"xref\ntrailer\nstartxref\n9\n%%EOF\n"].concat();
        assert!(pdf_is_whole(&whole));
        assert!(pdf_is_whole(&[&whole[..], b"\r\n\0\0appended"].concat()));
    }

    #[test]
    fn items_without_bytes_of_their_own_cost_nothing_to_read() {
        let mut iloc = vec![0, 0, 0, 0, 0, 0, 0xff, 0xff];
        iloc.extend([0, 1, 0, 0, 0xff, 0xff].repeat(0xffff));
        assert!(places_exist(&iloc, 1));
    }

    /// An `iloc` box with one item of one extent, in a file of 100 bytes.
    fn extent_exists(version: u8, construction: u16, offset: u32, length: u32) -> bool {
        let mut iloc = vec![version, 0, 0, 0, 0x44, 0x40];
        let (item, count) = (7_u32, 1_u32);
        let skipped = if version < 2 { 2 } else { 0 };
        iloc.extend(&count.to_be_bytes()[skipped..]);
        iloc.extend(&item.to_be_bytes()[skipped..]);
        if version > 0 {
            iloc.extend(construction.to_be_bytes());
        }
        iloc.extend([0, 0]);
        iloc.extend(10_u32.to_be_bytes());
        iloc.extend([0, 1]);
        iloc.extend(offset.to_be_bytes());
        iloc.extend(length.to_be_bytes());
        let is_whole = places_exist(&iloc, 100);
        iloc.pop();
        assert!(!places_exist(&iloc, 100), "a box that is cut off");
        is_whole
    }

    #[test]
    fn an_extent_lies_within_the_file() {
        for version in 0..3 {
            assert!(extent_exists(version, 0, 40, 50), "{version}");
            assert!(!extent_exists(version, 0, 40, 51), "{version}");
        }
        // The upper bits of the construction method are reserved.
        assert!(!extent_exists(1, 0x10, 40, 51));
        // Offsets of other constructions do not count from the beginning of the file.
        assert!(extent_exists(1, 1, 40, 51));
    }
}
