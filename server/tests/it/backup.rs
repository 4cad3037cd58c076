//! Archives of everything: saved while a server runs, restored into an empty target, on the same
//! database or the other one.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use api_types::{TaskId, paths};
use flate2::read::GzDecoder;
use image::ImageFormat;
use reqwest::Method;
use serde_json::{Value, json};
use server::backup::{self, BackupError, Manifest, Progress, Restored};
use server::clock::SeededEntropy;
use server::config::DataLocation;
use server::store::Store;
use tempfile::TempDir;

use crate::harness::{Answer, Ask, TestApp};
use crate::support::{self, FreshStore, on_both_databases};
use crate::uploads::{picture, send};

fn quiet() -> Progress {
    Arc::new(|_| {})
}

/// An archive of everything that the tested server has.
struct Archive {
    folder: TempDir,
    manifest: Manifest,
}

impl Archive {
    async fn of(app: &TestApp) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("archive.tar.gz");
        let (store, files) = (&app.app.store, &app.app.files);
        let data = &app.app.config.place.data;
        let saved = backup::save(store, files, data, app.now(), &path, &quiet()).await;
        let saved = saved.unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), saved.bytes);
        let manifest = saved.manifest;
        Self { folder, manifest }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("archive.tar.gz")
    }

    async fn restored(&self, into: &Store, data: &Path) -> Result<Restored, BackupError> {
        let place = DataLocation {
            data: data.to_owned(),
            database_url: None,
            files_url: None,
        };
        let entropy = SeededEntropy::new(8);
        backup::restore(&self.path(), into, &place, &entropy, &quiet()).await
    }

    /// Restores the archive into an empty folder, and starts a server on it.
    async fn served(&self, into: FreshStore) -> TestApp {
        let folder = tempfile::tempdir().unwrap();
        let restored = self.restored(&into, folder.path()).await.unwrap();
        assert_eq!(restored.ledger.faults, Vec::<String>::new());
        assert_eq!(restored.manifest.tables.len(), self.manifest.tables.len());
        TestApp::start_on(into, folder).await
    }
}

/// What agents, operators and the host see of a marketplace with data of every kind.
struct Views {
    requests: Vec<(&'static str, String, String)>,
    answers: Vec<Value>,
}

impl Views {
    async fn of(app: &TestApp) -> Self {
        let (agent, operator) = (app.agent().await, app.operator().await);
        let (done, open) = (
            agent.post_confirmation_task().await,
            agent.post_photo_task().await,
        );
        operator.accept(done).await;
        operator.confirm(done).await;
        let photographed = agent.post_photo_task().await;
        operator.accept(photographed).await;
        let picture = picture(ImageFormat::Png, 7);
        let upload = send(&operator, Some(photographed), picture).await.created();
        let proof = json!({"photos": [upload.text("url")]});
        operator
            .post(&paths::submit_proof(photographed), &proof)
            .await
            .ok();
        app.drain_jobs().await;
        let seen = |id: TaskId| ("x-api-key", agent.key.clone(), paths::task(id));
        let operators = |path: &str| ("x-operator-id", operator.key.clone(), path.to_owned());
        let requests = vec![
            seen(done),
            seen(open),
            seen(photographed),
            ("x-api-key", agent.key.clone(), paths::TASKS.to_owned()),
            ("x-api-key", agent.key.clone(), paths::BALANCE.to_owned()),
            ("x-api-key", agent.key.clone(), paths::KEYS.to_owned()),
            operators(paths::OPERATOR_PROFILE),
            operators(paths::EARNINGS),
            operators(paths::FIND_TASKS),
        ];
        let mut answers = Vec::new();
        for request in &requests {
            answers.push(ask(app, request).await.body);
        }
        Self { requests, answers }
    }

    async fn assert_same_on(&self, app: &TestApp) {
        for (request, before) in self.requests.iter().zip(&self.answers) {
            let after = ask(app, request).await.body;
            let (before, after) = (unsigned(before), unsigned(&after));
            assert_eq!(after, before, "{}", request.2);
        }
    }
}

async fn ask(app: &TestApp, (header, key, path): &(&'static str, String, String)) -> Answer {
    let request = app.request(Method::GET, path).header(*header, key);
    request.answer().await.ok()
}

/// Removes the server's own URL and the signatures, which differ by server and time.
fn unsigned(value: &Value) -> Value {
    match value {
        Value::String(text) if text.starts_with("http://127.0.0.1:") => {
            let path = text.splitn(4, '/').nth(3).unwrap_or_default();
            Value::from(path.split('?').next().unwrap_or_default())
        }
        Value::Array(all) => all.iter().map(unsigned).collect(),
        Value::Object(fields) => {
            let fields = fields.iter();
            Value::Object(
                fields
                    .map(|(name, one)| (name.clone(), unsigned(one)))
                    .collect(),
            )
        }
        other => other.clone(),
    }
}

on_both_databases! {
    async fn what_was_saved_is_seen_again_on_either_database(store) {
        let app = TestApp::start(store).await;
        let seen = Views::of(&app).await;
        let archive = Archive::of(&app).await;
        assert_eq!((archive.manifest.files, archive.manifest.damaged.len()), (1, 0));
        for fresh in [support::on_sqlite(), support::on_postgres()] {
            let restored = archive.served(fresh).await;
            seen.assert_same_on(&restored).await;
            assert_eq!(restored.stored_files(), app.stored_files());
            // The restored server works: the next task is posted, and the ledger stays consistent.
            restored.agent().await.post_photo_task().await;
        }
    }

    async fn an_archive_that_is_made_under_load_holds_one_moment(store) {
        let app = TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let done = AtomicBool::new(false);
        let load = async {
            let mut posted = 0_u8;
            while !done.load(Ordering::Relaxed) {
                let task = agent.post_confirmation_task().await;
                operator.accept(task).await;
                send(&operator, Some(task), picture(ImageFormat::Png, posted)).await.created();
                agent.deposit(50).await;
                posted += 1;
            }
            posted
        };
        let saves = async {
            let mut archives = Vec::new();
            for _ in 0..3 {
                archives.push(Archive::of(&app).await);
            }
            done.store(true, Ordering::Relaxed);
            archives
        };
        let (posted, archives) = tokio::join!(load, saves);
        assert!(posted > 0);
        for archive in &archives {
            assert_eq!(archive.manifest.damaged, Vec::<String>::new());
            let restored = archive.served(support::on_sqlite()).await;
            let rows = |name: &str| {
                let mut tables = archive.manifest.tables.iter();
                tables.find(|table| table.name == name).unwrap().rows
            };
            assert_eq!(rows("upload"), restored.stored_files().len() as u64);
            let hold = rows("task") > 0;
            assert!(!hold || rows("transfer") > rows("task"));
        }
    }

    async fn restoring_into_a_place_that_holds_something_is_refused(store) {
        let app = TestApp::start(store).await;
        let _agent = app.poor_agent().await;
        let archive = Archive::of(&app).await;
        let empty = tempfile::tempdir().unwrap();
        let refused = archive.restored(&app.app.store, empty.path()).await.unwrap_err();
        assert!(refused.to_string().contains("the database is not empty"), "{refused}");
        let full = tempfile::tempdir().unwrap();
        std::fs::write(full.path().join("file-url.key"), [7; 32]).unwrap();
        let fresh = support::on_sqlite();
        let refused = archive.restored(&fresh, full.path()).await.unwrap_err();
        assert!(refused.to_string().contains("file-url.key"), "{refused}");
    }
}

fn unpacked(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut tar = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut tar).ok()?;
    Some(tar)
}

on_both_databases! {
    /// An archive that is cut off, or has one changed byte, is refused before anything is written.
    async fn a_damaged_archive_is_refused(store) {
        let app = TestApp::start(store).await;
        Views::of(&app).await;
        let archive = Archive::of(&app).await;
        let whole = std::fs::read(archive.path()).unwrap();
        let mut damaged = vec![
            whole[..whole.len() / 2].to_vec(),
            Vec::new(),
            b"no archive".to_vec(),
        ];
        for place in (20..whole.len()).step_by(whole.len() / 40) {
            let mut bytes = whole.clone();
            bytes[place] ^= 0x10;
            // The padding bits of a compressed block have no meaning.
            if unpacked(&bytes) != unpacked(&whole) {
                damaged.push(bytes);
            }
        }
        assert!(damaged.len() > 30);
        let fresh = support::on_sqlite();
        for bytes in damaged {
            std::fs::write(archive.path(), bytes).unwrap();
            let empty = tempfile::tempdir().unwrap();
            let refused = archive.restored(&fresh, empty.path()).await;
            assert!(matches!(refused, Err(BackupError::Unfit(_))), "{refused:?}");
            assert_eq!(std::fs::read_dir(empty.path()).unwrap().count(), 0);
        }
        std::fs::write(archive.path(), whole).unwrap();
        let empty = tempfile::tempdir().unwrap();
        archive.restored(&fresh, empty.path()).await.unwrap();
    }

    async fn a_lost_proof_file_is_named_and_stops_nothing(store) {
        let app = TestApp::start(store).await;
        Views::of(&app).await;
        let name = app.stored_files().remove(0);
        let file = app.app.config.place.data.join("files").join(&name);
        std::fs::remove_file(file).unwrap();
        let archive = Archive::of(&app).await;
        assert_eq!(
            (archive.manifest.files, &archive.manifest.damaged),
            (0, &vec![name])
        );
    }

    #[cfg(unix)]
    async fn an_archive_is_its_owners_alone_and_replaces_nothing(store) {
        use std::os::unix::fs::PermissionsExt;
        let app = TestApp::start(store).await;
        let archive = Archive::of(&app).await;
        let mode = std::fs::metadata(archive.path())
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let left: Vec<_> = std::fs::read_dir(archive.folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "nothing but the archive stays");
        let (store, files) = (&app.app.store, &app.app.files);
        let data = &app.app.config.place.data;
        let again = backup::save(store, files, data, app.now(), &archive.path(), &quiet()).await;
        assert!(again.unwrap_err().to_string().contains("exists already"));
    }
}
