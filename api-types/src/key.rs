//! API keys: how they are created, changed and listed, and what each may spend.

use serde::{Deserialize, Serialize};

use crate::{
    bounds::bounds, error::Dialect, id::KeyId, money::MicroUsd, task_type::TaskType,
    time::Timestamp,
};

/// Maximum number of characters in a key's label.
pub const KEY_NAME_CHARS_MAX: usize = 100;

/// The request body of POST /agents/keys.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateKey {
    /// A label of 1 to 100 characters, shown in lists of keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "ci-pipeline"))]
    pub name: Option<String>,
    /// The error dialect of responses to this key; the agent's setting if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<Dialect>,
    /// The spending policy of the key; a key without one may do everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<KeyPolicy>,
}

bounds! {
    CreateKey {
        name: Chars(1..=KEY_NAME_CHARS_MAX),
    }
}

/// The request body of PATCH /agents/keys/:id. A field that is left out stays unchanged; null
/// removes a dialect or a policy.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ChangeKey {
    /// A label of 1 to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The error dialect of responses to this key; null means the agent's setting.
    #[serde(default)]
    pub dialect: Option<Dialect>,
    /// The spending policy of the key; replaces the previous one as a whole.
    #[serde(default)]
    pub policy: Option<KeyPolicy>,
}

bounds! {
    ChangeKey {
        name: Chars(1..=KEY_NAME_CHARS_MAX),
    }
}

/// What a key may spend. Amounts are reward and fee together; null or a field that is left out
/// means no limit.
///
/// A key with a policy, even an empty one, has no administrative rights: it cannot create, change
/// or revoke other keys, decide on an approval or change the account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct KeyPolicy {
    /// Maximum amount of one task, in US dollars.
    #[serde(default)]
    pub max_task_usd: Option<MicroUsd>,
    /// Maximum sum in one UTC day, in US dollars.
    #[serde(default)]
    pub max_day_usd: Option<MicroUsd>,
    /// The only task types that the key may post, 1 to 13 of them.
    #[serde(default)]
    pub task_types: Option<Vec<TaskType>>,
    /// Amount of one task, in US dollars, above which a person must approve it.
    #[serde(default)]
    pub approval_above_usd: Option<MicroUsd>,
}

bounds! {
    KeyPolicy {
        task_types: Items(1..=TaskType::ALL.len()),
    }
}

/// The response to POST /agents/keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedKey {
    /// The key's id, for changing and revoking it.
    pub id: KeyId,
    /// The API key. Shown only once, and left out of a replayed response for an idempotency key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// The beginning of the key, which later responses show.
    pub key_prefix: String,
    /// The key's label.
    pub name: String,
    /// The key's spending policy, if one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<KeyPolicy>,
    /// When the key was created.
    pub created_at: Timestamp,
}

/// The response to GET /agents/keys. Three fields have two spellings, and both are served.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyList {
    /// All active keys of the agent, oldest first.
    pub data: Vec<KeyItem>,
}

/// An active key, without its secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyItem {
    /// The key's id, for changing and revoking it.
    pub id: KeyId,
    /// The key's label.
    pub name: String,
    /// The beginning of the key: `ho_live_`, twelve characters and two dots.
    pub key_prefix: String,
    /// When a request last used the key; null until the first one.
    pub last_used_at: Option<Timestamp>,
    /// When the key was created.
    pub created_at: Timestamp,
    /// The error dialect of responses to this key; null means the agent's setting.
    #[serde(default)]
    pub dialect: Option<Dialect>,
    /// The key's spending policy; null for a key that may do everything.
    #[serde(default)]
    pub policy: Option<KeyPolicy>,
    /// The same value as `key_prefix`, for clients that read this spelling.
    #[serde(rename = "keyPrefix")]
    pub key_prefix_camel: String,
    /// The same value as `last_used_at`, for clients that read this spelling.
    #[serde(rename = "lastUsed")]
    pub last_used_camel: Option<Timestamp>,
    /// The same value as `created_at`, for clients that read this spelling.
    #[serde(rename = "createdAt")]
    pub created_at_camel: Timestamp,
}

/// The response to DELETE /agents/keys/:id.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RevokedKey {
    /// Always `true` in this response.
    pub revoked: bool,
}
