//! Responses, read completely, and assertions about them.

use reqwest::RequestBuilder;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// A response whose body was read completely.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The HTTP status code.
    pub(crate) status: u16,
    /// The headers of the response.
    pub(crate) headers: HeaderMap,
    /// The body if it is JSON, else null.
    pub(crate) body: Value,
    /// The bytes of the body.
    pub(crate) bytes: Vec<u8>,
}

/// Sends a request and reads the whole response.
pub(crate) trait Ask {
    /// Returns the response, whatever its status.
    async fn answer(self) -> Answer;
}

impl Ask for RequestBuilder {
    async fn answer(self) -> Answer {
        let response = self.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.unwrap().to_vec();
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Answer {
            status,
            headers,
            body,
            bytes,
        }
    }
}

impl Answer {
    /// Returns the response, which must be 201.
    pub(crate) fn created(self) -> Self {
        assert_eq!(self.status, 201, "{}", self.body);
        self
    }

    /// Returns the response, which must be 200.
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{}", self.body);
        self
    }

    /// Returns the message of a refusal, which must have this status and code, be in the default
    /// dialect and contain the id of its request.
    pub(crate) fn refused(&self, status: u16, code: &str) -> &str {
        assert_eq!(
            (self.status, self.body["code"].as_str()),
            (status, Some(code)),
            "{self:?}"
        );
        assert_eq!(self.body["request_id"], self.header("x-request-id"));
        self.body["error"].as_str().unwrap()
    }

    /// Returns the fields that a refusal names, in its order.
    pub(crate) fn faulty_fields(&self) -> Vec<&str> {
        let details = self.body["details"].as_array().unwrap();
        details
            .iter()
            .map(|fault| fault["field"].as_str().unwrap())
            .collect()
    }

    /// Returns a header, or an empty text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Returns a text field of the body.
    pub(crate) fn text(&self, field: &str) -> String {
        self.body[field]
            .as_str()
            .unwrap_or_else(|| panic!("{field} in {}", self.body))
            .to_owned()
    }

    /// Returns a field of the body as an id.
    pub(crate) fn id<Id: std::str::FromStr<Err: std::fmt::Debug>>(&self, field: &str) -> Id {
        self.text(field).parse().unwrap()
    }
}
