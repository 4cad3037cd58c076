//! API keys: by their hash, what each may do, and what it spent.

use std::time::Duration;

use api_types::{
    AgentId, KeyId, MicroUsd, TaskId, Timestamp,
    agent::{AgentSettings, Tier},
    error::Dialect,
    key::KeyPolicy,
};

use super::{
    Row, StoreError, Tx,
    columns::{json, json_if_any, money, name, parsed, text, time, time_if_any, to_json},
    params,
};

/// The owner of a valid key.
#[derive(Clone, Debug)]
pub struct AuthenticatedAgent {
    /// The agent.
    pub id: AgentId,
    /// Which of its keys.
    pub key_id: KeyId,
    /// What it may do.
    pub tier: Tier,
    /// What the key may spend; none for a key that may do everything.
    pub policy: Option<KeyPolicy>,
    /// The dialect of errors: the key's own, else the agent's.
    pub dialect: Option<Dialect>,
    /// What holds for requests that leave it out.
    pub settings: AgentSettings,
    /// Whether the key's last use should be written down again.
    pub key_use_is_stale: bool,
}

/// A key as it is stored: all but the key.
#[derive(Clone, Debug)]
pub struct StoredKey {
    /// Its id.
    pub id: KeyId,
    /// Its label.
    pub name: String,
    /// What is shown of it.
    pub prefix: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When a request last used it.
    pub last_used_at: Option<Timestamp>,
    /// The dialect of errors that it is answered in.
    pub dialect: Option<Dialect>,
    /// What it may spend; none for a key that may do everything.
    pub policy: Option<KeyPolicy>,
}

/// Adds a key, by its hash.
///
/// # Errors
/// Those of [`Tx::execute`].
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

/// How exactly a key's last use is kept. Writing down every request would cost each a commit.
const LAST_USED_WITHIN: Duration = Duration::from_secs(60);

/// The agent whose active key has this hash.
///
/// # Errors
/// Those of [`Tx::execute`].
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

/// Writes down that a key was used.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn touch(tx: &mut Tx<'_>, id: KeyId, now: Timestamp) -> Result<(), StoreError> {
    tx.send(
        "UPDATE api_key SET last_used_at_ms = $2
         WHERE id = $1 AND (last_used_at_ms IS NULL OR last_used_at_ms < $2)",
        params![id.to_string(), now.as_millis()],
    )
}

/// An agent's active keys, oldest first.
///
/// # Errors
/// Those of [`Tx::execute`].
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

/// Writes what may be changed of a key.
///
/// # Errors
/// Those of [`Tx::execute`].
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

/// Makes other requests by this key that take its turn wait for the end of this transaction, so
/// that what it spent is added up after them. Answers its policy as it stands now; nothing if the
/// key was revoked since the request began.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn take_turn(tx: &mut Tx<'_>, id: KeyId) -> Result<Option<Option<KeyPolicy>>, StoreError> {
    let rows = tx.query(
        "UPDATE api_key SET created_at_ms = created_at_ms
         WHERE id = $1 AND revoked_at_ms IS NULL RETURNING policy",
        &params![id.to_string()],
    )?;
    rows.first()
        .map(|row| json_if_any(row, "policy"))
        .transpose()
}

/// The policy of an active key as it stands now; nothing if the key was revoked.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn policy(tx: &mut Tx<'_>, id: KeyId) -> Result<Option<Option<KeyPolicy>>, StoreError> {
    let row = tx.first(
        "SELECT policy FROM api_key WHERE id = $1 AND revoked_at_ms IS NULL",
        &params![id.to_string()],
    )?;
    row.map(|row| json_if_any(&row, "policy")).transpose()
}

/// Whether a key may still be used.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn is_active(tx: &mut Tx<'_>, id: KeyId) -> Result<bool, StoreError> {
    Ok(policy(tx, id)?.is_some())
}

/// What a key spent since the beginning of a day: rewards and fees of its tasks that were not
/// cancelled, and not simulated.
///
/// # Errors
/// Those of [`Tx::execute`].
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

/// Revokes a key for good; false if the agent has no such active key.
///
/// # Errors
/// Those of [`Tx::execute`].
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
