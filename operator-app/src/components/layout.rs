//! The layout of a page, and boxes that several pages share.

use leptos::{html::H1, prelude::*};

use crate::{
    browser,
    components::{Icon, Shape},
    screen::Screen,
};

/// Focus management between pages. After navigation the heading of the new page takes the focus
/// once it appears, so that a screen reader reads it and the next Tab continues from it. A page
/// that only shows newer data keeps the focus where it is; so does the first page, which the
/// browser opened.
#[derive(Clone, Copy)]
pub(crate) struct HeadingFocus(StoredValue<bool>);

impl HeadingFocus {
    /// Creates a state in which the focus stays where it is until the next navigation.
    pub(crate) fn new() -> Self {
        Self(StoredValue::new(false))
    }

    /// Makes the next heading that appears take the focus.
    pub(crate) fn focus_next_heading(self) {
        self.0.set_value(true);
    }

    /// Returns the node reference for the heading of a page. The heading needs a `tabindex` of -1
    /// to be able to take the focus.
    pub(crate) fn heading_ref(self) -> NodeRef<H1> {
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

/// A page with its title, heading and content.
#[component]
pub(crate) fn PageLayout(
    /// The heading, which is also the title of the tab.
    #[prop(into)]
    title: String,
    /// A link back, with its label.
    #[prop(optional)]
    back: Option<(Screen, &'static str)>,
    children: Children,
) -> impl IntoView {
    let heading_focus: HeadingFocus = expect_context();
    browser::set_title(&title);
    view! {
        {back.map(|(screen, name)| view! {
            <a class="back" href=screen.path()><Icon shape=Shape::Back/>{name}</a>
        }.into_any())}
        <h1 tabindex="-1" class="agent-text" node_ref=heading_focus.heading_ref()>{title}</h1>
        {children()}
    }
}

/// A box with an explanation outside of the main content.
#[component]
pub(crate) fn Notice(
    shape: Shape,
    /// The CSS class: `plain`, `good`, `warn` or `bad`.
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

/// The content of a page without data: explains why there is none and what to do.
#[component]
pub(crate) fn EmptyState(shape: Shape, title: &'static str, children: Children) -> impl IntoView {
    view! {
        <div class="empty">
            <span class="disc"><Icon shape/></span>
            <h2>{title}</h2>
            {children()}
        </div>
    }
}
