//! Background jobs: claimed by one process, taken over from a process that ended, retried, and kept
//! as failed if they cannot succeed.

use std::time::{Duration, Instant};

use api_types::{TaskId, Timestamp, paths};
use reqwest::Method;
use serde_json::Value;
use server::domain::job::Job;
use server::jobs::runner::{self, DrainError};
use server::store::jobs::{self, ClaimCapacity, ClaimedJob, LeaseScope};
use server::store::{Store, Tx};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::admin::host;
use crate::harness::{ADMIN_KEY, BEGINNING, TestApp};
use crate::support::{self, FreshStore, on_both_databases};

const LEASE: Duration = Duration::from_secs(30);

/// The interval at which a process renews the leases of its jobs, by the clock of the runtime.
const RENEWAL: Duration = Duration::from_secs(10);

/// Timeout of the renewal of a lease.
const RENEWED_WITHIN: Duration = Duration::from_secs(10);

/// Timeout of a drain that ends.
const ENDS_WITHIN: Duration = Duration::from_secs(60);

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

async fn claim(store: &Store, now: Timestamp) -> Vec<ClaimedJob> {
    claim_with(store, now, true).await
}

async fn claim_with(store: &Store, now: Timestamp, may_take_suspect: bool) -> Vec<ClaimedJob> {
    let wanted = ClaimCapacity {
        may_take_suspect,
        ..ClaimCapacity::any(10)
    };
    store
        .write(move |tx| jobs::claim(tx, now, now.after(LEASE), &wanted))
        .await
        .unwrap()
}

/// Takes over the jobs of processes that have ended, and returns the kinds of those set aside.
async fn take_back(store: &Store, now: Timestamp, ended: LeaseScope) -> Vec<String> {
    let taken = store.write(move |tx| jobs::take_back(tx, now, ended));
    taken.await.unwrap()
}

/// Advances the clock of the runtime, by which the runner renews leases and waits.
async fn advance_runtime(duration: Duration) {
    tokio::time::pause();
    tokio::time::advance(duration).await;
    tokio::time::resume();
}

/// Waits until the lease of the only job is renewed until this time.
async fn leased_until(app: &TestApp, until: Timestamp) {
    let lease = |tx: &mut Tx<'_>| tx.first("SELECT due_at_ms FROM job", &[]);
    let begun = Instant::now();
    loop {
        let job = app.app.store.read(lease).await.unwrap().unwrap();
        if job.get::<i64>("due_at_ms").unwrap() == until.as_millis() {
            return;
        }
        assert!(begun.elapsed() < RENEWED_WITHIN, "the lease is not renewed");
    }
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
        assert_eq!(claim(&store, later).await.len(), 0);
        assert!(take_back(&store, later, LeaseScope::Lease).await.is_empty());
        let heir = claim(&store, later).await.remove(0);
        assert_eq!((heir.job, heir.attempts), (dead.job, 2));
        // If the ended process continues, it cannot complete the job any more.
        store.write(move |tx| jobs::complete(tx, &dead)).await.unwrap();
        let renew = move |tx: &mut Tx<'_>| {
            jobs::renew(tx, std::slice::from_ref(&heir), later.after(LEASE * 2))
        };
        store.write(renew).await.unwrap();
        take_back(&store, later.after(LEASE), LeaseScope::Lease).await;
        assert_eq!(claim(&store, later.after(LEASE)).await.len(), 0);
    }

    async fn a_process_that_has_the_database_alone_takes_back_everything_when_it_starts(store) {
        enqueue(&store, job(1), beginning()).await;
        claim(&store, beginning()).await.remove(0);
        take_back(&store, beginning(), LeaseScope::Lease).await;
        assert_eq!(claim(&store, beginning()).await.len(), 0);
        take_back(&store, beginning(), LeaseScope::Every).await;
        assert_eq!(claim(&store, beginning()).await.len(), 1);
    }

    async fn a_lease_that_was_lost_is_not_renewed(store) {
        enqueue(&store, job(1), beginning()).await;
        let lost = claim(&store, beginning()).await.remove(0);
        let later = beginning().after(LEASE);
        take_back(&store, later, LeaseScope::Lease).await;
        let renew = move |tx: &mut Tx<'_>| {
            jobs::renew(tx, std::slice::from_ref(&lost), later.after(LEASE))
        };
        store.write(renew).await.unwrap();
        assert_eq!(claim(&store, later).await.len(), 1);
    }

    /// The mail server accepts the connection and never responds.
    async fn a_job_that_outlasts_its_lease_stays_with_its_process(store) {
        let mail_server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let smtp_url = format!("smtp://{}", mail_server.local_addr().unwrap());
        let mail = ["--smtp-url", &smtp_url, "--mail-from", "HumanOps <mail@example.org>"];
        let app = TestApp::start_with(store, &mail).await;
        app.poor_agent().await;
        let running = tokio::spawn(runner::run(app.app.clone(), CancellationToken::new()));
        let _connection = mail_server.accept().await.unwrap();
        for _ in 0..2 {
            app.advance(LEASE * 2 / 3);
            let renewed_until = app.now().after(LEASE);
            advance_runtime(RENEWAL).await;
            leased_until(&app, renewed_until).await;
        }
        let db = &app.app.store;
        assert!(take_back(db, app.now(), LeaseScope::Lease).await.is_empty());
        assert_eq!(claim(db, app.now()).await.len(), 0, "another process has claimed it");
        running.abort();
        app.app.store.close();
    }

    async fn a_job_that_ends_its_process_twice_is_set_aside_until_the_host_runs_it_again(store) {
        let app = TestApp::start_with(store, &["--admin-key", ADMIN_KEY]).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let task = agent.post_confirmation_task().await;
        operator.accept(task).await;
        operator.confirm(task).await;
        let db = &app.app.store;
        for set_aside in [vec![], vec!["review_proof".to_owned()]] {
            assert_eq!(app.claim_jobs(LEASE).await.len(), 1);
            app.advance(LEASE);
            assert_eq!(take_back(db, app.now(), LeaseScope::Lease).await, set_aside);
        }
        assert!(app.claim_jobs(LEASE).await.is_empty());
        let failed = host(&app, Method::GET, paths::FAILED_JOBS, &Value::Null).await.ok();
        let job = &failed.body["data"][0];
        assert_eq!((&job["kind"], &job["attempts"]), (&"review_proof".into(), &2.into()));
        assert!(job["last_error"].as_str().unwrap().contains("ended twice while it ran"));
        let retry = paths::retry_job(job["job_id"].as_str().unwrap());
        host(&app, Method::POST, &retry, &Value::Null).await.ok();
        app.drain_jobs().await;
        assert_eq!(agent.get(&paths::task(task)).await.ok().text("status"), "COMPLETED");
    }

    async fn an_outcome_between_two_ends_of_its_process_clears_a_job(store) {
        enqueue(&store, job(1), beginning()).await;
        let mut now = beginning();
        for _ in 0..3 {
            claim(&store, now).await.remove(0);
            now = now.after(LEASE);
            assert!(take_back(&store, now, LeaseScope::Lease).await.is_empty());
            let claimed = claim(&store, now).await.remove(0);
            store.write(move |tx| jobs::retry(tx, &claimed, now, "why")).await.unwrap();
        }
    }

    /// The process ended during one of them, and nobody knows which.
    async fn jobs_that_ran_when_a_process_ended_run_again_one_at_a_time(store) {
        for number in 1..4 {
            enqueue(&store, job(number), beginning()).await;
        }
        assert_eq!(claim(&store, beginning()).await.len(), 3);
        take_back(&store, beginning(), LeaseScope::Every).await;
        enqueue(&store, job(4), beginning()).await;
        let beside = claim(&store, beginning()).await;
        let (suspects, others): (Vec<_>, _) = beside.iter().partition(|one| one.is_suspect);
        assert_eq!((suspects.len(), others.len()), (1, 1));
        assert!(claim_with(&store, beginning(), false).await.is_empty());
        assert_eq!(claim(&store, beginning()).await.len(), 1);
    }

    async fn a_claim_of_an_older_server_counts_as_no_end(store) {
        enqueue(&store, job(1), beginning()).await;
        let now = beginning();
        claim(&store, now).await;
        // An older server knows neither of the columns, and claims all due jobs.
        let later = now.after(LEASE);
        let claim_by_older = move |tx: &mut Tx<'_>| {
            tx.execute(
                "UPDATE job SET due_at_ms = $1, turn = turn + 1, attempts = attempts + 1",
                &[later.after(LEASE).as_millis().into()],
            )
        };
        store.write(claim_by_older).await.unwrap();
        let much_later = later.after(LEASE);
        take_back(&store, much_later, LeaseScope::Every).await;
        assert!(!claim(&store, much_later).await.remove(0).is_suspect);
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
        let left = store.read(move |tx| jobs::count_unfinished(tx, much_later)).await.unwrap();
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
        let app = TestApp::start(store).await;
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

/// A clock whose moves never end must fail the tests, and not run forever.
#[tokio::test]
async fn a_drain_ends_although_every_job_leaves_another() {
    let app = TestApp::start(support::on_sqlite()).await;
    app.poor_agent().await;
    let restless = "CREATE TRIGGER restless AFTER DELETE ON job BEGIN
        INSERT INTO job (payload, kind, lane, owner, state, due_at_ms, turn, attempts, last_error)
        VALUES (OLD.payload, OLD.kind, '', '', 'waiting', 0, OLD.turn, 0, ''); END";
    let execute = |sql: &'static str| move |tx: &mut Tx<'_>| tx.execute(sql, &[]);
    app.app.store.write(execute(restless)).await.unwrap();
    let drained = tokio::time::timeout(ENDS_WITHIN, runner::drain(&app.app, 20)).await;
    assert!(
        matches!(drained, Ok(Err(DrainError::Restless(21..40)))),
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
