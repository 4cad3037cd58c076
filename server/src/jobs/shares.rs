//! Limits on the number of jobs that run at the same time in this process.
//!
//! Jobs that wait for other hosts are divided into pools, so that jobs for a host that hangs use no
//! permits of hosts that answer. Within a pool, lanes and owners have limits of their own.

use std::collections::HashMap;
use std::hash::Hash;

use crate::domain::job::Pool;
use crate::store::jobs::{ClaimedJob, PoolCapacity};

/// Maximum number of running jobs of one kind without a lane, plus or minus a batch.
const KIND_MAX: usize = 8;

/// The limits of a pool for jobs with a lane, which wait for other hosts most of the time.
struct Places {
    /// Running jobs of the pool, plus or minus a batch.
    all: usize,
    /// Running jobs of one lane, of any owners.
    lane: usize,
    /// Running jobs of one owner, in any lanes.
    owner: usize,
    /// Running jobs of one lane and owner.
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

/// Returns which jobs may be claimed while these are running.
pub(super) fn capacity<'a>(running: impl Iterator<Item = &'a ClaimedJob>) -> Vec<PoolCapacity> {
    let running: Vec<&ClaimedJob> = running.collect();
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
        Some(PoolCapacity {
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

/// Returns the items that occur at least `most` times, sorted.
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
