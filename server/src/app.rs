//! `App`: the state that requests and jobs share. Its fields are the only form of dependency
//! injection.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use anyhow::Context;
use api_types::{Timestamp, UploadId};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, Entropy};
use crate::config::{Config, DataLocation};
use crate::domain::task::MoveContext;
use crate::outside::fiat::PaymentProvider;
use crate::outside::files::Files;
use crate::outside::http::UserTargets;
use crate::outside::mail::Mails;
use crate::outside::oidc::OidcIssuer;
use crate::store::{Store, StoreError, Tx, shared_settings};

/// Settings, store, clock, random source and external services. A clone costs one reference count,
/// because every layer and handler clones it for every request.
#[derive(Clone)]
pub struct App(Arc<AppState>);

/// The fields of [`App`].
#[derive(Clone)]
pub struct AppState {
    /// The settings of this process.
    pub config: Arc<Config>,
    /// The database of the service.
    pub store: Store,
    /// The source of the current time.
    pub clock: Arc<dyn Clock>,
    /// The source of random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// The storage of proof files.
    pub files: Files,
    /// The client of the payment provider, if one is configured.
    pub fiat: Option<PaymentProvider>,
    /// The client of the OpenID Connect issuer, if one is configured.
    pub oidc: Option<OidcIssuer>,
    /// The client for URLs that users gave.
    pub targets: UserTargets,
    /// The transport of outgoing mails.
    pub mails: Mails,
    /// Notified whenever a write may have scheduled a job.
    pub wake_jobs: Arc<Notify>,
    /// Changes whenever a write may have added events.
    pub news: watch::Sender<()>,
    /// Cancelled when the server stops, so that event streams end.
    pub stopping: CancellationToken,
}

impl Deref for App {
    type Target = AppState;

    fn deref(&self) -> &AppState {
        &self.0
    }
}

/// Changes this clone alone.
impl DerefMut for App {
    fn deref_mut(&mut self) -> &mut AppState {
        Arc::make_mut(&mut self.0)
    }
}

impl App {
    /// Creates an application on this store, with its files at the configured location.
    ///
    /// # Errors
    /// Fails if the file storage or the transport of mails cannot be opened.
    pub fn new(
        config: Config,
        store: Store,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> anyhow::Result<Self> {
        make_data_folder(&config.place)?;
        Ok(Self(Arc::new(AppState {
            files: Files::open(&config.place, &*entropy)?,
            fiat: PaymentProvider::of(&config)?,
            oidc: OidcIssuer::of(&config)?,
            targets: UserTargets::new(config.targets())?,
            mails: open_mails(&config)?,
            store,
            clock,
            entropy,
            wake_jobs: Arc::new(Notify::new()),
            news: watch::Sender::new(()),
            stopping: CancellationToken::new(),
            config: Arc::new(config),
        })))
    }

    /// Writes the settings that the command line must share into the database. Other servers of the
    /// database should have the same settings, so a changed one is logged.
    pub async fn share_settings(&self) -> Result<(), StoreError> {
        let settings = self.config.shared();
        let put = move |tx: &mut Tx<'_>| {
            let before = shared_settings::all(tx)?;
            for (name, value) in &settings {
                shared_settings::put(tx, name, value)?;
            }
            Ok::<_, StoreError>(before)
        };
        let before = self.store.write(put).await?;
        for (name, now) in self.config.shared() {
            match before.get(&name) {
                Some(before) if *before != now => tracing::warn!(
                    "{name} is {now:?} here, but was {before:?} when a server of this database \
                     last started: give all its servers the same value"
                ),
                _ => {}
            }
        }
        Ok(())
    }

    /// Wakes the job runner and the event streams, because there may be new jobs or events.
    pub fn wake(&self) {
        self.wake_jobs.notify_one();
        self.news.send_replace(());
    }

    /// Returns the URL that names an upload in a proof. It is accessible only when signed.
    pub fn upload_url(&self, id: UploadId) -> String {
        format!("{}{}", self.origin(), api_types::paths::file(id))
    }

    /// Returns the same URL, signed for 15 minutes (contract §4, Proof).
    pub fn signed_upload_url(&self, id: UploadId, now: Timestamp) -> String {
        format!("{}{}", self.origin(), self.files.signed_path(id, now))
    }

    /// Returns the URL to which the payment provider sends its notices.
    pub fn notification_url(&self) -> String {
        format!("{}{}", self.origin(), api_types::paths::PAYMENT_WEBHOOK)
    }

    /// Returns the context of a move that is made now: time, randomness and settings.
    pub fn move_context(&self) -> MoveContext {
        MoveContext {
            now: self.clock.now(),
            random: self.entropy.u128(),
            terms: self.config.terms(),
        }
    }

    /// Returns the URL of the link in a verification mail.
    pub fn verify_email_url(&self, token: &str) -> String {
        let path = api_types::paths::VERIFY_EMAIL;
        format!("{}{path}?token={token}", self.origin())
    }

    /// Returns the URL by which clients reach this server, without a path.
    pub fn origin(&self) -> &str {
        self.config.public_url.as_deref().unwrap_or_default()
    }
}

/// Opens the configured mail server, or else the folder `mails` in the data folder.
fn open_mails(config: &Config) -> anyhow::Result<Mails> {
    if let Some(url) = &config.smtp_url {
        let from = config.mail_from.as_deref();
        let from = from.context("SMTP_URL needs a sender: set MAIL_FROM")?;
        return Mails::by_smtp(url.expose(), from);
    }
    let folder = config.place.data.join("mails");
    make_private(&folder)
        .with_context(|| format!("cannot create the folder {}", folder.display()))?;
    let from = config.mail_from.as_deref();
    Mails::to_folder(folder, from.unwrap_or("HumanOps <humanops@localhost>"))
}

/// Creates the data folder of a place, if it does not exist.
///
/// # Errors
/// Fails if it cannot be created.
pub fn make_data_folder(place: &DataLocation) -> anyhow::Result<()> {
    make_private(&place.data)
        .with_context(|| format!("cannot create the data folder {}", place.data.display()))
}

/// Creates a folder, if it does not exist, that only the server's user can access: it contains
/// people's addresses, the hashes of keys and the secrets that sign callbacks.
fn make_private(folder: &std::path::Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// Creates an empty file, if it does not exist, that only the server's user can access, also in a
/// folder that others may enter. SQLite creates its log files with the same access.
fn make_private_file(path: &std::path::Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        created => created.map(drop),
    }
}

/// Opens the configured database. The embedded one is migrated here, PostgreSQL only by `humanops
/// migrate`.
///
/// # Errors
/// Fails if the database cannot be opened.
pub fn open_store(place: &DataLocation) -> anyhow::Result<Store> {
    if let Some(url) = &place.database_url {
        return Store::open_postgres(url.expose()).context("cannot open the database");
    }
    make_data_folder(place)?;
    let file = place.data.join("humanops.sqlite");
    make_private_file(&file).with_context(|| format!("cannot create {}", file.display()))?;
    Store::open_sqlite(&file).with_context(|| format!("cannot open {}", file.display()))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_data_folder_is_closed_to_other_users() {
        let temporary = tempfile::tempdir().unwrap();
        let place = DataLocation {
            data: temporary.path().join("data"),
            database_url: None,
            files_url: None,
        };
        open_store(&place).unwrap();
        let mode = std::fs::metadata(&place.data).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn the_database_is_closed_to_other_users_in_a_folder_that_is_open() {
        let temporary = tempfile::tempdir().unwrap();
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(temporary.path(), open).unwrap();
        let place = DataLocation {
            data: temporary.path().to_owned(),
            database_url: None,
            files_url: None,
        };
        let _store = open_store(&place).unwrap();
        for file in std::fs::read_dir(temporary.path()).unwrap() {
            let file = file.unwrap();
            let mode = file.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", file.path().display());
        }
    }
}
