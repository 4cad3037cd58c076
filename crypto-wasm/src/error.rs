//! The errors of this crate, each with a message that says what to do.
//!
//! A message may say what a malformed key is, because keys are read before any secret is used. It
//! must not say why opening failed: [`OpenError`] has one value and one message.

use core::fmt;

/// The reason why a text or bytes are not the expected key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// The text or the bytes are empty.
    Empty,
    /// The text is longer than any P-256 key.
    TooLong,
    /// The text is neither base64 nor PEM nor a JWK.
    NotBase64,
    /// The text consists of hexadecimal digits.
    Hexadecimal,
    /// It is a private key, but a public key is expected.
    PrivateKey,
    /// It is a public key, but a private key is expected.
    PublicKey,
    /// The private key is encrypted with a password.
    EncryptedPrivateKey,
    /// It is an X.509 certificate or a certificate request.
    Certificate,
    /// The key is in OpenSSH's own form.
    Ssh,
    /// The key is for another curve or algorithm, with its name.
    OtherKind(&'static str),
    /// The JSON is not a single JWK.
    Json,
    /// A member of a JWK is invalid, with its name and what is wrong with it.
    JwkMember(&'static str, MemberFault),
    /// A PEM block is cut off, or another block follows it.
    Pem,
    /// The PEM block contains a backslash and a letter in place of each line break.
    EscapedLines,
    /// The DER contains no P-256 key of a known form.
    Der,
    /// No form of a key has this number of bytes.
    Length(usize),
    /// The point is two coordinates without the leading byte 04.
    NoLeadingByte,
    /// The point is in the hybrid form.
    Hybrid,
    /// The point is the point at infinity; anybody could open what is sealed to it.
    Infinity,
    /// The coordinates are not a point of P-256.
    NotOnCurve,
    /// The private number is zero, or not below the order of the curve.
    SecretOutOfRange,
    /// The private key contains the public key of another key pair.
    HalvesDiffer,
}

/// What is wrong with a member of a JWK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemberFault {
    /// The member is missing.
    Missing,
    /// The member occurs twice.
    Repeated,
    /// The value is `null`, a number, or anything other than a string without escapes.
    NotText,
    /// The value is not base64url.
    NotBase64,
    /// The value has this number of bytes instead of 32.
    Length(usize),
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence())
    }
}

impl KeyError {
    /// Returns the message that `Display` prints. It is built without the formatter, which would
    /// make the wasm too large.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::OtherKind(kind) => [
                "This is a key for ",
                kind,
                ". Send one for the curve P-256.",
            ]
            .concat(),
            Self::JwkMember(name, fault) => {
                ["The JWK's member \"", name, "\" ", &fault.phrase(), "."].concat()
            }
            Self::Length(bytes) => [
                "A key of ",
                &decimal(*bytes),
                " bytes is cut off or of an unknown form. Send the whole key.",
            ]
            .concat(),
            other => other.fixed_sentence().to_owned(),
        }
    }

    fn fixed_sentence(self) -> &'static str {
        match self {
            Self::Empty => "The key is empty. Send a P-256 key as base64, PEM or JWK.",
            Self::TooLong => "The text is too long to be a P-256 key. Send the key alone.",
            Self::NotBase64 => "The key is not base64, PEM or a JWK. Send it in one of these.",
            Self::Hexadecimal => "The key is in hexadecimal. Send the same bytes as base64.",
            Self::PrivateKey => {
                "This is, or may be, a private key. Keep it secret and send its public key."
            }
            Self::PublicKey => "This is a public key. Opening needs the private key.",
            Self::EncryptedPrivateKey => {
                "This private key is under a password. Export it as plain PKCS#8 first."
            }
            Self::Certificate => "This is a certificate, or a request for one. Send the key alone.",
            Self::Ssh => "This is an SSH key. Send a P-256 key as base64, PEM or JWK.",
            Self::Json => "This is JSON, but not one JWK of the type EC. Send one key.",
            Self::Pem => {
                "The PEM text is cut off or holds more than one block. Send one whole key."
            }
            Self::EscapedLines => {
                "The PEM text has \\n where its lines should end. Send it with real line breaks."
            }
            Self::Der => "This DER holds no P-256 key of a known form. Send SPKI or PKCS#8.",
            Self::NoLeadingByte => {
                "The point lacks its first byte. Put the byte 04 before x and y."
            }
            Self::Hybrid => "The point is in the hybrid form. Send it uncompressed or compressed.",
            Self::Infinity => {
                "This is the point at infinity, which is no key. Make a new key pair."
            }
            Self::NotOnCurve => "The point is not on the curve P-256. Send an unchanged P-256 key.",
            Self::SecretOutOfRange => "The private number is out of range. Make a new key pair.",
            Self::HalvesDiffer => {
                "The private and the public half differ. Export the key pair once more."
            }
            Self::OtherKind(_) | Self::JwkMember(..) | Self::Length(_) => "",
        }
    }
}

impl MemberFault {
    fn phrase(self) -> String {
        let fixed = match self {
            Self::Missing => "is missing",
            Self::Repeated => "comes twice",
            Self::NotText => "is not a plain string; a member without a value is left out",
            Self::NotBase64 => "is not base64url",
            Self::Length(bytes) => {
                let bytes = decimal(bytes);
                return [
                    "has ",
                    &bytes,
                    " bytes and needs 32, with its leading zeros",
                ]
                .concat();
            }
        };
        fixed.to_owned()
    }
}

/// Formats a number below 100 000. The maximum length of a text keeps all lengths below that.
fn decimal(number: usize) -> String {
    let digits = [10_000, 1_000, 100, 10, 1].map(|unit| b'0' + (number / unit % 10) as u8);
    let text: String = digits.into_iter().map(char::from).collect();
    text.trim_start_matches('0').to_owned()
}

impl core::error::Error for KeyError {}

/// The reason why a text is not an envelope. It is for code that has no private key, such as the
/// server: it depends on public values only, so it may name the field. Opening returns `OpenError`
/// instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// This release does not know the version.
    Version,
    /// This release does not know the algorithm.
    Algorithm,
    /// The ciphertext is not canonical, padded, standard base64.
    CiphertextBase64,
    /// The ciphertext contains no byte in addition to the tag.
    CiphertextTooShort,
    /// The ciphertext is longer than the longest plaintext and its tag.
    CiphertextTooLong,
    /// The iv is not canonical, padded, standard base64.
    IvBase64,
    /// The iv does not have 12 bytes.
    IvLength,
    /// The ephemeral key is not canonical, padded, standard base64.
    PointBase64,
    /// The ephemeral key is not an uncompressed point of P-256.
    Point,
}

impl EnvelopeError {
    /// Returns the name of the field on the wire.
    #[must_use]
    pub fn field(&self) -> &'static str {
        match self {
            Self::Version => "v",
            Self::Algorithm => "algorithm",
            Self::CiphertextBase64 | Self::CiphertextTooShort | Self::CiphertextTooLong => {
                "ciphertext"
            }
            Self::IvBase64 | Self::IvLength => "iv",
            Self::PointBase64 | Self::Point => "ephemeralPublicKey",
        }
    }
}

impl EnvelopeError {
    fn sentence(self) -> &'static str {
        match self {
            Self::Version => "v must be 1.",
            Self::Algorithm => "algorithm must be \"ECDH-P256-AES-256-GCM\".",
            Self::CiphertextBase64 => "ciphertext must be standard base64 with padding.",
            Self::CiphertextTooShort => "ciphertext must be at least 17 bytes.",
            Self::CiphertextTooLong => "ciphertext must be at most 65552 bytes.",
            Self::IvBase64 => "iv must be standard base64 with padding.",
            Self::IvLength => "iv must be 12 bytes.",
            Self::PointBase64 => "ephemeralPublicKey must be standard base64 with padding.",
            Self::Point => "ephemeralPublicKey must be an uncompressed point of P-256.",
        }
    }
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl core::error::Error for EnvelopeError {}

/// The reason why a plaintext was not sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SealError {
    /// The plaintext is empty.
    Empty,
    /// The plaintext has more than [`PLAINTEXT_BYTES_MAX`](crate::PLAINTEXT_BYTES_MAX) bytes.
    TooLong,
    /// The task id is empty.
    NoTask,
    /// The random source failed; a weak key is never used instead.
    Random,
}

impl SealError {
    /// Returns the message that `Display` prints.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::Empty => "There is nothing to seal: the plaintext is empty.",
            Self::TooLong => "The plaintext is longer than 65536 bytes. Seal less at once.",
            Self::NoTask => "The task id is empty. An envelope is bound to one task.",
            Self::Random => RandomError::SENTENCE,
        }
    }
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl core::error::Error for SealError {}

impl From<RandomError> for SealError {
    fn from(_: RandomError) -> Self {
        Self::Random
    }
}

/// The system's random source failed, or returned numbers that no working source returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RandomError;

impl RandomError {
    pub(crate) const SENTENCE: &'static str =
        "The random source of this system failed, so no key was made. Try again.";
}

impl fmt::Display for RandomError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::SENTENCE)
    }
}

impl core::error::Error for RandomError {}

/// The envelope did not open. There is one value and one message for every reason: a malformed
/// field, an unknown version, a point off the curve, a wrong tag, another key or another task.
#[cfg(feature = "open")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenError;

#[cfg(feature = "open")]
impl OpenError {
    pub(crate) const SENTENCE: &'static str =
        "The envelope was changed, or it was sealed for another key or another task.";
}

#[cfg(feature = "open")]
impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::SENTENCE)
    }
}

#[cfg(feature = "open")]
impl core::error::Error for OpenError {}
