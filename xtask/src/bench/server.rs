//! Our server on SQLite and on PostgreSQL, compared with PocketBase: creates, claims, a race, and
//! lists of a growing table. All servers run at the same time and are measured alternately.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::load::{CLIENTS, latencies, load};
use super::marketplace::{Marketplace, free_address};
use super::pocketbase::PocketBase;
use crate::cluster::Cluster;
use crate::run::{Run, root, step, target};
use crate::tools;

const ROUNDS: usize = 5;
const CREATES_PER_ROUND: usize = 10_000;
const CLAIMS_PER_ROUND: usize = 5_000;
const LISTS_PER_ROUND: usize = 1_000;
const SEARCHES: usize = 1_000;

/// Measures with a tenth of `tasks` and then with all. `baseline` is an earlier build that is
/// measured in the same rounds, because two runs on one machine differ by more than most changes
/// do.
pub(crate) fn server(tasks: usize, baseline: Option<&Path>) -> Result<()> {
    std::fs::create_dir_all(root().join("operator-app/dist"))?;
    tools::postgres()?;
    step("the release build of the server", || {
        Run::cargo("build --release --package server --bin humanops").run()
    })?;
    let binary = target().join("release/humanops");
    let builds = [(binary.as_path(), "")];
    let earlier = baseline.map(|binary| (binary, ", earlier"));
    let (mut clusters, mut ours) = (Vec::new(), Vec::new());
    for (binary, suffix) in builds.into_iter().chain(earlier) {
        let name = format!("SQLite{suffix}");
        ours.push(step(&name, || {
            Marketplace::start(binary, &name, None, tasks)
        })?);
        let name = format!("PostgreSQL{suffix}");
        ours.push(step(&name, || {
            // The default settings, where every commit is flushed to disk.
            let cluster = Cluster::start("")?;
            let url = cluster.url("postgres");
            clusters.push(cluster);
            Marketplace::start(binary, &name, Some(url), tasks)
        })?);
    }
    let mut peer = step("PocketBase", || PocketBase::start(free_address()?))?;
    println!("{CLIENTS} keep-alive clients on the same machine; medians of {ROUNDS} rounds");
    creates(&mut ours, &mut peer)?;
    for market in &mut ours {
        let seconds = market.race()?;
        println!(
            "a race of 1000 operators for one task on {}: one gets it, and all \
                  responses arrive within {:.0} ms",
            market.name,
            seconds * 1_000.0
        );
    }
    for count in [tasks / 10, tasks] {
        step(&format!("{count} tasks in each"), || {
            peer.fill(count)?;
            ours.iter_mut().try_for_each(|market| market.fill(count))
        })?;
        lists(&ours, &peer, count)?;
    }
    for market in &ours {
        step(
            &format!("the check of the ledger on {}", market.name),
            || market.check_ledger(),
        )?;
    }
    Ok(())
}

fn creates(ours: &mut [Marketplace], peer: &mut PocketBase) -> Result<()> {
    let mut peers = Vec::new();
    let mut posts = vec![Vec::new(); ours.len()];
    let mut claims = vec![Vec::new(); ours.len()];
    for round in 1..=ROUNDS {
        peers.push(peer.create(CREATES_PER_ROUND)?);
        for (market, (posts, claims)) in ours.iter_mut().zip(posts.iter_mut().zip(&mut claims)) {
            posts.push(market.post(CREATES_PER_ROUND)?);
            claims.push(market.claim(CLAIMS_PER_ROUND)?);
        }
        eprintln!("  round {round} of {ROUNDS}");
    }
    let peer = median(&peers);
    println!("creates a second      PocketBase {peer:.0}");
    for (market, (posts, claims)) in ours.iter().zip(posts.iter().zip(&claims)) {
        let (posts, claims, name) = (median(posts), median(claims), &market.name);
        let times = posts / peer;
        println!(
            "  posts on {name:<19} {posts:.0}, {times:.1} times PocketBase; claims {claims:.0}"
        );
    }
    Ok(())
}

fn lists(ours: &[Marketplace], peer: &PocketBase, count: usize) -> Result<()> {
    let mut peers = Vec::new();
    let mut rates = vec![(Vec::new(), Vec::new()); ours.len()];
    let (peer_address, peer_request) = peer.newest();
    // Fewer requests, because PocketBase is the slowest of the three.
    let peer_requests = vec![peer_request; LISTS_PER_ROUND / 5];
    for _ in 0..ROUNDS {
        let (_, seconds) = load(peer_address, &peer_requests)?;
        peers.push(peer_requests.len() as f64 / seconds);
        for (market, (newest, nearby)) in ours.iter().zip(&mut rates) {
            newest.push(rate(market, &vec![market.newest(); LISTS_PER_ROUND])?);
            let requests: Vec<_> = (0..LISTS_PER_ROUND).map(|n| market.nearby(n * 7)).collect();
            nearby.push(rate(market, &requests)?);
        }
    }
    let peer = median(&peers);
    println!("lists of 20 a second, of {count}   PocketBase, newest {peer:.0}");
    for (market, (newest, nearby)) in ours.iter().zip(&rates) {
        let (newest, nearby) = (median(newest), median(nearby));
        let requests: Vec<_> = (0..SEARCHES).map(|n| market.nearby(n * 11 + 3)).collect();
        let times = latencies(market.address(), &requests)?;
        println!(
            "  on {:<19} newest {newest:.0}, {:.1} times PocketBase; nearby {nearby:.0}; one nearby \
             alone takes {} in the median, {} at p99",
            market.name,
            newest / peer,
            millis(&times, 50),
            millis(&times, 99),
        );
    }
    Ok(())
}

fn rate(market: &Marketplace, requests: &[Vec<u8>]) -> Result<f64> {
    let (_, seconds) = load(market.address(), requests)?;
    Ok(requests.len() as f64 / seconds)
}

fn millis(sorted: &[Duration], percent: usize) -> String {
    let nth = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    let time = sorted.get(nth).copied().unwrap_or_default();
    format!("{:.2} ms", time.as_secs_f64() * 1_000.0)
}

fn median(rates: &[f64]) -> f64 {
    let mut sorted = rates.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
