//! Client of the payment provider: dLocal's Payins API, version 2.1.
//!
//! Each request is signed: `Authorization: V2-HMAC-SHA256, Signature: ` and the HMAC-SHA256 of
//! login, date and body under the secret key. The provider's later notices arrive at
//! `http/public/payment_notices.rs`, and their signatures are checked here. No card number ever
//! reaches this server: the payer enters it on the provider's page.

use std::fmt;
use std::time::Duration;

use anyhow::Context;
use api_types::deposit::PaymentMethod;
use api_types::{MicroUsd, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;
use url::Url;

use crate::config::{Config, Secret};
use crate::domain::secret::{bytes_of_hex, hex};
use crate::outside::http;

/// Timeout of a request, from connecting to the end of the response.
const WITHIN: Duration = Duration::from_secs(15);

/// Timeout of connecting, which is part of it.
const CONNECTS_WITHIN: Duration = Duration::from_secs(5);

/// Maximum size of a response in bytes: 256 KiB.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// The reason why a payment was not created.
#[derive(Debug, thiserror::Error)]
pub enum FiatError {
    /// There was no response in time, or an unreadable one. The payment may have been created.
    #[error("the payment provider cannot be reached: {0}")]
    Unreachable(String),
    /// The provider refused to create the payment.
    #[error("the payment provider refused the payment: {0}")]
    Refused(String),
}

/// A payment to be created.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// Our id of the order; the provider's notices repeat it.
    pub order_id: &'a str,
    /// The idempotency key, the same in every attempt to create this payment.
    pub idempotency_key: &'a str,
    /// The amount to pay.
    pub amount: MicroUsd,
    /// The payment method: card or bank transfer.
    pub method: PaymentMethod,
    /// The name of the payer.
    pub payer_name: &'a str,
    /// The e-mail address of the payer.
    pub payer_email: &'a str,
    /// The URL to which the payer's browser returns afterwards.
    pub return_url: Option<&'a str>,
    /// The URL to which notices are sent.
    pub notification_url: &'a str,
}

/// A client of the provider. Cheap to clone.
#[derive(Clone)]
pub struct PaymentProvider {
    client: Client,
    payments: Url,
    login: String,
    trans_key: Secret,
    secret: Secret,
    country: String,
    bank_method: Option<String>,
}

impl fmt::Debug for PaymentProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fiat({}, [redacted])", self.payments)
    }
}

impl PaymentProvider {
    /// Creates a client from the settings, or returns `None` if they name no provider.
    ///
    /// # Errors
    /// Fails if this machine has no root certificates.
    pub fn of(config: &Config) -> anyhow::Result<Option<Self>> {
        let settings = &config.dlocal;
        let parts = (settings.dlocal_login.as_ref())
            .zip(settings.dlocal_trans_key.as_ref())
            .zip(settings.dlocal_secret.as_ref());
        let Some(((login, trans_key), secret)) = parts else {
            return Ok(None);
        };
        let client = http::service_client(WITHIN, CONNECTS_WITHIN)
            .context("cannot create the HTTP client for payments")?;
        let payments = settings.dlocal_url.join("/payments");
        Ok(Some(Self {
            client,
            payments: payments.context("DLOCAL_URL is not the URL of an API")?,
            login: login.clone(),
            trans_key: trans_key.clone(),
            secret: secret.clone(),
            country: settings.dlocal_country.clone(),
            bank_method: settings.dlocal_bank_method.clone(),
        }))
    }

    /// Creates a payment, and returns the URL at which the payer pays it.
    ///
    /// # Errors
    /// [`FiatError`] says whether a retry can help.
    pub async fn open(&self, order: &Order<'_>, now: Timestamp) -> Result<String, FiatError> {
        let body = self.body(order)?;
        let date = now.to_string();
        let signature = hex(&self
            .mac(&[&self.login, &date, &body])
            .finalize()
            .into_bytes());
        let request = self
            .client
            .post(self.payments.clone())
            .header("X-Date", &date)
            .header("X-Login", &self.login)
            .header("X-Trans-Key", self.trans_key.expose())
            .header("X-Version", "2.1")
            .header("X-Idempotency-Key", order.idempotency_key)
            .header("Content-Type", "application/json")
            .header(
                "Authorization",
                format!("V2-HMAC-SHA256, Signature: {signature}"),
            );
        let answer = request.body(body).send().await.map_err(unreachable)?;
        let status = answer.status();
        let bytes = read(answer).await?;
        if !status.is_success() {
            return Err(refused(status, &bytes));
        }
        let opened: OpenedPayment = serde_json::from_slice(&bytes)
            .map_err(|_| FiatError::Unreachable("its response is not a payment".to_owned()))?;
        match opened
            .redirect_url
            .filter(|url| url.starts_with("https://"))
        {
            Some(url) => Ok(url),
            None => Err(FiatError::Refused(format!(
                "its response has the status {} and no payment page",
                opened.status
            ))),
        }
    }

    fn body(&self, order: &Order<'_>) -> Result<String, FiatError> {
        let mut body = json!({
            "amount": order.amount,
            "currency": "USD",
            "country": self.country,
            "payment_method_flow": "REDIRECT",
            "payer": {"name": order.payer_name, "email": order.payer_email},
            "order_id": order.order_id,
            "description": "HumanOps deposit",
            "notification_url": order.notification_url,
        });
        // Without a method the payer chooses on the provider's page; bank codes depend on the
        // country.
        let method = match order.method {
            PaymentMethod::Card => Some("CARD"),
            PaymentMethod::BankTransfer => self.bank_method.as_deref(),
        };
        if let Some(fields) = body.as_object_mut() {
            let more = [
                ("payment_method_id", method),
                ("callback_url", order.return_url),
            ];
            for (name, value) in more {
                if let Some(value) = value {
                    fields.insert(name.to_owned(), value.into());
                }
            }
        }
        serde_json::to_string(&body).map_err(|error| FiatError::Refused(error.to_string()))
    }

    /// Returns whether a notice is the provider's. It is signed with `X-Signature`, the hexadecimal
    /// HMAC-SHA256 of the raw body (contract §2), or with dLocal's own `Authorization`, which also
    /// covers login and date. The comparison runs in constant time.
    pub fn signed(&self, body: &[u8], signature: NoticeSignature<'_>) -> bool {
        let (hexadecimal, mac) = match signature {
            NoticeSignature::OfBody(signature) => (signature, self.mac(&[])),
            NoticeSignature::OfRequest { signature, date } => {
                (signature, self.mac(&[&self.login, date]))
            }
        };
        let Some(signature) = bytes_of_hex(hexadecimal) else {
            return false;
        };
        mac.chain_update(body).verify_slice(&signature).is_ok()
    }

    fn mac(&self, parts: &[&str]) -> Hmac<Sha256> {
        #[expect(
            clippy::expect_used,
            reason = "HMAC takes keys of every length (RFC 2104)"
        )]
        let mac = Hmac::<Sha256>::new_from_slice(self.secret.expose().as_bytes())
            .expect("a key of any length");
        parts.iter().fold(mac, Mac::chain_update)
    }
}

/// The signature of a notice.
#[derive(Clone, Copy, Debug)]
pub enum NoticeSignature<'a> {
    /// The value of `X-Signature`.
    OfBody(&'a str),
    /// The parts of `Authorization: V2-HMAC-SHA256, Signature: …`.
    OfRequest {
        /// The text after `Signature: `.
        signature: &'a str,
        /// The value of `X-Date`.
        date: &'a str,
    },
}

#[derive(Deserialize)]
struct OpenedPayment {
    #[serde(default)]
    status: String,
    redirect_url: Option<String>,
}

/// The error object of dLocal.
#[derive(Deserialize)]
struct ProviderError {
    code: Option<i64>,
    message: Option<String>,
}

async fn read(mut answer: reqwest::Response) -> Result<Vec<u8>, FiatError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > ANSWER_BYTES_MAX {
            return Err(FiatError::Unreachable(
                "its response is too large".to_owned(),
            ));
        }
    }
    Ok(bytes)
}

fn unreachable(error: reqwest::Error) -> FiatError {
    // The URL is known, and is kept out of the log.
    FiatError::Unreachable(error.without_url().to_string())
}

fn refused(status: StatusCode, bytes: &[u8]) -> FiatError {
    let reason = serde_json::from_slice::<ProviderError>(bytes).ok();
    let reason = reason.map_or_else(String::new, |error| {
        let message: String = (error.message.unwrap_or_default().chars().take(200)).collect();
        format!(" {} {message}", error.code.unwrap_or_default())
    });
    let text = format!("{}{reason}", status.as_u16());
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        FiatError::Unreachable(text)
    } else {
        FiatError::Refused(text)
    }
}
