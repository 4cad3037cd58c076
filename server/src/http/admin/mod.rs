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

use std::{fmt::Display, str::FromStr};

use super::{
    auth::HostAuth,
    error::{self, ApiError},
    page::PageQuery,
    request_id,
};
use crate::{
    admin::{Acting, Unable},
    app::App,
    store::lists::Part,
};

/// Returns who acts, in which request and at what time, for the audit log.
pub(super) fn acting(app: &App, who: String) -> Acting {
    Acting {
        who,
        request_id: Some(request_id::current()),
        turn: app.turn(),
    }
}

impl HostAuth {
    fn acting(self, app: &App) -> Acting {
        acting(app, self.who)
    }
}

/// The account in the idempotency scope of host requests. There is one host, whatever its key.
const ACCOUNT: &str = "host";

/// Returns the page window of a list that is ordered by ids of type `Id`.
fn part<Id: FromStr + Display>(page: &PageQuery) -> Result<Part, ApiError> {
    let after: Option<Id> = page.after()?;
    Ok(Part {
        limit: page.limit,
        offset: page.offset,
        after: after.map(|id| id.to_string()),
    })
}

impl From<Unable> for ApiError {
    fn from(unable: Unable) -> Self {
        match unable {
            Unable::NotFound(noun) => error::host_finds_no(noun),
            Unable::Ended => error::dispute_ended(),
            Unable::Refused(refusal) => refusal.into(),
            Unable::Post(error) => error.into(),
            Unable::Store(error) => error.into(),
        }
    }
}
