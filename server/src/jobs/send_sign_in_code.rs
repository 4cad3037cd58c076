//! Mails a code: for sign-in, or to confirm an address.
//!
//! The code is created here, just before the mail is sent: its hash is stored first, and the digits
//! are only in the mail. A mail that is sent again has another code, and both work.

use api_types::SubjectId;

use super::JobError;
use crate::{
    app::App,
    domain::{
        secret::hex,
        sign_in_code::{CODE_LASTS, CodePurpose, SignInCode, StoredCode},
    },
    outside::mail::Mail,
    store::subjects,
};

/// Sends the mail.
///
/// # Errors
/// [`JobError::Retry`] while mails cannot be sent, [`JobError::Fail`] if this mail was refused.
pub async fn run(app: &App, subject_id: SubjectId, purpose: CodePurpose) -> Result<(), JobError> {
    let subject = app
        .store
        .read(move |tx| subjects::get(tx, subject_id))
        .await?;
    let Some(subject) = subject else {
        return Ok(());
    };
    let (mut random, mut salt) = ([0; 8], [0; 16]);
    app.entropy.fill(&mut random);
    app.entropy.fill(&mut salt);
    let (code, salt, now) = (
        SignInCode::from_random(&random),
        hex(&salt),
        app.clock.now(),
    );
    let stored = StoredCode {
        hash: code.hash(&purpose.salt(&salt, &subject.email)),
        salt,
        expires_at: now.after(CODE_LASTS),
        tries: 0,
    };
    app.store
        .write(move |tx| subjects::insert_code(tx, subject_id, &stored))
        .await?;
    let mail = mail(app, subject.email, &code, purpose);
    app.mails.send(&mail, now, app.entropy.u128()).await?;
    Ok(())
}

/// Returns the mail. It contains nothing that a stranger who enters the address could choose.
fn mail(app: &App, to: String, code: &SignInCode, purpose: CodePurpose) -> Mail {
    let (origin, digits) = (app.origin(), code.reveal());
    let (effect, without, subject) = match purpose {
        CodePurpose::SignIn => (
            "to sign in",
            "sign in with your address",
            format!("{digits} is your HumanOps sign-in code"),
        ),
        CodePurpose::Confirmation => (
            "to confirm your address",
            "work under your address",
            format!("{digits} confirms your e-mail address at HumanOps"),
        ),
    };
    let text = format!(
        "{digits}\n\
         \n\
         Enter this code at {origin} {effect}. It is valid for 10 minutes, once.\n\
         \n\
         Nobody from HumanOps will ask you for it. If you did not request it, do nothing: without\n\
         the code nobody can {without}.\n"
    );
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <body style=\"font:16px/1.5 system-ui,sans-serif;max-width:32em;margin:2em auto\">\n\
         <p style=\"font-size:32px;font-weight:700;letter-spacing:.2em;margin:0\">{digits}</p>\n\
         <p>Enter this code at <a href=\"{origin}\">{origin}</a> {effect}.\n\
         It is valid for 10 minutes, once.</p>\n\
         <p>Nobody from HumanOps will ask you for it. If you did not request it, do nothing:\n\
         without the code nobody can {without}.</p>\n\
         </body>\n</html>\n"
    );
    Mail {
        to,
        subject,
        text,
        html: Some(html),
    }
}
