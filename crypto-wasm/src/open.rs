//! Opens envelopes. Only the agent needs this: the server and the operator's browser are built
//! without this file.

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{AeadInOut, inout::InOutBuf},
};
use zeroize::Zeroizing;

use crate::{
    AgentSecretKey, Envelope, EnvelopeText, OpenError,
    derive::{Points, derive_key},
};

/// Opens an envelope that was sealed for this key and this task (contract §5).
///
/// The fields are passed unparsed, because a malformed envelope must not be distinguishable from
/// one that does not fit: the difference would tell a server how far its forgery got.
///
/// # Errors
/// [`OpenError`], which does not say why: the envelope is malformed or was changed, or it belongs
/// to another key or another task.
pub fn open(
    secret_key: &AgentSecretKey,
    task_id: &str,
    envelope: &EnvelopeText<'_>,
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let envelope = Envelope::parse(envelope).map_err(|_| OpenError)?;
    let ephemeral = envelope.ephemeral;
    let scalar = secret_key.scalar();
    let agent = scalar.point();
    let key = derive_key(&scalar.agree(ephemeral), &Points { ephemeral, agent });
    decrypt(&key, &envelope.iv, task_id.as_bytes(), &envelope.ciphertext)
}

/// Decrypts AES-256-GCM (SP 800-38D §7.2, Algorithm 5). The tag is compared in constant time before
/// anything is decrypted, and the buffer is wiped also if this fails.
pub(crate) fn decrypt(
    key: &[u8; 32],
    iv: &[u8; 12],
    aad: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (body, tag) = ciphertext.split_last_chunk::<16>().ok_or(OpenError)?;
    let mut plaintext = Zeroizing::new(body.to_vec());
    Aes256Gcm::new(key.into())
        .decrypt_inout_detached(
            iv.into(),
            aad,
            InOutBuf::from(plaintext.as_mut_slice()),
            tag.into(),
        )
        .map_err(|_| OpenError)?;
    Ok(plaintext)
}
