//! Loads tasks with everything that their views show, reading what many tasks share at once.

use std::collections::HashMap;

use api_types::{
    AgentId, OperatorId, TaskId, Timestamp,
    agent::AgentSummary,
    message::Author,
    operator::OperatorSummary,
    status::{Action, Status},
};

use crate::{
    domain::{
        account,
        moves::{self, Actor},
        task::Task,
    },
    store::{
        StoreError, Tx, operators,
        proofs::{self, StoredProof},
        ratings, tasks,
    },
};

/// A task with everything that its views show.
#[derive(Clone, Debug)]
pub struct TaskDetails {
    /// The task's own row.
    pub task: Task,
    /// The latest proof of the current claim.
    pub proof: Option<StoredProof>,
    /// The operator who claimed it, if any.
    pub operator: Option<OperatorSummary>,
    /// The agent that posted it.
    pub agent: AgentSummary,
    /// The sides that have rated it.
    pub rated_by: Vec<Author>,
}

/// Loads a task with everything that its views show.
pub(super) fn load(tx: &mut Tx<'_>, task: Task) -> Result<TaskDetails, StoreError> {
    let mut related = RelatedRows::of(tx, std::slice::from_ref(&task))?;
    related.details(task)
}

/// Loads the same for many tasks, with one query per table.
pub(super) fn load_all(tx: &mut Tx<'_>, tasks: Vec<Task>) -> Result<Vec<TaskDetails>, StoreError> {
    let mut related = RelatedRows::of(tx, &tasks)?;
    let details = tasks.into_iter().map(|task| related.details(task));
    details.collect()
}

/// The rows of other tables to which some tasks refer.
struct RelatedRows {
    agents: HashMap<AgentId, AgentSummary>,
    operators: HashMap<OperatorId, OperatorSummary>,
    proofs: HashMap<TaskId, StoredProof>,
    rated_by: HashMap<TaskId, Vec<Author>>,
}

impl RelatedRows {
    fn of(tx: &mut Tx<'_>, tasks: &[Task]) -> Result<Self, StoreError> {
        // A proof from a claim that was given back is not reviewed.
        let submitted = tasks.iter().filter(|task| task.at.submitted.is_some());
        let completed = tasks.iter().filter(|task| task.status == Status::Completed);
        let submitted: Vec<_> = submitted.map(|task| task.id).collect();
        let completed: Vec<_> = completed.map(|task| task.id).collect();
        Ok(Self {
            agents: tasks::records_of(tx, tasks.iter().map(|task| task.agent_id))?,
            operators: operators_of(tx, tasks)?,
            proofs: proofs::latest_of(tx, &submitted)?,
            rated_by: ratings::authors(tx, &completed)?,
        })
    }

    /// Returns a task with the rows that belong to it. Its own rows can be taken once.
    fn details(&mut self, task: Task) -> Result<TaskDetails, StoreError> {
        let agent = self.agents.get(&task.agent_id).cloned();
        let agent = agent.ok_or_else(|| StoreError::Inconsistent {
            table: "agent",
            id: task.agent_id.to_string(),
            problem: "a task refers to it, but it is not there".to_owned(),
        })?;
        Ok(TaskDetails {
            proof: self.proofs.remove(&task.id),
            operator: operator_among(&self.operators, &task),
            agent,
            rated_by: self.rated_by.remove(&task.id).unwrap_or_default(),
            task,
        })
    }
}

/// Returns what an agent sees of the operator who claimed its task.
pub(super) fn operator_of(
    tx: &mut Tx<'_>,
    task: &Task,
) -> Result<Option<OperatorSummary>, StoreError> {
    let found = operators_of(tx, std::slice::from_ref(task))?;
    Ok(operator_among(&found, task))
}

/// Returns what agents see of the operators who claimed these tasks.
pub(super) fn operators_of(
    tx: &mut Tx<'_>,
    tasks: &[Task],
) -> Result<HashMap<OperatorId, OperatorSummary>, StoreError> {
    let ids: Vec<_> = tasks.iter().filter_map(|task| task.operator_id).collect();
    let found = operators::with_these_ids(tx, &ids)?;
    let summary = |one: operators::Operator| OperatorSummary {
        id: one.id,
        name: account::shortened_name(&one.name),
        rating: one.rating,
    };
    Ok(found
        .into_iter()
        .map(|one| (one.id, summary(one)))
        .collect())
}

pub(super) fn operator_among(
    operators: &HashMap<OperatorId, OperatorSummary>,
    task: &Task,
) -> Option<OperatorSummary> {
    operators.get(&task.operator_id?).cloned()
}

impl TaskDetails {
    /// Returns the actions available to the reader: those of the table, without a second rating.
    pub fn actions(&self, actor: Actor, now: Timestamp) -> Vec<Action> {
        let author = match actor {
            Actor::Agent => Author::Agent,
            _ => Author::Operator,
        };
        let mut actions = moves::actions(&self.task, actor, now);
        if self.rated_by.contains(&author) {
            actions.retain(|action| *action != Action::Rate);
        }
        actions
    }
}
