//! Key derivation of the format (contract §5).

use hkdf::Hkdf;
use p256::ecdh::SharedSecret;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::curve::{POINT_BYTES, Point};

/// The purpose of the derived key. Another format has another text, and so another key.
const INFO: &[u8] = b"humanops/credential/v1";

/// The public points of both sides of an envelope.
pub(crate) struct Points {
    pub(crate) ephemeral: Point,
    pub(crate) agent: Point,
}

/// Derives the AES key from the shared secret `Z`. Both sides derive the same key.
///
/// Both points are in the salt, which binds the key to the sender and the receiver.
pub(crate) fn derive_key(z: &SharedSecret, points: &Points) -> Zeroizing<[u8; 32]> {
    let mut salt = [0; 2 * POINT_BYTES];
    let (first, second) = salt.split_at_mut(POINT_BYTES);
    first.copy_from_slice(&points.ephemeral.to_bytes());
    second.copy_from_slice(&points.agent.to_bytes());
    let mut key = Zeroizing::new([0; 32]);
    expand(&salt, z.raw_secret_bytes(), INFO, key.as_mut());
    key
}

/// Computes HKDF-SHA-256 (RFC 5869): `PRK = HMAC(salt, ikm)` (§2.2), then `T(1) ‖ T(2) ‖ …` (§2.3).
///
/// Returns false if RFC 5869 does not allow an output of this length, which is at most 255 times 32
/// bytes. The format needs 32 bytes, so only the test vectors check the result.
pub(crate) fn expand(salt: &[u8], ikm: &[u8], info: &[u8], output: &mut [u8]) -> bool {
    Hkdf::<Sha256>::new(Some(salt), ikm)
        .expand(info, output)
        .is_ok()
}
