//! Sessions: how long they last, and what the use of a refresh token means (contract §2).

use std::time::Duration;

use api_types::Timestamp;

/// How long an access token is valid.
pub const ACCESS_LASTS: Duration = Duration::from_secs(15 * 60);

/// How long a refresh token is valid, and with it a session that is not renewed.
pub const REFRESH_LASTS: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The time in which a refresh token works a second time, because two tabs may renew a session at
/// the same moment.
const GRACE: Duration = Duration::from_secs(10);

/// A refresh token as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredRefresh {
    /// How often it was exchanged for a new one.
    pub uses: u32,
    /// When it was first exchanged.
    pub first_used_at: Option<Timestamp>,
    /// Until when it is valid.
    pub expires_at: Timestamp,
}

/// What the use of a refresh token means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshUse {
    /// The session is renewed with a new token.
    Renew,
    /// The token is refused. It may be a third tab, which finds the new cookie if it tries again.
    Refuse,
    /// The token was exchanged long ago: somebody else may have it, so the session ends.
    Stolen,
}

impl StoredRefresh {
    /// Returns what it means that this token is used at `now`.
    pub fn used(&self, now: Timestamp) -> RefreshUse {
        match self.first_used_at {
            _ if self.expires_at <= now => RefreshUse::Refuse,
            None => RefreshUse::Renew,
            Some(first) if first.after(GRACE) <= now => RefreshUse::Stolen,
            Some(_) if self.uses < 2 => RefreshUse::Renew,
            Some(_) => RefreshUse::Refuse,
        }
    }
}

/// Describes a device by its `User-Agent`: "Firefox on Android". Empty if neither is known.
pub fn device(user_agent: &str) -> String {
    const BROWSERS: [(&str, &str); 6] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser/", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let named = |names: &[(&str, &'static str)]| {
        let mut names = names.iter();
        names.find_map(|(sign, name)| user_agent.contains(sign).then_some(*name))
    };
    match (named(&BROWSERS), named(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (one, other) => one.or(other).unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_token_works_once_and_within_ten_seconds_once_more() {
        let at = |ms| Timestamp::from_millis(ms).unwrap();
        let token = |uses, first: Option<i64>| StoredRefresh {
            uses,
            first_used_at: first.map(at),
            expires_at: at(1_000_000),
        };
        assert_eq!(token(0, None).used(at(999_999)), RefreshUse::Renew);
        assert_eq!(token(0, None).used(at(1_000_000)), RefreshUse::Refuse);
        assert_eq!(token(1, Some(0)).used(at(9_999)), RefreshUse::Renew);
        assert_eq!(token(2, Some(0)).used(at(9_999)), RefreshUse::Refuse);
        assert_eq!(token(1, Some(0)).used(at(10_000)), RefreshUse::Stolen);
        assert_eq!(token(2, Some(0)).used(at(10_000)), RefreshUse::Stolen);
    }

    #[test]
    fn a_device_is_named_by_its_browser_and_system() {
        for (agent, name) in [
            (
                "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/148.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1",
                "Safari on iPhone",
            ),
            ("curl/8.0", ""),
        ] {
            assert_eq!(device(agent), name);
        }
    }
}
