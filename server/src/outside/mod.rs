//! Clients of external services, with one file for each counterparty. No other module sends
//! requests. The clients make no decisions about tasks or money.

pub mod fiat;
pub mod files;
pub mod http;
pub mod mail;
pub mod oidc;
