//! Smaller twins of a file, made once here so that the server never compresses: `NAME.br` and
//! `NAME.gz`. Which of them a client gets is the server's affair.

use std::io::Write as _;
use std::path::Path;

use anyhow::Result;

const COMPRESSIBLE: [&str; 9] = [
    "html",
    "css",
    "js",
    "wasm",
    "svg",
    "json",
    "webmanifest",
    "txt",
    "ico",
];

/// The bytes after brotli at its highest quality.
pub(crate) fn brotli(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut small = Vec::new();
    let best = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 22,
        size_hint: bytes.len(),
        ..Default::default()
    };
    brotli::BrotliCompress(&mut &*bytes, &mut small, &best)?;
    Ok(small)
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

/// Writes the twins that are smaller than the file, and gives the bytes that a phone loads.
pub(crate) fn twins(file: &Path) -> Result<usize> {
    let bytes = std::fs::read(file)?;
    let extension = file
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or_default();
    if !COMPRESSIBLE.contains(&extension) {
        return Ok(bytes.len());
    }
    let mut smallest = bytes.len();
    for (suffix, small) in [("br", brotli(&bytes)?), ("gz", gzip(&bytes)?)] {
        if small.len() < bytes.len() {
            smallest = smallest.min(small.len());
            std::fs::write(file.with_extension(format!("{extension}.{suffix}")), small)?;
        }
    }
    Ok(smallest)
}
