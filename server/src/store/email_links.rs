//! Links that prove an agent's e-mail address, known by the hashes of their tokens.

use api_types::{AgentId, Timestamp};

use super::{
    StoreError, Tx,
    columns::{text, time, time_if_any},
    jobs, params,
};
use crate::domain::job::Job;

/// A link that was mailed.
#[derive(Clone, Copy, Debug)]
pub struct MailedLink {
    /// Whose address it proves.
    pub agent_id: AgentId,
    /// Until when it opens.
    pub expires_at: Timestamp,
    /// When that address was proved.
    pub verified_at: Option<Timestamp>,
}

/// How often mails with a link were asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// How often.
    pub times: u32,
    /// When last.
    pub last: Option<Timestamp>,
}

/// Adds a link, by the hash of its token.
///
/// # Errors
/// Those of [`Tx::execute`].
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

/// The link whose token has this hash.
///
/// # Errors
/// Those of [`Tx::execute`].
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

/// Writes down that an agent's address was proved, which lifts it out of SANDBOX.
///
/// # Errors
/// [`StoreError::Changed`] if it was proved meanwhile: the caller's transaction then runs again.
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

/// How often an agent's mails were asked for.
///
/// # Errors
/// Those of [`Tx::execute`].
pub fn asked(tx: &mut Tx<'_>, agent_id: AgentId) -> Result<Asked, StoreError> {
    let row = tx.first(
        "SELECT link_asks, link_asked_at_ms FROM agent WHERE id = $1",
        &params![agent_id.to_string()],
    )?;
    let Some(row) = row else {
        let (times, last) = (0, None);
        return Ok(Asked { times, last });
    };
    Ok(Asked {
        times: u32::try_from(row.get::<i64>("link_asks")?).unwrap_or(u32::MAX),
        last: time_if_any(&row, "link_asked_at_ms")?,
    })
}

/// Writes down that a mail was asked for, and leaves it to be sent.
///
/// # Errors
/// [`StoreError::Changed`] if somebody else asked since `before`: the caller's transaction then
/// runs again.
pub fn ask(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    before: Asked,
    now: Timestamp,
) -> Result<(), StoreError> {
    let asked = tx.execute(
        "UPDATE agent SET link_asks = link_asks + 1, link_asked_at_ms = $3
         WHERE id = $1 AND link_asks = $2",
        &params![agent_id.to_string(), before.times, now.as_millis()],
    )?;
    if asked != 1 {
        return Err(tx.lost_race());
    }
    jobs::enqueue(tx, &Job::SendVerification { agent_id }, now)
}
