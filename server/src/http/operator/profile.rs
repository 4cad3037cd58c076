//! Operators: registration, profile, search and earnings (contract §6).

use api_types::{
    OperatorId, SubjectId,
    error::ErrorBody,
    money::Currency,
    operator::{
        ChangeOperator, EarnedTask, Earnings, KycStatus, OperatorProfile, RegisterOperator,
        RegisteredOperator,
    },
    paths,
    payout::EarningsAndPayouts,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};

use crate::http::error::{self, ApiError, checked};
use crate::http::extract::auth::OperatorAuth;
use crate::http::extract::body::JsonBody;
use crate::http::extract::language::ReaderLanguage;
use crate::http::extract::session::{self, SignedIn};
use crate::http::idempotency::{once, unless_answered};
use crate::http::operator::email::send_code;
use crate::http::operator::payouts::view as payout_view;
use crate::http::views;
use crate::{
    app::App,
    config::KycMode,
    domain::{account, job::RequestedCode, ledger::Account, oidc_token::OidcPerson, task::Task},
    store::{
        ledger, oidc_subjects,
        operators::{self, Operator},
        payouts,
        subjects::{self, Subject},
        tasks,
    },
};

/// Maximum number of completed tasks listed in the earnings.
const RECENT_TASKS: u32 = 20;

/// Maximum number of payouts listed in the earnings.
const RECENT_PAYOUTS: u32 = 20;

/// Register an operator. Where identities are checked manually, `kyc_status` starts as PENDING.
///
/// The person who is signed in becomes the operator. If their token has no verified e-mail address,
/// `email` is required, and a code is mailed to it; until POST /auth/email/confirm the operator
/// cannot accept tasks. Servers that run with
/// ALLOW_DEV_OPERATOR_ID_HEADER=true also register operators without an access token.
#[utoipa::path(post, path = paths::REGISTER_OPERATOR, tag = "operators",
    request_body = RegisterOperator, security(("access_token" = []), ()),
    responses((status = 201, body = RegisteredOperator), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn register_operator(
    State(app): State<App>,
    ReaderLanguage(language): ReaderLanguage,
    headers: HeaderMap,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let (person, account) = registrant(&app, &headers).await?;
    let stated = checked(account::parse_operator(&posted.body, person.email()))?;
    let now = app.clock.now();
    let id = OperatorId::new(now, app.entropy.u128());
    let salt = app.entropy.u64();
    let kyc = match app.config.kyc {
        KycMode::Auto => KycStatus::Approved,
        KycMode::Manual => KycStatus::Pending,
    };
    // There is no account yet, so two strangers may use the same idempotency key.
    let scope = match &person {
        Registrant::AtIssuer { person, .. } => format!("register {} {}", person.issuer, person.sub),
        Registrant::Nobody | Registrant::Here(_) => format!("register {}", stated.email),
    };
    let once_key = posted.once(scope);
    if account.is_some() {
        return unless_answered(&app, once_key, error::operator_exists()).await;
    }
    once(&app, once_key, StatusCode::CREATED, move |tx| {
        let insert = match person.must_confirm() {
            Some(_) => operators::insert_unconfirmed,
            None => operators::insert,
        };
        if !insert(tx, id, &stated, kyc, now)? {
            return Err(error::operator_exists());
        }
        let is_linked = match &person {
            Registrant::Nobody => true,
            Registrant::Here(subject) => subjects::link(tx, subject.id, id)?,
            Registrant::AtIssuer { person, ids } => {
                oidc_subjects::insert(tx, ids.person, person, &stated.email, id, now)?
            }
        };
        if !is_linked {
            return Err(error::operator_exists());
        }
        if let Some(ids) = person.must_confirm() {
            let requested = RequestedCode {
                subject_id: ids.person,
                requested_at: now,
                salt,
                language,
            };
            send_code(tx, requested, &stated.email, &[], ids.address)?;
        }
        Ok(RegisteredOperator {
            operator_id: id,
            name: stated.name.clone(),
            kyc_status: kyc,
        })
    })
    .await
}

/// The person who registers.
enum Registrant {
    /// Unknown, on a server that registers operators without sign-in.
    Nobody,
    /// Signed in to this server.
    Here(Subject),
    /// Signed in at the OpenID Connect issuer.
    AtIssuer {
        /// The person, as the issuer knows them.
        person: OidcPerson,
        /// The ids of the rows that the registration inserts.
        ids: NewSubjects,
    },
}

/// The ids of a person who signs in at the issuer, and of their address.
#[derive(Clone, Copy)]
struct NewSubjects {
    person: SubjectId,
    address: SubjectId,
}

impl Registrant {
    /// Returns the ids of a person who has yet to prove the address that they register with.
    fn must_confirm(&self) -> Option<NewSubjects> {
        match self {
            Self::AtIssuer { person, ids } if person.verified_email.is_none() => Some(*ids),
            _ => None,
        }
    }

    /// Returns the address that the person has proven.
    fn email(&self) -> Option<&str> {
        match self {
            Self::Nobody => None,
            Self::Here(subject) => Some(&subject.email),
            Self::AtIssuer { person, .. } => person.verified_email.as_deref(),
        }
    }
}

/// Returns the person who registers, and the account that they have already.
///
/// # Errors
/// 401 without a valid access token.
async fn registrant(
    app: &App,
    headers: &HeaderMap,
) -> Result<(Registrant, Option<OperatorId>), ApiError> {
    match session::authenticate(app, headers).await? {
        None if app.config.allow_dev_operator_id_header => Ok((Registrant::Nobody, None)),
        None => Err(error::not_signed_in()),
        Some(SignedIn::Here(person)) => {
            let id = person.subject_id;
            let subject = app.store.read(move |tx| subjects::get(tx, id)).await?;
            let subject = subject.ok_or_else(error::not_signed_in)?;
            let account = subject.operator_id;
            Ok((Registrant::Here(subject), account))
        }
        Some(SignedIn::AtIssuer(person)) => {
            let now = app.clock.now();
            let draw = || SubjectId::new(now, app.entropy.u128());
            let ids = NewSubjects {
                person: draw(),
                address: draw(),
            };
            let account = person.operator.map(|operator| operator.id);
            let person = person.person;
            Ok((Registrant::AtIssuer { person, ids }, account))
        }
    }
}

/// Read the operator's own profile.
#[utoipa::path(get, path = paths::OPERATOR_PROFILE, tag = "operators",
    security(("access_token" = []), ("operator_id" = [])),
    responses((status = 200, body = OperatorProfile), (status = 401, body = ErrorBody)))]
pub async fn operator_profile(
    State(app): State<App>,
    operator: OperatorAuth,
) -> Result<Json<OperatorProfile>, ApiError> {
    let found = app
        .store
        .read(move |tx| operators::get(tx, operator.id))
        .await?;
    Ok(Json(profile(
        found.ok_or_else(error::unauthorized_operator)?,
    )))
}

/// Change the operator's profile. Fields that are left out stay as they are.
#[utoipa::path(patch, path = paths::OPERATOR_PROFILE, tag = "operators",
    request_body = ChangeOperator, security(("access_token" = []), ("operator_id" = [])),
    responses((status = 200, body = OperatorProfile), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody)))]
pub async fn change_operator(
    State(app): State<App>,
    operator: OperatorAuth,
    posted: JsonBody,
) -> Result<Json<OperatorProfile>, ApiError> {
    let changed = checked(account::parse_operator_change(&posted.body))?;
    let found = app
        .store
        .write(move |tx| {
            operators::update(tx, operator.id, &changed)?;
            operators::get(tx, operator.id)
        })
        .await?;
    Ok(Json(profile(
        found.ok_or_else(error::unauthorized_operator)?,
    )))
}

fn profile(operator: Operator) -> OperatorProfile {
    OperatorProfile {
        operator_id: operator.id,
        name: operator.name,
        email: operator.email,
        email_confirmed: operator.has_confirmed_email,
        kyc_status: operator.kyc_status,
        skills: operator.skills,
        location: operator.place,
        rating: operator.rating,
    }
}

/// Read the operator's earnings: pending, available, in review and paid out, as separate amounts.
#[utoipa::path(get, path = paths::EARNINGS, tag = "operators",
    security(("access_token" = []), ("operator_id" = [])),
    responses((status = 200, body = EarningsAndPayouts), (status = 401, body = ErrorBody)))]
pub async fn earnings(
    State(app): State<App>,
    operator: OperatorAuth,
) -> Result<Json<EarningsAndPayouts>, ApiError> {
    let earnings = app
        .store
        .read(move |tx| {
            let pending_balance = ledger::balance(tx, Account::Pending(operator.id))?;
            let available_balance = ledger::balance(tx, Account::Available(operator.id))?;
            let (paying_out, arrived) = payouts::sums(tx, operator.id)?;
            let paid_out = views::sum([paying_out, arrived]);
            let recent = tasks::completed_by(tx, operator.id, RECENT_TASKS)?;
            let earnings = Earnings {
                pending_balance,
                available_balance,
                // Amounts that were taken back in a dispute are in none of the three.
                total_earned: views::sum([pending_balance, available_balance, paid_out]),
                paid_out,
                in_review: tasks::reward_in_review(tx, operator.id)?,
                currency: Currency::Usd,
                recent_tasks: recent.into_iter().filter_map(earned).collect(),
            };
            let latest = payouts::latest(tx, operator.id, RECENT_PAYOUTS)?;
            Ok::<_, ApiError>(EarningsAndPayouts {
                earnings,
                paying_out,
                recent_payouts: latest.iter().map(payout_view).collect(),
            })
        })
        .await?;
    Ok(Json(earnings))
}

fn earned(task: Task) -> Option<EarnedTask> {
    let completed_at = task.at.completed?;
    let available_at = task.available_at()?;
    Some(EarnedTask {
        reward_usd: task.operator_share(),
        task_id: task.id,
        title: task.stated.title,
        status: task.status,
        completed_at,
        available_at,
    })
}
