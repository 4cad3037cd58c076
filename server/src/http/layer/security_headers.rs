//! Sets the security headers of every response.

use axum::http::header::Entry;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;
use url::Url;

use crate::outside::oidc::OidcIssuer;

/// The content security policy of a server without an OpenID Connect issuer.
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
     img-src 'self' blob: data:; connect-src 'self'; object-src 'none'; base-uri 'none'; \
     frame-ancestors 'none'; form-action 'self'";

/// The conventions of ux.md: no inline or third-party content, WebAssembly allowed, no framing, and
/// only those device permissions that a proof needs.
const SECURITY_HEADERS: [(HeaderName, HeaderValue); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    ),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(
            "camera=(self), geolocation=(self), screen-wake-lock=(self), microphone=(), \
             payment=(), usb=(), display-capture=(), accelerometer=(), gyroscope=(), \
             magnetometer=(), midi=(), browsing-topics=()",
        ),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// Returns the function that adds the headers that a response does not have. A proof file sets a
/// stricter policy of its own.
///
/// The app may also connect to the OpenID Connect issuer, and to its token endpoint, which is known
/// once the issuer was reached.
pub fn of(issuer: Option<OidcIssuer>) -> impl Fn(Response) -> Response + Clone {
    move |mut response| {
        let headers = response.headers_mut();
        let policy = issuer.as_ref().and_then(policy_with);
        if let (Some(policy), Entry::Vacant(missing)) =
            (policy, headers.entry(header::CONTENT_SECURITY_POLICY))
        {
            missing.insert(policy);
        }
        for (name, value) in SECURITY_HEADERS {
            headers.entry(name).or_insert(value);
        }
        response
    }
}

fn policy_with(issuer: &OidcIssuer) -> Option<HeaderValue> {
    let metadata = issuer.cached_metadata();
    let token_endpoint = metadata.as_deref().map(|it| it.token_endpoint.as_str());
    let mut origins: Vec<_> = [Some(issuer.issuer()), token_endpoint]
        .into_iter()
        .flatten()
        .filter_map(|url| Some(Url::parse(url).ok()?.origin().ascii_serialization()))
        // In a host these are allowed, and in a policy they end a source.
        .filter(|origin| !origin.contains([';', ',', '\'']))
        .collect();
    origins.dedup();
    let sources = format!("connect-src 'self' {};", origins.join(" "));
    HeaderValue::try_from(POLICY.replace("connect-src 'self';", &sources)).ok()
}
