//! The notices of the payment provider (contract §3). `domain/fiat.rs` decides what a notice
//! changes; the protocol is in `outside/fiat.rs`.

use api_types::{
    deposit::{PaymentWebhook, PaymentWebhookResponse},
    error::ErrorBody,
    paths,
};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};

use crate::http::agent::payments::credit;
use crate::http::error::{self, ApiError, checked};
use crate::http::extract::body::{self};
use crate::http::idempotency::{self, OnceKey, once};
use crate::{
    app::App,
    domain::fiat::{self as paying},
    outside::fiat::NoticeSignature,
    store::fiat,
};

/// Receive the payment provider's notice about a payment. A paid amount is credited once.
///
/// # Errors
/// 401 for a wrong signature, 404 for an order that does not exist, 422 for another amount or
/// currency than that of the order.
#[utoipa::path(post, path = paths::PAYMENT_WEBHOOK, tag = "agents", request_body = PaymentWebhook,
    params(("X-Signature" = Option<String>, Header,
        description = "Hexadecimal HMAC-SHA256 of the raw body; or dLocal's own Authorization")),
    responses((status = 200, body = PaymentWebhookResponse), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
pub async fn take_notice(State(app): State<App>, request: Request) -> Result<Response, ApiError> {
    let (parts, unread) = request.into_parts();
    // A request without a signature is refused before its body is read.
    let provider = app.fiat.as_ref().ok_or_else(error::wrong_signature)?;
    let signature = signature(&parts.headers).ok_or_else(error::wrong_signature)?;
    let bytes = body::read(&parts.headers, unread).await?;
    if !provider.signed(&bytes, signature) {
        return Err(error::wrong_signature());
    }
    let notice = checked(paying::parse_notice(&body::parse(&bytes)?))?;
    let context = app.move_context();
    let key = idempotency::key_of(&parts.headers)?;
    let digest = idempotency::digest(&bytes);
    let key = OnceKey::new(key, "dlocal", paths::PAYMENT_WEBHOOK, digest);
    once(&app, key, StatusCode::OK, move |tx| {
        let order_id = notice.order_id.clone();
        let payment = fiat::by_order(tx, &order_id)?.ok_or_else(error::order_not_found)?;
        let unchanged = payment.status;
        let update = payment.apply(&notice, context);
        let Some(update) = update.map_err(|_| error::other_amount())? else {
            let status = unchanged;
            return Ok(PaymentWebhookResponse { order_id, status });
        };
        fiat::update(tx, &update.payment, update.from)?;
        if update.credit.is_some() {
            credit(tx, &update.payment, context)?;
        }
        let status = update.payment.status;
        Ok(PaymentWebhookResponse { order_id, status })
    })
    .await
}

fn signature(headers: &HeaderMap) -> Option<NoticeSignature<'_>> {
    let header = |name: &str| headers.get(name)?.to_str().ok();
    if let Some(signature) = header("x-signature") {
        return Some(NoticeSignature::OfBody(signature.trim()));
    }
    let signature = header("authorization")?
        .strip_prefix("V2-HMAC-SHA256, Signature:")?
        .trim();
    let date = header("x-date")?;
    Some(NoticeSignature::OfRequest { signature, date })
}
