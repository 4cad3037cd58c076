//! The host's routes, under `/api/v1/admin` (contract §6), with one file for each noun.
//!
//! The decisions are made in `crate::admin`; the handlers here extract, call and answer. Every
//! route requires `X-Admin-Key`, and is refused on a server that has no ADMIN_KEY.

pub mod agents;
pub mod deliveries;
pub mod disputes;
pub mod jobs;
pub mod operators;
pub mod record;
pub mod task_types;

use crate::admin::AdminError;
use crate::http::error::{self, ApiError};
use crate::http::extract::auth::HostAuth;

/// The account in the idempotency scope of host requests. There is one host, whatever its key.
const ACCOUNT: &str = "host";

impl From<AdminError> for ApiError {
    fn from(unable: AdminError) -> Self {
        match unable {
            AdminError::NotFound(noun) => error::host_finds_no(noun),
            AdminError::Ended => error::dispute_ended(),
            AdminError::Refused(refusal) => refusal.into(),
            AdminError::Post(error) => error.into(),
            AdminError::Store(error) => error.into(),
        }
    }
}
