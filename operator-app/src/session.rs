//! The signed-in operator. Only this module knows how a request is authenticated.

use api_types::OperatorId;
use serde::{Deserialize, Serialize};

use crate::browser;

const KEY: &str = "humanops.session";

/// The session of an operator. Requests are authenticated by the development header, which only a
/// server on the same machine accepts. A token will replace it in this type, without changes
/// elsewhere in the app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    /// The id of the operator's account.
    pub(crate) operator_id: OperatorId,
    /// The name as the operator gave it.
    pub(crate) name: String,
}

impl Session {
    /// Returns the session stored on this phone, if there is one.
    pub(crate) fn load() -> Option<Self> {
        browser::load_stored(KEY)
    }

    /// Stores this session until [`Session::clear`].
    pub(crate) fn save(&self) {
        browser::store(KEY, self);
    }

    /// Signs out by removing the stored session from this phone.
    pub(crate) fn clear() {
        browser::remove_stored(KEY);
    }

    /// Returns the name and value of the header that authenticates requests.
    pub(crate) fn header(&self) -> (&'static str, String) {
        ("X-Operator-Id", self.operator_id.to_string())
    }
}
