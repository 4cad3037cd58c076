//! Outgoing mail: by SMTP if a server is configured, else as files in a folder.
//!
//! The job that sends a mail decides about its content and its retries. A mail may contain a token:
//! it is never logged, and other users cannot read its files.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use api_types::Timestamp;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::response::{Category, Code, Detail, Severity};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use url::Url;

use crate::domain::language::Language;
use crate::domain::mail::MailContent;

/// Timeout of a connection to the mail server.
const CONNECTED_WITHIN: Duration = Duration::from_secs(10);

/// Timeout of sending one mail. A server may scan a mail before it accepts it, and the person who
/// waits for it should not wait for a server that hangs.
pub const SENT_WITHIN: Duration = Duration::from_secs(45);

/// A mail to one person.
#[derive(Clone)]
pub struct Mail {
    /// The e-mail address of the recipient.
    pub to: String,
    /// The subject: a single line.
    pub subject: String,
    /// The text, in lines that end with LF.
    pub text: String,
    /// The same as HTML, for mail programs that show it.
    pub html: String,
    /// The language of both.
    pub language: Language,
}

impl Mail {
    /// Addresses a content. The URL `origin` of this server is a link in the HTML.
    pub fn new(to: String, content: &MailContent, origin: &str) -> Self {
        Self {
            to,
            subject: content.subject.clone(),
            text: content.plain_text(),
            html: content.html(origin),
            language: content.language,
        }
    }
}

/// Hides the content, because a mail may contain a token.
impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mail([redacted])")
    }
}

/// The reason why a mail was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// The server or the folder accepts no mails now, or none from this sender.
    #[error("mails cannot be sent now: {0}")]
    Unreachable(String),
    /// This mail will never be accepted.
    #[error("the mail was refused: {0}")]
    Refused(String),
}

/// The transport of outgoing mails. Cheap to clone.
#[derive(Clone)]
pub struct Mails {
    transport: Transport,
    from: Mailbox,
}

#[derive(Clone)]
enum Transport {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Folder(Arc<PathBuf>),
}

impl Mails {
    /// Sends by the server that `smtp_url` names: `smtps://user:password@host`, or
    /// `smtp://user:password@host?tls=required` for STARTTLS.
    ///
    /// # Errors
    /// Fails if a setting is invalid. The error does not repeat the values, which contain a
    /// password.
    pub fn by_smtp(smtp_url: &str, from: &str) -> anyhow::Result<Self> {
        let parsed = Url::parse(smtp_url)
            .context("SMTP_URL is not a URL: write smtps://user:password@host")?;
        anyhow::ensure!(
            is_private(&parsed),
            "SMTP_URL would send mails and the password unencrypted: use smtps://, or smtp:// with \
             ?tls=required. Plain smtp:// is accepted for this machine only."
        );
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(smtp_url)
            .map_err(|_| anyhow::anyhow!("SMTP_URL must be smtp:// or smtps:// and a host"))?
            .timeout(Some(CONNECTED_WITHIN))
            .build();
        Ok(Self {
            transport: Transport::Smtp(transport),
            from: mailbox(from)?,
        })
    }

    /// Writes each mail to a file of its own, `….eml`, in an existing folder.
    ///
    /// # Errors
    /// Fails if the sender's address is invalid.
    pub fn to_folder(folder: PathBuf, from: &str) -> anyhow::Result<Self> {
        Ok(Self {
            transport: Transport::Folder(Arc::new(folder)),
            from: mailbox(from)?,
        })
    }

    /// Sends a mail that was written at `now`. `random` makes its message id unique.
    ///
    /// # Errors
    /// [`MailError`] says whether to retry.
    pub async fn send(&self, mail: &Mail, now: Timestamp, random: u128) -> Result<(), MailError> {
        let name = format!("{}-{random:032x}", now.as_millis());
        let message = self.message(mail, now, &name)?;
        match &self.transport {
            // The library's own timeout ends once it is connected.
            Transport::Smtp(transport) => {
                let sent = tokio::time::timeout(SENT_WITHIN, transport.send(message)).await;
                let hangs = "the mail server did not respond in time";
                let sent = sent.map_err(|_| MailError::Unreachable(hangs.to_owned()))?;
                sent.map(drop).map_err(|error| classify(&error, &mail.to))
            }
            Transport::Folder(folder) => {
                let (folder, bytes) = (Arc::clone(folder), message.formatted());
                let write = move || write_file(&folder, &name, &bytes);
                let written = tokio::task::spawn_blocking(write).await;
                written
                    .unwrap_or_else(|panicked| Err(std::io::Error::other(panicked)))
                    .map_err(|error| MailError::Unreachable(error.to_string()))
            }
        }
    }

    fn message(&self, mail: &Mail, now: Timestamp, name: &str) -> Result<Message, MailError> {
        let refused = |problem: String| MailError::Refused(problem);
        let to: Address = (mail.to.parse())
            .map_err(|_| refused("mails cannot be sent to this address".to_owned()))?;
        let millis = Duration::from_millis(now.as_millis().unsigned_abs());
        let host = self.from.email.domain();
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(&mail.subject)
            .date(SystemTime::UNIX_EPOCH + millis)
            .message_id(Some(format!("<{name}@{host}>")))
            // RFC 3834: automatic responders do not reply to it.
            .raw_header(header("Auto-Submitted", "auto-generated"))
            // RFC 3282: for screen readers and translators.
            .raw_header(header("Content-Language", mail.language.code()));
        let content = MultiPart::alternative()
            .singlepart(part(ContentType::TEXT_PLAIN, &mail.text))
            .singlepart(part(ContentType::TEXT_HTML, &mail.html));
        let message = message.multipart(content);
        message.map_err(|error| refused(error.to_string()))
    }
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// Maximum length in bytes of a line without an encoding (RFC 5321 §4.5.3.1.6, without CRLF).
const LINE_BYTES_MAX: usize = 998;

/// Leaves ASCII unencoded, so that a link can be copied from a mail in the folder.
fn body(text: &str) -> Body {
    let plain = text.is_ascii() && text.lines().all(|line| line.len() <= LINE_BYTES_MAX);
    let text = text.replace('\n', "\r\n");
    if plain {
        Body::dangerous_pre_encoded(text.into_bytes(), ContentTransferEncoding::SevenBit)
    } else {
        Body::new(text)
    }
}

fn part(content_type: ContentType, text: &str) -> SinglePart {
    SinglePart::builder().header(content_type).body(body(text))
}

fn mailbox(from: &str) -> anyhow::Result<Mailbox> {
    from.parse()
        .ok()
        .context("MAIL_FROM must look like HumanOps <mail@example.com>")
}

/// Returns whether the connection to the server is encrypted or stays on this machine.
fn is_private(url: &Url) -> bool {
    let starttls = url
        .query_pairs()
        .any(|(key, value)| key == "tls" && value == "required");
    let host = url.host_str().unwrap_or_default();
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    let here = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    url.scheme() != "smtp" || starttls || here
}

/// Classifies an SMTP error. A mail that was refused because of its recipient is not sent again,
/// nor one to an address with letters that the server cannot read (RFC 6531). Any other refusal is
/// a matter between the host and the mail server, such as a wrong password or an unknown sender:
/// once it is settled, the mail is sent.
fn classify(error: &lettre::transport::smtp::Error, to: &str) -> MailError {
    let text = without_address(&error.to_string(), to);
    match error.status() {
        Some(code) if is_about_recipient(code, &text) => MailError::Refused(text),
        None if error.is_client() && !to.is_ascii() => MailError::Refused(text),
        _ => MailError::Unreachable(text),
    }
}

/// Removes the recipient's address from a reply, which mostly repeats it: errors are logged.
fn without_address(reply: &str, to: &str) -> String {
    reply.replace(to, "[address]")
}

/// Returns whether a reply says that the recipient's mailbox can never be reached (RFC 5321 §4.2.3;
/// 556 is of RFC 7504). Some servers use the same codes for a sender that they refuse, and tell
/// that by an extended code (RFC 3463 §3.2).
fn is_about_recipient(code: Code, text: &str) -> bool {
    let is_mailbox = code.severity == Severity::PermanentNegativeCompletion
        && code.category == Category::MailSystem
        && !matches!(code.detail, Detail::Four | Detail::Five);
    is_mailbox && !text.contains("5.1.7 ") && !text.contains("5.1.8 ")
}

/// Writes under another name first, so that a program that watches the folder never reads half a
/// mail.
fn write_file(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let (unfinished, finished) = (folder.join(name), folder.join(format!("{name}.eml")));
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.write(true).create_new(true).open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, &finished)?;
    tracing::info!(file = %finished.display(), "a mail was written");
    Ok(())
}

#[cfg(test)]
mod tests {
    use lettre::transport::smtp::response::Response;

    use super::*;

    #[test]
    fn what_could_be_read_along_is_refused_beyond_this_machine() {
        let opens = |url: &str| Mails::by_smtp(url, "HumanOps <mail@example.com>").is_ok();
        for good in [
            "smtp://127.0.0.1:2525",
            "smtp://localhost",
            "smtp://[::1]:25",
        ] {
            assert!(opens(good), "{good}");
        }
        for bad in [
            "smtp://mail.example.com",
            "smtp://u:p@10.0.0.1:25",
            "smtp://mail.example.com?tls=opportunistic",
            "http://mail.example.com",
            "mail.example.com",
        ] {
            assert!(!opens(bad), "{bad}");
        }
    }

    #[test]
    fn only_a_permanent_refusal_of_the_recipient_is_final() {
        let refused = |reply: &str| {
            let response: Response = format!("{reply}\r\n").parse().unwrap();
            is_about_recipient(response.code(), reply)
        };
        for mailbox in [
            "550 5.1.1 no such user",
            "552 full",
            "553 no",
            "556 5.1.10 null MX",
        ] {
            assert!(refused(mailbox), "{mailbox}");
        }
        for other in [
            "451 greylisted",
            "450 5.1.1 later",
            "502 what",
            "521 no mail here",
            "530 5.7.0 sign in first",
            "535 5.7.8 wrong password",
            "550 5.1.7 bad sender",
            "554 no service",
            "555 parameters",
        ] {
            assert!(!refused(other), "{other}");
        }
    }

    #[test]
    fn an_address_is_not_repeated_in_an_error() {
        let reply = "550 5.1.1 <jane@example.com>: no user jane@example.com here";
        let text = without_address(reply, "jane@example.com");
        assert_eq!(text, "550 5.1.1 <[address]>: no user [address] here");
    }

    #[test]
    fn a_password_is_not_repeated_in_an_error() {
        let refused = Mails::by_smtp("smtp://u:canary@mail.example.com", "mail@example.com");
        assert!(!format!("{:?}", refused.err().unwrap()).contains("canary"));
    }

    #[test]
    fn a_sender_that_is_no_address_is_refused() {
        assert!(Mails::to_folder(PathBuf::new(), "nobody").is_err());
        assert!(Mails::to_folder(PathBuf::new(), "mail@example.com").is_ok());
    }
}
