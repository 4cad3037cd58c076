//! Verifies messages of counterparties that share a secret with the server: hexadecimal HMAC-SHA256
//! of the raw body (contract §2).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::secret::bytes_of_hex;

/// Returns whether `signature` was made with `secret` over exactly these bytes. The comparison
/// takes the same time for every wrong signature.
pub fn is_genuine(secret: &str, bytes: &[u8], signature: &str) -> bool {
    let Some(signature) = bytes_of_hex(signature) else {
        return false;
    };
    Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .is_ok_and(|mac| mac.chain_update(bytes).verify_slice(&signature).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn a_signature_is_hmac_sha256_in_hexadecimal() {
        let genuine = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let says = b"what do ya want for nothing?";
        assert!(is_genuine("Jefe", says, genuine));
        assert!(is_genuine("Jefe", says, &genuine.to_uppercase()));
        assert!(!is_genuine("jefe", says, genuine));
        assert!(!is_genuine(
            "Jefe",
            b"what do ya want for nothing!",
            genuine
        ));
        for junk in ["", "5b", "xyz", &genuine[1..], "+5+5"] {
            assert!(!is_genuine("Jefe", says, junk), "{junk}");
        }
    }
}
