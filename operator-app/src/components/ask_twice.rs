//! A button for what cannot be taken back: it says what will be lost, and asks once more.

use leptos::{ev::MouseEvent, prelude::*};

use crate::components::{live, on};

/// The button, and behind it the question.
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
    live(move || {
        if !asked.get() {
            return button(ask, "button", on(move |_| asked.set(true)));
        }
        let yes = move |_| {
            asked.set(false);
            act.run(());
        };
        view! {
            <div class="stack" role="alert">
                <p>{warning}</p>
                {button(sure, "button danger", on(yes))}
                {button("No, keep it", "button", on(move |_| asked.set(false)))}
            </div>
        }
        .into_any()
    })
}

fn button(words: &'static str, class: &'static str, press: Press) -> AnyView {
    view! {
        <button type="button" class=class on:click=press>
            {words}
        </button>
    }
    .into_any()
}

type Press = Box<dyn FnMut(MouseEvent) + Send>;
