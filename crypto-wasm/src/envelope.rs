//! Sealed envelopes: a strict parser and the encoding. Nothing here can open an envelope.

use crate::{
    EnvelopeError, base64,
    curve::{POINT_BYTES, Point},
};

/// Maximum length of a plaintext in bytes (contract §5).
pub const PLAINTEXT_BYTES_MAX: usize = 65_536;

const TAG_BYTES: usize = 16;

/// The fields of an envelope as on the wire, before they are parsed: those that the HumanOps
/// reference prints, and `v` (contract §5).
///
/// `createdAt` is left out: it is the time of sealing, is not authenticated, and has no effect.
#[derive(Clone, Copy, Debug)]
pub struct EnvelopeText<'a> {
    /// The version of the format, `v` on the wire.
    pub v: u64,
    /// The name of the algorithm, `algorithm` on the wire.
    pub algorithm: &'a str,
    /// `ciphertext` on the wire: base64 of the ciphertext and its tag.
    pub ciphertext: &'a str,
    /// `iv` on the wire: base64 of 12 bytes.
    pub iv: &'a str,
    /// `ephemeralPublicKey` on the wire: base64 of 65 bytes.
    pub ephemeral_public_key: &'a str,
}

/// An envelope of a known version in which every field has a valid form and the point is on the
/// curve. Only the agent can tell whether it opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    pub(crate) ciphertext: Vec<u8>,
    pub(crate) iv: [u8; 12],
    pub(crate) ephemeral: Point,
}

impl Envelope {
    /// The version that this crate seals, and the only one that it reads.
    pub const VERSION: u64 = 1;
    /// The name of the algorithm on the wire, as the HumanOps reference prints it.
    pub const ALGORITHM: &'static str = "ECDH-P256-AES-256-GCM";

    /// Parses an envelope from its fields.
    ///
    /// # Errors
    /// Returns all faults, in the order of the fields of [`EnvelopeText`].
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

    /// Returns `ciphertext` as on the wire.
    #[must_use]
    pub fn ciphertext_base64(&self) -> String {
        base64::encode(&self.ciphertext)
    }

    /// Returns `iv` as on the wire.
    #[must_use]
    pub fn iv_base64(&self) -> String {
        base64::encode(&self.iv)
    }

    /// Returns `ephemeralPublicKey` as on the wire.
    #[must_use]
    pub fn ephemeral_public_key_base64(&self) -> String {
        base64::encode(&self.ephemeral.to_bytes())
    }
}

fn parse_ciphertext(text: &str) -> Result<Vec<u8>, EnvelopeError> {
    const BYTES_MAX: usize = PLAINTEXT_BYTES_MAX + TAG_BYTES;
    // The length of the text is checked first, so that a huge text is not decoded.
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

/// Parses an uncompressed point. Other encodings are refused, because two texts of the same
/// envelope could otherwise be told apart.
fn parse_point(text: &str) -> Result<Point, EnvelopeError> {
    let bytes = base64::decode_strict(text).ok_or(EnvelopeError::PointBase64)?;
    if bytes.len() != POINT_BYTES {
        return Err(EnvelopeError::Point);
    }
    Point::read(&bytes).map_err(|_| EnvelopeError::Point)
}
