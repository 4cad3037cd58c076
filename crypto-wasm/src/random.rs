//! Draws from the system's random source: Web Crypto in a browser and in Node, else the kernel.
//! No other source exists in this crate, and none is fallen back to.

use zeroize::Zeroizing;

use crate::{RandomError, curve::Number};

/// A private number, by rejection sampling, SP 800-56A rev. 3 §5.6.1.2.2.
///
/// One draw in 2^32 is out of range, so a second rejection in a row already means that the source
/// is broken; a source stuck at zeros or ones ends in an error and not in a loop.
pub(crate) fn generate_number() -> Result<Number, RandomError> {
    let mut bytes = Zeroizing::new([0; 32]);
    for _ in 0..4 {
        fill(bytes.as_mut())?;
        if let Some(number) = Number::read(&bytes) {
            return Ok(number);
        }
    }
    Err(RandomError)
}

/// A fresh initialisation vector. With a fresh key for each envelope it could not repeat a pair
/// even if it were constant (SP 800-38D §8); it is random because the format says so.
pub(crate) fn generate_iv() -> Result<[u8; 12], RandomError> {
    let mut iv = [0; 12];
    fill(&mut iv)?;
    Ok(iv)
}

fn fill(bytes: &mut [u8]) -> Result<(), RandomError> {
    getrandom::fill(bytes).map_err(|_| RandomError)
}
