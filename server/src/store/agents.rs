//! Agents: accounts, deposits, and their activity by day. Their keys are in `keys.rs`.
//!
//! Functions return database errors as [`StoreError`].

use api_types::{
    AgentId, MicroUsd, Timestamp, TransactionId,
    agent::{AgentSettings, RegisterAgent, Tier},
};

use crate::domain::{new_task::DailyUsage, task::ReturnedSpend};
use crate::store::engine::columns::{json, money, name, time, time_if_any, to_json};
use crate::store::engine::folded::folded;
use crate::store::{StoreError, Tx, params};

/// An agent as it is stored.
#[derive(Clone, Debug)]
pub struct StoredAgent {
    /// The agent's id.
    pub id: AgentId,
    /// The agent's name.
    pub name: String,
    /// The e-mail address of its owner.
    pub email: String,
    /// When that address was verified.
    pub email_verified_at: Option<Timestamp>,
    /// The company for which it works.
    pub company: Option<String>,
    /// The tier, which limits what it may do.
    pub tier: Tier,
    /// Defaults for what a request leaves out.
    pub settings: AgentSettings,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// A deposit to be credited.
#[derive(Clone, Debug)]
pub struct NewDeposit {
    /// The deposit's id.
    pub id: TransactionId,
    /// The agent that paid it.
    pub agent_id: AgentId,
    /// The blockchain of the transaction.
    pub chain: &'static str,
    /// The hash of the transaction.
    pub tx_hash: String,
    /// The amount to credit.
    pub amount: MicroUsd,
    /// When it was reported.
    pub at: Timestamp,
}

/// Inserts an agent. Returns false if its e-mail address has an account already.
pub fn insert(
    tx: &mut Tx<'_>,
    id: AgentId,
    stated: &RegisterAgent,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let inserted = tx.execute(
        "INSERT INTO agent (id, name, email, company, tier, created_at_ms, name_folded)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (email) DO NOTHING",
        &params![
            id.to_string(),
            &stated.name,
            &stated.email,
            stated.company.as_deref(),
            Tier::Sandbox.as_str(),
            now.as_millis(),
            folded(&stated.name),
        ],
    )?;
    Ok(inserted == 1)
}

/// Returns the agent with this id, or `None` if there is none.
pub fn get(tx: &mut Tx<'_>, id: AgentId) -> Result<Option<StoredAgent>, StoreError> {
    let row = tx.first(
        "SELECT name, email, email_verified_at_ms, company, tier, settings, created_at_ms
         FROM agent WHERE id = $1",
        &params![id.to_string()],
    )?;
    row.map(|row| {
        Ok(StoredAgent {
            id,
            name: row.get("name")?,
            email: row.get("email")?,
            email_verified_at: time_if_any(&row, "email_verified_at_ms")?,
            company: row.get("company")?,
            tier: name(&row, "tier", Tier::parse)?,
            settings: json(&row, "settings")?,
            created_at: time(&row, "created_at_ms")?,
        })
    })
    .transpose()
}

/// Updates what an agent may change of itself.
pub fn update(tx: &mut Tx<'_>, agent: &StoredAgent) -> Result<(), StoreError> {
    tx.send(
        "UPDATE agent SET name = $2, company = $3, settings = $4, name_folded = $5 WHERE id = $1",
        params![
            agent.id.to_string(),
            &agent.name,
            agent.company.as_deref(),
            to_json(&agent.settings, "settings")?,
            folded(&agent.name),
        ],
    )
}

/// Locks the agent's row to the end of this transaction. Other transactions that lock it wait, so
/// what this one counts stays true until it is written.
pub fn lock_row(tx: &mut Tx<'_>, id: AgentId) -> Result<(), StoreError> {
    tx.send(
        "UPDATE agent SET created_at_ms = created_at_ms WHERE id = $1",
        params![id.to_string()],
    )
}

/// Inserts a credited deposit. Returns false if its transaction was reported before.
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

/// Adds a deposit to the sum of an agent's deposits, and raises its tier to STANDARD once the sum
/// reaches `standard_min`.
pub fn add_deposited(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    amount: MicroUsd,
    standard_min: MicroUsd,
) -> Result<(), StoreError> {
    tx.send(
        "UPDATE agent SET deposited_micros = deposited_micros + $2,
             tier = CASE WHEN deposited_micros + $2 >= $3 THEN 'STANDARD' ELSE tier END
         WHERE id = $1",
        params![
            agent_id.to_string(),
            amount.as_micros(),
            standard_min.as_micros()
        ],
    )
}

/// Returns an agent's name and e-mail address, or `None` if there is no such agent.
pub fn contact(tx: &mut Tx<'_>, id: AgentId) -> Result<Option<(String, String)>, StoreError> {
    let row = tx.first(
        "SELECT name, email FROM agent WHERE id = $1",
        &params![id.to_string()],
    )?;
    row.map(|row| Ok((row.get("name")?, row.get("email")?)))
        .transpose()
}

/// An agent's recent activity. Days are UTC days since 1970.
#[derive(Clone, Copy, Debug, Default)]
pub struct Activity {
    /// The real tasks of the day, and what the agent spent on them.
    pub today: DailyUsage,
    /// Number of simulated tasks of the day.
    pub sandbox_tasks: u32,
    /// The amount that it spent from the earlier day on, including that day.
    pub spent: MicroUsd,
}

/// Returns an agent's activity on `day`, and what it spent from the earlier day `since` on.
pub fn activity(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    day: i64,
    since: i64,
) -> Result<Activity, StoreError> {
    let row = tx.first(
        "SELECT CAST(COALESCE(SUM(spent_micros), 0) AS BIGINT) AS spent_since,
             COALESCE(MAX(CASE WHEN day = $3 THEN tasks END), 0) AS tasks,
             COALESCE(MAX(CASE WHEN day = $3 THEN sandbox_tasks END), 0) AS sandbox_tasks,
             COALESCE(MAX(CASE WHEN day = $3 THEN spent_micros END), 0) AS spent_micros
         FROM agent_day WHERE agent_id = $1 AND day >= $2",
        &params![agent_id.to_string(), since, day],
    )?;
    let Some(row) = row else {
        return Ok(Activity::default());
    };
    let tasks = |column| Ok(u32::try_from(row.get::<i64>(column)?).unwrap_or(u32::MAX));
    Ok(Activity {
        today: DailyUsage {
            tasks: tasks("tasks")?,
            spent: money(&row, "spent_micros")?,
        },
        sandbox_tasks: tasks("sandbox_tasks")?,
        spent: money(&row, "spent_since")?,
    })
}

/// Counts a simulated task on its day. Returns false if that would exceed the limit. It spends
/// nothing.
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

/// Counts a posted task and its cost on its day. Returns false if that would exceed the limits. The
/// statement is conditional, so that two concurrent posts cannot both use the last of the quota.
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

/// Subtracts what a refund returns from the spending of the day on which its task was posted.
pub(super) fn return_spend(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    returned: ReturnedSpend,
) -> Result<(), StoreError> {
    tx.send(
        "UPDATE agent_day SET spent_micros = spent_micros - $3
         WHERE agent_id = $1 AND day = $2 AND spent_micros >= $3",
        params![
            agent_id.to_string(),
            returned.day,
            returned.amount.as_micros()
        ],
    )
}
