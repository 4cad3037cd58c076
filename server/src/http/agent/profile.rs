//! The profile of an agent: its account, tier, use of today, settings and key (contract §3).

use api_types::{
    AgentId, KeyId, MicroUsd, Timestamp,
    agent::{AgentProfile, ChangeAgent, Tier, TierLimits, TierUsage},
    error::ErrorBody,
    paths,
};
use axum::{Json, extract::State};

use crate::http::agent::keys::{key_item, may_manage};
use crate::http::error::{self, ApiError, checked};
use crate::http::extract::auth::AgentAuth;
use crate::http::extract::body::JsonBody;
use crate::{
    app::App,
    config::Config,
    domain::{account, new_task::DailyUsage, pricing},
    store::{Tx, agents, keys},
};

/// Read the agent's profile: its tier, what it used of its limits today, its settings, and the key.
#[utoipa::path(get, path = paths::ME, tag = "agents",
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = AgentProfile), (status = 401, body = ErrorBody)))]
pub async fn me(State(app): State<App>, agent: AgentAuth) -> Result<Json<AgentProfile>, ApiError> {
    let (config, now) = (app.config.clone(), app.clock.now());
    let profile = app
        .store
        .read(move |tx| profile(tx, &config, agent.id, agent.key_id, now))
        .await?;
    Ok(Json(profile))
}

/// Change the agent's name, company or settings. Fields that are left out stay; null removes.
///
/// Settings are defaults for tasks that leave the field out. Only a key without a policy changes
/// them.
#[utoipa::path(patch, path = paths::ME, tag = "agents", request_body = ChangeAgent,
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = AgentProfile), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody)))]
pub async fn change_me(
    State(app): State<App>,
    agent: AgentAuth,
    posted: JsonBody,
) -> Result<Json<AgentProfile>, ApiError> {
    let change = checked(account::parse_agent_change(&posted.body))?;
    let (config, now) = (app.config.clone(), app.clock.now());
    let profile = app
        .store
        .write(move |tx| {
            // Locked, so that two changes of different fields are both kept.
            agents::lock_row(tx, agent.id)?;
            may_manage(tx, &agent)?;
            let mut stored = agents::get(tx, agent.id)?.ok_or_else(error::agent_not_found)?;
            stored.name = change.name.clone().unwrap_or(stored.name);
            stored.company = change.company.clone().unwrap_or(stored.company);
            if let Some(settings) = change.settings {
                stored.settings = settings.of(stored.settings);
            }
            agents::update(tx, &stored)?;
            profile(tx, &config, agent.id, agent.key_id, now)
        })
        .await?;
    Ok(Json(profile))
}

fn profile(
    tx: &mut Tx<'_>,
    config: &Config,
    id: AgentId,
    key_id: KeyId,
    now: Timestamp,
) -> Result<AgentProfile, ApiError> {
    let agent = agents::get(tx, id)?.ok_or_else(error::agent_not_found)?;
    let day = pricing::day(now);
    let limits = config.tiers.of(agent.tier);
    let activity = agents::activity(tx, id, day, day)?;
    let mut used = activity.today;
    if agent.tier == Tier::Sandbox {
        // All tasks of this tier are simulated, and are counted separately.
        used.tasks = activity.sandbox_tasks;
    }
    let today = todays_use(used, limits, day, now);
    let key = keys::of_agent(tx, id)?
        .into_iter()
        .find(|key| key.id == key_id);
    Ok(AgentProfile {
        agent_id: agent.id,
        name: agent.name,
        email: agent.email,
        email_verified_at: agent.email_verified_at,
        company: agent.company,
        tier: agent.tier,
        limits,
        today,
        wallet: None,
        settings: agent.settings,
        key: key.map(key_item).ok_or_else(error::unauthorized_agent)?,
        created_at: agent.created_at,
    })
}

fn todays_use(today: DailyUsage, limits: TierLimits, day: i64, now: Timestamp) -> TierUsage {
    let spend_left = limits.max_daily_spend.checked_sub(today.spent);
    let midnight = (day.checked_add(1)).and_then(|next| next.checked_mul(pricing::DAY_MILLIS));
    TierUsage {
        tasks: today.tasks,
        tasks_left: limits.max_daily_tasks.saturating_sub(today.tasks),
        spent_usd: today.spent,
        // The tier's limits may have been lowered since.
        spend_left_usd: spend_left.unwrap_or_default().max(MicroUsd::ZERO),
        resets_at: midnight.and_then(Timestamp::from_millis).unwrap_or(now),
    }
}
