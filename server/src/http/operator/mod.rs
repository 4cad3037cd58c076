//! The routes of operators (contract §4, §6), one file for each noun.

pub mod email;
pub mod messages;
mod new_session;
pub mod passkeys;
pub mod payouts;
pub mod profile;
pub mod proofs;
pub mod ratings;
pub mod registration;
pub mod sessions;
pub mod sign_in_by_code;
pub mod sign_in_by_passkey;
pub mod tasks;
pub mod uploads;
