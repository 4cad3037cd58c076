//! Validation and canonical form of e-mail addresses.
//!
//! Only addresses that can receive mail are accepted, each in one spelling, so that one address is
//! one account.

use email_address::EmailAddress;
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::fields::{Parsed, text, wrong};

/// Maximum bytes of an address (RFC 5321 §4.5.3.1.3, without the angle brackets).
const ADDRESS_BYTES_MAX: usize = 254;

/// Reads an e-mail address and returns its canonical form: lower case, the domain in ASCII (a
/// Unicode domain as Punycode), a Unicode local part in composed form. Only a mail can prove that
/// the mailbox exists.
pub fn email(value: &Value) -> Parsed<String> {
    let read = text(1..=ADDRESS_BYTES_MAX)(value)?;
    let (local, domain) = read.rsplit_once('@').unwrap_or_default();
    match local_part(local).zip(domain_name(domain)) {
        Some((local, domain)) if local.len() + 1 + domain.len() <= ADDRESS_BYTES_MAX => {
            Ok(format!("{local}@{domain}"))
        }
        _ => wrong("must be an e-mail address"),
    }
}

/// Returns the part before the `@` in canonical form: atoms joined by dots (RFC 5321 §4.1.2), which
/// may hold letters of any script (RFC 6531). A quoted local part is refused, because it allows
/// many spellings of one address and hardly any server accepts one. A letter that only looks like
/// one of ASCII, such as the Kelvin sign, is refused too: folded to lower case it would become that
/// letter, and its mailbox may be somebody else's.
fn local_part(text: &str) -> Option<String> {
    let poses = |c: char| !c.is_ascii() && c.to_lowercase().nfc().all(|c| c.is_ascii());
    if text.chars().any(poses) {
        return None;
    }
    let lower: String = text.to_lowercase().nfc().collect();
    let is_visible = |c: char| c.is_ascii() || c.is_alphanumeric() || is_combining_mark(c);
    let is_plain = !lower.contains('"') && lower.chars().all(is_visible);
    (is_plain && EmailAddress::is_valid_local_part(&lower)).then_some(lower)
}

/// Returns a domain for which mail exchangers can be looked up: a name of at least two labels, in
/// ASCII. An address literal such as `[192.0.2.1]` names a machine rather than a domain, and is
/// refused.
fn domain_name(text: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii_strict(text).ok()?;
    let (_, top) = ascii.rsplit_once('.')?;
    let is_name = !top.is_empty() && !top.bytes().all(|byte| byte.is_ascii_digit());
    is_name.then_some(ascii)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spelled(text: &str) -> Option<String> {
        email(&json!(text)).ok()
    }

    #[test]
    fn an_address_that_a_mail_can_reach_is_read_in_one_spelling() {
        for (address, one) in [
            ("jane@example.com", "jane@example.com"),
            ("J.Doe+X@Mail.Example.ORG", "j.doe+x@mail.example.org"),
            ("o'neil_{1}@a-b.example", "o'neil_{1}@a-b.example"),
            ("jane@Bücher.example", "jane@xn--bcher-kva.example"),
            ("jane@xn--bcher-kva.example", "jane@xn--bcher-kva.example"),
            ("jane@example。com", "jane@example.com"),
            // The same letter, composed and decomposed.
            ("jos\u{e9}@example.com", "jos\u{e9}@example.com"),
            ("JOSE\u{301}@example.com", "jos\u{e9}@example.com"),
        ] {
            assert_eq!(spelled(address).as_deref(), Some(one), "{address}");
        }
        let longest = format!("{}@{}.com", "a".repeat(64), "b".repeat(63));
        assert_eq!(spelled(&longest), Some(longest.clone()));
    }

    #[test]
    fn an_address_that_no_mail_reaches_is_refused() {
        let long_local = format!("{}@example.com", "a".repeat(65));
        let long_label = format!("a@{}.com", "b".repeat(64));
        let long_domain = format!("a@{}com", "b.".repeat(126));
        for address in [
            "jane",
            "@example.com",
            "jane@",
            "jane@host",
            "a b@example.com",
            "a@b@c.example",
            "<x@example.com>",
            "<x@example.com",
            "x@example.com>",
            "Jane <jane@example.com>",
            "x@example.com,y@example.com",
            "mailto:x@example.com",
            r#""x"@example.com"#,
            r#""a\"b"@example.com"#,
            r#""a\\"@example.com"#,
            r"a\b@example.com",
            ".x@example.com",
            "x.@example.com",
            "x..y@example.com",
            "x@.example.com",
            "x@example.com.",
            "x@example..com",
            "x@-example.com",
            "x@example-.com",
            "x@exam_ple.com",
            "x@exam!ple.com",
            "x@exam%70le.com",
            "x@[192.0.2.1]",
            "x@192.0.2.1",
            "x@[IPv6:2001:db8::1]",
            "x\u{200b}@example.com",
            "x\u{a0}@example.com",
            "x\u{7}@example.com",
            "mi\u{212a}e@example.com",
            "x\u{1fef}@example.com",
            "x@exa\u{ad}mple\u{2026}com",
            " x@example.com",
            "x@example.com\n",
            &long_local,
            &long_label,
            &long_domain,
        ] {
            assert_eq!(spelled(address), None, "{address:?}");
        }
    }
}
