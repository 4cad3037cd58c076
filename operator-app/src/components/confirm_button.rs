//! A button for an irreversible action, which names the consequence and asks for confirmation.

use leptos::{ev::MouseEvent, html::Button, prelude::*};

use crate::components::{dynamic, handler};

/// A button that shows a question with two answers when pressed. The focus moves to the harmless
/// answer, which also scrolls both into view, and back to the button afterwards.
#[component]
pub(crate) fn ConfirmButton(
    /// The label of the button before it is pressed.
    label: &'static str,
    /// The consequence of the action.
    warning: &'static str,
    /// The label of the button that confirms.
    confirm_label: &'static str,
    on_confirm: Callback<()>,
) -> impl IntoView {
    let is_open = RwSignal::new(false);
    let (open, cancel) = (NodeRef::<Button>::new(), NodeRef::<Button>::new());
    let show = move |opens: bool, focused: NodeRef<Button>| {
        is_open.set(opens);
        focus_soon(focused);
    };
    dynamic(move || {
        if !is_open.get() {
            return button(label, "button", open, handler(move |_| show(true, cancel)));
        }
        let confirm = move |_| {
            show(false, open);
            on_confirm.run(());
        };
        view! {
            <div class="stack" role="alert">
                <p>{warning}</p>
                {button(confirm_label, "button danger", NodeRef::new(), handler(confirm))}
                {button("No, keep it", "button", cancel, handler(move |_| show(false, open)))}
            </div>
        }
        .into_any()
    })
}

fn button(
    label: &'static str,
    class: &'static str,
    node: NodeRef<Button>,
    on_click: ClickHandler,
) -> AnyView {
    view! {
        <button type="button" class=class node_ref=node on:click=on_click>
            {label}
        </button>
    }
    .into_any()
}

/// Moves the focus to the button after the next rendering, if it exists by then.
fn focus_soon(node: NodeRef<Button>) {
    request_animation_frame(move || {
        if let Some(button) = node.try_get_untracked().flatten() {
            let _ = button.focus();
        }
    });
}

type ClickHandler = Box<dyn FnMut(MouseEvent) + Send>;
