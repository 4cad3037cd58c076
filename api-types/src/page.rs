//! Lists: what a caller may ask for, and what it gets (contract §1).

use serde::{Deserialize, Serialize};

/// Rows in a page unless the caller asks for another number.
pub const LIMIT_DEFAULT: u32 = 20;

/// Rows in a page at most; a larger wish is clamped to it.
pub const LIMIT_MAX: u32 = 100;

/// One page of a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Where this page lies in the list.
    pub pagination: Pagination,
}

/// Where a page lies in its list.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pagination {
    /// Rows in a page at most.
    pub limit: u32,
    /// Rows that were passed over.
    pub offset: u32,
    /// Rows in the whole list.
    pub total: u64,
    /// Whether rows follow this page.
    pub has_more: bool,
    /// Pass this as `cursor` for the rows that follow, however the list changes meanwhile.
    pub next_cursor: Option<String>,
}
