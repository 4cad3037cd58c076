//! Webhook deliveries: their content, signatures and retry schedule (contract §7).
//!
//! Which URLs may be called is decided in `target.rs`. Attempts are made by
//! `jobs/deliver_webhook.rs`. All times are passed in.

use std::time::Duration;

use api_types::{
    DeliveryId, Timestamp,
    event::{TaskEvent, WebhookStyle},
    status::Status,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{moves::MOVES, secret::hex};

/// The events that the default style sends (contract §7).
const HUMANOPS_EVENTS: [&str; 4] = [
    "task.verified",
    "task.disputed",
    "task.manual_review",
    "task.estimate_submitted",
];

/// The delay of each attempt after the previous one failed, in seconds; the first attempt is made
/// at once (contract §7).
pub const RETRY_DELAYS_SECONDS: [u64; 12] = [
    0, 30, 60, 120, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400,
];

/// Maximum delay of an attempt that a receiver can ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(86_400);

/// The event name that the style `humcli` uses for every move.
const STATUS_CHANGED: &str = "task.status_changed";

/// An event that a webhook can send, as in its first row in the table of moves.
#[derive(Clone, Copy, Debug)]
pub struct EventKind {
    /// The name of the event.
    pub event: &'static str,
    /// The status of the task after it.
    pub status: Status,
    /// The status of the task before it, if there was one.
    pub previous_status: Option<Status>,
    /// The webhook styles that send it.
    pub styles: &'static [WebhookStyle],
}

/// Returns every event that a webhook can send.
pub fn event_kinds() -> Vec<EventKind> {
    let mut kinds: Vec<EventKind> = Vec::new();
    for rule in MOVES {
        for (event, previous_status, status) in rule.announces(rule.from.first().copied()) {
            let kind = EventKind {
                event,
                status,
                previous_status,
                styles: match HUMANOPS_EVENTS.contains(&event) {
                    true => &[WebhookStyle::Humanops, WebhookStyle::All],
                    false => &[WebhookStyle::All],
                },
            };
            if kinds.iter().all(|known| known.event != event) {
                kinds.push(kind);
            }
        }
    }
    kinds.push(EventKind {
        event: STATUS_CHANGED,
        status: Status::Accepted,
        previous_status: Some(Status::Pending),
        styles: &[WebhookStyle::Humcli],
    });
    kinds
}

/// A webhook delivery to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct NewDelivery {
    /// The id of the delivery. There is at most one for an event, so it is derived from the event's
    /// id.
    pub id: DeliveryId,
    /// The URL that receives it.
    pub url: String,
    /// The event that is sent.
    pub event: TaskEvent,
}

/// Returns the deliveries of one move's events to a callback, in order.
pub fn deliveries(url: &str, style: WebhookStyle, events: Vec<TaskEvent>) -> Vec<NewDelivery> {
    let last = events.len().saturating_sub(1);
    let before = events.first().and_then(|first| first.previous_status);
    let sent = events
        .into_iter()
        .enumerate()
        .filter(|(nth, event)| match style {
            WebhookStyle::Humanops => HUMANOPS_EVENTS.contains(&event.event.as_str()),
            // A move may emit several events; the last one states where it led.
            WebhookStyle::Humcli => *nth == last,
            WebhookStyle::All => true,
        });
    let delivery = |(_, mut event): (usize, TaskEvent)| {
        if style == WebhookStyle::Humcli {
            event.event = STATUS_CHANGED.to_owned();
            event.previous_status = before;
        }
        NewDelivery {
            id: event.event_id.delivery_id(),
            url: url.to_owned(),
            event,
        }
    };
    sent.map(delivery).collect()
}

/// Returns the lane of a URL as a digest of its host and port. Deliveries to one host share a lane,
/// so that a host that hangs delays only itself. (Two hosts may share a lane by chance, which only
/// costs time.)
pub fn lane(address: &str) -> u32 {
    let url = url::Url::parse(address).ok();
    let place = url
        .as_ref()
        .map(|url| (url.host_str(), url.port_or_known_default()));
    let digest = Sha256::digest(format!("{place:?}"));
    digest
        .iter()
        .take(4)
        .fold(0, |lane, byte| (lane << 8) | u32::from(*byte))
}

/// The signatures of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signatures {
    /// The value of `X-HumanOps-Signature` and `X-Signature`: hexadecimal HMAC-SHA256 of the raw
    /// body, keyed with the secret's text as it was given.
    pub body: String,
    /// The value of `webhook-signature` of Standard Webhooks: `v1,` and HMAC-SHA256 in base64.
    pub standard: String,
}

/// Signs `body`. The key for Standard Webhooks is the base64 content of `whsec_…`, or the UTF-8
/// bytes of any other secret.
pub fn sign(secret: &str, webhook_id: &str, at: Timestamp, body: &str) -> Signatures {
    let content = format!("{webhook_id}.{}.{body}", at.as_millis() / 1000);
    let key = standard_key(secret);
    Signatures {
        body: hex(&mac(secret.as_bytes(), body)),
        standard: format!("v1,{}", BASE64_STANDARD.encode(mac(&key, &content))),
    }
}

fn standard_key(secret: &str) -> Zeroizing<Vec<u8>> {
    let encoded = secret.strip_prefix("whsec_");
    let decoded = encoded.and_then(|text| BASE64_STANDARD.decode(text).ok());
    Zeroizing::new(decoded.unwrap_or_else(|| secret.as_bytes().to_vec()))
}

fn mac(key: &[u8], content: &str) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.chain_update(content).finalize().into_bytes().to_vec()
}

/// The state of a delivery after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The delivery succeeded.
    Delivered,
    /// The receiver wants no further deliveries of any event.
    Gone,
    /// The next attempt is due at this time.
    At(Timestamp),
    /// The attempts are exhausted.
    GivenUp,
}

/// Returns the state of a delivery after an attempt that ended at `now`. `tries` is the number of
/// attempts so far, including this one.
pub fn outcome(
    tries: usize,
    status: Option<u16>,
    retry_after: Option<&str>,
    now: Timestamp,
) -> AttemptOutcome {
    match status {
        Some(200..=299) => return AttemptOutcome::Delivered,
        Some(410) => return AttemptOutcome::Gone,
        _ => {}
    }
    let Some(seconds) = RETRY_DELAYS_SECONDS.get(tries) else {
        return AttemptOutcome::GivenUp;
    };
    let requested = retry_after.and_then(|text| retry_after_wait(text, now));
    let wait = Duration::from_secs(*seconds).max(requested.unwrap_or_default());
    AttemptOutcome::At(now.after(wait))
}

/// Reads a `Retry-After` header: seconds or a date (RFC 9110 §10.2.3), at most a day.
fn retry_after_wait(text: &str, now: Timestamp) -> Option<Duration> {
    let wait = match text.trim().parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = httpdate::parse_http_date(text.trim()).ok()?;
            let now = Duration::from_millis(now.as_millis().unsigned_abs());
            date.duration_since(std::time::UNIX_EPOCH + now).ok()?
        }
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-02-05T12:00:00Z".parse().unwrap()
    }

    fn wait(outcome: AttemptOutcome) -> i64 {
        match outcome {
            AttemptOutcome::At(at) => (at.as_millis() - now().as_millis()) / 1000,
            other => panic!("{other:?}"),
        }
    }

    /// The example of the Standard Webhooks specification.
    #[test]
    fn the_specifications_example_is_signed_as_it_prints() {
        let at = Timestamp::from_millis(1_614_265_330_000).unwrap();
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let signed = sign(secret, id, at, r#"{"test": 2432232314}"#);
        assert_eq!(
            signed.standard,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn a_plain_secret_is_its_own_key_in_both_signatures() {
        // RFC 4231, test case 2.
        let signed = sign("Jefe", "evt", now(), "what do ya want for nothing?");
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(signed.body, expected);
        assert_eq!(standard_key("Jefe").as_slice(), b"Jefe");
        assert_eq!(standard_key("whsec_%").as_slice(), b"whsec_%");
        assert_eq!(standard_key("whsec_AAEC").as_slice(), [0, 1, 2]);
    }

    #[test]
    fn attempts_follow_the_schedule_to_its_end() {
        let waits: Vec<i64> = (1..12)
            .map(|tries| wait(outcome(tries, Some(500), None, now())))
            .collect();
        let minutes = [1, 2, 5, 15, 30, 60, 120, 240, 480, 1440].map(|minutes| minutes * 60);
        assert_eq!(waits[0], 30);
        assert_eq!(waits[1..], minutes);
        assert_eq!(outcome(12, None, None, now()), AttemptOutcome::GivenUp);
    }

    #[test]
    fn an_answer_decides() {
        assert_eq!(
            outcome(1, Some(204), None, now()),
            AttemptOutcome::Delivered
        );
        assert_eq!(outcome(1, Some(410), None, now()), AttemptOutcome::Gone);
        for failed in [Some(301), Some(404), Some(503), None] {
            assert_eq!(wait(outcome(1, failed, None, now())), 30, "{failed:?}");
        }
    }

    #[test]
    fn a_callback_may_ask_for_more_time_but_not_for_less_and_not_for_ever() {
        let after = |text| wait(outcome(1, Some(429), Some(text), now()));
        assert_eq!(after("90"), 90);
        assert_eq!(after("5"), 30);
        assert_eq!(after("Thu, 05 Feb 2026 12:02:00 GMT"), 120);
        assert_eq!(after("Thu, 05 Feb 2026 11:00:00 GMT"), 30);
        assert_eq!(after("99999999"), 86_400);
        assert_eq!(after("soon"), 30);
    }

    #[test]
    fn a_lane_is_of_a_host_and_its_port() {
        assert_eq!(
            lane("https://a.example/x"),
            lane("https://a.example:443/y?z")
        );
        assert_ne!(lane("https://a.example/"), lane("https://a.example:8443/"));
        assert_ne!(lane("https://a.example/"), lane("https://b.example/"));
    }
}
