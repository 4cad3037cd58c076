//! The devices on which the operator is signed in.

use api_types::{SessionId, session::SessionItem};
use leptos::prelude::*;

use crate::{
    browser,
    client::SessionClient,
    components::{Action, dynamic_option, error_notice, handler, load, loaded_view},
};

/// Lists the operator's sessions, each with a button that ends it.
#[component]
pub(super) fn Devices() -> impl IntoView {
    let client: SessionClient = expect_context();
    let loading = client.clone();
    let sessions = load(move || {
        let client = loading.clone();
        Box::pin(async move { client.sessions().await })
    });
    let failure = RwSignal::new(None);
    let ending = RwSignal::new(None::<SessionId>);
    let end = Action::new(move || {
        let client = client.clone();
        Box::pin(async move {
            let Some(id) = ending.get_untracked() else {
                return;
            };
            failure.set(client.end_session(id).await.err());
            sessions.refetch();
        })
    });
    let start = Callback::new(move |id| {
        ending.set(Some(id));
        end.start();
    });
    view! {
        <section class="card stack" aria-labelledby="devices">
            <h2 id="devices">"Devices"</h2>
            {loaded_view(sessions, move |list| {
                let rows: Vec<_> = list.data.iter().map(|one| row(one, start)).collect();
                view! { <ul class="stack small">{rows}</ul> }.into_any()
            })}
            {dynamic_option(move || failure.get().map(|error| error_notice(&error, None)))}
        </section>
    }
}

fn row(session: &SessionItem, end: Callback<SessionId>) -> AnyView {
    let id = session.session_id;
    let device = match session.device.as_str() {
        "" => "Unknown device".to_owned(),
        known => known.to_owned(),
    };
    let last_used = browser::date_time(session.last_used_at);
    let (state, button) = if session.current {
        (
            view! { <span class="mark good">"This device"</span> }.into_any(),
            None,
        )
    } else {
        let of = format!(" on {device}");
        let button = view! {
            <button type="button" class="button slim" on:click=handler(move |_| end.run(id))>
                "End session" <span class="visually-hidden">{of}</span>
            </button>
        };
        let state = view! { <span class="quiet">"Last used " {last_used}</span> };
        (state.into_any(), Some(button.into_any()))
    };
    view! {
        <li class="row">
            <span class="stack tight"><strong>{device}</strong>{state}</span>
            {button}
        </li>
    }
    .into_any()
}
