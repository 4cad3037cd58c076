//! The clock signal that views follow, and a countdown to a deadline.

use std::time::Duration;

use api_types::Timestamp;
use leptos::prelude::*;

use crate::{
    browser,
    components::{Icon, Shape, derive_text},
    labels,
};

/// The interval at which the clock updates. It also makes up for timers that paused while the phone
/// slept.
const TICK: Duration = Duration::from_secs(30);

/// The current time as a signal. In addition to its interval, it updates at the times that views
/// request.
#[derive(Clone, Copy)]
pub(crate) struct Clock(RwSignal<Timestamp>);

impl Clock {
    /// Creates a clock and starts its interval.
    pub(crate) fn start() -> Self {
        let clock = Self(RwSignal::new(browser::now()));
        set_interval(move || clock.tick(), TICK);
        clock
    }

    fn tick(self) {
        self.0.set(browser::now());
    }

    /// Returns the time, and subscribes the caller to it.
    pub(crate) fn now(self) -> Timestamp {
        self.0.get()
    }

    /// Updates the clock at each time that `next` returns; `next` gets the current time.
    pub(crate) fn update_at(self, next: impl Fn(Timestamp) -> Option<Timestamp> + 'static) {
        self.update_at_boxed(Box::new(next));
    }

    fn update_at_boxed(self, next: Box<dyn Fn(Timestamp) -> Option<Timestamp>>) {
        Effect::new(move || {
            let now = self.now();
            let wait = next(now).map(|then| then.as_millis() - now.as_millis());
            let wait = wait.and_then(|millis| u64::try_from(millis).ok());
            // The clock's own interval covers later times.
            let Some(wait) = wait.map(Duration::from_millis).filter(|wait| *wait < TICK) else {
                return;
            };
            if let Ok(timer) = set_timeout_with_handle(move || self.tick(), wait) {
                on_cleanup(move || timer.clear());
            }
        });
    }

    /// Returns a signal that tells whether this time has passed.
    pub(crate) fn has_passed(self, moment: Timestamp) -> Signal<bool> {
        self.update_at(move |now| Some(moment).filter(|moment| *moment > now));
        Signal::derive(move || self.now() >= moment)
    }
}

/// The time left until `deadline`. It only informs; the server decides what is still allowed.
#[component]
pub(crate) fn Countdown(deadline: Timestamp) -> impl IntoView {
    let clock: Clock = expect_context();
    clock.update_at(move |now| labels::next_time_left_change(now, deadline));
    let left = derive_text(move || {
        labels::time_left(clock.now(), deadline).unwrap_or_else(|| "deadline passed".to_owned())
    });
    let class = derive_text(move || {
        let soon = labels::is_soon(clock.now(), deadline);
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
