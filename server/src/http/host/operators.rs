//! Host routes that list and read operators and decide about their identity (contract §6). The
//! decision comes from the host, or from an identity provider that signs its result.

use api_types::{
    OperatorId,
    error::ErrorBody,
    host::{DecideKyc, KycWebhook, KycWebhookResponse, OperatorRecord},
    operator::KycStatus,
    page::Page,
    paths,
};
use axum::{
    Json,
    body::Bytes,
    extract::{Path, Request, State},
    http::StatusCode,
    response::Response,
};

use crate::admin::{self, KycMessage};
use crate::app::App;
use crate::domain::{kyc, signature};
use crate::http::error::{self, ApiError, checked};
use crate::http::extract::auth::{HostAuth, actor};
use crate::http::extract::body::{self, JsonBody};
use crate::http::extract::page::Parameters;
use crate::http::host::ACCOUNT;
use crate::http::idempotency::{digest, once};
use crate::store::accounts;

/// List operators, newest first, optionally by KYC status or by a part of the name or the e-mail.
#[utoipa::path(get, path = paths::ADMIN_OPERATORS, tag = "host",
    params(("kyc_status" = Option<KycStatus>, Query),
        ("q" = Option<String>, Query, description = "A part of the name or the e-mail"),
        ("limit" = Option<u32>, Query), ("offset" = Option<u32>, Query),
        ("cursor" = Option<String>, Query)),
    security(("admin_key" = [])),
    responses((status = 200, body = Page<OperatorRecord>), (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody)))]
pub async fn admin_operators(
    State(app): State<App>,
    _host: HostAuth,
    mut query: Parameters,
) -> Result<Json<Page<OperatorRecord>>, ApiError> {
    let page = query.page();
    let must = "must be PENDING, APPROVED or REJECTED";
    let kyc_status = query.read("kyc_status", must, KycStatus::parse);
    let search = query.searched("q");
    query.finish()?;
    let window = page.window()?;
    let found = app
        .store
        .read(move |tx| accounts::operators(tx, kyc_status, search.as_deref(), window))
        .await?;
    Ok(Json(page.of(found.rows, found.total, |one| {
        one.operator_id.to_string()
    })))
}

/// Read one operator.
#[utoipa::path(get, path = paths::ADMIN_OPERATOR, tag = "host",
    params(("id" = OperatorId, Path)), security(("admin_key" = [])),
    responses((status = 200, body = OperatorRecord), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub async fn admin_operator(
    State(app): State<App>,
    _host: HostAuth,
    Path(id): Path<String>,
) -> Result<Json<OperatorRecord>, ApiError> {
    let id = operator_id(&id)?;
    let found = app.store.read(move |tx| accounts::operator(tx, id)).await?;
    found
        .map(Json)
        .ok_or_else(|| error::host_finds_no("operator"))
}

fn operator_id(text: &str) -> Result<OperatorId, ApiError> {
    text.parse().map_err(|_| error::host_finds_no("operator"))
}

/// Decide about an operator's identity.
///
/// A later decision replaces an earlier one. Tasks that a rejected operator has already accepted go
/// on.
#[utoipa::path(post, path = paths::DECIDE_KYC, tag = "host", params(("id" = OperatorId, Path)),
    request_body = DecideKyc, security(("admin_key" = [])),
    responses((status = 200, body = OperatorRecord), (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn decide_kyc(
    State(app): State<App>,
    host: HostAuth,
    Path(id): Path<String>,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let id = operator_id(&id)?;
    let decided = checked(kyc::parse_decision(&posted.body))?;
    let actor = host.actor(&app);
    once(&app, posted.once(ACCOUNT), StatusCode::OK, move |tx| {
        Ok(admin::decide_kyc(tx, id, &decided, &actor)?)
    })
    .await
}

/// Receive the result of an identity provider.
///
/// The raw body is signed with the shared secret (KYC_WEBHOOK_SECRET). A message that was received
/// before changes nothing.
#[utoipa::path(post, path = paths::KYC_WEBHOOK, tag = "host", request_body = KycWebhook,
    params(("X-Signature" = String, Header,
        description = "HMAC-SHA256 of the raw body with KYC_WEBHOOK_SECRET, in hexadecimal")),
    responses((status = 200, body = KycWebhookResponse), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 501, body = ErrorBody)))]
pub async fn hear_kyc(
    State(app): State<App>,
    request: Request,
) -> Result<Json<KycWebhookResponse>, ApiError> {
    let Some(secret) = &app.config.kyc_webhook_secret else {
        return Err(error::no_kyc_provider());
    };
    let (parts, body) = request.into_parts();
    let signature = parts.headers.get("x-signature");
    let signature = signature.and_then(|value| value.to_str().ok());
    // A request without a signature is refused before its body is read.
    let signature = signature.ok_or_else(error::unsigned)?;
    let bytes: Bytes = body::read(&parts.headers, body).await?;
    if !signature::is_genuine(secret.expose(), &bytes, signature) {
        return Err(error::unsigned());
    }
    let message = KycMessage {
        message: checked(kyc::parse_webhook(&body::parse(&bytes)?))?,
        digest: digest(&bytes),
    };
    let actor = actor(&app, "kyc provider".to_owned());
    let answer = app
        .store
        .write(move |tx| admin::hear_kyc(tx, &message, &actor).map_err(ApiError::from))
        .await?;
    Ok(Json(answer))
}
