//! Sessions that begin and are renewed: their tokens, and the response that contains them. How a
//! person proves who they are is elsewhere (`sign_in_by_code.rs`, `sign_in_by_passkey.rs`).

use api_types::session::{Session, TokenType};
use api_types::{OperatorId, SessionId, SubjectId, Timestamp};
use axum::Json;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use zeroize::Zeroizing;

use crate::app::App;
use crate::domain::access_token::{Claims, SigningKey};
use crate::domain::secret::RandomToken;
use crate::domain::session::{self, ACCESS_LASTS};
use crate::http::error::ApiError;
use crate::http::extract::refresh_cookie::set_refresh_cookie;
use crate::store::sessions::{self, StoredSession};
use crate::store::subjects::{self, Subject};
use crate::store::{StoreError, Tx, signing_keys};

/// A person and their operator account.
pub(super) type Person = (SubjectId, Option<OperatorId>);

/// The tokens of a session that begins or is renewed. They are random, so they are drawn before the
/// write.
pub(super) struct NewTokens {
    refresh: RandomToken,
    random_key: Zeroizing<[u8; 32]>,
    issuer: String,
    now: Timestamp,
}

/// The part of [`NewTokens`] that the write uses.
pub(super) struct TokenWriter {
    refresh_hash: String,
    random_key: Zeroizing<[u8; 32]>,
    url: String,
    /// When the tokens are issued.
    pub(super) now: Timestamp,
}

impl NewTokens {
    /// Draws the tokens.
    pub(super) fn draw(app: &App, now: Timestamp) -> Self {
        let mut random = Zeroizing::new([0; 32]);
        app.entropy.fill(&mut *random);
        let mut random_key = Zeroizing::new([0; 32]);
        app.entropy.fill(&mut *random_key);
        Self {
            refresh: RandomToken::from_random(&random),
            random_key,
            issuer: app.origin().to_owned(),
            now,
        }
    }

    /// Returns the part that the write uses.
    pub(super) fn writer(&self) -> TokenWriter {
        TokenWriter {
            refresh_hash: self.refresh.hash(),
            random_key: self.random_key.clone(),
            url: self.issuer.clone(),
            now: self.now,
        }
    }

    /// Returns the response with the session, which sets the refresh cookie.
    pub(super) fn response(&self, app: &App, session: Session) -> Result<Response, ApiError> {
        let cookie = set_refresh_cookie(app, Some(&self.refresh))?;
        let headers = [
            (header::SET_COOKIE, cookie),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        Ok((headers, Json(session)).into_response())
    }
}

impl TokenWriter {
    /// Begins a session on a device.
    pub(super) fn begin(
        &self,
        tx: &mut Tx<'_>,
        person: Person,
        id: SessionId,
        device: &str,
    ) -> Result<Session, ApiError> {
        let session = StoredSession {
            id,
            subject_id: person.0,
            device: device.to_owned(),
            created_at: self.now,
            last_used_at: self.now,
        };
        sessions::insert(tx, &session)?;
        self.issue(tx, person, id)
    }

    /// Issues both tokens of a session. The access token is signed with the current key, or with a
    /// first one.
    pub(super) fn issue(
        &self,
        tx: &mut Tx<'_>,
        (subject_id, operator_id): Person,
        session_id: SessionId,
    ) -> Result<Session, ApiError> {
        sessions::insert_refresh(tx, &self.refresh_hash, session_id, self.now)?;
        let key = match signing_keys::current(tx)? {
            Some(key) => key,
            None => {
                let key = SigningKey::from_random(&self.random_key).map_err(ApiError::accident)?;
                signing_keys::insert(tx, &key, self.now)?;
                key
            }
        };
        let claims = Claims::new(&self.url, subject_id, session_id, self.now);
        Ok(Session {
            access_token: key.sign(&claims).map_err(ApiError::accident)?,
            token_type: TokenType::Bearer,
            expires_in: ACCESS_LASTS.as_secs(),
            operator_id,
        })
    }
}

/// Returns a person who signs in, with their operator account. An account with their address is
/// linked if nobody else has it.
pub(super) fn with_operator(tx: &mut Tx<'_>, subject: &Subject) -> Result<Person, StoreError> {
    let operator_id = match subject.operator_id {
        Some(id) => Some(id),
        None => subjects::link_known_operator(tx, subject)?,
    };
    Ok((subject.id, operator_id))
}

/// Returns the description of the device that sends a request.
pub(super) fn device_of(headers: &HeaderMap) -> String {
    let user_agent = headers.get(header::USER_AGENT);
    let user_agent = user_agent.and_then(|value| value.to_str().ok());
    session::device(user_agent.unwrap_or_default())
}
