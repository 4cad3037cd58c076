//! Extractors: they read a part of a request before its handler runs, and refuse what is invalid.

pub mod accept;
pub mod auth;
pub mod body;
pub mod client;
pub mod form;
pub mod language;
pub mod near;
pub mod oidc;
pub mod page;
pub mod refresh_cookie;
pub mod session;
