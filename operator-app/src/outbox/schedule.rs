//! When what is sent: decisions over what waits, without a clock, a network or a browser.
//!
//! The outbox asks [`Schedule::next`] after everything that happens. While a proof is ready, the
//! answer is to send one, or to ask again after a bounded time, or one is being sent, after which
//! the outbox asks again. So nothing that is ready can be forgotten.

use std::time::Duration;

use api_types::{TaskId, Timestamp};

use crate::client::ClientError;

/// After a failure sending goes on by itself: soon, then ever more seldom, and never before the
/// server said.
const AGAIN_AFTER_MIN: Duration = Duration::from_secs(5);
const AGAIN_AFTER_MAX: Duration = Duration::from_secs(300);

/// A longer `Retry-After` is cut to this.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3_600);

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Send the proof of this task.
    Send(TaskId),
    /// Ask again after this time.
    Wait(Duration),
    /// Nothing is ready, or something is being sent.
    Rest,
}

/// How a try to send one proof ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// The server received or refused it.
    Answered,
    /// It is not to be sent any more: another tab sent, changed or discarded it.
    Gone,
    /// Another tab is sending it.
    Elsewhere,
    /// It may succeed later.
    Failed(ClientError),
}

/// What makes waiting pointless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hurry {
    /// The person pressed a button.
    Person,
    /// The network came back, or the person did. The server's `Retry-After` still holds.
    Network,
}

/// Why and for how long one proof is left alone.
#[derive(Clone, Debug)]
struct Pause {
    task: TaskId,
    /// Tries of this proof that failed since the last one that was answered.
    failures: u32,
    since: Timestamp,
    own: Duration,
    /// The server's wish.
    asked: Duration,
    error: Option<ClientError>,
}

impl Pause {
    /// How much of it is left. A clock that was set back ends it.
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

/// What is being sent, and what is left alone until when.
#[derive(Clone, Debug, Default)]
pub(super) struct Schedule {
    sending: Option<TaskId>,
    pauses: Vec<Pause>,
}

impl Schedule {
    /// Says what to do now, if the proofs of these tasks are ready. Of those that may be sent, the
    /// one that failed least comes first, so that no proof keeps the others waiting.
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

    /// Notes that a try has begun.
    pub(super) fn begin(&mut self, task: TaskId) {
        self.sending = Some(task);
        if let Some(pause) = self.pauses.iter_mut().find(|own| own.task == task) {
            pause.end();
        }
    }

    /// Notes that a try of an operator who is no longer signed in has ended.
    pub(super) fn end_for_another(&mut self) {
        self.sending = None;
    }

    /// Notes how the try ended; `ready` is what waits now.
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
        // What stopped this one stops the others too.
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

    /// Ends the pauses that this makes pointless.
    pub(super) fn hurry(&mut self, why: Hurry) {
        for pause in &mut self.pauses {
            match why {
                Hurry::Network if !pause.asked.is_zero() => pause.own = Duration::ZERO,
                Hurry::Network | Hurry::Person => pause.end(),
            }
        }
    }

    /// Forgets that a proof failed: it is another one now, or gone.
    pub(super) fn forget(&mut self, task: TaskId) {
        self.pauses.retain(|own| own.task != task);
    }

    /// Forgets what failed for the operator who is signing out. A try goes on to its end.
    pub(super) fn close(&mut self) {
        self.pauses.clear();
    }

    /// Why a proof is left alone, if it is.
    pub(super) fn trouble(&self, task: TaskId) -> Option<ClientError> {
        self.pause(task).and_then(|own| own.error.clone())
    }

    fn pause(&self, task: TaskId) -> Option<&Pause> {
        self.pauses.iter().find(|own| own.task == task)
    }
}

/// Whether an error says something about the way to the server and nothing about the proof.
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
        // The person tries the first one again meanwhile.
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

    /// Random lives of an outbox, each with the seed that it can be lived again by.
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
