//! The sandbox: tasks that are simulated end to end (contract §3).
//!
//! A simulated task makes the same moves as a real one and announces the same events, and moves no
//! money: [`Task`] yields no transfer for it. Here is who does it and what its
//! Guardian says; the proofs are `synthetic.rs`, and the steps are made by `jobs/simulate.rs`.

use api_types::{
    OperatorId, Timestamp,
    estimate::Estimate,
    guardian::{Decision, GuardianResult, RequirementResult},
    task::{SandboxOutcome, Status},
};

use super::task::Task;

/// What every view and answer of a simulated task says (contract §3).
pub const NOTICE: &str = "This task is simulated: a synthetic operator does it, its proof is \
                          synthetic, no money moves and no person sees it.";

/// Minutes that the synthetic operator asks for.
const ESTIMATE_MINUTES: u32 = 30;

/// Which market a post goes to by its agent's tier or its header, beside what its body says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Market {
    /// People and money, unless the body asks for simulation.
    Real,
    /// Simulation.
    Sandbox,
}

/// The operator who does what is simulated. It has an account, which nobody can sign in to.
pub fn operator() -> OperatorId {
    OperatorId::new(Timestamp::EPOCH, 0)
}

/// What the synthetic operator asks for where a task wants an estimate.
pub fn estimate(now: Timestamp) -> Estimate {
    Estimate {
        estimate_minutes: ESTIMATE_MINUTES,
        estimate_note: Some("A synthetic estimate.".to_owned()),
        submitted_at: now,
        approved_at: None,
    }
}

/// Whether the next move with a simulated task in its status is the synthetic operator's or
/// Guardian's. All others are left to the agent, the clock and the host, as in life.
pub fn has_next_step(task: &Task) -> bool {
    match task.status {
        Status::Pending => outcome(task) != SandboxOutcome::Expire,
        Status::Accepted | Status::InProgress | Status::Submitted => true,
        _ => false,
    }
}

/// How a simulated task turns out.
fn outcome(task: &Task) -> SandboxOutcome {
    task.stated
        .sandbox_outcome
        .unwrap_or(SandboxOutcome::Approve)
}

/// What the simulated Guardian says of the latest proof. A proof that was revised is good.
pub fn guardian_result(task: &Task) -> GuardianResult {
    // Nobody looked, so no requirement is called met, not even where the simulation approves.
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
