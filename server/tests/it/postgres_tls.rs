//! PostgreSQL by TLS: what each `sslmode` verifies, for the server and for every command of the
//! host. The test has its own certificate authority and PostgreSQL server.

use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use postgres::{Client, NoTls};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use server::store::{Store, StoreError};
use tempfile::TempDir;

use crate::support::cluster::Cluster;

/// A PostgreSQL server for `localhost` that accepts only TLS, with the certificates of the
/// authority that signed its certificate, and of one that did not.
struct TlsServer {
    port: u16,
    authority: PathBuf,
    stranger: PathBuf,
    folder: TempDir,
    cluster: Cluster,
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

impl TlsServer {
    fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .unwrap()
            .port();
        let options = format!("-c listen_addresses=127.0.0.1 -c port={port} -c fsync=off");
        let cluster = Cluster::start(&options).unwrap();
        let (ours, stranger) = (authority("ours"), authority("a stranger"));
        let key = KeyPair::generate().unwrap();
        let named = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = named.signed_by(&key, &ours).unwrap();
        let place = place_of(&cluster);
        keep(&place, "server.crt", &certificate.pem());
        keep(&place, "server.key", &key.serialize_pem());
        let only_tls = "local all all trust\nhostssl all all 127.0.0.1/32 trust\n";
        std::fs::write(place.join("data/pg_hba.conf"), only_tls).unwrap();
        let socket = socket_of(&cluster, port);
        let place = place.display();
        administer(
            &socket,
            &[
                &format!("ALTER SYSTEM SET ssl_cert_file = '{place}/server.crt'"),
                &format!("ALTER SYSTEM SET ssl_key_file = '{place}/server.key'"),
                "ALTER SYSTEM SET ssl = on",
                "SELECT pg_reload_conf()",
                "CREATE DATABASE kept",
            ],
        );
        until_tls_is_on(&socket);
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, pem: String| {
            let path = folder.path().join(name);
            std::fs::write(&path, pem).unwrap();
            path
        };
        Self {
            port,
            authority: write("authority.pem", ours.pem()),
            stranger: write("stranger.pem", stranger.pem()),
            folder,
            cluster,
        }
    }

    fn address(&self, host: &str, options: &str) -> String {
        format!("postgres://postgres@{host}:{}/kept?{options}", self.port)
    }

    /// Runs `humanops` with `PGSSLROOTCERT` on a database that requires TLS.
    fn humanops(&self, roots: &Path, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_humanops"))
            .args(arguments)
            .env(
                "DATABASE_URL",
                self.address("localhost", "sslmode=verify-full"),
            )
            .env("DATA_DIR", self.folder.path().join("data"))
            .env("PGSSLROOTCERT", roots)
            .output()
            .unwrap()
    }
}

/// Returns the folder of a cluster, which is the host in its URL.
fn place_of(cluster: &Cluster) -> PathBuf {
    let url = cluster.url("");
    let host = url.trim_start_matches("postgres://postgres@");
    host.trim_end_matches('/').replace("%2F", "/").into()
}

/// Returns the URL of a cluster's socket, which accepts connections without TLS.
fn socket_of(cluster: &Cluster, port: u16) -> String {
    let host = cluster.url("");
    format!("{}:{port}/postgres", host.trim_end_matches('/'))
}

/// Writes a file that only the PostgreSQL server may read.
fn keep(place: &Path, name: &str, text: &str) {
    let (path, owner) = (place.join(name), std::fs::metadata(place).unwrap());
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
}

/// Connects until the server has read its settings again; only new connections show this.
fn until_tls_is_on(url: &str) {
    let url = url.to_owned();
    let is_on = move || {
        let mut client = Client::connect(&url, NoTls).unwrap();
        client
            .query_one("SHOW ssl", &[])
            .unwrap()
            .get::<_, String>(0)
            == "on"
    };
    std::thread::spawn(move || while !is_on() {})
        .join()
        .unwrap();
}

fn administer(url: &str, statements: &[&str]) {
    let (url, statements) = (url.to_owned(), statements.join("\n;"));
    let run = move || {
        let mut client = Client::connect(&url, NoTls).unwrap();
        for statement in statements.split("\n;") {
            client.batch_execute(statement).unwrap();
        }
    };
    std::thread::spawn(run).join().unwrap();
}

/// Returns whether a connection is encrypted, or why there is none.
async fn encrypted(address: &str) -> Result<bool, String> {
    let store = Store::open_postgres(address).map_err(|error| match error {
        StoreError::Database(said) => said,
        other => panic!("{other}"),
    })?;
    let ours = "SELECT CAST(ssl AS INTEGER) AS encrypted FROM pg_stat_ssl
         WHERE pid = pg_backend_pid()";
    let row = store.read(|tx| tx.first(ours, &[])).await.unwrap().unwrap();
    Ok(row.get::<i64>("encrypted").unwrap() == 1)
}

#[tokio::test]
async fn every_sslmode_verifies_what_libpq_verifies_and_nothing_goes_in_plain_text() {
    let server = TlsServer::start();
    let ours = format!("sslrootcert={}", server.authority.display());
    let stranger = format!("sslrootcert={}", server.stranger.display());
    let by = async |host: &str, options: &str| encrypted(&server.address(host, options)).await;

    for options in ["", "sslmode=prefer", "sslmode=require"] {
        assert_eq!(by("127.0.0.1", options).await, Ok(true), "{options}");
    }
    for mode in ["require", "verify-ca", "verify-full"] {
        let options = format!("sslmode={mode}&{ours}");
        assert_eq!(by("localhost", &options).await, Ok(true), "{mode}");
        // With an authority that did not sign the certificate, the error names the file of roots.
        let options = format!("sslmode={mode}&{stranger}");
        let said = by("localhost", &options).await.unwrap_err();
        let file = server.stranger.display().to_string();
        assert!(
            said.contains("not from an authority") && said.contains(&file),
            "{said}"
        );
    }
    let system = by("localhost", "sslmode=verify-full").await.unwrap_err();
    assert!(
        system.contains("the system's root certificates"),
        "{system}"
    );
    // If the certificate is for another name, the error has both names.
    assert_eq!(
        by("127.0.0.1", &format!("sslmode=verify-ca&{ours}")).await,
        Ok(true)
    );
    let wrong = by("127.0.0.1", &format!("sslmode=verify-full&{ours}"))
        .await
        .unwrap_err();
    assert!(
        wrong.contains("not for 127.0.0.1 but for") && wrong.contains("localhost"),
        "{wrong}"
    );
    // The server refuses connections without TLS, so each of those that succeeded was encrypted.
    let plain = by("localhost", "sslmode=disable").await.unwrap_err();
    assert!(plain.contains("no encryption"), "{plain}");
}

#[test]
fn every_command_speaks_tls_with_the_roots_of_the_environment() {
    let server = TlsServer::start();
    let data = server.folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let archive = server.folder.path().join("archive.tgz");
    let archive = archive.to_str().unwrap();
    for arguments in [
        &["migrate"][..],
        &["check-ledger"],
        &["admin", "agents", "list"],
        &["backup", archive],
    ] {
        let refused = server.humanops(&server.stranger, arguments);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(
            !refused.status.success() && said.contains("stranger.pem"),
            "{said}"
        );
        let done = server.humanops(&server.authority, arguments);
        let said = String::from_utf8(done.stderr).unwrap();
        assert!(done.status.success(), "{arguments:?}: {said}");
    }
    let socket = socket_of(&server.cluster, server.port);
    administer(&socket, &["DROP DATABASE kept", "CREATE DATABASE kept"]);
    std::fs::remove_dir_all(&data).unwrap();
    let restored = server.humanops(&server.authority, &["restore", archive]);
    let said = String::from_utf8(restored.stderr).unwrap();
    assert!(restored.status.success(), "{said}");
}
