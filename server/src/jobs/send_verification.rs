//! Mails an agent the link that verifies its e-mail address.
//!
//! The link's token is generated here, just before the mail is sent: its hash is stored first, and
//! the token itself is only in the mail. A mail that is sent again has another link, and both links
//! work.

use api_types::{AgentId, agent::Tier};

use super::JobError;
use crate::{
    app::App,
    domain::{secret::RandomToken, verification::LINK_LASTS},
    outside::mail::Mail,
    store::{agents, agents::StoredAgent, email_links},
};

/// Sends the mail, unless the address was verified meanwhile.
///
/// # Errors
/// [`JobError::Retry`] while mails cannot be sent, [`JobError::Fail`] if this mail was refused.
pub async fn run(app: &App, agent_id: AgentId) -> Result<(), JobError> {
    let agent = app.store.read(move |tx| agents::get(tx, agent_id)).await?;
    let Some(agent) = agent.filter(|agent| agent.email_verified_at.is_none()) else {
        return Ok(());
    };
    let mut random = [0; 32];
    app.entropy.fill(&mut random);
    let token = RandomToken::from_random(&random);
    let (hash, now) = (token.hash(), app.clock.now());
    app.store
        .write(move |tx| email_links::insert(tx, &hash, agent_id, now.after(LINK_LASTS)))
        .await?;
    let mail = mail(app, &agent, &token);
    app.mails.send(&mail, now, app.entropy.u128()).await?;
    Ok(())
}

/// Returns the mail. It does not contain the agent's name: somebody who registers a stranger's
/// address must not be able to write to that stranger.
fn mail(app: &App, agent: &StoredAgent, token: &RandomToken) -> Mail {
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
        html: None,
    }
}
