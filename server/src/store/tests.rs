//! Tests, on both databases, of what the store guarantees to the authors of statements.

use std::sync::{Arc, Barrier};

use super::support::{self, FreshStore, on_both_databases};
use super::{Store, StoreError, Tx, params};

/// Creates tables for the tests alone, so that the tests do not change with the schema.
pub(super) async fn with_tables(store: &FreshStore) {
    let create = |tx: &mut Tx<'_>| {
        tx.execute(
            "CREATE TABLE purse (id TEXT PRIMARY KEY, held BIGINT CHECK (held >= 0))",
            &[],
        )?;
        tx.execute(
            "CREATE TABLE coin (id TEXT PRIMARY KEY, purse_id TEXT REFERENCES purse (id),
             note TEXT, seal BYTEA)",
            &[],
        )
    };
    store.write(create).await.unwrap();
}

pub(super) fn put(tx: &mut Tx<'_>, id: &str, held: i64) -> Result<u64, StoreError> {
    tx.execute(
        "INSERT INTO purse (id, held) VALUES ($1, $2)",
        &params![id, held],
    )
}

fn send_put(tx: &mut Tx<'_>, id: &str) -> Result<(), StoreError> {
    tx.send("INSERT INTO purse (id, held) VALUES ($1, 0)", params![id])
}

pub(super) fn held(tx: &mut Tx<'_>, id: &str) -> Result<Option<i64>, StoreError> {
    let row = tx.first("SELECT held FROM purse WHERE id = $1", &params![id])?;
    row.map(|row| row.get("held")).transpose()
}

on_both_databases! {
    async fn write_is_seen_by_the_read_after_it(store) {
        with_tables(&store).await;
        store.write(|tx| put(tx, "a", 7)).await.unwrap();
        assert_eq!(store.read(|tx| held(tx, "a")).await, Ok(Some(7)));
    }

    async fn write_that_fails_leaves_its_neighbours_alone(store) {
        with_tables(&store).await;
        let mut writes = Vec::new();
        for n in 0..100i64 {
            let store = store.clone();
            writes.push(tokio::spawn(async move {
                store.write(move |tx| {
                    put(tx, &format!("p{n}"), n)?;
                    if n % 2 == 0 { Err(StoreError::Changed) } else { Ok(()) }
                }).await
            }));
        }
        for (n, write) in writes.into_iter().enumerate() {
            let promised = if n % 2 == 0 { Err(StoreError::Changed) } else { Ok(()) };
            assert_eq!(write.await.unwrap(), promised);
        }
        let sum = "SELECT COUNT(*) AS count, CAST(SUM(held) AS BIGINT) AS sum FROM purse";
        let row = store.read(move |tx| tx.first(sum, &[])).await.unwrap().unwrap();
        assert_eq!((row.get("count"), row.get("sum")), (Ok(50), Ok(2500)));
    }

    async fn panic_in_a_write_undoes_it_and_harms_nobody_else(store) {
        with_tables(&store).await;
        for _ in 0..20 {
            let write = store.write::<(), _>(|tx| {
                put(tx, "a", 1)?;
                panic!("on purpose");
            });
            assert_eq!(write.await, Err(StoreError::Panicked("on purpose".to_owned())));
        }
        store.write(|tx| put(tx, "b", 2)).await.unwrap();
        assert_eq!(store.read(|tx| held(tx, "a")).await, Ok(None));
        assert_eq!(store.read(|tx| held(tx, "b")).await, Ok(Some(2)));
    }

    async fn violations_are_known_by_their_kind(store) {
        with_tables(&store).await;
        store.write(|tx| put(tx, "a", 1)).await.unwrap();
        assert_eq!(store.write(|tx| put(tx, "a", 1)).await, Err(StoreError::Unique));
        assert_eq!(store.write(|tx| put(tx, "b", -1)).await, Err(StoreError::Check));
        let orphan = "INSERT INTO coin (id, purse_id) VALUES ('c', 'nobody')";
        assert_eq!(store.write(|tx| tx.execute(orphan, &[])).await, Err(StoreError::ForeignKey));
        let taken = "UPDATE purse SET held = held - 2 WHERE id = 'a'";
        assert_eq!(store.write(|tx| tx.execute(taken, &[])).await, Err(StoreError::Check));
    }

    async fn violation_in_a_savepoint_undoes_only_the_savepoint(store) {
        with_tables(&store).await;
        store.write(|tx| {
            put(tx, "a", 1)?;
            let inner = tx.savepoint(|tx| {
                put(tx, "b", 2)?;
                tx.savepoint(|tx| put(tx, "c", 3))?;
                put(tx, "a", 4)
            });
            assert_eq!(inner, Err(StoreError::Unique));
            put(tx, "d", 5)
        }).await.unwrap();
        for (id, kept) in [("a", Some(1)), ("b", None), ("c", None), ("d", Some(5))] {
            assert_eq!(store.read(move |tx| held(tx, id)).await, Ok(kept), "{id}");
        }
    }

    async fn failed_statement_outside_a_savepoint_fails_the_write(store) {
        with_tables(&store).await;
        store.write(|tx| put(tx, "a", 1)).await.unwrap();
        let swallowed = |tx: &mut Tx<'_>| {
            put(tx, "b", 2)?;
            drop(put(tx, "a", 2));
            Ok(())
        };
        assert_eq!(store.write(swallowed).await, Err(StoreError::Aborted));
        let went_on = |tx: &mut Tx<'_>| {
            drop(put(tx, "a", 2));
            put(tx, "b", 2)
        };
        assert_eq!(store.write(went_on).await, Err(StoreError::Aborted));
        assert_eq!(store.read(|tx| held(tx, "b")).await, Ok(None));
    }

    async fn statement_that_was_only_sent_fails_the_write_all_the_same(store) {
        with_tables(&store).await;
        store.write(|tx| put(tx, "a", 1)).await.unwrap();
        let last = |tx: &mut Tx<'_>| {
            put(tx, "b", 2)?;
            send_put(tx, "a")
        };
        assert_eq!(store.write(last).await, Err(StoreError::Unique));
        let before_others = |tx: &mut Tx<'_>| {
            send_put(tx, "a")?;
            send_put(tx, "b")?;
            held(tx, "a").map(drop)
        };
        assert_eq!(store.write(before_others).await, Err(StoreError::Unique));
        assert_eq!(store.read(|tx| held(tx, "b")).await, Ok(None));
        store.write(|tx| send_put(tx, "b")).await.unwrap();
        assert_eq!(store.read(|tx| held(tx, "b")).await, Ok(Some(0)));
    }

    async fn statement_that_a_savepoint_sent_fails_only_the_savepoint(store) {
        with_tables(&store).await;
        store.write(|tx| {
            send_put(tx, "a")?;
            let sent = tx.savepoint(|tx| send_put(tx, "b").and(send_put(tx, "a")));
            assert_eq!(sent, Err(StoreError::Unique));
            let refused = tx.savepoint(|tx| {
                drop(send_put(tx, "a"));
                Err::<(), _>(StoreError::Changed)
            });
            assert_eq!(refused, Err(StoreError::Changed));
            send_put(tx, "c")
        }).await.unwrap();
        for (id, kept) in [("a", Some(0)), ("b", None), ("c", Some(0))] {
            assert_eq!(store.read(move |tx| held(tx, id)).await, Ok(kept), "{id}");
        }
        let failed = store.write(|tx| {
            send_put(tx, "a")?;
            tx.savepoint(|_| -> Result<(), StoreError> {
                panic!("what failed before the savepoint would be taken for its own failure")
            })
        });
        assert_eq!(failed.await, Err(StoreError::Unique));
    }

    async fn parameters_go_by_number_in_any_order_and_more_than_once(store) {
        let sql = "SELECT CAST($2 AS TEXT) AS second, $1 + $1 AS twice, $2 || $3 AS both";
        let row = store.read(move |tx| tx.first(sql, &params![4, "b", "c"])).await;
        let row = row.unwrap().unwrap();
        assert_eq!(row.get("second"), Ok("b".to_owned()));
        assert_eq!(row.get("twice"), Ok(8i64));
        assert_eq!(row.get("both"), Ok("bc".to_owned()));
        let short = store.read(move |tx| tx.first(sql, &params![4, "b"]).map(drop)).await;
        assert!(matches!(short, Err(StoreError::Database(_))), "{short:?}");
    }

    async fn null_and_every_type_come_back_as_they_went(store) {
        with_tables(&store).await;
        let insert = "INSERT INTO coin (id, purse_id, note, seal) VALUES ($1, $2, $3, $4)";
        store.write(move |tx| {
            tx.execute(insert, &params!["nulls", None::<&str>, None::<String>, None::<Vec<u8>>])?;
            tx.execute(insert, &params!["full", None::<&str>, "ß\n", [0u8, 255]])?;
            tx.execute("INSERT INTO purse VALUES ($1, $2)", &params!["p", None::<i64>])?;
            tx.execute("INSERT INTO purse VALUES ($1, $2)", &params!["max", i64::MAX])
        }).await.unwrap();
        let all = "SELECT id, note, seal FROM coin ORDER BY id";
        let rows = store.read(move |tx| tx.query(all, &[])).await.unwrap();
        assert_eq!(rows[0].get("note"), Ok(Some("ß\n".to_owned())));
        assert_eq!(rows[0].get("seal"), Ok(vec![0u8, 255]));
        assert_eq!(rows[1].get("note"), Ok(None::<String>));
        assert_eq!(rows[1].get("seal"), Ok(None::<Vec<u8>>));
        let held = "SELECT held FROM purse ORDER BY id";
        let rows = store.read(move |tx| tx.query(held, &[])).await.unwrap();
        assert_eq!(rows[0].get("held"), Ok(i64::MAX));
        assert_eq!(rows[1].get("held"), Ok(None::<i64>));
    }

    async fn column_read_wrongly_is_named(store) {
        let sql = "SELECT CAST('x' AS TEXT) AS word, CAST(NULL AS TEXT) AS empty_one";
        let row = store.read(move |tx| tx.first(sql, &[])).await.unwrap().unwrap();
        let problem = |column: &str| row.get::<i64>(column).unwrap_err().to_string();
        assert_eq!(problem("word"), "column word does not hold the requested type");
        assert_eq!(problem("empty_one"), "column empty_one is NULL");
        assert_eq!(problem("missing"), "column missing is not in the answer");
    }

    async fn conditional_update_is_won_by_exactly_one(store) {
        with_tables(&store).await;
        store.write(|tx| put(tx, "a", 1)).await.unwrap();
        let take = "UPDATE purse SET held = held - $1 WHERE id = $2 AND held >= $1";
        let mut claims = Vec::new();
        for _ in 0..64 {
            let store = store.clone();
            claims.push(tokio::spawn(async move {
                store.write(move |tx| tx.execute(take, &params![1, "a"])).await
            }));
        }
        let mut won = 0;
        for claim in claims {
            won += claim.await.unwrap().unwrap();
        }
        assert_eq!(won, 1);
        assert_eq!(store.read(|tx| held(tx, "a")).await, Ok(Some(0)));
    }

    async fn returning_answers_the_row_that_was_written(store) {
        with_tables(&store).await;
        store.write(|tx| put(tx, "a", 1)).await.unwrap();
        let add = "UPDATE purse SET held = held + $1 WHERE id = $2 RETURNING held";
        let row = store.write(move |tx| tx.first(add, &params![5, "a"])).await.unwrap().unwrap();
        assert_eq!(row.get("held"), Ok(6i64));
    }

    async fn read_cannot_write_and_sees_one_snapshot(store) {
        with_tables(&store).await;
        assert!(store.read(|tx| put(tx, "a", 1)).await.is_err());
        store.write(|tx| put(tx, "a", 1)).await.unwrap();
        let (started, written) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
        let (at_begin, at_end) = (Arc::clone(&started), Arc::clone(&written));
        let reader = store.clone();
        let read = tokio::spawn(async move {
            reader.read(move |tx| {
                let before = held(tx, "a")?;
                at_begin.wait();
                at_end.wait();
                Ok::<_, StoreError>((before, held(tx, "a")?))
            }).await
        });
        tokio::task::spawn_blocking(move || started.wait()).await.unwrap();
        store.write(|tx| tx.execute("UPDATE purse SET held = 2", &[])).await.unwrap();
        tokio::task::spawn_blocking(move || written.wait()).await.unwrap();
        assert_eq!(read.await.unwrap(), Ok((Some(1), Some(1))));
    }

    async fn like_minds_its_case_and_quotes_mean_names(store) {
        let like = "SELECT CASE WHEN 'a' LIKE 'A' THEN 1 ELSE 0 END AS alike";
        let row = store.read(move |tx| tx.first(like, &[])).await.unwrap().unwrap();
        assert_eq!(row.get("alike"), Ok(0i64));
        let quoted = r#"SELECT "no_such_column" AS word"#;
        assert!(store.read(move |tx| tx.query(quoted, &[]).map(drop)).await.is_err());
    }

    async fn closed_store_finishes_what_waits_and_refuses_the_rest(store) {
        with_tables(&store).await;
        store.ping().await.unwrap();
        let waiting = tokio::spawn({
            let store = store.clone();
            async move { store.write(|tx| put(tx, "a", 1)).await }
        });
        tokio::task::yield_now().await;
        store.close();
        assert_eq!(waiting.await.unwrap(), Ok(1));
        assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    }

    async fn migrated_store_has_nothing_pending(store) {
        assert_eq!(store.pending_migrations().await, Ok(Vec::new()));
    }
}

#[tokio::test]
async fn sqlite_keeps_an_answered_write_when_nobody_closes_it() {
    let folder = tempfile::tempdir().unwrap();
    let (file, copy) = (folder.path().join("one.db"), folder.path().join("two.db"));
    let store = Store::open_sqlite(&file).unwrap();
    store
        .write(|tx| tx.execute("CREATE TABLE kept (id BIGINT)", &[]))
        .await
        .unwrap();
    store
        .write(|tx| tx.execute("INSERT INTO kept VALUES (42)", &[]))
        .await
        .unwrap();
    // What the disk holds now is what would remain after a power failure.
    std::fs::copy(&file, &copy).unwrap();
    std::fs::copy(file.with_extension("db-wal"), copy.with_extension("db-wal")).unwrap();
    let after = Store::open_sqlite(&copy).unwrap();
    let row = after
        .read(|tx| tx.first("SELECT id FROM kept", &[]))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.get("id"), Ok(42i64));
}
