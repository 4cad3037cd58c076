//! API keys: what is shown of them, and what each may spend (contract §2, §3, S1).

use serde::{Deserialize, Serialize};

use crate::{KeyId, MicroUsd, Timestamp, error::Dialect, task::TaskType};

/// POST /agents/keys.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateKey {
    /// A label of 1 to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 100, example = "ci-pipeline"))]
    pub name: Option<String>,
    /// The dialect of errors that the key is answered in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<Dialect>,
    /// What the key may spend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<KeyPolicy>,
}

/// PATCH /agents/keys/:id. What is left out stays; null removes a dialect or a policy.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ChangeKey {
    /// A label of 1 to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100))]
    pub name: Option<String>,
    /// The dialect of errors that the key is answered in.
    #[serde(default)]
    pub dialect: Option<Dialect>,
    /// What the key may spend, in place of all that held before.
    #[serde(default)]
    pub policy: Option<KeyPolicy>,
}

/// What a key may spend. Amounts are reward and fee together; null or left out means no limit.
///
/// A key with a policy, even an empty one, manages nothing: it makes, changes and revokes no other
/// key, decides no approval and does not change the account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct KeyPolicy {
    /// On one task.
    #[serde(default)]
    pub max_task_usd: Option<MicroUsd>,
    /// In one UTC day.
    #[serde(default)]
    pub max_day_usd: Option<MicroUsd>,
    /// On these kinds of work alone.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(min_items = 1))]
    pub task_types: Option<Vec<TaskType>>,
    /// On a task above this only after a person has approved it.
    #[serde(default)]
    pub approval_above_usd: Option<MicroUsd>,
}

/// The answer to POST /agents/keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedKey {
    /// The key's id, for revoking it.
    pub id: KeyId,
    /// Shown this once; left out when the answer is repeated for an idempotency key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// What is shown of the key from now on.
    pub key_prefix: String,
    /// Its label.
    pub name: String,
    /// What it may spend, where that was stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<KeyPolicy>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// GET /agents/keys. S1 and the contract spell three fields differently; both are served.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyList {
    /// Active keys, oldest first.
    pub data: Vec<KeyItem>,
}

/// One active key, without its secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyItem {
    /// For revoking it.
    pub id: KeyId,
    /// Its label.
    pub name: String,
    /// `ho_live_`, twelve characters and two dots.
    pub key_prefix: String,
    /// When a request last used it.
    pub last_used_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The dialect of errors that it is answered in; null leaves it to the agent's settings.
    #[serde(default)]
    pub dialect: Option<Dialect>,
    /// What it may spend; null for a key that may do everything.
    #[serde(default)]
    pub policy: Option<KeyPolicy>,
    /// `key_prefix`, as S1 spells it.
    #[serde(rename = "keyPrefix")]
    pub key_prefix_s1: String,
    /// `last_used_at`, as S1 spells it.
    #[serde(rename = "lastUsed")]
    pub last_used_s1: Option<Timestamp>,
    /// `created_at`, as S1 spells it.
    #[serde(rename = "createdAt")]
    pub created_at_s1: Timestamp,
}

/// The answer to DELETE /agents/keys/:id.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RevokedKey {
    /// Always true.
    pub revoked: bool,
}
