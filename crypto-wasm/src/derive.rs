//! The key schedule of the format, short enough to be read aloud beside contract §5.

use hkdf::Hkdf;
use p256::ecdh::SharedSecret;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::curve::{POINT_BYTES, Point};

/// What the derived key may be used for. Another format gets another text, and so another key.
const INFO: &[u8] = b"humanops/credential/v1";

/// The points of the two sides of one envelope.
pub(crate) struct Points {
    pub(crate) ephemeral: Point,
    pub(crate) agent: Point,
}

/// The AES key that both sides derive from the shared secret `Z`.
///
/// Both points are in the salt, so that an envelope says for whom and from whom it is.
pub(crate) fn derive_key(z: &SharedSecret, points: &Points) -> Zeroizing<[u8; 32]> {
    let mut salt = [0; 2 * POINT_BYTES];
    let (first, second) = salt.split_at_mut(POINT_BYTES);
    first.copy_from_slice(&points.ephemeral.to_bytes());
    second.copy_from_slice(&points.agent.to_bytes());
    let mut key = Zeroizing::new([0; 32]);
    expand(&salt, z.raw_secret_bytes(), INFO, key.as_mut());
    key
}

/// HKDF-SHA-256, RFC 5869: `PRK = HMAC(salt, ikm)` (§2.2), then `T(1) ‖ T(2) ‖ …` (§2.3).
///
/// The answer is whether RFC 5869 allows an output of this length, at most 255 times 32 bytes. The
/// format asks for 32, so the vectors alone look at it.
pub(crate) fn expand(salt: &[u8], ikm: &[u8], info: &[u8], output: &mut [u8]) -> bool {
    Hkdf::<Sha256>::new(Some(salt), ikm)
        .expand(info, output)
        .is_ok()
}
