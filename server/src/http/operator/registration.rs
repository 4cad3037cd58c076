//! The registration of operators, and the person who registers (contract §6).

use api_types::operator::{KycStatus, RegisterOperator, RegisteredOperator};
use api_types::{OperatorId, SubjectId, error::ErrorBody, paths};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use crate::app::App;
use crate::config::KycMode;
use crate::domain::account;
use crate::domain::job::RequestedCode;
use crate::domain::oidc_token::OidcPerson;
use crate::http::error::{self, ApiError, checked};
use crate::http::extract::body::JsonBody;
use crate::http::extract::language::ReaderLanguage;
use crate::http::extract::session::{self, SignedIn};
use crate::http::idempotency::{once, unless_answered};
use crate::store::subjects::{self, Subject};
use crate::store::{oidc_subjects, operators};

use super::email::send_code;

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
        Some(SignedIn::AtIssuer(auth)) => {
            let now = app.clock.now();
            let draw = || SubjectId::new(now, app.entropy.u128());
            let ids = NewSubjects {
                person: draw(),
                address: draw(),
            };
            let account = auth.operator.map(|operator| operator.id);
            let person = auth.person;
            Ok((Registrant::AtIssuer { person, ids }, account))
        }
    }
}
