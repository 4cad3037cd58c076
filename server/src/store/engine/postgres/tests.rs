//! Tests of what only PostgreSQL can do to a write, and of how little of it the caller sees.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use crate::store::tests::{held, put, with_tables};
use crate::store::{Store, StoreError, Tx, params, support};

#[tokio::test]
async fn runs_a_write_again_after_a_serialization_failure() {
    let store = support::on_postgres();
    with_tables(&store).await;
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let refuse_once = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$";
    let write = store.write(move |tx| {
        put(tx, "a", 1)?;
        if counted.fetch_add(1, Ordering::SeqCst) == 0 {
            // The closure hides the reason, but the engine knows it.
            tx.execute(refuse_once, &[])
                .map_err(|_| StoreError::Changed)?;
        }
        Ok::<_, StoreError>(())
    });
    assert_eq!(write.await, Ok(()));
    assert_eq!(runs.load(Ordering::SeqCst), 2);
    assert_eq!(store.read(|tx| held(tx, "a")).await, Ok(Some(1)));
}

#[tokio::test]
async fn runs_a_write_again_when_its_connection_is_lost() {
    let store = support::on_postgres();
    with_tables(&store).await;
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let write = store.write(move |tx| {
        put(tx, "a", 1)?;
        if counted.fetch_add(1, Ordering::SeqCst) == 0 {
            tx.query("SELECT pg_terminate_backend(pg_backend_pid())", &[])?;
        }
        Ok::<_, StoreError>(())
    });
    assert_eq!(write.await, Ok(()));
    assert_eq!(runs.load(Ordering::SeqCst), 2);
    assert_eq!(store.read(|tx| held(tx, "a")).await, Ok(Some(1)));
}

#[tokio::test]
async fn deadlock_is_resolved_without_the_callers_noticing() {
    let store = support::on_postgres();
    with_tables(&store).await;
    store
        .write(|tx| put(tx, "a", 0).and(put(tx, "b", 0)))
        .await
        .unwrap();
    // Both hold one row before either waits for the other's; later runs do not wait at the barrier.
    let (both, first_runs) = (Arc::new(Barrier::new(2)), Arc::new(AtomicUsize::new(0)));
    let take = |first: &'static str, second: &'static str| {
        let (store, both, first_runs) = (store.clone(), both.clone(), first_runs.clone());
        tokio::spawn(async move {
            store
                .write(move |tx| {
                    let add = "UPDATE purse SET held = held + 1 WHERE id = $1";
                    tx.execute(add, &params![first])?;
                    if first_runs.fetch_add(1, Ordering::SeqCst) < 2 {
                        both.wait();
                    }
                    tx.execute(add, &params![second])
                })
                .await
        })
    };
    let (one, two) = (take("a", "b"), take("b", "a"));
    assert_eq!((one.await.unwrap(), two.await.unwrap()), (Ok(1), Ok(1)));
    assert_eq!(store.read(|tx| held(tx, "a")).await, Ok(Some(2)));
}

#[tokio::test]
async fn lost_race_runs_again_whatever_the_closure_makes_of_it() {
    let store = support::on_postgres();
    with_tables(&store).await;
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let write = store.write(move |tx| {
        put(tx, "a", 1)?;
        if counted.fetch_add(1, Ordering::SeqCst) < 2 {
            let _ = tx.lost_race();
        }
        Ok::<_, StoreError>(())
    });
    assert_eq!(write.await, Ok(()));
    assert_eq!(runs.load(Ordering::SeqCst), 3);
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let always = store.write(move |tx| {
        counted.fetch_add(1, Ordering::SeqCst);
        let refused: Result<(), _> = tx.savepoint(|tx| Err(tx.lost_race()));
        refused.or(Ok::<_, StoreError>(()))
    });
    assert_eq!(always.await, Err(StoreError::Changed));
    assert_eq!(
        runs.load(Ordering::SeqCst),
        crate::store::engine::postgres::ATTEMPTS_MAX
    );
}

#[tokio::test]
async fn key_that_was_taken_meanwhile_is_looked_for_again() {
    let store = support::on_postgres();
    with_tables(&store).await;
    let (looked, taken) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (at_look, at_taken) = (Arc::clone(&looked), Arc::clone(&taken));
    let first_run = AtomicUsize::new(0);
    let slow = store.clone();
    let slower = tokio::spawn(async move {
        let find_or_put = move |tx: &mut Tx<'_>| {
            if let Some(found) = held(tx, "a")? {
                return Ok(found);
            }
            if first_run.fetch_add(1, Ordering::SeqCst) == 0 {
                at_look.wait();
                at_taken.wait();
            }
            put(tx, "a", 2).map(|_| 2)
        };
        slow.write(find_or_put).await
    });
    tokio::task::spawn_blocking(move || looked.wait())
        .await
        .unwrap();
    store.write(|tx| put(tx, "a", 1)).await.unwrap();
    tokio::task::spawn_blocking(move || taken.wait())
        .await
        .unwrap();
    assert_eq!(slower.await.unwrap(), Ok(1));
}

#[tokio::test]
async fn lock_held_for_too_long_is_busy() {
    let store = support::on_postgres();
    with_tables(&store).await;
    let (inserted, tried) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (at_insert, at_end) = (Arc::clone(&inserted), Arc::clone(&tried));
    let holder = store.clone();
    let holding = tokio::spawn(async move {
        holder
            .write(move |tx| {
                put(tx, "a", 1)?;
                at_insert.wait();
                at_end.wait();
                Ok::<_, StoreError>(())
            })
            .await
    });
    tokio::task::spawn_blocking(move || inserted.wait())
        .await
        .unwrap();
    assert_eq!(
        store.write(|tx| put(tx, "a", 2)).await,
        Err(StoreError::Busy)
    );
    tokio::task::spawn_blocking(move || tried.wait())
        .await
        .unwrap();
    assert_eq!(holding.await.unwrap(), Ok(()));
    assert_eq!(
        store.write(|tx| put(tx, "a", 2)).await,
        Err(StoreError::Unique)
    );
}

#[test]
fn address_where_nobody_answers_is_unavailable() {
    let nobody = Store::open_postgres("postgres://humanops@127.0.0.1:1/humanops").err();
    assert_eq!(
        nobody,
        Some(StoreError::Unavailable("PostgreSQL does not answer"))
    );
    let unread = Store::open_postgres("humanops.db").err();
    assert!(matches!(unread, Some(StoreError::Database(said)) if said.contains("postgres://")));
}
