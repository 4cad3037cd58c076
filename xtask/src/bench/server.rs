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

/// An even number, so that each server is as often before as behind each other one.
const ROUNDS: usize = 8;
/// SQLite and PostgreSQL. The servers of an earlier build are listed behind those of this one.
const DATABASES: usize = 2;
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
        lists(&mut ours, &peer, count)?;
    }
    for market in &ours {
        step(
            &format!("the check of the ledger on {}", market.name),
            || market.check_ledger(),
        )?;
    }
    Ok(())
}

/// A server and its rates in each round: posts and claims, or lists of the newest and nearby.
struct Row<'a> {
    market: &'a mut Marketplace,
    rates: [Vec<f64>; 2],
}

fn rows(ours: &mut [Marketplace]) -> Vec<Row<'_>> {
    let row = |market| Row {
        market,
        rates: Default::default(),
    };
    ours.iter_mut().map(row).collect()
}

/// Measures every server. Every second round is in reverse, because a server is slower after some
/// of the others than after the rest.
fn measure(
    rows: &mut [Row<'_>],
    round: usize,
    rates: impl Fn(&mut Marketplace) -> Result<[f64; 2]>,
) -> Result<()> {
    let mut in_order: Vec<_> = rows.iter_mut().collect();
    if round.is_multiple_of(2) {
        in_order.reverse();
    }
    for row in in_order {
        let rates = rates(row.market)?;
        for (all, rate) in row.rates.iter_mut().zip(rates) {
            all.push(rate);
        }
    }
    eprintln!("  round {round} of {ROUNDS}");
    Ok(())
}

fn creates(ours: &mut [Marketplace], peer: &mut PocketBase) -> Result<()> {
    let mut peers = Vec::new();
    let mut rows = rows(ours);
    for round in 1..=ROUNDS {
        peers.push(peer.create(CREATES_PER_ROUND)?);
        measure(&mut rows, round, |market| {
            Ok([
                market.post(CREATES_PER_ROUND)?,
                market.claim(CLAIMS_PER_ROUND)?,
            ])
        })?;
    }
    let peer = median(&peers);
    println!("creates a second      PocketBase {peer:.0}");
    for (index, row) in rows.iter().enumerate() {
        let ([posts, claims], name) = (row.medians(), &row.market.name);
        let times = posts / peer;
        let earlier = against_earlier(row, rows.get(index + DATABASES));
        println!(
            "  posts on {name:<19} {posts:.0}, {times:.1} times PocketBase; claims {claims:.0}\
             {earlier}"
        );
    }
    Ok(())
}

fn lists(ours: &mut [Marketplace], peer: &PocketBase, count: usize) -> Result<()> {
    let mut peers = Vec::new();
    let mut rows = rows(ours);
    let (peer_address, peer_request) = peer.newest();
    // Fewer requests, because PocketBase is the slowest of the three.
    let peer_requests = vec![peer_request; LISTS_PER_ROUND / 5];
    for round in 1..=ROUNDS {
        let (_, seconds) = load(peer_address, &peer_requests)?;
        peers.push(peer_requests.len() as f64 / seconds);
        measure(&mut rows, round, |market| {
            let newest = vec![market.newest(); LISTS_PER_ROUND];
            let nearby: Vec<_> = (0..LISTS_PER_ROUND).map(|n| market.nearby(n * 7)).collect();
            Ok([rate(market, &newest)?, rate(market, &nearby)?])
        })?;
    }
    let peer = median(&peers);
    println!("lists of 20 a second, of {count}   PocketBase, newest {peer:.0}");
    for (index, row) in rows.iter().enumerate() {
        let ([newest, nearby], market) = (row.medians(), &*row.market);
        let requests: Vec<_> = (0..SEARCHES).map(|n| market.nearby(n * 11 + 3)).collect();
        let times = latencies(market.address(), &requests)?;
        println!(
            "  on {:<19} newest {newest:.0}, {:.1} times PocketBase; nearby {nearby:.0}; one nearby \
             alone takes {} in the median, {} at p99{}",
            market.name,
            newest / peer,
            millis(&times, 50),
            millis(&times, 99),
            against_earlier(row, rows.get(index + DATABASES)),
        );
    }
    Ok(())
}

impl Row<'_> {
    fn medians(&self) -> [f64; 2] {
        self.rates.each_ref().map(|rates| median(rates))
    }
}

/// Describes how many times as fast as the earlier build a server is: the median over the rounds.
/// Empty if there is no earlier build.
fn against_earlier(now: &Row<'_>, earlier: Option<&Row<'_>>) -> String {
    let Some(earlier) = earlier else {
        return String::new();
    };
    let ratio = |(now, earlier): (&Vec<f64>, &Vec<f64>)| {
        let rounds = now.iter().zip(earlier);
        let ratios: Vec<_> = rounds.map(|(now, earlier)| now / earlier).collect();
        format!("{:.2}", median(&ratios))
    };
    let ratios: Vec<_> = now.rates.iter().zip(&earlier.rates).map(ratio).collect();
    format!("; times the earlier build: {}", ratios.join(" and "))
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
