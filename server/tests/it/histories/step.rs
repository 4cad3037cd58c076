//! The steps of a history, and how often each is drawn.

use proptest::prelude::*;

/// An action in a history. Numbers select from what exists.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// An agent deposits money, by USDC or by card.
    Deposit {
        agent: usize,
        dollars: u32,
        by_card: bool,
    },
    /// An agent posts a task with a reward of this many cents.
    Post { agent: usize, cents: u32 },
    /// The task's agent, or rarely another one, does something with it.
    AsAgent {
        stranger: bool,
        task: usize,
        what: AgentAction,
    },
    /// An operator does something with a task, claimed by this operator or not.
    AsOperator {
        operator: usize,
        task: usize,
        what: OperatorAction,
    },
    /// An operator claims a task and submits the proof at once.
    Work { operator: usize, task: usize },
    /// The host resolves a dispute.
    Resolve { task: usize, award: u32 },
    /// An operator requests a payout.
    Payout {
        operator: usize,
        cents: u32,
        usdc: bool,
    },
    /// Time passes, and the jobs that are due then run.
    Wait { hours: u32 },
}

#[derive(Clone, Copy, Debug)]
pub(super) enum AgentAction {
    ApproveEstimate,
    RejectEstimate,
    Approve,
    Reject,
    RequestRevision,
    Dispute,
    Cancel,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum OperatorAction {
    Accept,
    Estimate,
    Start,
    Withdraw,
    SubmitGood,
    SubmitPoor,
}

/// Returns the strategy that generates steps. With its weights, histories reach every transfer.
pub(super) fn step() -> impl Strategy<Value = Step> {
    use {AgentAction as A, OperatorAction as O};
    let agent_action = prop::sample::select(vec![
        A::ApproveEstimate,
        A::RejectEstimate,
        A::Approve,
        A::Reject,
        A::RequestRevision,
        A::Dispute,
        A::Dispute,
        A::Dispute,
        A::Cancel,
    ]);
    let operator_action = prop::sample::select(vec![
        O::Accept,
        O::Estimate,
        O::Start,
        O::Withdraw,
        O::SubmitGood,
        O::SubmitPoor,
    ]);
    prop_oneof![
        2 => (0..2_usize, 5..=60_u32, any::<bool>())
            .prop_map(|(agent, dollars, by_card)| Step::Deposit { agent, dollars, by_card }),
        4 => (0..2_usize, 900..=3000_u32).prop_map(|(agent, cents)| Step::Post { agent, cents }),
        6 => (prop::bool::weighted(0.05), 0..12_usize, agent_action)
            .prop_map(|(stranger, task, what)| Step::AsAgent { stranger, task, what }),
        6 => (0..2_usize, 0..12_usize, operator_action)
            .prop_map(|(operator, task, what)| Step::AsOperator { operator, task, what }),
        4 => (0..2_usize, 0..12_usize)
            .prop_map(|(operator, task)| Step::Work { operator, task }),
        2 => (0..12_usize, 0..4_u32).prop_map(|(task, award)| Step::Resolve { task, award }),
        2 => (0..2_usize, 900..=1600_u32, any::<bool>())
            .prop_map(|(operator, cents, usdc)| Step::Payout { operator, cents, usdc }),
        3 => prop::sample::select(vec![0, 1, 3, 25, 73, 169])
            .prop_map(|hours| Step::Wait { hours }),
    ]
}
