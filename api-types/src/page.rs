//! Pagination: the limits of a page and its position in the list.

use serde::{Deserialize, Serialize};

/// Default number of rows in a page.
pub const LIMIT_DEFAULT: u32 = 20;

/// Maximum number of rows in a page; a larger `limit` is clamped to it.
pub const LIMIT_MAX: u32 = 100;

/// One page of a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The rows of the page.
    pub data: Vec<T>,
    /// The position of the page in the list.
    pub pagination: Pagination,
}

/// The position of a page in its list.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pagination {
    /// Maximum number of rows in the page.
    pub limit: u32,
    /// Number of rows skipped before the page.
    pub offset: u32,
    /// Number of rows in the whole list.
    pub total: u64,
    /// Whether more rows follow this page.
    pub has_more: bool,
    /// The value of `cursor` that requests the rows after this page, even if the list changes
    /// meanwhile; null on the last page.
    pub next_cursor: Option<String>,
}
