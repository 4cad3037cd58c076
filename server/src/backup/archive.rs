//! The archive file: writes entries with their checksums, and verifies them when it is read.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use sha2::{Digest, Sha256};

use super::{BackupError, unfit};
use crate::domain::secret::hex;

/// The name of the last entry, with the checksums of all others.
const SUMS: &str = "SHA256SUMS";

/// The name of the entry before it.
pub(super) const MANIFEST: &str = "manifest.json";

/// Creates a file that only its owner can read. Fails if the file exists.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// An archive that is being written.
pub(super) struct Writer {
    tar: tar::Builder<GzEncoder<File>>,
    sums: String,
    at_seconds: u64,
}

impl Writer {
    /// Begins an archive in a new file.
    pub(super) fn create(path: &Path, at_seconds: u64) -> io::Result<Self> {
        // Photos do not compress, and rows compress well at the lowest level.
        let packed = GzEncoder::new(create_private(path)?, Compression::fast());
        Ok(Self {
            tar: tar::Builder::new(packed),
            sums: String::new(),
            at_seconds,
        })
    }

    /// Adds an entry with exactly `bytes` bytes of `from`.
    pub(super) fn add(&mut self, name: &str, bytes: u64, from: impl Read) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes);
        header.set_mode(0o600);
        header.set_mtime(self.at_seconds);
        let mut summed = HashingReader::of(from);
        self.tar.append_data(&mut header, name, &mut summed)?;
        if summed.bytes != bytes {
            return Err(io::Error::other(format!(
                "{name} changed while it was read"
            )));
        }
        self.sums.push_str(&format!("{}  {name}\n", summed.hex()));
        Ok(())
    }

    /// Adds the checksums, and returns once the archive is on the disk. Returns its size in bytes.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        let sums = std::mem::take(&mut self.sums);
        self.add(SUMS, sums.len() as u64, sums.as_bytes())?;
        let file = self.tar.into_inner()?.finish()?;
        file.sync_all()?;
        Ok(file.metadata()?.len())
    }
}

/// A reader that hashes and counts what passes.
pub(super) struct HashingReader<R> {
    from: R,
    digest: Sha256,
    pub(super) bytes: u64,
}

impl<R> HashingReader<R> {
    pub(super) fn of(from: R) -> Self {
        Self {
            from,
            digest: Sha256::new(),
            bytes: 0,
        }
    }

    pub(super) fn hex(self) -> String {
        hex(&self.digest.finalize())
    }
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.digest.update(buffer.get(..read).unwrap_or_default());
        self.bytes += read as u64;
        Ok(read)
    }
}

/// Reads an archive from its beginning. `visit` returns whether to continue after each entry.
pub(super) fn walk(
    path: &Path,
    mut visit: impl FnMut(&str, &mut dyn Read) -> Result<bool, BackupError>,
) -> Result<(), BackupError> {
    let packed = GzDecoder::new(BufReader::new(File::open(path)?));
    let mut tar = tar::Archive::new(packed);
    for entry in tar.entries()? {
        let mut entry = entry?;
        if entry.header().entry_type() != tar::EntryType::Regular {
            return Err(unfit("the archive contains an entry that is not a file"));
        }
        let name = entry.path()?.to_string_lossy().into_owned();
        if !visit(&name, &mut entry)? {
            return Ok(());
        }
    }
    // The tar ends before the gzip stream, whose own checksum is verified at its very end.
    io::copy(&mut tar.into_inner(), &mut io::sink()).map(drop)?;
    Ok(())
}

/// Verifies that the archive is complete, and returns its manifest.
///
/// # Errors
/// [`BackupError::Unfit`] if the archive is truncated or any byte has changed.
pub(super) fn verify(path: &Path) -> Result<Vec<u8>, BackupError> {
    let mut found = BTreeMap::new();
    let (mut manifest, mut sums) = (Vec::new(), None);
    let walked = walk(path, |name, entry| {
        if sums.is_some() {
            return Err(unfit("the archive continues after its checksums"));
        }
        let mut summed = HashingReader::of(entry);
        match name {
            SUMS => {
                let mut text = String::new();
                summed.read_to_string(&mut text)?;
                sums = Some(text);
                return Ok(true);
            }
            MANIFEST => summed.read_to_end(&mut manifest).map(drop)?,
            _ => io::copy(&mut summed, &mut io::sink()).map(drop)?,
        }
        if found.insert(name.to_owned(), summed.hex()).is_some() {
            return Err(unfit(format!("{name} is in the archive twice")));
        }
        Ok(true)
    });
    match walked {
        Err(BackupError::File(error)) if error.kind() != io::ErrorKind::NotFound => {
            return Err(unfit(format!("the archive is damaged: {error}")));
        }
        walked => walked?,
    }
    let sums = sums.ok_or_else(|| unfit("the archive is cut off"))?;
    let expected: BTreeMap<_, _> = sums
        .lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(sum, name)| (name.to_owned(), sum.to_owned()))
        .collect();
    for (name, sum) in &found {
        if expected.get(name) != Some(sum) {
            return Err(unfit(format!("{name} does not match its checksum")));
        }
    }
    if let Some(name) = expected.keys().find(|name| !found.contains_key(*name)) {
        return Err(unfit(format!("{name} is missing from the archive")));
    }
    Ok(manifest)
}

/// Writes a whole file that only its owner can read.
pub(super) fn write_private(path: &Path, from: &mut dyn Read) -> io::Result<()> {
    let mut file = create_private(path)?;
    io::copy(from, &mut file)?;
    file.flush()?;
    file.sync_all()
}
