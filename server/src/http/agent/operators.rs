//! Agents search for operators near a place (contract §6).

use api_types::{
    error::ErrorBody, operator::OperatorSearchResult, page::Page, paths, task_type::TaskType,
};
use axum::{Json, extract::State};

use crate::http::error::{self, ApiError};
use crate::http::extract::auth::AgentAuth;
use crate::http::extract::near::{self, near_window};
use crate::http::extract::page::{Parameters, TASK_TYPE_MUST};
use crate::{
    app::App,
    domain::{account, new_task::MinimumRating, place::Spot},
    store::{
        StoreError,
        near::{self as store_near, SearchArea},
        operators::{Operator, OperatorFilter},
        tasks,
    },
};

/// Default radius in kilometres in which agents search for operators.
const SEARCH_RADIUS_KM: f64 = 50.0;

/// Find verified operators near a place, nearest first.
///
/// Operators who did not state where they work are not found. Operators' places are stored to a
/// tenth of a degree. The default of `radius_km` is 50. `pagination.total` is counted up to 1 000.
#[utoipa::path(get, path = paths::SEARCH_OPERATORS, tag = "operators",
    params(("lat" = f64, Query), ("lng" = f64, Query),
        ("radius_km" = Option<f64>, Query), ("task_type" = Option<TaskType>, Query),
        ("min_rating" = Option<f64>, Query,
            description = "Leaves out who is rated lower, or by nobody yet"),
        ("limit" = Option<u32>, Query), ("offset" = Option<u32>, Query),
        ("cursor" = Option<String>, Query)),
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = Page<OperatorSearchResult>), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody)))]
pub async fn search_operators(
    State(app): State<App>,
    _: AgentAuth,
    mut query: Parameters,
) -> Result<Json<Page<OperatorSearchResult>>, ApiError> {
    let page = query.page();
    let task_type = query.read("task_type", TASK_TYPE_MUST, TaskType::parse);
    let rating_min = query.read("min_rating", MinimumRating::MUST, MinimumRating::parse);
    let area = near::area(&mut query, Some(SEARCH_RADIUS_KM));
    query.finish()?;
    let area = area.ok_or_else(|| error::missing("lat"))?;
    let filter = OperatorFilter {
        task_type,
        rating_min,
    };
    let window = near_window(&page)?;
    let (rows, total) = app
        .store
        .read(move |tx| {
            let (after, most) = (window.after, window.most);
            let found = store_near::approved_operators(tx, &filter, area, after, most)?;
            let shown: Vec<_> = found.into_iter().skip(window.offset).collect();
            let ids: Vec<_> = shown.iter().map(|operator| operator.id).collect();
            let completed = tasks::count_completed_by(tx, &ids)?;
            let rows = shown.into_iter().map(|operator| {
                let completed_tasks = completed.get(&operator.id).copied().unwrap_or_default();
                found_operator(operator, completed_tasks, area)
            });
            let rows: Vec<_> = rows.collect();
            let total = store_near::count_approved_operators(tx, &filter, area)?;
            Ok::<_, StoreError>((rows, total))
        })
        .await?;
    let page = page.of(rows, total, |(spot, row)| near::cursor(*spot, row.id));
    Ok(Json(near::without_spots(page)))
}

fn found_operator(
    operator: Operator,
    completed_tasks: u64,
    area: SearchArea,
) -> (Option<Spot>, OperatorSearchResult) {
    let metres = operator.spot.map(|spot| spot.metres_from(area.center));
    let found = OperatorSearchResult {
        id: operator.id,
        name: account::shortened_name(&operator.name),
        rating: operator.rating,
        skills: operator.skills,
        completed_tasks,
        distance_km: (metres.unwrap_or_default() + 500) / 1_000,
    };
    (operator.spot, found)
}
