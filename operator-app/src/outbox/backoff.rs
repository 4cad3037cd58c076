//! The backoff of one proof after a failed attempt: how long it lasts, and why.

use std::time::Duration;

use api_types::{TaskId, Timestamp};

use crate::response::ClientError;

/// Backoff after a failed attempt: doubles from the minimum up to the maximum, and never ends
/// before the server's `Retry-After`.
pub(super) const BACKOFF_MIN: Duration = Duration::from_secs(5);
const BACKOFF_MAX: Duration = Duration::from_secs(300);

/// Maximum for the server's `Retry-After`.
pub(super) const RETRY_AFTER_MAX: Duration = Duration::from_secs(3_600);

/// The time for which one proof is not sent, and the reason.
#[derive(Clone, Debug)]
pub(super) struct Backoff {
    pub(super) task: TaskId,
    /// Number of consecutive failed attempts for this proof.
    pub(super) failures: u32,
    since: Timestamp,
    /// The duration without the server's `Retry-After`.
    delay: Duration,
    /// The server's `Retry-After`, or zero.
    retry_after: Duration,
    pub(super) error: Option<ClientError>,
}

impl Backoff {
    /// Returns the delay before the next attempt, after this number of earlier failures.
    pub(super) fn delay_after(failures: u32) -> Duration {
        let delay = BACKOFF_MIN.saturating_mul(1 << failures.min(8));
        delay.min(BACKOFF_MAX)
    }

    /// Creates a backoff that begins now. It lasts for `delay`, or for the `Retry-After` of the
    /// error if that is longer.
    pub(super) fn new(
        task: TaskId,
        failures: u32,
        delay: Duration,
        error: Option<&ClientError>,
        now: Timestamp,
    ) -> Self {
        let retry_after = error.and_then(ClientError::retry_after).unwrap_or(0);
        Self {
            task,
            failures,
            since: now,
            delay,
            retry_after: Duration::from_secs(retry_after.into()).min(RETRY_AFTER_MAX),
            error: error.cloned(),
        }
    }

    /// Returns the remaining time. It is zero if the clock was set back before the start.
    pub(super) fn remaining(&self, now: Timestamp) -> Duration {
        let passed = u64::try_from(now.as_millis() - self.since.as_millis());
        passed.map_or(Duration::ZERO, |passed| {
            self.delay
                .max(self.retry_after)
                .saturating_sub(Duration::from_millis(passed))
        })
    }

    /// Ends the backoff. The number of failures remains.
    pub(super) fn end(&mut self) {
        (self.delay, self.retry_after, self.error) = (Duration::ZERO, Duration::ZERO, None);
    }

    /// Ends the backoff, unless the server sent `Retry-After`, which still applies.
    pub(super) fn end_delay(&mut self) {
        if self.retry_after.is_zero() {
            self.end();
        } else {
            self.delay = Duration::ZERO;
        }
    }

    /// Returns whether the connection failed, rather than this proof.
    pub(super) fn is_of_connection(&self) -> bool {
        self.error
            .as_ref()
            .is_some_and(ClientError::is_of_connection)
    }
}
