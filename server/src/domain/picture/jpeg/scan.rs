//! Scans: decodes every block to its last bit and keeps only its mean (the DC coefficient).

use super::super::MeasureError;
use super::bits::{Bits, Huffman};
use super::frame::{Component, JpegFrame};

/// Coefficients of a block.
const COEFFICIENTS: u8 = 64;

/// The header of a scan, with the tables that it names.
pub(super) struct Scan<'t> {
    pub(super) parts: Vec<ScanComponent<'t>>,
    pub(super) coding: Coding,
    /// MCUs between two restart markers; 0 if there are none.
    pub(super) restart_interval: u32,
}

/// One component of a scan.
pub(super) struct ScanComponent<'t> {
    /// The index of the component in the frame.
    pub(super) component: usize,
    pub(super) dc: Option<&'t Huffman>,
    pub(super) ac: Option<&'t Huffman>,
    /// The mean of the previous block, from which the next one is coded as a difference.
    pub(super) prediction: i32,
}

/// The part of its blocks that a scan codes (ISO/IEC 10918-1, annexes F and G).
#[derive(Clone, Copy)]
pub(super) enum Coding {
    /// All coefficients with all their bits.
    Sequential,
    /// The upper bits of the means.
    DcFirst { low: u8 },
    /// One more bit of the means.
    DcRefine { low: u8 },
    /// The upper bits of a range of other coefficients.
    AcFirst { first: u8, last: u8 },
    /// One more bit of a range of other coefficients.
    AcRefine { first: u8, last: u8 },
}

impl Coding {
    /// Returns the first and the last coefficient that the scan codes.
    pub(super) fn coefficients(self) -> (u8, u8) {
        match self {
            Self::Sequential => (0, COEFFICIENTS - 1),
            Self::DcFirst { .. } | Self::DcRefine { .. } => (0, 0),
            Self::AcFirst { first, last } | Self::AcRefine { first, last } => (first, last),
        }
    }
}

impl Scan<'_> {
    /// Reads the whole scan and returns the offset of the next marker.
    ///
    /// # Errors
    /// [`MeasureError::Broken`] if its bits end early, are not a code, or lack a restart marker.
    pub(super) fn read(
        &mut self,
        frame: &mut JpegFrame,
        bytes: &[u8],
        at: usize,
    ) -> Result<usize, MeasureError> {
        let mut bits = Bits::new(bytes, at);
        let mut empty_blocks = 0;
        let single = match self.parts.as_slice() {
            [part] => Some(part.component),
            _ => None,
        };
        let (columns, rows) = frame.units(single);
        let mut until_restart = self.restart_interval;
        let mut restarts = 0_u8;
        for row in 0..rows {
            for column in 0..columns {
                if self.restart_interval > 0 && until_restart == 0 {
                    bits.restart(restarts % 8)?;
                    restarts = restarts.wrapping_add(1);
                    until_restart = self.restart_interval;
                    empty_blocks = 0;
                    for part in &mut self.parts {
                        part.prediction = 0;
                    }
                }
                until_restart = until_restart.saturating_sub(1);
                self.read_unit(frame, &mut bits, &mut empty_blocks, (column, row))?;
            }
        }
        Ok(bits.end())
    }

    fn read_unit(
        &mut self,
        frame: &mut JpegFrame,
        bits: &mut Bits<'_>,
        empty_blocks: &mut u32,
        (column, row): (u32, u32),
    ) -> Result<(), MeasureError> {
        let alone = self.parts.len() == 1;
        for part in &mut self.parts {
            let component = frame
                .components
                .get_mut(part.component)
                .ok_or(MeasureError::Broken)?;
            let (across, down) = if alone {
                (1, 1)
            } else {
                (component.across, component.down)
            };
            for y in 0..down {
                for x in 0..across {
                    let place = (row * down + y) * component.columns + column * across + x;
                    part.read_block(self.coding, component, place as usize, bits, empty_blocks)?;
                }
            }
        }
        Ok(())
    }
}

impl ScanComponent<'_> {
    fn read_block(
        &mut self,
        coding: Coding,
        component: &mut Component,
        place: usize,
        bits: &mut Bits<'_>,
        empty_blocks: &mut u32,
    ) -> Result<(), MeasureError> {
        match coding {
            Coding::Sequential => {
                *component.mean(place)? = self.read_mean(bits)? as i16;
                let ac = self.ac.ok_or(MeasureError::Broken)?;
                pass_coefficients(bits, ac)
            }
            Coding::DcFirst { low } => {
                *component.mean(place)? = (self.read_mean(bits)? << low) as i16;
                Ok(())
            }
            Coding::DcRefine { low } => {
                let bit = bits.take(1)? << low;
                *component.mean(place)? |= bit as i16;
                Ok(())
            }
            Coding::AcFirst { first, last } => {
                if *empty_blocks > 0 {
                    *empty_blocks -= 1;
                    return Ok(());
                }
                let ac = self.ac.ok_or(MeasureError::Broken)?;
                let nonzero = component.nonzero(place)?;
                *empty_blocks = read_coefficients(bits, ac, nonzero, (first, last))?;
                Ok(())
            }
            Coding::AcRefine { first, last } => {
                let ac = self.ac.ok_or(MeasureError::Broken)?;
                let nonzero = component.nonzero(place)?;
                let mut next = first;
                if *empty_blocks == 0 {
                    (next, *empty_blocks) = refine_coefficients(bits, ac, nonzero, (first, last))?;
                }
                if *empty_blocks > 0 {
                    *empty_blocks -= 1;
                    let rest = *nonzero & range(next, last);
                    pass_corrections(bits, rest.count_ones())?;
                }
                Ok(())
            }
        }
    }

    fn read_mean(&mut self, bits: &mut Bits<'_>) -> Result<i32, MeasureError> {
        let size = bits.symbol(self.dc.ok_or(MeasureError::Broken)?)?;
        if size > 15 {
            return Err(MeasureError::Broken);
        }
        self.prediction = self.prediction.wrapping_add(bits.signed(size.into())?);
        Ok(self.prediction)
    }
}

/// Skips all coefficients except the mean.
fn pass_coefficients(bits: &mut Bits<'_>, table: &Huffman) -> Result<(), MeasureError> {
    let mut next = 1;
    while next < COEFFICIENTS {
        let symbol = bits.symbol(table)?;
        let (zeros, size) = (symbol >> 4, symbol & 15);
        if size == 0 && zeros < 15 {
            return Ok(());
        }
        bits.take(size.into())?;
        next += zeros + 1;
    }
    if next > COEFFICIENTS {
        return Err(MeasureError::Broken);
    }
    Ok(())
}

/// Reads the upper bits of the coefficients from `first` to `last`, records which are nonzero, and
/// returns the number of following blocks without any.
fn read_coefficients(
    bits: &mut Bits<'_>,
    table: &Huffman,
    nonzero: &mut u64,
    (first, last): (u8, u8),
) -> Result<u32, MeasureError> {
    let mut next = first;
    while next <= last {
        let symbol = bits.symbol(table)?;
        let (zeros, size) = (symbol >> 4, symbol & 15);
        if size == 0 && zeros < 15 {
            let run = (1 << zeros) + bits.take(zeros.into())?;
            return Ok(run - 1);
        }
        next += zeros;
        if size > 0 {
            bits.take(size.into())?;
            *nonzero |= range(next, last.min(next));
        }
        next += 1;
    }
    if next > last + 1 {
        return Err(MeasureError::Broken);
    }
    Ok(0)
}

/// Reads one more bit of the coefficients from `first` to `last`. Returns the position at which it
/// stopped, and the number of blocks, starting with this one, that have no new coefficient.
fn refine_coefficients(
    bits: &mut Bits<'_>,
    table: &Huffman,
    nonzero: &mut u64,
    (first, last): (u8, u8),
) -> Result<(u8, u32), MeasureError> {
    let mut next = first;
    while next <= last {
        let symbol = bits.symbol(table)?;
        let (mut zeros, size) = (symbol >> 4, symbol & 15);
        if size == 0 && zeros < 15 {
            let run = (1 << zeros) + bits.take(zeros.into())?;
            return Ok((next, run));
        }
        if size > 0 {
            bits.take(1)?;
        }
        // One bit for each nonzero coefficient on the way, while `zeros` zero ones are skipped.
        while next <= last {
            if *nonzero & range(next, next) != 0 {
                pass_corrections(bits, 1)?;
            } else if zeros == 0 {
                break;
            } else {
                zeros -= 1;
            }
            next += 1;
        }
        if size > 0 {
            if next > last {
                return Err(MeasureError::Broken);
            }
            *nonzero |= range(next, next);
        }
        next += 1;
    }
    Ok((next, 0))
}

fn pass_corrections(bits: &mut Bits<'_>, mut count: u32) -> Result<(), MeasureError> {
    while count > 0 {
        let some = count.min(16);
        bits.take(some)?;
        count -= some;
    }
    Ok(())
}

/// Returns the bit set of the coefficients from `first` to `last`.
fn range(first: u8, last: u8) -> u64 {
    if first > last || last >= COEFFICIENTS {
        return 0;
    }
    (u64::MAX << first) & (u64::MAX >> (COEFFICIENTS - 1 - last))
}
