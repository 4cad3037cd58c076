//! Decides when to send which proof, without reading a clock, the network or the browser.
//!
//! The outbox calls [`Schedule::next`] after every event. While a proof is ready, the result is to
//! send one or to call again after a bounded time; or a proof is being sent, after which the outbox
//! calls again. So no ready proof is forgotten.

use std::time::Duration;

use api_types::{TaskId, Timestamp};

use super::backoff::{BACKOFF_MIN, Backoff};
use crate::response::ClientError;

/// What the outbox does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NextAction {
    /// Send the proof of this task.
    Send(TaskId),
    /// Call [`Schedule::next`] again after this time.
    Wait(Duration),
    /// Do nothing: no proof is ready, or one is being sent.
    Idle,
}

/// The outcome of an attempt to send a proof.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// The server received or refused the proof.
    Done,
    /// The proof is no longer to be sent: another tab sent, changed or discarded it.
    Superseded,
    /// Another tab is sending the proof.
    Locked,
    /// The attempt failed, and a later one may succeed.
    Failed(ClientError),
}

/// An event that ends the backoff early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WakeReason {
    /// The person pressed a button.
    Person,
    /// The network or the person came back. The server's `Retry-After` still applies.
    Network,
}

/// The proof that is being sent, and the proofs that are backing off.
#[derive(Clone, Debug, Default)]
pub(super) struct Schedule {
    sending: Option<TaskId>,
    backoffs: Vec<Backoff>,
}

impl Schedule {
    /// Returns what to do now if the proofs of these tasks are ready. Among the proofs that may be
    /// sent, the one with the fewest failures is first, so that no proof blocks the others.
    pub(super) fn next(&self, ready: &[TaskId], now: Timestamp) -> NextAction {
        if self.sending.is_some() {
            return NextAction::Idle;
        }
        let order = |task: &TaskId| {
            let backoff = self.backoff(*task);
            backoff.map_or((Duration::ZERO, 0), |backoff| {
                (backoff.remaining(now), backoff.failures)
            })
        };
        match ready.iter().min_by_key(|task| order(task)) {
            None => NextAction::Idle,
            Some(task) => match order(task).0 {
                Duration::ZERO => NextAction::Send(*task),
                left => NextAction::Wait(left),
            },
        }
    }

    /// Records that an attempt has begun.
    pub(super) fn begin(&mut self, task: TaskId) {
        self.sending = Some(task);
        if let Some(backoff) = self
            .backoffs
            .iter_mut()
            .find(|backoff| backoff.task == task)
        {
            backoff.end();
        }
    }

    /// Records the end of an attempt for an operator who is no longer signed in.
    pub(super) fn end_after_sign_out(&mut self) {
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
            Outcome::Superseded => self.reset(task),
            Outcome::Locked => self.replace(Backoff::new(task, 0, BACKOFF_MIN, None, now)),
            Outcome::Done => {
                self.reset(task);
                self.backoffs
                    .iter_mut()
                    .filter(|backoff| backoff.is_of_connection())
                    .for_each(Backoff::end);
            }
            Outcome::Failed(error) => self.fail(task, error, ready, now),
        }
    }

    fn fail(&mut self, task: TaskId, error: &ClientError, ready: &[TaskId], now: Timestamp) {
        let failures = self.backoff(task).map_or(0, |backoff| backoff.failures);
        let delay = Backoff::delay_after(failures);
        let failures = failures.saturating_add(1);
        self.replace(Backoff::new(task, failures, delay, Some(error), now));
        if !error.is_of_connection() {
            return;
        }
        // An error of the connection stops the other proofs too.
        for other in ready.iter().filter(|other| **other != task) {
            let (left, failures) = (self.backoff(*other)).map_or((Duration::ZERO, 0), |backoff| {
                (backoff.remaining(now), backoff.failures)
            });
            if left < delay {
                self.replace(Backoff::new(*other, failures, delay, Some(error), now));
            }
        }
    }

    fn replace(&mut self, backoff: Backoff) {
        self.reset(backoff.task);
        self.backoffs.push(backoff);
    }

    /// Ends the backoffs that this event makes pointless.
    pub(super) fn wake(&mut self, reason: WakeReason) {
        for backoff in &mut self.backoffs {
            match reason {
                WakeReason::Person => backoff.end(),
                WakeReason::Network => backoff.end_delay(),
            }
        }
    }

    /// Removes the backoff of a proof that was changed or deleted.
    pub(super) fn reset(&mut self, task: TaskId) {
        self.backoffs.retain(|backoff| backoff.task != task);
    }

    /// Removes all backoffs when the operator signs out. A running attempt continues to its end.
    pub(super) fn close(&mut self) {
        self.backoffs.clear();
    }

    /// Returns the error that caused the backoff of a proof, if it is backing off.
    pub(super) fn error(&self, task: TaskId) -> Option<ClientError> {
        self.backoff(task).and_then(|backoff| backoff.error.clone())
    }

    fn backoff(&self, task: TaskId) -> Option<&Backoff> {
        self.backoffs.iter().find(|backoff| backoff.task == task)
    }
}

#[cfg(test)]
mod tests {
    use api_types::error::{ErrorBody, ErrorCode};

    use super::{super::backoff::RETRY_AFTER_MAX, *};

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
    fn ready_proofs_are_sent_one_after_the_other() {
        let mut schedule = Schedule::default();
        let ready = [task(1), task(2)];
        assert_eq!(schedule.next(&ready, at(0)), NextAction::Send(task(1)));
        schedule.begin(task(1));
        assert_eq!(schedule.next(&ready, at(0)), NextAction::Idle);
        schedule.end(task(1), &Outcome::Done, &[task(2)], at(1));
        assert_eq!(schedule.next(&[task(2)], at(1)), NextAction::Send(task(2)));
    }

    #[test]
    fn a_proof_that_becomes_ready_while_another_is_sent_is_sent_after_it() {
        let mut schedule = Schedule::default();
        schedule.begin(task(1));
        schedule.end(task(1), &overloaded(None), &[task(1)], at(0));
        schedule.begin(task(2));
        // Meanwhile, the person tries the first one again.
        schedule.reset(task(1));
        assert_eq!(schedule.next(&[task(1), task(2)], at(1)), NextAction::Idle);
        schedule.end(task(2), &Outcome::Done, &[task(1)], at(2));
        assert_eq!(schedule.next(&[task(1)], at(2)), NextAction::Send(task(1)));
    }

    #[test]
    fn the_proof_of_another_operator_is_sent_after_the_running_attempt_has_ended() {
        let mut schedule = Schedule::default();
        schedule.begin(task(1));
        schedule.close();
        assert_eq!(schedule.next(&[task(2)], at(0)), NextAction::Idle);
        schedule.end_after_sign_out();
        assert_eq!(schedule.next(&[task(2)], at(0)), NextAction::Send(task(2)));
    }

    #[test]
    fn the_backoff_doubles_with_each_failure_up_to_the_maximum() {
        let mut schedule = Schedule::default();
        let ready = [task(1)];
        let mut waits = Vec::new();
        let mut now = 0;
        for _ in 0..9 {
            schedule.begin(task(1));
            schedule.end(task(1), &no_network(), &ready, at(now));
            let NextAction::Wait(wait) = schedule.next(&ready, at(now)) else {
                panic!("the schedule does not wait");
            };
            waits.push(wait.as_secs());
            now += wait.as_secs();
            assert_eq!(schedule.next(&ready, at(now)), NextAction::Send(task(1)));
        }
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
    }

    #[test]
    fn retry_after_holds_until_the_person_presses_the_button() {
        let mut schedule = Schedule::default();
        let ready = [task(1)];
        schedule.begin(task(1));
        schedule.end(task(1), &overloaded(Some(60)), &ready, at(0));
        schedule.wake(WakeReason::Network);
        assert_eq!(
            schedule.next(&ready, at(20)),
            NextAction::Wait(Duration::from_secs(40))
        );
        schedule.wake(WakeReason::Person);
        assert_eq!(schedule.next(&ready, at(20)), NextAction::Send(task(1)));
    }

    #[test]
    fn neither_retry_after_nor_the_clock_stops_sending_forever() {
        let mut schedule = Schedule::default();
        let ready = [task(1)];
        schedule.begin(task(1));
        schedule.end(task(1), &overloaded(Some(u32::MAX)), &ready, at(100));
        assert_eq!(schedule.next(&ready, at(100)), NextAction::Wait(LIMIT));
        assert_eq!(schedule.next(&ready, at(99)), NextAction::Send(task(1)));
    }

    #[test]
    fn a_proof_that_always_fails_does_not_block_the_others() {
        let mut schedule = Schedule::default();
        let ready = [task(1), task(2)];
        schedule.begin(task(1));
        schedule.end(task(1), &no_network(), &ready, at(0));
        assert_eq!(
            schedule.next(&ready, at(1)),
            NextAction::Wait(Duration::from_secs(4))
        );
        assert_eq!(schedule.next(&ready, at(5)), NextAction::Send(task(2)));
        schedule.begin(task(2));
        schedule.end(task(2), &Outcome::Done, &[task(1)], at(6));
        assert_eq!(schedule.next(&[task(1)], at(6)), NextAction::Send(task(1)));
    }

    #[test]
    fn a_proof_that_another_tab_sends_is_checked_again() {
        let mut schedule = Schedule::default();
        schedule.begin(task(1));
        schedule.end(task(1), &Outcome::Locked, &[task(1)], at(0));
        assert_eq!(schedule.error(task(1)), None);
        assert_eq!(
            schedule.next(&[task(1)], at(0)),
            NextAction::Wait(BACKOFF_MIN)
        );
    }

    /// Random sequences of events, each reproducible from its seed.
    #[test]
    fn a_ready_proof_is_sent_or_waits_for_a_bounded_time() {
        for seed in 0..2_000_u64 {
            run_random_events(seed);
        }
    }

    fn run_random_events(seed: u64) {
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
                    schedule.reset(new);
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
                2 => schedule.wake(WakeReason::Network),
                3 => now = (now + random(400)).saturating_sub(random(50)),
                _ => {
                    if let Some((task, is_signed_in)) = sending.take() {
                        let outcome = match random(5) {
                            0 => no_network(),
                            1 => overloaded(Some(u32::try_from(random(10_000)).unwrap())),
                            2 => Outcome::Locked,
                            3 => Outcome::Superseded,
                            _ => Outcome::Done,
                        };
                        if !is_signed_in {
                            schedule.end_after_sign_out();
                        } else {
                            if matches!(outcome, Outcome::Done | Outcome::Superseded) {
                                ready.retain(|other| *other != task);
                            }
                            schedule.end(task, &outcome, &ready, at(now));
                        }
                    }
                }
            }
            match schedule.next(&ready, at(now)) {
                NextAction::Send(task) => {
                    assert!(sending.is_none() && ready.contains(&task), "seed {seed}");
                    schedule.begin(task);
                    sending = Some((task, true));
                }
                NextAction::Wait(wait) => {
                    assert!(!wait.is_zero() && wait <= LIMIT, "seed {seed}");
                }
                NextAction::Idle => assert!(ready.is_empty() || sending.is_some(), "seed {seed}"),
            }
        }
    }
}
