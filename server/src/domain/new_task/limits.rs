//! What platform, type and tier allow (contract §3, §4).

use api_types::{
    MicroUsd,
    agent::{Tier, TierLimits},
    task::TaskType,
};

use super::NewTask;
use crate::domain::task_type;

/// The largest reward of any task (contract §4).
pub const REWARD_MAX: MicroUsd = MicroUsd::usd(10_000);

/// A rule that a well-formed task breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostRefusal {
    /// The host takes no new task of this type.
    TypeOff {
        /// The type.
        task_type: TaskType,
    },
    /// The reward is below the platform's minimum.
    RewardTooSmall {
        /// The minimum.
        least: MicroUsd,
    },
    /// The reward is above the type's maximum.
    RewardAboveType {
        /// The type.
        task_type: TaskType,
        /// Its maximum.
        most: MicroUsd,
    },
    /// The reward is above the tier's maximum.
    RewardAboveTier {
        /// The tier.
        tier: Tier,
        /// Its maximum.
        most: MicroUsd,
    },
    /// The day's tasks are used up.
    DailyTasks {
        /// How many a UTC day may have.
        most: u32,
    },
    /// The day's simulated tasks are used up.
    DailySandboxTasks {
        /// How many a UTC day may have.
        most: u32,
    },
    /// The day's spending is used up.
    DailySpend {
        /// How much a UTC day may have.
        most: MicroUsd,
    },
}

/// What an agent did today already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Today {
    /// Tasks posted.
    pub tasks: u32,
    /// Rewards and fees of those that were not cancelled.
    pub spent: MicroUsd,
}

/// The circumstances of a post.
#[derive(Clone, Copy, Debug)]
pub struct Post {
    /// Whether the host has switched the task's type off.
    pub type_is_off: bool,
    /// The platform's smallest reward.
    pub reward_min: MicroUsd,
    /// The agent's tier.
    pub tier: Tier,
    /// Its limits.
    pub limits: TierLimits,
    /// What the agent did today already.
    pub today: Today,
    /// Today, in days since 1970.
    pub day: i64,
    /// What it spent in the trailing thirty days.
    pub spent_trailing: MicroUsd,
    /// The platform's fee for the task.
    pub fee: MicroUsd,
}

impl NewTask {
    /// Whether the platform, the type and the tier allow this task, beside what the agent posted
    /// today.
    ///
    /// # Errors
    /// The first rule it breaks, in the order of the variants of [`PostRefusal`].
    pub fn allowed(&self, post: &Post) -> Result<(), PostRefusal> {
        self.obstacles(post).into_iter().next().map_or(Ok(()), Err)
    }

    /// The refusal of one task more than a day may have.
    fn too_many_today(&self, most: u32) -> PostRefusal {
        match self.sandbox {
            true => PostRefusal::DailySandboxTasks { most },
            false => PostRefusal::DailyTasks { most },
        }
    }

    /// Every rule of platform, type and tier that stands against this task now, in the order of
    /// the variants of [`PostRefusal`].
    pub fn obstacles(&self, post: &Post) -> Vec<PostRefusal> {
        let limits = post.limits;
        let most = task_type::rules(self.task_type).reward_max.min(REWARD_MAX);
        let spent = post.today.spent.checked_add(self.total(post.fee));
        let task_type = self.task_type;
        let rules = [
            (post.type_is_off, PostRefusal::TypeOff { task_type }),
            (
                self.reward < post.reward_min,
                PostRefusal::RewardTooSmall {
                    least: post.reward_min,
                },
            ),
            (
                self.reward > most,
                PostRefusal::RewardAboveType { task_type, most },
            ),
            (
                self.reward > limits.max_task_value,
                PostRefusal::RewardAboveTier {
                    tier: post.tier,
                    most: limits.max_task_value,
                },
            ),
            (
                post.today.tasks >= limits.max_daily_tasks,
                self.too_many_today(limits.max_daily_tasks),
            ),
            (
                spent.is_none_or(|spent| spent > limits.max_daily_spend),
                PostRefusal::DailySpend {
                    most: limits.max_daily_spend,
                },
            ),
        ];
        let broken = rules.into_iter().filter(|(is_broken, _)| *is_broken);
        broken.map(|(_, refusal)| refusal).collect()
    }
}
