//! The state of the hosts that receive an agent's callbacks, and the job pool and circuit breaker
//! that follow from it.
//!
//! An attempt that gets no response occupies a job runner's permit for ten seconds. Hosts that
//! respond promptly, hosts that have not been called yet and hosts that do not respond therefore
//! use separate pools. After several failures in a row the circuit of a host opens, and the host is
//! not called for a while. The limits of the pools are in `jobs/shares.rs`.

use std::time::Duration;

use api_types::Timestamp;
use url::Url;

use super::job::Pool;

/// Maximum response time that counts as prompt.
const PROMPT_MAX: Duration = Duration::from_secs(2);

/// How long a [`HostRecord`] is taken into account after the last call.
pub const LATELY: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Number of unresponsive hosts from which on an agent's deliveries to new or slow hosts go to
/// [`Pool::Doubtful`], apart from those of other agents.
pub const UNRESPONSIVE_HOSTS_MAX: i64 = 3;

/// Number of failures in a row from which on the circuit is open, the first duration, and the
/// longest one. The retries of a single delivery are never delayed by this, because their own
/// schedule waits longer.
const OPEN_FROM: i64 = 3;
const OPEN_FIRST: Duration = Duration::from_secs(30);
const OPEN_MAX: Duration = Duration::from_secs(300);

/// The recent results of an agent's callbacks at one host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostRecord {
    /// Consecutive calls without a response; each response halves the number.
    pub failures: i64,
    /// Whether the last call got a prompt response.
    pub is_prompt: bool,
    /// When the last call ended.
    pub called_at: Timestamp,
}

/// The result of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// A response came promptly, with any status.
    Prompt,
    /// A response came, but not promptly.
    Late,
    /// No response came.
    Unanswered,
}

impl CallOutcome {
    /// Returns the outcome of a call that took this long and got a response or not.
    pub fn of(is_answered: bool, took: Duration) -> Self {
        match is_answered {
            true if took <= PROMPT_MAX => Self::Prompt,
            true => Self::Late,
            false => Self::Unanswered,
        }
    }
}

/// Returns the pool of a delivery to a host with this record, for an agent with this number of
/// unresponsive hosts.
pub fn pool(record: Option<&HostRecord>, unresponsive: i64, now: Timestamp) -> Pool {
    match record {
        Some(record) if record.failures > 0 => Pool::Unresponsive,
        Some(record) if record.is_prompt && now <= record.called_at.after(LATELY) => Pool::Ordinary,
        _ if unresponsive >= UNRESPONSIVE_HOSTS_MAX => Pool::Doubtful,
        _ => Pool::Untried,
    }
}

/// Returns the time until which the host is not called, or `None` if its circuit is closed.
pub fn closed_until(record: &HostRecord, now: Timestamp) -> Option<Timestamp> {
    let beyond = u32::try_from(record.failures - OPEN_FROM).ok()?;
    let open = OPEN_FIRST.saturating_mul(2_u32.saturating_pow(beyond));
    let until = record.called_at.after(open.min(OPEN_MAX));
    (now < until).then_some(until)
}

/// Returns the host and port of a URL as `host:port`, the key of its record and the lane of its
/// deliveries. The result is empty if the URL has none.
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
        assert_eq!(CallOutcome::of(true, PROMPT_MAX), CallOutcome::Prompt);
        assert_eq!(CallOutcome::of(true, PROMPT_MAX * 2), CallOutcome::Late);
        assert_eq!(
            CallOutcome::of(false, Duration::ZERO),
            CallOutcome::Unanswered
        );
    }

    #[test]
    fn a_host_is_named_with_its_port() {
        assert_eq!(host("https://A.example/x?y"), "a.example:443");
        assert_eq!(host("http://[::1]:8080/"), "[::1]:8080");
    }
}
