//! Proof files: a folder today, an object store by the same trait; and their signed addresses.
//!
//! Who may see a file is decided by whoever signs an address for it. Rows are `store/uploads.rs`.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use api_types::{Timestamp, UploadId, paths};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use object_store::local::LocalFileSystem;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::clock::Entropy;
use crate::domain::secret::{bytes_of_hex, hex};

/// How long a signed address opens: a quarter of an hour.
const SIGNED_FOR: Duration = Duration::from_secs(15 * 60);

/// Bytes that are gathered before they are written.
const PART_BYTES: usize = 256 * 1024;

/// What went wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// The folder cannot be read or written now.
    #[error("the folder of files cannot be used: {0}")]
    Unreachable(String),
}

impl From<object_store::Error> for FilesError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing,
            other => Self::Unreachable(other.to_string()),
        }
    }
}

/// The files of all proofs. Cheap to clone.
#[derive(Clone)]
pub struct Files {
    folder: Arc<dyn ObjectStore>,
    key: Arc<Zeroizing<Vec<u8>>>,
}

impl Files {
    /// Opens, or makes, the folder `files` and the key `file-url.key` under `data`.
    ///
    /// # Errors
    /// What could not be made or read.
    pub fn open(data: &Path, entropy: &dyn Entropy) -> anyhow::Result<Self> {
        let folder = data.join("files");
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let key = open_key(&data.join("file-url.key"), entropy)?;
        Ok(Self {
            // A row is durable once it is answered; its file must not be lost to a power cut.
            folder: Arc::new(LocalFileSystem::new_with_prefix(&folder)?.with_fsync(true)),
            key: Arc::new(key),
        })
    }

    /// Begins a file. Until it is finished it cannot be read, and it is gone when it is dropped.
    ///
    /// # Errors
    /// `Unreachable`.
    pub async fn begin(&self, id: UploadId) -> Result<Writing, FilesError> {
        Ok(Writing {
            parts: self.folder.put_multipart(&name(id)).await?,
            gathered: Vec::with_capacity(PART_BYTES),
            digest: Sha256::new(),
            size: 0,
        })
    }

    /// A whole file.
    ///
    /// # Errors
    /// `Missing`, `Unreachable`.
    pub async fn read(&self, id: UploadId) -> Result<Bytes, FilesError> {
        Ok(self.folder.get(&name(id)).await?.bytes().await?)
    }

    /// A file as a stream of chunks.
    ///
    /// # Errors
    /// `Missing`, `Unreachable`.
    pub async fn stream(&self, id: UploadId) -> Result<object_store::GetResult, FilesError> {
        Ok(self.folder.get(&name(id)).await?)
    }

    /// Removes a file.
    ///
    /// # Errors
    /// `Missing`, `Unreachable`.
    pub async fn delete(&self, id: UploadId) -> Result<(), FilesError> {
        Ok(self.folder.delete(&name(id)).await?)
    }

    /// Whether the folder answers.
    ///
    /// # Errors
    /// `Unreachable`.
    pub async fn ping(&self) -> Result<(), FilesError> {
        match self.folder.head(&"ping".into()).await {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Path and query that open a file from `now` for a quarter of an hour.
    pub fn signed_path(&self, id: UploadId, now: Timestamp) -> String {
        let expires = now.after(SIGNED_FOR).as_millis() / 1000;
        let signature = hex(&self.mac(id, expires).finalize().into_bytes());
        format!(
            "{}?expires={expires}&signature={signature}",
            paths::file(id)
        )
    }

    /// Whether `signature` was made here for this file and this moment of expiry, and that has
    /// not come yet. The comparison takes the same time for every wrong signature.
    pub fn may_open(&self, id: UploadId, expires: i64, signature: &str, now: Timestamp) -> bool {
        let Some(signature) = bytes_of_hex(signature) else {
            return false;
        };
        let genuine = self.mac(id, expires).verify_slice(&signature).is_ok();
        genuine && now.as_millis() < expires.saturating_mul(1000)
    }

    fn mac(&self, id: UploadId, expires: i64) -> Hmac<Sha256> {
        #[expect(
            clippy::expect_used,
            reason = "HMAC takes keys of every length (RFC 2104)"
        )]
        let mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("a key of any length");
        mac.chain_update(format!("{id}\n{expires}"))
    }
}

/// A file that is being written.
pub struct Writing {
    parts: Box<dyn MultipartUpload>,
    gathered: Vec<u8>,
    digest: Sha256,
    size: u64,
}

/// What a finished file is.
#[derive(Clone, Debug)]
pub struct Written {
    /// Of all its bytes, lower-case hexadecimal.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
}

impl Writing {
    /// Bytes so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a chunk.
    ///
    /// # Errors
    /// `Unreachable`.
    pub async fn write(&mut self, chunk: &[u8]) -> Result<(), FilesError> {
        self.digest.update(chunk);
        self.size += chunk.len() as u64;
        self.gathered.extend_from_slice(chunk);
        if self.gathered.len() >= PART_BYTES {
            self.flush().await?;
        }
        Ok(())
    }

    /// Makes the file readable under its id.
    ///
    /// # Errors
    /// `Unreachable`.
    pub async fn finish(mut self) -> Result<Written, FilesError> {
        self.flush().await?;
        self.parts.complete().await?;
        Ok(Written {
            sha256: hex(&self.digest.finalize()),
            size: self.size,
        })
    }

    /// Throws it away.
    ///
    /// # Errors
    /// `Unreachable`.
    pub async fn abort(mut self) -> Result<(), FilesError> {
        Ok(self.parts.abort().await?)
    }

    async fn flush(&mut self) -> Result<(), FilesError> {
        let part = std::mem::replace(&mut self.gathered, Vec::with_capacity(PART_BYTES));
        Ok(self.parts.put_part(PutPayload::from(part)).await?)
    }
}

fn name(id: UploadId) -> object_store::path::Path {
    id.to_string().into()
}

/// The key that signs addresses: 32 random bytes that only the server's user may read.
fn open_key(path: &Path, entropy: &dyn Entropy) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let at = || format!("cannot use {}", path.display());
    match make_key(path, entropy) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            return Err(error).with_context(at);
        }
        _ => {}
    }
    let key = Zeroizing::new(fs::read(path).with_context(at)?);
    anyhow::ensure!(
        key.len() == 32,
        "{} must hold 32 bytes; delete it for a new key",
        path.display()
    );
    Ok(key)
}

fn make_key(path: &Path, entropy: &dyn Entropy) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let mut key = Zeroizing::new([0; 32]);
    entropy.fill(&mut *key);
    file.write_all(&*key)?;
    file.sync_all()
}
