//! Precompressed copies of a file, `NAME.br` and `NAME.gz`, created at build time so that the
//! server never compresses. The server chooses which one a client gets.

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

/// Compresses with brotli at its highest quality.
pub(crate) fn brotli(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut compressed = Vec::new();
    let params = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 22,
        size_hint: bytes.len(),
        ..Default::default()
    };
    brotli::BrotliCompress(&mut &*bytes, &mut compressed, &params)?;
    Ok(compressed)
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

/// Writes the compressed copies that are smaller than the file, and returns the size that a phone
/// downloads.
pub(crate) fn write_compressed(file: &Path) -> Result<usize> {
    let bytes = std::fs::read(file)?;
    let extension = file
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or_default();
    if !COMPRESSIBLE.contains(&extension) {
        return Ok(bytes.len());
    }
    let mut smallest = bytes.len();
    for (suffix, compressed) in [("br", brotli(&bytes)?), ("gz", gzip(&bytes)?)] {
        if compressed.len() < bytes.len() {
            smallest = smallest.min(compressed.len());
            std::fs::write(
                file.with_extension(format!("{extension}.{suffix}")),
                compressed,
            )?;
        }
    }
    Ok(smallest)
}
