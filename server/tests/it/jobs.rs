//! Work that waits: claimed by one, taken over from the dead, repeated, and left visible when it
//! cannot succeed.

use std::time::Duration;

use api_types::{TaskId, Timestamp};
use server::domain::job::Job;
use server::jobs::runner::{self, DrainError};
use server::store::Tx;
use server::store::jobs::{self, Claimed, Wanted};

use crate::harness::{BEGINNING, TestApp};
use crate::support::{self, FreshStore, on_both_databases};

const LEASE: Duration = Duration::from_secs(120);

fn beginning() -> Timestamp {
    BEGINNING.parse().unwrap()
}

fn job(number: u128) -> Job {
    Job::ReviewProof {
        task_id: TaskId::new(beginning(), number),
    }
}

async fn enqueue(store: &FreshStore, job: Job, due_at: Timestamp) {
    store
        .write(move |tx| jobs::enqueue(tx, &job, due_at))
        .await
        .unwrap();
}

async fn claim(store: &FreshStore, now: Timestamp) -> Vec<Claimed> {
    let wanted = Wanted {
        jobs_max: 10,
        full_kinds: Vec::new(),
        full_lanes: Vec::new(),
        full_owners: Vec::new(),
    };
    store
        .write(move |tx| jobs::claim(tx, now, now.after(LEASE), &wanted))
        .await
        .unwrap()
}

on_both_databases! {
    async fn a_job_is_claimed_once_it_is_due_and_by_one(store) {
        let due = beginning().after(Duration::from_secs(60));
        enqueue(&store, job(1), due).await;
        assert_eq!(claim(&store, beginning()).await.len(), 0);
        let (one, two) = tokio::join!(claim(&store, due), claim(&store, due));
        assert_eq!(one.len() + two.len(), 1);
    }

    async fn a_job_of_a_newer_version_holds_up_no_other(store) {
        store
            .write(|tx| tx.execute(
                "INSERT INTO job (payload, kind, lane, state, due_at_ms, turn, attempts, last_error)
                 VALUES ('{\"of_tomorrow\":1}', 'of_tomorrow', '', 'waiting', 0, 0, 0, '')",
                &[],
            ))
            .await
            .unwrap();
        enqueue(&store, job(1), beginning()).await;
        let claimed = claim(&store, beginning()).await;
        assert_eq!((claimed.len(), &claimed[0].job), (1, &job(1)));
    }

    async fn a_job_whose_holder_died_is_taken_over(store) {
        enqueue(&store, job(1), beginning()).await;
        let dead = claim(&store, beginning()).await.remove(0);
        let later = beginning().after(LEASE);
        let heir = claim(&store, later).await.remove(0);
        assert_eq!((heir.job, heir.attempts), (dead.job, 2));
        // The dead may come back; what it completes is no longer its own.
        store.write(move |tx| jobs::complete(tx, &dead)).await.unwrap();
        assert_eq!(claim(&store, later.after(LEASE)).await.len(), 1);
    }

    async fn a_job_that_is_done_is_gone_and_one_that_failed_stays(store) {
        enqueue(&store, job(1), beginning()).await;
        enqueue(&store, job(2), beginning()).await;
        let mut claimed = claim(&store, beginning()).await;
        let (done, failed) = (claimed.remove(0), claimed.remove(0));
        store.write(move |tx| jobs::complete(tx, &done)).await.unwrap();
        store.write(move |tx| jobs::fail(tx, &failed, "why")).await.unwrap();
        let much_later = beginning().after(Duration::from_secs(86_400));
        assert_eq!(claim(&store, much_later).await.len(), 0);
        let left = store.read(move |tx| jobs::left(tx, much_later)).await.unwrap();
        assert_eq!(left, (0, 1));
    }

    async fn a_job_is_retried_when_it_is_due_again(store) {
        enqueue(&store, job(1), beginning()).await;
        let claimed = claim(&store, beginning()).await.remove(0);
        let again = beginning().after(Duration::from_secs(2));
        store.write(move |tx| jobs::retry(tx, &claimed, again, "why")).await.unwrap();
        assert_eq!(claim(&store, beginning().after(Duration::from_secs(1))).await.len(), 0);
        assert_eq!(claim(&store, again).await.remove(0).attempts, 2);
    }

    async fn the_same_work_queued_while_it_runs_runs_again(store) {
        enqueue(&store, job(1), beginning()).await;
        enqueue(&store, job(1), beginning()).await;
        let running = claim(&store, beginning()).await;
        assert_eq!(running.len(), 1);
        enqueue(&store, job(1), beginning()).await;
        let done = running.into_iter().next().unwrap();
        store.write(move |tx| jobs::complete(tx, &done)).await.unwrap();
        assert_eq!(claim(&store, beginning()).await.len(), 1);
    }

    async fn draining_runs_what_is_due(store) {
        let app = crate::harness::TestApp::start(store).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let task = agent.post_confirmation_task().await;
        operator.accept(task).await;
        operator.confirm(task).await;
        let status = async || agent.get(&api_types::paths::task(task)).await.text("status");
        assert_eq!(status().await, "SUBMITTED");
        app.drain_jobs().await;
        assert_eq!(status().await, "COMPLETED");
    }
}

/// A clock that never comes to rest must fail the suite, and not hang it.
#[tokio::test]
async fn a_drain_ends_although_every_job_leaves_another() {
    let app = TestApp::start(support::on_sqlite()).await;
    app.poor_agent().await;
    let restless = "CREATE TRIGGER restless AFTER DELETE ON job BEGIN
        INSERT INTO job (payload, kind, lane, owner, state, due_at_ms, turn, attempts, last_error)
        VALUES (OLD.payload, OLD.kind, '', '', 'waiting', 0, OLD.turn, 0, ''); END";
    let execute = |sql: &'static str| move |tx: &mut Tx<'_>| tx.execute(sql, &[]);
    app.app.store.write(execute(restless)).await.unwrap();
    let drained = runner::drain(&app.app, 20).await;
    assert!(
        matches!(drained, Err(DrainError::Restless(21..40))),
        "{drained:?}"
    );
    let calm = "DROP TRIGGER restless";
    app.app.store.write(execute(calm)).await.unwrap();
    app.app
        .store
        .write(execute("DELETE FROM job"))
        .await
        .unwrap();
}
