//! A PNG reader that decodes row by row, so that no picture is ever in memory as a whole.

use std::io::Cursor;

use png::{Decoder, DecodingError, Limits, Transformations};

use super::MeasureError;
use super::shades::{LightnessGrid, shade};

/// Memory limit for rows and chunks, in bytes. The longest row of a permitted picture needs less.
const BYTES_MAX: usize = 16 * 1024 * 1024;

/// The column and row of the first pixel of a pass, and the steps to the next column and row.
type InterlacePass = [u32; 4];

const WHOLE: [InterlacePass; 1] = [[0, 0, 1, 1]];

/// The passes of an interlaced picture (PNG specification, 8.1).
const ADAM7: [InterlacePass; 7] = [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
];

/// Reads a PNG to its end chunk and returns its lightness.
///
/// # Errors
/// [`MeasureError::Broken`] if a row, a checksum or the end is missing.
pub(super) fn read(bytes: &[u8]) -> Result<LightnessGrid, MeasureError> {
    read_rows(bytes).map_err(|error| match error {
        DecodingError::LimitsExceeded => MeasureError::TooManyPixels,
        _ => MeasureError::Broken,
    })
}

fn read_rows(bytes: &[u8]) -> Result<LightnessGrid, DecodingError> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: BYTES_MAX });
    decoder.set_transformations(Transformations::normalize_to_color8());
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info()?;
    let (width, height) = reader.info().size();
    let passes = match reader.info().interlaced {
        true => &ADAM7[..],
        false => &WHOLE[..],
    };
    let channels = reader.output_color_type().0.samples();
    let mut shades = LightnessGrid::new(width, height);
    for [left, top, across, down] in passes {
        if *left >= width {
            continue;
        }
        for y in (*top..height).step_by(*down as usize) {
            let Some(row) = reader.next_row()? else {
                return Err(DecodingError::IoError(
                    std::io::ErrorKind::UnexpectedEof.into(),
                ));
            };
            let pixels = row.data().chunks_exact(channels).map(shade);
            let columns = (*left..width).step_by(*across as usize);
            shades.add(y, columns.zip(pixels));
        }
    }
    reader.finish()?;
    Ok(shades)
}
