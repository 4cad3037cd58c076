//! Operators: registration, profile, earnings (contract §6).

use std::time::Duration;

use api_types::{
    MicroUsd, OperatorId,
    agent::Currency,
    error::ErrorBody,
    operator::{
        EarnedTask, Earnings, KycStatus, OperatorProfile, RegisterOperator, RegisteredOperator,
    },
    paths,
};
use axum::{Json, extract::State, http::StatusCode, response::Response};

use super::{
    auth::OperatorAuth,
    body::Posted,
    error::{self, ApiError, checked},
    idempotency::once,
    views,
};
use crate::{
    app::App,
    config::Kyc,
    domain::{account, ledger::Account, task::Task},
    store::{ledger, operators, tasks},
};

/// Completed tasks that the earnings list.
const RECENT_TASKS: u32 = 20;

/// Register an operator. Where identities are checked by hand, `kyc_status` begins as PENDING.
#[utoipa::path(post, path = paths::REGISTER_OPERATOR, tag = "operators",
    request_body = RegisterOperator,
    responses((status = 201, body = RegisteredOperator), (status = 400, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub async fn register_operator(
    State(app): State<App>,
    posted: Posted,
) -> Result<Response, ApiError> {
    let stated = checked(account::parse_operator(&posted.body))?;
    let now = app.clock.now();
    let id = OperatorId::new(now, app.entropy.u128());
    let kyc = match app.config.kyc {
        Kyc::Auto => KycStatus::Approved,
        Kyc::Manual => KycStatus::Pending,
    };
    once(
        &app,
        posted.once("register"),
        StatusCode::CREATED,
        move |tx| {
            if !operators::insert(tx, id, &stated, kyc, now)? {
                return Err(error::operator_exists());
            }
            Ok(RegisteredOperator {
                operator_id: id,
                name: stated.name.clone(),
                kyc_status: kyc,
            })
        },
    )
    .await
}

/// Who the operator is, as the server knows it.
#[utoipa::path(get, path = paths::OPERATOR_PROFILE, tag = "operators",
    security(("operator_id" = [])),
    responses((status = 200, body = OperatorProfile), (status = 401, body = ErrorBody)))]
pub async fn operator_profile(
    State(app): State<App>,
    operator: OperatorAuth,
) -> Result<Json<OperatorProfile>, ApiError> {
    let found = app
        .store
        .read(move |tx| operators::get(tx, operator.id))
        .await?;
    let found = found.ok_or_else(error::unauthorized_operator)?;
    Ok(Json(OperatorProfile {
        operator_id: found.id,
        name: found.name,
        email: found.email,
        kyc_status: found.kyc_status,
        skills: found.skills,
        rating: None,
    }))
}

/// What the operator earned: pending, available, in review and paid out, each a number of its own.
#[utoipa::path(get, path = paths::EARNINGS, tag = "operators",
    security(("operator_id" = [])),
    responses((status = 200, body = Earnings), (status = 401, body = ErrorBody)))]
pub async fn earnings(
    State(app): State<App>,
    operator: OperatorAuth,
) -> Result<Json<Earnings>, ApiError> {
    let days = u64::from(app.config.settlement_hold_days);
    let hold = Duration::from_secs(days * 86_400);
    let earnings = app
        .store
        .read(move |tx| {
            let pending_balance = ledger::balance(tx, Account::Pending(operator.id))?;
            let available_balance = MicroUsd::ZERO;
            let total_earned = ledger::earned_by(tx, operator.id)?;
            let recent = tasks::completed_by(tx, operator.id, RECENT_TASKS)?;
            Ok::<_, ApiError>(Earnings {
                pending_balance,
                available_balance,
                total_earned,
                paid_out: views::paid_out(total_earned, pending_balance, available_balance),
                in_review: tasks::in_review(tx, operator.id)?,
                currency: Currency::Usd,
                recent_tasks: recent
                    .into_iter()
                    .filter_map(|task| earned(task, hold))
                    .collect(),
            })
        })
        .await?;
    Ok(Json(earnings))
}

fn earned(task: Task, hold: Duration) -> Option<EarnedTask> {
    let completed_at = task.at.completed?;
    Some(EarnedTask {
        task_id: task.id,
        title: task.stated.title,
        reward_usd: task.stated.reward,
        status: task.status,
        completed_at,
        available_at: completed_at.after(hold),
    })
}
