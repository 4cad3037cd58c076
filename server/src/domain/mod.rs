//! Decisions as pure functions of values: no I/O, no async, no clock, no database.
//!
//! Every possible move of a task is a row of [`moves::MOVES`]. [`task::Task`] has a method for each
//! move and returns what has to be written, or a named refusal. SQL is in `store` and HTTP in
//! `http`.

pub mod access_token;
pub mod account;
pub mod callback_host;
pub mod cells;
pub mod credential;
pub mod delegation;
pub mod deposit;
pub mod dispute;
pub mod email;
pub mod email_code;
pub mod estimate;
pub mod event;
pub mod faults;
pub mod fiat;
pub mod fields;
pub mod guardian;
pub mod job;
pub mod jwt;
pub mod kyc;
pub mod language;
pub mod ledger;
pub mod mail;
pub mod message;
pub mod moves;
pub mod new_task;
pub mod oidc_issuer;
pub mod oidc_token;
pub mod passkey;
pub mod payout;
pub mod picture;
pub mod place;
pub mod pricing;
pub mod proof;
pub mod rating;
pub mod result_schema;
pub mod review;
pub mod sandbox;
pub mod secret;
pub mod session;
pub mod sign_in;
pub mod signature;
pub mod submission;
pub mod synthetic;
pub mod target;
pub mod task;
pub mod task_type;
pub mod verification;
pub mod webhook;
