//! How many jobs of which sort may run at the same time in this process.
//!
//! Work that waits for others is cut into pools, so that what waits for a host that hangs has no
//! place of those whose hosts answer; within a pool nobody has more than a share.

use std::collections::HashMap;
use std::hash::Hash;

use crate::domain::job::Pool;
use crate::store::jobs::{Claimed, WantedOfPool};

/// Jobs of one kind without a lane that run at the same time, give or take a batch.
const KIND_MAX: usize = 8;

/// The places of a pool for jobs with a lane, which wait for others most of the time.
struct Places {
    /// In all, give or take a batch.
    all: usize,
    /// Of one lane, whoever its owners are.
    lane: usize,
    /// Of one owner, likewise.
    owner: usize,
    /// Of one lane and owner.
    pair: usize,
}

const fn places(pool: Pool) -> Places {
    match pool {
        Pool::Ordinary => Places {
            all: 256,
            lane: 64,
            owner: 8,
            pair: 4,
        },
        Pool::Untried => Places {
            all: 64,
            lane: 2,
            owner: 4,
            pair: 1,
        },
        Pool::Doubtful | Pool::Unresponsive => Places {
            all: 32,
            lane: 2,
            owner: 2,
            pair: 1,
        },
    }
}

/// What may be claimed beside these jobs, which run.
pub(super) fn wanted<'a>(running: impl Iterator<Item = &'a Claimed>) -> Vec<WantedOfPool> {
    let running: Vec<&Claimed> = running.collect();
    let of_pool = |pool| {
        let running: Vec<_> = running.iter().filter(|one| one.pool == pool).collect();
        let laned: Vec<_> = running.iter().filter(|one| !one.lane.is_empty()).collect();
        let places = places(pool);
        if pool != Pool::Ordinary && laned.len() >= places.all {
            return None;
        }
        let alone = running.iter().filter(|one| one.lane.is_empty());
        let mut full_kinds = full(alone.map(|one| one.job.kind()), KIND_MAX);
        full_kinds.extend(full(laned.iter().map(|one| one.job.kind()), places.all));
        let owned = laned.iter().filter(|one| !one.owner.is_empty());
        Some(WantedOfPool {
            pool,
            full_kinds,
            full_lanes: full(laned.iter().map(|one| one.lane.clone()), places.lane),
            full_owners: full(owned.map(|one| one.owner.clone()), places.owner),
            full_pairs: full(
                laned
                    .iter()
                    .map(|one| (one.lane.clone(), one.owner.clone())),
                places.pair,
            ),
        })
    };
    Pool::ALL.into_iter().filter_map(of_pool).collect()
}

/// What is there so many times, in an order that does not change.
fn full<T: Eq + Hash + Ord + Clone>(all: impl Iterator<Item = T>, most: usize) -> Vec<T> {
    let mut counts: HashMap<T, usize> = HashMap::new();
    for one in all {
        *counts.entry(one).or_default() += 1;
    }
    let mut full: Vec<T> = counts
        .into_iter()
        .filter_map(|(one, count)| (count >= most).then_some(one))
        .collect();
    full.sort();
    full
}
