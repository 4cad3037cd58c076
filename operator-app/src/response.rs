//! Decides whether a response comes from the server, and what its failure means.
//!
//! A status code alone proves nothing: the sign-in page of a Wi-Fi answers every request with 200.
//! A response counts as the server's only if it parses as the endpoint's type and matches the
//! request, and a refusal only if it parses as an [`ErrorBody`].

use api_types::error::{ErrorBody, ErrorCode};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Why a request has no successful response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum ClientError {
    /// There was no response: no network, or no server.
    Unreachable,
    /// Something other than the server responded, such as the sign-in page of a Wi-Fi or a proxy.
    /// Contains its HTTP status. The request did not reach the server.
    Intercepted(u16),
    /// The server refused the request. Contains the error, and the seconds of `Retry-After` if the
    /// server sent it.
    Refused(ErrorBody, Option<u32>),
    /// Nobody is signed in, and the session cannot be renewed without the person.
    SignedOut,
    /// The browser cannot make the request, because it lost the data to send.
    Lost,
}

impl ClientError {
    /// Returns whether the same request may succeed later unchanged, possibly after signing in
    /// again.
    pub(crate) fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable | Self::Intercepted(_) | Self::SignedOut => true,
            Self::Refused(body, _) => body.retryable || self.is_unauthorized(),
            Self::Lost => false,
        }
    }

    /// Returns whether the error concerns the connection to the server rather than the request.
    pub(crate) const fn is_of_connection(&self) -> bool {
        matches!(self, Self::Unreachable | Self::Intercepted(_))
    }

    /// Returns whether the server refused the request because nobody is signed in.
    pub(crate) fn is_unauthorized(&self) -> bool {
        match self {
            Self::Refused(body, _) => body.code == ErrorCode::Unauthorized,
            Self::SignedOut => true,
            Self::Unreachable | Self::Intercepted(_) | Self::Lost => false,
        }
    }

    /// Returns the seconds to wait before a retry, if the server sent `Retry-After`.
    pub(crate) fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Refused(_, seconds) => *seconds,
            Self::Unreachable | Self::Intercepted(_) | Self::SignedOut | Self::Lost => None,
        }
    }
}

/// A response, which need not come from the server.
pub(crate) struct RawResponse {
    /// The HTTP status; 0 for a connection that broke.
    pub(crate) status: u16,
    pub(crate) text: String,
    pub(crate) retry_after: Option<String>,
}

impl RawResponse {
    /// Returns the successful response if it is the server's: of the expected type, and matching
    /// the request.
    pub(crate) fn parse<T: DeserializeOwned>(
        self,
        matches_request: impl Fn(&T) -> bool,
    ) -> Result<T, ClientError> {
        let intercepted = ClientError::Intercepted(self.status);
        match self.status {
            0 => Err(ClientError::Unreachable),
            200..300 => serde_json::from_str(&self.text)
                .ok()
                .filter(matches_request)
                .ok_or(intercepted),
            _ => Err(
                serde_json::from_str(&self.text).map_or(intercepted, |body| {
                    let wait = self.retry_after.and_then(|seconds| seconds.parse().ok());
                    ClientError::Refused(body, wait)
                }),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use api_types::{proof::ProofReceipt, status::Status};

    use super::*;

    fn answer(status: u16, text: &str) -> Result<ProofReceipt, ClientError> {
        let reply = RawResponse {
            status,
            text: text.to_owned(),
            retry_after: None,
        };
        reply.parse(|receipt: &ProofReceipt| receipt.status == Status::Submitted)
    }

    const RECEIPT: &str = r#"{"task_id":"task_01KB0000000000000000000000","status":"SUBMITTED",
        "submitted_at":"2026-02-05T12:00:00.000Z","message":"Received."}"#;

    #[test]
    fn only_a_receipt_is_a_receipt() {
        assert!(answer(200, RECEIPT).is_ok());
        for text in [
            "",
            "<html>Welcome</html>",
            "{}",
            "null",
            "{\"status\":\"ok\"}",
        ] {
            assert_eq!(
                answer(200, text).unwrap_err(),
                ClientError::Intercepted(200)
            );
        }
        let other = RECEIPT.replace("SUBMITTED", "ACCEPTED");
        assert_eq!(
            answer(200, &other).unwrap_err(),
            ClientError::Intercepted(200)
        );
        assert_eq!(answer(204, "").unwrap_err(), ClientError::Intercepted(204));
    }

    #[test]
    fn only_the_servers_own_refusal_is_final() {
        let refused =
            r#"{"error":"No.","code":"validation","request_id":"req_1","retryable":false}"#;
        assert!(!answer(400, refused).unwrap_err().is_retryable());
        for (status, text) in [
            (403, "<html>Sign in</html>"),
            (404, "{}"),
            (511, ""),
            (0, ""),
        ] {
            assert!(answer(status, text).unwrap_err().is_retryable());
        }
    }
}
