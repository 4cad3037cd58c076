//! The counters of the rate limiter: one for each client and path template in the current window.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api_types::Timestamp;

use crate::app::App;
use crate::store::rate::{self as stored, Minute};

/// Length of a window: one minute.
pub(super) const WINDOW: Duration = Duration::from_secs(60);

/// How long the rows of a window are kept after it, because the clocks of servers differ.
const KEPT_FOR: Duration = Duration::from_secs(120);

/// Maximum number of clients and paths counted in one window, about 20 MB. Requests beyond it are
/// not counted: so many clients at once are not the doing of a single one.
const COUNTED_MAX: usize = 100_000;

/// A client and the path template of its requests.
pub(super) type Key = (IpAddr, String);

/// The current window.
#[derive(Debug)]
struct CurrentWindow {
    begins_at: Timestamp,
    tallies: HashMap<Key, Tally>,
}

impl Default for CurrentWindow {
    fn default() -> Self {
        Self {
            begins_at: Timestamp::EPOCH,
            tallies: HashMap::new(),
        }
    }
}

impl CurrentWindow {
    /// Advances to this minute. Returns the current window after that, and whether it is a new one.
    ///
    /// A request whose clock was read just before the end of a minute may come after others have
    /// begun the next one. It counts in the next window, and resets nothing. A minute before the
    /// previous one means that the clock was set back.
    fn advance(&mut self, begins_at: Timestamp) -> (Timestamp, bool) {
        let is_late = self.begins_at == begins_at.after(WINDOW);
        let is_new = begins_at != self.begins_at && !is_late;
        if is_new {
            self.begins_at = begins_at;
            self.tallies = HashMap::new();
        }
        (self.begins_at, is_new)
    }
}

/// The count of one client and path in the current window.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    /// Requests served by this server.
    used: u32,
    /// Permits taken from the shared row and not used yet.
    held: u32,
    /// Permits that remained in the shared row when it was last read.
    left: Option<u32>,
}

/// The counters of this server.
#[derive(Debug, Default)]
pub(super) struct RateLimiter {
    running: Mutex<CurrentWindow>,
}

/// The quota of a client after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct QuotaStatus {
    pub(super) admitted: bool,
    pub(super) remaining: u32,
}

/// The result of counting a request in memory.
enum Count {
    Known(QuotaStatus),
    /// So many permits must be taken from the shared row.
    Ask(u32),
}

/// Returns the start of the clock's minute.
fn minute_of(now: Timestamp) -> Timestamp {
    let since_begin = now.as_millis().rem_euclid(WINDOW.as_millis() as i64);
    now.before(Duration::from_millis(since_begin.unsigned_abs()))
}

/// Returns the seconds until the window that started then ends, at least one.
pub(super) fn seconds_left(begins_at: Timestamp, now: Timestamp) -> u32 {
    let left = begins_at.after(WINDOW).as_millis() - now.as_millis();
    let seconds = left.max(1).unsigned_abs().div_ceil(1000);
    u32::try_from(seconds).unwrap_or(60).min(60)
}

impl RateLimiter {
    /// Returns the window in which a request that came at `now` counts.
    pub(super) fn begin(&self, app: &App, now: Timestamp) -> Timestamp {
        let (begins_at, is_new) = self.lock().advance(minute_of(now));
        if is_new && app.store.is_shared() {
            sweep(app, now);
        }
        begins_at
    }

    pub(super) async fn count(
        &self,
        app: &App,
        key: Key,
        limit: u32,
        begins_at: Timestamp,
    ) -> QuotaStatus {
        match self.count_here(&key, limit, app.store.is_shared()) {
            Count::Known(quota) => quota,
            Count::Ask(count) => {
                let minute = Minute {
                    begins_at,
                    client: key.0.to_string(),
                    template: key.1.clone(),
                };
                let requested = app
                    .store
                    .write(move |tx| stored::add_requests(tx, &minute, count))
                    .await;
                let before = requested.map(|before| u32::try_from(before).unwrap_or(u32::MAX));
                match before {
                    Ok(before) => {
                        let grant = Grant::of(limit, count, before);
                        self.granted(&key, begins_at, grant)
                    }
                    // If the database fails, it is better to count in this server only than to
                    // refuse requests.
                    Err(_) => self.count_alone(&key, limit),
                }
            }
        }
    }

    /// Counts a request without a query, if that is possible.
    fn count_here(&self, key: &Key, limit: u32, shared: bool) -> Count {
        if !shared {
            return Count::Known(self.count_alone(key, limit));
        }
        let mut running = self.lock();
        if running.tallies.len() >= COUNTED_MAX && !running.tallies.contains_key(key) {
            return Count::Known(QuotaStatus {
                admitted: true,
                remaining: limit,
            });
        }
        let tally = running.tallies.entry(key.clone()).or_default();
        if tally.held > 0 {
            tally.held -= 1;
            tally.used += 1;
            let remaining = tally.left.unwrap_or_default() + tally.held;
            return Count::Known(QuotaStatus {
                admitted: true,
                remaining,
            });
        }
        match tally.left {
            Some(0) => Count::Known(QuotaStatus {
                admitted: false,
                remaining: 0,
            }),
            left => Count::Ask(portion(tally.used, left.unwrap_or(limit))),
        }
    }

    fn count_alone(&self, key: &Key, limit: u32) -> QuotaStatus {
        let mut running = self.lock();
        if running.tallies.len() >= COUNTED_MAX && !running.tallies.contains_key(key) {
            return QuotaStatus {
                admitted: true,
                remaining: limit,
            };
        }
        let tally = running.tallies.entry(key.clone()).or_default();
        let admitted = tally.used < limit;
        tally.used = tally.used.saturating_add(u32::from(admitted));
        QuotaStatus {
            admitted,
            remaining: limit - tally.used.min(limit),
        }
    }

    /// Adds the permits taken from the shared row, and uses one for the current request.
    fn granted(&self, key: &Key, begins_at: Timestamp, grant: Grant) -> QuotaStatus {
        let Grant { count, left } = grant;
        let mut running = self.lock();
        if running.begins_at != begins_at {
            // The window has ended meanwhile, together with its permits.
            return QuotaStatus {
                admitted: count > 0,
                remaining: left,
            };
        }
        let tally = running.tallies.entry(key.clone()).or_default();
        // Of two results the later one has less left.
        tally.left = Some(tally.left.map_or(left, |known| known.min(left)));
        tally.held += count;
        let admitted = tally.held > 0;
        tally.held = tally.held.saturating_sub(1);
        tally.used += u32::from(admitted);
        QuotaStatus {
            admitted,
            remaining: left + tally.held,
        }
    }

    fn lock(&self) -> MutexGuard<'_, CurrentWindow> {
        // No operation under this lock can leave the map inconsistent.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Permits taken from the shared row.
#[derive(Clone, Copy, Debug)]
struct Grant {
    /// Number of permits granted, at most the number requested.
    count: u32,
    /// Number of permits left in the row after that.
    left: u32,
}

impl Grant {
    fn of(limit: u32, requested: u32, before: u32) -> Self {
        let room = limit.saturating_sub(before);
        let count = requested.min(room);
        Self {
            count,
            left: room - count,
        }
    }
}

/// Returns how many permits to take at once: as many as this server has served, and at most a
/// quarter of what is left.
fn portion(used: u32, left: u32) -> u32 {
    used.min(left / 4).max(1)
}

/// Deletes the rows of past windows, in the background of the request that started a new one.
fn sweep(app: &App, now: Timestamp) {
    let store = app.store.clone();
    tokio::spawn(async move {
        let swept = store
            .write(move |tx| stored::forget_before(tx, now.before(KEPT_FOR)))
            .await;
        if let Err(error) = swept {
            tracing::warn!(%error, "counts of requests of past minutes were not removed");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u32) -> Key {
        (IpAddr::from([192, 0, 2, 1]), format!("/api/v1/{number}"))
    }

    /// A shared row as the database would keep it.
    #[derive(Default)]
    struct Row {
        requested: u32,
        writes: u32,
    }

    /// Returns how many requests are admitted if they go to these servers in turn.
    fn serve(row: &mut Row, limit: u32, servers: &[RateLimiter], requests: usize) -> u32 {
        let turns = (0..requests).map(|turn| &servers[turn % servers.len()]);
        let admitted = turns.filter(|limiter| {
            let quota = match limiter.count_here(&key(0), limit, true) {
                Count::Known(quota) => quota,
                Count::Ask(count) => {
                    let grant = Grant::of(limit, count, row.requested);
                    row.writes += 1;
                    row.requested += count;
                    limiter.granted(&key(0), Timestamp::EPOCH, grant)
                }
            };
            quota.admitted
        });
        u32::try_from(admitted.count()).unwrap()
    }

    #[test]
    fn the_sum_over_all_servers_never_passes_the_limit() {
        for limit in [1, 2, 10, 100, 1000] {
            for count in 1..6 {
                let servers: Vec<_> = (0..count).map(|_| RateLimiter::default()).collect();
                let admitted = serve(&mut Row::default(), limit, &servers, 4000);
                assert_eq!(admitted, limit, "{count} servers");
            }
        }
    }

    #[test]
    fn what_one_server_holds_back_from_the_others_is_at_most_what_it_has_served() {
        let servers = [RateLimiter::default(), RateLimiter::default()];
        let row = &mut Row::default();
        assert_eq!(serve(row, 100, &servers[..1], 9), 9);
        let others = serve(row, 100, &servers[1..], 200);
        assert!((100 - 2 * 9..=100 - 9).contains(&others), "{others}");
    }

    #[test]
    fn a_busy_client_costs_few_writes_and_a_refused_one_none() {
        let servers = [RateLimiter::default()];
        let row = &mut Row::default();
        assert_eq!(serve(row, 100, &servers, 100), 100);
        assert!(row.writes <= 25, "{}", row.writes);
        let before = row.writes;
        assert_eq!(serve(row, 100, &servers, 1000), 0);
        assert!(row.writes <= before + 1);
    }

    #[test]
    fn memory_is_bounded_and_past_minutes_are_forgotten() {
        let limiter = RateLimiter::default();
        for number in 0..100_010 {
            assert!(limiter.count_alone(&key(number), 1).admitted);
        }
        assert_eq!(limiter.lock().tallies.len(), COUNTED_MAX);
        assert!(!limiter.count_alone(&key(0), 1).admitted);
        let next = minute(1);
        assert_eq!(limiter.lock().advance(next), (next, true));
        assert!(limiter.lock().tallies.is_empty());
        assert_eq!(limiter.lock().advance(next), (next, false));
    }

    #[test]
    fn a_request_that_comes_late_counts_in_the_new_minute_and_resets_nothing() {
        let limiter = RateLimiter::default();
        let mut admitted = 0;
        // Two requests at the end of a minute, whose clocks were read in the other order.
        for at in [minute(2), minute(1)].repeat(10) {
            assert_eq!(limiter.lock().advance(at).0, minute(2));
            admitted += u32::from(limiter.count_alone(&key(0), 5).admitted);
        }
        assert_eq!(admitted, 5);
        let late = minute(2).before(Duration::from_millis(1));
        assert_eq!(minute_of(late), minute(1));
        assert_eq!(seconds_left(minute(2), late), 60);
    }

    #[test]
    fn a_clock_that_is_set_back_begins_anew() {
        let limiter = RateLimiter::default();
        limiter.lock().advance(minute(600));
        assert_eq!(limiter.lock().advance(minute(3)), (minute(3), true));
    }

    fn minute(number: u32) -> Timestamp {
        Timestamp::EPOCH.after(WINDOW * number)
    }
}
