//! The sentences: every refusal's code and wire string, each under a name that says when it is
//! given. What a refusal is, and the shapes it takes on the wire, is said in `api_error.rs` and
//! `dialect.rs`.

use api_types::error::{ErrorCode, Fault};
use api_types::{ApprovalId, MicroUsd};
use axum::http::StatusCode;

pub use super::api_error::{ApiError, ApprovalNeed};
use crate::domain::delegation::{Beyond, DecisionRefusal};
use crate::domain::fields::Parsed;
pub use crate::domain::fields::fault;
use crate::domain::moves::Move;
use crate::domain::new_task::PostRefusal;
use crate::domain::task::Refusal;
use crate::seats::NoSeat;
use crate::store::StoreError;
use crate::store::ledger::PostError;

/// Every fault of a request at once. The sentence repeats the first, and counts the others.
pub fn validation(faults: Vec<Fault>) -> ApiError {
    let sentence = match faults.as_slice() {
        [] => "The request is not as documented.".to_owned(),
        [only] => sentence_of(only),
        [first, others @ ..] => {
            format!("{} ({} more in details.)", sentence_of(first), others.len())
        }
    };
    let mut error = ApiError::new(ErrorCode::Validation, sentence);
    error.faults = faults;
    error
}

fn sentence_of(fault: &Fault) -> String {
    let stop = if fault.message.ends_with('.') {
        ""
    } else {
        "."
    };
    if fault.field.is_empty() {
        format!("{}{stop}", fault.message)
    } else {
        format!("{}: {}{stop}", fault.field, fault.message)
    }
}

/// Every fault of a typed result against the schema of its task.
pub fn result_unfit(faults: Vec<Fault>) -> ApiError {
    let mut error = validation(faults);
    error.code = ErrorCode::SchemaValidationFailed;
    error
}

/// One fault of the request as a whole.
pub fn malformed(message: impl Into<String>) -> ApiError {
    validation(vec![fault("", message)])
}

/// No agent's key, or none that is valid.
pub fn unauthorized_agent() -> ApiError {
    ApiError::new(
        ErrorCode::Unauthorized,
        "Missing or invalid API key. Send your key as X-API-Key: ho_live_…, or as \
         Authorization: Bearer ho_live_….",
    )
}

/// No operator's identity.
pub fn unauthorized_operator() -> ApiError {
    ApiError::new(
        ErrorCode::Unauthorized,
        "Missing or invalid operator identity. Send the operator's id as X-Operator-Id: op_…; \
         this works on servers that run with ALLOW_DEV_OPERATOR_ID_HEADER=true.",
    )
}

/// The host's key is needed; S1 gives 403 to whoever lacks it.
pub fn host_only() -> ApiError {
    ApiError::new(
        ErrorCode::Forbidden,
        "Missing or invalid host key. Send it as X-Admin-Key.",
    )
}

/// The host asked for something that is not there.
pub fn host_finds_no(noun: &str) -> ApiError {
    ApiError::new(ErrorCode::NotFound, format!("There is no such {noun}."))
}

/// The host spoke before, or a revision ended the dispute.
pub fn dispute_ended() -> ApiError {
    let message = "The dispute has ended. Its outcome is not changed any more.";
    ApiError::new(ErrorCode::InvalidState, message)
}

/// A message of a counterparty without its signature.
pub fn unsigned() -> ApiError {
    ApiError::new(
        ErrorCode::Unauthorized,
        "Missing or wrong X-Signature. Send the HMAC-SHA256 of the raw body, in hexadecimal.",
    )
}

/// No identity provider was set up.
pub fn no_kyc_provider() -> ApiError {
    let message = "No identity provider is set up on this server (KYC_WEBHOOK_SECRET).";
    ApiError::new(ErrorCode::NotImplemented, message)
}

/// No such path.
pub fn no_such_path() -> ApiError {
    ApiError::new(
        ErrorCode::NotFound,
        "No such path. /openapi.json lists what this server offers.",
    )
}

/// The path is there, with other methods.
pub fn method_not_allowed() -> ApiError {
    ApiError::new(
        ErrorCode::MethodNotAllowed,
        "This path does not take that method. The Allow header lists those it takes.",
    )
}

/// No such task for this caller.
pub fn task_not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "Task not found")
}

/// No such task that this operator has accepted.
pub fn task_not_claimed_by_you() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "Task not found or not claimed by you")
}

/// No such file, or its address has expired.
pub fn file_not_found() -> ApiError {
    ApiError::new(
        ErrorCode::NotFound,
        "File not found, or its address has expired. Fetch the task again for a fresh address.",
    )
}

/// No such delivery to this agent's callbacks.
pub fn delivery_not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "Delivery not found")
}

/// No more streams are opened now.
pub fn no_seat(why: NoSeat) -> ApiError {
    match why {
        NoSeat::OfAgent => ApiError::new(
            ErrorCode::RateLimited,
            "Your agent has as many event streams open as it may have. Close one first.",
        )
        .retry_after(5),
        NoSeat::AtAll => unavailable(),
    }
}

/// The body is larger than the endpoint takes.
pub fn too_large(bytes_max: u64) -> ApiError {
    ApiError::new(
        ErrorCode::TooLarge,
        format!(
            "The body is too large: at most {bytes_max} bytes ({} MiB) are taken here.",
            bytes_max / (1024 * 1024)
        ),
    )
}

/// The address is longer than any that this server makes or takes.
pub fn address_too_long(bytes_max: usize) -> ApiError {
    let message = format!("The address is too long: at most {bytes_max} bytes are taken.");
    ApiError::new(ErrorCode::TooLarge, message).answered(StatusCode::URI_TOO_LONG)
}

/// The headers are larger than any request of ours needs.
pub fn headers_too_large(bytes_max: usize) -> ApiError {
    let message = format!("The headers are too large: at most {bytes_max} bytes are taken.");
    let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    ApiError::new(ErrorCode::TooLarge, message).answered(status)
}

/// The client has no more requests at this path in this minute.
pub fn rate_limited(most: u32, seconds: u32) -> ApiError {
    let message = format!(
        "Too many requests: at most {most} a minute are taken here. Try again in {seconds} s."
    );
    ApiError::new(ErrorCode::RateLimited, message).retry_after(seconds)
}

/// The body's content type is not one that the endpoint takes.
pub fn unsupported_media_type(message: &'static str) -> ApiError {
    ApiError::new(ErrorCode::UnsupportedMediaType, message)
}

/// The idempotency key was used with another body.
pub fn idempotency_mismatch() -> ApiError {
    ApiError::new(
        ErrorCode::IdempotencyMismatch,
        "This Idempotency-Key was used with another body. Use a new key for a new request.",
    )
}

/// A request with this idempotency key is being carried out now.
pub fn idempotency_in_flight() -> ApiError {
    ApiError::new(
        ErrorCode::IdempotencyConflict,
        "A request with this Idempotency-Key is being carried out now. Send it again shortly.",
    )
    .retry_after(1)
}

/// The server cannot answer now.
pub fn unavailable() -> ApiError {
    ApiError::new(
        ErrorCode::Unavailable,
        "The server cannot answer this now. Try again in a second.",
    )
    .retry_after(1)
}

/// The agent cannot pay for its task (S0).
pub fn insufficient_balance() -> ApiError {
    let message = "Insufficient balance for escrow";
    ApiError::new(ErrorCode::InsufficientFunds, message)
}

/// An agent's e-mail has an account (S0).
pub fn agent_exists() -> ApiError {
    ApiError::new(
        ErrorCode::AlreadyExists,
        "An agent with this email already exists",
    )
}

/// The account of a key is not there (S0).
pub fn agent_not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "Agent not found")
}

/// An operator's e-mail has an account (S0).
pub fn operator_exists() -> ApiError {
    ApiError::new(
        ErrorCode::AlreadyExists,
        "An operator with this email already exists",
    )
}

/// No such active key of this agent (S0).
pub fn key_not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "API key not found")
}

/// The account has as many keys as it may have (contract §3).
pub fn too_many_keys(most: usize) -> ApiError {
    let message = format!("An agent has at most {most} active keys. Revoke one first.");
    ApiError::new(ErrorCode::LimitExceeded, message).answered(StatusCode::BAD_REQUEST)
}

/// Every key of the agent would have a policy.
pub fn last_free_key() -> ApiError {
    let message = "One key must stay without a policy, or nobody could change any of them. Make \
                   another key first.";
    ApiError::new(ErrorCode::RuleViolation, message)
}

/// A key with a policy wants to manage the account (contract §3).
pub fn key_manages_nothing() -> ApiError {
    let message = "This key has a policy of what it may spend, and such keys do not manage keys, \
                   approvals or the account. Use a key without a policy.";
    ApiError::new(ErrorCode::Forbidden, message)
}

/// The agent's address was proved before (S0).
pub fn email_already_verified() -> ApiError {
    ApiError::new(ErrorCode::InvalidState, "Email already verified")
        .answered(StatusCode::BAD_REQUEST)
}

/// No link has this token.
pub fn link_unknown() -> ApiError {
    malformed(
        "This link is not one of ours, or not the whole of it. Copy it from the mail as it stands \
         there, or ask for another mail with POST /agents/resend-verification.",
    )
}

/// The link is older than a day.
pub fn link_expired() -> ApiError {
    let message = "This link is older than 24 hours. Ask for another mail with POST \
                   /agents/resend-verification.";
    ApiError::new(ErrorCode::Expired, message)
}

/// Another mail was asked for too soon.
pub fn mail_too_soon(seconds: u32) -> ApiError {
    let message = format!(
        "A mail was sent a moment ago. Look for it, in the spam folder too, or ask again in \
         {seconds} seconds."
    );
    ApiError::new(ErrorCode::RateLimited, message).retry_after(seconds)
}

/// No such approval for this caller.
pub fn approval_not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "Approval not found")
}

/// The agent has asked as much as it may at the same time.
pub fn too_many_approvals(most: u64) -> ApiError {
    let message = format!(
        "{most} requests of this agent wait for a person's approval already. Decide some of them \
         first: GET /agents/approvals lists them."
    );
    ApiError::new(ErrorCode::LimitExceeded, message)
}

/// A person must approve the request; the question was asked.
pub fn approval_asked(id: ApprovalId) -> ApiError {
    let message = format!(
        "A person must approve this first. Have {id} approved with POST /agents/approvals/{id}, \
         then send the same request again."
    );
    let mut error = ApiError::new(ErrorCode::HumanApprovalRequired, message);
    error.approval = Some(Box::new(ApprovalNeed::Asked(id)));
    error
}

/// A person must approve the request; the question is still to be asked.
pub fn approval_needed(total: MicroUsd) -> ApiError {
    let message = "A person must approve this first.";
    let mut error = ApiError::new(ErrorCode::HumanApprovalRequired, message);
    error.approval = Some(Box::new(ApprovalNeed::ToBeAsked { total }));
    error
}

/// A person said no to this very request.
pub fn approval_rejected(id: ApprovalId) -> ApiError {
    let message = format!("A person has rejected this request ({id}).");
    ApiError::new(ErrorCode::DelegationExceeded, message)
}

/// The transaction was reported before (S0).
pub fn transaction_processed() -> ApiError {
    ApiError::new(ErrorCode::AlreadyExists, "Transaction already processed")
}

/// USDC deposits need the chain, which this version does not reach.
pub fn no_chain() -> ApiError {
    ApiError::new(
        ErrorCode::NotImplemented,
        "This server cannot read the chain yet, so it takes no USDC deposits. Pay in by card or \
         bank at POST /api/v1/agents/deposit, where it is set up.",
    )
}

/// No payment provider is set up (contract §3).
pub fn no_payment_provider() -> ApiError {
    ApiError::new(
        ErrorCode::NotImplemented,
        "This server has no payment provider, so it takes no deposits by card or bank.",
    )
}

/// Money goes out by the chain, which this version does not reach.
pub fn no_payouts() -> ApiError {
    ApiError::new(
        ErrorCode::NotImplemented,
        "This server cannot pay out yet. Your earnings stay available.",
    )
}

/// The payment provider does not answer; the same request may be sent again.
pub fn provider_unreachable(cause: String) -> ApiError {
    let mut error = ApiError::new(
        ErrorCode::Unavailable,
        "The payment provider cannot be reached now. Try again in a minute.",
    )
    .retry_after(60);
    error.accident = Some(cause);
    error
}

/// The payment provider does not open this payment.
pub fn payment_refused() -> ApiError {
    ApiError::new(
        ErrorCode::RuleViolation,
        "The payment provider refused this payment. Try another method or amount.",
    )
}

/// No such payment of this agent.
pub fn payment_not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "Payment not found")
}

/// A notice without a signature, or with a wrong one.
pub fn wrong_signature() -> ApiError {
    ApiError::new(ErrorCode::Unauthorized, "Invalid signature")
}

/// A notice about an order that was never placed.
pub fn order_not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "Order not found")
}

/// A notice about another amount or currency than was agreed.
pub fn other_amount() -> ApiError {
    ApiError::new(
        ErrorCode::RuleViolation,
        "The amount or its currency is not that of the order. Nothing was credited.",
    )
}

/// Less is available than is to be paid out (S0).
pub fn insufficient_available() -> ApiError {
    ApiError::new(
        ErrorCode::InsufficientFunds,
        "Insufficient available balance",
    )
}

/// No such payout of this operator (S0).
pub fn payout_not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "Payout not found")
}

/// A parameter that must be there is not.
pub fn missing(field: &str) -> ApiError {
    validation(vec![fault(field, "is required")])
}

/// A cursor of another list.
pub fn foreign_cursor() -> ApiError {
    validation(vec![fault("cursor", "is not of this list")])
}

/// The operator's identity was not approved yet (S0).
pub fn kyc_required() -> ApiError {
    ApiError::new(
        ErrorCode::KycRequired,
        "KYC verification required before accepting tasks",
    )
}

/// The operator is rated lower than the task asks for.
pub fn rating_too_low() -> ApiError {
    let message = "This task asks for a higher rating than yours.";
    ApiError::new(ErrorCode::Forbidden, message)
}

/// The operator does not do such tasks.
pub fn skill_missing() -> ApiError {
    let message = "This kind of task is not among your skills. Add it to your profile first.";
    ApiError::new(ErrorCode::Forbidden, message)
}

/// What S0 says of a credential that cannot be retrieved, whatever the reason.
const NO_CREDENTIAL: &str = "Credential task not found or not completed";

/// No such credential task of this agent (S0).
pub fn credential_not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, NO_CREDENTIAL)
}

/// The agent's credential task is not completed (S0).
pub fn credential_not_ready() -> ApiError {
    ApiError::new(ErrorCode::InvalidState, NO_CREDENTIAL).answered(StatusCode::NOT_FOUND)
}

/// The credential was erased at its agent's wish.
pub fn credential_purged() -> ApiError {
    let message = "The credential was retrieved with purge=true and erased. It is not kept.";
    ApiError::new(ErrorCode::Expired, message)
}

/// Somebody else moved the task at the same moment.
pub fn task_changed() -> ApiError {
    let message = "The task changed at the same moment. Read it again.";
    ApiError::new(ErrorCode::InvalidState, message)
}

/// What was read of a body, or all of its faults.
///
/// # Errors
/// 400 with all of them.
pub fn checked<T>(parsed: Parsed<T>) -> Result<T, ApiError> {
    parsed.map_err(validation)
}

/// What S0 says of a task that cannot be moved so, whether it is in another status or not the
/// caller's, where it has words for it.
fn not_found_to_move(does: Move) -> Option<&'static str> {
    Some(match does {
        Move::Accept | Move::Estimate | Move::EstimateWithin => "Task not found or already claimed",
        Move::ApproveEstimate | Move::RejectEstimate => {
            "Task not found or not in ESTIMATE_PENDING status"
        }
        Move::Submit => "Task not found or not in submittable status",
        Move::Cancel => "Task not found or cannot be cancelled",
        Move::Approve | Move::Reject => "Task not found or not in reviewable status",
        _ => return None,
    })
}

/// A move that the table does not have from the task's status. S0 calls such a task not found
/// among those that can be moved so, and answers 404.
pub fn wrong_status(does: Move) -> ApiError {
    match not_found_to_move(does) {
        Some(message) => {
            ApiError::new(ErrorCode::InvalidState, message).answered(StatusCode::NOT_FOUND)
        }
        None => conflicting(does),
    }
}

/// No such task that this caller could move so, in whatever status: S0's words for the move, and
/// not found in every dialect, so that nobody learns whether there is one.
pub fn no_task_to(does: Move) -> ApiError {
    let message = not_found_to_move(does).unwrap_or("Task not found");
    ApiError::new(ErrorCode::NotFound, message)
}

/// A move that the table does not have from the task's status, and that S0 has no words for.
fn conflicting(does: Move) -> ApiError {
    let message = match does {
        Move::Withdraw => "A task is given back before its proof is submitted, and not after.",
        Move::Start => "A task is begun once, after it was accepted.",
        Move::RequestRevision => {
            "A revision is requested of a task in MANUAL_REVIEW or DISPUTED status."
        }
        Move::Dispute => "A task is disputed when it is COMPLETED, until its hold ends.",
        Move::ResolveRelease | Move::ResolveRefund | Move::ResolveSplit => {
            "The task is not disputed now. Read the dispute again."
        }
        _ => return task_changed(),
    };
    ApiError::new(ErrorCode::InvalidState, message)
}

/// Another operator claimed the task, or nobody (S0, and its own words for a proof).
fn not_claimed_by_you(does: Move) -> ApiError {
    match does {
        Move::Submit => no_task_to(does),
        _ => task_not_claimed_by_you(),
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::WrongStatus { does } => wrong_status(does),
            Refusal::NotClaimedByYou { does } => not_claimed_by_you(does),
            Refusal::Expired => Self::new(ErrorCode::Expired, "Task has expired"),
            Refusal::EstimateRequired => Self::new(
                ErrorCode::RuleViolation,
                "This task requires an estimate. Send estimate_days, estimate_hours or \
                 estimate_minutes.",
            ),
            Refusal::RevisedBefore => Self::new(
                ErrorCode::InvalidState,
                "A revision was requested before, and can be only once.",
            ),
            Refusal::NotDisputable => Self::new(
                ErrorCode::InvalidState,
                "The hold is over, or the host has decided already: the task cannot be disputed.",
            ),
            Refusal::NoSplit { reward } => Self::new(
                ErrorCode::RuleViolation,
                format!("operator_usd must be more than $0 and less than the reward, ${reward}."),
            ),
            Refusal::NotDue => task_changed(),
        }
    }
}

/// Messages are written while a task is claimed and not settled.
pub fn not_talked_about() -> ApiError {
    let message = "Messages can be sent from the first claim of a task until it is settled or \
                   called off.";
    ApiError::new(ErrorCode::InvalidState, message)
}

/// A task has as many messages as it may have.
pub fn too_many_messages(most: i64) -> ApiError {
    let message = format!("A task has at most {most} messages.");
    ApiError::new(ErrorCode::LimitExceeded, message)
}

/// A rating before its time, or a second one.
pub fn not_ratable() -> ApiError {
    let message = "A task is rated once, after it is COMPLETED.";
    ApiError::new(ErrorCode::InvalidState, message)
}

impl From<Beyond> for ApiError {
    fn from(beyond: Beyond) -> Self {
        let limit = match beyond {
            Beyond::TaskType(task_type) => {
                format!("post {} tasks", task_type.as_str())
            }
            Beyond::Task { most } => {
                format!("spend more than ${} on one task", whole(most))
            }
            Beyond::Day { most } => {
                format!("spend more than ${} in a UTC day", whole(most))
            }
            Beyond::Approval { above } => {
                format!("spend more than ${} without approval", whole(above))
            }
        };
        let message = format!("The policy of this key does not let it {limit}, the fee included.");
        Self::new(ErrorCode::DelegationExceeded, message)
    }
}

impl From<DecisionRefusal> for ApiError {
    fn from(refusal: DecisionRefusal) -> Self {
        match refusal {
            DecisionRefusal::OwnRequest => Self::new(
                ErrorCode::Forbidden,
                "A key cannot decide what it asked for itself. Use another key.",
            ),
            DecisionRefusal::NotWaiting(status) => Self::new(
                ErrorCode::InvalidState,
                format!(
                    "This approval is {} and cannot be decided.",
                    status.as_str()
                ),
            ),
        }
    }
}

impl From<PostRefusal> for ApiError {
    fn from(refusal: PostRefusal) -> Self {
        let message = match refusal {
            PostRefusal::TypeOff { task_type } => format!(
                "The host of this server takes no {} tasks now. Those that were posted go on.",
                task_type.as_str()
            ),
            PostRefusal::RewardTooSmall { least } => {
                format!("Minimum task value is ${}", whole(least))
            }
            PostRefusal::RewardAboveType { task_type, most } => {
                format!(
                    "Maximum task value for {} is ${}",
                    task_type.as_str(),
                    whole(most)
                )
            }
            PostRefusal::RewardAboveTier { tier, most } => {
                format!(
                    "Maximum task value for {} tier is ${}",
                    tier.as_str(),
                    whole(most)
                )
            }
            PostRefusal::DailyTasks { most } => {
                format!("Your tier allows {most} tasks in a UTC day. Try again tomorrow.")
            }
            PostRefusal::DailySandboxTasks { most } => {
                format!("{most} simulated tasks are allowed in a UTC day. Try again tomorrow.")
            }
            PostRefusal::DailySpend { most } => {
                format!(
                    "Your tier allows ${} in a UTC day. Try again tomorrow.",
                    whole(most)
                )
            }
        };
        Self::new(ErrorCode::RuleViolation, message)
    }
}

/// An amount as S0 prints it in sentences: whole dollars without decimals.
fn whole(amount: MicroUsd) -> String {
    let text = amount.to_string();
    text.strip_suffix(".00").map_or(text.clone(), str::to_owned)
}

impl From<PostError> for ApiError {
    fn from(error: PostError) -> Self {
        match error {
            PostError::InsufficientFunds => insufficient_balance(),
            // Somebody else wrote first: the task is not what it was when the request was decided.
            PostError::Store(StoreError::Changed) => task_changed(),
            PostError::Store(error) => error.into(),
        }
    }
}
