//! Quotes: the price of a task and the obstacles to posting it, with POST /tasks and `dry_run`
//! (contract §4). Also determines the fee and limits of a post. Posting itself is in `tasks.rs`.

use std::cmp::Ordering;

use api_types::{
    MicroUsd,
    quote::{Obstacle, Quote, TierHeadroom},
};

use crate::http::agent::delegation;
use crate::http::error::{ApiError, insufficient_balance};
use crate::http::extract::auth::AgentAuth;
use crate::http::views;
use crate::{
    app::App,
    config::Config,
    domain::{
        ledger::Account,
        new_task::{DailyUsage, NewTask, PostContext},
        place::Spot,
        pricing,
        task::MoveContext,
        task_type,
    },
    store::{
        StoreError, Tx, agents, ledger,
        near::{self, SearchArea},
        operators::{self, OperatorFilter},
        switches,
    },
};

/// Maximum distance in metres from a task's place at which an operator counts as eligible.
const NEAR_METRES: u32 = 50_000;

/// Returns the use of the day, the fee and the limits that apply to a post now.
pub fn post_context(
    tx: &mut Tx<'_>,
    config: &Config,
    agent: &AgentAuth,
    stated: &NewTask,
    context: MoveContext,
) -> Result<PostContext, StoreError> {
    let day = pricing::day(context.now);
    let activity = agents::activity(tx, agent.id, day, day - pricing::TRAILING_DAYS)?;
    let mut limits = config.tiers.of(agent.tier);
    let mut today = activity.today;
    if stated.sandbox {
        // Simulated tasks are counted separately, against the sandbox's own limit, and spend
        // nothing.
        limits.max_daily_tasks = config.tiers.sandbox.max_daily_tasks;
        today = DailyUsage {
            tasks: activity.sandbox_tasks,
            spent: MicroUsd::ZERO,
        };
    }
    Ok(PostContext {
        type_is_off: switches::is_off(tx, stated.task_type)?,
        reward_min: config.min_task_usd,
        tier: agent.tier,
        limits,
        day,
        today,
        spent_trailing: activity.spent,
        fee: config.fee(stated.reward, activity.spent),
    })
}

/// Returns a quote for a task. It is computed again each time and not stored under an idempotency
/// key.
pub async fn quote(
    app: &App,
    agent: AgentAuth,
    stated: NewTask,
    request: delegation::PostedRequest,
    context: MoveContext,
) -> Result<Quote, ApiError> {
    let config = app.config.clone();
    app.store
        .read(move |tx| {
            let post = post_context(tx, &config, &agent, &stated, context)?;
            let balance = ledger::balance(tx, Account::Deposit(agent.id))?;
            let eligible = eligible_operators(tx, &stated)?;
            let total = stated.total(post.fee);
            let sufficient_balance = stated.sandbox || balance >= total;
            let refusals = stated.obstacles(&post).into_iter().map(ApiError::from);
            let poor = (!sufficient_balance).then(insufficient_balance);
            let policy = delegation::obstacle(tx, &agent, &stated, total, &request)?;
            let obstacles: Vec<_> = refusals.chain(policy).chain(poor).map(obstacle).collect();
            Ok::<_, StoreError>(Quote {
                dry_run: true,
                sandbox: stated.sandbox,
                sandbox_notice: views::sandbox_notice(&stated),
                would_be_created: obstacles.is_empty(),
                obstacles,
                task_type: stated.task_type,
                task_domain: task_type::rules(stated.task_type).domain,
                proof_type: stated.proof_type,
                reward_usd: stated.reward,
                platform_fee: post.fee,
                fee_percent: config.fees.percent(post.spent_trailing),
                total_escrow: total,
                balance,
                sufficient_balance,
                tier_headroom: headroom(&post),
                eligible_operators: eligible,
                deadline: stated.deadline,
            })
        })
        .await
        .map_err(ApiError::from)
}

fn obstacle(refusal: ApiError) -> Obstacle {
    Obstacle {
        code: refusal.code,
        message: refusal.message.into_owned(),
    }
}

fn headroom(post: &PostContext) -> TierHeadroom {
    let limits = post.limits;
    // If the host lowered a limit, more may already be used than it now allows.
    let left = match limits.max_daily_spend.cmp(&post.today.spent) {
        Ordering::Greater => limits.max_daily_spend.checked_sub(post.today.spent),
        Ordering::Less | Ordering::Equal => None,
    };
    TierHeadroom {
        tier: post.tier,
        max_task_usd: limits.max_task_value,
        max_daily_tasks: limits.max_daily_tasks,
        tasks_left_today: limits.max_daily_tasks.saturating_sub(post.today.tasks),
        max_daily_usd: limits.max_daily_spend,
        usd_left_today: left.unwrap_or(MicroUsd::ZERO),
    }
}

/// Counts the operators who could take the task: those near its place or without a stated place,
/// and all of them if the task has no place.
fn eligible_operators(tx: &mut Tx<'_>, stated: &NewTask) -> Result<u64, StoreError> {
    let filter = OperatorFilter {
        task_type: Some(stated.task_type),
        rating_min: stated.rating_min,
    };
    let Some(spot) = stated.spot() else {
        return operators::count_approved(tx, &filter);
    };
    let area = SearchArea {
        center: Spot::point(spot),
        within: NEAR_METRES,
    };
    let near = near::count_approved_operators(tx, &filter, area)?;
    Ok(near + operators::count_approved_anywhere(tx, &filter)?)
}
