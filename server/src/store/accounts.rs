//! Accounts as the host sees them: operators with the state of their identity check, and agents
//! with their balances.
//!
//! Functions return database errors as [`StoreError`].

use api_types::{
    AgentId, OperatorId, Timestamp,
    agent::Tier,
    host::{AgentRecord, OperatorRecord},
    operator::KycStatus,
};

use crate::store::engine::columns::{json, money, name, text, time, time_if_any};
use crate::store::engine::folded::containing;
use crate::store::search::{KeyOrder, Listing, PageOfRows, PageWindow, Search};
use crate::store::{Row, StoreError, Tx, params};

/// The list of operators: newest first.
const OPERATORS: Listing = Listing {
    columns: "operator.id AS id, name, COALESCE(unconfirmed_email, email) AS email, phone, city,
        country, skills, kyc_status, kyc_decided_at_ms, kyc_note, created_at_ms,
        COALESCE(account.balance_micros, 0) AS pending_micros",
    joins: "LEFT JOIN account ON account.id = 'pending:' || operator.id",
    key: "operator.id",
    order: KeyOrder::NewestFirst,
};

/// The list of agents: newest first.
const AGENTS: Listing = Listing {
    columns: "agent.id AS id, name, email, company, tier, deposited_micros, created_at_ms,
        COALESCE(account.balance_micros, 0) AS balance_micros,
        (SELECT COUNT(*) FROM task WHERE task.agent_id = agent.id) AS tasks,
        (SELECT COUNT(*) FROM api_key
         WHERE api_key.agent_id = agent.id AND api_key.revoked_at_ms IS NULL) AS active_keys",
    joins: "LEFT JOIN account ON account.id = 'deposit:' || agent.id",
    key: "agent.id",
    order: KeyOrder::NewestFirst,
};

/// Narrows a search to accounts with a text in their name or in their e-mail address, which is
/// stored in lower case. What an older server wrote during a roll-out is not folded yet.
fn filter_by_name_or_email(search: &mut Search, text: Option<&str>) {
    if let Some(text) = text {
        let pattern = search.bind(containing(text));
        search.require(&format!(
            "(COALESCE(name_folded, LOWER(name)) LIKE {pattern} ESCAPE '\\'
             OR email LIKE {pattern} ESCAPE '\\')"
        ));
    }
}

/// Returns a page of operators, newest first, by the state of their identity check and by a part of
/// the name or e-mail address.
pub fn operators(
    tx: &mut Tx<'_>,
    kyc: Option<KycStatus>,
    text: Option<&str>,
    window: PageWindow<OperatorId>,
) -> Result<PageOfRows<OperatorRecord>, StoreError> {
    // The synthetic operator of the sandbox is not a person.
    let mut search = Search::with("operator", "created_at_ms > 0");
    search.filter("kyc_status = ", kyc.map(KycStatus::as_str));
    filter_by_name_or_email(&mut search, text);
    search.page(tx, &OPERATORS, window, operator_record)
}

/// Returns the operator with this id, or `None` if there is none.
pub fn operator(tx: &mut Tx<'_>, id: OperatorId) -> Result<Option<OperatorRecord>, StoreError> {
    Search::of("operator", "operator.id = ", id).one(tx, &OPERATORS, operator_record)
}

fn operator_record(row: &Row) -> Result<OperatorRecord, StoreError> {
    Ok(OperatorRecord {
        operator_id: text(row, "id")?,
        name: row.get("name")?,
        email: row.get("email")?,
        phone: row.get("phone")?,
        city: row.get("city")?,
        country: row.get("country")?,
        skills: json(row, "skills")?,
        kyc_status: name(row, "kyc_status", KycStatus::parse)?,
        kyc_decided_at: time_if_any(row, "kyc_decided_at_ms")?,
        kyc_note: row.get("kyc_note")?,
        pending_balance: money(row, "pending_micros")?,
        created_at: time(row, "created_at_ms")?,
    })
}

/// Stores a decision about an operator's identity. Returns false if there is no such operator.
pub fn set_kyc(
    tx: &mut Tx<'_>,
    id: OperatorId,
    status: KycStatus,
    note: Option<&str>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let set = tx.execute(
        "UPDATE operator SET kyc_status = $2, kyc_note = $3, kyc_decided_at_ms = $4
         WHERE id = $1",
        &params![id.to_string(), status.as_str(), note, now.as_millis()],
    )?;
    Ok(set == 1)
}

/// Records a message of the identity provider. Returns false if the same message was recorded
/// before.
pub fn record_kyc_message(
    tx: &mut Tx<'_>,
    digest: &str,
    about: OperatorId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let inserted = tx.execute(
        "INSERT INTO kyc_message (digest, operator_id, heard_at_ms) VALUES ($1, $2, $3)
         ON CONFLICT (digest) DO NOTHING",
        &params![digest, about.to_string(), now.as_millis()],
    )?;
    Ok(inserted == 1)
}

/// Returns a page of agents, newest first, by a part of the name or e-mail address.
pub fn agents(
    tx: &mut Tx<'_>,
    text: Option<&str>,
    window: PageWindow<AgentId>,
) -> Result<PageOfRows<AgentRecord>, StoreError> {
    let mut search = Search::all("agent");
    filter_by_name_or_email(&mut search, text);
    search.page(tx, &AGENTS, window, agent_record)
}

/// Returns the agent with this id, or `None` if there is none.
pub fn agent(tx: &mut Tx<'_>, id: AgentId) -> Result<Option<AgentRecord>, StoreError> {
    Search::of("agent", "agent.id = ", id).one(tx, &AGENTS, agent_record)
}

fn agent_record(row: &Row) -> Result<AgentRecord, StoreError> {
    let count = |column| Ok::<_, StoreError>(row.get::<i64>(column)?.unsigned_abs());
    Ok(AgentRecord {
        agent_id: text(row, "id")?,
        name: row.get("name")?,
        email: row.get("email")?,
        company: row.get("company")?,
        tier: name(row, "tier", Tier::parse)?,
        deposited_usd: money(row, "deposited_micros")?,
        deposit_balance: money(row, "balance_micros")?,
        tasks: count("tasks")?,
        active_keys: count("active_keys")?,
        created_at: time(row, "created_at_ms")?,
    })
}
