//! Tests of what follows from a move: the deliveries of its events, and the spending that it gives
//! back.

use api_types::event::WebhookStyle;

use super::*;
use crate::domain::pricing;

const DAY: i64 = 24 * HOUR;

#[test]
fn deliveries_follow_the_style_of_the_webhook() {
    use Status::{Completed, Submitted, Verified};
    let approved = |url: Option<&str>, style| {
        let mut task = submitted();
        task.stated.callback_url = url.map(str::to_owned);
        task.stated.webhook_style = style;
        task.judge(result(Decision::Approve), context(3)).unwrap()
    };
    let url = "https://agent.example/hook";
    for (style, expected) in [
        (None, vec![("task.verified", Submitted, Verified)]),
        (
            Some(WebhookStyle::Humcli),
            vec![("task.status_changed", Submitted, Completed)],
        ),
        (
            Some(WebhookStyle::All),
            vec![
                ("task.verified", Submitted, Verified),
                ("task.completed", Verified, Completed),
            ],
        ),
    ] {
        let moved = approved(Some(url), style);
        for (delivery, (name, previous, status)) in moved.deliveries.iter().zip(&expected) {
            let event = moved.events.iter().find(|event| event.status == *status);
            assert_eq!(delivery.id, event.unwrap().id.delivery_id());
            assert_eq!((&*delivery.url, &*delivery.event.event), (url, *name));
            assert_eq!(delivery.event.previous_status, Some(*previous));
            assert_eq!(delivery.event.guardian_result, moved.task.guardian_result);
        }
        assert_eq!(moved.deliveries.len(), expected.len(), "{style:?}");
    }
    assert_eq!(approved(None, Some(WebhookStyle::All)).deliveries, []);
}

#[test]
fn the_guardians_result_is_in_the_events_that_it_led_to() {
    let reviewed = submitted().judge(result(Decision::ManualReview), context(3));
    let reviewed = reviewed.unwrap();
    assert_eq!(
        reviewed.events[0].guardian_result,
        reviewed.task.guardian_result
    );
    let revised = reviewed
        .task
        .request_revision("Blurred".into(), Vec::new(), context(4));
    let revised = revised.unwrap();
    assert!(revised.task.guardian_result.is_some());
    assert_eq!(revised.events[0].guardian_result, None);
}

#[test]
fn a_refund_returns_what_was_spent_on_the_day_of_the_post() {
    let day = pricing::day(context(0).now);
    let returned = |moved: Moved| {
        let returned = moved.returned_spend;
        returned.map(|returned| (returned.day, returned.amount.to_string()))
    };
    assert_eq!(returned(posted()), None);
    let later = posted().task.cancel(context(2 * DAY)).unwrap();
    assert_eq!(returned(later), Some((day, "29.50".to_owned())));
    let disputed = || completed().dispute("No".into(), context(4)).unwrap().task;
    let resolved = |award| disputed().resolve(&ruling(award), context(DAY)).unwrap();
    assert_eq!(returned(resolved(Award::Release)), None);
    let part = resolved(Award::Split(MicroUsd::usd(10)));
    assert_eq!(returned(part), Some((day, "17.70".to_owned())));
}

#[test]
fn a_simulated_task_moves_no_money_and_returns_no_spending() {
    let mut task = posted().task;
    task.stated.sandbox = true;
    let cancelled = task.cancel(context(1)).unwrap();
    assert_eq!(
        (money(&cancelled), cancelled.returned_spend),
        (Vec::new(), None)
    );
}
