//! Query parameters: `limit`, `offset` and `cursor` of every list, and the own parameters of each.

use std::str::FromStr;

use api_types::page::{LIMIT_DEFAULT, LIMIT_MAX, Page, Pagination};
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::domain::faults::Faults;
use crate::http::error::{self, ApiError};
use crate::store::search::PageWindow;

/// The message for an invalid `task_type`.
pub const TASK_TYPE_MUST: &str = "must be a task type, such as VERIFICATION";

/// Maximum number of characters in a search text: those of the longest e-mail address.
const SEARCH_CHARS_MAX: usize = 254;

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
    /// Returns the text of a parameter. If it is sent several times, the last one counts.
    pub fn text(&self, name: &str) -> Option<&str> {
        let mut named = self.pairs.iter().rev().filter(|(key, _)| key == name);
        named.next().map(|(_, value)| value.as_str())
    }

    /// Parses a parameter with `read`. If that fails, adds a fault that says what it `must` be.
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

    /// Adds a fault that concerns several parameters together.
    pub fn fault(&mut self, name: &str, message: &str) {
        self.faults.push(error::fault(name, message));
    }

    /// Returns a search text. An empty text counts as none.
    pub fn searched(&mut self, name: &str) -> Option<String> {
        let must = format!(
            "must have at most {SEARCH_CHARS_MAX} characters, none of them a control character"
        );
        let fits = |text: &str| {
            let plain = !text.chars().any(char::is_control);
            (plain && text.chars().count() <= SEARCH_CHARS_MAX).then(|| text.to_owned())
        };
        self.read(name, &must, fits).filter(|text| !text.is_empty())
    }

    /// Returns the requested page (contract §1).
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

    /// Refuses the request if any parameter has a fault.
    ///
    /// # Errors
    /// 400 with all faults.
    pub fn finish(self) -> Result<(), ApiError> {
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(error::validation(self.faults))
        }
    }
}

/// The requested page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageQuery {
    /// Maximum number of rows, 1 to 100.
    pub limit: u32,
    /// Number of rows to skip.
    pub offset: u32,
    /// The decoded cursor: the position of the last row of the previous page.
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
    /// Returns the window of a list whose cursor is the `Id` of a row.
    ///
    /// # Errors
    /// 400 for a cursor of another list.
    pub fn window<Id: FromStr>(&self) -> Result<PageWindow<Id>, ApiError> {
        let after = self.cursor.as_deref().map(str::parse);
        Ok(PageWindow {
            limit: self.limit,
            offset: self.offset,
            after: after.transpose().map_err(|_| error::foreign_cursor())?,
        })
    }

    /// Builds the page from its rows and, if there are more than `limit`, one row beyond. `id_of`
    /// returns a row's position for the cursor.
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

/// Parses a number that consists of digits only. A number that is too large becomes the maximum.
fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u32::MAX))
}

fn decode_cursor(cursor: &str) -> Option<String> {
    let place = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    // Our cursors have no control characters, and PostgreSQL does not accept NUL.
    (!place.chars().any(char::is_control)).then_some(place)
}
