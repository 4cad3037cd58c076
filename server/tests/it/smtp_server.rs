//! An SMTP server (RFC 5321) that accepts mails, or fails in a way that a test chooses.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// What a server does with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SmtpReply {
    /// It accepts the mail.
    Accept,
    /// It refuses the mail for now, after it has read it.
    PutOff,
    /// It accepts the mail, and the connection breaks before it can say so.
    BreakOff,
    /// It refuses the recipient for good.
    RefuseRecipient,
    /// It refuses to serve this client.
    RefuseService,
    /// It never says anything.
    Hang,
}

/// A server that handles one connection after the other.
pub(crate) struct SmtpServer {
    port: u16,
    connections: Arc<AtomicU32>,
    /// The mails that it has read and not refused, each with its envelope and text.
    pub(crate) mails: mpsc::UnboundedReceiver<String>,
}

impl SmtpServer {
    /// Starts a server that handles its nth connection, from 1, as `reply` says.
    pub(crate) async fn start(reply: impl Fn(u32) -> SmtpReply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, mails) = mpsc::unbounded_channel();
        let connections = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&connections);
        tokio::spawn(async move {
            let mut hanging = Vec::new();
            loop {
                let (mut connection, _) = listener.accept().await.unwrap();
                let nth = counted.fetch_add(1, Ordering::Relaxed) + 1;
                if reply(nth) == SmtpReply::Hang {
                    hanging.push(connection);
                    continue;
                }
                let (reader, mut writer) = connection.split();
                let mut reader = BufReader::new(reader);
                let mail = handle(&mut reader, &mut writer, reply(nth)).await;
                if let Some(mail) = mail {
                    sender.send(mail).unwrap();
                }
            }
        });
        Self {
            port,
            connections,
            mails,
        }
    }

    /// Returns the number of connections so far.
    pub(crate) fn connections(&self) -> u32 {
        self.connections.load(Ordering::Relaxed)
    }

    /// Returns the settings of a server that sends its mails here.
    pub(crate) fn settings(&self) -> [&'static str; 4] {
        // The few bytes of a test may stay allocated until its process ends.
        let url: &'static str = format!("smtp://127.0.0.1:{}", self.port).leak();
        [
            "--smtp-url",
            url,
            "--mail-from",
            "HumanOps <mail@example.org>",
        ]
    }
}

/// Handles one connection up to its end, and returns the mail, if it was read and not refused.
async fn handle(
    reader: &mut (impl AsyncBufReadExt + AsyncReadExt + Unpin),
    writer: &mut (impl AsyncWriteExt + Unpin),
    reply: SmtpReply,
) -> Option<String> {
    let mut kept = String::new();
    let mut mail = None;
    let mut answer = match reply {
        SmtpReply::RefuseService => "554 mail.example.org no service for you\r\n",
        _ => "220 mail.example.org ESMTP\r\n",
    };
    loop {
        writer.write_all(answer.as_bytes()).await.unwrap();
        let mut line = String::new();
        if reader.read_line(&mut line).await.unwrap_or_default() == 0 {
            return mail;
        }
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        answer = match verb.as_str() {
            "EHLO" => "250 mail.example.org\r\n",
            "RCPT" if reply == SmtpReply::RefuseRecipient => "550 5.1.1 no such user\r\n",
            "MAIL" | "RCPT" => {
                let envelope = line.trim_end().split(' ').take(2).collect::<Vec<_>>();
                kept.push_str(&(envelope.join(" ") + "\n"));
                "250 ok\r\n"
            }
            "DATA" => {
                writer.write_all(b"354 go on\r\n").await.unwrap();
                read_text(reader, &mut kept).await;
                match reply {
                    SmtpReply::PutOff => "451 try again later\r\n",
                    SmtpReply::BreakOff => return Some(kept),
                    _ => {
                        mail = Some(std::mem::take(&mut kept));
                        "250 accepted\r\n"
                    }
                }
            }
            "QUIT" => {
                writer.write_all(b"221 bye\r\n").await.unwrap();
                return mail;
            }
            _ => "502 what\r\n",
        };
    }
}

/// Reads the text of a mail up to the line that ends it.
async fn read_text(reader: &mut (impl AsyncBufReadExt + Unpin), text: &mut String) {
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).await.unwrap();
        if line == ".\r\n" {
            return;
        }
        text.push_str(&line);
    }
}
