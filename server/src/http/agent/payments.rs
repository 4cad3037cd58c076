//! Deposits by card or bank (contract §2, §3). The protocol is in `outside/fiat.rs`, and the
//! provider's notices arrive at `public/payment_notices.rs`.

use api_types::{
    AgentId, TransactionId,
    deposit::{PayIn, PaymentStatus, PaymentStatusRequest, PaymentView, StartedPayIn},
    error::ErrorBody,
    paths,
};
use axum::{Json, extract::State, http::StatusCode, response::Response};

use crate::http::error::{self, ApiError, checked};
use crate::http::extract::auth::AgentAuth;
use crate::http::extract::body::JsonBody;
use crate::http::extract::page::Parameters;
use crate::http::idempotency::{OnceKey, once};
use crate::{
    app::App,
    config::Payments,
    domain::{
        fiat::{self as paying, Payment},
        pricing,
        task::MoveContext,
    },
    outside::fiat::{FiatError, Order, PaymentProvider},
    store::{Tx, agents, fiat, fiat::RequestIdentity, idempotency as kept, ledger},
};

/// Deposit by card or bank. In test mode the funds are credited at once, and no real money moves.
///
/// Otherwise the response says where the payer pays, and the funds can be spent once the provider
/// has confirmed the payment.
///
/// # Errors
/// 422 if the provider refuses, 501 on a server without a provider, 503 while it cannot be reached.
#[utoipa::path(post, path = paths::PAY_IN, tag = "agents", request_body = PayIn,
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 201, body = StartedPayIn), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody), (status = 501, body = ErrorBody),
        (status = 503, body = ErrorBody)))]
pub async fn pay_in(
    State(app): State<App>,
    agent: AgentAuth,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let stated = checked(paying::parse_pay_in(&posted.body))?;
    let context = app.move_context();
    let id = TransactionId::new(context.now, app.entropy.u128());
    let payment = Payment::begin(id, agent.id, &stated, context.now);
    let key = posted.once(agent.id);
    if app.config.payments == Payments::Test {
        return once(&app, key, StatusCode::CREATED, move |tx| {
            Ok(paid_in(pay_at_once(tx, &payment, context)?))
        })
        .await;
    }
    let provider = app.fiat.clone().ok_or_else(error::no_payment_provider)?;
    let payment = begin(&app, payment, &key).await?;
    let opened = open(&app, &provider, &payment, &stated).await;
    let opened = match opened {
        Err(FiatError::Unreachable(cause)) => return Err(error::provider_unreachable(cause)),
        other => other.map_err(|error| error.to_string()),
    };
    if let Err(cause) = &opened {
        tracing::warn!(payment.id = %payment.id, cause, "a payment was refused by the provider");
        fail(&app, &payment, context).await?;
    }
    once(&app, key, StatusCode::CREATED, move |tx| {
        let Ok(redirect_url) = &opened else {
            return Err(error::payment_refused());
        };
        fiat::set_redirect_url(tx, payment.id, redirect_url)?;
        let opened = fiat::get(tx, payment.agent_id, payment.id)?;
        Ok(paid_in(opened.ok_or_else(error::payment_not_found)?))
    })
    .await
}

fn pay_at_once(
    tx: &mut Tx<'_>,
    payment: &Payment,
    context: MoveContext,
) -> Result<Payment, ApiError> {
    let paid = Payment {
        status: PaymentStatus::Completed,
        settled_at: Some(context.now),
        ..payment.clone()
    };
    fiat::insert(tx, &paid, None)?;
    credit(tx, &paid, context)?;
    Ok(paid)
}

/// Credits a paid deposit to its agent.
pub(in crate::http) fn credit(
    tx: &mut Tx<'_>,
    payment: &Payment,
    context: MoveContext,
) -> Result<(), ApiError> {
    let standard_min = pricing::STANDARD_DEPOSITS_MIN;
    agents::add_deposited(tx, payment.agent_id, payment.amount, standard_min)?;
    ledger::post(tx, &payment.credit(context))?;
    Ok(())
}

fn paid_in(payment: Payment) -> StartedPayIn {
    let message = match payment.status {
        PaymentStatus::Completed => "Funds added (test mode)",
        PaymentStatus::Failed | PaymentStatus::Cancelled => "The payment was not made.",
        PaymentStatus::Pending => {
            "Payment created. Send the payer to redirect_url; the funds are added once the \
             provider has confirmed the payment."
        }
    };
    StartedPayIn {
        transaction_id: payment.id,
        payment_id: payment.id,
        amount_usd: payment.amount,
        status: payment.status,
        message: message.to_owned(),
        redirect_url: payment.redirect_url,
    }
}

/// Inserts the payment before the provider learns of it, so that no unknown payment is ever paid.
/// If the same request was sent before, returns the payment that it inserted.
async fn begin(app: &App, payment: Payment, key: &OnceKey) -> Result<Payment, ApiError> {
    let retried = key
        .identity()
        .map(|(key, digest)| RequestIdentity { key, digest });
    app.store
        .write(move |tx| {
            if let Some(retried) = &retried {
                let kept_for = kept::KEPT_FOR;
                let found = fiat::find_by_key(tx, &retried.key, payment.created_at, kept_for)?;
                if let Some((earlier, digest)) = found {
                    if digest == retried.digest {
                        return Ok(earlier);
                    }
                    return Err(error::idempotency_mismatch());
                }
            }
            fiat::insert(tx, &payment, retried.as_ref())?;
            Ok(payment.clone())
        })
        .await
}

/// Returns where the payer pays, from the provider or as it was stored before.
async fn open(
    app: &App,
    provider: &PaymentProvider,
    payment: &Payment,
    stated: &PayIn,
) -> Result<String, FiatError> {
    if let Some(url) = &payment.redirect_url {
        return Ok(url.clone());
    }
    if payment.status == PaymentStatus::Failed {
        return Err(FiatError::Refused(
            "it has refused this payment before".to_owned(),
        ));
    }
    let id = payment.agent_id;
    let payer = app.store.read(move |tx| agents::contact(tx, id)).await;
    let (name, email) = payer
        .map_err(|error| FiatError::Unreachable(error.to_string()))?
        .ok_or_else(|| FiatError::Refused("the agent does not exist".to_owned()))?;
    let order = Order {
        order_id: &payment.order_id(),
        idempotency_key: &payment.id.to_string(),
        amount: payment.amount,
        method: payment.method,
        payer_name: &name,
        payer_email: &email,
        return_url: stated.return_url.as_deref(),
        notification_url: &app.notification_url(),
    };
    provider.open(&order, app.clock.now()).await
}

async fn fail(app: &App, payment: &Payment, context: MoveContext) -> Result<(), ApiError> {
    let (agent_id, id) = (payment.agent_id, payment.id);
    let written = app.store.write(move |tx| {
        let found = fiat::get(tx, agent_id, id)?;
        // A payment that a notice settled meanwhile keeps that status.
        let Some(pending) = found.filter(|found| found.status == PaymentStatus::Pending) else {
            return Ok(());
        };
        let failed = Payment {
            status: PaymentStatus::Failed,
            settled_at: Some(context.now),
            ..pending
        };
        fiat::update(tx, &failed, PaymentStatus::Pending)
    });
    Ok(written.await?)
}

/// Read the status of a payment by card or bank.
#[utoipa::path(get, path = paths::PAY_IN_STATUS, tag = "agents",
    params(("payment_id" = String, Query, description = "Of the answer to POST /agents/deposit")),
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = PaymentView), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn pay_in_status(
    State(app): State<App>,
    agent: AgentAuth,
    query: Parameters,
) -> Result<Json<PaymentView>, ApiError> {
    let id = query.text("payment_id").map(str::to_owned);
    let id = id.ok_or_else(|| error::missing("payment_id"))?;
    let found = app.store.read(move |tx| status_of(tx, agent.id, &id));
    Ok(Json(found.await?))
}

/// Read the status of a payment by card or bank; the same as GET, with the id in the body.
#[utoipa::path(post, path = paths::PAY_IN_STATUS, tag = "agents", request_body = PaymentStatusRequest,
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = PaymentView), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn ask_pay_in_status(
    State(app): State<App>,
    agent: AgentAuth,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let stated = checked(paying::parse_status_request(&posted.body))?;
    once(&app, posted.once(agent.id), StatusCode::OK, move |tx| {
        status_of(tx, agent.id, &stated.payment_id)
    })
    .await
}

fn status_of(tx: &mut Tx<'_>, agent_id: AgentId, id: &str) -> Result<PaymentView, ApiError> {
    let id = id.parse().map_err(|_| error::payment_not_found())?;
    let found = fiat::get(tx, agent_id, id)?.ok_or_else(error::payment_not_found)?;
    let pending = found.status == PaymentStatus::Pending;
    Ok(PaymentView {
        payment_id: found.id,
        status: found.status,
        amount_usd: found.amount,
        payment_method: found.method,
        redirect_url: found.redirect_url.filter(|_| pending),
        created_at: found.created_at,
        settled_at: found.settled_at,
    })
}
