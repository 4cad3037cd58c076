//! USDC deposits (contract §3), in test mode only, where a reported deposit is credited at once.
//! Deposits by card or bank are in `payments.rs`.

use api_types::{
    EventId, TransactionId,
    deposit::{Deposit, DepositUsdc},
    error::ErrorBody,
    paths,
};
use axum::{extract::State, http::StatusCode, response::Response};

use crate::http::error::{self, ApiError, checked};
use crate::http::extract::auth::AgentAuth;
use crate::http::extract::body::JsonBody;
use crate::http::idempotency::once;
use crate::{
    app::App,
    config::Payments,
    domain::{
        deposit,
        ledger::{Account, Transfer, TransferCode},
        pricing,
    },
    store::{Tx, agents, agents::NewDeposit, ledger},
};

/// Report a USDC deposit on Base. In test mode it is credited at once, and no real money moves.
#[utoipa::path(post, path = paths::DEPOSIT_USDC, tag = "agents", request_body = DepositUsdc,
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 201, body = Deposit), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 501, body = ErrorBody)))]
pub async fn deposit_usdc(
    State(app): State<App>,
    agent: AgentAuth,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let stated = checked(deposit::parse(&posted.body))?;
    if app.config.payments == Payments::Base {
        return Err(error::no_chain());
    }
    let now = app.clock.now();
    let deposit = NewDeposit {
        id: TransactionId::new(now, app.entropy.u128()),
        agent_id: agent.id,
        chain: "base",
        tx_hash: stated.tx_hash,
        amount: stated.amount_usdc,
        at: now,
    };
    let event_id = EventId::new(now, app.entropy.u128());
    once(
        &app,
        posted.once(agent.id),
        StatusCode::CREATED,
        move |tx| {
            credit(tx, &deposit, event_id)?;
            Ok(Deposit {
                transaction_id: deposit.id,
                amount_usd: deposit.amount,
                status: "confirmed".to_owned(),
                chain: deposit.chain.to_owned(),
                message: "USDC deposit confirmed".to_owned(),
            })
        },
    )
    .await
}

fn credit(tx: &mut Tx<'_>, deposit: &NewDeposit, event_id: EventId) -> Result<(), ApiError> {
    if !agents::insert_deposit(tx, deposit)? {
        return Err(error::transaction_processed());
    }
    let transfer = Transfer {
        event_id,
        code: TransferCode::Deposit,
        debit: Account::World,
        credit: Account::Deposit(deposit.agent_id),
        amount: deposit.amount,
        agent_id: Some(deposit.agent_id),
        deposit_id: Some(deposit.id),
        at: deposit.at,
    };
    let standard_min = pricing::STANDARD_DEPOSITS_MIN;
    agents::add_deposited(tx, deposit.agent_id, deposit.amount, standard_min)?;
    ledger::post(tx, &transfer)?;
    Ok(())
}
