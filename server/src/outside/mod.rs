//! The world: one file per counterparty. Nothing here decides anything about tasks or money.

pub mod fiat;
pub mod files;
pub mod http;
pub mod mail;
