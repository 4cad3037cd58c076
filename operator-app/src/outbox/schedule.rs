//! Decides when to send which proof, without reading a clock, the network or the browser.
//!
//! The outbox calls [`Schedule::next`] after every event. While a proof is ready, the result is to
//! send one or to call again after a bounded time; or a proof is being sent, after which the outbox
//! calls again. So no ready proof is forgotten.

use std::time::Duration;

use api_types::{TaskId, Timestamp};

use crate::client::ClientError;

/// Backoff after a failed attempt: doubles from the minimum up to the maximum, and never ends
/// before the server's `Retry-After`.
const AGAIN_AFTER_MIN: Duration = Duration::from_secs(5);
const AGAIN_AFTER_MAX: Duration = Duration::from_secs(300);

/// Maximum for the server's `Retry-After`.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3_600);

/// What the outbox does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Send the proof of this task.
    Send(TaskId),
    /// Call [`Schedule::next`] again after this time.
    Wait(Duration),
    /// Do nothing: no proof is ready, or one is being sent.
    Rest,
}

/// The outcome of an attempt to send a proof.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// The server received or refused the proof.
    Answered,
    /// The proof is no longer to be sent: another tab sent, changed or discarded it.
    Gone,
    /// Another tab is sending the proof.
    Elsewhere,
    /// The attempt failed, and a later one may succeed.
    Failed(ClientError),
}

/// An event that ends the backoff early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hurry {
    /// The person pressed a button.
    Person,
    /// The network or the person came back. The server's `Retry-After` still applies.
    Network,
}

/// The reason and the duration of the backoff of one proof.
#[derive(Clone, Debug)]
struct Pause {
    task: TaskId,
    /// Number of consecutive failed attempts for this proof.
    failures: u32,
    since: Timestamp,
    own: Duration,
    /// The server's `Retry-After`, or zero.
    asked: Duration,
    error: Option<ClientError>,
}

impl Pause {
    /// Returns the remaining time. It is zero if the clock was set back before the start.
    fn left(&self, now: Timestamp) -> Duration {
        let passed = u64::try_from(now.as_millis() - self.since.as_millis());
        passed.map_or(Duration::ZERO, |passed| {
            self.own
                .max(self.asked)
                .saturating_sub(Duration::from_millis(passed))
        })
    }

    fn end(&mut self) {
        (self.own, self.asked, self.error) = (Duration::ZERO, Duration::ZERO, None);
    }
}

/// The proof that is being sent, and the proofs that are backing off.
#[derive(Clone, Debug, Default)]
pub(super) struct Schedule {
    sending: Option<TaskId>,
    pauses: Vec<Pause>,
}

impl Schedule {
    /// Returns what to do now if the proofs of these tasks are ready. Among the proofs that may be
    /// sent, the one with the fewest failures is first, so that no proof blocks the others.
    pub(super) fn next(&self, ready: &[TaskId], now: Timestamp) -> Step {
        if self.sending.is_some() {
            return Step::Rest;
        }
        let order = |task: &TaskId| {
            let pause = self.pause(*task);
            pause.map_or((Duration::ZERO, 0), |own| (own.left(now), own.failures))
        };
        match ready.iter().min_by_key(|task| order(task)) {
            None => Step::Rest,
            Some(task) => match order(task).0 {
                Duration::ZERO => Step::Send(*task),
                left => Step::Wait(left),
            },
        }
    }

    /// Records that an attempt has begun.
    pub(super) fn begin(&mut self, task: TaskId) {
        self.sending = Some(task);
        if let Some(pause) = self.pauses.iter_mut().find(|own| own.task == task) {
            pause.end();
        }
    }

    /// Records the end of an attempt for an operator who is no longer signed in.
    pub(super) fn end_for_another(&mut self) {
        self.sending = None;
    }

    /// Records the outcome of the attempt; `ready` lists the proofs that are ready now.
    pub(super) fn end(
        &mut self,
        task: TaskId,
        outcome: &Outcome,
        ready: &[TaskId],
        now: Timestamp,
    ) {
        self.sending = None;
        match outcome {
            Outcome::Gone => self.forget(task),
            Outcome::Elsewhere => self.leave_alone(task, 0, AGAIN_AFTER_MIN, None, now),
            Outcome::Answered => {
                self.forget(task);
                let network_failed = |own: &&mut Pause| own.error.as_ref().is_some_and(is_of_all);
                self.pauses
                    .iter_mut()
                    .filter(network_failed)
                    .for_each(Pause::end);
            }
            Outcome::Failed(error) => self.fail(task, error, ready, now),
        }
    }

    fn fail(&mut self, task: TaskId, error: &ClientError, ready: &[TaskId], now: Timestamp) {
        let failures = self.pause(task).map_or(0, |own| own.failures);
        let own = AGAIN_AFTER_MIN.saturating_mul(1 << failures.min(8));
        let own = own.min(AGAIN_AFTER_MAX);
        self.leave_alone(task, failures.saturating_add(1), own, Some(error), now);
        if !is_of_all(error) {
            return;
        }
        // An error of the connection stops the other proofs too.
        for other in ready.iter().filter(|other| **other != task) {
            let (left, failures) = (self.pause(*other)).map_or((Duration::ZERO, 0), |pause| {
                (pause.left(now), pause.failures)
            });
            if left < own {
                self.leave_alone(*other, failures, own, Some(error), now);
            }
        }
    }

    fn leave_alone(
        &mut self,
        task: TaskId,
        failures: u32,
        own: Duration,
        error: Option<&ClientError>,
        now: Timestamp,
    ) {
        let asked = error.and_then(ClientError::retry_after).unwrap_or(0);
        self.forget(task);
        self.pauses.push(Pause {
            task,
            failures,
            since: now,
            own,
            asked: Duration::from_secs(asked.into()).min(RETRY_AFTER_MAX),
            error: error.cloned(),
        });
    }

    /// Ends the backoffs that this event makes pointless.
    pub(super) fn hurry(&mut self, why: Hurry) {
        for pause in &mut self.pauses {
            match why {
                Hurry::Network if !pause.asked.is_zero() => pause.own = Duration::ZERO,
                Hurry::Network | Hurry::Person => pause.end(),
            }
        }
    }

    /// Removes the backoff of a proof that was changed or deleted.
    pub(super) fn forget(&mut self, task: TaskId) {
        self.pauses.retain(|own| own.task != task);
    }

    /// Removes all backoffs when the operator signs out. A running attempt continues to its end.
    pub(super) fn close(&mut self) {
        self.pauses.clear();
    }

    /// Returns the error that caused the backoff of a proof, if it is backing off.
    pub(super) fn trouble(&self, task: TaskId) -> Option<ClientError> {
        self.pause(task).and_then(|own| own.error.clone())
    }

    fn pause(&self, task: TaskId) -> Option<&Pause> {
        self.pauses.iter().find(|own| own.task == task)
    }
}

/// Returns whether an error concerns the connection to the server rather than the proof.
const fn is_of_all(error: &ClientError) -> bool {
    matches!(
        error,
        ClientError::Unreachable | ClientError::Intercepted(_)
    )
}

#[cfg(test)]
mod tests {
    use api_types::error::{ErrorBody, ErrorCode};

    use super::*;

    const LIMIT: Duration = RETRY_AFTER_MAX;

    fn task(number: u8) -> TaskId {
        format!("task_01KB00000000000000000000{number:02}")
            .parse()
            .unwrap()
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_770_000_000_000)
            .unwrap()
            .after(Duration::from_secs(seconds))
    }

    fn overloaded(seconds: Option<u32>) -> Outcome {
        let body = ErrorBody {
            error: "Come back later.".to_owned(),
            code: ErrorCode::Unavailable,
            request_id: "req_1".to_owned(),
            retryable: true,
            details: Vec::new(),
            approval_id: None,
        };
        Outcome::Failed(ClientError::Refused(body, seconds))
    }

    fn no_network() -> Outcome {
        Outcome::Failed(ClientError::Unreachable)
    }

    #[test]
    fn what_is_ready_is_sent_one_after_the_other() {
        let mut schedule = Schedule::default();
        let ready = [task(1), task(2)];
        assert_eq!(schedule.next(&ready, at(0)), Step::Send(task(1)));
        schedule.begin(task(1));
        assert_eq!(schedule.next(&ready, at(0)), Step::Rest);
        schedule.end(task(1), &Outcome::Answered, &[task(2)], at(1));
        assert_eq!(schedule.next(&[task(2)], at(1)), Step::Send(task(2)));
    }

    #[test]
    fn a_proof_that_is_made_ready_while_another_is_sent_is_sent_after_it() {
        let mut schedule = Schedule::default();
        schedule.begin(task(1));
        schedule.end(task(1), &overloaded(None), &[task(1)], at(0));
        schedule.begin(task(2));
        // Meanwhile, the person tries the first one again.
        schedule.forget(task(1));
        assert_eq!(schedule.next(&[task(1), task(2)], at(1)), Step::Rest);
        schedule.end(task(2), &Outcome::Answered, &[task(1)], at(2));
        assert_eq!(schedule.next(&[task(1)], at(2)), Step::Send(task(1)));
    }

    #[test]
    fn what_another_operator_keeps_is_sent_once_the_try_of_the_first_has_ended() {
        let mut schedule = Schedule::default();
        schedule.begin(task(1));
        schedule.close();
        assert_eq!(schedule.next(&[task(2)], at(0)), Step::Rest);
        schedule.end_for_another();
        assert_eq!(schedule.next(&[task(2)], at(0)), Step::Send(task(2)));
    }

    #[test]
    fn after_failures_it_goes_on_ever_more_seldom() {
        let mut schedule = Schedule::default();
        let ready = [task(1)];
        let mut waits = Vec::new();
        let mut now = 0;
        for _ in 0..9 {
            schedule.begin(task(1));
            schedule.end(task(1), &no_network(), &ready, at(now));
            let Step::Wait(wait) = schedule.next(&ready, at(now)) else {
                panic!("it neither waits nor goes on");
            };
            waits.push(wait.as_secs());
            now += wait.as_secs();
            assert_eq!(schedule.next(&ready, at(now)), Step::Send(task(1)));
        }
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
    }

    #[test]
    fn the_servers_wish_holds_unless_the_person_presses_the_button() {
        let mut schedule = Schedule::default();
        let ready = [task(1)];
        schedule.begin(task(1));
        schedule.end(task(1), &overloaded(Some(60)), &ready, at(0));
        schedule.hurry(Hurry::Network);
        assert_eq!(
            schedule.next(&ready, at(20)),
            Step::Wait(Duration::from_secs(40))
        );
        schedule.hurry(Hurry::Person);
        assert_eq!(schedule.next(&ready, at(20)), Step::Send(task(1)));
    }

    #[test]
    fn no_wish_and_no_clock_stops_it_for_good() {
        let mut schedule = Schedule::default();
        let ready = [task(1)];
        schedule.begin(task(1));
        schedule.end(task(1), &overloaded(Some(u32::MAX)), &ready, at(100));
        assert_eq!(schedule.next(&ready, at(100)), Step::Wait(LIMIT));
        assert_eq!(schedule.next(&ready, at(99)), Step::Send(task(1)));
    }

    #[test]
    fn a_proof_that_never_gets_through_does_not_keep_the_others_waiting() {
        let mut schedule = Schedule::default();
        let ready = [task(1), task(2)];
        schedule.begin(task(1));
        schedule.end(task(1), &no_network(), &ready, at(0));
        assert_eq!(
            schedule.next(&ready, at(1)),
            Step::Wait(Duration::from_secs(4))
        );
        assert_eq!(schedule.next(&ready, at(5)), Step::Send(task(2)));
        schedule.begin(task(2));
        schedule.end(task(2), &Outcome::Answered, &[task(1)], at(6));
        assert_eq!(schedule.next(&[task(1)], at(6)), Step::Send(task(1)));
    }

    #[test]
    fn what_another_tab_sends_is_looked_at_again() {
        let mut schedule = Schedule::default();
        schedule.begin(task(1));
        schedule.end(task(1), &Outcome::Elsewhere, &[task(1)], at(0));
        assert_eq!(schedule.trouble(task(1)), None);
        assert_eq!(
            schedule.next(&[task(1)], at(0)),
            Step::Wait(AGAIN_AFTER_MIN)
        );
    }

    /// Random sequences of events, each reproducible from its seed.
    #[test]
    fn while_something_is_ready_it_is_sent_or_waits_for_a_bounded_time() {
        for seed in 0..2_000_u64 {
            live(seed);
        }
    }

    fn live(seed: u64) {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut random = move |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below
        };
        let (mut schedule, mut ready, mut now) = (Schedule::default(), Vec::new(), 1_000_u64);
        let mut sending: Option<(TaskId, bool)> = None;
        for _ in 0..60 {
            match random(6) {
                0 => {
                    let new = task(u8::try_from(random(5)).unwrap());
                    schedule.forget(new);
                    if !ready.contains(&new) {
                        ready.push(new);
                    }
                }
                1 => {
                    // Another operator signs in, with other proofs.
                    schedule.close();
                    ready = vec![task(9)];
                    sending = sending.map(|(task, _)| (task, false));
                }
                2 => schedule.hurry(Hurry::Network),
                3 => now = (now + random(400)).saturating_sub(random(50)),
                _ => {
                    if let Some((task, own)) = sending.take() {
                        let outcome = match random(5) {
                            0 => no_network(),
                            1 => overloaded(Some(u32::try_from(random(10_000)).unwrap())),
                            2 => Outcome::Elsewhere,
                            3 => Outcome::Gone,
                            _ => Outcome::Answered,
                        };
                        if !own {
                            schedule.end_for_another();
                        } else {
                            if matches!(outcome, Outcome::Answered | Outcome::Gone) {
                                ready.retain(|own| *own != task);
                            }
                            schedule.end(task, &outcome, &ready, at(now));
                        }
                    }
                }
            }
            match schedule.next(&ready, at(now)) {
                Step::Send(task) => {
                    assert!(sending.is_none() && ready.contains(&task), "seed {seed}");
                    schedule.begin(task);
                    sending = Some((task, true));
                }
                Step::Wait(wait) => {
                    assert!(!wait.is_zero() && wait <= LIMIT, "seed {seed}");
                }
                Step::Rest => assert!(ready.is_empty() || sending.is_some(), "seed {seed}"),
            }
        }
    }
}
