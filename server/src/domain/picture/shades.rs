//! The lightness of a picture on a small grid, summed up while its rows are decoded.
//!
//! Everything is measured on this grid, so the pixels need not be kept, and pictures of every
//! format and size are compared on the same scale.

use image::GrayImage;

/// Maximum columns and maximum rows of the grid.
const CELLS_MAX: u32 = 256;

/// The sums of lightness in each cell of the grid.
pub(super) struct LightnessGrid {
    /// The grid column of each column of the picture.
    cell_of_column: Vec<u32>,
    height: u32,
    columns: u32,
    rows: u32,
    sums: Vec<u64>,
    counts: Vec<u64>,
}

impl LightnessGrid {
    /// Creates an empty grid for a picture of this size.
    pub(super) fn new(width: u32, height: u32) -> Self {
        let (columns, rows) = (width.min(CELLS_MAX), height.min(CELLS_MAX));
        let cells = (columns * rows) as usize;
        Self {
            cell_of_column: (0..width).map(|x| cell(x, width, columns)).collect(),
            height,
            columns,
            rows,
            sums: vec![0; cells],
            counts: vec![0; cells],
        }
    }

    /// Adds pixels of row `y`, each as its column and its lightness.
    pub(super) fn add(&mut self, y: u32, pixels: impl Iterator<Item = (u32, u8)>) {
        let start = (cell(y, self.height, self.rows) * self.columns) as usize;
        let row = start..start + self.columns as usize;
        let sums = self.sums.get_mut(row.clone()).unwrap_or_default();
        let counts = self.counts.get_mut(row).unwrap_or_default();
        for (x, shade) in pixels {
            let Some(cell) = self.cell_of_column.get(x as usize) else {
                return;
            };
            if let Some((sum, count)) =
                (sums.get_mut(*cell as usize)).zip(counts.get_mut(*cell as usize))
            {
                *sum += u64::from(shade);
                *count += 1;
            }
        }
    }

    /// Adds a whole picture of interleaved 8-bit samples.
    pub(super) fn add_all(&mut self, samples: &[u8], channels: usize) {
        let stride = self.cell_of_column.len() * channels.max(1);
        for (y, row) in (0..).zip(samples.chunks_exact(stride.max(1))) {
            let pixels = row.chunks_exact(channels.max(1)).map(shade);
            self.add(y, (0..).zip(pixels));
        }
    }

    /// Returns the mean lightness of each cell as a picture.
    pub(super) fn into_picture(self) -> Option<GrayImage> {
        let means = self.sums.iter().zip(&self.counts);
        let means = means.map(|(sum, count)| (sum / (*count).max(1)) as u8);
        GrayImage::from_raw(self.columns, self.rows, means.collect())
    }
}

fn cell(at: u32, length: u32, cells: u32) -> u32 {
    (u64::from(at) * u64::from(cells) / u64::from(length.max(1))) as u32
}

/// Returns the lightness (Rec. 709) of a pixel of one to four channels; opacity is ignored.
pub(super) fn shade(pixel: &[u8]) -> u8 {
    match pixel {
        [red, green, blue, ..] => {
            let sum = 2126 * u32::from(*red) + 7152 * u32::from(*green) + 722 * u32::from(*blue);
            (sum / 10_000) as u8
        }
        [gray, ..] => *gray,
        [] => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn green_is_brighter_than_red_and_red_than_blue() {
        let colours = [[255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]];
        assert_eq!(colours.map(|one| shade(&one)), [255, 54, 182, 18]);
        assert_eq!([shade(&[7]), shade(&[7, 255])], [7, 7]);
    }
}
