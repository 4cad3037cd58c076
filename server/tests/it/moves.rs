//! The table of moves over HTTP: every action is tried in every status (contract §4).

use std::time::Duration;

use api_types::{AgentId, DisputeId, OperatorId, TaskId, paths, status::Status};
use serde_json::{Value, json};
use server::domain::{
    dispute::{Award, Ruling},
    moves::{MOVES, Move},
};
use server::store::{disputes, moves, tasks};

use crate::harness::{Caller, TestApp, photo_task};
use crate::support::{self, on_both_databases};

pub(crate) const HOUR: Duration = Duration::from_secs(60 * 60);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// An agent and its operator, with one task.
pub(crate) struct Pair<'a> {
    pub(crate) app: &'a TestApp,
    pub(crate) agent: Caller<'a, AgentId>,
    pub(crate) operator: Caller<'a, OperatorId>,
    pub(crate) task: TaskId,
}

impl<'a> Pair<'a> {
    /// Posts a task that requires a confirmation, with a reward of 25 dollars and a fee of 4.50.
    pub(crate) async fn new(app: &'a TestApp) -> Self {
        Self::with(app, json!({})).await
    }

    /// Posts such a task with further fields.
    pub(crate) async fn with(app: &'a TestApp, further: Value) -> Self {
        let (agent, operator) = (app.agent().await, app.operator().await);
        let mut body = photo_task(app);
        body["task_type"] = json!("VERIFICATION");
        body["proof_type"] = json!("CONFIRMATION");
        for (name, value) in further.as_object().unwrap() {
            body[name] = value.clone();
        }
        let task = agent
            .post(paths::TASKS, &body)
            .await
            .created()
            .id("task_id");
        Self {
            app,
            agent,
            operator,
            task,
        }
    }

    /// Returns the agent's view of the task.
    pub(crate) async fn view(&self) -> Value {
        self.agent.get(&paths::task(self.task)).await.ok().body
    }

    pub(crate) async fn status(&self) -> String {
        self.view().await["status"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn estimate(&self, minutes: u32) {
        let body = json!({"estimate_minutes": minutes});
        let path = paths::give_estimate(self.task);
        self.operator.post(&path, &body).await.ok();
    }

    /// Submits a text as proof.
    pub(crate) async fn submit(&self, text: &str) {
        self.operator.accept(self.task).await;
        self.resubmit(text).await;
    }

    pub(crate) async fn resubmit(&self, text: &str) {
        let proof = json!({"confirmation_text": text});
        let path = paths::submit_proof(self.task);
        self.operator.post(&path, &proof).await.ok();
    }

    pub(crate) async fn verify(&self, decision: &str) {
        let body = json!({"decision": decision});
        let path = paths::verify_task(self.task);
        self.agent.post(&path, &body).await.ok();
    }

    pub(crate) async fn dispute(&self) -> DisputeId {
        let body = json!({"reason": "It is another shop"});
        let path = paths::open_dispute(self.task);
        self.agent.post(&path, &body).await.ok().id("dispute_id")
    }

    /// Resolves the dispute as the host.
    pub(crate) async fn resolve(&self, award: Award) {
        let (task, turn) = (self.task, self.app.app.move_context());
        let note = "Both sides were heard.".to_owned();
        let ruling = Ruling { award, note };
        let resolved = self.app.app.store.write(move |tx| {
            let task = tasks::get(tx, task)?.unwrap();
            moves::record(tx, &task.resolve(&ruling, turn).unwrap())
        });
        resolved.await.unwrap();
    }

    /// Brings a new task into a status by the moves that lead to it.
    pub(crate) async fn reach(&self, status: Status) {
        match status {
            Status::Pending => {}
            Status::EstimatePending => self.estimate(30).await,
            Status::Accepted => self.operator.accept(self.task).await,
            Status::InProgress => {
                self.operator.accept(self.task).await;
                let path = paths::start_task(self.task);
                self.operator.post(&path, &json!({})).await.ok();
            }
            Status::Submitted => self.submit(GOOD).await,
            Status::ManualReview => {
                self.submit(UNCLEAR).await;
                self.app.drain_jobs().await;
            }
            Status::Disputed => {
                self.submit(GOOD).await;
                self.verify("REJECT").await;
            }
            Status::Completed => {
                self.submit(GOOD).await;
                self.app.drain_jobs().await;
            }
            Status::Cancelled => {
                let path = paths::cancel_task(self.task);
                self.agent.post(&path, &json!({})).await.ok();
            }
            Status::Verified => unreachable!("nothing rests there"),
        }
        assert_eq!(self.status().await, status.as_str());
    }

    /// Returns the operator's pending and available balances.
    pub(crate) async fn earned(&self) -> (String, String) {
        let earnings = self.operator.get(paths::EARNINGS).await.ok();
        let printed = |field: &str| earnings.body[field].to_string();
        (printed("pending_balance"), printed("available_balance"))
    }
}

/// A confirmation that the Guardian approves.
pub(crate) const GOOD: &str = "It is open from nine to five, as the door says.";

/// A confirmation that the Guardian leaves to the agent.
pub(crate) const UNCLEAR: &str = "open";

/// The actions of the API, each with its move in the table.
const ACTIONS: [(&str, Move); 12] = [
    ("accept", Move::Accept),
    ("estimate", Move::Estimate),
    ("start", Move::Start),
    ("withdraw", Move::Withdraw),
    ("submit", Move::Submit),
    ("approve_estimate", Move::ApproveEstimate),
    ("reject_estimate", Move::RejectEstimate),
    ("approve", Move::Approve),
    ("reject", Move::Reject),
    ("request_revision", Move::RequestRevision),
    ("cancel", Move::Cancel),
    ("dispute", Move::Dispute),
];

async fn ask(pair: &Pair<'_>, action: &str) -> u16 {
    let (agent, operator, task) = (&pair.agent, &pair.operator, pair.task);
    let verdict = |decision: &str| json!({"decision": decision});
    let answer = match action {
        "accept" => operator.post(&paths::accept_task(task), &json!({})).await,
        "estimate" => {
            let body = json!({"estimate_hours": 1});
            operator.post(&paths::give_estimate(task), &body).await
        }
        "start" => operator.post(&paths::start_task(task), &json!({})).await,
        "withdraw" => operator.post(&paths::withdraw(task), &json!({})).await,
        "submit" => {
            let body = json!({"confirmation_text": GOOD});
            operator.post(&paths::submit_proof(task), &body).await
        }
        "approve_estimate" => agent.post(&paths::approve_estimate(task), &json!({})).await,
        "reject_estimate" => agent.post(&paths::reject_estimate(task), &json!({})).await,
        "approve" => {
            agent
                .post(&paths::verify_task(task), &verdict("APPROVE"))
                .await
        }
        "reject" => {
            agent
                .post(&paths::verify_task(task), &verdict("REJECT"))
                .await
        }
        "request_revision" => {
            let body = json!({"reason": "Which door?"});
            agent.post(&paths::request_revision(task), &body).await
        }
        "cancel" => agent.post(&paths::cancel_task(task), &json!({})).await,
        "dispute" => {
            let body = json!({"reason": "Not so"});
            agent.post(&paths::open_dispute(task), &body).await
        }
        other => panic!("{other}"),
    };
    answer.status
}

on_both_databases! {
    async fn every_action_in_every_status_does_what_the_table_says(store) {
        let app = TestApp::start(store).await;
        for status in Status::ALL {
            if status == Status::Verified {
                continue;
            }
            for (action, does) in ACTIONS {
                let pair = Pair::new(&app).await;
                pair.reach(status).await;
                let rule = MOVES.iter().find(|rule| rule.does == does).unwrap();
                let answered = ask(&pair, action).await;
                let after = pair.status().await;
                if rule.from.contains(&status) {
                    assert_eq!((answered, after.as_str()), (200, rule.to.as_str()), "{action}");
                } else {
                    assert!([404, 409].contains(&answered), "{action} in {status:?}: {answered}");
                    assert_eq!(after, status.as_str(), "{action}");
                }
            }
        }
        app.drain_jobs().await;
    }

    async fn actions_are_the_moves_that_will_succeed(store) {
        let app = TestApp::start(store).await;
        let offered = |view: &Value| -> Vec<String> {
            let actions = view["actions"].as_array().unwrap();
            actions.iter().map(|action| action.as_str().unwrap().to_owned()).collect()
        };
        for (status, agents, operators) in [
            (Status::Pending, vec!["cancel"], vec!["accept", "estimate"]),
            (
                Status::EstimatePending,
                vec!["approve_estimate", "reject_estimate", "cancel", "message"],
                vec!["withdraw", "message"],
            ),
            (
                Status::Accepted,
                vec!["cancel", "message"],
                vec!["withdraw", "start", "submit", "message"],
            ),
            (Status::InProgress, vec!["message"], vec!["withdraw", "submit", "message"]),
            (Status::Submitted, vec!["verify", "message"], vec!["message"]),
            (
                Status::ManualReview,
                vec!["verify", "request_revision", "message"],
                vec!["message"],
            ),
            (Status::Disputed, vec!["request_revision", "message"], vec!["message"]),
            (Status::Completed, vec!["dispute", "message", "rate"], vec!["message", "rate"]),
        ] {
            let pair = Pair::new(&app).await;
            pair.reach(status).await;
            assert_eq!(offered(&pair.view().await), agents, "{status:?}");
            let view = pair.operator.get(&paths::operator_task(pair.task)).await.ok().body;
            assert_eq!(offered(&view), operators, "{status:?}");
        }
        app.drain_jobs().await;
    }

    async fn an_operator_who_withdraws_leaves_the_task_to_others(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::new(&app).await;
        pair.reach(Status::InProgress).await;
        pair.operator.post(&paths::withdraw(pair.task), &json!({})).await.ok();
        let view = pair.view().await;
        assert_eq!((&view["operator"], &view["accepted_at"]), (&json!(null), &json!(null)));
        let other = app.operator().await;
        other.accept(pair.task).await;
        let path = paths::withdraw(pair.task);
        let again = pair.operator.post(&path, &json!({})).await;
        assert_eq!(again.refused(404, "not_found"), "Task not found or not claimed by you");
        assert_eq!(pair.view().await["operator"]["id"], other.key);
    }

    async fn a_revision_is_asked_for_once_and_resubmitted(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::new(&app).await;
        pair.reach(Status::ManualReview).await;
        let path = paths::request_revision(pair.task);
        let unknown = json!({"reason": "Closer", "unmet_requirements": ["The colour"]});
        let answer = pair.agent.post(&path, &unknown).await;
        answer.refused(400, "validation");
        assert_eq!(answer.faulty_fields(), ["unmet_requirements[0]"]);
        let body = json!({
            "reason": "Closer, please", "unmet_requirements": ["The prices can be read"],
        });
        let answer = pair.agent.post(&path, &body).await.ok();
        assert_eq!(answer.text("resubmit_by"), "2026-02-06T12:00:00.000Z");
        let seen = pair.operator.get(&paths::operator_task(pair.task)).await.ok().body;
        assert_eq!(seen["revision"]["reason"], "Closer, please");
        assert_eq!(seen["due_at"], "2026-02-06T12:00:00.000Z");
        app.advance(HOUR);
        pair.resubmit(UNCLEAR).await;
        app.drain_jobs().await;
        assert_eq!(pair.status().await, "MANUAL_REVIEW");
        pair.agent.post(&path, &body).await.refused(409, "invalid_state");
    }

    async fn an_operator_who_gives_up_a_revision_takes_the_proof_along(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::new(&app).await;
        pair.reach(Status::Disputed).await;
        let body = json!({"reason": "Which door?"});
        pair.agent.post(&paths::request_revision(pair.task), &body).await.ok();
        assert_eq!(pair.view().await["proof"]["confirmation_text"], GOOD);
        pair.operator.post(&paths::withdraw(pair.task), &json!({})).await.ok();
        let view = pair.view().await;
        assert_eq!((&view["status"], &view["proof"]), (&json!("PENDING"), &json!(null)));
        assert_eq!((&view["rejection"], &view["revision"]), (&json!(null), &json!(null)));
        app.drain_jobs().await;
    }

    async fn a_dispute_is_on_record_until_it_is_resolved(store) {
        let app = TestApp::start(store).await;
        let pair = Pair::new(&app).await;
        pair.reach(Status::Completed).await;
        let id = pair.dispute().await;
        let read = |id| app.app.store.read(move |tx| disputes::get(tx, id));
        let dispute = read(id).await.unwrap().unwrap();
        assert_eq!(dispute.reason.as_deref(), Some("It is another shop"));
        assert_eq!((dispute.task_id, dispute.resolved_at), (pair.task, None));
        pair.resolve(Award::Refund).await;
        let dispute = read(id).await.unwrap().unwrap();
        assert_eq!(dispute.outcome.unwrap().as_str(), "REFUND");
        let view = pair.view().await;
        assert_eq!(view["resolution"]["outcome"], "REFUND");
        assert_eq!(view["resolution"]["refunded_usd"].to_string(), "29.50");
        assert_eq!(view["cancel_reason"], "DISPUTE_REFUNDED");
    }
}
