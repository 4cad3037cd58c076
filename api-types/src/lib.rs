//! Wire types of the HumanOps API, shared by the server, the operator app and the tests.
//!
//! - An **agent** ([`agent`]) posts tasks and pays for them. It authenticates with an API key
//!   ([`key`]); a key may have a spending policy, and requests above the policy's threshold need an
//!   **approval** ([`approval`]).
//! - An **operator** ([`operator`]) is the person who does the tasks, on a phone.
//! - A **task** ([`task`]) is work with a reward in escrow. Its [`Status`](task::Status) changes
//!   only by moves.
//! - A **proof** ([`proof`]) is what an operator submits. Its shape depends on the task's
//!   [`ProofType`](proof::ProofType).
//! - A **credential** ([`credential`]) is a proof that only the agent's secret key can open.
//! - An **estimate** ([`estimate`]) is the time that an operator says a task will take; the agent
//!   approves or rejects it. **Messages** ([`message`]) go between the two, and each rates the
//!   other after completion.
//! - A **dispute** ([`dispute`]) is resolved by the host.
//! - The **Guardian** ([`guardian`]) reviews a proof and reports what it found.
//! - The **host** ([`host`]) runs an instance: decides about identities, resolves disputes, checks
//!   the ledger.
//! - **Money** ([`money`]) is integer micro-dollars, **time** ([`time`]) is RFC 3339 with
//!   milliseconds.
//! - An **app page** ([`app_page`]) is a URL path of the operator app.
//! - [`decimal`] parses JSON numbers exactly, in every notation.
//! - An **error** ([`error`]) has a code for programs and a sentence for people.
//!
//! This crate does no I/O, reads no clock and decides nothing. Names are spelled as in the
//! reference documents: snake case, with the few camel-case fields that S1 prints.

pub mod agent;
pub mod app_page;
pub mod approval;
pub mod credential;
pub mod decimal;
pub mod deposit;
pub mod dispute;
pub mod error;
pub mod estimate;
pub mod event;
pub mod guardian;
pub mod host;
pub mod id;
pub mod key;
pub mod ledger;
pub mod message;
pub mod money;
mod names;
pub mod operator;
pub mod page;
pub mod paths;
pub mod payout;
pub mod proof;
pub mod task;
pub mod time;

pub use id::{
    AgentId, ApprovalId, AuditId, DeliveryId, DisputeId, EventId, KeyId, MessageId, OperatorId,
    PayoutId, RequestId, TaskId, TransactionId, UploadId,
};
pub use money::MicroUsd;
pub use time::Timestamp;
