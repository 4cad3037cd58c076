//! The payment provider: dLocal's Payins API, version 2.1.
//!
//! Each request is signed: `Authorization: V2-HMAC-SHA256, Signature: ` and the HMAC-SHA256, under
//! the secret key, of login, date and body. What the provider tells later arrives at
//! `http/fiat.rs`, whose signatures are checked here. No card number ever comes near this server:
//! the payer types it on the provider's page.

use std::fmt;
use std::time::Duration;

use anyhow::Context;
use api_types::deposit::PaymentMethod;
use api_types::{MicroUsd, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Client, StatusCode, redirect};
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;
use url::Url;

use crate::config::{Config, Secret};
use crate::domain::secret::{bytes_of_hex, hex};

/// From the first packet to the end of the answer.
const WITHIN: Duration = Duration::from_secs(15);

/// Of which a connection takes at most.
const CONNECTS_WITHIN: Duration = Duration::from_secs(5);

/// Bytes of an answer at most: 256 KiB.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Why the provider did not open a payment.
#[derive(Debug, thiserror::Error)]
pub enum FiatError {
    /// Nobody answered in time, or with nothing to be made sense of. It may have been opened.
    #[error("the payment provider cannot be reached: {0}")]
    Unreachable(String),
    /// The provider does not open it.
    #[error("the payment provider refuses: {0}")]
    Refused(String),
}

/// A payment to be opened.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// Ours; its notices repeat it.
    pub order_id: &'a str,
    /// The same each time that this payment is asked for.
    pub idempotency_key: &'a str,
    /// How much.
    pub amount: MicroUsd,
    /// How it is paid.
    pub method: PaymentMethod,
    /// Who pays.
    pub payer_name: &'a str,
    /// Where they read mail.
    pub payer_email: &'a str,
    /// Where their browser goes afterwards.
    pub return_url: Option<&'a str>,
    /// Where notices go.
    pub notification_url: &'a str,
}

/// The provider. Cheap to clone.
#[derive(Clone)]
pub struct Fiat {
    client: Client,
    payments: Url,
    login: String,
    trans_key: Secret,
    secret: Secret,
    country: String,
    bank_method: Option<String>,
}

impl fmt::Debug for Fiat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fiat({}, [redacted])", self.payments)
    }
}

impl Fiat {
    /// The provider that the settings name; none if they name none.
    ///
    /// # Errors
    /// When this machine has no certificates to know others by.
    pub fn of(config: &Config) -> anyhow::Result<Option<Self>> {
        let settings = &config.dlocal;
        let parts = (settings.dlocal_login.as_ref())
            .zip(settings.dlocal_trans_key.as_ref())
            .zip(settings.dlocal_secret.as_ref());
        let Some(((login, trans_key), secret)) = parts else {
            return Ok(None);
        };
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .timeout(WITHIN)
            .connect_timeout(CONNECTS_WITHIN)
            .user_agent(concat!("HumanOps/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("cannot make the client for payments")?;
        let payments = settings.dlocal_url.join("/payments");
        Ok(Some(Self {
            client,
            payments: payments.context("DLOCAL_URL is no address")?,
            login: login.clone(),
            trans_key: trans_key.clone(),
            secret: secret.clone(),
            country: settings.dlocal_country.clone(),
            bank_method: settings.dlocal_bank_method.clone(),
        }))
    }

    /// Opens a payment, and answers where the payer pays it.
    ///
    /// # Errors
    /// [`FiatError`] says whether trying again can help.
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
        let opened: Opened = serde_json::from_slice(&bytes)
            .map_err(|_| FiatError::Unreachable("its answer is no payment".to_owned()))?;
        match opened
            .redirect_url
            .filter(|url| url.starts_with("https://"))
        {
            Some(url) => Ok(url),
            None => Err(FiatError::Refused(format!(
                "it answered {} and no page to pay on",
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
        // Without a method the payer chooses on the provider's page; banks have codes by country.
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

    /// Whether a notice is the provider's: `X-Signature`, the hexadecimal HMAC-SHA256 of the raw
    /// body (contract §2), or dLocal's own `Authorization`, which covers login and date too. The
    /// comparison takes the same time for every wrong signature.
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

/// How a notice is signed.
#[derive(Clone, Copy, Debug)]
pub enum NoticeSignature<'a> {
    /// `X-Signature`.
    OfBody(&'a str),
    /// `Authorization: V2-HMAC-SHA256, Signature: …`.
    OfRequest {
        /// What follows `Signature: `.
        signature: &'a str,
        /// `X-Date`.
        date: &'a str,
    },
}

#[derive(Deserialize)]
struct Opened {
    #[serde(default)]
    status: String,
    redirect_url: Option<String>,
}

/// dLocal's error object.
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
            return Err(FiatError::Unreachable("its answer is too large".to_owned()));
        }
    }
    Ok(bytes)
}

fn unreachable(error: reqwest::Error) -> FiatError {
    // Its address is ours to know; what it was asked stays out of the log.
    FiatError::Unreachable(error.without_url().to_string())
}

fn refused(status: StatusCode, bytes: &[u8]) -> FiatError {
    let told = serde_json::from_slice::<ProviderError>(bytes).ok();
    let told = told.map_or_else(String::new, |error| {
        let message: String = (error.message.unwrap_or_default().chars().take(200)).collect();
        format!(" {} {message}", error.code.unwrap_or_default())
    });
    let text = format!("{}{told}", status.as_u16());
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        FiatError::Unreachable(text)
    } else {
        FiatError::Refused(text)
    }
}
