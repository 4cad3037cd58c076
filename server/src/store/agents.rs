//! Agents: accounts, keys, deposits, and what they did on which day.

use std::time::Duration;

use api_types::{
    AgentId, KeyId, MicroUsd, Timestamp, TransactionId,
    agent::{RegisterAgent, Tier},
};

use super::{
    Row, StoreError, Tx,
    columns::{money, name, text, time, time_if_any},
    params,
};
use crate::domain::new_task::Today;

/// The owner of a valid key.
#[derive(Clone, Copy, Debug)]
pub struct AuthenticatedAgent {
    /// The agent.
    pub id: AgentId,
    /// Which of its keys.
    pub key_id: KeyId,
    /// What it may do.
    pub tier: Tier,
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
}

/// A deposit to be credited.
#[derive(Clone, Debug)]
pub struct NewDeposit {
    /// Its id.
    pub id: TransactionId,
    /// Whose.
    pub agent_id: AgentId,
    /// Where the transaction is.
    pub chain: &'static str,
    /// Which it is.
    pub tx_hash: String,
    /// How much.
    pub amount: MicroUsd,
    /// When it was reported.
    pub at: Timestamp,
}

/// Adds an agent; false if its e-mail has an account already.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn insert(
    tx: &mut Tx<'_>,
    id: AgentId,
    stated: &RegisterAgent,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let inserted = tx.execute(
        "INSERT INTO agent (id, name, email, company, tier, created_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (email) DO NOTHING",
        &params![
            id.to_string(),
            &stated.name,
            &stated.email,
            stated.company.as_deref(),
            Tier::Sandbox.as_str(),
            now.as_millis(),
        ],
    )?;
    Ok(inserted == 1)
}

/// Adds a key, by its hash.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn insert_key(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    key: &StoredKey,
    hash: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO api_key (id, agent_id, name, prefix, hash, created_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6)",
        &params![
            key.id.to_string(),
            agent_id.to_string(),
            &key.name,
            &key.prefix,
            hash,
            key.created_at.as_millis(),
        ],
    )
    .map(drop)
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
        "SELECT agent.id AS agent_id, agent.tier AS tier, api_key.id AS key_id,
                api_key.last_used_at_ms AS last_used_at_ms
         FROM api_key JOIN agent ON agent.id = api_key.agent_id
         WHERE api_key.hash = $1 AND api_key.revoked_at_ms IS NULL",
        &params![key_hash],
    )?;
    row.map(|row| {
        Ok(AuthenticatedAgent {
            id: text(&row, "agent_id")?,
            key_id: text(&row, "key_id")?,
            tier: name(&row, "tier", tier)?,
            key_use_is_stale: time_if_any(&row, "last_used_at_ms")?
                .is_none_or(|used| used < now.before(LAST_USED_WITHIN)),
        })
    })
    .transpose()
}

fn tier(name: &str) -> Option<Tier> {
    [Tier::Sandbox, Tier::Verified, Tier::Standard]
        .into_iter()
        .find(|tier| tier.as_str() == name)
}

/// Whether a key may still be used.
///
/// # Errors
/// Those of [`Tx::query`].
pub fn key_is_active(tx: &mut Tx<'_>, id: KeyId) -> Result<bool, StoreError> {
    let row = tx.first(
        "SELECT 1 AS there FROM api_key WHERE id = $1 AND revoked_at_ms IS NULL",
        &params![id.to_string()],
    )?;
    Ok(row.is_some())
}

/// Writes down that a key was used.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn touch_key(tx: &mut Tx<'_>, id: KeyId, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE api_key SET last_used_at_ms = $2
         WHERE id = $1 AND (last_used_at_ms IS NULL OR last_used_at_ms < $2)",
        &params![id.to_string(), now.as_millis()],
    )
    .map(drop)
}

/// An agent's active keys, oldest first.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn keys(tx: &mut Tx<'_>, agent_id: AgentId) -> Result<Vec<StoredKey>, StoreError> {
    let rows = tx.query(
        "SELECT id, name, prefix, created_at_ms, last_used_at_ms FROM api_key
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
    })
}

/// Revokes a key for good; false if the agent has no such active key.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn revoke_key(
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

/// Writes down a credited deposit; false if its transaction was reported before.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn insert_deposit(tx: &mut Tx<'_>, deposit: &NewDeposit) -> Result<bool, StoreError> {
    let inserted = tx.execute(
        "INSERT INTO deposit (id, agent_id, chain, tx_hash, amount_micros, status, created_at_ms)
         VALUES ($1, $2, $3, $4, $5, 'confirmed', $6) ON CONFLICT (chain, tx_hash) DO NOTHING",
        &params![
            deposit.id.to_string(),
            deposit.agent_id.to_string(),
            deposit.chain,
            &deposit.tx_hash,
            deposit.amount.as_micros(),
            deposit.at.as_millis(),
        ],
    )?;
    Ok(inserted == 1)
}

/// Adds a deposit to all that an agent ever paid in, and lifts it to STANDARD from
/// `standard_min` on.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn add_deposited(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    amount: MicroUsd,
    standard_min: MicroUsd,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE agent SET deposited_micros = deposited_micros + $2,
             tier = CASE WHEN deposited_micros + $2 >= $3 THEN 'STANDARD' ELSE tier END
         WHERE id = $1",
        &params![
            agent_id.to_string(),
            amount.as_micros(),
            standard_min.as_micros()
        ],
    )
    .map(drop)
}

/// An agent's name and e-mail.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn contact(tx: &mut Tx<'_>, id: AgentId) -> Result<Option<(String, String)>, StoreError> {
    let row = tx.first(
        "SELECT name, email FROM agent WHERE id = $1",
        &params![id.to_string()],
    )?;
    row.map(|row| Ok((row.get("name")?, row.get("email")?)))
        .transpose()
}

/// What an agent did on a UTC day, in days since 1970.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn on_day(tx: &mut Tx<'_>, agent_id: AgentId, day: i64) -> Result<Today, StoreError> {
    let row = tx.first(
        "SELECT tasks, spent_micros FROM agent_day WHERE agent_id = $1 AND day = $2",
        &params![agent_id.to_string(), day],
    )?;
    row.map_or(Ok(Today::default()), |row| {
        let tasks = u32::try_from(row.get::<i64>("tasks")?).unwrap_or(u32::MAX);
        Ok(Today {
            tasks,
            spent: money(&row, "spent_micros")?,
        })
    })
}

/// How many simulated tasks an agent posted on a UTC day, in days since 1970.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn sandbox_tasks_on_day(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    day: i64,
) -> Result<u32, StoreError> {
    let row = tx.first(
        "SELECT sandbox_tasks FROM agent_day WHERE agent_id = $1 AND day = $2",
        &params![agent_id.to_string(), day],
    )?;
    let tasks: i64 = row.map_or(Ok(0), |row| row.get("sandbox_tasks"))?;
    Ok(u32::try_from(tasks).unwrap_or(u32::MAX))
}

/// Counts a simulated task on its day, unless that leaves the limit. It spends nothing.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn count_sandbox_task(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    day: i64,
    most: u32,
) -> Result<bool, StoreError> {
    let counted = tx.execute(
        "INSERT INTO agent_day (agent_id, day, tasks, spent_micros, sandbox_tasks)
         VALUES ($1, $2, 0, 0, 1)
         ON CONFLICT (agent_id, day) DO UPDATE
         SET sandbox_tasks = agent_day.sandbox_tasks + 1 WHERE agent_day.sandbox_tasks < $3",
        &params![agent_id.to_string(), day, i64::from(most)],
    )?;
    Ok(counted == 1)
}

/// What an agent spent from a day on.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn spent_since(tx: &mut Tx<'_>, agent_id: AgentId, day: i64) -> Result<MicroUsd, StoreError> {
    let row = tx.first(
        "SELECT CAST(COALESCE(SUM(spent_micros), 0) AS BIGINT) AS spent_micros FROM agent_day
         WHERE agent_id = $1 AND day >= $2",
        &params![agent_id.to_string(), day],
    )?;
    row.map_or(Ok(MicroUsd::ZERO), |row| money(&row, "spent_micros"))
}

/// Counts a posted task and its cost on its day, unless that leaves the limits. Conditional, so
/// that two posts at once cannot both take the last place.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn count_task(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    day: i64,
    total: MicroUsd,
    limits: api_types::agent::TierLimits,
) -> Result<bool, StoreError> {
    let counted = tx.execute(
        "INSERT INTO agent_day (agent_id, day, tasks, spent_micros) VALUES ($1, $2, 1, $3)
         ON CONFLICT (agent_id, day) DO UPDATE
         SET tasks = agent_day.tasks + 1, spent_micros = agent_day.spent_micros + $3
         WHERE agent_day.tasks < $4 AND agent_day.spent_micros + $3 <= $5",
        &params![
            agent_id.to_string(),
            day,
            total.as_micros(),
            i64::from(limits.max_daily_tasks),
            limits.max_daily_spend.as_micros(),
        ],
    )?;
    Ok(counted == 1)
}

/// Takes the cost of a cancelled task off the day on which it was posted.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn uncount_spend(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    day: i64,
    total: MicroUsd,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE agent_day SET spent_micros = spent_micros - $3
         WHERE agent_id = $1 AND day = $2 AND spent_micros >= $3",
        &params![agent_id.to_string(), day, total.as_micros()],
    )
    .map(drop)
}
