//! Codes sent by e-mail, for sign-in and to confirm an address: six digits, valid for ten minutes,
//! once (contract §2).

use std::{fmt, time::Duration};

use api_types::{Timestamp, session::CODE_DIGITS};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::secret;

/// How long a code is valid.
const CODE_LASTS: Duration = Duration::from_secs(10 * 60);

/// Maximum number of wrong guesses while a code is valid.
const TRIES_MAX: u32 = 5;

/// Maximum number of codes that are sent to one address in [`LIMITED_FOR`].
const CODES_MAX: usize = 5;

/// The time in which the codes to one address are limited.
const LIMITED_FOR: Duration = Duration::from_secs(60 * 60);

/// A code, which exists only in the mail.
#[derive(Clone)]
pub struct EmailCode(Zeroizing<String>);

impl EmailCode {
    /// Creates a code from 64 random bits. Among a million codes the bias is below 10^-13.
    pub fn from_random(random: &[u8; 8]) -> Self {
        let number = u64::from_le_bytes(*random) % 10_u64.pow(CODE_DIGITS as u32);
        Self(Zeroizing::new(format!("{number:0CODE_DIGITS$}")))
    }

    /// Returns the digits, for the mail.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Returns the code as it is stored, when it is about to be sent to an address.
    pub fn stored(
        &self,
        purpose: CodePurpose,
        salt: u64,
        email: &str,
        now: Timestamp,
    ) -> StoredCode {
        let salt = format!("{salt:016x}");
        StoredCode {
            hash: hash(&purpose.salt(&salt, email), &self.0),
            salt,
            expires_at: now.after(CODE_LASTS),
            tries: 0,
        }
    }
}

impl fmt::Debug for EmailCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailCode([redacted])")
    }
}

fn hash(salt: &str, digits: &str) -> String {
    secret::hash(&format!("{salt}:{digits}"))
}

/// What a code is for. Codes of different purposes never stand for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodePurpose {
    /// Sign-in to this server.
    SignIn,
    /// The proof that an operator, who signs in elsewhere, reads the mails to an address.
    Confirmation,
}

impl CodePurpose {
    /// Returns what is hashed together with the digits of a code. A code that confirms an address
    /// is bound to it, so it is worth nothing after the operator has given another.
    fn salt(self, salt: &str, email: &str) -> String {
        match self {
            Self::SignIn => salt.to_owned(),
            Self::Confirmation => format!("{salt}:{email}"),
        }
    }
}

/// A code as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCode {
    /// Random text that is hashed together with the digits.
    pub salt: String,
    /// The hash of the salt and the digits.
    pub hash: String,
    /// Until when it is valid.
    pub expires_at: Timestamp,
    /// Wrong guesses so far.
    pub tries: u32,
}

impl StoredCode {
    /// Returns whether these are the digits of this code, and it is still valid.
    pub fn accepts(&self, digits: &str, now: Timestamp) -> bool {
        self.accepts_by(&self.salt, digits, now)
    }

    /// Returns whether these are the digits of a code that confirms `email`.
    pub fn confirms(&self, email: &str, digits: &str, now: Timestamp) -> bool {
        let salt = CodePurpose::Confirmation.salt(&self.salt, email);
        self.accepts_by(&salt, digits, now)
    }

    fn accepts_by(&self, salt: &str, digits: &str, now: Timestamp) -> bool {
        let same = hash(salt, digits).as_bytes().ct_eq(self.hash.as_bytes());
        now < self.expires_at && self.tries < TRIES_MAX && bool::from(same)
    }
}

/// Returns whether a person who requested a code at `requested_at` still waits for it.
pub fn is_awaited(requested_at: Timestamp, now: Timestamp) -> bool {
    now < requested_at.after(CODE_LASTS)
}

/// Returns the times of an address's codes after another code is sent now, or `None` if it has
/// received too many within an hour.
pub fn send_another(times: &[Timestamp], now: Timestamp) -> Option<Vec<Timestamp>> {
    let since = now.before(LIMITED_FOR);
    let recent = times.iter().copied().filter(|time| *time > since);
    let mut recent: Vec<_> = recent.collect();
    (recent.len() < CODES_MAX).then(|| {
        recent.push(now);
        recent
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms).unwrap()
    }

    #[test]
    fn a_code_has_six_digits_and_is_never_printed() {
        assert_eq!(EmailCode::from_random(&[0; 8]).reveal(), "000000");
        let code = EmailCode::from_random(&1_234_567_u64.to_le_bytes());
        assert_eq!(code.reveal(), "234567");
        assert_eq!(format!("{code:?}"), "EmailCode([redacted])");
    }

    #[test]
    fn a_code_is_accepted_until_it_expires_or_was_guessed_too_often() {
        let code = EmailCode::from_random(&[7; 8]);
        let mut stored = code.stored(CodePurpose::SignIn, 7, "jane@example.com", at(0));
        assert!(stored.accepts(code.reveal(), at(599_999)));
        assert!(!stored.accepts(code.reveal(), at(600_000)));
        assert!(!stored.accepts("000000", at(9)));
        stored.tries = TRIES_MAX;
        assert!(!stored.accepts(code.reveal(), at(9)));
    }

    #[test]
    fn a_code_confirms_the_address_that_it_was_sent_to_and_signs_nobody_in() {
        let code = EmailCode::from_random(&[7; 8]);
        let stored = code.stored(CodePurpose::Confirmation, 7, "jane@example.com", at(0));
        let digits = code.reveal();
        assert!(stored.confirms("jane@example.com", digits, at(9)));
        assert!(!stored.confirms("joe@example.com", digits, at(9)));
        assert!(!stored.confirms("jane@example.com", digits, at(600_000)));
        assert!(!stored.accepts(digits, at(9)));
    }

    #[test]
    fn a_code_is_awaited_for_ten_minutes() {
        assert!(is_awaited(at(1), at(600_000)));
        assert!(!is_awaited(at(1), at(600_001)));
    }

    #[test]
    fn an_address_gets_five_codes_in_any_hour() {
        let minute = 60_000_i64;
        let at = |ms: i64| at(24 * 60 * minute + ms);
        let mut times = Vec::new();
        for n in 0..5 {
            times = send_another(&times, at(n * minute)).unwrap();
        }
        assert_eq!(send_another(&times, at(59 * minute)), None);
        let next = send_another(&times, at(60 * minute)).unwrap();
        assert_eq!(next.len(), 5, "the first is an hour old");
        assert_eq!(send_another(&next, at(60 * minute + 1)), None);
    }
}
