//! Decisions about operators' identities, by the host or by a provider that signs its messages.

use api_types::{
    OperatorId,
    host::{DecideKyc, KycDecision, KycWebhook, KycWebhookResponse, OperatorRecord},
    operator::KycStatus,
};

use super::{ActorContext, AdminError};
use crate::store::{Tx, accounts};

/// Decides about an operator's identity. A later decision replaces an earlier one. Tasks that a
/// rejected operator has already accepted go on.
///
/// # Errors
/// [`AdminError::NotFound`] if there is no such operator.
pub fn decide_kyc(
    tx: &mut Tx<'_>,
    id: OperatorId,
    decided: &DecideKyc,
    actor: &ActorContext,
) -> Result<OperatorRecord, AdminError> {
    let note = decided.note.as_deref();
    let status = decided.decision.status();
    if !accounts::set_kyc(tx, id, status, note, actor.now())? {
        return Err(AdminError::NotFound("operator"));
    }
    let action = match decided.decision {
        KycDecision::Approve => "kyc.approve",
        KycDecision::Reject => "kyc.reject",
    };
    actor.write_down(tx, 0, action, id, note.unwrap_or_default())?;
    accounts::operator(tx, id)?.ok_or(AdminError::NotFound("operator"))
}

/// A message of the identity provider with the digest of its bytes.
#[derive(Clone, Debug)]
pub struct KycMessage {
    /// The content of the message.
    pub message: KycWebhook,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub digest: String,
}

/// Applies the identity provider's message once. If a captured message is sent again, it cannot
/// undo what the host decided since.
///
/// # Errors
/// [`AdminError::NotFound`] if there is no such operator.
pub fn hear_kyc(
    tx: &mut Tx<'_>,
    message: &KycMessage,
    actor: &ActorContext,
) -> Result<KycWebhookResponse, AdminError> {
    let KycWebhook {
        operator_id,
        status,
        reference,
    } = &message.message;
    let known = accounts::operator(tx, *operator_id)?.ok_or(AdminError::NotFound("operator"))?;
    let now = actor.now();
    let heard_now = accounts::record_kyc_message(tx, &message.digest, *operator_id, now)?;
    if heard_now {
        let note = reference.as_deref();
        accounts::set_kyc(tx, *operator_id, *status, note, now)?;
        let action = match status {
            KycStatus::Approved => "kyc.approve",
            KycStatus::Pending | KycStatus::Rejected => "kyc.reject",
        };
        actor.write_down(tx, 0, action, operator_id, note.unwrap_or_default())?;
    }
    Ok(KycWebhookResponse {
        operator_id: *operator_id,
        kyc_status: if heard_now { *status } else { known.kyc_status },
        heard_now,
    })
}
