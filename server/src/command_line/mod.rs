//! `humanops admin …` and the maintenance commands: the same operations as the routes under
//! `/admin`, on the database itself, with or without a running server. `crate::admin` makes the
//! decisions.

mod arguments;
mod cells;
mod cli;
pub mod maintenance;
mod read;
mod table;

use std::io::Write;

use anyhow::Context;
use api_types::{
    OperatorId,
    host::{DecideKyc, KycDecision, Switch},
};
use serde_json::json;
use zeroize::Zeroizing;

pub use arguments::Admin;
use arguments::{AdminCommand, Agents, Deliveries, Disputes, Jobs, Operators, TaskTypes};
use cells::{agent_cells, delivery_cells, dispute_cells, operator_cells};
pub use cli::{Archive, Cli, Command};
pub use read::Variables;
use table::{Print, plain};

use crate::{
    admin::{self, ActorContext, AdminError, OldTokens},
    clock::{Clock, Entropy},
    config::shared_terms,
    domain::{
        access_token::SigningKey,
        dispute::Ruling,
        faults::Faults,
        kyc,
        task::{Durations, MoveContext},
    },
    output,
    store::{
        Store, Tx, accounts, audit,
        deliveries::{self, DeliveryFilter},
        disputes::{self, DisputeState},
        search::PageWindow,
        shared_settings,
    },
};

/// Runs one command of the host and prints its result.
///
/// # Errors
/// Fails with a sentence that says what was not found, done or written.
pub async fn run(
    command: Admin,
    store: &Store,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
    out: &mut (impl Write + Send),
) -> anyhow::Result<()> {
    let terms = shared_terms(&store.read(shared_settings::all).await?);
    let context = MoveContext {
        now: clock.now(),
        random: entropy.u128(),
        terms: terms.unwrap_or_default(),
    };
    let actor = ActorContext {
        who: "command line".to_owned(),
        request_id: None,
        context,
    };
    let print = if command.json {
        Print::Json
    } else {
        Print::ForPeople
    };
    let context = CommandContext {
        store,
        terms,
        actor,
        print,
    };
    match command.command {
        AdminCommand::Operators(command) => context.operators(command, out).await,
        AdminCommand::Agents(command) => context.agents(command, out).await,
        AdminCommand::Disputes(command) => context.disputes(command, out).await,
        AdminCommand::TaskTypes(command) => context.task_types(command, out).await,
        AdminCommand::Ledger => context.ledger(out).await,
        AdminCommand::Deliveries(command) => context.deliveries(command, out).await,
        AdminCommand::Jobs(command) => context.jobs(command, out).await,
        AdminCommand::RotateKeys { revoke } => {
            let mut random = Zeroizing::new([0; 32]);
            entropy.fill(&mut *random);
            let old = if revoke {
                OldTokens::Revoke
            } else {
                OldTokens::Expire
            };
            context.rotate_keys(&random, old, out).await
        }
        AdminCommand::Audit { subject, limit } => context.audit(subject, limit, out).await,
    }
}

/// The context of a command: the database, the actor, and the output format.
struct CommandContext<'a> {
    store: &'a Store,
    /// The settings that a server shared in the database, if one has started on it.
    terms: Option<Durations>,
    actor: ActorContext,
    print: Print,
}

/// Drops the row beyond the limit, and notes on standard error that there are more.
fn at_most<T>(mut rows: Vec<T>, limit: u32) -> Vec<T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if rows.len() > limit {
        rows.truncate(limit);
        output::note("There are more rows: use a larger --limit.");
    }
    rows
}

impl CommandContext<'_> {
    async fn write<T: Send + 'static>(
        &self,
        f: impl Fn(&mut Tx<'_>, &ActorContext) -> Result<T, AdminError> + Send + 'static,
    ) -> Result<T, AdminError> {
        let actor = self.actor.clone();
        self.store.write(move |tx| f(tx, &actor)).await
    }

    async fn operators(&self, command: Operators, out: &mut impl Write) -> anyhow::Result<()> {
        match command {
            Operators::List { kyc, search, limit } => {
                let found = self
                    .store
                    .read(move |tx| {
                        let kyc = kyc.map(Into::into);
                        accounts::operators(tx, kyc, search.as_deref(), PageWindow::first(limit))
                    })
                    .await?;
                let names = ["OPERATOR", "KYC", "NAME", "E-MAIL", "PENDING $", "SINCE"];
                let rows = at_most(found.rows, limit);
                self.print.list(out, &names, &rows, operator_cells)
            }
            Operators::Show { id } => {
                let found = self
                    .store
                    .read(move |tx| accounts::operator(tx, id))
                    .await?;
                let found = found.with_context(|| format!("there is no operator {id}"))?;
                self.print.one(out, &found)
            }
            Operators::Approve { id, note } => {
                self.decide(id, KycDecision::Approve, note, out).await
            }
            Operators::Reject { id, note } => self.decide(id, KycDecision::Reject, note, out).await,
        }
    }

    async fn decide(
        &self,
        id: OperatorId,
        decision: KycDecision,
        note: Option<String>,
        out: &mut impl Write,
    ) -> anyhow::Result<()> {
        let body = serde_json::to_value(DecideKyc { decision, note })?;
        let decided = kyc::parse_decision(&body).map_err(|faults| sentence(&faults))?;
        let record = self
            .write(move |tx, actor| admin::decide_kyc(tx, id, &decided, actor))
            .await?;
        self.print.one(out, &record)
    }

    async fn agents(&self, command: Agents, out: &mut impl Write) -> anyhow::Result<()> {
        match command {
            Agents::List { search, limit } => {
                let found = self
                    .store
                    .read(move |tx| {
                        accounts::agents(tx, search.as_deref(), PageWindow::first(limit))
                    })
                    .await?;
                let names = [
                    "AGENT",
                    "TIER",
                    "NAME",
                    "E-MAIL",
                    "BALANCE $",
                    "TASKS",
                    "SINCE",
                ];
                let rows = at_most(found.rows, limit);
                self.print.list(out, &names, &rows, agent_cells)
            }
            Agents::Show { id } => {
                let found = self.store.read(move |tx| accounts::agent(tx, id)).await?;
                let found = found.with_context(|| format!("there is no agent {id}"))?;
                self.print.one(out, &found)
            }
        }
    }

    async fn disputes(&self, command: Disputes, out: &mut impl Write) -> anyhow::Result<()> {
        match command {
            Disputes::List { open, limit } => {
                let state = open.then_some(DisputeState::Open);
                let list =
                    move |tx: &mut Tx<'_>| disputes::list(tx, state, PageWindow::first(limit));
                let found = self.store.read(list).await?;
                let names = [
                    "DISPUTE",
                    "TASK",
                    "OPENED BY",
                    "REWARD $",
                    "OPENED",
                    "OUTCOME",
                ];
                let rows = at_most(found.rows, limit);
                self.print.list(out, &names, &rows, dispute_cells)
            }
            Disputes::Show { id } => {
                let found = self.store.read(move |tx| disputes::get(tx, id)).await?;
                let found = found.with_context(|| format!("there is no dispute {id}"))?;
                self.print.one(out, &found)
            }
            Disputes::Resolve {
                id,
                outcome,
                operator_usd,
                note,
            } => {
                anyhow::ensure!(
                    self.terms.is_some(),
                    "the server's SETTLEMENT_HOLD_DAYS is not known yet: start `humanops serve` \
                     of this version on the database once"
                );
                let body = json!({
                    "outcome": outcome.as_str(), "operator_usd": operator_usd, "note": note,
                });
                let ruling = Ruling::parse(&body).map_err(|faults| sentence(&faults))?;
                let resolved = self
                    .write(move |tx, actor| admin::resolve_dispute(tx, id, &ruling, actor))
                    .await?;
                self.print.one(out, &resolved)
            }
        }
    }

    async fn task_types(&self, command: TaskTypes, out: &mut impl Write) -> anyhow::Result<()> {
        let (types, switch) = match command {
            TaskTypes::List => (Vec::new(), Switch::On),
            TaskTypes::On { types } => (types, Switch::On),
            TaskTypes::Off { types } => (types, Switch::Off),
        };
        let changes: Vec<_> = types.into_iter().map(|one| (one, switch)).collect();
        let switches = if changes.is_empty() {
            self.store.read(admin::task_type_switches).await?
        } else {
            self.write(move |tx, actor| admin::switch_task_types(tx, &changes, actor))
                .await?
        };
        self.print.one(out, &switches)
    }

    async fn ledger(&self, out: &mut impl Write) -> anyhow::Result<()> {
        let report = self.store.read(admin::check_ledger).await?;
        self.print.one(out, &report)?;
        anyhow::ensure!(report.ok, "the ledger has faults");
        Ok(())
    }

    async fn rotate_keys(
        &self,
        random: &Zeroizing<[u8; 32]>,
        old: OldTokens,
        out: &mut impl Write,
    ) -> anyhow::Result<()> {
        let key = SigningKey::from_random(random)?;
        let current = self
            .write(move |tx, actor| admin::rotate_signing_key(tx, &key, old, actor))
            .await?;
        self.print.one(out, &current)
    }

    async fn deliveries(&self, command: Deliveries, out: &mut impl Write) -> anyhow::Result<()> {
        match command {
            Deliveries::List { limit } => {
                let list = move |tx: &mut Tx<'_>| {
                    let window = PageWindow::first(limit);
                    deliveries::list(tx, DeliveryFilter::default(), window)
                };
                let found = self.store.read(list).await?;
                let names = [
                    "DELIVERY", "EVENT", "TASK", "STATE", "ATTEMPTS", "SINCE", "URL",
                ];
                let rows = at_most(found.rows, limit);
                self.print.list(out, &names, &rows, delivery_cells)
            }
            Deliveries::Redeliver { id } => {
                let delivery = self
                    .write(move |tx, actor| admin::redeliver(tx, id, actor))
                    .await?;
                self.print.one(out, &delivery)
            }
        }
    }

    async fn jobs(&self, command: Jobs, out: &mut impl Write) -> anyhow::Result<()> {
        let id = match command {
            Jobs::List { limit } => {
                let found = self
                    .store
                    .read(move |tx| admin::failed_jobs(tx, None, limit))
                    .await?;
                let names = ["JOB", "KIND", "ATTEMPTS", "DUE", "ERROR"];
                return self
                    .print
                    .list(out, &names, &at_most(found.rows, limit), |job| {
                        let (id, kind) = (job.job_id.clone(), job.kind.clone());
                        let (attempts, due) = (job.attempts.to_string(), job.due_at.to_string());
                        vec![id, kind, attempts, due, plain(&job.last_error)]
                    });
            }
            Jobs::Retry { id } => id,
        };
        let job = admin::job_of(&id).with_context(|| format!("{id} is not the id of a job"))?;
        let retried = self
            .write(move |tx, actor| admin::retry_job(tx, &job, actor))
            .await?;
        self.print.one(out, &retried)
    }

    async fn audit(
        &self,
        subject: Option<String>,
        limit: u32,
        out: &mut impl Write,
    ) -> anyhow::Result<()> {
        let found = self
            .store
            .read(move |tx| audit::list(tx, subject.as_deref(), PageWindow::first(limit)))
            .await?;
        let names = ["AT", "WHO", "ACTION", "SUBJECT", "DETAILS", "REQUEST"];
        self.print
            .list(out, &names, &at_most(found.rows, limit), |entry| {
                vec![
                    entry.at.to_string(),
                    entry.who.clone(),
                    entry.action.clone(),
                    plain(&entry.subject),
                    plain(&entry.details),
                    entry.request_id.clone().unwrap_or_default(),
                ]
            })
    }
}

fn sentence(faults: &Faults) -> anyhow::Error {
    let faults = faults.details().into_iter();
    let lines: Vec<_> = faults
        .map(|fault| format!("{}: {}", fault.field, fault.message))
        .collect();
    anyhow::anyhow!(lines.join("; "))
}
