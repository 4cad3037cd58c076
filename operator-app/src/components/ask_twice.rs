//! A button for what cannot be taken back: it says what will be lost, and asks once more.

use leptos::{ev::MouseEvent, html::Button, prelude::*};

use crate::components::{live, on};

/// The button, and behind it the question. The focus goes to the harmless answer, which also brings
/// both into view, and returns to the button.
#[component]
pub(crate) fn AskTwice(
    /// What the button says.
    ask: &'static str,
    /// What will then be so.
    warning: &'static str,
    /// What the second button says.
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

/// Once the view has settled, if the button is there by then.
fn focus_soon(node: NodeRef<Button>) {
    request_animation_frame(move || {
        if let Some(button) = node.try_get_untracked().flatten() {
            let _ = button.focus();
        }
    });
}

type Press = Box<dyn FnMut(MouseEvent) + Send>;
