//! The host's routes, under `/api/v1/admin` (contract §6): one file a noun. What is decided is in
//! `crate::admin`; here it is asked for and answered. All of them want `X-Admin-Key`, and none of
//! them opens on a server that has no ADMIN_KEY.

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

/// Who acts, and when, for the record.
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

/// What a repetition of a host's request is known by: there is one host, whatever its key.
const ACCOUNT: &str = "host";

/// A part of a list that is ordered by ids of this kind.
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
