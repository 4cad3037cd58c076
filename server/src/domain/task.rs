//! A task, and a method for every move that can be made with it.
//!
//! A method takes the task, asks the table whether the move is open, and answers what is to be
//! written: the changed task, its events, the transfers, the work left for later. None writes.

use api_types::{
    AgentId, EventId, MicroUsd, OperatorId, TaskId, Timestamp,
    guardian::{Decision, GuardianResult},
    task::{Rejection, Status},
};

use super::{
    job::Job,
    ledger::{Account, Transfer, TransferCode},
    moves::{self, Move, Rule},
    new_task::NewTask,
};

/// A task as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// Who posted it.
    pub agent_id: AgentId,
    /// Who claimed it.
    pub operator_id: Option<OperatorId>,
    /// Where it stands; changed by moves only.
    pub status: Status,
    /// Counts the moves, so that of two at once one finds that it came too late.
    pub version: i64,
    /// What its agent stated.
    pub stated: NewTask,
    /// What the platform gets.
    pub fee: MicroUsd,
    /// What the Guardian said of the latest proof.
    pub guardian_result: Option<GuardianResult>,
    /// Why the agent rejected it.
    pub rejection: Option<Rejection>,
    /// When each move happened.
    pub at: Moments,
}

/// When each move of a task happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moments {
    /// Posted.
    pub created: Timestamp,
    /// Claimed.
    pub accepted: Option<Timestamp>,
    /// Proof sent.
    pub submitted: Option<Timestamp>,
    /// Proof found good.
    pub verified: Option<Timestamp>,
    /// Done and paid.
    pub completed: Option<Timestamp>,
    /// Called off.
    pub cancelled: Option<Timestamp>,
}

/// When a move happens, and the randomness that its events are named by.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// The time.
    pub now: Timestamp,
    /// Fresh random bits.
    pub random: u128,
}

/// Something that happened to a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its id; also the webhook's.
    pub id: EventId,
    /// Its name, such as `task.completed`.
    pub name: &'static str,
    /// Where the task came from.
    pub previous_status: Option<Status>,
    /// Where it stands now.
    pub status: Status,
    /// When.
    pub at: Timestamp,
}

/// What a move yields: written in one transaction, or not at all.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// The task after the move.
    pub task: Task,
    /// When.
    pub at: Timestamp,
    /// The version it had before; none if it is new.
    pub from_version: Option<i64>,
    /// What to announce, in order.
    pub events: Vec<Event>,
    /// What money moves.
    pub transfers: Vec<Transfer>,
    /// What to do later.
    pub jobs: Vec<Job>,
}

/// Why a move is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The table has no row for this move from this status.
    WrongStatus {
        /// The move.
        does: Move,
    },
    /// Another operator claimed the task, or nobody.
    NotClaimedByYou {
        /// The move.
        does: Move,
    },
    /// The deadline has passed.
    Expired,
}

impl Task {
    /// Puts a new task on the market, its reward and fee into escrow.
    pub fn post(
        id: TaskId,
        agent_id: AgentId,
        stated: NewTask,
        fee: MicroUsd,
        turn: Turn,
    ) -> Moved {
        let task = Self {
            id,
            agent_id,
            operator_id: None,
            status: Status::Pending,
            version: 1,
            stated,
            fee,
            guardian_result: None,
            rejection: None,
            at: Moments {
                created: turn.now,
                accepted: None,
                submitted: None,
                verified: None,
                completed: None,
                cancelled: None,
            },
        };
        let before = Before {
            status: None,
            version: None,
        };
        task.moved(moves::rule(Move::Post), before, turn)
    }

    /// An operator claims the task.
    ///
    /// # Errors
    /// [`Refusal::WrongStatus`] if it is not open, [`Refusal::Expired`] if its deadline has passed.
    pub fn accept(self, operator_id: OperatorId, turn: Turn) -> Result<Moved, Refusal> {
        self.step(Move::Accept, turn, |task| {
            if task.stated.deadline <= turn.now {
                return Err(Refusal::Expired);
            }
            task.operator_id = Some(operator_id);
            task.at.accepted = Some(turn.now);
            Ok(())
        })
    }

    /// The operator who claimed the task sends its proof; the Guardian looks at it next.
    ///
    /// # Errors
    /// [`Refusal::NotClaimedByYou`], or [`Refusal::WrongStatus`] if no proof is wanted now.
    pub fn submit(self, operator_id: OperatorId, turn: Turn) -> Result<Moved, Refusal> {
        if self.operator_id != Some(operator_id) {
            return Err(Refusal::NotClaimedByYou { does: Move::Submit });
        }
        let mut moved = self.step(Move::Submit, turn, |task| {
            task.at.submitted = Some(turn.now);
            task.guardian_result = None;
            task.rejection = None;
            Ok(())
        })?;
        moved.jobs.push(Job::ReviewProof {
            task_id: moved.task.id,
        });
        Ok(moved)
    }

    /// The Guardian's result decides where a submitted task goes.
    ///
    /// # Errors
    /// [`Refusal::WrongStatus`] if the task was decided meanwhile.
    pub fn judge(self, result: GuardianResult, turn: Turn) -> Result<Moved, Refusal> {
        let does = match result.decision {
            Decision::Approve => Move::JudgeGood,
            Decision::ManualReview => Move::JudgeUnclear,
            Decision::Reject => Move::JudgeBad,
        };
        self.step(does, turn, |task| {
            task.guardian_result = Some(result);
            if does == Move::JudgeGood {
                task.complete(turn.now);
            }
            Ok(())
        })
    }

    /// The agent finds the proof good: both sides are paid.
    ///
    /// # Errors
    /// [`Refusal::WrongStatus`] if there is no proof to judge.
    pub fn approve(self, turn: Turn) -> Result<Moved, Refusal> {
        self.step(Move::Approve, turn, |task| {
            task.complete(turn.now);
            Ok(())
        })
    }

    /// The agent finds the proof bad: the money stays in escrow.
    ///
    /// # Errors
    /// [`Refusal::WrongStatus`] if there is no proof to judge.
    pub fn reject(self, rejection: Rejection, turn: Turn) -> Result<Moved, Refusal> {
        self.step(Move::Reject, turn, |task| {
            task.rejection = Some(rejection);
            Ok(())
        })
    }

    /// The agent calls the task off and gets reward and fee back.
    ///
    /// # Errors
    /// [`Refusal::WrongStatus`] once work has begun or the task has ended.
    pub fn cancel(self, turn: Turn) -> Result<Moved, Refusal> {
        self.step(Move::Cancel, turn, |task| {
            task.at.cancelled = Some(turn.now);
            Ok(())
        })
    }

    /// Reward and fee, which the task holds until it is completed or cancelled.
    pub fn total(&self) -> MicroUsd {
        // Both are bounded far below the edge, so their sum is too.
        self.stated
            .reward
            .checked_add(self.fee)
            .unwrap_or(self.stated.reward)
    }

    fn complete(&mut self, now: Timestamp) {
        self.at.verified = Some(now);
        self.at.completed = Some(now);
    }

    /// Asks the table, changes the task, and says what follows.
    fn step(
        mut self,
        does: Move,
        turn: Turn,
        change: impl FnOnce(&mut Self) -> Result<(), Refusal>,
    ) -> Result<Moved, Refusal> {
        let rule = moves::rule(does).filter(|rule| rule.from.contains(&self.status));
        let rule = rule.ok_or(Refusal::WrongStatus { does })?;
        let before = Before {
            status: Some(self.status),
            version: Some(self.version),
        };
        change(&mut self)?;
        self.status = rule.to;
        self.version += 1;
        Ok(self.moved(Some(rule), before, turn))
    }

    fn moved(self, rule: Option<&Rule>, before: Before, turn: Turn) -> Moved {
        let names = rule.map_or(&[] as &[_], |rule| rule.events);
        let events: Vec<_> = (0_u128..)
            .zip(names)
            .map(|(nth, name)| Event {
                // The events of one move share their time and follow each other by their bits.
                id: EventId::new(turn.now, turn.random.wrapping_add(nth)),
                name,
                previous_status: before.status,
                // The Guardian's approval is announced as VERIFIED before it is COMPLETED.
                status: if *name == "task.verified" {
                    Status::Verified
                } else {
                    self.status
                },
                at: turn.now,
            })
            .collect();
        let cause = EventId::new(turn.now, turn.random);
        let codes = rule.map_or(&[] as &[_], |rule| rule.money);
        let transfers = codes
            .iter()
            .filter_map(|code| self.transfer(*code, cause, turn.now));
        let transfers = transfers.collect();
        let jobs = Vec::new();
        Moved {
            at: turn.now,
            from_version: before.version,
            events,
            transfers,
            jobs,
            task: self,
        }
    }

    fn transfer(&self, code: TransferCode, event_id: EventId, at: Timestamp) -> Option<Transfer> {
        let escrow = Account::Escrow(self.id);
        let deposit = Account::Deposit(self.agent_id);
        let (debit, credit, amount) = match code {
            TransferCode::Hold => (deposit, escrow, self.total()),
            TransferCode::Refund => (escrow, deposit, self.total()),
            TransferCode::Release => (
                escrow,
                Account::Pending(self.operator_id?),
                self.stated.reward,
            ),
            TransferCode::Fee => (escrow, Account::Platform, self.fee),
            // Paying in is no move of a task.
            TransferCode::Deposit => return None,
        };
        Some(Transfer {
            event_id,
            code,
            debit,
            credit,
            amount,
            agent_id: self.agent_id,
            at,
        })
    }
}

/// Where a task was before a move.
#[derive(Clone, Copy)]
struct Before {
    status: Option<Status>,
    version: Option<i64>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn turn(second: i64) -> Turn {
        let now = Timestamp::from_millis(1_770_292_800_000 + second * 1000).unwrap();
        Turn {
            now,
            random: u128::from(second.unsigned_abs()),
        }
    }

    fn posted() -> Moved {
        let body = json!({
            "title": "Read a text", "description": "…", "reward_usd": 25,
            "deadline": "2026-02-10T00:00:00Z", "proof_requirements": ["Say what it says"],
            "task_type": "CONTENT_REVIEW",
        });
        let stated = NewTask::parse(&body, turn(0).now, &Default::default()).unwrap();
        let (id, agent) = (TaskId::new(turn(0).now, 1), AgentId::new(turn(0).now, 2));
        Task::post(
            id,
            agent,
            stated,
            MicroUsd::from_micros(4_500_000).unwrap(),
            turn(0),
        )
    }

    fn operator(bits: u128) -> OperatorId {
        OperatorId::new(turn(0).now, bits)
    }

    fn result(decision: Decision) -> GuardianResult {
        let reasoning = String::from("Seen.");
        GuardianResult {
            decision,
            confidence: 95,
            reasoning,
            requirement_results: Vec::new(),
        }
    }

    fn submitted() -> Task {
        let accepted = posted().task.accept(operator(1), turn(1)).unwrap().task;
        accepted.submit(operator(1), turn(2)).unwrap().task
    }

    #[test]
    fn posting_holds_reward_and_fee() {
        let moved = posted();
        let [hold] = moved.transfers.as_slice() else {
            panic!("{:?}", moved.transfers)
        };
        assert_eq!(
            (hold.code, hold.amount.to_string()),
            (TransferCode::Hold, "29.50".into())
        );
        assert_eq!(
            (hold.debit, hold.credit),
            (
                Account::Deposit(moved.task.agent_id),
                Account::Escrow(moved.task.id),
            )
        );
    }

    #[test]
    fn approval_passes_through_verified_and_pays_both_sides() {
        let moved = submitted()
            .judge(result(Decision::Approve), turn(3))
            .unwrap();
        let events: Vec<_> = moved
            .events
            .iter()
            .map(|event| (event.name, event.status))
            .collect();
        assert_eq!(
            events,
            [
                ("task.verified", Status::Verified),
                ("task.completed", Status::Completed),
            ]
        );
        let paid: Vec<_> = moved
            .transfers
            .iter()
            .map(|one| (one.credit, one.amount.to_string()))
            .collect();
        assert_eq!(
            paid,
            [
                (Account::Pending(operator(1)), "25.00".to_owned()),
                (Account::Platform, "4.50".to_owned()),
            ]
        );
    }

    #[test]
    fn submit_by_another_operator_is_refused() {
        let accepted = posted().task.accept(operator(1), turn(1)).unwrap().task;
        let refusal = accepted.submit(operator(2), turn(2)).unwrap_err();
        assert_eq!(refusal, Refusal::NotClaimedByYou { does: Move::Submit });
    }

    #[test]
    fn accept_after_the_deadline_is_refused() {
        let deadline = posted().task.stated.deadline;
        let late = Turn {
            now: deadline,
            random: 1,
        };
        assert_eq!(
            posted().task.accept(operator(1), late).unwrap_err(),
            Refusal::Expired
        );
    }

    #[test]
    fn cancel_refunds_everything_and_only_before_work() {
        let moved = posted().task.cancel(turn(1)).unwrap();
        assert_eq!(moved.transfers[0].amount, moved.task.total());
        let refusal = submitted().cancel(turn(3)).unwrap_err();
        assert_eq!(refusal, Refusal::WrongStatus { does: Move::Cancel });
    }

    #[test]
    fn a_submitted_proof_leaves_its_review_for_later() {
        let accepted = posted().task.accept(operator(1), turn(1)).unwrap().task;
        let moved = accepted.submit(operator(1), turn(2)).unwrap();
        assert_eq!(
            moved.jobs,
            [Job::ReviewProof {
                task_id: moved.task.id
            }]
        );
    }
}
