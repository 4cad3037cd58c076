//! The operator's side of tasks: find, list own, read, accept, estimate, start, withdraw, submit
//! (contract §4, §6).

use api_types::{
    MicroUsd, OperatorId, TaskId,
    error::ErrorBody,
    estimate::{Estimate, GiveEstimate},
    operator::KycStatus,
    page::Page,
    paths,
    status::MovedTask,
    task::{AcceptedTask, OperatorTaskView},
    task_type::TaskType,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};

use crate::http::agent::tasks::task_id;
use crate::http::error::{self, ApiError, checked};
use crate::http::extract::auth::OperatorAuth;
use crate::http::extract::body::JsonBody;
use crate::http::extract::near::{self, near_window};
use crate::http::extract::page::{PageQuery, Parameters, TASK_TYPE_MUST};
use crate::http::idempotency::{OnceKey, once, unless_answered};
use crate::http::task_details::{self, TaskDetails};
use crate::http::views;
use crate::{
    app::App,
    domain::{
        estimate,
        fields::{USD_DECIMALS, no_fields},
        moves::Move,
        task::{MoveContext, Moved, Refusal, Task},
    },
    store::{
        StoreError, Tx, moves,
        near::{self as store_near, SearchArea},
        operators,
        search::{PageOfRows, PageWindow},
        tasks::{self, Eligible},
    },
};

/// Find tasks that can be accepted: newest first, or nearest first from `lat` and `lng`.
///
/// `pagination.total` is counted up to 1 000.
#[utoipa::path(get, path = paths::FIND_TASKS, tag = "operators",
    params(("lat" = Option<f64>, Query), ("lng" = Option<f64>, Query),
        ("radius_km" = Option<f64>, Query, description = "Only so far from lat and lng"),
        ("task_type" = Option<TaskType>, Query), ("min_reward" = Option<MicroUsd>, Query),
        ("limit" = Option<u32>, Query), ("offset" = Option<u32>, Query),
        ("cursor" = Option<String>, Query)),
    security(("access_token" = []), ("operator_id" = [])),
    responses((status = 200, body = Page<OperatorTaskView>), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody)))]
pub async fn find_tasks(
    State(app): State<App>,
    operator: OperatorAuth,
    mut query: Parameters,
) -> Result<Json<Page<OperatorTaskView>>, ApiError> {
    let page = query.page();
    let task_type = query.read("task_type", TASK_TYPE_MUST, TaskType::parse);
    let dollars = |text: &str| MicroUsd::parse(text, USD_DECIMALS).ok();
    let reward_min = query.read("min_reward", "must be an amount of US dollars", dollars);
    let area = near::area(&mut query, None);
    query.finish()?;
    // The list contains only tasks that match the operator's skills and rating.
    let may_claim = operator.may_accept();
    let eligible = Eligible {
        skills: operator.skills,
        task_type,
        reward_min,
        rating: app
            .store
            .read(move |tx| operators::rating(tx, operator.id))
            .await?,
        now: app.clock.now(),
    };
    if let Some(area) = area {
        return list_near(&app, page, eligible, area, may_claim).await;
    }
    let open = move |tx: &mut Tx<'_>, window| tasks::list_open(tx, &eligible, window);
    list(&app, page, may_claim, open).await
}

async fn list_near(
    app: &App,
    page: PageQuery,
    eligible: Eligible,
    area: SearchArea,
    may_claim: bool,
) -> Result<Json<Page<OperatorTaskView>>, ApiError> {
    let window = near_window(&page)?;
    let (loaded, total) = app
        .store
        .read(move |tx| {
            let (after, most) = (window.after, window.most);
            let found = store_near::open_tasks(tx, &eligible, area, after, most)?;
            let shown = found.into_iter().skip(window.offset).collect();
            let loaded = task_details::load_all(tx, shown)?;
            let total = store_near::count_open_tasks(tx, &eligible, area)?;
            Ok::<_, ApiError>((loaded, total))
        })
        .await?;
    let now = app.clock.now();
    let row = |details: TaskDetails| {
        let spot = details.task.stated.spot();
        let mut row = views::for_operator(app, details, now, may_claim);
        let metres = spot.map(|spot| spot.metres_from(area.center));
        row.distance_km = metres.map(near::kilometres);
        (spot, row)
    };
    let rows: Vec<_> = loaded.into_iter().map(row).collect();
    let page = page.of(rows, total, |(spot, row)| near::cursor(*spot, row.task_id));
    Ok(Json(near::without_spots(page)))
}

/// List the tasks that the operator claimed, newest first.
#[utoipa::path(get, path = paths::MY_TASKS, tag = "operators",
    params(("limit" = Option<u32>, Query), ("offset" = Option<u32>, Query),
        ("cursor" = Option<String>, Query)),
    security(("access_token" = []), ("operator_id" = [])),
    responses((status = 200, body = Page<OperatorTaskView>), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody)))]
pub async fn my_tasks(
    State(app): State<App>,
    operator: OperatorAuth,
    page: PageQuery,
) -> Result<Json<Page<OperatorTaskView>>, ApiError> {
    let mine = move |tx: &mut Tx<'_>, window| tasks::of_operator(tx, operator.id, window);
    list(&app, page, false, mine).await
}

async fn list(
    app: &App,
    page: PageQuery,
    may_claim: bool,
    find: impl Fn(&mut Tx<'_>, PageWindow<TaskId>) -> Result<PageOfRows<Task>, StoreError>
    + Send
    + 'static,
) -> Result<Json<Page<OperatorTaskView>>, ApiError> {
    let window = page.window()?;
    let (loaded, total) = app
        .store
        .read(move |tx| {
            let found = find(tx, window)?;
            Ok::<_, ApiError>((task_details::load_all(tx, found.rows)?, found.total))
        })
        .await?;
    let now = app.clock.now();
    let rows = loaded
        .into_iter()
        .map(|details| views::for_operator(app, details, now, may_claim))
        .collect();
    Ok(Json(page.of(rows, total, |row| row.task_id.to_string())))
}

/// Read one task: an open one, or one that the operator claimed.
#[utoipa::path(get, path = paths::OPERATOR_TASK, tag = "operators", params(("id" = TaskId, Path)),
    security(("access_token" = []), ("operator_id" = [])),
    responses((status = 200, body = OperatorTaskView), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub async fn operator_task(
    State(app): State<App>,
    operator: OperatorAuth,
    Path(id): Path<String>,
) -> Result<Json<OperatorTaskView>, ApiError> {
    let id = task_id(&id)?;
    let details = app
        .store
        .read(move |tx| {
            let rating = operators::rating(tx, operator.id)?;
            let task = tasks::get(tx, id)?;
            let task = task.filter(|task| task.is_visible_to(operator.id, rating));
            Ok::<_, ApiError>(task_details::load(
                tx,
                task.ok_or_else(error::task_not_found)?,
            )?)
        })
        .await?;
    // A visible open task already matches the operator's rating.
    let may_claim = operator.may_accept() && does(&operator.skills, &details.task);
    let now = app.clock.now();
    Ok(Json(views::for_operator(&app, details, now, may_claim)))
}

/// Returns whether the task's type is among the operator's skills; no skills means all types.
fn does(skills: &[TaskType], task: &Task) -> bool {
    skills.is_empty() || skills.contains(&task.stated.task_type)
}

/// Claim a task. If several operators try at once, exactly one succeeds.
///
/// With an estimate the task waits for its agent's approval for at most one hour, unless its terms
/// approve such an estimate automatically.
#[utoipa::path(post, path = paths::ACCEPT_TASK, tag = "operators", params(("id" = TaskId, Path)),
    request_body = Option<GiveEstimate>,
    security(("access_token" = []), ("operator_id" = [])),
    responses((status = 200, body = AcceptedTask), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 410, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
pub async fn accept_task(
    State(app): State<App>,
    operator: OperatorAuth,
    Path(id): Path<String>,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let context = app.move_context();
    let read = || checked(estimate::parse(&posted.body, context.now));
    let once_key = posted.once(operator.id);
    claim(&app, operator, &id, context, once_key, read).await
}

/// Claim a task and estimate how long it will take; the same as accepting it with an estimate.
#[utoipa::path(post, path = paths::GIVE_ESTIMATE, tag = "operators", params(("id" = TaskId, Path)),
    request_body = GiveEstimate,
    security(("access_token" = []), ("operator_id" = [])),
    responses((status = 200, body = AcceptedTask), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 410, body = ErrorBody)))]
pub async fn give_estimate(
    State(app): State<App>,
    operator: OperatorAuth,
    Path(id): Path<String>,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let context = app.move_context();
    let read = || checked(estimate::parse_required(&posted.body, context.now)).map(Some);
    let once_key = posted.once(operator.id);
    claim(&app, operator, &id, context, once_key, read).await
}

async fn claim(
    app: &App,
    operator: OperatorAuth,
    id: &str,
    context: MoveContext,
    once_key: OnceKey,
    estimate: impl FnOnce() -> Result<Option<Estimate>, ApiError>,
) -> Result<Response, ApiError> {
    if operator.kyc != KycStatus::Approved {
        return unless_answered(app, once_key, error::kyc_required()).await;
    }
    if !operator.has_confirmed_email {
        return unless_answered(app, once_key, error::email_not_confirmed()).await;
    }
    let none = || error::no_task_to(Move::Accept);
    let id = id.parse::<TaskId>().map_err(|_| none())?;
    let estimate = estimate()?;
    once(app, once_key, StatusCode::OK, move |tx| {
        let rating = operators::rating(tx, operator.id)?;
        let task = tasks::get(tx, id)?.filter(|task| task.is_visible_to(operator.id, rating));
        let task = task.ok_or_else(none)?;
        let move_kind = estimate.as_ref().map_or(Move::Accept, |_| Move::Estimate);
        task.may(move_kind, context.now)?;
        if !does(&operator.skills, &task) {
            return Err(error::skill_missing());
        }
        let moved = match estimate.clone() {
            Some(estimate) => task.estimate(operator.id, estimate, context)?,
            None => task.accept(operator.id, context)?,
        };
        moves::record(tx, &moved)?;
        let Moved { task, .. } = moved;
        Ok(AcceptedTask {
            task_id: id,
            status: task.status,
            accepted_at: task.at.accepted,
            estimate_minutes: task.estimate.map(|estimate| estimate.estimate_minutes),
        })
    })
    .await
}

/// Start work on a claimed task. This is optional: a proof may be submitted without it.
#[utoipa::path(post, path = paths::START_TASK, tag = "operators", params(("id" = TaskId, Path)),
    security(("access_token" = []), ("operator_id" = [])),
    responses((status = 200, body = MovedTask), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn start_task(
    State(app): State<App>,
    operator: OperatorAuth,
    Path(id): Path<String>,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let context = app.move_context();
    let start = move |task: Task| task.start(operator.id, context);
    simple_move(&app, &id, posted, operator.id, start).await
}

/// Give a claimed task back, so that other operators can accept it.
#[utoipa::path(post, path = paths::WITHDRAW, tag = "operators", params(("id" = TaskId, Path)),
    security(("access_token" = []), ("operator_id" = [])),
    responses((status = 200, body = MovedTask), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn withdraw(
    State(app): State<App>,
    operator: OperatorAuth,
    Path(id): Path<String>,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let context = app.move_context();
    let withdraw = move |task: Task| task.withdraw(operator.id, context);
    simple_move(&app, &id, posted, operator.id, withdraw).await
}

/// Runs a move of an operator that has no arguments.
async fn simple_move(
    app: &App,
    id: &str,
    posted: JsonBody,
    operator_id: OperatorId,
    make: impl Fn(Task) -> Result<Moved, Refusal> + Send + 'static,
) -> Result<Response, ApiError> {
    let id = id
        .parse::<TaskId>()
        .map_err(|_| error::task_not_claimed_by_you())?;
    checked(no_fields(&posted.body))?;
    once(app, posted.once(operator_id), StatusCode::OK, move |tx| {
        let task = tasks::get(tx, id)?.ok_or_else(error::task_not_claimed_by_you)?;
        let moved = make(task)?;
        moves::record(tx, &moved)?;
        Ok(MovedTask {
            task_id: id,
            status: moved.task.status,
        })
    })
    .await
}

/// Returns the task if the operator claims it.
pub(super) fn claimed(
    tx: &mut Tx<'_>,
    operator_id: OperatorId,
    id: TaskId,
) -> Result<Task, ApiError> {
    tasks::get(tx, id)?
        .filter(|task| task.operator_id == Some(operator_id))
        .ok_or_else(error::task_not_claimed_by_you)
}
