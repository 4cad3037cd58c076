//! Seals envelopes, each for one agent's key and one task. Opening is in `open.rs`.

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{AeadInOut, inout::InOutBuf},
};

use crate::{
    AgentPublicKey, Envelope, PLAINTEXT_BYTES_MAX, SealError,
    curve::Scalar,
    derive::{Points, derive_key},
    random,
};

/// Seals `plaintext` so that only the owner of the private key can read it, and only as the
/// credential of `task_id` (contract §5).
///
/// Each envelope has a fresh ephemeral key pair and iv. The caller wipes its own plaintext; copies
/// of it and of the keys that this function makes are wiped here.
///
/// # Errors
/// [`SealError::Empty`] and [`SealError::TooLong`] for the plaintext, [`SealError::NoTask`] for an
/// empty task id, [`SealError::Random`] if the system's random source fails.
pub fn seal(
    public_key: &AgentPublicKey,
    task_id: &str,
    plaintext: &[u8],
) -> Result<Envelope, SealError> {
    if plaintext.is_empty() {
        return Err(SealError::Empty);
    }
    if plaintext.len() > PLAINTEXT_BYTES_MAX {
        return Err(SealError::TooLong);
    }
    if task_id.is_empty() {
        return Err(SealError::NoTask);
    }
    let random_values = RandomValues {
        ephemeral: random::generate_scalar()?,
        iv: random::generate_iv()?,
    };
    Ok(seal_with(&random_values, public_key, task_id, plaintext))
}

/// The random values of one envelope. Only test vectors choose them.
pub(crate) struct RandomValues {
    pub(crate) ephemeral: Scalar,
    pub(crate) iv: [u8; 12],
}

/// The deterministic part of [`seal`].
pub(crate) fn seal_with(
    random: &RandomValues,
    public_key: &AgentPublicKey,
    task_id: &str,
    plaintext: &[u8],
) -> Envelope {
    let agent = public_key.point();
    let ephemeral = random.ephemeral.point();
    let z = random.ephemeral.agree(agent);
    let key = derive_key(&z, &Points { ephemeral, agent });
    // The buffer is encrypted in place and never grows, so that no second copy stays behind.
    let mut ciphertext = Vec::with_capacity(plaintext.len() + 16);
    ciphertext.extend_from_slice(plaintext);
    let tag = encrypt(&key, &random.iv, task_id.as_bytes(), &mut ciphertext);
    ciphertext.extend_from_slice(&tag);
    Envelope {
        ciphertext,
        iv: random.iv,
        ephemeral,
    }
}

/// Encrypts with AES-256-GCM (SP 800-38D §7.1, Algorithm 4) in place, and returns the 128-bit tag.
pub(crate) fn encrypt(key: &[u8; 32], iv: &[u8; 12], aad: &[u8], buffer: &mut [u8]) -> [u8; 16] {
    #[expect(
        clippy::expect_used,
        reason = "GCM refuses lengths above 2^36 bytes only (§5.2.1.1)"
    )]
    let tag = Aes256Gcm::new(key.into())
        .encrypt_inout_detached(iv.into(), aad, InOutBuf::from(buffer))
        .expect("the plaintext is far below 2^36 bytes");
    tag.into()
}
