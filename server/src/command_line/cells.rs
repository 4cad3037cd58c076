//! The rows of the tables that the host's commands print.

use api_types::{
    dispute::{Dispute, DisputeOutcome},
    event::Delivery,
    host::{AgentRecord, OperatorRecord},
};

use super::table::plain;

pub(super) fn operator_cells(one: &OperatorRecord) -> Vec<String> {
    vec![
        one.operator_id.to_string(),
        one.kyc_status.as_str().to_owned(),
        plain(&one.name),
        plain(&one.email),
        one.pending_balance.to_string(),
        one.created_at.to_string(),
    ]
}

pub(super) fn dispute_cells(one: &Dispute) -> Vec<String> {
    vec![
        one.dispute_id.to_string(),
        one.task_id.to_string(),
        one.opened_by.as_str().to_owned(),
        one.reward_usd.to_string(),
        one.opened_at.to_string(),
        one.outcome
            .map_or("open", DisputeOutcome::as_str)
            .to_owned(),
    ]
}

pub(super) fn delivery_cells(one: &Delivery) -> Vec<String> {
    vec![
        one.id.to_string(),
        one.event.clone(),
        one.task_id.to_string(),
        one.state.as_str().to_owned(),
        one.attempts.len().to_string(),
        one.created_at.to_string(),
        plain(&one.url),
    ]
}

pub(super) fn agent_cells(one: &AgentRecord) -> Vec<String> {
    vec![
        one.agent_id.to_string(),
        one.tier.as_str().to_owned(),
        plain(&one.name),
        plain(&one.email),
        one.deposit_balance.to_string(),
        one.tasks.to_string(),
        one.created_at.to_string(),
    ]
}
