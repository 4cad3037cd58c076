//! A frame: the size of the picture, its components, and the state of their blocks after the scans.

use super::super::{MeasureError, PIXELS_MAX};

/// Samples in a row of a block.
const BLOCK: u32 = 8;

/// The header of a frame, and the means of its blocks.
pub(super) struct JpegFrame {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) progressive: bool,
    pub(super) components: Vec<Component>,
    /// Blocks per MCU of an interleaved scan along each axis, for the component that has most.
    across_max: u32,
    down_max: u32,
}

/// A component: brightness or a colour difference.
pub(super) struct Component {
    pub(super) id: u8,
    /// Its blocks per MCU of an interleaved scan, horizontally and vertically.
    pub(super) across: u32,
    pub(super) down: u32,
    /// The number of its quantization table.
    pub(super) table: u8,
    /// The factor by which the means are multiplied; set by its first scan.
    pub(super) step: Option<u16>,
    /// Blocks in a row, including those that only complete an MCU.
    pub(super) columns: u32,
    means: Vec<i16>,
    /// Bit set of the nonzero coefficients of each block; progressive scans depend on it.
    nonzero: Vec<u64>,
    /// The number of lowest bits that are still missing, for each coefficient.
    missing_bits: [u8; 64],
}

/// Value of [`Component::missing_bits`] for a coefficient that no scan has covered yet.
const UNSEEN: u8 = u8::MAX;

impl JpegFrame {
    /// Reads a frame header.
    ///
    /// # Errors
    /// [`MeasureError::NotDecoded`] for a kind of JPEG that is not decoded here,
    /// [`MeasureError::TooManyPixels`] for a picture above the limit, [`MeasureError::Broken`] for
    /// a header that contradicts itself.
    pub(super) fn parse(segment: &[u8], progressive: bool) -> Result<Self, MeasureError> {
        let [precision, h1, h2, w1, w2, count, rest @ ..] = segment else {
            return Err(MeasureError::Broken);
        };
        let width = u32::from(u16::from_be_bytes([*w1, *w2]));
        let height = u32::from(u16::from_be_bytes([*h1, *h2]));
        // A height of 0 is defined behind the first scan, which no phone does.
        if *precision != 8 || height == 0 || !matches!(count, 1 | 3) {
            return Err(MeasureError::NotDecoded);
        }
        if u64::from(width) * u64::from(height) > PIXELS_MAX {
            return Err(MeasureError::TooManyPixels);
        }
        let (specifications, _) = rest.as_chunks::<3>();
        let specifications = specifications
            .get(..usize::from(*count))
            .ok_or(MeasureError::Broken)?;
        let sampling = |[_, both, _]: &[u8; 3]| match *count {
            // Sampling factors are relative, and a single component has nothing to be relative to.
            1 => (1, 1),
            _ => (u32::from(both >> 4), u32::from(both & 15)),
        };
        let is_possible = |(across, down)| (1..=4).contains(&across) && (1..=4).contains(&down);
        if width == 0 || !specifications.iter().map(sampling).all(is_possible) {
            return Err(MeasureError::Broken);
        }
        let across_max = specifications.iter().map(|one| sampling(one).0).max();
        let down_max = specifications.iter().map(|one| sampling(one).1).max();
        let mut frame = Self {
            width,
            height,
            progressive,
            components: Vec::new(),
            across_max: across_max.unwrap_or(1),
            down_max: down_max.unwrap_or(1),
        };
        for one in specifications {
            let component = frame.component(*one, sampling(one));
            frame.components.push(component);
        }
        Ok(frame)
    }

    fn component(&self, [id, _, table]: [u8; 3], (across, down): (u32, u32)) -> Component {
        let columns = self.width.div_ceil(BLOCK * self.across_max) * across;
        let rows = self.height.div_ceil(BLOCK * self.down_max) * down;
        let blocks = (columns * rows) as usize;
        Component {
            id,
            across,
            down,
            table,
            step: None,
            columns,
            means: vec![0; blocks],
            nonzero: vec![0; if self.progressive { blocks } else { 0 }],
            missing_bits: [UNSEEN; 64],
        }
    }

    /// Returns the MCUs in a row of a scan, and the number of rows. `single` is the component of a
    /// scan that has only one.
    pub(super) fn units(&self, single: Option<usize>) -> (u32, u32) {
        let alone = single.and_then(|nth| self.components.get(nth));
        let (across, down) = alone.map_or((1, 1), |one| (one.across, one.down));
        if alone.is_none() {
            return (
                self.width.div_ceil(BLOCK * self.across_max),
                self.height.div_ceil(BLOCK * self.down_max),
            );
        }
        let samples = |length: u32, own: u32, most: u32| (length * own).div_ceil(most);
        (
            samples(self.width, across, self.across_max).div_ceil(BLOCK),
            samples(self.height, down, self.down_max).div_ceil(BLOCK),
        )
    }

    /// Returns whether the scans have covered all bits of every component.
    pub(super) fn is_complete(&self) -> bool {
        self.components
            .iter()
            .all(|component| component.missing_bits.iter().all(|missing| *missing == 0))
    }

    /// Returns the size of the picture at an eighth of its width and height.
    pub(super) fn eighth(&self) -> (u32, u32) {
        (self.width.div_ceil(BLOCK), self.height.div_ceil(BLOCK))
    }

    /// Returns the samples of a component for one row of the picture at an eighth of its size.
    pub(super) fn samples(&self, nth: usize, row: u32) -> impl Iterator<Item = u8> {
        let component = self.components.get(nth);
        let (across, down) = component.map_or((1, 1), |one| (one.across, one.down));
        let columns = component.map_or(0, |one| one.columns);
        let start = (row * down / self.down_max) * columns;
        let step = component
            .and_then(|component| component.step)
            .map_or(0, i32::from);
        let means = component.map_or(&[][..], |one| one.means.as_slice());
        let across_max = self.across_max;
        (0..self.eighth().0).map(move |column| {
            let place = start + column * across / across_max;
            let mean = means.get(place as usize).copied().map_or(0, i32::from);
            (128 + mean * step / 8).clamp(0, 255) as u8
        })
    }
}

impl Component {
    pub(super) fn mean(&mut self, place: usize) -> Result<&mut i16, MeasureError> {
        self.means.get_mut(place).ok_or(MeasureError::Broken)
    }

    pub(super) fn nonzero(&mut self, place: usize) -> Result<&mut u64, MeasureError> {
        self.nonzero.get_mut(place).ok_or(MeasureError::Broken)
    }

    /// Records that a scan has covered these coefficients, except for the `low` lowest bits.
    pub(super) fn cover(&mut self, (first, last): (u8, u8), low: u8) {
        let covered = self.missing_bits.get_mut(first.into()..=last.into());
        covered.unwrap_or_default().fill(low);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header of a picture of 8 by `height` pixels.
    fn parse(precision: u8, height: u8, components: u8) -> Result<JpegFrame, MeasureError> {
        let mut segment = vec![precision, 0, height, 0, 8, components];
        segment.extend([1, 0x11, 0].repeat(usize::from(components)));
        JpegFrame::parse(&segment, false)
    }

    #[test]
    fn a_kind_of_picture_that_is_not_decoded_is_told_by_its_header() {
        assert!(parse(8, 8, 1).is_ok());
        assert!(parse(8, 8, 3).is_ok());
        for (precision, height, components) in [(12, 8, 3), (8, 0, 3), (8, 8, 4), (8, 8, 2)] {
            let refused = parse(precision, height, components).map(drop);
            assert_eq!(
                refused,
                Err(MeasureError::NotDecoded),
                "{precision} {height} {components}"
            );
        }
    }
}
