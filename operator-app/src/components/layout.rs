//! The frame of a page, and the boxes that several pages share.

use leptos::prelude::*;

use crate::{
    browser,
    components::{Icon, Shape},
};

/// A page: its name in the tab, its heading, its content.
#[component]
pub(crate) fn Page(
    /// The heading, and the tab's title.
    #[prop(into)]
    title: String,
    /// A way back: address and name.
    #[prop(optional)]
    back: Option<(String, &'static str)>,
    children: Children,
) -> impl IntoView {
    browser::set_title(&title);
    view! {
        {back.map(|(href, name)| view! {
            <a class="back" href=href><Icon shape=Shape::Back/>{name}</a>
        }.into_any())}
        <h1 tabindex="-1" class="agent-text">{title}</h1>
        {children()}
    }
}

/// A box that explains something beside the way.
#[component]
pub(crate) fn Notice(
    shape: Shape,
    /// `plain`, `good`, `warn` or `bad`.
    tone: &'static str,
    children: Children,
) -> impl IntoView {
    view! {
        <div class=format!("notice {tone}")>
            <Icon shape/>
            <div class="stack small">{children()}</div>
        </div>
    }
}

/// A page with nothing to show, which says why and what to do.
#[component]
pub(crate) fn Empty(shape: Shape, title: &'static str, children: Children) -> impl IntoView {
    view! {
        <div class="empty">
            <span class="disc"><Icon shape/></span>
            <h2>{title}</h2>
            {children()}
        </div>
    }
}
