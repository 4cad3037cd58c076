//! The signed-in operator, and the access token of their requests.
//!
//! The phone stores who is signed in, but no token: the access token is in memory, and the refresh
//! token is in a cookie that no script can read. After a reload the cookie gives a new access
//! token.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use api_types::{OperatorId, Timestamp, operator::RegisteredOperator};
use serde::{Deserialize, Serialize};

use crate::browser;

const KEY: &str = "humanops.session";

/// An access token that expires sooner than this is renewed before it is used.
const RENEWED_BEFORE_END: Duration = Duration::from_secs(60);

/// The session of an operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    /// The id of the operator's account.
    pub(crate) operator_id: OperatorId,
    /// The name as the operator gave it.
    pub(crate) name: String,
    /// Whether the operator signs in at an OpenID Connect issuer, and not here.
    #[serde(default)]
    pub(crate) at_issuer: bool,
}

impl Session {
    /// Returns the session of an operator who has just registered.
    pub(crate) fn of(registered: RegisteredOperator) -> Self {
        Self {
            operator_id: registered.operator_id,
            name: registered.name,
            at_issuer: is_from_issuer(),
        }
    }

    /// Returns the session stored on this phone, if there is one.
    pub(crate) fn load() -> Option<Self> {
        browser::load_stored(KEY)
    }

    /// Stores this session until [`Session::clear`].
    pub(crate) fn save(&self) {
        browser::store(KEY, self);
    }

    /// Removes the stored session and the access token from this phone.
    pub(crate) fn clear() {
        forget_token();
        browser::remove_stored(KEY);
    }
}

/// An access token in memory.
struct AccessToken {
    text: String,
    expires_at: Timestamp,
    operator_id: Option<OperatorId>,
}

/// Who issued a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenIssuer {
    /// The server that the app belongs to.
    Here,
    /// An OpenID Connect issuer, and whether it has verified the person's address.
    Elsewhere { has_email: bool },
}

thread_local! {
    static TOKEN: RefCell<Option<AccessToken>> = const { RefCell::new(None) };
    /// Who issued the last token since the page was loaded.
    static ISSUER: Cell<Option<TokenIssuer>> = const { Cell::new(None) };
}

/// Keeps a token until it expires by the phone's clock, which may be wrong. `operator_id` is whose
/// it is, as far as that is known.
pub(crate) fn keep_token(
    text: String,
    lasts: Duration,
    issuer: TokenIssuer,
    operator_id: Option<OperatorId>,
) {
    let expires_at = browser::now().after(lasts);
    TOKEN.set(Some(AccessToken {
        text,
        expires_at,
        operator_id,
    }));
    ISSUER.set(Some(issuer));
}

/// Returns who issued the last token since the page was loaded.
pub(crate) fn token_issuer() -> Option<TokenIssuer> {
    ISSUER.get()
}

/// Returns whether a person signs in at an OpenID Connect issuer, by the last token.
pub(crate) fn is_from_issuer() -> bool {
    matches!(token_issuer(), Some(TokenIssuer::Elsewhere { .. }))
}

/// Returns the access token, unless it expires soon.
pub(crate) fn token() -> Option<String> {
    let now = browser::now().after(RENEWED_BEFORE_END);
    TOKEN.with_borrow(|token| {
        let token = token.as_ref().filter(|token| now < token.expires_at)?;
        Some(token.text.clone())
    })
}

/// Returns whether the access token is known to be another operator's.
pub(crate) fn token_is_not_of(operator_id: OperatorId) -> bool {
    TOKEN.with_borrow(|token| {
        let owner = token.as_ref().and_then(|token| token.operator_id);
        owner.is_some_and(|owner| owner != operator_id)
    })
}

/// Forgets the access token, because the server refused it or the person signs out.
pub(crate) fn forget_token() {
    TOKEN.set(None);
}
