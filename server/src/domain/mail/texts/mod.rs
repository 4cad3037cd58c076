//! The texts of all mails, one type for each kind of mail. Every `match` lists all languages, so a
//! missing translation does not compile.
//!
//! No text contains anything that a stranger who knows only the reader's address could choose.

mod alerts;
mod codes;

use api_types::{AgentId, MicroUsd};

pub use alerts::{AccountAlert, AccountAlertMail};
pub use codes::CodeMail;

use super::{MailContent, Paragraph};
use crate::domain::language::Language;

/// Asks an agent's owner to confirm the e-mail address. It does not contain the agent's name:
/// somebody who registers a stranger's address must not be able to write to that stranger.
#[derive(Clone, Copy)]
pub struct VerificationMail<'a> {
    /// The URL of this server.
    pub origin: &'a str,
    /// The agent that was registered.
    pub agent_id: AgentId,
    /// The URL that verifies the address.
    pub link: &'a str,
    /// Maximum number of tasks a day after that.
    pub max_daily_tasks: u32,
    /// Maximum reward of such a task.
    pub max_task_value: MicroUsd,
}

impl VerificationMail<'_> {
    /// Returns the mail in a language.
    pub fn content(self, language: Language) -> MailContent {
        let (subject, request) = self.request(language);
        let (limits, warning) = self.consequences(language);
        MailContent {
            language,
            subject: subject.to_owned(),
            paragraphs: vec![
                Paragraph::Text(request),
                Paragraph::Link(self.link.to_owned()),
                Paragraph::Text(limits),
                Paragraph::Text(warning.to_owned()),
            ],
        }
    }

    /// Returns the subject, and the text before the link.
    fn request(self, language: Language) -> (&'static str, String) {
        let Self {
            origin, agent_id, ..
        } = self;
        match language {
            Language::English => (
                "Confirm your e-mail address for HumanOps",
                format!(
                    "The agent {agent_id} was registered at {origin} with this address. Open this \
                     link within 24 hours to confirm that the address is yours:"
                ),
            ),
            Language::German => (
                "Bestätigen Sie Ihre E-Mail-Adresse für HumanOps",
                format!(
                    "Der Agent {agent_id} wurde auf {origin} mit dieser Adresse registriert. \
                     Öffnen Sie diesen Link innerhalb von 24 Stunden, um zu bestätigen, dass es \
                     Ihre Adresse ist:"
                ),
            ),
            Language::Spanish => (
                "Confirma tu dirección de correo para HumanOps",
                format!(
                    "El agente {agent_id} se ha registrado en {origin} con esta dirección. Abre \
                     este enlace en las próximas 24 horas para confirmar que la dirección es tuya:"
                ),
            ),
            Language::French => (
                "Confirmez votre adresse e-mail pour HumanOps",
                format!(
                    "L’agent {agent_id} a été inscrit sur {origin} avec cette adresse. Ouvrez ce \
                     lien dans les 24 heures pour confirmer que l’adresse est la vôtre\u{a0}:"
                ),
            ),
            Language::Portuguese => (
                "Confirme seu endereço de e-mail para o HumanOps",
                format!(
                    "O agente {agent_id} foi registrado em {origin} com este endereço. Abra este \
                     link em até 24 horas para confirmar que o endereço é seu:"
                ),
            ),
        }
    }

    /// Returns the text after the link: what the agent may then do, and what to do if the reader
    /// registered none.
    fn consequences(self, language: Language) -> (String, &'static str) {
        let tasks = self.max_daily_tasks;
        let value = self.max_task_value.to_string();
        // Decimal marks differ between the languages, and the limits are mostly whole dollars.
        let value = value.strip_suffix(".00").unwrap_or(&value);
        match language {
            Language::English => (
                format!("The agent may then post real tasks: {tasks} a day, up to ${value} each."),
                "If you did not register an agent, do nothing. Nothing happens until the link is \
                 opened.",
            ),
            Language::German => (
                format!(
                    "Danach darf der Agent echte Aufgaben stellen: {tasks} am Tag, jede bis zu \
                     {value} US-Dollar."
                ),
                "Wenn Sie keinen Agenten registriert haben, müssen Sie nichts tun. Solange niemand \
                 den Link öffnet, geschieht nichts.",
            ),
            Language::Spanish => (
                format!(
                    "Después, el agente podrá publicar tareas reales: {tasks} al día, de hasta \
                     {value} dólares cada una."
                ),
                "Si no has registrado ningún agente, no tienes que hacer nada. No pasa nada \
                 mientras nadie abra el enlace.",
            ),
            Language::French => (
                format!(
                    "L’agent pourra ensuite publier de vraies tâches\u{a0}: {tasks} par jour, \
                     jusqu’à {value}\u{a0}dollars chacune."
                ),
                "Si vous n’avez pas inscrit d’agent, ne faites rien. Rien ne se passe tant que le \
                 lien n’est pas ouvert.",
            ),
            Language::Portuguese => (
                format!(
                    "Depois disso, o agente poderá publicar tarefas reais: {tasks} por dia, de até \
                     {value} dólares cada uma."
                ),
                "Se você não registrou um agente, não precisa fazer nada. Nada acontece enquanto \
                 ninguém abrir o link.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use api_types::Timestamp;

    use super::*;
    use crate::domain::email_code::CodePurpose;

    const ORIGIN: &str = "https://tasks.example.com";

    fn all(language: Language) -> [MailContent; 5] {
        let code = |purpose| CodeMail {
            purpose,
            origin: ORIGIN,
            digits: "123456",
        };
        let alert = |alert| AccountAlertMail {
            alert,
            origin: ORIGIN,
        };
        let verification = VerificationMail {
            origin: ORIGIN,
            agent_id: AgentId::new(Timestamp::from_millis(0).unwrap(), 1),
            link: "https://tasks.example.com/verify?token=x",
            max_daily_tasks: 10,
            max_task_value: MicroUsd::from_micros(100_000_000).unwrap(),
        };
        [
            code(CodePurpose::SignIn).content(language),
            code(CodePurpose::Confirmation).content(language),
            alert(AccountAlert::SessionEnded).content(language),
            alert(AccountAlert::PasskeyAdded).content(language),
            verification.content(language),
        ]
    }

    #[test]
    fn every_mail_names_the_server_in_every_language() {
        for language in Language::ALL {
            for content in all(language) {
                assert_eq!(content.language, language);
                let (text, html) = (content.plain_text(), content.html(ORIGIN));
                assert!(!content.subject.contains('\n') && content.subject.len() < 78);
                assert!(text.contains(ORIGIN) && text.lines().all(|line| line.len() < 90));
                assert!(html.contains(&format!("lang=\"{}\"", language.code())));
                for remote in ["<img", "<link", "<script", "url(", "src="] {
                    assert!(!html.contains(remote), "{html}");
                }
            }
            let [code, confirmation, _, _, verification] = all(language);
            for code in [code, confirmation] {
                assert!(code.subject.starts_with("123456 "), "{}", code.subject);
                assert!(code.plain_text().starts_with("123456\n\n"));
            }
            let text = verification.plain_text();
            assert!(text.contains("\nhttps://tasks.example.com/verify?token=x\n"));
        }
    }

    #[test]
    fn no_language_has_the_text_of_another() {
        let mails = Language::ALL.map(all);
        for (nth, mail) in mails.iter().enumerate() {
            for other in mails.iter().skip(nth + 1) {
                for (one, two) in mail.iter().zip(other) {
                    assert_ne!(one.subject, two.subject);
                    let texts = one.paragraphs.iter().zip(&two.paragraphs);
                    let same = texts.filter(|(one, two)| one == two);
                    let same: Vec<_> = same.collect();
                    let is_text = |(one, _): &(&Paragraph, _)| matches!(one, Paragraph::Text(_));
                    assert!(!same.iter().any(is_text), "{same:?}");
                }
            }
        }
    }
}
