//! Typed ids: a prefix that names the resource and a ULID that sorts by creation time (contract
//! §1).
//!
//! Callers pass in the time and the random bytes; this module reads no clock and no random source.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize, de::Error as _};
use ulid::Ulid;

use crate::time::Timestamp;

/// The error for a text that is not an id of the expected type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdError {
    /// The expected prefix, including its underscore.
    pub prefix: &'static str,
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "must be an id that begins with {}", self.prefix)
    }
}

impl std::error::Error for IdError {}

/// Parses an id, and accepts only its canonical spelling: a lower-case variant would be a second
/// name for the same resource.
fn parse_ulid(prefix: &str, text: &str) -> Option<Ulid> {
    let text = text.strip_prefix(prefix)?;
    let ulid = Ulid::from_string(text).ok()?;
    (ulid.to_string() == text).then_some(ulid)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Ulid);

        impl $name {
            /// The prefix of every id of this type.
            pub const PREFIX: &'static str = $prefix;

            /// Returns the id of a resource created at `now`. The low 80 bits of `random`
            /// distinguish ids created in the same millisecond.
            pub fn new(now: Timestamp, random: u128) -> Self {
                Self(Ulid::from_parts(now.as_millis().unsigned_abs(), random))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $prefix, self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse_ulid($prefix, text).map(Self).ok_or(IdError { prefix: $prefix })
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = crate::strings::deserialize_string(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some(concat!("^", $prefix, "[0-7][0-9A-HJKMNP-TV-Z]{25}$")))
                    .examples([concat!($prefix, "01KB0000000000000000000000")])
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
    )*};
}

ids! {
    /// The id of an agent account.
    AgentId = "ag_";
    /// The id of an operator account.
    OperatorId = "op_";
    /// The id of a person who signs in, with or without an operator account: the `sub` of tokens.
    SubjectId = "sub_";
    /// The id of a session on one device: the `sid` of our tokens.
    SessionId = "ses_";
    /// The id of a passkey; not the id that its authenticator gave it.
    PasskeyId = "passkey_";
    /// The id of an API key; never the key itself.
    KeyId = "key_";
    /// The id of a request that waits for a person's approval.
    ApprovalId = "apr_";
    /// The id of a task.
    TaskId = "task_";
    /// The id of a deposit.
    TransactionId = "txn_";
    /// The id of a payout.
    PayoutId = "payout_";
    /// The id of an uploaded proof file.
    UploadId = "upl_";
    /// The id of a message between an agent and an operator.
    MessageId = "msg_";
    /// The id of a dispute over a task.
    DisputeId = "dsp_";
    /// The id of a task's event; equal to the `webhook-id` of its delivery.
    EventId = "evt_";
    /// The id of the delivery of an event to a callback.
    DeliveryId = "whd_";
    /// The id of an audit log entry.
    AuditId = "aud_";
    /// The id of a request; printed in its response, its error and the log.
    RequestId = "req_";
}

impl SubjectId {
    /// Returns the bits of the id, for the user handle of passkeys. They are random apart from the
    /// time at which the person first signed in.
    pub const fn to_bits(self) -> u128 {
        self.0.0
    }
}

impl EventId {
    /// Returns the id of the delivery of this event. An event has at most one delivery.
    pub const fn delivery_id(self) -> DeliveryId {
        DeliveryId(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_own_text() {
        let id = TaskId::new(Timestamp::from_millis(1_770_000_000_000).unwrap(), 7);
        assert_eq!(id.to_string().parse::<TaskId>().unwrap(), id);
        assert_eq!(id.to_string().len(), "task_".len() + 26);
    }

    #[test]
    fn ids_sort_by_creation() {
        let at = |ms, random| TaskId::new(Timestamp::from_millis(ms).unwrap(), random);
        assert!(at(1, u128::MAX).to_string() < at(2, 0).to_string());
    }

    #[test]
    fn another_nouns_id_is_refused() {
        let id = OperatorId::new(Timestamp::from_millis(1).unwrap(), u128::MAX).to_string();
        assert!(id.parse::<TaskId>().is_err());
        assert!(id.to_lowercase().parse::<OperatorId>().is_err());
        assert!("op_".parse::<OperatorId>().is_err());
    }
}
