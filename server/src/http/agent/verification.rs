//! Verification of an agent's e-mail address: opening the mailed link, and sending another
//! (contract §3).

use api_types::{
    AgentId, Timestamp,
    agent::{ResentVerification, VerifiedEmail},
    error::ErrorBody,
    paths,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};

use crate::http::error::{self, ApiError, checked};
use crate::http::extract::accept::wants_page;
use crate::http::extract::auth::AgentAuth;
use crate::http::extract::body::JsonBody;
use crate::http::extract::language::ReaderLanguage;
use crate::http::extract::page::Parameters;
use crate::http::idempotency::once;
use crate::{
    app::App,
    domain::{
        fields::no_fields,
        secret,
        verification::{self, LinkResult},
    },
    store::{Tx, agents, email_links},
};

/// Open a mailed link. This verifies the agent's address and raises a SANDBOX agent to VERIFIED.
///
/// A link works once, for 24 hours. With `Accept: text/html`, as a browser sends it, the response
/// is a page.
#[utoipa::path(get, path = paths::VERIFY_EMAIL, tag = "agents",
    params(("token" = String, Query, description = "As it stands in the mail")),
    responses((status = 200, body = VerifiedEmail), (status = 400, body = ErrorBody),
        (status = 410, body = ErrorBody)))]
pub async fn verify_email(
    State(app): State<App>,
    method: Method,
    headers: HeaderMap,
    query: Parameters,
) -> Response {
    let hash = secret::hash(query.text("token").unwrap_or_default());
    let opened = if method == Method::HEAD {
        // A HEAD request only checks the link and does not use it.
        look(&app, hash).await
    } else {
        verify(&app, hash).await
    };
    if wants_page(&headers) {
        return page(opened);
    }
    match opened {
        Ok(verified) => Json(verified).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn verify(app: &App, token_hash: String) -> Result<VerifiedEmail, ApiError> {
    let now = app.clock.now();
    app.store
        .write(move |tx| {
            let agent_id = opened(tx, &token_hash, now)?;
            email_links::verify(tx, agent_id, now)?;
            answered(tx, agent_id)
        })
        .await
}

async fn look(app: &App, token_hash: String) -> Result<VerifiedEmail, ApiError> {
    let now = app.clock.now();
    app.store
        .read(move |tx| {
            let agent_id = opened(tx, &token_hash, now)?;
            answered(tx, agent_id)
        })
        .await
}

/// Returns the agent whose address a link verifies, if the link is valid.
fn opened(tx: &mut Tx<'_>, token_hash: &str, now: Timestamp) -> Result<AgentId, ApiError> {
    let link = email_links::get(tx, token_hash)?.ok_or_else(error::link_unknown)?;
    match verification::open(link.verified_at, link.expires_at, now) {
        LinkResult::Good => Ok(link.agent_id),
        LinkResult::Expired => Err(error::link_expired()),
        LinkResult::AlreadyVerified => Err(error::email_already_verified()),
    }
}

fn answered(tx: &mut Tx<'_>, agent_id: AgentId) -> Result<VerifiedEmail, ApiError> {
    let agent = agents::get(tx, agent_id)?.ok_or_else(error::agent_not_found)?;
    let tier = agent.tier;
    Ok(VerifiedEmail {
        agent_id,
        verified: true,
        tier,
        message: format!("E-mail address verified. Your agent is {}.", tier.as_str()),
    })
}

/// The page's only style. Its hash is in the page's content security policy, which allows no other.
const STYLE: &str = "body{font:1.125rem/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;\
    padding:0 1rem}:root{color-scheme:light dark}";

fn page(opened: Result<VerifiedEmail, ApiError>) -> Response {
    let (status, title, text) = match opened {
        Ok(verified) => (StatusCode::OK, "Thank you", verified.message),
        Err(refusal) if refusal.message == error::email_already_verified().message => {
            let text = "This address is verified already. There is nothing left to do.";
            (refusal.status(), "Nothing left to do", text.to_owned())
        }
        Err(refusal) => {
            let status = refusal.status();
            // A page has no dialect, so its server faults are logged here.
            if let Some(cause) = &refusal.accident {
                tracing::error!(cause, "a request failed");
            }
            let text = refusal.message.into_owned();
            (status, "This did not work", text)
        }
    };
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title} – HumanOps</title>\n\
         <style>{STYLE}</style>\n<main>\n<h1>{title}</h1>\n<p>{}</p>\n</main>\n",
        escaped(&text)
    );
    let hash = BASE64_STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    let mut response = (status, html).into_response();
    let sent = response.headers_mut();
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    sent.insert(header::CONTENT_TYPE, html);
    sent.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        sent.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn escaped(text: &str) -> String {
    (text.replace('&', "&amp;").replace('<', "&lt;")).replace('>', "&gt;")
}

/// Request another mail with a verification link.
///
/// The first is allowed one minute after the registration; the wait doubles with each further one,
/// up to a day.
#[utoipa::path(post, path = paths::RESEND_VERIFICATION, tag = "agents",
    security(("agent_key" = []), ("agent_bearer" = [])),
    responses((status = 200, body = ResentVerification), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 429, body = ErrorBody)))]
pub async fn resend_verification(
    State(app): State<App>,
    agent: AgentAuth,
    ReaderLanguage(language): ReaderLanguage,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    checked(no_fields(&posted.body))?;
    let now = app.clock.now();
    once(&app, posted.once(agent.id), StatusCode::OK, move |tx| {
        let stored = agents::get(tx, agent.id)?.ok_or_else(error::agent_not_found)?;
        if stored.email_verified_at.is_some() {
            return Err(error::email_already_verified());
        }
        let requests = email_links::requests(tx, agent.id)?;
        let pause = verification::pause_after(requests.times);
        let free_at = requests.last.map(|last| last.after(pause));
        if let Some(free_at) = free_at.filter(|free_at| *free_at > now) {
            let millis = free_at.as_millis() - now.as_millis();
            let seconds = u32::try_from(millis.div_euclid(1000) + 1).unwrap_or(u32::MAX);
            return Err(error::mail_too_soon(seconds));
        }
        email_links::record_request(tx, agent.id, requests, language, now)?;
        Ok(ResentVerification {
            sent: true,
            message: format!("A mail with a link is on its way to {}.", stored.email),
            email: stored.email,
        })
    })
    .await
}
