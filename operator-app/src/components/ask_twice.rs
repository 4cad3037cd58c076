//! A button for an irreversible action: it says what will be lost and asks for confirmation.

use leptos::{ev::MouseEvent, html::Button, prelude::*};

use crate::components::{live, on};

/// A button that shows a question with two answers when pressed. The focus moves to the harmless
/// answer, which also scrolls both into view, and back to the button afterwards.
#[component]
pub(crate) fn AskTwice(
    /// The label of the first button.
    ask: &'static str,
    /// The consequence of the action.
    warning: &'static str,
    /// The label of the button that confirms.
    sure: &'static str,
    act: Callback<()>,
) -> impl IntoView {
    let asked = RwSignal::new(false);
    let (first, keep) = (NodeRef::<Button>::new(), NodeRef::<Button>::new());
    let turn = move |now: bool, to: NodeRef<Button>| {
        asked.set(now);
        focus_soon(to);
    };
    live(move || {
        if !asked.get() {
            return button(ask, "button", first, on(move |_| turn(true, keep)));
        }
        let yes = move |_| {
            turn(false, first);
            act.run(());
        };
        view! {
            <div class="stack" role="alert">
                <p>{warning}</p>
                {button(sure, "button danger", NodeRef::new(), on(yes))}
                {button("No, keep it", "button", keep, on(move |_| turn(false, first)))}
            </div>
        }
        .into_any()
    })
}

fn button(
    words: &'static str,
    class: &'static str,
    node: NodeRef<Button>,
    press: Press,
) -> AnyView {
    view! {
        <button type="button" class=class node_ref=node on:click=press>
            {words}
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

type Press = Box<dyn FnMut(MouseEvent) + Send>;
