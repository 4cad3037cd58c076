//! An OpenID Connect issuer on loopback, which serves its description and its keys over HTTP and
//! counts how often they are read; and the keys with which tests sign tokens.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;

/// The id of our client at the issuer.
pub(crate) const CLIENT_ID: &str = "client_humanops";

/// A key pair of the issuer.
pub(crate) struct Key {
    kid: String,
    algorithm: Algorithm,
    pair: EncodingKey,
    /// The public key, as the issuer publishes it.
    pub(crate) jwk: Value,
}

impl Key {
    fn new(kid: &str, algorithm: Algorithm, pair: EncodingKey) -> Self {
        let jwk = Jwk::from_encoding_key(&pair, algorithm).unwrap();
        let mut jwk = serde_json::to_value(jwk).unwrap();
        jwk["kid"] = json!(kid);
        jwk["use"] = json!("sig");
        Self {
            kid: kid.to_owned(),
            algorithm,
            pair,
            jwk,
        }
    }

    /// Creates a key for signatures by ES256.
    pub(crate) fn es256(kid: &str) -> Self {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let pair = EncodingKey::from_ec_der(&pair.serialize_der());
        Self::new(kid, Algorithm::ES256, pair)
    }

    /// Creates a key for signatures by ES384.
    pub(crate) fn es384(kid: &str) -> Self {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
        let pair = EncodingKey::from_ec_der(&pair.serialize_der());
        Self::new(kid, Algorithm::ES384, pair)
    }

    /// Creates a key for signatures by Ed25519 (RFC 8410 §7, with a seed of our own).
    pub(crate) fn ed25519(kid: &str) -> Self {
        const HEAD: [u8; 16] = [
            0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22,
            0x04, 0x20,
        ];
        let pair = EncodingKey::from_ed_der(&[&HEAD[..], &[7; 32]].concat());
        Self::new(kid, Algorithm::EdDSA, pair)
    }

    /// Returns a key for signatures by RSA, the same for all tests, because making one is slow.
    pub(crate) fn rsa(kid: &str, algorithm: Algorithm) -> Self {
        static PKCS8: OnceLock<Vec<u8>> = OnceLock::new();
        /// Length of the PKCS#8 header of a key of 2048 bits; RFC 8017's own form follows.
        const HEAD_BYTES: usize = 26;
        let pkcs8 = PKCS8.get_or_init(|| {
            let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
            pair.serialize_der()
        });
        let pair = EncodingKey::from_rsa_der(&pkcs8[HEAD_BYTES..]);
        Self::new(kid, algorithm, pair)
    }

    /// Signs a token with these claims.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_with(&self.header(), claims)
    }

    /// Returns the header of this key's tokens.
    pub(crate) fn header(&self) -> Value {
        json!({"alg": self.algorithm, "typ": "JWT", "kid": self.kid})
    }

    /// Signs a token with this header, whatever it says.
    pub(crate) fn sign_with(&self, header: &Value, claims: &Value) -> String {
        let message = unsigned(header, claims);
        let sign = jsonwebtoken::crypto::sign;
        let signature = sign(message.as_bytes(), &self.pair, self.algorithm).unwrap();
        format!("{message}.{signature}")
    }
}

/// Returns a token without its signature.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

/// Returns a token that is signed by an HMAC with a secret of the caller's choice.
pub(crate) fn hmac_signed(kid: &str, secret: &[u8], claims: &Value) -> String {
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some(kid.to_owned());
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(secret)).unwrap()
}

/// How the issuer answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// With its documents.
    Works,
    /// With a page and status 200, like the login page of a proxy.
    Html,
    /// With a JSON document without an end.
    Huge,
    /// With a description of another issuer.
    Other,
    /// With an error.
    Fails,
}

struct IssuerState {
    url: String,
    keys: Mutex<Vec<Value>>,
    behaviour: Mutex<Behaviour>,
    cache_control: Mutex<&'static str>,
    descriptions: AtomicU32,
    key_sets: AtomicU32,
}

/// An issuer on loopback.
pub(crate) struct Issuer {
    state: Arc<IssuerState>,
    address: SocketAddr,
    serving: Option<JoinHandle<()>>,
}

impl Issuer {
    /// Starts an issuer with these keys.
    pub(crate) async fn start(keys: &[&Key]) -> Self {
        let mut issuer = Self::reserve(keys).await;
        issuer.open().await;
        issuer
    }

    /// Chooses the address of an issuer that is not reachable yet.
    pub(crate) async fn reserve(keys: &[&Key]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let issuer = Self {
            state: Arc::new(IssuerState {
                url: format!("http://{address}"),
                keys: Mutex::default(),
                behaviour: Mutex::new(Behaviour::Works),
                cache_control: Mutex::new("public, max-age=3600"),
                descriptions: AtomicU32::new(0),
                key_sets: AtomicU32::new(0),
            }),
            address,
            serving: None,
        };
        issuer.publish(keys);
        issuer
    }

    /// Begins to listen.
    pub(crate) async fn open(&mut self) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(self.address).unwrap();
        let listener = socket.listen(64).unwrap();
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/keys", get(list_keys))
            .with_state(self.state.clone());
        self.serving = Some(tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        }));
    }

    /// Stops listening. No connection stays, because every response ends its own.
    pub(crate) async fn close(&mut self) {
        let serving = self.serving.take().unwrap();
        serving.abort();
        assert!(serving.await.unwrap_err().is_cancelled());
    }

    /// Returns the issuer as its tokens name it.
    pub(crate) fn url(&self) -> &str {
        &self.state.url
    }

    /// Publishes these keys in place of the others.
    pub(crate) fn publish(&self, keys: &[&Key]) {
        self.publish_raw(keys.iter().map(|key| key.jwk.clone()).collect());
    }

    /// Publishes these JWKs in place of the others.
    pub(crate) fn publish_raw(&self, keys: Vec<Value>) {
        *self.state.keys.lock().unwrap() = keys;
    }

    /// Changes how the issuer answers.
    pub(crate) fn behave(&self, behaviour: Behaviour) {
        *self.state.behaviour.lock().unwrap() = behaviour;
    }

    /// Changes for how long the keys may be cached.
    pub(crate) fn cache_control(&self, value: &'static str) {
        *self.state.cache_control.lock().unwrap() = value;
    }

    /// Returns how often the description was read, and how often the keys were.
    pub(crate) fn fetches(&self) -> (u32, u32) {
        let read = |count: &AtomicU32| count.load(Ordering::SeqCst);
        (read(&self.state.descriptions), read(&self.state.key_sets))
    }

    /// Returns the arguments of a server that accepts the tokens of this issuer.
    pub(crate) fn settings(&self) -> [&str; 5] {
        [
            "--allow-dev-operator-id-header=false",
            "--oidc-issuer",
            self.url(),
            "--oidc-client-id",
            CLIENT_ID,
        ]
    }
}

impl IssuerState {
    fn answer(&self, document: Value) -> Response {
        let close = [(header::CONNECTION, "close")];
        let behaviour = *self.behaviour.lock().unwrap();
        match behaviour {
            Behaviour::Works | Behaviour::Other => {
                let cached = [(header::CACHE_CONTROL, *self.cache_control.lock().unwrap())];
                (close, cached, Json(document)).into_response()
            }
            Behaviour::Html => {
                let kind = [(header::CONTENT_TYPE, "text/html")];
                (close, kind, "<!doctype html><title>Sign in</title>").into_response()
            }
            Behaviour::Huge => {
                let mut document = document;
                document["padding"] = json!("x".repeat(600 * 1024));
                (close, Json(document)).into_response()
            }
            Behaviour::Fails => (StatusCode::BAD_GATEWAY, close, "{}").into_response(),
        }
    }
}

async fn describe(State(state): State<Arc<IssuerState>>) -> Response {
    state.descriptions.fetch_add(1, Ordering::SeqCst);
    let url = &state.url;
    let issuer = match *state.behaviour.lock().unwrap() {
        Behaviour::Other => "https://other.example.com",
        _ => url,
    };
    let document = json!({
        "issuer": issuer,
        "jwks_uri": format!("{url}/keys"),
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": "https://tokens.example.com/oauth/token",
        "response_types_supported": ["code"],
    });
    state.answer(document)
}

async fn list_keys(State(state): State<Arc<IssuerState>>) -> Response {
    state.key_sets.fetch_add(1, Ordering::SeqCst);
    let keys = state.keys.lock().unwrap().clone();
    state.answer(json!({"keys": keys}))
}
