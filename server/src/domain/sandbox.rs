//! The sandbox: tasks that are simulated from end to end (contract §3).
//!
//! A simulated task makes the same moves as a real one and emits the same events, but moves no
//! money: [`Task`] returns no transfers for it. This module defines its operator and the Guardian's
//! results. The proofs are in `synthetic.rs`, and `jobs/simulate.rs` makes the steps.

use api_types::{
    OperatorId, Timestamp,
    estimate::Estimate,
    guardian::{Decision, GuardianResult, RequirementResult},
    new_task::SandboxOutcome,
    status::Status,
};

use super::task::Task;

/// The notice in every view and response of a simulated task (contract §3).
pub const NOTICE: &str = "This task is simulated: a synthetic operator does it, its proof is \
                          synthetic, no money moves and no person sees it.";

/// Minutes of the synthetic operator's estimate.
const ESTIMATE_MINUTES: u32 = 30;

/// The market that an agent's tier or a request header selects for a new task. The body can ask for
/// simulation in addition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Market {
    /// Real people and money, unless the body asks for simulation.
    Real,
    /// Simulation of the whole task.
    Sandbox,
}

/// Returns the synthetic operator, who performs simulated tasks. It has an account that nobody can
/// sign in to.
pub fn operator() -> OperatorId {
    OperatorId::new(Timestamp::EPOCH, 0)
}

/// Returns the synthetic operator's estimate, for tasks that require one.
pub fn estimate(now: Timestamp) -> Estimate {
    Estimate {
        estimate_minutes: ESTIMATE_MINUTES,
        estimate_note: Some("A synthetic estimate.".to_owned()),
        submitted_at: now,
        approved_at: None,
    }
}

/// Returns whether the synthetic operator or Guardian makes the next move of a simulated task in
/// its status. All other moves are left to the agent, the clock and the host, as for a real task.
pub fn has_next_step(task: &Task) -> bool {
    match task.status {
        Status::Pending => outcome(task) != SandboxOutcome::Expire,
        Status::Accepted | Status::InProgress | Status::Submitted => true,
        _ => false,
    }
}

/// Returns the outcome of a simulated task; the default is approval.
fn outcome(task: &Task) -> SandboxOutcome {
    task.stated
        .sandbox_outcome
        .unwrap_or(SandboxOutcome::Approve)
}

/// Returns the simulated Guardian's result for the latest proof. A revised proof is always
/// approved.
pub fn guardian_result(task: &Task) -> GuardianResult {
    // Nobody looked at the proof, so no requirement is reported as met, even where the simulation
    // approves it.
    let (decision, confidence, met) = match outcome(task) {
        _ if task.revision.is_some() => (Decision::Approve, 95, None),
        SandboxOutcome::Approve | SandboxOutcome::Expire => (Decision::Approve, 95, None),
        SandboxOutcome::ManualReview => (Decision::ManualReview, 70, None),
        SandboxOutcome::Reject => (Decision::Reject, 20, Some(false)),
    };
    let result = |requirement: &String| RequirementResult {
        requirement: requirement.clone(),
        met,
        confidence,
        note: "Simulated.".to_owned(),
    };
    GuardianResult {
        decision,
        confidence,
        reasoning: "Simulated: nobody looked at the synthetic proof. The task's sandbox_outcome \
                    decides."
            .to_owned(),
        requirement_results: task.stated.proof_requirements.iter().map(result).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_synthetic_operator_is_the_one_that_the_migration_adds() {
        let sql = include_str!("../../migrations/0010_posting.sql");
        assert!(sql.contains(&format!("'{}'", operator())));
    }
}
