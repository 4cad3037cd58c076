//! The sealed envelope: read strictly, printed one way. Nothing here could open one.

use crate::{
    EnvelopeError, base64,
    curve::{POINT_BYTES, Point},
};

/// The longest plaintext that is sealed, in bytes (contract §5).
pub const PLAINTEXT_BYTES_MAX: usize = 65_536;

const TAG_BYTES: usize = 16;

/// The fields of an envelope as they stand on the wire, unread (S1; `v` by contract §5).
///
/// `createdAt` is not among them: it says when, is not authenticated, and changes nothing.
#[derive(Clone, Copy, Debug)]
pub struct EnvelopeText<'a> {
    /// `v`, the version of the format.
    pub v: u64,
    /// `algorithm`.
    pub algorithm: &'a str,
    /// `ciphertext`, base64 of the ciphertext and its tag.
    pub ciphertext: &'a str,
    /// `iv`, base64 of 12 bytes.
    pub iv: &'a str,
    /// `ephemeralPublicKey`, base64 of 65 bytes.
    pub ephemeral_public_key: &'a str,
}

/// An envelope of a known version whose every part has the right form and whose point is on the
/// curve. Whether it opens, only the agent can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    pub(crate) ciphertext: Vec<u8>,
    pub(crate) iv: [u8; 12],
    pub(crate) ephemeral: Point,
}

impl Envelope {
    /// The version that this crate seals, and the only one it reads.
    pub const VERSION: u64 = 1;
    /// The name of the algorithm on the wire (S1).
    pub const ALGORITHM: &'static str = "ECDH-P256-AES-256-GCM";

    /// Reads an envelope from its fields.
    ///
    /// # Errors
    /// Every fault at once, in the order of the fields of [`EnvelopeText`].
    pub fn parse(text: &EnvelopeText<'_>) -> Result<Self, Vec<EnvelopeError>> {
        let mut faults = Vec::new();
        if text.v != Self::VERSION {
            faults.push(EnvelopeError::Version);
        }
        if text.algorithm != Self::ALGORITHM {
            faults.push(EnvelopeError::Algorithm);
        }
        let mut keep = |fault| faults.push(fault);
        let ciphertext = parse_ciphertext(text.ciphertext).map_err(&mut keep);
        let iv = parse_iv(text.iv).map_err(&mut keep);
        let ephemeral = parse_point(text.ephemeral_public_key).map_err(&mut keep);
        match (ciphertext, iv, ephemeral) {
            (Ok(ciphertext), Ok(iv), Ok(ephemeral)) if faults.is_empty() => Ok(Self {
                ciphertext,
                iv,
                ephemeral,
            }),
            _ => Err(faults),
        }
    }

    /// `ciphertext` as it stands on the wire.
    #[must_use]
    pub fn ciphertext_base64(&self) -> String {
        base64::encode(&self.ciphertext)
    }

    /// `iv` as it stands on the wire.
    #[must_use]
    pub fn iv_base64(&self) -> String {
        base64::encode(&self.iv)
    }

    /// `ephemeralPublicKey` as it stands on the wire.
    #[must_use]
    pub fn ephemeral_public_key_base64(&self) -> String {
        base64::encode(&self.ephemeral.to_bytes())
    }
}

fn parse_ciphertext(text: &str) -> Result<Vec<u8>, EnvelopeError> {
    const BYTES_MAX: usize = PLAINTEXT_BYTES_MAX + TAG_BYTES;
    // The length of the text decides first, so that a huge text is not decoded to be refused.
    if text.len() > BYTES_MAX.div_ceil(3) * 4 {
        return Err(EnvelopeError::CiphertextTooLong);
    }
    let bytes = base64::decode_strict(text).ok_or(EnvelopeError::CiphertextBase64)?;
    match bytes.len() {
        0..=TAG_BYTES => Err(EnvelopeError::CiphertextTooShort),
        length if length > BYTES_MAX => Err(EnvelopeError::CiphertextTooLong),
        _ => Ok(bytes),
    }
}

fn parse_iv(text: &str) -> Result<[u8; 12], EnvelopeError> {
    let bytes = base64::decode_strict(text).ok_or(EnvelopeError::IvBase64)?;
    bytes.try_into().map_err(|_| EnvelopeError::IvLength)
}

/// One spelling only: an envelope whose point may be written in several ways could be told apart
/// from itself.
fn parse_point(text: &str) -> Result<Point, EnvelopeError> {
    let bytes = base64::decode_strict(text).ok_or(EnvelopeError::PointBase64)?;
    if bytes.len() != POINT_BYTES {
        return Err(EnvelopeError::Point);
    }
    Point::read(&bytes).map_err(|_| EnvelopeError::Point)
}
