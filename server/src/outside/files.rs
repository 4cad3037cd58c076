//! Storage of proof files, in a folder or in an S3 bucket, and their signed URLs.
//!
//! The callers that sign a URL decide who may see a file. Rows are in `store/uploads.rs`. Functions
//! return [`FilesError::Unreachable`] if the storage cannot be used.

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
use crate::config::DataLocation;
use crate::domain::secret::{bytes_of_hex, hex};

/// Validity of a signed URL: 15 minutes.
const SIGNED_FOR: Duration = Duration::from_secs(15 * 60);

/// Number of bytes that are buffered before they are written to a folder.
const FOLDER_PART_BYTES: usize = 256 * 1024;

/// The same for a bucket: S3's minimum size of a part that is not the last.
const BUCKET_PART_BYTES: usize = 5 * 1024 * 1024;

/// Time for which a request to a bucket is retried before it fails.
const BUCKET_TRIED_FOR: Duration = Duration::from_secs(10);

/// A failed operation on a file.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// The file does not exist.
    #[error("there is no such file")]
    Missing,
    /// The folder or the bucket cannot be read or written now.
    #[error("the file storage cannot be reached: {0}")]
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

/// The storage of all proof files. Cheap to clone.
#[derive(Clone)]
pub struct Files {
    objects: Arc<dyn ObjectStore>,
    part_bytes: usize,
    key: Arc<Zeroizing<Vec<u8>>>,
}

impl Files {
    /// Opens the configured bucket, or else opens or creates the folder `files` in the data folder.
    /// Also opens the key `file-url.key` in the data folder, which is created if it does not exist.
    ///
    /// # Errors
    /// Fails if one of them cannot be created or read, or if the URL is not that of a bucket.
    pub fn open(place: &DataLocation, entropy: &dyn Entropy) -> anyhow::Result<Self> {
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

    /// Begins a file. It cannot be read until it is finished, and is removed if the writer is
    /// dropped.
    pub async fn begin(&self, id: UploadId) -> Result<FileWriter, FilesError> {
        Ok(FileWriter {
            parts: Some(self.objects.put_multipart(&name(id)).await?),
            part_bytes: self.part_bytes,
            gathered: Vec::new(),
            digest: Sha256::new(),
            size: 0,
        })
    }

    /// Returns the content of a file.
    ///
    /// # Errors
    /// [`FilesError::Missing`] if there is no such file.
    pub async fn read(&self, id: UploadId) -> Result<Bytes, FilesError> {
        Ok(self.objects.get(&name(id)).await?.bytes().await?)
    }

    /// Returns the content of a file as a stream of chunks.
    ///
    /// # Errors
    /// [`FilesError::Missing`] if there is no such file.
    pub async fn stream(&self, id: UploadId) -> Result<object_store::GetResult, FilesError> {
        Ok(self.objects.get(&name(id)).await?)
    }

    /// Deletes a file.
    ///
    /// # Errors
    /// [`FilesError::Missing`] if there is no such file.
    pub async fn delete(&self, id: UploadId) -> Result<(), FilesError> {
        Ok(self.objects.delete(&name(id)).await?)
    }

    /// Checks that the folder or the bucket is reachable.
    pub async fn ping(&self) -> Result<(), FilesError> {
        match self.objects.head(&"ping".into()).await {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns whether there is no file yet.
    pub async fn is_empty(&self) -> Result<bool, FilesError> {
        let first = self.objects.list(None).next().await;
        Ok(first.transpose()?.is_none())
    }

    /// Returns the path and query of a URL that is valid from `now` for 15 minutes.
    pub fn signed_path(&self, id: UploadId, now: Timestamp) -> String {
        let expires = now.after(SIGNED_FOR).as_millis() / 1000;
        let signature = hex(&self.mac(id, expires).finalize().into_bytes());
        format!(
            "{}?expires={expires}&signature={signature}",
            paths::file(id)
        )
    }

    /// Returns whether this server made `signature` for this file and expiry, and the expiry is
    /// still ahead. The comparison runs in constant time.
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
        .with_context(|| format!("cannot create the folder {}", path.display()))?;
    // A row is durable once its request is answered, so its file must survive a power failure as
    // well.
    Ok(Arc::new(
        LocalFileSystem::new_with_prefix(path)?.with_fsync(true),
    ))
}

/// Opens the bucket of `s3://bucket/prefix`. The credentials come from the variables that every S3
/// client reads.
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

/// Applies the variables that every S3 client reads, cleaned like our own settings: an empty
/// variable is not set, and the line end of a mounted file is not part of a key.
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

/// A writer of a file that is not finished.
pub struct FileWriter {
    parts: Option<Box<dyn MultipartUpload>>,
    part_bytes: usize,
    gathered: Vec<u8>,
    digest: Sha256,
    size: u64,
}

/// Aborts the multipart upload. A bucket stores, and charges for, uploaded parts until then.
impl Drop for FileWriter {
    fn drop(&mut self) {
        if let (Some(mut parts), Ok(runtime)) = (self.parts.take(), Handle::try_current()) {
            runtime.spawn(async move {
                if let Err(error) = parts.abort().await {
                    tracing::warn!(%error, "parts of an aborted upload may remain in the storage");
                }
            });
        }
    }
}

/// The digest and size of a finished file.
#[derive(Clone, Debug)]
pub struct FileDigest {
    /// The SHA-256 of the content, in lower-case hexadecimal.
    pub sha256: String,
    /// The size in bytes.
    pub size: u64,
}

impl FileWriter {
    /// Returns the number of bytes written so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a chunk of the content.
    pub async fn write(&mut self, chunk: &[u8]) -> Result<(), FilesError> {
        self.digest.update(chunk);
        self.size += chunk.len() as u64;
        self.gathered.extend_from_slice(chunk);
        if self.gathered.len() >= self.part_bytes {
            self.flush().await?;
        }
        Ok(())
    }

    /// Completes the file, which is readable under its id from then on.
    pub async fn finish(mut self) -> Result<FileDigest, FilesError> {
        if !self.gathered.is_empty() {
            self.flush().await?;
        }
        if let Some(parts) = &mut self.parts {
            parts.complete().await?;
        }
        self.parts = None;
        Ok(FileDigest {
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

/// Opens or creates the key that signs URLs: 32 random bytes that only the server's user may read.
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
        "{} must have 32 bytes: restore it, or delete it and a new key is created",
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
