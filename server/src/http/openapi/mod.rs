//! The OpenAPI 3.1 document, assembled from the routes of the service and served by it.
//! [`conventions`] adds what the routes have in common.

pub mod components;
pub mod conventions;
mod webhooks;

use std::io::{self, Write};

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi as Document, Server};
use utoipa::{Modify, OpenApi};

use crate::http::public::assets;

/// The outer document without paths. The routes add themselves.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "HumanOps",
        description = include_str!("description.md"),
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    tags(
        (name = "agents", description = "Accounts, keys and money of agents."),
        (name = "tasks", description = "Tasks, as the agents see them that post them."),
        (name = "events", description = "What happened to tasks: log, streams and callbacks."),
        (name = "operators", description = "Operators: tasks to do, proofs, earnings."),
        (name = "sign-in", description = "Operators: codes by e-mail, passkeys, sessions, signing keys."),
        (name = "host", description = "For the host of this server: identities, switches, ledger."),
        (name = "files", description = "Proof files, by signed address."),
        (name = "health", description = "Whether the server runs, and could serve."),
    ),
    components(schemas(api_types::error::ErrorBody)),
    modifiers(&Callers),
)]
pub struct BaseDocument;

/// Adds the security schemes by which callers authenticate (contract §2).
struct Callers;

impl Modify for Callers {
    fn modify(&self, document: &mut Document) {
        let header = |name, about| ApiKey::Header(ApiKeyValue::with_description(name, about));
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let schemes = [
            (
                "agent_key",
                SecurityScheme::ApiKey(header("X-API-Key", "An agent's key: ho_live_…")),
            ),
            ("agent_bearer", SecurityScheme::Http(bearer)),
            (
                "admin_key",
                SecurityScheme::ApiKey(header("X-Admin-Key", "The host's key.")),
            ),
            (
                "access_token",
                SecurityScheme::Http(
                    HttpBuilder::new()
                        .scheme(HttpAuthScheme::Bearer)
                        .bearer_format("JWT")
                        .build(),
                ),
            ),
            (
                "operator_id",
                SecurityScheme::ApiKey(header("X-Operator-Id", "op_…; development only.")),
            ),
        ];
        let components = document.components.get_or_insert_default();
        for (name, scheme) in schemes {
            components.add_security_scheme(name, scheme);
        }
        document.servers = Some(vec![Server::new("/")]);
    }
}

/// The serialised document with its validator.
#[derive(Clone)]
pub struct SerializedDocument {
    json: Bytes,
    gzip: Bytes,
    etag: HeaderValue,
}

impl SerializedDocument {
    /// Serialises the document once.
    ///
    /// # Errors
    /// Fails if the document cannot be serialised, which no document of this service causes.
    pub fn of(document: &Document) -> Result<Self, serde_json::Error> {
        let json = Bytes::from(document.to_pretty_json()? + "\n");
        let etag = assets::etag(&Sha256::digest(&json));
        let gzip = gzip(&json).map_err(serde_json::Error::io)?;
        Ok(Self { json, gzip, etag })
    }

    /// Returns the document as JSON.
    pub fn json(&self) -> &[u8] {
        &self.json
    }

    /// Responds with the document, or with 304 to a client that has it.
    pub fn answer(&self, headers: &HeaderMap) -> Response {
        let mut response = if assets::is_known(headers, &self.etag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else if assets::accepts(headers, "gzip") {
            let coding = [(header::CONTENT_ENCODING, "gzip")];
            (coding, self.gzip.clone()).into_response()
        } else {
            self.json.clone().into_response()
        };
        let sent = response.headers_mut();
        sent.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        sent.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        sent.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        sent.insert(header::ETAG, self.etag.clone());
        response
    }
}

fn gzip(bytes: &[u8]) -> io::Result<Bytes> {
    let mut coded = GzEncoder::new(Vec::new(), Compression::default());
    coded.write_all(bytes)?;
    Ok(coded.finish()?.into())
}
