//! Query parameters: `limit`, `offset` and `cursor` of every list, and room for each list's own.

use std::str::FromStr;

use api_types::page::{LIMIT_DEFAULT, LIMIT_MAX, Page, Pagination};
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use super::error::{self, ApiError};
use crate::domain::faults::Faults;

/// What `task_type` must be.
pub const TASK_TYPE_MUST: &str = "must be a task type, such as VERIFICATION";

/// The parameters of a request, and the faults found in them so far.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    pairs: Vec<(String, String)>,
    faults: Faults,
}

impl<S: Sync> FromRequestParts<S> for Parameters {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let Query(pairs) = Query::try_from_uri(&parts.uri)
            .map_err(|_| error::malformed("The query is not key=value&key=value."))?;
        Ok(Self {
            pairs,
            faults: Faults::default(),
        })
    }
}

impl Parameters {
    /// The text of a parameter; of several the last.
    pub fn text(&self, name: &str) -> Option<&str> {
        let mut named = self.pairs.iter().rev().filter(|(key, _)| key == name);
        named.next().map(|(_, value)| value.as_str())
    }

    /// A parameter as something that can be read from its text; a fault says what it `must` be.
    pub fn read<T>(
        &mut self,
        name: &str,
        must: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = self.text(name).map(read)?;
        if value.is_none() {
            self.faults.push(error::fault(name, must));
        }
        value
    }

    /// Notes a fault that lies between parameters.
    pub fn fault(&mut self, name: &str, message: &str) {
        self.faults.push(error::fault(name, message));
    }

    /// A text to search by: at most 254 characters, an empty one counts as none.
    pub fn searched(&mut self, name: &str) -> Option<String> {
        let must = "must have at most 254 characters, none of them a control character";
        let fits = |text: &str| {
            let plain = !text.chars().any(char::is_control);
            (plain && text.chars().count() <= 254).then(|| text.to_owned())
        };
        self.read(name, must, fits).filter(|text| !text.is_empty())
    }

    /// Which page is asked for (contract §1).
    pub fn page(&mut self) -> PageQuery {
        let whole = "must be a whole number, 0 or more";
        PageQuery {
            limit: self
                .read("limit", "must be a whole number, 1 or more", |text| {
                    number(text).filter(|limit| *limit > 0)
                })
                .map_or(LIMIT_DEFAULT, |limit| limit.min(LIMIT_MAX)),
            offset: self.read("offset", whole, number).unwrap_or(0),
            cursor: self.read(
                "cursor",
                "must be the next_cursor of an earlier answer, unchanged",
                decode_cursor,
            ),
        }
    }

    /// Refuses the request if any parameter had a fault.
    ///
    /// # Errors
    /// 400 with all of them.
    pub fn finish(self) -> Result<(), ApiError> {
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(error::validation(self.faults))
        }
    }
}

/// Which page of a list is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageQuery {
    /// Rows at most, 1 to 100.
    pub limit: u32,
    /// Rows to pass over.
    pub offset: u32,
    /// What the last row of the page before was known by.
    pub cursor: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for PageQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let mut parameters = Parameters::from_request_parts(parts, state).await?;
        let page = parameters.page();
        parameters.finish()?;
        Ok(page)
    }
}

impl PageQuery {
    /// What the cursor says that the page comes after, as this list reads it.
    ///
    /// # Errors
    /// 400 for a cursor of another list.
    pub fn after<T: FromStr>(&self) -> Result<Option<T>, ApiError> {
        let after = self.cursor.as_deref().map(str::parse);
        after.transpose().map_err(|_| error::foreign_cursor())
    }

    /// The page, from its rows and, if there were more than `limit`, one row beyond. `id_of` says
    /// what a row is known by in the cursor.
    pub fn of<T>(&self, mut rows: Vec<T>, total: u64, id_of: impl Fn(&T) -> String) -> Page<T> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| has_more);
        Page {
            pagination: Pagination {
                limit: self.limit,
                offset: self.offset,
                total,
                has_more,
                next_cursor: last.map(|row| BASE64_URL_SAFE_NO_PAD.encode(id_of(row))),
            },
            data: rows,
        }
    }
}

/// A number of digits alone; one that is too large to count is the largest that is not.
fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u32::MAX))
}

fn decode_cursor(cursor: &str) -> Option<String> {
    let place = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    // We make none with a control character, and PostgreSQL takes no NUL.
    (!place.chars().any(char::is_control)).then_some(place)
}
