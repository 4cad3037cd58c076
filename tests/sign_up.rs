//! Operators without a browser: they sign in by a mailed code, as those with a browser do.

use std::{fs, io, path::Path, time::Duration};

use anyhow::{Context as _, Result};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::time::{interval, timeout};

use crate::host::Host;

/// Timeout for a mail.
const MAIL_TIME_MAX: Duration = Duration::from_secs(30);

/// Registers an operator with a new address. Returns the value of the header `Authorization`.
pub(crate) async fn sign_up(host: &Host, email: &str, operator: Value) -> Result<String> {
    let client = Client::new();
    let post = |path: &str| client.post(host.url(&format!("/api/v1{path}")));
    let request = post("/auth/code").json(&json!({ "email": email }));
    request.send().await?.error_for_status()?;
    let code = mailed_code(&host.mails()?, email).await?;
    let verify = post("/auth/code/verify").json(&json!({ "email": email, "code": code }));
    let session: Value = verify.send().await?.error_for_status()?.json().await?;
    let token = session.get("access_token").and_then(Value::as_str);
    let bearer = format!("Bearer {}", token.context("a session has a token")?);
    let register = post("/operator/register").header("authorization", &bearer);
    let registered = register.json(&operator).send().await?;
    registered.error_for_status()?;
    Ok(bearer)
}

/// Waits for the first mail to an address, and returns the code in its subject.
async fn mailed_code(folder: &Path, email: &str) -> Result<String> {
    let to = format!("To: {email}");
    let mut again = interval(Duration::from_millis(20));
    let waiting = async {
        loop {
            again.tick().await;
            for mail in read_all(folder)? {
                let is_to = mail.lines().any(|line| line.starts_with(&to));
                let subject = mail.lines().find_map(|line| line.strip_prefix("Subject: "));
                let code = subject.and_then(|subject| subject.get(..6));
                if let Some(code) = code.filter(|_| is_to) {
                    return Ok(code.to_owned());
                }
            }
        }
    };
    let code = timeout(MAIL_TIME_MAX, waiting).await;
    code.with_context(|| format!("no mail to {email} in {}", folder.display()))?
}

/// Reads all mails of a folder, which exists once the first one is written to it.
fn read_all(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let paths = entries.map(|entry| Ok(entry?.path()));
    let paths = paths.collect::<io::Result<Vec<_>>>()?.into_iter();
    let mails = paths.filter(|path| path.extension().is_some_and(|end| end == "eml"));
    mails.map(fs::read_to_string).collect()
}
