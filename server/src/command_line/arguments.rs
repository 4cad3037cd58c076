//! What `humanops admin` can be asked.

use api_types::{AgentId, DeliveryId, DisputeId, OperatorId, operator::KycStatus, task::TaskType};
use clap::{Args, Subcommand, ValueEnum};

use crate::config::Place;

/// `humanops admin`: the host's work on the command line.
#[derive(Clone, Debug, Args)]
pub struct Admin {
    /// Where the database is.
    #[command(flatten)]
    pub place: Place,
    /// Print JSON, for programs.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub asked: Asked,
}

/// The nouns of the host.
#[derive(Clone, Debug, Subcommand)]
pub enum Asked {
    /// Operators and their identities.
    #[command(subcommand)]
    Operators(Operators),
    /// Agents.
    #[command(subcommand)]
    Agents(Agents),
    /// Disputes, and the host's last word on them.
    #[command(subcommand)]
    Disputes(Disputes),
    /// Task types, on or off.
    #[command(subcommand)]
    TaskTypes(TaskTypes),
    /// Recompute every balance; fails unless all agree and sum to zero.
    Ledger,
    /// What was sent to the callbacks of agents.
    #[command(subcommand)]
    Deliveries(Deliveries),
    /// Work that failed for good.
    #[command(subcommand)]
    Jobs(Jobs),
    /// What was done in the host's name, newest first.
    Audit {
        /// Only what was done to this id or task type.
        #[arg(long)]
        subject: Option<String>,
        /// Lines at most.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
}

impl Asked {
    /// Whether the answer is all that comes of it. Of the others the answer tells what was done or,
    /// by the exit code, what was found.
    pub fn only_reads(&self) -> bool {
        match self {
            Self::Operators(asked) => {
                matches!(asked, Operators::List { .. } | Operators::Show { .. })
            }
            Self::Agents(Agents::List { .. } | Agents::Show { .. }) | Self::Audit { .. } => true,
            Self::Disputes(asked) => {
                matches!(asked, Disputes::List { .. } | Disputes::Show { .. })
            }
            Self::TaskTypes(asked) => matches!(asked, TaskTypes::List),
            Self::Deliveries(asked) => matches!(asked, Deliveries::List { .. }),
            Self::Jobs(asked) => matches!(asked, Jobs::List { .. }),
            Self::Ledger => false,
        }
    }
}

/// The states of an identity, as they are written on a command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Kyc {
    /// Waits for a decision.
    Pending,
    /// May accept tasks.
    Approved,
    /// May not.
    Rejected,
}

impl From<Kyc> for KycStatus {
    fn from(kyc: Kyc) -> Self {
        match kyc {
            Kyc::Pending => Self::Pending,
            Kyc::Approved => Self::Approved,
            Kyc::Rejected => Self::Rejected,
        }
    }
}

/// `humanops admin operators`.
#[derive(Clone, Debug, Subcommand)]
pub enum Operators {
    /// List operators, newest first.
    List {
        /// Only those whose identity is in this state.
        #[arg(long, value_enum)]
        kyc: Option<Kyc>,
        /// Only those with this in their name or e-mail.
        #[arg(long)]
        search: Option<String>,
        /// Lines at most.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Show one operator.
    Show {
        /// op_…
        id: OperatorId,
    },
    /// Let an operator accept tasks.
    Approve {
        /// op_…
        id: OperatorId,
        /// Why; kept in the record.
        #[arg(long)]
        note: Option<String>,
    },
    /// Let an operator accept no further task; those that were accepted go on.
    Reject {
        /// op_…
        id: OperatorId,
        /// Why; kept in the record.
        #[arg(long)]
        note: Option<String>,
    },
}

/// `humanops admin agents`.
#[derive(Clone, Debug, Subcommand)]
pub enum Agents {
    /// List agents, newest first.
    List {
        /// Only those with this in their name or e-mail.
        #[arg(long)]
        search: Option<String>,
        /// Lines at most.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Show one agent.
    Show {
        /// ag_…
        id: AgentId,
    },
}

/// `humanops admin disputes`.
#[derive(Clone, Debug, Subcommand)]
pub enum Disputes {
    /// List disputes, newest first.
    List {
        /// Only those that wait for the host.
        #[arg(long)]
        open: bool,
        /// Lines at most.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Show one dispute.
    Show {
        /// dsp_…
        id: DisputeId,
    },
    /// Decide a dispute, for good.
    Resolve {
        /// dsp_…
        id: DisputeId,
        /// Pay the operator, pay the agent back, or divide.
        #[arg(value_enum)]
        outcome: Outcome,
        /// The operator's part of the reward, in US dollars; with `split` alone.
        #[arg(long, value_name = "USD")]
        operator_usd: Option<String>,
        /// Why; both sides read it.
        #[arg(long)]
        note: String,
    },
}

/// What may be decided, as it is written on a command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Outcome {
    /// The operator gets the reward, the platform its fee.
    Release,
    /// The agent gets everything back.
    Refund,
    /// The operator gets a part.
    Split,
}

impl Outcome {
    /// Its name on the wire.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Release => "RELEASE",
            Self::Refund => "REFUND",
            Self::Split => "SPLIT",
        }
    }
}

/// `humanops admin task-types`.
#[derive(Clone, Debug, Subcommand)]
pub enum TaskTypes {
    /// List every type, and whether new tasks of it are taken.
    List,
    /// Take tasks of these types again.
    On {
        /// Such as PHOTO.
        #[arg(required = true, value_parser = task_type)]
        types: Vec<TaskType>,
    },
    /// Take no new task of these types; those that were posted go on.
    Off {
        /// Such as PHOTO.
        #[arg(required = true, value_parser = task_type)]
        types: Vec<TaskType>,
    },
}

fn task_type(name: &str) -> Result<TaskType, String> {
    let names = TaskType::ALL.map(TaskType::as_str).join(", ");
    TaskType::parse(&name.to_uppercase()).ok_or_else(|| format!("must be one of {names}"))
}

/// `humanops admin deliveries`.
#[derive(Clone, Debug, Subcommand)]
pub enum Deliveries {
    /// List what was sent, newest first.
    List {
        /// Lines at most.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Send one again, whatever became of it.
    Redeliver {
        /// whd_…
        id: DeliveryId,
    },
}

/// `humanops admin jobs`.
#[derive(Clone, Debug, Subcommand)]
pub enum Jobs {
    /// List the jobs that failed for good.
    List {
        /// Lines at most.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Let one run again, as if it were new.
    Retry {
        /// As the list names it.
        id: String,
    },
}
