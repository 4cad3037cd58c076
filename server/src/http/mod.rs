//! The HTTP layer: every route of the service on one screen, and the stack of layers around them.
//!
//! Handlers are grouped by caller: [`agent`], [`operator`], [`host`], and [`public`] for those who
//! need no account. A handler extracts, calls and answers; the table of moves decides, and the
//! store writes. Handlers contain no SQL. Functions return errors as
//! [`ApiError`](error::ApiError) unless they say otherwise.

pub mod agent;
pub mod context;
pub mod error;
pub mod extract;
pub mod host;
pub mod idempotency;
pub mod layer;
mod messages;
pub mod openapi;
pub mod operator;
pub mod public;
mod ratings;
mod task_details;
pub mod views;

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::HeaderMap;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use tower::ServiceBuilder;
use tower::util::MapResponseLayer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::validate_request::ValidateRequestHeaderLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use agent::stream_slots::StreamSlots;
use layer::dialect::Dialects;
use layer::rate_limit::RateLimits;
use layer::{coding, cors, dialect, rate_limit, request_id, request_size, security_headers, trace};

/// Returns every route with its documentation.
fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::BaseDocument::openapi())
        .merge(agent_routes())
        .merge(operator_routes())
        .merge(host_routes())
        .merge(public_routes())
}

/// Returns the routes of agents.
fn agent_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(agent::account::register_agent))
        .routes(routes!(agent::verification::verify_email))
        .routes(routes!(agent::verification::resend_verification))
        .routes(routes!(agent::profile::me, agent::profile::change_me))
        .routes(routes!(agent::keys::create_key, agent::keys::list_keys))
        .routes(routes!(agent::keys::change_key, agent::keys::revoke_key))
        .routes(routes!(agent::approvals::list_approvals))
        .routes(routes!(
            agent::approvals::get_approval,
            agent::approvals::decide_approval
        ))
        .routes(routes!(agent::account::balance))
        .routes(routes!(agent::ledger::agent_ledger))
        .routes(routes!(agent::deposits::deposit_usdc))
        .routes(routes!(agent::payments::pay_in))
        .routes(routes!(
            agent::payments::pay_in_status,
            agent::payments::ask_pay_in_status
        ))
        .routes(routes!(agent::tasks::create_task, agent::tasks::list_tasks))
        .routes(routes!(agent::tasks::get_task))
        .routes(routes!(agent::tasks::cancel_task))
        .routes(routes!(agent::tasks::verify_task))
        .routes(routes!(agent::estimates::approve_estimate))
        .routes(routes!(agent::estimates::reject_estimate))
        .routes(routes!(agent::reviews::request_revision))
        .routes(routes!(agent::reviews::open_dispute))
        .routes(routes!(agent::ratings::rate_operator))
        .routes(routes!(
            agent::messages::messages,
            agent::messages::send_message
        ))
        .routes(routes!(
            agent::credentials::retrieve_credential,
            agent::credentials::post_retrieve_credential
        ))
        .routes(routes!(agent::events::list_events))
        .routes(routes!(agent::events::list_task_events))
        .routes(routes!(agent::deliveries::list_deliveries))
        .routes(routes!(agent::deliveries::list_task_deliveries))
        .routes(routes!(agent::deliveries::redeliver))
        .routes(routes!(agent::operators::search_operators))
}

/// Returns the routes of operators.
fn operator_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(operator::sign_in_by_code::request_code))
        .routes(routes!(operator::sign_in_by_code::verify_code))
        .routes(routes!(operator::email::send_email_code))
        .routes(routes!(operator::email::confirm_email))
        .routes(routes!(operator::sessions::refresh))
        .routes(routes!(operator::sessions::sign_out))
        .routes(routes!(operator::sessions::list_sessions))
        .routes(routes!(operator::sessions::end_session))
        .routes(routes!(operator::passkeys::passkey_options))
        .routes(routes!(
            operator::passkeys::add_passkey,
            operator::passkeys::list_passkeys
        ))
        .routes(routes!(operator::passkeys::remove_passkey))
        .routes(routes!(
            operator::sign_in_by_passkey::sign_in_by_passkey_options
        ))
        .routes(routes!(operator::sign_in_by_passkey::sign_in_by_passkey))
        .routes(routes!(operator::registration::register_operator))
        .routes(routes!(
            operator::profile::operator_profile,
            operator::profile::change_operator
        ))
        .routes(routes!(operator::profile::earnings))
        .routes(routes!(operator::payouts::request_payout))
        .routes(routes!(operator::payouts::payout_status))
        .routes(routes!(operator::tasks::find_tasks))
        .routes(routes!(operator::tasks::my_tasks))
        .routes(routes!(operator::tasks::operator_task))
        .routes(routes!(operator::tasks::accept_task))
        .routes(routes!(operator::tasks::give_estimate))
        .routes(routes!(operator::tasks::start_task))
        .routes(routes!(operator::tasks::withdraw))
        .routes(routes!(operator::proofs::submit_proof))
        .routes(routes!(operator::ratings::rate_agent))
        .routes(routes!(
            operator::messages::operator_messages,
            operator::messages::operator_send_message
        ))
        .routes(routes!(operator::uploads::upload))
}

/// Returns the host's routes, and the webhook of the identity provider.
fn host_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(host::operators::admin_operators))
        .routes(routes!(host::operators::admin_operator))
        .routes(routes!(host::operators::decide_kyc))
        .routes(routes!(host::operators::hear_kyc))
        .routes(routes!(host::agents::admin_agents))
        .routes(routes!(host::agents::admin_agent))
        .routes(routes!(
            host::task_types::task_type_switches,
            host::task_types::switch_task_types
        ))
        .routes(routes!(host::disputes::admin_disputes))
        .routes(routes!(host::disputes::admin_dispute))
        .routes(routes!(host::disputes::resolve_dispute))
        .routes(routes!(host::deliveries::admin_deliveries))
        .routes(routes!(host::deliveries::admin_redeliver))
        .routes(routes!(host::jobs::failed_jobs))
        .routes(routes!(host::jobs::retry_job))
        .routes(routes!(host::record::check_ledger))
        .routes(routes!(host::record::audit_log))
}

/// Returns the routes that need no account.
fn public_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(public::payment_notices::take_notice))
        .routes(routes!(public::files::read_file))
        .routes(routes!(public::sign_in_methods::sign_in_methods))
        .routes(routes!(public::issuer::describe_issuer))
        .routes(routes!(public::issuer::list_public_keys))
        .routes(routes!(public::health::healthz))
        .routes(routes!(public::health::readyz))
}

/// Builds the router of the whole service.
///
/// # Errors
/// Fails if the API document cannot be serialised.
pub fn router(app: App) -> Result<Router, serde_json::Error> {
    let (router, mut document) = routes().split_for_parts();
    openapi::conventions::complete(&mut document)?;
    let llms_txt = public::docs::llms_txt(&document, app.origin());
    let document = openapi::SerializedDocument::of(&document)?;
    let serve_document = move |headers: HeaderMap| async move { document.answer(&headers) };
    let router = router
        .route("/openapi.json", get(serve_document))
        .route("/llms.txt", get(async || public::docs::plain(llms_txt)))
        .route("/docs", get(public::docs::page))
        .route("/docs/errors", get(error::page::page))
        .route("/docs/errors.css", get(error::page::style))
        .route("/docs/{file}", get(public::docs::part))
        .fallback(public::assets::fallback)
        .method_not_allowed_fallback(async || error::method_not_allowed());
    Ok(layered(router, app))
}

/// Wraps the routes in the layers that every request passes, listed from the outermost to the
/// innermost. A refusal passes all the layers above the one that refuses.
fn layered(router: Router<App>, app: App) -> Router {
    let refuse = ValidateRequestHeaderLayer::<fn(&mut Request) -> Result<(), Response>>::custom;
    let layers = ServiceBuilder::new()
        .layer(from_fn_with_state(app.clone(), request_id::layer))
        .layer(from_fn(trace::layer))
        .layer(MapResponseLayer::new(security_headers::of(
            app.oidc.clone(),
        )))
        .layer(from_fn(cors::layer))
        .layer(from_fn(coding::mark_compressible))
        .layer(from_fn_with_state(
            Dialects::new(app.clone()),
            dialect::layer,
        ))
        .layer(CatchPanicLayer::custom(layer::answer_panic))
        .layer(refuse(request_size::refuse_large))
        .layer(from_fn_with_state(
            RateLimits::new(app.clone()),
            rate_limit::layer,
        ))
        // A request in an unknown dialect or content coding counts against the rate limit.
        .layer(refuse(dialect::refuse_unknown))
        .layer(refuse(coding::refuse_unknown))
        .layer(Extension(StreamSlots::new(app.config.event_streams_max)))
        // Each endpoint limits its own body, and refuses a larger one in the caller's dialect.
        .layer(DefaultBodyLimit::disable());
    coding::before_routing(router.layer(layers).with_state(app))
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
