//! Tells a person by mail that a passkey was added to their account.

use api_types::SubjectId;

use super::JobError;
use crate::{app::App, outside::mail::Mail, store::subjects};

/// Sends the mail.
///
/// # Errors
/// [`JobError::Retry`] while mails cannot be sent, [`JobError::Fail`] if this mail was refused.
pub async fn run(app: &App, subject_id: SubjectId) -> Result<(), JobError> {
    let subject = app
        .store
        .read(move |tx| subjects::get(tx, subject_id))
        .await?;
    let Some(subject) = subject else {
        return Ok(());
    };
    let origin = app.origin();
    let mail = Mail {
        to: subject.email,
        subject: "A passkey was added to your HumanOps account".to_owned(),
        text: format!(
            "Hello,\n\
             \n\
             a passkey was added to your account at {origin}. Whoever has it can sign in as you.\n\
             \n\
             If this was not you, sign in, open Profile, remove the passkey, and end the sessions\n\
             that you do not know.\n"
        ),
        html: None,
    };
    let now = app.clock.now();
    app.mails.send(&mail, now, app.entropy.u128()).await?;
    Ok(())
}
