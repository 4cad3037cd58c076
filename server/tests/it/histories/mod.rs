//! Random histories: whatever several agents and operators do in whatever order, the ledger is
//! consistent to the micro-dollar (contract §4), and all public numbers agree with it.
//!
//! Every step goes through HTTP and is either done or refused. The seed is fixed, so that failures
//! are reproducible. `HISTORIES_SEED` sets another seed, `HISTORIES_CASES` the number of histories.
//! proptest prints the shortest history that fails.
//!
//! The steps of a history are in `step.rs`, how they are made in `world.rs`, and what is checked in
//! `checks.rs`.

mod checks;
mod step;
mod world;

use std::collections::HashSet;
use std::time::Duration;

use api_types::MicroUsd;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use self::step::{Step, step};
use self::world::World;
use crate::harness::TestApp;
use crate::support::{self, FreshStore};

/// Runs one history, and returns the codes of all its transfers.
async fn run_history(store: FreshStore, steps: &[Step]) -> HashSet<String> {
    let app = TestApp::start(store).await;
    let mut world = World {
        app: &app,
        agents: vec![app.poor_agent().await, app.poor_agent().await],
        operators: vec![app.operator().await, app.operator().await],
        tasks: Vec::new(),
        paid_in: MicroUsd::ZERO,
    };
    for agent in 0..2 {
        world.deposit(agent, 60, false).await;
    }
    for step in steps {
        // Every step takes some time.
        app.advance(Duration::from_secs(1));
        world.run_step(*step).await;
        world.check_ledger(step).await;
    }
    app.drain_jobs().await;
    world.check_public_balances().await;
    let codes = "SELECT DISTINCT code FROM transfer";
    let rows = app
        .app
        .store
        .read(move |tx| tx.query(codes, &[]))
        .await
        .unwrap();
    rows.iter().map(|row| row.get("code").unwrap()).collect()
}

fn setting(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.map_or(default, |text| text.parse().unwrap())
}

#[test]
fn random_histories_keep_the_books_right() {
    let seed = setting("HISTORIES_SEED", 20_260_205);
    let cases = u32::try_from(setting("HISTORIES_CASES", 8)).unwrap();
    println!("HISTORIES_SEED={seed} HISTORIES_CASES={cases}");
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 100,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let seen = std::cell::RefCell::new(HashSet::new());
    let histories = proptest::collection::vec(step(), 50..90);
    let result = runner.run(&histories, |steps| {
        let sqlite = runtime.block_on(run_history(support::on_sqlite(), &steps));
        let postgres = runtime.block_on(run_history(support::on_postgres(), &steps));
        prop_assert_eq!(&sqlite, &postgres);
        seen.borrow_mut().extend(sqlite);
        Ok(())
    });
    result.unwrap();
    // Histories without a refund or a payout would prove nothing about them.
    let mut seen: Vec<_> = seen.into_inner().into_iter().collect();
    seen.sort();
    let all = [
        "deposit",
        "fee",
        "fee_return",
        "hold",
        "payout",
        "payout_sent",
        "reclaim",
        "refund",
        "release",
        "settle",
    ];
    assert_eq!(seen, all);
}
