//! `Session`: who is signed in. The one place that knows how a request proves it.

use api_types::OperatorId;
use serde::{Deserialize, Serialize};

use crate::{browser, client::SessionClient};

const KEY: &str = "humanops.session";

/// A signed-in operator. Today's proof is the development header, accepted by a server on the same
/// machine only; a token will take its place here, and nothing else in the app will change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    /// The account.
    pub(crate) operator_id: OperatorId,
    /// As the operator gave it.
    pub(crate) name: String,
}

impl Session {
    /// The session that this phone remembers.
    pub(crate) fn recall() -> Option<Self> {
        browser::recall(KEY)
    }

    /// Remembers this session until it is forgotten.
    pub(crate) fn remember(&self) {
        browser::remember(KEY, self);
    }

    /// Signs out: the phone no longer knows who used it.
    pub(crate) fn forget() {
        browser::forget(KEY);
    }

    /// The header that goes with every request of this session.
    pub(crate) fn header(&self) -> (&'static str, String) {
        ("X-Operator-Id", self.operator_id.to_string())
    }

    /// The only way to a protected endpoint.
    pub(crate) fn client(&self) -> SessionClient {
        SessionClient::new(self.clone())
    }
}
