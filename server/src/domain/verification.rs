//! E-mail verification links: how long they are valid, and how soon another may be requested.

use std::time::Duration;

use api_types::Timestamp;

/// How long a mailed link is valid (contract §3).
pub const LINK_LASTS: Duration = Duration::from_secs(24 * 60 * 60);

/// The pause after the first request.
const FIRST_PAUSE: Duration = Duration::from_secs(60);

/// The longest pause between two requests.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// Returns how long after the `asks`-th mail the next may be requested: a minute, doubled with each
/// request, at most a day. The pause prevents flooding a stranger's address with mail.
pub fn pause_after(asks: u32) -> Duration {
    let doublings = asks.saturating_sub(1).min(16);
    (FIRST_PAUSE * 2_u32.pow(doublings)).min(LONGEST_PAUSE)
}

/// The result of opening a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkResult {
    /// The link verifies the address.
    Good,
    /// The address is already verified, by this link or by another.
    AlreadyVerified,
    /// The link is older than a day.
    Expired,
}

/// Returns the result of opening a link at `now`.
pub fn open(verified: Option<Timestamp>, expires_at: Timestamp, now: Timestamp) -> LinkResult {
    if verified.is_some() {
        LinkResult::AlreadyVerified
    } else if expires_at <= now {
        LinkResult::Expired
    } else {
        LinkResult::Good
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ask_waits_twice_as_long_up_to_a_day() {
        let seconds: Vec<_> = [1, 2, 3, 10, 11, 12, u32::MAX]
            .map(|asks| pause_after(asks).as_secs())
            .to_vec();
        assert_eq!(seconds, [60, 120, 240, 30_720, 61_440, 86_400, 86_400]);
    }

    #[test]
    fn a_link_opens_once_and_for_a_day() {
        let at = |ms| Timestamp::from_millis(ms).unwrap();
        assert_eq!(open(None, at(10), at(9)), LinkResult::Good);
        assert_eq!(open(None, at(10), at(10)), LinkResult::Expired);
        assert_eq!(
            open(Some(at(1)), at(10), at(9)),
            LinkResult::AlreadyVerified
        );
    }
}
