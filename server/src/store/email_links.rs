//! Links that verify an agent's e-mail address, found by the hashes of their tokens.
//!
//! Functions return database errors as [`StoreError`].

use api_types::{AgentId, Timestamp};

use crate::domain::job::Job;
use crate::domain::language::Language;
use crate::store::engine::columns::{text, time, time_if_any};
use crate::store::{StoreError, Tx, jobs, params};

/// A link that was sent by e-mail.
#[derive(Clone, Copy, Debug)]
pub struct MailedLink {
    /// The agent whose address it verifies.
    pub agent_id: AgentId,
    /// The time until which it is valid.
    pub expires_at: Timestamp,
    /// When that address was verified.
    pub verified_at: Option<Timestamp>,
}

/// The requests for e-mails with a link so far.
#[derive(Clone, Copy, Debug)]
pub struct VerificationRequests {
    /// Number of requests so far.
    pub times: u32,
    /// When the last request was made.
    pub last: Option<Timestamp>,
}

/// Inserts a link by the hash of its token.
pub fn insert(
    tx: &mut Tx<'_>,
    token_hash: &str,
    agent_id: AgentId,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO email_link (token_hash, agent_id, expires_at_ms) VALUES ($1, $2, $3)",
        params![token_hash, agent_id.to_string(), expires_at.as_millis()],
    )
}

/// Returns the link whose token has this hash, or `None` if there is none.
pub fn get(tx: &mut Tx<'_>, token_hash: &str) -> Result<Option<MailedLink>, StoreError> {
    let row = tx.first(
        "SELECT email_link.agent_id AS agent_id, email_link.expires_at_ms AS expires_at_ms,
                agent.email_verified_at_ms AS verified_at_ms
         FROM email_link JOIN agent ON agent.id = email_link.agent_id
         WHERE email_link.token_hash = $1",
        &params![token_hash],
    )?;
    row.map(|row| {
        Ok(MailedLink {
            agent_id: text(&row, "agent_id")?,
            expires_at: time(&row, "expires_at_ms")?,
            verified_at: time_if_any(&row, "verified_at_ms")?,
        })
    })
    .transpose()
}

/// Records that an agent's address was verified, which raises its tier from SANDBOX to VERIFIED.
///
/// # Errors
/// [`StoreError::Changed`] if it was verified meanwhile: the caller's transaction then runs again.
pub fn verify(tx: &mut Tx<'_>, agent_id: AgentId, now: Timestamp) -> Result<(), StoreError> {
    let verified = tx.execute(
        "UPDATE agent SET email_verified_at_ms = $2,
             tier = CASE WHEN tier = 'SANDBOX' THEN 'VERIFIED' ELSE tier END
         WHERE id = $1 AND email_verified_at_ms IS NULL",
        &params![agent_id.to_string(), now.as_millis()],
    )?;
    if verified == 1 {
        Ok(())
    } else {
        Err(tx.lost_race())
    }
}

/// Returns how often e-mails for an agent were requested.
pub fn requests(tx: &mut Tx<'_>, agent_id: AgentId) -> Result<VerificationRequests, StoreError> {
    let row = tx.first(
        "SELECT link_asks, link_asked_at_ms FROM agent WHERE id = $1",
        &params![agent_id.to_string()],
    )?;
    let Some(row) = row else {
        let (times, last) = (0, None);
        return Ok(VerificationRequests { times, last });
    };
    Ok(VerificationRequests {
        times: u32::try_from(row.get::<i64>("link_asks")?).unwrap_or(u32::MAX),
        last: time_if_any(&row, "link_asked_at_ms")?,
    })
}

/// Records that an e-mail was requested, and enqueues the job that sends it.
///
/// # Errors
/// [`StoreError::Changed`] if there was another request since `before`: the caller's transaction
/// then runs again.
pub fn record_request(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    before: VerificationRequests,
    language: Language,
    now: Timestamp,
) -> Result<(), StoreError> {
    let requests = tx.execute(
        "UPDATE agent SET link_asks = link_asks + 1, link_asked_at_ms = $3
         WHERE id = $1 AND link_asks = $2",
        &params![agent_id.to_string(), before.times, now.as_millis()],
    )?;
    if requests != 1 {
        return Err(tx.lost_race());
    }
    jobs::enqueue(tx, &Job::SendVerification { agent_id, language }, now)
}
