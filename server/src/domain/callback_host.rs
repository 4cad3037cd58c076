//! How much of the runner the callbacks at one host get, by how they answered lately.
//!
//! A call that is not answered occupies a place for ten seconds. So hosts that answer promptly,
//! hosts that nobody has called yet, and hosts that do not answer have places of their own, and a
//! host that failed several times in a row is not called at all for a while: its circuit is open.

use std::time::Duration;

use api_types::Timestamp;
use url::Url;

use super::job::Pool;

/// An answer within this time is prompt.
const PROMPT_MAX: Duration = Duration::from_secs(2);

/// For so long a record counts.
pub const LATELY: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// An agent with so many hosts that do not answer gets no place for a new one among those of
/// others.
pub const UNRESPONSIVE_HOSTS_MAX: i64 = 3;

/// From so many failures in a row on, the circuit is open, at first for this time and at most for
/// that. A single delivery is never put off by it: its own schedule waits longer.
const OPEN_FROM: i64 = 3;
const OPEN_FIRST: Duration = Duration::from_secs(30);
const OPEN_MAX: Duration = Duration::from_secs(300);

/// How the callbacks of an agent answered lately at one host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostRecord {
    /// Calls in a row that were not answered, less by half for each answer.
    pub failures: i64,
    /// Whether the last call was answered, and promptly.
    pub is_prompt: bool,
    /// When the last call ended.
    pub called_at: Timestamp,
}

/// How a call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered at once, with whatever status.
    Prompt,
    /// It was answered after a while.
    Late,
    /// It was not answered.
    Unanswered,
}

impl Outcome {
    /// The outcome of a call that was answered, or not, after this time.
    pub fn of(is_answered: bool, took: Duration) -> Self {
        match is_answered {
            true if took <= PROMPT_MAX => Self::Prompt,
            true => Self::Late,
            false => Self::Unanswered,
        }
    }
}

/// The pool of a delivery to a host with this record, of an agent with so many hosts that do not
/// answer.
pub fn pool(record: Option<&HostRecord>, unresponsive: i64, now: Timestamp) -> Pool {
    match record {
        Some(record) if record.failures > 0 => Pool::Unresponsive,
        Some(record) if record.is_prompt && now <= record.called_at.after(LATELY) => Pool::Ordinary,
        _ if unresponsive >= UNRESPONSIVE_HOSTS_MAX => Pool::Doubtful,
        _ => Pool::Untried,
    }
}

/// Until when the host is not called, if its circuit is open.
pub fn closed_until(record: &HostRecord, now: Timestamp) -> Option<Timestamp> {
    let beyond = u32::try_from(record.failures - OPEN_FROM).ok()?;
    let open = OPEN_FIRST.saturating_mul(2_u32.saturating_pow(beyond));
    let until = record.called_at.after(open.min(OPEN_MAX));
    (now < until).then_some(until)
}

/// The host and port of an address, as its record and the lane of its deliveries are named.
pub fn host(address: &str) -> String {
    let url = Url::parse(address).ok();
    let place = url.as_ref().and_then(|url| {
        let port = url.port_or_known_default()?;
        Some(format!("{}:{port}", url.host_str()?))
    });
    place.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-02-05T12:00:00Z".parse().unwrap()
    }

    fn record(failures: i64, is_prompt: bool) -> HostRecord {
        HostRecord {
            failures,
            is_prompt,
            called_at: now(),
        }
    }

    #[test]
    fn a_host_gets_the_places_of_those_that_answer_like_it() {
        let of =
            |record: Option<HostRecord>, unresponsive| pool(record.as_ref(), unresponsive, now());
        assert_eq!(of(None, 2), Pool::Untried);
        assert_eq!(of(None, 3), Pool::Doubtful);
        assert_eq!(of(Some(record(0, true)), 3), Pool::Ordinary);
        assert_eq!(of(Some(record(0, false)), 0), Pool::Untried);
        assert_eq!(of(Some(record(1, true)), 0), Pool::Unresponsive);
        let long_ago = record(0, true);
        let later = now().after(LATELY + Duration::from_secs(1));
        assert_eq!(pool(Some(&long_ago), 0, later), Pool::Untried);
    }

    #[test]
    fn a_circuit_is_open_for_longer_the_more_calls_have_failed() {
        let open_for = |failures| {
            let until = closed_until(&record(failures, false), now())?;
            Some((until.as_millis() - now().as_millis()) / 1000)
        };
        assert_eq!(open_for(2), None);
        assert_eq!((open_for(3), open_for(4)), (Some(30), Some(60)));
        assert_eq!((open_for(9), open_for(1_000_000)), (Some(300), Some(300)));
        let passed = now().after(Duration::from_secs(30));
        assert_eq!(closed_until(&record(3, false), passed), None);
    }

    #[test]
    fn an_answer_counts_by_its_time_and_not_by_its_status() {
        assert_eq!(Outcome::of(true, PROMPT_MAX), Outcome::Prompt);
        assert_eq!(Outcome::of(true, PROMPT_MAX * 2), Outcome::Late);
        assert_eq!(Outcome::of(false, Duration::ZERO), Outcome::Unanswered);
    }

    #[test]
    fn a_host_is_named_with_its_port() {
        assert_eq!(host("https://A.example/x?y"), "a.example:443");
        assert_eq!(host("http://[::1]:8080/"), "[::1]:8080");
    }
}
