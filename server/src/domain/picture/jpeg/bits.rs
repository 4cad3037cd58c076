//! The entropy-coded bits of a scan, and the Huffman codes in them.
//!
//! Missing bits are never filled in: a scan whose bits end early makes the picture broken.

use super::super::MeasureError;

/// Length up to which codes are found by a single table lookup, in bits.
const SHORT_BITS: u32 = 8;

/// A Huffman table of a DHT segment (ISO/IEC 10918-1, annex C).
pub(super) struct Huffman {
    /// The length and value of the code for each window of [`SHORT_BITS`] bits; 0 if the code is
    /// longer or there is none.
    short: Vec<u16>,
    /// For each length from 1 to 16: the first code that is too large for it, and the offset from a
    /// code to the index of its value.
    by_length: Vec<(u32, i32)>,
    values: Vec<u8>,
}

impl Huffman {
    /// Reads the lengths and values of a table, and returns the table and the rest of the segment.
    pub(super) fn parse(segment: &[u8]) -> Option<(Self, &[u8])> {
        let (counts, rest) = segment.split_first_chunk::<16>()?;
        let total = counts.iter().map(|count| usize::from(*count)).sum();
        let (values, rest) = rest.split_at_checked(total)?;
        let mut short = vec![0_u16; 1 << SHORT_BITS];
        let mut by_length = Vec::with_capacity(16);
        let (mut code, mut place) = (0_u32, 0_u32);
        for (length, count) in (1_u32..).zip(counts) {
            let offset = place.cast_signed() - code.cast_signed();
            for _ in 0..*count {
                if let Some(spread) = SHORT_BITS.checked_sub(length) {
                    let value = u16::from(*values.get(place as usize)?);
                    let from = (code << spread) as usize;
                    let windows = short.get_mut(from..from + (1 << spread))?;
                    windows.fill((length << 8) as u16 | value);
                }
                code += 1;
                place += 1;
            }
            if code > 1 << length {
                return None;
            }
            by_length.push((code, offset));
            code <<= 1;
        }
        let table = Self {
            short,
            by_length,
            values: values.to_vec(),
        };
        Some((table, rest))
    }

    /// Returns the length and value of the code at the beginning of a window of 16 bits.
    fn find(&self, window: u32) -> Option<(u32, u8)> {
        let short = *self.short.get((window >> (16 - SHORT_BITS)) as usize)?;
        if short != 0 {
            return Some((u32::from(short >> 8), (short & 0xff) as u8));
        }
        let lengths = (1_u32..).zip(&self.by_length).skip(SHORT_BITS as usize);
        for (length, (end, offset)) in lengths {
            let code = window >> (16 - length);
            if code < *end {
                let place = code.cast_signed() + offset;
                let value = self.values.get(usize::try_from(place).ok()?)?;
                return Some((length, *value));
            }
        }
        None
    }
}

/// The bits of one scan, from its header to the next marker other than a restart marker.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    /// Starts reading at the offset `at`, behind the header of a scan.
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self {
            bytes,
            at,
            held: 0,
            count: 0,
        }
    }

    /// Returns the next `count` bits, at most 16.
    pub(super) fn take(&mut self, count: u32) -> Result<u32, MeasureError> {
        if count == 0 {
            return Ok(0);
        }
        if self.count < count {
            self.fill();
        }
        let taken = (self.held >> (64 - count)) as u32;
        self.spend(count)?;
        Ok(taken)
    }

    /// Returns the value of the next Huffman code.
    pub(super) fn symbol(&mut self, table: &Huffman) -> Result<u8, MeasureError> {
        if self.count < 16 {
            self.fill();
        }
        let window = (self.held >> 48) as u32;
        let (length, value) = table.find(window).ok_or(MeasureError::Broken)?;
        self.spend(length)?;
        Ok(value)
    }

    /// Returns a signed number of `size` bits (ISO/IEC 10918-1, F.2.2.1).
    pub(super) fn signed(&mut self, size: u32) -> Result<i32, MeasureError> {
        let bits = self.take(size)?.cast_signed();
        let is_negative = size > 0 && bits < 1 << (size - 1);
        Ok(if is_negative {
            bits - (1 << size) + 1
        } else {
            bits
        })
    }

    fn spend(&mut self, count: u32) -> Result<(), MeasureError> {
        self.count = self.count.checked_sub(count).ok_or(MeasureError::Broken)?;
        self.held <<= count;
        Ok(())
    }

    fn fill(&mut self) {
        while self.count <= 56 {
            let byte = match self.bytes.get(self.at..) {
                Some([0xff, 0x00, ..]) => {
                    self.at += 2;
                    0xff
                }
                Some([0xff, 0xff, ..]) => {
                    self.at += 1;
                    continue;
                }
                // A marker ends the bits.
                Some([0xff, ..] | []) | None => return,
                Some([byte, ..]) => {
                    self.at += 1;
                    *byte
                }
            };
            self.held |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    /// Skips the restart marker with this number, which must be the next marker.
    pub(super) fn restart(&mut self, number: u8) -> Result<(), MeasureError> {
        self.at = self.end();
        if self.bytes.get(self.at + 1) != Some(&(0xd0 + number)) {
            return Err(MeasureError::Broken);
        }
        self.at += 2;
        (self.held, self.count) = (0, 0);
        Ok(())
    }

    /// Returns the offset of the next marker, or of the end of the file if there is none.
    pub(super) fn end(&self) -> usize {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let marker = rest
            .array_windows::<2>()
            .position(|[one, two]| *one == 0xff && !matches!(two, 0x00 | 0xff));
        self.at + marker.unwrap_or(rest.len())
    }
}
