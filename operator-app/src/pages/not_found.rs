//! The page for a path that does not exist.

use leptos::prelude::*;

use crate::{
    components::{EmptyState, PageLayout, Shape},
    screen::Screen,
};

/// Says that the page does not exist, and links back.
#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    view! {
        <PageLayout title="Page not found">
            <EmptyState shape=Shape::Question title="This address does not exist">
                <p>"The link may be incomplete."</p>
                <a class="button primary" href=Screen::Tasks.path()>"See open tasks"</a>
            </EmptyState>
        </PageLayout>
    }
}
