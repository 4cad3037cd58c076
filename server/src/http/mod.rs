//! The HTTP layer: every route of the service on one screen.
//!
//! A handler extracts, calls and answers; the table of moves decides, and the store writes.
//! Handlers contain no SQL. Functions return errors as [`ApiError`](api_error::ApiError) unless
//! they say otherwise.

pub mod admin;
pub mod agents;
pub mod api_error;
pub mod approvals;
pub mod around;
pub mod assets;
pub mod auth;
pub mod body;
pub mod client;
pub mod coding;
pub mod cors;
pub mod credentials;
pub mod delegation;
pub mod deliveries;
pub mod deposits;
pub mod dialect;
pub mod docs;
pub mod error;
mod error_page;
pub mod estimates;
pub mod events;
pub mod fiat;
pub mod files;
mod follow;
mod form;
pub mod head;
pub mod health;
pub mod idempotency;
pub mod keys;
pub mod ledger;
pub mod messages;
pub mod metrics;
pub mod near;
pub mod openapi;
pub mod operator_tasks;
pub mod operators;
pub mod page;
pub mod payouts;
pub mod profile;
pub mod quotes;
pub mod rate;
pub mod ratings;
pub mod request_id;
pub mod reviews;
pub mod tasks;
pub mod uploads;
pub mod verification;
pub mod views;

use axum::extract::DefaultBodyLimit;
use axum::http::HeaderMap;
use axum::routing::get;
use axum::{Router, middleware};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// Returns every route with its documentation.
fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::BaseDocument::openapi())
        // Agents
        .routes(routes!(agents::register_agent))
        .routes(routes!(verification::verify_email))
        .routes(routes!(verification::resend_verification))
        .routes(routes!(profile::me, profile::change_me))
        .routes(routes!(keys::create_key, keys::list_keys))
        .routes(routes!(keys::change_key, keys::revoke_key))
        .routes(routes!(approvals::list_approvals))
        .routes(routes!(approvals::get_approval, approvals::decide_approval))
        .routes(routes!(agents::balance))
        .routes(routes!(ledger::agent_ledger))
        .routes(routes!(deposits::deposit_usdc))
        .routes(routes!(fiat::pay_in))
        .routes(routes!(fiat::pay_in_status, fiat::ask_pay_in_status))
        .routes(routes!(fiat::take_notice))
        .routes(routes!(tasks::create_task, tasks::list_tasks))
        .routes(routes!(tasks::get_task))
        .routes(routes!(tasks::cancel_task))
        .routes(routes!(tasks::verify_task))
        .routes(routes!(estimates::approve_estimate))
        .routes(routes!(estimates::reject_estimate))
        .routes(routes!(reviews::request_revision))
        .routes(routes!(reviews::open_dispute))
        .routes(routes!(ratings::rate_operator))
        .routes(routes!(messages::messages, messages::send_message))
        .routes(routes!(
            credentials::retrieve_credential,
            credentials::post_retrieve_credential
        ))
        // Events and webhooks
        .routes(routes!(events::list_events))
        .routes(routes!(events::list_task_events))
        .routes(routes!(deliveries::list_deliveries))
        .routes(routes!(deliveries::list_task_deliveries))
        .routes(routes!(deliveries::redeliver))
        // Operators
        .routes(routes!(operators::register_operator))
        .routes(routes!(operators::search_operators))
        .routes(routes!(
            operators::operator_profile,
            operators::change_operator
        ))
        .routes(routes!(operators::earnings))
        .routes(routes!(payouts::request_payout))
        .routes(routes!(payouts::payout_status))
        .routes(routes!(operator_tasks::find_tasks))
        .routes(routes!(operator_tasks::my_tasks))
        .routes(routes!(operator_tasks::operator_task))
        .routes(routes!(operator_tasks::accept_task))
        .routes(routes!(operator_tasks::give_estimate))
        .routes(routes!(operator_tasks::start_task))
        .routes(routes!(operator_tasks::withdraw))
        .routes(routes!(operator_tasks::submit_proof))
        .routes(routes!(ratings::rate_agent))
        .routes(routes!(
            messages::operator_messages,
            messages::operator_send_message
        ))
        .routes(routes!(uploads::upload))
        .routes(routes!(files::read_file))
        // The host
        .merge(host_routes())
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
}

/// Returns the host's routes, and the webhook of the identity provider.
fn host_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(admin::operators::admin_operators))
        .routes(routes!(admin::operators::admin_operator))
        .routes(routes!(admin::operators::decide_kyc))
        .routes(routes!(admin::operators::hear_kyc))
        .routes(routes!(admin::agents::admin_agents))
        .routes(routes!(admin::agents::admin_agent))
        .routes(routes!(
            admin::task_types::task_type_switches,
            admin::task_types::switch_task_types
        ))
        .routes(routes!(admin::disputes::admin_disputes))
        .routes(routes!(admin::disputes::admin_dispute))
        .routes(routes!(admin::disputes::resolve_dispute))
        .routes(routes!(admin::deliveries::admin_deliveries))
        .routes(routes!(admin::deliveries::admin_redeliver))
        .routes(routes!(admin::jobs::failed_jobs))
        .routes(routes!(admin::jobs::retry_job))
        .routes(routes!(admin::record::check_ledger))
        .routes(routes!(admin::record::audit_log))
}

/// Builds the router of the whole service.
///
/// # Errors
/// Fails if the API document cannot be serialised.
pub fn router(app: App) -> Result<Router, serde_json::Error> {
    let (router, mut document) = routes().split_for_parts();
    openapi::conventions::complete(&mut document)?;
    let llms_txt = docs::llms_txt(&document, app.origin());
    let document = openapi::SerializedDocument::of(&document)?;
    let around = around::Middleware::new(app.clone());
    let serve_document = move |headers: HeaderMap| async move { document.answer(&headers) };
    let surface = router
        .route("/openapi.json", get(serve_document))
        .route("/llms.txt", get(async || docs::plain(llms_txt)))
        .route("/docs", get(docs::page))
        .route("/docs/errors", get(error_page::page))
        .route("/docs/errors.css", get(error_page::style))
        .route("/docs/{file}", get(docs::part))
        .fallback(assets::fallback)
        .method_not_allowed_fallback(async || error::method_not_allowed())
        // Each endpoint limits its own body, and refuses a larger one in the caller's dialect.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(around, around::around))
        .with_state(app);
    Ok(coding::around(surface))
}

/// Returns the API document.
///
/// # Errors
/// Fails if its examples are not valid JSON.
pub fn document() -> Result<utoipa::openapi::OpenApi, serde_json::Error> {
    let mut document = routes().into_openapi();
    openapi::conventions::complete(&mut document)?;
    Ok(document)
}
