//! The mails about events that concern the safety of an account.

use crate::domain::{
    language::Language,
    mail::{MailContent, Paragraph},
};

/// An event that concerns the safety of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountAlert {
    /// A session ended because its refresh token was used twice.
    SessionEnded,
    /// A passkey was added to the account.
    PasskeyAdded,
}

/// Tells a person about an event that concerns the safety of their account.
#[derive(Clone, Copy)]
pub struct AccountAlertMail<'a> {
    /// What has happened.
    pub alert: AccountAlert,
    /// The URL of this server.
    pub origin: &'a str,
}

impl AccountAlertMail<'_> {
    /// Returns the mail in a language.
    pub fn content(self, language: Language) -> MailContent {
        let (subject, event, advice) = match self.alert {
            AccountAlert::SessionEnded => session_ended(self.origin, language),
            AccountAlert::PasskeyAdded => passkey_added(self.origin, language),
        };
        MailContent {
            language,
            subject: subject.to_owned(),
            paragraphs: vec![Paragraph::Text(event), Paragraph::Text(advice.to_owned())],
        }
    }
}

/// The subject, what has happened, and what the reader should do.
type AlertText = (&'static str, String, &'static str);

fn session_ended(origin: &str, language: Language) -> AlertText {
    match language {
        Language::English => (
            "You were signed out of HumanOps on one device",
            format!(
                "A saved sign-in of yours at {origin} was used twice, which may mean that \
                 somebody copied it. We ended that session, so you have to sign in again on \
                 that device."
            ),
            "In the app, open Profile to see all devices on which you are signed in, and end \
             the sessions that you do not know.",
        ),
        Language::German => (
            "Sie wurden auf einem Gerät von HumanOps abgemeldet",
            format!(
                "Eine gespeicherte Anmeldung bei {origin} wurde zweimal verwendet. Vielleicht \
                 hat jemand sie kopiert. Wir haben diese Sitzung beendet. Bitte melden Sie \
                 sich auf dem Gerät neu an."
            ),
            "Öffnen Sie in der App „Profile“. Dort sehen Sie alle Geräte, auf denen Sie \
             angemeldet sind. Beenden Sie die Sitzungen, die Sie nicht kennen.",
        ),
        Language::Spanish => (
            "Se ha cerrado tu sesión de HumanOps en un dispositivo",
            format!(
                "Un inicio de sesión guardado en {origin} se ha usado dos veces, y es posible \
                 que alguien lo haya copiado. Hemos cerrado esa sesión, así que tienes que \
                 volver a iniciar sesión en ese dispositivo."
            ),
            "En la aplicación, abre «Profile» para ver todos los dispositivos en los que has \
             iniciado sesión, y cierra las sesiones que no reconozcas.",
        ),
        Language::French => (
            "Vous avez été déconnecté de HumanOps sur un appareil",
            format!(
                "Une connexion enregistrée sur {origin} a été utilisée deux fois\u{a0}: \
                 quelqu’un l’a peut-être copiée. Nous avons mis fin à cette session. \
                 Reconnectez-vous sur cet appareil."
            ),
            "Dans l’application, ouvrez «\u{a0}Profile\u{a0}» pour voir tous les appareils sur \
             lesquels vous êtes connecté, et mettez fin aux sessions que vous ne reconnaissez \
             pas.",
        ),
        Language::Portuguese => (
            "Sua sessão do HumanOps foi encerrada em um dispositivo",
            format!(
                "Um acesso salvo em {origin} foi usado duas vezes, e é possível que alguém o \
                 tenha copiado. Encerramos essa sessão. Entre novamente nesse dispositivo."
            ),
            "No aplicativo, abra “Profile” para ver todos os dispositivos em que você está \
             conectado, e encerre as sessões que não reconhecer.",
        ),
    }
}

fn passkey_added(origin: &str, language: Language) -> AlertText {
    match language {
        Language::English => (
            "A passkey was added to your HumanOps account",
            format!(
                "A passkey was added to your account at {origin}. Anyone who has it can sign \
                 in as you."
            ),
            "If this was not you, sign in, open Profile, remove the passkey, and end the \
             sessions that you do not know.",
        ),
        Language::German => (
            "Ihrem Konto bei HumanOps wurde ein Passkey hinzugefügt",
            format!(
                "Ihrem Konto auf {origin} wurde ein Passkey hinzugefügt. Wer ihn hat, kann \
                 sich mit Ihrem Konto anmelden."
            ),
            "Wenn Sie das nicht waren, melden Sie sich an, öffnen Sie „Profile“, entfernen \
             Sie den Passkey und beenden Sie die Sitzungen, die Sie nicht kennen.",
        ),
        Language::Spanish => (
            "Se ha añadido una llave de acceso a tu cuenta de HumanOps",
            format!(
                "Se ha añadido una llave de acceso (passkey) a tu cuenta en {origin}. Quien \
                 la tenga puede iniciar sesión en tu cuenta."
            ),
            "Si no has sido tú, inicia sesión, abre «Profile», elimina la llave de acceso y \
             cierra las sesiones que no reconozcas.",
        ),
        Language::French => (
            "Une clé d’accès a été ajoutée à votre compte HumanOps",
            format!(
                "Une clé d’accès (passkey) a été ajoutée à votre compte sur {origin}. Qui la \
                 possède peut se connecter à votre compte."
            ),
            "Si ce n’était pas vous, connectez-vous, ouvrez «\u{a0}Profile\u{a0}», supprimez \
             la clé d’accès et mettez fin aux sessions que vous ne reconnaissez pas.",
        ),
        Language::Portuguese => (
            "Uma chave de acesso foi adicionada à sua conta HumanOps",
            format!(
                "Uma chave de acesso (passkey) foi adicionada à sua conta em {origin}. Quem a \
                 tiver pode entrar na sua conta."
            ),
            "Se não foi você, entre, abra “Profile”, remova a chave de acesso e encerre as \
             sessões que não reconhecer.",
        ),
    }
}
