//! The routes that need no account: the app, the documents, health, signed files, and the notices
//! of the payment provider, which are signed.

pub mod assets;
pub mod docs;
pub mod files;
pub mod health;
pub mod issuer;
pub mod payment_notices;
pub mod sign_in_methods;
