//! API keys: found by their hash, with what each may do and what it spent.
//!
//! Functions return database errors as [`StoreError`].

use std::time::Duration;

use api_types::{
    AgentId, KeyId, MicroUsd, TaskId, Timestamp,
    agent::{AgentSettings, Tier},
    error::Dialect,
    key::KeyPolicy,
};

use crate::store::engine::columns::{
    json, json_if_any, money, name, parsed, text, time, time_if_any, to_json,
};
use crate::store::{Row, StoreError, Tx, params};

/// The agent to which a valid key belongs, and the key.
#[derive(Clone, Debug)]
pub struct AuthenticatedAgent {
    /// The agent's id.
    pub id: AgentId,
    /// The id of the key that was used.
    pub key_id: KeyId,
    /// The agent's tier, which limits what it may do.
    pub tier: Tier,
    /// The spending policy of the key; `None` for a key that may do everything.
    pub policy: Option<KeyPolicy>,
    /// The dialect of errors: the key's own, otherwise the agent's.
    pub dialect: Option<Dialect>,
    /// Defaults for what a request leaves out.
    pub settings: AgentSettings,
    /// Whether the stored time of the key's last use should be updated.
    pub key_use_is_stale: bool,
}

/// A key as it is stored, without the key itself.
#[derive(Clone, Debug)]
pub struct StoredKey {
    /// The key's id.
    pub id: KeyId,
    /// The key's label.
    pub name: String,
    /// The beginning of the key, which may be shown.
    pub prefix: String,
    /// When the key was made.
    pub created_at: Timestamp,
    /// When a request last used it.
    pub last_used_at: Option<Timestamp>,
    /// The dialect of errors for requests with this key, if it has its own.
    pub dialect: Option<Dialect>,
    /// The spending policy of the key; `None` for a key that may do everything.
    pub policy: Option<KeyPolicy>,
}

/// Inserts a key by its hash.
pub fn insert(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    key: &StoredKey,
    hash: &str,
) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO api_key (id, agent_id, name, prefix, hash, created_at_ms, dialect, policy)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![
            key.id.to_string(),
            agent_id.to_string(),
            &key.name,
            &key.prefix,
            hash,
            key.created_at.as_millis(),
            key.dialect.map(Dialect::as_str),
            policy_json(key.policy.as_ref())?,
        ],
    )
}

/// The precision to which a key's last use is stored. Storing it for every request would cost each
/// request a commit.
const LAST_USED_WITHIN: Duration = Duration::from_secs(60);

/// Returns the agent whose active key has this hash, or `None` if there is no such key.
pub fn authenticate(
    tx: &mut Tx<'_>,
    key_hash: &str,
    now: Timestamp,
) -> Result<Option<AuthenticatedAgent>, StoreError> {
    let row = tx.first(
        "SELECT agent.id AS agent_id, agent.tier AS tier, agent.settings AS settings,
                api_key.id AS key_id, api_key.last_used_at_ms AS last_used_at_ms,
                api_key.policy AS policy, api_key.dialect AS dialect
         FROM api_key JOIN agent ON agent.id = api_key.agent_id
         WHERE api_key.hash = $1 AND api_key.revoked_at_ms IS NULL",
        &params![key_hash],
    )?;
    row.map(|row| {
        let settings: AgentSettings = json(&row, "settings")?;
        Ok(AuthenticatedAgent {
            id: text(&row, "agent_id")?,
            key_id: text(&row, "key_id")?,
            tier: name(&row, "tier", Tier::parse)?,
            policy: json_if_any(&row, "policy")?,
            dialect: dialect(&row)?.or(settings.dialect),
            settings,
            key_use_is_stale: time_if_any(&row, "last_used_at_ms")?
                .is_none_or(|used| used < now.before(LAST_USED_WITHIN)),
        })
    })
    .transpose()
}

/// Stores the time at which a key was used.
pub fn record_use(tx: &mut Tx<'_>, id: KeyId, now: Timestamp) -> Result<(), StoreError> {
    tx.send(
        "UPDATE api_key SET last_used_at_ms = $2
         WHERE id = $1 AND (last_used_at_ms IS NULL OR last_used_at_ms < $2)",
        params![id.to_string(), now.as_millis()],
    )
}

/// Returns an agent's active keys, oldest first.
pub fn of_agent(tx: &mut Tx<'_>, agent_id: AgentId) -> Result<Vec<StoredKey>, StoreError> {
    let rows = tx.query(
        "SELECT id, name, prefix, created_at_ms, last_used_at_ms, dialect, policy FROM api_key
         WHERE agent_id = $1 AND revoked_at_ms IS NULL ORDER BY id",
        &params![agent_id.to_string()],
    )?;
    rows.iter().map(stored_key).collect()
}

fn stored_key(row: &Row) -> Result<StoredKey, StoreError> {
    Ok(StoredKey {
        id: text(row, "id")?,
        name: row.get("name")?,
        prefix: row.get("prefix")?,
        created_at: time(row, "created_at_ms")?,
        last_used_at: time_if_any(row, "last_used_at_ms")?,
        dialect: dialect(row)?,
        policy: json_if_any(row, "policy")?,
    })
}

fn dialect(row: &Row) -> Result<Option<Dialect>, StoreError> {
    let name: Option<String> = row.get("dialect")?;
    name.map(|name| parsed(Dialect::parse(&name), "dialect"))
        .transpose()
}

fn policy_json(policy: Option<&KeyPolicy>) -> Result<Option<String>, StoreError> {
    policy.map(|policy| to_json(policy, "policy")).transpose()
}

/// Updates what may be changed of a key.
pub fn update(tx: &mut Tx<'_>, key: &StoredKey) -> Result<(), StoreError> {
    tx.send(
        "UPDATE api_key SET name = $2, dialect = $3, policy = $4 WHERE id = $1",
        params![
            key.id.to_string(),
            &key.name,
            key.dialect.map(Dialect::as_str),
            policy_json(key.policy.as_ref())?,
        ],
    )
}

/// Locks the key's row to the end of this transaction. Other requests by this key that lock it
/// wait, so that they see what this one spent. Returns the key's current policy, or `None` if the
/// key was revoked since the request began.
pub fn lock_row(tx: &mut Tx<'_>, id: KeyId) -> Result<Option<Option<KeyPolicy>>, StoreError> {
    let rows = tx.query(
        "UPDATE api_key SET created_at_ms = created_at_ms
         WHERE id = $1 AND revoked_at_ms IS NULL RETURNING policy",
        &params![id.to_string()],
    )?;
    rows.first()
        .map(|row| json_if_any(row, "policy"))
        .transpose()
}

/// Returns the current policy of an active key, or `None` if the key was revoked.
pub fn policy(tx: &mut Tx<'_>, id: KeyId) -> Result<Option<Option<KeyPolicy>>, StoreError> {
    let row = tx.first(
        "SELECT policy FROM api_key WHERE id = $1 AND revoked_at_ms IS NULL",
        &params![id.to_string()],
    )?;
    row.map(|row| json_if_any(&row, "policy")).transpose()
}

/// Returns whether a key may still be used.
pub fn is_active(tx: &mut Tx<'_>, id: KeyId) -> Result<bool, StoreError> {
    Ok(policy(tx, id)?.is_some())
}

/// Returns what a key spent since the beginning of a day: rewards and fees of its tasks that were
/// neither cancelled nor simulated.
pub fn spent_since(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    id: KeyId,
    since: Timestamp,
) -> Result<MicroUsd, StoreError> {
    // Ids sort by creation, so the agent's index is read from the day's first possible id on.
    let row = tx.first(
        "SELECT CAST(COALESCE(SUM(reward_micros + fee_micros), 0) AS BIGINT) AS spent FROM task
         WHERE agent_id = $1 AND id >= $2 AND key_id = $3 AND status <> 'CANCELLED'
             AND sandbox = 0",
        &params![
            agent_id.to_string(),
            TaskId::new(since, 0).to_string(),
            id.to_string(),
        ],
    )?;
    row.map_or(Ok(MicroUsd::ZERO), |row| money(&row, "spent"))
}

/// Revokes a key for good. Returns false if the agent has no such active key.
pub fn revoke(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    id: KeyId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let revoked = tx.execute(
        "UPDATE api_key SET revoked_at_ms = $3
         WHERE id = $1 AND agent_id = $2 AND revoked_at_ms IS NULL",
        &params![id.to_string(), agent_id.to_string(), now.as_millis()],
    )?;
    Ok(revoked == 1)
}
