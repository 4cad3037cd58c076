//! A deadline: the time that is left, kept current, and the moment itself.

use api_types::Timestamp;
use leptos::prelude::*;

use crate::{
    browser,
    components::{Icon, Shape, text},
    words,
};

/// The time as the views know it; the app moves it on every half minute.
#[derive(Clone, Copy)]
pub(crate) struct Clock(pub(crate) RwSignal<Timestamp>);

/// How long until `deadline`. Informs; what may still be done is the server's to say.
#[component]
pub(crate) fn Countdown(deadline: Timestamp) -> impl IntoView {
    let Clock(now) = expect_context::<Clock>();
    let left = text(move || {
        words::time_left(now.get(), deadline).unwrap_or_else(|| "deadline passed".to_owned())
    });
    let class = text(move || {
        let soon = deadline.as_millis() - now.get().as_millis() < 3_600_000;
        if soon { "fact soon" } else { "fact" }.to_owned()
    });
    view! {
        <span class=class>
            <Icon shape=Shape::Clock/>
            <time datetime=deadline.to_string() title=browser::date_time(deadline)>
                {left}
            </time>
        </span>
    }
}
