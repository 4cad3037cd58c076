//! Bodies of the sign-in endpoints (contract §2).

use api_types::session::{CODE_DIGITS, ConfirmEmail, RequestCode, RequestConfirmation, VerifyCode};
use serde_json::Value;

use super::email::email;
use super::fields::{Fields, Parsed, text, wrong};

/// Reads the body of POST /auth/code.
pub fn parse_request(body: &Value) -> Parsed<RequestCode> {
    Fields::read(body, |fields| {
        let email = fields.required("email", email);
        Some(RequestCode { email: email? })
    })
}

/// Reads the body of POST /auth/code/verify.
pub fn parse_verification(body: &Value) -> Parsed<VerifyCode> {
    Fields::read(body, |fields| {
        let email = fields.required("email", email);
        let code = fields.required("code", code);
        Some(VerifyCode {
            email: email?,
            code: code?,
        })
    })
}

/// Reads the body of POST /auth/email/code.
pub fn parse_confirmation_request(body: &Value) -> Parsed<RequestConfirmation> {
    Fields::read(body, |fields| {
        let email = fields.optional("email", email);
        Some(RequestConfirmation { email })
    })
}

/// Reads the body of POST /auth/email/confirm.
pub fn parse_confirmation(body: &Value) -> Parsed<ConfirmEmail> {
    Fields::read(body, |fields| {
        let code = fields.required("code", code);
        Some(ConfirmEmail { code: code? })
    })
}

/// Reads a code. People copy it with spaces.
fn code(value: &Value) -> Parsed<String> {
    const CHARS_MAX: usize = 16;
    let read = text(1..=CHARS_MAX)(value)?;
    let digits: String = read.chars().filter(|c| !c.is_whitespace()).collect();
    let is_code = digits.len() == CODE_DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
    if is_code {
        Ok(digits)
    } else {
        wrong("must be the six digits of the mail")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_code_is_read_with_spaces_and_nothing_else() {
        assert_eq!(code(&json!(" 123 456\u{a0}")).unwrap(), "123456");
        for bad in [
            json!("12345"),
            json!("1234567"),
            json!("12345x"),
            json!(123_456),
            json!(""),
        ] {
            assert!(code(&bad).is_err(), "{bad}");
        }
    }
}
