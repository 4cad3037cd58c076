//! Random numbers from the system's source: Web Crypto in a browser and in Node, else the kernel.
//! This crate has no other source, and no fallback.

use zeroize::Zeroizing;

use crate::{RandomError, curve::Scalar};

/// Generates a private number by rejection sampling (SP 800-56A rev. 3 §5.6.1.2.2).
///
/// One draw in 2^32 is out of range, so a second rejection in a row already means that the source
/// is broken. A source that returns only zeros or ones ends in an error and not in a loop.
pub(crate) fn generate_scalar() -> Result<Scalar, RandomError> {
    let mut bytes = Zeroizing::new([0; 32]);
    for _ in 0..4 {
        fill(bytes.as_mut())?;
        if let Some(scalar) = Scalar::read(&bytes) {
            return Ok(scalar);
        }
    }
    Err(RandomError)
}

/// Generates an initialisation vector. Each envelope has a fresh key, so no pair of key and iv
/// could repeat even if the iv were constant (SP 800-38D §8). It is random because the format
/// requires it.
pub(crate) fn generate_iv() -> Result<[u8; 12], RandomError> {
    let mut iv = [0; 12];
    fill(&mut iv)?;
    Ok(iv)
}

fn fill(bytes: &mut [u8]) -> Result<(), RandomError> {
    getrandom::fill(bytes).map_err(|_| RandomError)
}
