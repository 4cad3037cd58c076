//! Proof files, in a folder or in a bucket that speaks S3, and their signed addresses.
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
use futures_util::StreamExt;
use hmac::{Hmac, KeyInit, Mac};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload, RetryConfig};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use url::Url;
use zeroize::Zeroizing;

use crate::clock::Entropy;
use crate::config::Place;
use crate::domain::secret::{bytes_of_hex, hex};

/// How long a signed address opens: a quarter of an hour.
const SIGNED_FOR: Duration = Duration::from_secs(15 * 60);

/// Bytes that are gathered before they are written to a folder.
const FOLDER_PART_BYTES: usize = 256 * 1024;

/// The same for a bucket: the least that S3 takes as a part that is not the last.
const BUCKET_PART_BYTES: usize = 5 * 1024 * 1024;

/// How long a request to a bucket is tried again before whoever waits is told.
const BUCKET_TRIED_FOR: Duration = Duration::from_secs(10);

/// What went wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// The folder or the bucket cannot be read or written now.
    #[error("the proof files cannot be reached: {0}")]
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
    objects: Arc<dyn ObjectStore>,
    part_bytes: usize,
    key: Arc<Zeroizing<Vec<u8>>>,
}

impl Files {
    /// Opens the bucket that the place names, or else opens or makes its folder `files`; and the
    /// key `file-url.key` of the place, which is made if it is not there.
    ///
    /// # Errors
    /// What could not be made or read; an address that is no bucket's.
    pub fn open(place: &Place, entropy: &dyn Entropy) -> anyhow::Result<Self> {
        let key = Arc::new(open_key(&place.data.join("file-url.key"), entropy)?);
        let (objects, part_bytes) = match &place.files_url {
            Some(url) => (bucket(url)?, BUCKET_PART_BYTES),
            None => (folder(&place.data.join("files"))?, FOLDER_PART_BYTES),
        };
        Ok(Self {
            objects,
            part_bytes,
            key,
        })
    }

    /// Begins a file. Until it is finished it cannot be read, and it is gone when it is dropped.
    ///
    /// # Errors
    /// `Unreachable`.
    pub async fn begin(&self, id: UploadId) -> Result<Writing, FilesError> {
        Ok(Writing {
            parts: Some(self.objects.put_multipart(&name(id)).await?),
            part_bytes: self.part_bytes,
            gathered: Vec::new(),
            digest: Sha256::new(),
            size: 0,
        })
    }

    /// A whole file.
    ///
    /// # Errors
    /// `Missing`, `Unreachable`.
    pub async fn read(&self, id: UploadId) -> Result<Bytes, FilesError> {
        Ok(self.objects.get(&name(id)).await?.bytes().await?)
    }

    /// A file as a stream of chunks.
    ///
    /// # Errors
    /// `Missing`, `Unreachable`.
    pub async fn stream(&self, id: UploadId) -> Result<object_store::GetResult, FilesError> {
        Ok(self.objects.get(&name(id)).await?)
    }

    /// Removes a file.
    ///
    /// # Errors
    /// `Missing`, `Unreachable`.
    pub async fn delete(&self, id: UploadId) -> Result<(), FilesError> {
        Ok(self.objects.delete(&name(id)).await?)
    }

    /// Whether the folder or the bucket answers.
    ///
    /// # Errors
    /// `Unreachable`.
    pub async fn ping(&self) -> Result<(), FilesError> {
        match self.objects.head(&"ping".into()).await {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether there is no file yet.
    ///
    /// # Errors
    /// `Unreachable`.
    pub async fn is_empty(&self) -> Result<bool, FilesError> {
        let first = self.objects.list(None).next().await;
        Ok(first.transpose()?.is_none())
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

fn folder(path: &Path) -> anyhow::Result<Arc<dyn ObjectStore>> {
    fs::create_dir_all(path)
        .with_context(|| format!("cannot make the folder {}", path.display()))?;
    // A row is durable once it is answered; its file must not be lost to a power cut.
    Ok(Arc::new(
        LocalFileSystem::new_with_prefix(path)?.with_fsync(true),
    ))
}

/// A bucket by `s3://bucket/prefix`; who we are there is in the variables that every client of S3
/// reads.
fn bucket(url: &Url) -> anyhow::Result<Arc<dyn ObjectStore>> {
    anyhow::ensure!(
        url.scheme() == "s3",
        "FILES_URL must be s3://BUCKET or s3://BUCKET/FOLDER"
    );
    let retry = RetryConfig {
        retry_timeout: BUCKET_TRIED_FOR,
        ..RetryConfig::default()
    };
    let bucket = from_variables(AmazonS3Builder::new())
        .with_url(url.as_str())
        .with_retry(retry)
        .build()
        .context("FILES_URL needs AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION")?;
    Ok(Arc::new(PrefixStore::new(bucket, url.path())))
}

/// Applies the variables that every client of S3 reads, cleaned as our own settings are: one that
/// is set to nothing is not set, and the line end of a mounted file is no part of a key.
fn from_variables(builder: AmazonS3Builder) -> AmazonS3Builder {
    std::env::vars_os().fold(builder, |builder, (name, value)| {
        let name = name.to_str().filter(|name| name.starts_with("AWS_"));
        let value = value.to_str().map(str::trim).filter(|it| !it.is_empty());
        match (name.map(|name| name.to_ascii_lowercase().parse()), value) {
            (Some(Ok(key)), Some(value)) => builder.with_config(key, value),
            _ => builder,
        }
    })
}

/// A file that is being written.
pub struct Writing {
    parts: Option<Box<dyn MultipartUpload>>,
    part_bytes: usize,
    gathered: Vec<u8>,
    digest: Sha256,
    size: u64,
}

/// A bucket keeps, and charges for, the parts of what was begun until it is told to forget them.
impl Drop for Writing {
    fn drop(&mut self) {
        if let (Some(mut parts), Ok(runtime)) = (self.parts.take(), Handle::try_current()) {
            runtime.spawn(async move {
                if let Err(error) = parts.abort().await {
                    tracing::warn!(%error, "parts of a file that broke off may be left behind");
                }
            });
        }
    }
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
        if self.gathered.len() >= self.part_bytes {
            self.flush().await?;
        }
        Ok(())
    }

    /// Makes the file readable under its id.
    ///
    /// # Errors
    /// `Unreachable`.
    pub async fn finish(mut self) -> Result<Written, FilesError> {
        if !self.gathered.is_empty() {
            self.flush().await?;
        }
        if let Some(parts) = &mut self.parts {
            parts.complete().await?;
        }
        self.parts = None;
        Ok(Written {
            sha256: hex(&std::mem::take(&mut self.digest).finalize()),
            size: self.size,
        })
    }

    async fn flush(&mut self) -> Result<(), FilesError> {
        let part = std::mem::take(&mut self.gathered);
        match &mut self.parts {
            Some(parts) => Ok(parts.put_part(PutPayload::from(part)).await?),
            None => Ok(()),
        }
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
