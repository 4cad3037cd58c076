//! Payouts that operators request, and their status (contract §6).

use api_types::{
    PayoutId,
    error::ErrorBody,
    paths,
    payout::{PayoutStatus, PayoutView, RequestPayout, RequestedPayout},
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};

use crate::http::error::{self, ApiError, checked};
use crate::http::extract::auth::OperatorAuth;
use crate::http::extract::body::JsonBody;
use crate::http::idempotency::once;
use crate::{
    app::App,
    config::Payments,
    domain::{
        payout::{Payout, PayoutUpdate, parse_payout},
        task::MoveContext,
    },
    store::{Tx, ledger::PostError, payouts},
};

/// Request a payout of available earnings, $10 or more. In test mode it completes at once.
///
/// # Errors
/// 402 if less is available, 501 on servers that cannot pay out yet.
#[utoipa::path(post, path = paths::PAYOUT, tag = "operators", request_body = RequestPayout,
    params(("Idempotency-Key" = Option<String>, Header,
        description = "Makes a retry safe for 48 hours")),
    security(("access_token" = []), ("operator_id" = [])),
    responses((status = 201, body = RequestedPayout), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 402, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 501, body = ErrorBody)))]
pub async fn request_payout(
    State(app): State<App>,
    operator: OperatorAuth,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let stated = checked(parse_payout(&posted.body))?;
    if app.config.payments != Payments::Test {
        return Err(error::no_payouts());
    }
    let context = app.move_context();
    let id = PayoutId::new(context.now, app.entropy.u128());
    let key = posted.once(operator.id);
    once(&app, key, StatusCode::CREATED, move |tx| {
        let requested = Payout::request(id, operator.id, stated.clone(), context);
        record(tx, &requested)?;
        let sent = complete(tx, requested.payout, context)?;
        let view = view(&sent);
        Ok(RequestedPayout {
            message: message(view.status).to_owned(),
            payout: view,
        })
    })
    .await
}

fn record(tx: &mut Tx<'_>, step: &PayoutUpdate) -> Result<(), ApiError> {
    payouts::record(tx, step).map_err(|error| match error {
        PostError::InsufficientFunds => error::insufficient_available(),
        PostError::Store(error) => error.into(),
    })
}

/// Completes a payout in test mode, where no money moves.
fn complete(tx: &mut Tx<'_>, payout: Payout, context: MoveContext) -> Result<Payout, ApiError> {
    let step = payout.complete(context).map_err(|_| error::unavailable())?;
    record(tx, &step)?;
    Ok(step.payout)
}

fn message(status: PayoutStatus) -> &'static str {
    match status {
        PayoutStatus::Pending => "Payout on its way",
        PayoutStatus::Completed => "Payout completed (test mode)",
        PayoutStatus::Failed => "Payout failed; the amount is available again",
    }
}

/// Read the status of a payout.
#[utoipa::path(get, path = paths::PAYOUT_STATUS, tag = "operators",
    params(("id" = PayoutId, Path)), security(("access_token" = []), ("operator_id" = [])),
    responses((status = 200, body = PayoutView), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub async fn payout_status(
    State(app): State<App>,
    operator: OperatorAuth,
    Path(id): Path<String>,
) -> Result<Json<PayoutView>, ApiError> {
    let id: PayoutId = id.parse().map_err(|_| error::payout_not_found())?;
    let found = app.store.read(move |tx| payouts::get(tx, operator.id, id));
    let payout = found.await?.ok_or_else(error::payout_not_found)?;
    Ok(Json(view(&payout)))
}

/// Returns a payout as its operator sees it.
pub(in crate::http) fn view(payout: &Payout) -> PayoutView {
    PayoutView {
        payout_id: payout.id,
        status: payout.status,
        amount_usd: payout.amount,
        method: payout.destination.method(),
        created_at: payout.created_at,
        settled_at: payout.settled_at,
    }
}
