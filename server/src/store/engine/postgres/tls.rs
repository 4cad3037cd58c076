//! TLS to PostgreSQL, as the address requests it: the options have libpq's names and meaning.
//!
//! | `sslmode` | encrypted | certificate |
//! |---|---|---|
//! | `disable` | no | |
//! | `prefer` (the default) | if the server can | not verified, unless a file of roots is named |
//! | `require` | yes | not verified, unless a file of roots is named |
//! | `verify-ca` | yes | from an authority among the roots |
//! | `verify-full` | yes | from an authority among the roots, for the host of the address |
//!
//! The roots are those of the file `sslrootcert`, else of `PGSSLROOTCERT`, else the system's.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::store::StoreError;

/// A database server, and how to connect to it.
#[derive(Clone)]
pub(super) struct ConnectTarget {
    /// Its address and the login, without the options of TLS.
    pub(super) config: Config,
    /// The connector that makes a connection a TLS connection.
    pub(super) tls: MakeRustlsConnect,
    roots: Roots,
}

impl ConnectTarget {
    /// Parses an address, and reads the file of root certificates that it names.
    pub(super) fn parse(address: &str) -> Result<Self, StoreError> {
        let (rest, mode, named) = split(address);
        let mut config: Config = rest.parse().map_err(|_| {
            refusal(
                "the database URL cannot be parsed: write postgres://user:password@host:5432/name",
            )
        })?;
        let (requested, verification) = match mode.as_deref() {
            None | Some("prefer") => (SslMode::Prefer, Verification::IfRootsNamed),
            Some("disable") => (SslMode::Disable, Verification::IfRootsNamed),
            Some("require") => (SslMode::Require, Verification::IfRootsNamed),
            Some("verify-ca") => (SslMode::Require, Verification::Authority),
            Some("verify-full") => (SslMode::Require, Verification::AuthorityAndName),
            Some(_) => {
                return Err(refusal(
                    "sslmode must be disable, prefer, require, verify-ca or verify-full",
                ));
            }
        };
        let hosts = config.get_hosts();
        let is_socket = |host: &Host| matches!(host, Host::Unix(_));
        let by_socket = !hosts.is_empty() && hosts.iter().all(is_socket);
        config.ssl_mode(match by_socket {
            // A Unix socket does not leave the machine, and PostgreSQL speaks no TLS on it.
            true => SslMode::Disable,
            false => requested,
        });
        let roots = Roots::of(named);
        let tls = match config.get_ssl_mode() {
            SslMode::Disable => client_config(Verification::IfRootsNamed, &Roots::System)?,
            _ => client_config(verification, &roots)?,
        };
        Ok(Self {
            config,
            tls: MakeRustlsConnect::new(tls),
            roots,
        })
    }

    /// Returns why TLS with the server failed, or `None` if there is no connection for another
    /// reason.
    pub(super) fn untrusted(&self, error: &tokio_postgres::Error) -> Option<StoreError> {
        use std::error::Error as _;
        let source = error.source()?;
        let Some(cause) = source.downcast_ref::<std::io::Error>() else {
            // The client's own message: the server speaks no TLS, or the login was refused.
            let speaks_none = source.to_string().contains("does not support TLS");
            return speaks_none
                .then(|| refusal("sslmode requires TLS, which the server does not support"));
        };
        let error = cause.get_ref()?.downcast_ref::<rustls::Error>()?;
        Some(refusal(match error {
            rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext {
                expected,
                presented,
            }) => format!(
                "PostgreSQL's certificate is not for {} but for {}",
                expected.to_str(),
                presented.join(", ")
            ),
            // Or it is from an issuer that took the name of an authority among them.
            rustls::Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::BadSignature,
            ) => format!(
                "PostgreSQL's certificate is not from an authority among {}",
                self.roots
            ),
            rustls::Error::InvalidCertificate(error) => {
                format!("PostgreSQL's certificate is refused: {error}")
            }
            error => format!("TLS with PostgreSQL failed: {error}"),
        }))
    }
}

fn refusal(sentence: impl Into<String>) -> StoreError {
    StoreError::Database(sentence.into())
}

/// Splits an address into the address without `sslmode` and `sslrootcert`, which the client does
/// not know in full, and these two. It reads both forms of address: `postgres://…?key=value&…` and
/// `key=value …`.
fn split(address: &str) -> (String, Option<String>, Option<String>) {
    let is_url = address.contains("://");
    let (head, options) = match is_url {
        true => address.rsplit_once('?').unwrap_or((address, "")),
        false => ("", address),
    };
    let separator = if is_url { '&' } else { ' ' };
    let (mut mode, mut roots, mut others) = (None, None, Vec::new());
    for option in options.split(separator) {
        let value = |text: &str| {
            let decoded = match is_url {
                true => percent_decode_str(text).decode_utf8_lossy(),
                false => Cow::Borrowed(text.trim_matches('\'')),
            };
            Some(decoded.into_owned())
        };
        match option.split_once('=') {
            Some(("sslmode", text)) => mode = value(text),
            Some(("sslrootcert", text)) => roots = value(text),
            _ => others.push(option),
        }
    }
    let others = others.join(&separator.to_string());
    let rest = match (is_url, others.is_empty()) {
        (true, true) => head.to_owned(),
        (true, false) => format!("{head}?{others}"),
        (false, _) => others,
    };
    (rest, mode, roots)
}

/// The root certificates against which a server's certificate is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Roots {
    System,
    File(PathBuf),
}

impl Roots {
    fn of(named: Option<String>) -> Self {
        let set = || std::env::var("PGSSLROOTCERT").ok();
        match named.or_else(set).filter(|name| !name.is_empty()) {
            Some(name) if name != "system" => Self::File(name.into()),
            _ => Self::System,
        }
    }

    fn load(&self) -> Result<RootCertStore, StoreError> {
        let mut store = RootCertStore::empty();
        match self {
            Self::System => {
                // Single files that cannot be read are skipped, as OpenSSL does.
                store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
            Self::File(path) => {
                let unread = |error: &dyn fmt::Display| {
                    let path = path.display();
                    refusal(format!(
                        "the root certificates in {path} cannot be read: {error}"
                    ))
                };
                let all = CertificateDer::pem_file_iter(path).map_err(|error| unread(&error))?;
                for one in all {
                    let one = one.map_err(|error| unread(&error))?;
                    store.add(one).map_err(|error| unread(&error))?;
                }
            }
        }
        if store.is_empty() {
            return Err(refusal(format!("there are no certificates in {self}")));
        }
        Ok(store)
    }
}

impl fmt::Display for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => write!(f, "the system's root certificates"),
            Self::File(path) => write!(f, "the root certificates in {}", path.display()),
        }
    }
}

/// The parts of a server's certificate that are verified.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verification {
    /// The authority, if a file of roots is named: libpq does so for `require` too.
    IfRootsNamed,
    Authority,
    AuthorityAndName,
}

fn client_config(verification: Verification, roots: &Roots) -> Result<ClientConfig, StoreError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| refusal(format!("cannot set up TLS: {error}")))?;
    let roots = match (verification, roots) {
        (Verification::AuthorityAndName, roots) => {
            let roots = roots.load()?;
            let config = builder.with_root_certificates(roots).with_no_client_auth();
            return Ok(config);
        }
        (Verification::IfRootsNamed, Roots::System) => None,
        (Verification::IfRootsNamed | Verification::Authority, roots) => Some(roots.load()?),
    };
    let verifier = Arc::new(AnyName { provider, roots });
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth())
}

/// Verifier that accepts a certificate for any name. If there are roots, the certificate must be
/// from an authority among them. That the server holds the certificate's key is always verified.
#[derive(Debug)]
struct AnyName {
    provider: Arc<CryptoProvider>,
    roots: Option<RootCertStore>,
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(roots) = &self.roots {
            let certificate = ParsedCertificate::try_from(certificate)?;
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(
                &certificate,
                roots,
                intermediates,
                now,
                algorithms,
            )?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_tls_are_taken_out_of_both_forms_of_address() {
        let read = |address: &str| {
            let (rest, mode, roots) = split(address);
            (rest, mode.unwrap_or_default(), roots.unwrap_or_default())
        };
        let of = |rest: &str, mode: &str, roots: &str| {
            (rest.to_owned(), mode.to_owned(), roots.to_owned())
        };
        let url = "postgres://u:p@h:5432/d";
        let all = format!("{url}?sslmode=verify-full&connect_timeout=3&sslrootcert=%2Fetc%2Fca");
        let rest = format!("{url}?connect_timeout=3");
        assert_eq!(read(&all), of(&rest, "verify-full", "/etc/ca"));
        assert_eq!(read(url), of(url, "", ""));
        assert_eq!(
            read(&format!("{url}?sslmode=require")),
            of(url, "require", "")
        );
        let pairs = "host=h password='a  b' sslmode=verify-ca sslrootcert='/etc/ca' dbname=d";
        let rest = "host=h password='a  b' dbname=d";
        assert_eq!(read(pairs), of(rest, "verify-ca", "/etc/ca"));
    }

    #[test]
    fn sockets_are_spoken_to_without_tls() {
        let mode = |address: &str| ConnectTarget::parse(address).unwrap().config.get_ssl_mode();
        assert_eq!(
            mode("postgres://u@%2Ftmp/d?sslmode=require"),
            SslMode::Disable
        );
        assert_eq!(mode("postgres://u@h/d?sslmode=require"), SslMode::Require);
        assert_eq!(mode("postgres://u@h/d"), SslMode::Prefer);
    }

    #[test]
    fn modes_that_do_not_exist_and_roots_that_cannot_be_read_are_named() {
        let said = |address: &str| match ConnectTarget::parse(address) {
            Err(StoreError::Database(said)) => said,
            _ => panic!("{address}"),
        };
        assert!(said("postgres://u@h/d?sslmode=on").contains("verify-full"));
        let missing = said("postgres://u@h/d?sslmode=verify-full&sslrootcert=/nowhere/ca.pem");
        assert!(missing.contains("/nowhere/ca.pem"), "{missing}");
    }
}
