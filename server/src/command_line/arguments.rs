//! The arguments of `humanops admin`.

use api_types::{
    AgentId, DeliveryId, DisputeId, OperatorId, operator::KycStatus, task_type::TaskType,
};
use clap::{Args, Subcommand, ValueEnum};

use crate::config::DataLocation;

/// The arguments of `humanops admin`, the host's commands.
#[derive(Clone, Debug, Args)]
pub struct Admin {
    /// The location of the database and the files.
    #[command(flatten)]
    pub place: DataLocation,
    /// Print JSON, for programs.
    #[arg(long, global = true)]
    pub json: bool,
    /// The command to run.
    #[command(subcommand)]
    pub command: AdminCommand,
}

/// The commands of the host, one for each noun.
#[derive(Clone, Debug, Subcommand)]
pub enum AdminCommand {
    /// List, show, approve and reject operators.
    #[command(subcommand)]
    Operators(Operators),
    /// List and show agents.
    #[command(subcommand)]
    Agents(Agents),
    /// List, show and resolve disputes.
    #[command(subcommand)]
    Disputes(Disputes),
    /// Enable and disable task types.
    #[command(subcommand)]
    TaskTypes(TaskTypes),
    /// Recompute every balance; fails unless all agree and sum to zero.
    Ledger,
    /// List webhook deliveries and send one again.
    #[command(subcommand)]
    Deliveries(Deliveries),
    /// List jobs that failed permanently and run one again.
    #[command(subcommand)]
    Jobs(Jobs),
    /// Let a new key sign the operators' access tokens; nobody is signed out.
    RotateKeys {
        /// Refuse the tokens of the old keys at once: after a backup or the database was copied by
        /// a stranger.
        #[arg(long)]
        revoke: bool,
    },
    /// List the actions of the host, newest first.
    Audit {
        /// Only actions on this id or task type.
        #[arg(long)]
        subject: Option<String>,
        /// Maximum number of lines.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
}

impl AdminCommand {
    /// Returns whether the command only prints. Others change something, or report by their exit
    /// code what they found.
    pub fn only_reads(&self) -> bool {
        match self {
            Self::Operators(command) => {
                matches!(command, Operators::List { .. } | Operators::Show { .. })
            }
            Self::Agents(Agents::List { .. } | Agents::Show { .. }) | Self::Audit { .. } => true,
            Self::Disputes(command) => {
                matches!(command, Disputes::List { .. } | Disputes::Show { .. })
            }
            Self::TaskTypes(command) => matches!(command, TaskTypes::List),
            Self::Deliveries(command) => matches!(command, Deliveries::List { .. }),
            Self::Jobs(command) => matches!(command, Jobs::List { .. }),
            Self::Ledger | Self::RotateKeys { .. } => false,
        }
    }
}

/// The KYC statuses, as command line values.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum KycFilter {
    /// The identity waits for a decision.
    Pending,
    /// The operator may accept tasks.
    Approved,
    /// The operator may not accept tasks.
    Rejected,
}

impl From<KycFilter> for KycStatus {
    fn from(kyc: KycFilter) -> Self {
        match kyc {
            KycFilter::Pending => Self::Pending,
            KycFilter::Approved => Self::Approved,
            KycFilter::Rejected => Self::Rejected,
        }
    }
}

/// The commands of `humanops admin operators`.
#[derive(Clone, Debug, Subcommand)]
pub enum Operators {
    /// List operators, newest first.
    List {
        /// Only operators with this KYC status.
        #[arg(long, value_enum)]
        kyc: Option<KycFilter>,
        /// Only operators with this text in their name or e-mail address.
        #[arg(long)]
        search: Option<String>,
        /// Maximum number of lines.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Show one operator.
    Show {
        /// Id of the operator, op_…
        id: OperatorId,
    },
    /// Allow an operator to accept tasks.
    Approve {
        /// Id of the operator, op_…
        id: OperatorId,
        /// Reason, kept in the audit log.
        #[arg(long)]
        note: Option<String>,
    },
    /// Forbid an operator to accept further tasks; those already accepted go on.
    Reject {
        /// Id of the operator, op_…
        id: OperatorId,
        /// Reason, kept in the audit log.
        #[arg(long)]
        note: Option<String>,
    },
}

/// The commands of `humanops admin agents`.
#[derive(Clone, Debug, Subcommand)]
pub enum Agents {
    /// List agents, newest first.
    List {
        /// Only agents with this text in their name or e-mail address.
        #[arg(long)]
        search: Option<String>,
        /// Maximum number of lines.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Show one agent.
    Show {
        /// Id of the agent, ag_…
        id: AgentId,
    },
}

/// The commands of `humanops admin disputes`.
#[derive(Clone, Debug, Subcommand)]
pub enum Disputes {
    /// List disputes, newest first.
    List {
        /// Only disputes that wait for the host's decision.
        #[arg(long)]
        open: bool,
        /// Maximum number of lines.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Show one dispute.
    Show {
        /// Id of the dispute, dsp_…
        id: DisputeId,
    },
    /// Resolve a dispute; the decision is final.
    Resolve {
        /// Id of the dispute, dsp_…
        id: DisputeId,
        /// Pay the operator, refund the agent, or split.
        #[arg(value_enum)]
        outcome: RulingArgument,
        /// The operator's part of the reward, in US dollars; only with `split`.
        #[arg(long, value_name = "USD")]
        operator_usd: Option<String>,
        /// Reason, which both sides read.
        #[arg(long)]
        note: String,
    },
}

/// The possible decisions of a dispute, as command line values.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum RulingArgument {
    /// The operator gets the reward, the platform its fee.
    Release,
    /// The agent gets everything back.
    Refund,
    /// The operator gets a part of the reward, the agent the rest.
    Split,
}

impl RulingArgument {
    /// Returns the name on the wire.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Release => "RELEASE",
            Self::Refund => "REFUND",
            Self::Split => "SPLIT",
        }
    }
}

/// The commands of `humanops admin task-types`.
#[derive(Clone, Debug, Subcommand)]
pub enum TaskTypes {
    /// List every task type, and whether new tasks of it are accepted.
    List,
    /// Accept tasks of these types again.
    On {
        /// Task type, such as PHOTO.
        #[arg(required = true, value_parser = task_type)]
        types: Vec<TaskType>,
    },
    /// Refuse new tasks of these types; those already posted go on.
    Off {
        /// Task type, such as PHOTO.
        #[arg(required = true, value_parser = task_type)]
        types: Vec<TaskType>,
    },
}

fn task_type(name: &str) -> Result<TaskType, String> {
    let names = TaskType::ALL.map(TaskType::as_str).join(", ");
    TaskType::parse(&name.to_uppercase()).ok_or_else(|| format!("must be one of {names}"))
}

/// The commands of `humanops admin deliveries`.
#[derive(Clone, Debug, Subcommand)]
pub enum Deliveries {
    /// List webhook deliveries, newest first.
    List {
        /// Maximum number of lines.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Send a delivery again, in whatever state it is.
    Redeliver {
        /// Id of the delivery, whd_…
        id: DeliveryId,
    },
}

/// The commands of `humanops admin jobs`.
#[derive(Clone, Debug, Subcommand)]
pub enum Jobs {
    /// List the jobs that failed permanently.
    List {
        /// Maximum number of lines.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Run a job again, as if it were new.
    Retry {
        /// Id of the job, from the list.
        id: String,
    },
}
