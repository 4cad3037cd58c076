//! Receivers that do not answer: deliveries to other receivers do not wait for them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use api_types::paths;
use serde_json::json;
use server::jobs::runner;
use tokio_util::sync::CancellationToken;

use super::receiver::{BrokenReceiver, Receiver};
use super::{completed, start, submitted, with_callback};
use crate::support::{self, on_both_databases};
use crate::uploads::eventually;

on_both_databases! {
    async fn a_receiver_that_hangs_delays_nobody_else(store) {
        let app = start(store).await;
        let (agent, receiver) = (app.agent().await, Receiver::start().await);
        let slow = Receiver::start().await;
        for _ in 0..6 {
            submitted(&agent, &with_callback(&app, &slow.hang())).await;
        }
        let running = tokio::spawn(runner::run(app.app.clone(), CancellationToken::new()));
        slow.got(1).await;
        // The limit for this receiver is reached. Callbacks and proofs of others do not wait for
        // it.
        let task = submitted(&agent, &with_callback(&app, &receiver.hook())).await;
        receiver.got(1).await;
        assert_eq!(receiver.only().told()["task_id"], json!(task));
        assert!(slow.all().len() < 6, "a lane has a limit");
        // The deliveries that hang do not matter any more.
        running.abort();
        app.app.store.close();
    }

    async fn an_agent_with_many_receivers_that_hang_delays_nobody_else(store) {
        let app = start(store).await;
        let (agent, other) = (app.agent().await, app.agent().await);
        let receiver = Receiver::start().await;
        let mut slow = Vec::new();
        for _ in 0..6 {
            let one = Receiver::start().await;
            for _ in 0..4 {
                submitted(&agent, &with_callback(&app, &one.hang())).await;
            }
            slow.push(one);
        }
        let task = submitted(&other, &with_callback(&app, &receiver.hook())).await;
        let running = tokio::spawn(runner::run(app.app.clone(), CancellationToken::new()));
        receiver.got(1).await;
        assert_eq!(receiver.only().told()["task_id"], json!(task));
        // None of the six hosts has reached its limit, but the agent has reached its own.
        let hanging: usize = slow.iter().map(|one| one.all().len()).sum();
        assert!(hanging < 16, "{hanging} of 24 hang at once");
        running.abort();
        app.app.store.close();
    }

    async fn good_callbacks_of_an_agent_do_not_wait_behind_its_hanging_ones(store) {
        let app = start(store).await;
        let (agent, good) = (app.agent().await, Receiver::start().await);
        completed(&agent, &with_callback(&app, &good.hook())).await;
        let mut slow = Vec::new();
        for _ in 0..5 {
            let one = Receiver::start().await;
            for _ in 0..2 {
                submitted(&agent, &with_callback(&app, &one.hang())).await;
            }
            slow.push(one);
        }
        let task = submitted(&agent, &with_callback(&app, &good.hook())).await;
        let running = tokio::spawn(runner::run(app.app.clone(), CancellationToken::new()));
        good.got(2).await;
        assert_eq!(good.all()[1].told()["task_id"], json!(task));
        running.abort();
        app.app.store.close();
    }

    /// In total they hold more calls than the limit of this process.
    async fn many_agents_whose_receivers_hang_delay_nobody_whose_receiver_answers(store) {
        let app = start(store).await;
        let (other, good) = (app.agent().await, Receiver::start().await);
        completed(&other, &with_callback(&app, &good.hook())).await;
        let mut slow = Vec::new();
        for _ in 0..34 {
            let agent = app.agent().await;
            for _ in 0..2 {
                let one = Receiver::start().await;
                let mut task = with_callback(&app, &one.hang());
                task["webhook_style"] = json!("all");
                for _ in 0..4 {
                    agent.post(paths::TASKS, &task).await.created();
                }
                slow.push(one);
            }
        }
        let hanging = || slow.iter().map(|one| one.all().len()).sum::<usize>();
        let running = tokio::spawn(runner::run(app.app.clone(), CancellationToken::new()));
        eventually(|| hanging() >= 64).await;
        submitted(&other, &with_callback(&app, &good.hook())).await;
        good.got(2).await;
        assert!(hanging() < 100, "{} hang at once", hanging());
        running.abort();
        app.app.store.close();
    }

    async fn a_host_that_does_not_answer_is_called_seldom_until_it_answers(store) {
        let app = start(store).await;
        let (agent, host) = (app.agent().await, BrokenReceiver::start().await);
        let mut task = with_callback(&app, &host.url);
        task["webhook_style"] = json!("all");
        for _ in 0..5 {
            agent.post(paths::TASKS, &task).await.created();
        }
        app.drain_jobs().await;
        assert_eq!(host.calls(), 3);
        let listed = agent.get(paths::DELIVERIES).await.ok();
        let deliveries = listed.body["data"].as_array().unwrap();
        let put_off = deliveries.iter().filter(|one| one["attempts"] == json!([]));
        let due = json!(app.now().after(Duration::from_secs(30)));
        assert!(put_off.clone().all(|one| one["next_attempt_at"] == due));
        assert_eq!(put_off.count(), 2);

        app.advance(Duration::from_secs(30));
        app.drain_jobs().await;
        assert_eq!(host.calls(), 4);
        host.answers.store(true, Ordering::Relaxed);
        app.advance(Duration::from_secs(60));
        app.drain_jobs().await;
        let delivered = format!("{}?state=DELIVERED", paths::DELIVERIES);
        let delivered = agent.get(&delivered).await.ok();
        assert_eq!(delivered.body["pagination"]["total"], 5);
    }
}
