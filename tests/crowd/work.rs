//! The work of the crowd: posts and claims, with retries.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::{
    task::JoinSet,
    time::{interval, timeout},
};

use super::{COMPLETION_TIME_MAX, Crowd, PAIRS, PendingRequest, post};

impl Crowd {
    /// Starts the work of everybody, which goes on until the server does not answer.
    pub(crate) fn start_work(self: &Arc<Self>) -> JoinSet<()> {
        let mut workers = JoinSet::new();
        for pair in 0..PAIRS {
            let crowd = Arc::clone(self);
            workers.spawn(async move { while crowd.post_and_claim(pair).await {} });
        }
        workers
    }

    /// Has everybody do `count` tasks, with retries until each request has a response.
    pub(crate) fn start_work_with_retries(self: &Arc<Self>, count: usize) -> JoinSet<()> {
        let mut workers = JoinSet::new();
        for pair in 0..PAIRS {
            let crowd = Arc::clone(self);
            workers.spawn(async move {
                for _ in 0..count {
                    crowd.post_and_claim(pair).await;
                    crowd.retry_unanswered().await;
                }
            });
        }
        workers
    }

    /// Repeats the requests without a response until all have one.
    pub(crate) async fn retry_unanswered(&self) {
        let mut again = interval(Duration::from_millis(20));
        loop {
            let request = self.unanswered.lock().unwrap().pop();
            let Some(request) = request else { return };
            if !self.send_or_keep(request).await {
                again.tick().await;
            }
        }
    }

    /// Returns the number of requests that were refused temporarily.
    pub(crate) fn temporary_refusals(&self) -> usize {
        self.temporary_refusals.load(Ordering::Relaxed)
    }

    /// Waits until more than `before` requests have been refused temporarily.
    pub(crate) async fn wait_for_refusal_after(&self, before: usize) -> Result<()> {
        let mut again = interval(Duration::from_millis(20));
        let waiting = async {
            while self.temporary_refusals() == before {
                again.tick().await;
            }
        };
        timeout(COMPLETION_TIME_MAX, waiting)
            .await
            .context("nobody was refused")
    }

    /// Does one more task, with unlimited retries.
    pub(crate) async fn do_one_task(&self) -> Result<()> {
        let done = async {
            self.post_and_claim(0).await;
            self.retry_unanswered().await;
        };
        timeout(COMPLETION_TIME_MAX, done)
            .await
            .context("nothing is done any more")
    }

    /// Posts and claims a task. Returns false once the server does not answer.
    async fn post_and_claim(&self, pair: usize) -> bool {
        let (agent, operator) = &self.pairs[pair];
        let number = self.posts.fetch_add(1, Ordering::Relaxed);
        let name = format!("task-{number}");
        let post = post(agent, &name);
        if !self.send_or_keep(post).await {
            return false;
        }
        let posted = self.posted.lock().unwrap().last().cloned();
        let Some((_, task)) = posted else { return true };
        let claim = PendingRequest {
            path: format!("/operator/tasks/{task}/accept"),
            header: "authorization",
            account: operator.clone(),
            key: format!("claim-{number}"),
            body: json!({}),
        };
        self.send_or_keep(claim).await
    }

    /// Sends a request. Returns false, and keeps the request, unless it got a final response.
    async fn send_or_keep(&self, request: PendingRequest) -> bool {
        let sent = self.send(&request).await;
        let answer = match sent {
            Ok(answer) if answer.status().as_u16() == 503 => {
                assert!(answer.headers().contains_key("retry-after"), "{answer:?}");
                self.temporary_refusals.fetch_add(1, Ordering::Relaxed);
                None
            }
            Ok(answer) => {
                let status = answer.status();
                answer.json::<Value>().await.ok().map(|body| (status, body))
            }
            Err(_) => None,
        };
        let Some((status, body)) = answer else {
            self.unanswered.lock().unwrap().push(request);
            return false;
        };
        if request.path == "/tasks" {
            assert_eq!(status, 201, "{body}");
            let task = body["task_id"].as_str().unwrap().to_owned();
            self.posted.lock().unwrap().push((request.key, task));
        } else {
            // Of two operators who want the same task, one is too late.
            assert!(status == 200 || status == 404, "{status} {body}");
            if status == 200 {
                let task = body["task_id"].as_str().unwrap().to_owned();
                self.claimed.lock().unwrap().insert(task);
            }
        }
        true
    }
}
