//! Tells a person by mail that a session ended because its refresh token was used twice.

use api_types::SubjectId;

use super::JobError;
use crate::{
    app::App, domain::mail::texts::SessionAlertMail, outside::mail::Mail, store::subjects,
};

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
    let content = SessionAlertMail { origin }.content(subject.language);
    let mail = Mail::new(subject.email, &content, origin);
    let now = app.clock.now();
    app.mails.send(&mail, now, app.entropy.u128()).await?;
    Ok(())
}
