//! Reader for the five members of a JWK that make a P-256 key (RFC 7517, RFC 7518 §6.2). It is not
//! a general JSON parser.
//!
//! The text is read in one pass. Ambiguous texts are refused: a member name with an escape, a
//! repeated member of the five, anything after the closing brace.
//!
//! A library would not fit: with `serde-json-core` the npm package grows by 3.8 kB and exceeds its
//! limit. It also recurses into nested values, so that a hostile text could exhaust the stack.

use zeroize::Zeroizing;

use crate::{KeyError, MemberFault, base64::decode_lenient};

/// The values of the five members, not decoded yet.
#[derive(Default)]
pub(crate) struct Jwk<'a> {
    kty: Option<&'a str>,
    crv: Option<&'a str>,
    x: Option<&'a str>,
    y: Option<&'a str>,
    d: Option<&'a str>,
}

pub(crate) fn read(text: &str) -> Result<Jwk<'_>, KeyError> {
    parse(text).ok_or(KeyError::Json)?
}

impl Jwk<'_> {
    /// Returns whether the JWK contains a private number.
    pub(crate) fn is_private(&self) -> bool {
        self.d.is_some()
    }

    /// Returns the uncompressed point 04 ‖ x ‖ y, not validated yet.
    pub(crate) fn point(&self) -> Result<Vec<u8>, KeyError> {
        self.check_kind()?;
        let mut point = vec![4];
        point.extend_from_slice(&coordinate("x", self.x)?);
        point.extend_from_slice(&coordinate("y", self.y)?);
        Ok(point)
    }

    /// Returns the private number.
    #[cfg(feature = "open")]
    pub(crate) fn secret(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        self.check_kind()?;
        if !self.is_private() {
            return Err(KeyError::PublicKey);
        }
        coordinate("d", self.d)
    }

    fn check_kind(&self) -> Result<(), KeyError> {
        match (self.kty, self.crv) {
            (Some("EC"), Some("P-256")) => Ok(()),
            (Some("EC"), Some("P-384")) => Err(KeyError::OtherKind("P-384")),
            (Some("EC"), Some("P-521")) => Err(KeyError::OtherKind("P-521")),
            (Some("EC"), Some("secp256k1")) => Err(KeyError::OtherKind("secp256k1")),
            (Some("EC"), None) => Err(KeyError::JwkMember("crv", MemberFault::Missing)),
            (Some("EC"), Some(_)) => Err(KeyError::OtherKind("another curve")),
            (Some("OKP"), Some("Ed25519")) => Err(KeyError::OtherKind("Ed25519")),
            (Some("OKP"), Some("X25519")) => Err(KeyError::OtherKind("X25519")),
            (Some("RSA"), _) => Err(KeyError::OtherKind("RSA")),
            (Some("oct"), _) => Err(KeyError::OtherKind("a symmetric cipher")),
            _ => Err(KeyError::Json),
        }
    }
}

/// Decodes a coordinate, which has the full 32 bytes with leading zeros (RFC 7518 §6.2.1.2).
fn coordinate(name: &'static str, text: Option<&str>) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let wrong = |fault| Err(KeyError::JwkMember(name, fault));
    let Some(text) = text else {
        return wrong(MemberFault::Missing);
    };
    match decode_lenient(text) {
        Some(bytes) if bytes.len() == 32 => Ok(bytes),
        Some(bytes) => wrong(MemberFault::Length(bytes.len())),
        None => wrong(MemberFault::NotBase64),
    }
}

/// Reads a JWK. Returns `None` if the text is not a single JSON object, and an error if one of its
/// members is invalid.
fn parse(text: &str) -> Option<Result<Jwk<'_>, KeyError>> {
    let mut parser = Parser { rest: text };
    let mut jwk = Jwk::default();
    parser.eat("{")?;
    loop {
        let name = parser.plain_string()?;
        parser.eat(":")?;
        let (place, known) = match name {
            "kty" => (&mut jwk.kty, "kty"),
            "crv" => (&mut jwk.crv, "crv"),
            "x" => (&mut jwk.x, "x"),
            "y" => (&mut jwk.y, "y"),
            "d" => (&mut jwk.d, "d"),
            _ => {
                parser.skip_value()?;
                match parser.next_member()? {
                    true => continue,
                    false => break,
                }
            }
        };
        let fault = match parser.plain_string() {
            Some(value) if place.is_none() => {
                *place = Some(value);
                None
            }
            Some(_) => Some(MemberFault::Repeated),
            None => Some(MemberFault::NotText),
        };
        if let Some(fault) = fault {
            return Some(Err(KeyError::JwkMember(known, fault)));
        }
        if !parser.next_member()? {
            break;
        }
    }
    parser.rest.trim_ascii_start().is_empty().then_some(Ok(jwk))
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn eat(&mut self, token: &str) -> Option<()> {
        self.rest = self.rest.trim_ascii_start().strip_prefix(token)?;
        Some(())
    }

    /// Returns whether another member follows, or `None` if there is neither a comma nor a closing
    /// brace.
    fn next_member(&mut self) -> Option<bool> {
        if self.eat(",").is_some() {
            return Some(true);
        }
        self.eat("}").map(|()| false)
    }

    /// Reads a string without escapes, and returns it without its quotes.
    fn plain_string(&mut self) -> Option<&'a str> {
        self.eat("\"")?;
        let (string, rest) = self.rest.split_once('"')?;
        if string.contains('\\') || string.bytes().any(|byte| byte < 0x20) {
            return None;
        }
        self.rest = rest;
        Some(string)
    }

    fn skip_string(&mut self) -> Option<()> {
        self.eat("\"")?;
        let mut escaped = false;
        let end = self.rest.bytes().position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        })?;
        self.rest = self.rest.get(end + 1..)?;
        Some(())
    }

    /// Skips a value of any depth, up to the comma or brace after it. The value is not used, so the
    /// kinds of its brackets are not checked.
    fn skip_value(&mut self) -> Option<()> {
        let mut depth = 0;
        loop {
            self.rest = self.rest.trim_ascii_start();
            match self.rest.as_bytes().first()? {
                b'"' => {
                    self.skip_string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b',' | b'}' | b']' if depth == 0 => return Some(()),
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            let mut characters = self.rest.chars();
            characters.next();
            self.rest = characters.as_str();
        }
    }
}
