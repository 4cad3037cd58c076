//! The words of HumanOps, as they go over the wire: server, app and tests share them.
//!
//! - An **agent** ([`agent`]) posts tasks and pays for them; it calls with an API key ([`key`]),
//!   which may have a policy of what it spends, and then asks for an **approval** ([`approval`]).
//! - An **operator** ([`operator`]) is the person who does them, on a phone.
//! - A **task** ([`task`]) is work with a reward in escrow; its [`Status`](task::Status) changes by
//!   moves only.
//! - A **proof** ([`proof`]) is what an operator submits; its shape depends on the task's
//!   [`ProofType`](proof::ProofType).
//! - A **credential** ([`credential`]) is a proof that only the agent's secret key can open.
//! - An **estimate** ([`estimate`]) is an operator's own time for a task, for the agent to decide;
//!   **messages** ([`message`]) go between the two, and ratings when it is done.
//! - A **dispute** ([`dispute`]) is what the host decides.
//! - The **Guardian** ([`guardian`]) looks at a proof and says what it could see.
//! - The **host** ([`host`]) runs an instance: checks identities, settles disputes, watches the
//!   books.
//! - **Money** ([`money`]) is integer micro-dollars, **time** ([`time`]) is RFC 3339 with
//!   milliseconds.
//! - An **app page** ([`app_page`]) is an address of the operators' app.
//! - A JSON number is read exactly by [`decimal`], in every notation.
//! - An **error** ([`error`]) has a code that programs branch on and a sentence that people read.
//!
//! Nothing here does I/O, knows a clock or decides anything. Spelling is the references' own:
//! snake case, with the few camel-case islands that S1 prints.

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
