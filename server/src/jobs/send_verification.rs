//! Mails an agent a link that proves its address.
//!
//! The link's token is drawn here, a moment before it is sent: its hash is written down first, and
//! the token itself is in the mail and nowhere else. A mail that is sent again has another link,
//! and each of them opens.

use api_types::{AgentId, agent::Tier};

use super::JobError;
use crate::{
    app::App,
    domain::verification::{LINK_LASTS, LinkToken},
    outside::mail::{Mail, MailError},
    store::{agents, agents::StoredAgent, email_links},
};

impl From<MailError> for JobError {
    fn from(error: MailError) -> Self {
        match error {
            MailError::Unreachable(_) => Self::Retry(error.to_string()),
            MailError::Refused(_) => Self::Fail(error.to_string()),
        }
    }
}

/// Sends the mail, unless the address was proved meanwhile.
///
/// # Errors
/// [`JobError::Retry`] while mails cannot be sent, [`JobError::Fail`] if this one was refused.
pub async fn run(app: &App, agent_id: AgentId) -> Result<(), JobError> {
    let agent = app.store.read(move |tx| agents::get(tx, agent_id)).await?;
    let Some(agent) = agent.filter(|agent| agent.email_verified_at.is_none()) else {
        return Ok(());
    };
    let mut random = [0; 32];
    app.entropy.fill(&mut random);
    let token = LinkToken::from_random(&random);
    let (hash, now) = (token.hash(), app.clock.now());
    app.store
        .write(move |tx| email_links::insert(tx, &hash, agent_id, now.after(LINK_LASTS)))
        .await?;
    let mail = mail(app, &agent, &token);
    app.mails.send(&mail, now, app.entropy.u128()).await?;
    Ok(())
}

/// The agent's name is left out: whoever registers a stranger's address must not get to write to
/// that stranger.
fn mail(app: &App, agent: &StoredAgent, token: &LinkToken) -> Mail {
    let limits = app.config.tiers.of(Tier::Verified);
    let text = format!(
        "Hello,\n\
         \n\
         the agent {id} was registered at {origin} with this address.\n\
         Open this link within 24 hours to say that it is yours:\n\
         \n\
         {link}\n\
         \n\
         The agent may then post real tasks: {tasks} a day, up to ${value} each.\n\
         \n\
         If you did not register an agent, do nothing. Without the link nothing happens.\n",
        id = agent.id,
        origin = app.origin(),
        link = app.verify_email_url(token.reveal()),
        tasks = limits.max_daily_tasks,
        value = limits.max_task_value,
    );
    Mail {
        to: agent.email.clone(),
        subject: "Confirm your e-mail address for HumanOps".to_owned(),
        text,
    }
}
