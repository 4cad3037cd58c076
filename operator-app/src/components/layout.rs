//! The frame of a page, and the boxes that several pages share.

use leptos::{html::H1, prelude::*};

use crate::{
    browser,
    components::{Icon, Shape},
};

/// Where reading begins on a page that has just come: at its heading, which takes the focus once it
/// is there, so that it is read out and that the next Tab goes on from it. A page that only shows
/// newer data keeps the focus where it is, and so does the first one, which the browser opened.
#[derive(Clone, Copy)]
pub(crate) struct Reading(StoredValue<bool>);

impl Reading {
    /// Leaves the focus alone until a page comes.
    pub(crate) fn new() -> Self {
        Self(StoredValue::new(false))
    }

    /// The next heading to appear takes the focus.
    pub(crate) fn begins_anew(self) {
        self.0.set_value(true);
    }

    /// For the heading of a page, which must have a `tabindex` of -1 to be able to take the focus.
    pub(crate) fn heading(self) -> NodeRef<H1> {
        let heading = NodeRef::<H1>::new();
        heading.on_load(move |heading| {
            if self.0.get_value() {
                self.0.set_value(false);
                let _ = heading.focus();
            }
        });
        heading
    }
}

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
    let reading: Reading = expect_context();
    browser::set_title(&title);
    view! {
        {back.map(|(href, name)| view! {
            <a class="back" href=href><Icon shape=Shape::Back/>{name}</a>
        }.into_any())}
        <h1 tabindex="-1" class="agent-text" node_ref=reading.heading()>{title}</h1>
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
