//! The operator's own profile and earnings (contract §6).

use api_types::{
    error::ErrorBody,
    money::Currency,
    operator::{ChangeOperator, EarnedTask, Earnings, OperatorProfile},
    paths,
    payout::EarningsAndPayouts,
};
use axum::{Json, extract::State};

use crate::http::error::{self, ApiError, checked};
use crate::http::extract::auth::OperatorAuth;
use crate::http::extract::body::JsonBody;
use crate::http::operator::payouts::view as payout_view;
use crate::http::views;
use crate::{
    app::App,
    domain::{account, ledger::Account, task::Task},
    store::{
        ledger,
        operators::{self, Operator},
        payouts, tasks,
    },
};

/// Maximum number of completed tasks listed in the earnings.
const RECENT_TASKS: u32 = 20;

/// Maximum number of payouts listed in the earnings.
const RECENT_PAYOUTS: u32 = 20;

/// Read the operator's own profile.
#[utoipa::path(get, path = paths::OPERATOR_PROFILE, tag = "operators",
    security(("access_token" = []), ("operator_id" = [])),
    responses((status = 200, body = OperatorProfile), (status = 401, body = ErrorBody)))]
pub async fn operator_profile(
    State(app): State<App>,
    operator: OperatorAuth,
) -> Result<Json<OperatorProfile>, ApiError> {
    let found = app
        .store
        .read(move |tx| operators::get(tx, operator.id))
        .await?;
    Ok(Json(profile(
        found.ok_or_else(error::unauthorized_operator)?,
    )))
}

/// Change the operator's profile. Fields that are left out stay as they are.
#[utoipa::path(patch, path = paths::OPERATOR_PROFILE, tag = "operators",
    request_body = ChangeOperator, security(("access_token" = []), ("operator_id" = [])),
    responses((status = 200, body = OperatorProfile), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody)))]
pub async fn change_operator(
    State(app): State<App>,
    operator: OperatorAuth,
    posted: JsonBody,
) -> Result<Json<OperatorProfile>, ApiError> {
    let changed = checked(account::parse_operator_change(&posted.body))?;
    let found = app
        .store
        .write(move |tx| {
            operators::update(tx, operator.id, &changed)?;
            operators::get(tx, operator.id)
        })
        .await?;
    Ok(Json(profile(
        found.ok_or_else(error::unauthorized_operator)?,
    )))
}

fn profile(operator: Operator) -> OperatorProfile {
    OperatorProfile {
        operator_id: operator.id,
        name: operator.name,
        email: operator.email,
        email_confirmed: operator.has_confirmed_email,
        kyc_status: operator.kyc_status,
        skills: operator.skills,
        location: operator.place,
        rating: operator.rating,
    }
}

/// Read the operator's earnings: pending, available, in review and paid out, as separate amounts.
#[utoipa::path(get, path = paths::EARNINGS, tag = "operators",
    security(("access_token" = []), ("operator_id" = [])),
    responses((status = 200, body = EarningsAndPayouts), (status = 401, body = ErrorBody)))]
pub async fn earnings(
    State(app): State<App>,
    operator: OperatorAuth,
) -> Result<Json<EarningsAndPayouts>, ApiError> {
    let earnings = app
        .store
        .read(move |tx| {
            let pending_balance = ledger::balance(tx, Account::Pending(operator.id))?;
            let available_balance = ledger::balance(tx, Account::Available(operator.id))?;
            let (paying_out, arrived) = payouts::sums(tx, operator.id)?;
            let paid_out = views::sum([paying_out, arrived]);
            let recent = tasks::completed_by(tx, operator.id, RECENT_TASKS)?;
            let earnings = Earnings {
                pending_balance,
                available_balance,
                // Amounts that were taken back in a dispute are in none of the three.
                total_earned: views::sum([pending_balance, available_balance, paid_out]),
                paid_out,
                in_review: tasks::reward_in_review(tx, operator.id)?,
                currency: Currency::Usd,
                recent_tasks: recent.into_iter().filter_map(earned).collect(),
            };
            let latest = payouts::latest(tx, operator.id, RECENT_PAYOUTS)?;
            Ok::<_, ApiError>(EarningsAndPayouts {
                earnings,
                paying_out,
                recent_payouts: latest.iter().map(payout_view).collect(),
            })
        })
        .await?;
    Ok(Json(earnings))
}

fn earned(task: Task) -> Option<EarnedTask> {
    let completed_at = task.at.completed?;
    let available_at = task.available_at()?;
    Some(EarnedTask {
        reward_usd: task.operator_share(),
        task_id: task.id,
        title: task.stated.title,
        status: task.status,
        completed_at,
        available_at,
    })
}
