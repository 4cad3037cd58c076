//! Tells a person by mail about an event that concerns the safety of their account.

use api_types::SubjectId;

use super::JobError;
use crate::{
    app::App,
    domain::mail::texts::{AccountAlert, AccountAlertMail},
    outside::mail::Mail,
    store::subjects,
};

/// Sends the mail.
///
/// # Errors
/// [`JobError::Retry`] while mails cannot be sent, [`JobError::Fail`] if this mail was refused.
pub async fn run(app: &App, subject_id: SubjectId, alert: AccountAlert) -> Result<(), JobError> {
    let subject = app
        .store
        .read(move |tx| subjects::get(tx, subject_id))
        .await?;
    let Some(subject) = subject else {
        return Ok(());
    };
    let origin = app.origin();
    let content = AccountAlertMail { alert, origin }.content(subject.language);
    let mail = Mail::new(subject.email, &content, origin);
    let now = app.clock.now();
    app.mails.send(&mail, now, app.entropy.u128()).await?;
    Ok(())
}
