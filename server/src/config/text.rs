//! Forms of text that settings must have.

use super::error::ConfigError;
use url::Url;

/// Parses an origin (a URL without a path), and returns it as browsers write it.
pub(super) fn origin(text: &str) -> Result<String, ConfigError> {
    let wrong = ConfigError(
        "must be http:// or https:// and a host, without a path or a slash at the end, such as \
         https://tasks.example.com",
    );
    let Ok(url) = Url::parse(text) else {
        return Err(wrong);
    };
    let http = matches!(url.scheme(), "http" | "https");
    let alone = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let anonymous = url.username().is_empty() && url.password().is_none();
    if !http || !alone || !anonymous || url.port() == Some(0) || text.ends_with('/') {
        return Err(wrong);
    }
    Ok(url.origin().ascii_serialization())
}

/// Returns whether a header value can carry the text unchanged.
pub(super) fn is_header(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Returns whether the text has no line end, tab or other control character.
pub(super) fn is_line(text: &str) -> bool {
    !text.contains(char::is_control)
}
