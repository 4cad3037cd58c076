//! The agent's side of tasks: create, list, get, cancel, verify (contract §4).

use api_types::{
    AgentId, TaskId,
    agent::Tier,
    error::ErrorBody,
    new_task::{CreateTask, CreatedTask},
    page::Page,
    paths,
    quote::Quote,
    review::{Rejection, VerifiedTask, VerifyDecision, VerifyTask},
    status::Status,
    task::{CancelledTask, TaskItem, TaskView},
    task_type::{TaskDomain, TaskType},
};
use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};

use crate::http::agent::delegation::{self, PostedRequest};
use crate::http::agent::quotes::{self, post_context};
use crate::http::error::{self, ApiError, checked};
use crate::http::extract::auth::AgentAuth;
use crate::http::extract::body::JsonBody;
use crate::http::extract::page::{Parameters, TASK_TYPE_MUST};
use crate::http::idempotency::{once, unless_answered};
use crate::http::{task_details, views};
use crate::{
    app::App,
    domain::{
        fields::{self, Parsed, no_fields},
        moves::Move,
        new_task::NewTask,
        review,
        sandbox::Market,
        task::{Moved, Task},
        task_type,
    },
    store::{Tx, agents, messages, moves, outbox, task_filter::TaskFilter, tasks},
};

/// Maximum number of messages in the view of a task; GET /tasks/:id/messages lists all.
const MESSAGES_SHOWN: u32 = 100;

/// Maximum number of events in the view of a task; GET /tasks/:id/events lists all.
const EVENTS_SHOWN: u32 = 100;

/// Post a task. Its reward and the fee move from the deposit balance into escrow.
///
/// With `dry_run` the whole request is checked and quoted, and nothing is created: the response has
/// the status 200, is computed again each time, and uses up no `Idempotency-Key`.
#[utoipa::path(post, path = paths::TASKS, tag = "tasks", request_body = CreateTask,
    params(("Idempotency-Key" = Option<String>, Header,
        description = "Makes a retry safe for 48 hours"),
        ("X-Sandbox" = Option<bool>, Header,
        description = "Simulate the task on any tier; agents of the tier SANDBOX get no other")),
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 201, body = CreatedTask),
        (status = 200, body = Quote, description = "The answer to `dry_run`"),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 402, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn create_task(
    State(app): State<App>,
    agent: AgentAuth,
    headers: HeaderMap,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let context = app.move_context();
    let market = market(&agent, &headers);
    // If the market is not readable, fields that only the sandbox accepts are not reported as
    // faults.
    let to = market.as_ref().copied().unwrap_or(Market::Sandbox);
    let stated = NewTask::parse(&posted.body, context.now, &app.config.targets(), to);
    let is_readable = market.is_ok();
    let stated = match checked(fields::both(market, stated)) {
        Ok((_, stated)) => stated.or_as_set(&agent.settings),
        // A stored refusal is found by the body's digest, but the market depends on a header.
        Err(refusal) if !is_readable => return Err(refusal),
        Err(refusal) => return unless_answered(&app, posted.once(agent.id), refusal).await,
    };
    let request = PostedRequest::of(&posted.body, context.now);
    if stated.dry_run {
        let quote = quotes::quote(&app, agent, stated, request, context).await?;
        return Ok(Json(quote).into_response());
    }
    let id = TaskId::new(context.now, app.entropy.u128());
    let once_key = posted.once(agent.id);
    let config = app.config.clone();
    let requester = (agent.clone(), request.clone());
    let posted = once(&app, once_key, StatusCode::CREATED, move |tx| {
        let post = post_context(tx, &config, &agent, &stated, context)?;
        stated.allowed(&post)?;
        let mut moved = Task::post(id, agent.id, stated.clone(), post.fee, context);
        moved.task.key_id = Some(agent.key_id);
        let total = moved.task.total();
        delegation::may_post(tx, &agent, &request, &moved.task)?;
        let counted = if stated.sandbox {
            agents::count_sandbox_task(tx, agent.id, post.day, post.limits.max_daily_tasks)?
        } else {
            agents::count_task(tx, agent.id, post.day, total, post.limits)?
        };
        if !counted {
            // Another post took the day's last place after this transaction read the count.
            return Err(tx.lost_race().into());
        }
        moves::record(tx, &moved)?;
        Ok(views::created(&moved.task))
    })
    .await;
    match posted {
        Err(refusal) => Err(delegation::ask(&app, requester, refusal).await),
        answer => answer,
    }
}

/// Returns the market of a task: the sandbox for agents of the SANDBOX tier, else by `X-Sandbox`.
fn market(agent: &AgentAuth, headers: &HeaderMap) -> Parsed<Market> {
    let requested = headers.get("x-sandbox").map(HeaderValue::as_bytes);
    match requested {
        _ if agent.tier == Tier::Sandbox => Ok(Market::Sandbox),
        Some(b"true") => Ok(Market::Sandbox),
        None | Some(b"false") => Ok(Market::Real),
        Some(_) => Err(error::fault("X-Sandbox", "must be true or false").into()),
    }
}

/// The message for an invalid `task_domain`.
const TASK_DOMAIN_MUST: &str = "must be PHYSICAL, DIGITAL or CREDENTIAL";

/// List the agent's tasks, newest first.
#[utoipa::path(get, path = paths::TASKS, tag = "tasks",
    params(("status" = Option<Status>, Query), ("task_type" = Option<TaskType>, Query),
        ("task_domain" = Option<TaskDomain>, Query,
            description = "DIGITAL lists the credential types too"),
        ("external_id" = Option<String>, Query), ("limit" = Option<u32>, Query),
        ("offset" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = Page<TaskItem>), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody)))]
pub async fn list_tasks(
    State(app): State<App>,
    agent: AgentAuth,
    mut query: Parameters,
) -> Result<Json<Page<TaskItem>>, ApiError> {
    let page = query.page();
    let statuses = "must be a task status, such as PENDING";
    let filter = TaskFilter {
        status: query.read("status", statuses, Status::parse),
        task_type: query.read("task_type", TASK_TYPE_MUST, TaskType::parse),
        task_types: query
            .read("task_domain", TASK_DOMAIN_MUST, TaskDomain::parse)
            .map_or_else(Vec::new, task_type::listed_under),
        external_id: query.searched("external_id"),
    };
    query.finish()?;
    let window = page.window()?;
    let (items, total) = app
        .store
        .read(move |tx| {
            let found = tasks::of_agent(tx, agent.id, &filter, window)?;
            Ok::<_, ApiError>((views::items(tx, found.rows)?, found.total))
        })
        .await?;
    Ok(Json(page.of(items, total, |item| item.task_id.to_string())))
}

/// Read one task with its proof, the Guardian's result, and the available actions.
#[utoipa::path(get, path = paths::TASK, tag = "tasks", params(("id" = TaskId, Path)),
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = TaskView), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub async fn get_task(
    State(app): State<App>,
    agent: AgentAuth,
    Path(id): Path<String>,
) -> Result<Json<TaskView>, ApiError> {
    let id = task_id(&id)?;
    let (details, history) = app
        .store
        .read(move |tx| {
            let task = owned(tx, agent.id, id)?.ok_or_else(error::task_not_found)?;
            let history = views::TaskHistory {
                messages: messages::latest(tx, id, MESSAGES_SHOWN)?,
                events: outbox::latest(tx, id, EVENTS_SHOWN)?,
            };
            Ok::<_, ApiError>((task_details::load(tx, task)?, history))
        })
        .await?;
    Ok(Json(views::for_agent(
        &app,
        details,
        history,
        app.clock.now(),
    )))
}

/// Parses the id in a path.
///
/// # Errors
/// 404 if it is not the id of a task.
pub fn task_id(text: &str) -> Result<TaskId, ApiError> {
    text.parse().map_err(|_| error::task_not_found())
}

/// Returns the task if it belongs to this agent.
pub(in crate::http) fn owned(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    id: TaskId,
) -> Result<Option<Task>, ApiError> {
    Ok(tasks::get(tx, id)?.filter(|task| task.agent_id == agent_id))
}

/// Cancel a task before work on it has begun. Reward and fee are refunded in full.
#[utoipa::path(post, path = paths::CANCEL_TASK, tag = "tasks", params(("id" = TaskId, Path)),
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = CancelledTask), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub async fn cancel_task(
    State(app): State<App>,
    agent: AgentAuth,
    Path(id): Path<String>,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let id = id
        .parse::<TaskId>()
        .map_err(|_| error::no_task_to(Move::Cancel))?;
    checked(no_fields(&posted.body))?;
    let context = app.move_context();
    once(&app, posted.once(agent.id), StatusCode::OK, move |tx| {
        let task = owned(tx, agent.id, id)?;
        let task = task.ok_or_else(|| error::no_task_to(Move::Cancel))?;
        let moved = task.cancel(context)?;
        moves::record(tx, &moved)?;
        let Moved { task, .. } = moved;
        let answer = CancelledTask {
            task_id: task.id,
            status: task.status,
            refunded_usd: task.total(),
        };
        Ok(views::marked(&task, answer))
    })
    .await
}

/// Decide about a proof: APPROVE pays the operator, REJECT disputes the task and keeps the escrow.
#[utoipa::path(post, path = paths::VERIFY_TASK, tag = "tasks", params(("id" = TaskId, Path)),
    request_body = VerifyTask,
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = VerifiedTask), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn verify_task(
    State(app): State<App>,
    agent: AgentAuth,
    Path(id): Path<String>,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let stated = checked(review::parse_verdict(&posted.body))?;
    let id = id
        .parse::<TaskId>()
        .map_err(|_| error::no_task_to(Move::Approve))?;
    let context = app.move_context();
    once(&app, posted.once(agent.id), StatusCode::OK, move |tx| {
        let task = owned(tx, agent.id, id)?;
        let task = task.ok_or_else(|| error::no_task_to(Move::Approve))?;
        let (moved, message) = match stated.decision {
            VerifyDecision::Approve => (
                task.approve(context)?,
                "Task manually approved and completed.",
            ),
            VerifyDecision::Reject => {
                let unmet = stated.unmet_requirements.clone().unwrap_or_default();
                let required = &task.stated.proof_requirements;
                let rejection = Rejection {
                    reason: stated.reason.clone(),
                    unmet_requirements: checked(review::check_unmet(unmet, required))?,
                    rejected_at: context.now,
                };
                let message = "Task manually rejected and disputed. Its escrow is kept.";
                (task.reject(rejection, context)?, message)
            }
        };
        moves::record(tx, &moved)?;
        let Moved { task, .. } = moved;
        let answer = VerifiedTask {
            task_id: task.id,
            status: task.status,
            message: message.to_owned(),
        };
        Ok(views::marked(&task, answer))
    })
    .await
}
