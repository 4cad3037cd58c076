//! The public items of the crate, re-exported. The text below specifies the format.
#![doc = include_str!("../README.md")]

mod base64;
mod curve;
mod der;
mod derive;
mod envelope;
mod error;
mod jwk;
mod public_key;
mod random;
mod seal;
mod text;

#[cfg(feature = "open")]
mod open;
#[cfg(feature = "open")]
mod secret_key;

#[cfg(feature = "bindings")]
mod bindings;
#[cfg(feature = "vectors")]
pub mod vectors;

pub use envelope::{Envelope, EnvelopeText, PLAINTEXT_BYTES_MAX};
pub use error::{EnvelopeError, KeyError, MemberFault, RandomError, SealError};
pub use public_key::{AgentPublicKey, Fingerprint};
pub use seal::seal;

#[cfg(feature = "open")]
pub use error::OpenError;
#[cfg(feature = "open")]
pub use open::open;
#[cfg(feature = "open")]
pub use secret_key::AgentSecretKey;
