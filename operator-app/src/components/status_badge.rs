//! A `Status` as a word and a colour, never as a colour alone.

use api_types::status::Status;
use leptos::prelude::*;

use crate::labels;

/// The status of a task.
#[component]
pub(crate) fn StatusBadge(status: Status) -> impl IntoView {
    let tone = match status {
        Status::Pending | Status::EstimatePending => "mark neutral",
        Status::Accepted | Status::InProgress => "mark active",
        Status::Submitted | Status::ManualReview => "mark waiting",
        Status::Verified | Status::Completed => "mark good",
        Status::Disputed | Status::Cancelled => "mark bad",
    };
    view! { <span class=tone>{labels::status(status)}</span> }
}
