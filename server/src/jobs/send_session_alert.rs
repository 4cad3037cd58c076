//! Tells a person by mail that a session was ended because its refresh token was used twice.

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
        subject: "You were signed out of HumanOps on one device".to_owned(),
        text: format!(
            "Hello,\n\
             \n\
             a saved sign-in of yours at {origin} was used twice, which may mean that somebody\n\
             copied it. We ended that session, so you have to sign in again on that device.\n\
             \n\
             Open Profile there to see all devices on which you are signed in, and end those that\n\
             you do not know.\n"
        ),
        html: None,
    };
    let now = app.clock.now();
    app.mails.send(&mail, now, app.entropy.u128()).await?;
    Ok(())
}
