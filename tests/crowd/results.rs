//! The checks of what the crowd has done: each answered request took effect exactly once, and each
//! claimed task is proved and completed once.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::time::{interval, timeout};

use super::{COMPLETION_TIME_MAX, Crowd, post};
use crate::host::Host;

/// A task in its agent's list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ListedTask {
    name: String,
    id: String,
    is_claimed: bool,
}

impl Crowd {
    /// Checks that the result of every request exists exactly once.
    pub(crate) async fn check_results(&self) -> Result<usize> {
        let mut expected: Vec<_> = self.posted.lock().unwrap().clone();
        expected.sort();
        let mut found = Vec::new();
        for (agent, _) in &self.pairs {
            found.extend(self.tasks_of(agent).await?);
        }
        found.sort();
        let claimed = self.claimed.lock().unwrap().clone();
        for task in &found {
            let claimed = claimed.contains(&task.id);
            ensure!(
                task.is_claimed == claimed,
                "{task:?}, and claimed: {claimed}"
            );
        }
        let named: Vec<_> = found.into_iter().map(|task| (task.name, task.id)).collect();
        let (there, wanted) = (named.len(), expected.len());
        ensure!(named == expected, "{there} tasks for {wanted} posts");
        Ok(there)
    }

    /// Returns the number of tasks that can be read.
    pub(crate) async fn count_readable_tasks(&self) -> Result<usize> {
        let mut tasks = 0;
        for (agent, _) in &self.pairs {
            tasks += self.tasks_of(agent).await?.len();
        }
        Ok(tasks)
    }

    /// Repeats every post with its old idempotency key. The responses must contain the same tasks.
    pub(crate) async fn repeat_answered_posts(&self) -> Result<()> {
        let posted = self.posted.lock().unwrap().clone();
        for (name, task) in posted {
            let mut answers = Vec::new();
            for (agent, _) in &self.pairs {
                let page = self
                    .page(agent, &format!("/tasks?external_id={name}"))
                    .await?;
                if page["data"][0]["task_id"].is_string() {
                    let request = post(agent, &name);
                    let answer = self.send(&request).await?;
                    ensure!(
                        answer.headers().contains_key("idempotent-replayed"),
                        "{answer:?}"
                    );
                    answers.push(answer.json::<Value>().await?["task_id"].clone());
                }
            }
            ensure!(answers == [json!(task)], "{name}: {answers:?}");
        }
        Ok(())
    }

    /// Submits the proof of every claimed task, alternately to this server and another one, and
    /// returns their number.
    pub(crate) async fn submit_all_proofs(&self, other: &Host) -> Result<usize> {
        let mut submitted = 0;
        let tasks = self.claimed.lock().unwrap().clone();
        for task in &tasks {
            let server = [self.server.clone(), other.url("")][submitted % 2].clone();
            for (_, operator) in &self.pairs {
                let url = format!("{server}/api/v1/operator/tasks/{task}/submit");
                let request = self.client.post(url).header("authorization", operator);
                let words = format!("The shop is open from nine to five, they said. {task}");
                let answer = request
                    .json(&json!({"confirmation_text": words}))
                    .send()
                    .await?;
                submitted += usize::from(answer.status() == 200);
            }
        }
        ensure!(submitted == tasks.len(), "{submitted} of {}", tasks.len());
        Ok(submitted)
    }

    /// Waits until this many tasks are completed, and returns the number of completed tasks.
    pub(crate) async fn wait_for_completed(&self, count: usize) -> Result<usize> {
        let mut again = interval(Duration::from_millis(50));
        let waiting = async {
            loop {
                let mut completed = 0;
                for (agent, _) in &self.pairs {
                    let page = self.page(agent, "/tasks?status=COMPLETED&limit=1").await?;
                    completed += page["pagination"]["total"].as_u64().context("a total")? as usize;
                }
                if completed >= count {
                    return Ok(completed);
                }
                again.tick().await;
            }
        };
        timeout(COMPLETION_TIME_MAX, waiting)
            .await
            .context("not all are completed")?
    }

    /// Reads a page of an agent's tasks.
    async fn page(&self, agent: &str, path: &str) -> Result<Value> {
        let url = format!("{}/api/v1{path}", self.server);
        let request = self.client.get(url).header("x-api-key", agent);
        Ok(request.send().await?.error_for_status()?.json().await?)
    }

    async fn tasks_of(&self, agent: &str) -> Result<Vec<ListedTask>> {
        let (mut tasks, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self
                .page(agent, &format!("/tasks?limit=100{cursor}"))
                .await?;
            for row in page["data"].as_array().context("rows")? {
                let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
                tasks.push(ListedTask {
                    name: text("external_id"),
                    id: text("task_id"),
                    is_claimed: text("status") == "ACCEPTED",
                });
            }
            match page["pagination"]["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(tasks),
            }
        }
    }
}
