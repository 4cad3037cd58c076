//! Mails an agent the link that verifies its e-mail address.
//!
//! The link's token is generated here, just before the mail is sent: its hash is stored first, and
//! the token itself is only in the mail. A mail that is sent again has another link, and both links
//! work.

use api_types::{AgentId, agent::Tier};

use super::JobError;
use crate::{
    app::App,
    domain::{
        language::Language, mail::texts::VerificationMail, secret::RandomToken,
        verification::LINK_LASTS,
    },
    outside::mail::Mail,
    store::{agents, agents::StoredAgent, email_links},
};

/// Sends the mail, unless the address was verified meanwhile.
///
/// # Errors
/// [`JobError::Retry`] while mails cannot be sent, [`JobError::Fail`] if this mail was refused.
pub async fn run(app: &App, agent_id: AgentId, language: Language) -> Result<(), JobError> {
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
    let mail = mail(app, &agent, &token, language);
    app.mails.send(&mail, now, app.entropy.u128()).await?;
    Ok(())
}

fn mail(app: &App, agent: &StoredAgent, token: &RandomToken, language: Language) -> Mail {
    let limits = app.config.tiers.of(Tier::Verified);
    let origin = app.origin();
    let content = VerificationMail {
        origin,
        agent_id: agent.id,
        link: &app.verify_email_url(token.reveal()),
        max_daily_tasks: limits.max_daily_tasks,
        max_task_value: limits.max_task_value,
    };
    Mail::new(agent.email.clone(), &content.content(language), origin)
}
