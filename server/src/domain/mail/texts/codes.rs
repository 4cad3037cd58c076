//! The mails with a code.

use crate::domain::{
    email_code::CodePurpose,
    language::Language,
    mail::{MailContent, Paragraph},
};

/// Sends a code.
#[derive(Clone, Copy)]
pub struct CodeMail<'a> {
    /// What the code is for.
    pub purpose: CodePurpose,
    /// The URL of this server.
    pub origin: &'a str,
    /// The six digits of the code.
    pub digits: &'a str,
}

impl CodeMail<'_> {
    /// Returns the mail in a language.
    pub fn content(self, language: Language) -> MailContent {
        let (subject, instruction, warning) = match self.purpose {
            CodePurpose::SignIn => self.sign_in(language),
            CodePurpose::Confirmation => self.confirmation(language),
        };
        MailContent {
            language,
            subject,
            paragraphs: vec![
                Paragraph::Code(self.digits.to_owned()),
                Paragraph::Text(instruction),
                Paragraph::Text(warning.to_owned()),
            ],
        }
    }

    fn sign_in(self, language: Language) -> CodeText {
        let Self { origin, digits, .. } = self;
        match language {
            Language::English => (
                format!("{digits} is your HumanOps sign-in code"),
                format!(
                    "Enter this code at {origin} to sign in. It is valid for 10 minutes, once."
                ),
                "Nobody from HumanOps will ask you for it. If you did not request it, do nothing: \
                 without the code nobody can sign in with your address.",
            ),
            Language::German => (
                format!("{digits} ist Ihr Anmeldecode für HumanOps"),
                format!(
                    "Geben Sie diesen Code auf {origin} ein, um sich anzumelden. Er gilt 10 \
                     Minuten lang und nur einmal."
                ),
                "Niemand von HumanOps wird Sie nach dem Code fragen. Wenn Sie ihn nicht \
                 angefordert haben, müssen Sie nichts tun: Ohne den Code kann sich niemand mit \
                 Ihrer Adresse anmelden.",
            ),
            Language::Spanish => (
                format!("{digits} es tu código de acceso a HumanOps"),
                format!(
                    "Introduce este código en {origin} para iniciar sesión. Es válido durante 10 \
                     minutos y solo una vez."
                ),
                "Nadie de HumanOps te pedirá el código. Si no lo has solicitado, no tienes que \
                 hacer nada: sin el código, nadie puede iniciar sesión con tu dirección.",
            ),
            Language::French => (
                format!("{digits} est votre code de connexion HumanOps"),
                format!(
                    "Saisissez ce code sur {origin} pour vous connecter. Il est valable 10 minutes \
                     et une seule fois."
                ),
                "Personne chez HumanOps ne vous demandera ce code. Si vous ne l’avez pas demandé, \
                 ne faites rien\u{a0}: sans le code, personne ne peut se connecter avec votre \
                 adresse.",
            ),
            Language::Portuguese => (
                format!("{digits} é o seu código de acesso ao HumanOps"),
                format!(
                    "Digite este código em {origin} para entrar. Ele vale por 10 minutos e só uma \
                     vez."
                ),
                "Ninguém do HumanOps vai pedir este código. Se você não o solicitou, não precisa \
                 fazer nada: sem o código, ninguém consegue entrar com o seu endereço.",
            ),
        }
    }

    fn confirmation(self, language: Language) -> CodeText {
        let Self { origin, digits, .. } = self;
        match language {
            Language::English => (
                format!("{digits} confirms your e-mail address at HumanOps"),
                format!(
                    "Enter this code at {origin} to confirm your address. It is valid for 10 \
                     minutes, once."
                ),
                "Nobody from HumanOps will ask you for it. If you did not request it, do nothing: \
                 without the code nobody can work under your address.",
            ),
            Language::German => (
                format!("{digits} bestätigt Ihre E-Mail-Adresse bei HumanOps"),
                format!(
                    "Geben Sie diesen Code auf {origin} ein, um Ihre Adresse zu bestätigen. Er \
                     gilt 10 Minuten lang und nur einmal."
                ),
                "Niemand von HumanOps wird Sie nach dem Code fragen. Wenn Sie ihn nicht \
                 angefordert haben, müssen Sie nichts tun: Ohne den Code kann niemand unter Ihrer \
                 Adresse arbeiten.",
            ),
            Language::Spanish => (
                format!("{digits} confirma tu dirección de correo en HumanOps"),
                format!(
                    "Introduce este código en {origin} para confirmar tu dirección. Es válido \
                     durante 10 minutos y solo una vez."
                ),
                "Nadie de HumanOps te pedirá el código. Si no lo has solicitado, no tienes que \
                 hacer nada: sin el código, nadie puede trabajar con tu dirección.",
            ),
            Language::French => (
                format!("{digits} confirme votre adresse e-mail chez HumanOps"),
                format!(
                    "Saisissez ce code sur {origin} pour confirmer votre adresse. Il est valable \
                     10 minutes et une seule fois."
                ),
                "Personne chez HumanOps ne vous demandera ce code. Si vous ne l’avez pas demandé, \
                 ne faites rien\u{a0}: sans le code, personne ne peut travailler avec votre \
                 adresse.",
            ),
            Language::Portuguese => (
                format!("{digits} confirma seu endereço de e-mail no HumanOps"),
                format!(
                    "Digite este código em {origin} para confirmar seu endereço. Ele vale por 10 \
                     minutos e só uma vez."
                ),
                "Ninguém do HumanOps vai pedir este código. Se você não o solicitou, não precisa \
                 fazer nada: sem o código, ninguém consegue trabalhar com o seu endereço.",
            ),
        }
    }
}

/// The subject, how to use the code, and the warning against strangers who ask for it.
type CodeText = (String, String, &'static str);
