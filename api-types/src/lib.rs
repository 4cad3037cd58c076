//! Wire types of the HumanOps API, shared by the server, the operator app and the tests.
//!
//! - An **agent** ([`agent`]) posts tasks and pays for them. It authenticates with an API key
//!   ([`key`]); a key may have a spending policy, and requests above the policy's threshold need an
//!   **approval** ([`approval`]). It pays by **deposits** ([`deposit`]), and a [`ledger`] lists
//!   every change of its balance.
//! - An **operator** ([`operator`]) is the person who does the tasks, on a phone, and takes the
//!   earnings out by **payouts** ([`payout`]).
//! - An operator signs in by a code sent by e-mail or by a [`passkey`], and keeps a **session**
//!   ([`session`]) on each device.
//! - A **task** ([`task`]) is work of one type ([`task_type`]), often at one [`place`], with a
//!   reward in escrow. It is posted ([`new_task`]) or only priced ([`quote`]). Its [`status`]
//!   changes only by moves, each recorded as an **event** ([`event`]).
//! - A **proof** ([`proof`]) is what an operator submits. Its shape depends on the task's
//!   [`ProofType`](proof::ProofType). The agent may review it ([`review`]).
//! - A **credential** ([`credential`]) is a proof that only the agent's secret key can open.
//! - An **estimate** ([`estimate`]) is the time that an operator says a task will take; the agent
//!   approves or rejects it. **Messages** ([`message`]) go between the two, and each rates the
//!   other after completion.
//! - A **dispute** ([`dispute`]) is resolved by the host.
//! - The **Guardian** ([`guardian`]) reviews a proof and reports what it found.
//! - The **host** ([`host`]) runs an instance: decides about identities, resolves disputes, checks
//!   the ledger.
//! - **Money** ([`money`]) is integer micro-dollars, **time** ([`time`]) is RFC 3339 with
//!   milliseconds, and [`decimal`] parses JSON numbers exactly.
//! - An **error** ([`error`]) has a code for programs and a sentence for people.
//! - [`paths`] are the URLs of the API, [`app_page`] those of the operator app, and a [`page`] is a
//!   part of a list.
//!
//! This crate does no I/O, reads no clock and decides nothing. Fields are in snake case, except for
//! the few that the API serves in camel case. Modules import one another in one direction only:
//! from a type to the types of its fields.

pub mod agent;
pub mod app_page;
pub mod approval;
mod bounds;
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
pub mod new_task;
#[cfg(feature = "openapi")]
pub mod openapi;
pub mod operator;
pub mod page;
pub mod passkey;
pub mod paths;
pub mod payout;
pub mod place;
pub mod proof;
pub mod quote;
pub mod review;
pub mod session;
pub mod status;
pub mod strings;
pub mod task;
pub mod task_type;
pub mod time;

pub use id::{
    AgentId, ApprovalId, AuditId, DeliveryId, DisputeId, EventId, KeyId, MessageId, OperatorId,
    PasskeyId, PayoutId, RequestId, SessionId, SubjectId, TaskId, TransactionId, UploadId,
};
pub use money::MicroUsd;
pub use time::Timestamp;
