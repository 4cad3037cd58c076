//! Operators: registration, profile, search and earnings (contract §6).

use api_types::{
    OperatorId,
    agent::Currency,
    error::ErrorBody,
    operator::{
        ChangeOperator, EarnedTask, Earnings, FoundOperator, KycStatus, OperatorProfile,
        RegisterOperator, RegisteredOperator,
    },
    page::Page,
    paths,
    payout::EarningsAndPayouts,
    task::TaskType,
};
use axum::{Json, extract::State, http::StatusCode, response::Response};

use super::{
    auth::{AgentAuth, OperatorAuth},
    body::JsonBody,
    error::{self, ApiError, checked},
    idempotency::once,
    near::{self, near_window},
    page::{Parameters, TASK_TYPE_MUST},
    payouts::view as payout_view,
    views,
};
use crate::{
    app::App,
    config::KycMode,
    domain::{account, ledger::Account, new_task::MinimumRating, place::Spot, task::Task},
    store::{
        StoreError, Tx, ledger,
        near::{self as store_near, SearchArea},
        operators::{self, Operator, OperatorFilter},
        payouts, tasks,
    },
};

/// Default radius in kilometres in which agents search for operators.
const SEARCH_RADIUS_KM: f64 = 50.0;

/// Maximum number of completed tasks listed in the earnings.
const RECENT_TASKS: u32 = 20;

/// Maximum number of payouts listed in the earnings.
const RECENT_PAYOUTS: u32 = 20;

/// Register an operator. Where identities are checked manually, `kyc_status` starts as PENDING.
///
/// # Errors
/// 501 on servers where operators cannot sign in yet, so that an account would be of no use.
#[utoipa::path(post, path = paths::REGISTER_OPERATOR, tag = "operators",
    request_body = RegisterOperator,
    responses((status = 201, body = RegisteredOperator), (status = 400, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 501, body = ErrorBody)))]
pub async fn register_operator(
    State(app): State<App>,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    if !app.config.allow_dev_operator_id_header {
        return Err(error::no_operator_sign_in());
    }
    let stated = checked(account::parse_operator(&posted.body))?;
    let now = app.clock.now();
    let id = OperatorId::new(now, app.entropy.u128());
    let kyc = match app.config.kyc {
        KycMode::Auto => KycStatus::Approved,
        KycMode::Manual => KycStatus::Pending,
    };
    once(
        &app,
        // There is no account yet, so two strangers may use the same idempotency key.
        posted.once(format!("register {}", stated.email)),
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

/// Read the operator's own profile.
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
    Ok(Json(profile(
        found.ok_or_else(error::unauthorized_operator)?,
    )))
}

/// Change the operator's profile. Fields that are left out stay as they are.
#[utoipa::path(patch, path = paths::OPERATOR_PROFILE, tag = "operators",
    request_body = ChangeOperator, security(("operator_id" = [])),
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
        kyc_status: operator.kyc_status,
        skills: operator.skills,
        location: operator.place,
        rating: operator.rating,
    }
}

/// Find verified operators near a place, nearest first.
///
/// Operators who did not state where they work are not found. Operators' places are stored to a
/// tenth of a degree. The default of `radius_km` is 50. `pagination.total` is counted up to 1 000.
#[utoipa::path(get, path = paths::SEARCH_OPERATORS, tag = "operators",
    params(("lat" = f64, Query, minimum = -90, maximum = 90),
        ("lng" = f64, Query, minimum = -180, maximum = 180),
        ("radius_km" = Option<f64>, Query), ("task_type" = Option<TaskType>, Query),
        ("min_rating" = Option<f64>, Query, minimum = 1, maximum = 5,
            description = "Leaves out who is rated lower, or by nobody yet"),
        ("limit" = Option<u32>, Query), ("offset" = Option<u32>, Query),
        ("cursor" = Option<String>, Query)),
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = Page<FoundOperator>), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody)))]
pub async fn search_operators(
    State(app): State<App>,
    _: AgentAuth,
    mut query: Parameters,
) -> Result<Json<Page<FoundOperator>>, ApiError> {
    let page = query.page();
    let task_type = query.read("task_type", TASK_TYPE_MUST, TaskType::parse);
    let stars = "must be a number from 1 to 5 with at most two decimals";
    let rating_min = query.read("min_rating", stars, MinimumRating::parse);
    let around = near::around(&mut query, Some(SEARCH_RADIUS_KM));
    query.finish()?;
    let around = around.ok_or_else(|| error::missing("lat"))?;
    let sought = OperatorFilter {
        task_type,
        rating_min,
    };
    let window = near_window(&page)?;
    let (rows, total) = app
        .store
        .read(move |tx| {
            let (after, most) = (window.after, window.most);
            let found = store_near::approved_operators(tx, &sought, around, after, most)?;
            let shown = found.into_iter().skip(window.offset);
            let rows = shown.map(|operator| found_operator(tx, operator, around));
            let rows = rows.collect::<Result<Vec<_>, _>>()?;
            let total = store_near::count_approved_operators(tx, &sought, around)?;
            Ok::<_, StoreError>((rows, total))
        })
        .await?;
    let page = page.of(rows, total, |(spot, row)| near::cursor(*spot, row.id));
    Ok(Json(near::without_spots(page)))
}

fn found_operator(
    tx: &mut Tx<'_>,
    operator: Operator,
    around: SearchArea,
) -> Result<(Option<Spot>, FoundOperator), StoreError> {
    let metres = operator.spot.map(|spot| spot.metres_from(around.center));
    let found = FoundOperator {
        id: operator.id,
        name: views::shortened(&operator.name),
        rating: operator.rating,
        skills: operator.skills,
        completed_tasks: tasks::count_completed_by(tx, operator.id)?,
        distance_km: (metres.unwrap_or_default() + 500) / 1_000,
    };
    Ok((operator.spot, found))
}

/// Read the operator's earnings: pending, available, in review and paid out, as separate amounts.
#[utoipa::path(get, path = paths::EARNINGS, tag = "operators",
    security(("operator_id" = [])),
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
                in_review: tasks::in_review(tx, operator.id)?,
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
        reward_usd: task.operators_part(),
        task_id: task.id,
        title: task.stated.title,
        status: task.status,
        completed_at,
        available_at,
    })
}
