//! The limits that the platform, the task type and the agent's tier set for a new task (contract
//! §3, §4).

use api_types::{
    MicroUsd,
    agent::{Tier, TierLimits},
    task_type::TaskType,
};

use super::NewTask;
use crate::domain::task_type;

/// The largest reward of any task (contract §4).
pub const REWARD_MAX: MicroUsd = MicroUsd::usd(10_000);

/// A rule that a well-formed task breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostRefusal {
    /// The host accepts no new tasks of this type.
    TypeOff {
        /// The type of the task.
        task_type: TaskType,
    },
    /// The reward is below the platform's minimum.
    RewardTooSmall {
        /// The platform's minimum.
        least: MicroUsd,
    },
    /// The reward is above the type's maximum.
    RewardAboveType {
        /// The type of the task.
        task_type: TaskType,
        /// The type's maximum.
        most: MicroUsd,
    },
    /// The reward is above the tier's maximum.
    RewardAboveTier {
        /// The agent's tier.
        tier: Tier,
        /// The tier's maximum.
        most: MicroUsd,
    },
    /// The agent has reached its daily number of tasks.
    DailyTasks {
        /// Maximum tasks per UTC day.
        most: u32,
    },
    /// The agent has reached its daily number of simulated tasks.
    DailySandboxTasks {
        /// Maximum simulated tasks per UTC day.
        most: u32,
    },
    /// The task would exceed the agent's daily spending limit.
    DailySpend {
        /// Maximum spending per UTC day.
        most: MicroUsd,
    },
}

/// What an agent has posted on the current UTC day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DailyUsage {
    /// Number of tasks posted.
    pub tasks: u32,
    /// Rewards and fees of the tasks that were not cancelled.
    pub spent: MicroUsd,
}

/// The facts that the limits and the fee of a new task depend on.
#[derive(Clone, Copy, Debug)]
pub struct PostContext {
    /// Whether the host has switched off the task's type.
    pub type_is_off: bool,
    /// The platform's minimum reward.
    pub reward_min: MicroUsd,
    /// The agent's tier.
    pub tier: Tier,
    /// The limits of the tier.
    pub limits: TierLimits,
    /// What the agent has posted today; only simulated tasks count for a simulated one.
    pub today: DailyUsage,
    /// The current UTC day, in days since 1970-01-01.
    pub day: i64,
    /// What the agent spent in the trailing thirty days, today included.
    pub spent_trailing: MicroUsd,
    /// The platform's fee for the task.
    pub fee: MicroUsd,
}

impl NewTask {
    /// Checks the task against the limits of the platform, its type and the agent's tier, given
    /// what the agent has posted today.
    ///
    /// # Errors
    /// The first broken rule, in the order of the variants of [`PostRefusal`].
    pub fn allowed(&self, post: &PostContext) -> Result<(), PostRefusal> {
        self.obstacles(post).into_iter().next().map_or(Ok(()), Err)
    }

    /// Returns the refusal for reaching the daily number of tasks.
    fn too_many_today(&self, most: u32) -> PostRefusal {
        match self.sandbox {
            true => PostRefusal::DailySandboxTasks { most },
            false => PostRefusal::DailyTasks { most },
        }
    }

    /// Returns every rule of platform, type and tier that the task breaks now, in the order of the
    /// variants of [`PostRefusal`].
    pub fn obstacles(&self, post: &PostContext) -> Vec<PostRefusal> {
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
