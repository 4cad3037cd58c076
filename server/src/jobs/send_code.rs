//! Mails a code: for sign-in, or to confirm an address.
//!
//! The code is created here, just before the mail is sent: its hash is stored first, and the digits
//! are only in the mail. A mail that is sent again has another code, which replaces the first one
//! and inherits its wrong guesses, so that a mail server that fails gives nobody more guesses.

use zeroize::Zeroizing;

use super::JobError;
use crate::{
    app::App,
    domain::{
        email_code::{self, CodePurpose, EmailCode},
        job::RequestedCode,
        mail::texts::CodeMail,
    },
    outside::mail::Mail,
    store::{StoreError, Tx, subjects},
};

/// Sends the mail.
///
/// # Errors
/// [`JobError::Retry`] while mails cannot be sent, [`JobError::Fail`] if this mail was refused, or
/// if the person has waited too long.
pub async fn run(
    app: &App,
    requested: RequestedCode,
    purpose: CodePurpose,
) -> Result<(), JobError> {
    let RequestedCode {
        subject_id,
        requested_at,
        salt,
        language,
    } = requested;
    let now = app.clock.now();
    if !email_code::is_awaited(requested_at, now) {
        return Err(JobError::Fail("nobody waits for this code".to_owned()));
    }
    let mut random = Zeroizing::new([0; 8]);
    app.entropy.fill(&mut *random);
    let code = EmailCode::from_random(&random);
    let created = code.clone();
    let put = move |tx: &mut Tx<'_>| {
        let subject = subjects::get(tx, subject_id)?;
        if let Some(subject) = &subject {
            let stored = created.stored(purpose, salt, &subject.email, now);
            subjects::put_code(tx, subject_id, &stored)?;
        }
        Ok::<_, StoreError>(subject)
    };
    let Some(subject) = app.store.write(put).await? else {
        return Ok(());
    };
    let origin = app.origin();
    let content = CodeMail {
        purpose,
        origin,
        digits: code.reveal(),
    };
    let mail = Mail::new(subject.email, &content.content(language), origin);
    app.mails.send(&mail, now, app.entropy.u128()).await?;
    Ok(())
}
