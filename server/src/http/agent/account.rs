//! Agents: registration and balance (contract §3).

use api_types::{
    AgentId,
    agent::{AgentBalance, RegisterAgent, RegisteredAgent, SandboxInfo, Tier, TierLimits},
    error::ErrorBody,
    money::Currency,
    paths,
};
use axum::{Json, extract::State, http::StatusCode, response::Response};

use crate::http::agent::keys::new_key;
use crate::http::error::{self, ApiError, checked};
use crate::http::extract::auth::{AgentAuth, RegistrationAuth};
use crate::http::extract::body::JsonBody;
use crate::http::extract::language::ReaderLanguage;
use crate::http::idempotency::once;
use crate::{
    app::App,
    domain::{account, ledger::Account, pricing},
    store::{agents, email_links, email_links::VerificationRequests, keys, ledger},
};

/// Register an agent. The response contains its first API key, which is shown only this once.
///
/// A link that verifies the e-mail address is mailed to it. Opening it raises the agent to the
/// VERIFIED tier.
#[utoipa::path(post, path = paths::REGISTER_AGENT, tag = "agents", request_body = RegisterAgent,
    params(("X-Admin-Key" = Option<String>, Header,
        description = "On servers that do not let everyone register")),
    responses((status = 201, body = RegisteredAgent), (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn register_agent(
    State(app): State<App>,
    _: RegistrationAuth,
    ReaderLanguage(language): ReaderLanguage,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let stated = checked(account::parse_agent(&posted.body))?;
    let now = app.clock.now();
    let id = AgentId::new(now, app.entropy.u128());
    let (key, stored) = new_key(&app, "default".to_owned(), now)?;
    let sandbox_info = sandbox_info(&app);
    once(
        &app,
        // There is no account yet, so two strangers may use the same idempotency key.
        posted.once(format!("register {}", stated.email)),
        StatusCode::CREATED,
        move |tx| {
            if !agents::insert(tx, id, &stated, now)? {
                return Err(error::agent_exists());
            }
            keys::insert(tx, id, &stored, &key.hash())?;
            // The mail that is scheduled here counts as the first request for one.
            let (times, last) = (0, None);
            let before = VerificationRequests { times, last };
            email_links::record_request(tx, id, before, language, now)?;
            Ok(RegisteredAgent {
                agent_id: id,
                api_key: Some(key.reveal().to_owned()),
                message: "Save this API key - it won't be shown again.".to_owned(),
                tier: Tier::Sandbox,
                verification_required: true,
                sandbox_info: sandbox_info.clone(),
            })
        },
    )
    .await
}

/// Describes the SANDBOX tier and the limits of the tiers above it on this server.
fn sandbox_info(app: &App) -> SandboxInfo {
    let of = |tier| -> TierLimits { app.config.tiers.of(tier) };
    let (verified, standard) = (of(Tier::Verified), of(Tier::Standard));
    SandboxInfo {
        what: "Your agent begins in the SANDBOX tier. Its tasks are simulated from post to proof: \
               they need no balance, move no money and reach no operator."
            .to_owned(),
        why: "Operators are people: try everything first, then say who you are.".to_owned(),
        how_to_upgrade: format!(
            "Open the link that was mailed to you for the VERIFIED tier: {} tasks a day, up to ${} \
             each. Deposit ${} or more for the STANDARD tier: {} tasks a day, up to ${} each.",
            verified.max_daily_tasks,
            verified.max_task_value,
            pricing::STANDARD_DEPOSITS_MIN,
            standard.max_daily_tasks,
            standard.max_task_value,
        ),
        limits: of(Tier::Sandbox),
    }
}

/// Read what the agent can spend, and what is held for its tasks.
#[utoipa::path(get, path = paths::BALANCE, tag = "agents",
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = AgentBalance), (status = 401, body = ErrorBody)))]
pub async fn balance(
    State(app): State<App>,
    agent: AgentAuth,
) -> Result<Json<AgentBalance>, ApiError> {
    let balance = app
        .store
        .read(move |tx| {
            Ok::<_, ApiError>(AgentBalance {
                deposit_balance: ledger::balance(tx, Account::Deposit(agent.id))?,
                escrow_balance: ledger::escrow_of(tx, agent.id)?,
                currency: Currency::Usd,
            })
        })
        .await?;
    Ok(Json(balance))
}
