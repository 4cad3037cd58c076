//! The host's decision of a dispute: one move of the task with its money, and an audit entry.

use api_types::{DisputeId, dispute::Dispute};

use super::{ActorContext, AdminError};
use crate::{
    domain::dispute::{Award, Ruling},
    store::{Tx, disputes, moves, tasks},
};

/// Resolves a dispute in favour of the operator, of the agent, or with a split.
///
/// # Errors
/// [`AdminError::NotFound`] if there is no such dispute; [`AdminError::Ended`] if it has ended;
/// [`AdminError::Refused`] if the split is invalid.
pub fn resolve_dispute(
    tx: &mut Tx<'_>,
    id: DisputeId,
    ruling: &Ruling,
    actor: &ActorContext,
) -> Result<Dispute, AdminError> {
    let missing = AdminError::NotFound("dispute");
    let Some(dispute) = disputes::get(tx, id)? else {
        return Err(missing);
    };
    if dispute.resolved_at.is_some() {
        // The task may be disputed again, but about something else.
        return Err(AdminError::Ended);
    }
    let task = tasks::get(tx, dispute.task_id)?.ok_or(AdminError::NotFound("task"))?;
    let moved = task.resolve(ruling, actor.context)?;
    moves::record(tx, &moved)?;
    let (action, details) = match ruling.award {
        Award::Release => ("dispute.release", ruling.note.clone()),
        Award::Refund => ("dispute.refund", ruling.note.clone()),
        Award::Split(part) => ("dispute.split", format!("${part}: {}", ruling.note)),
    };
    actor.write_down(tx, 0, action, id, &details)?;
    disputes::get(tx, id)?.ok_or(missing)
}
