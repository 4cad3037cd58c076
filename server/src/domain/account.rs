//! Accounts: what an agent or an operator says of itself, and may change (contract §3, §6).

use api_types::{
    agent::{AgentSettings, COMPANY_CHARS_MAX, NAME_CHARS_MAX, RegisterAgent},
    deposit::{DEPOSIT_MAX, DEPOSIT_MIN, DepositUsdc},
    error::Dialect,
    estimate::ESTIMATE_MINUTES_MAX,
    operator::{ChangeOperator, HomePlace, RegisterOperator},
    task::{TaskType, WebhookStyle},
};
use serde_json::Value;

use super::delegation;
use super::email::email;
use super::fields::{Fields, Parsed, choice, degrees, list, money, text, whole, wrong};

/// Reads POST /agents/register.
///
/// # Errors
/// Every fault of the body.
pub fn parse_agent(body: &Value) -> Parsed<RegisterAgent> {
    Fields::read(body, |fields| {
        let name = fields.required("name", text(1..=NAME_CHARS_MAX));
        let email = fields.required("email", email);
        let company = fields.optional("company", text(0..=COMPANY_CHARS_MAX));
        Some(RegisterAgent {
            name: name?,
            email: email?,
            company,
        })
    })
}

/// What PATCH /agents/me changes; the inner `None` removes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentChange {
    /// Another name.
    pub name: Option<String>,
    /// Another company.
    pub company: Option<Option<String>>,
    /// Other settings.
    pub settings: Option<SettingsChange>,
}

/// Which settings change; the inner `None` removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettingsChange {
    dialect: Option<Option<Dialect>>,
    webhook_style: Option<Option<WebhookStyle>>,
    auto_approve_estimate_minutes: Option<Option<u32>>,
}

impl SettingsChange {
    /// The settings after the change.
    pub fn of(self, old: AgentSettings) -> AgentSettings {
        AgentSettings {
            dialect: self.dialect.unwrap_or(old.dialect),
            webhook_style: self.webhook_style.unwrap_or(old.webhook_style),
            auto_approve_estimate_minutes: self
                .auto_approve_estimate_minutes
                .unwrap_or(old.auto_approve_estimate_minutes),
        }
    }
}

/// Reads PATCH /agents/me.
///
/// # Errors
/// Every fault of the body.
pub fn parse_agent_change(body: &Value) -> Parsed<AgentChange> {
    Fields::read(body, |fields| {
        let name = fields.optional("name", text(1..=NAME_CHARS_MAX));
        let company = fields.removable("company", text(0..=COMPANY_CHARS_MAX));
        let settings = fields.optional("settings", settings);
        Some(AgentChange {
            name,
            company,
            settings,
        })
    })
}

fn settings(value: &Value) -> Parsed<SettingsChange> {
    Fields::read(value, |fields| {
        let dialect = fields.removable("dialect", delegation::dialect());
        let styles = WebhookStyle::ALL.map(WebhookStyle::as_str).join(", ");
        let webhook_style = fields.removable("webhook_style", choice(WebhookStyle::parse, styles));
        let minutes = whole(1..=ESTIMATE_MINUTES_MAX);
        let auto_approve_estimate_minutes =
            fields.removable("auto_approve_estimate_minutes", minutes);
        Some(SettingsChange {
            dialect,
            webhook_style,
            auto_approve_estimate_minutes,
        })
    })
}

/// Reads POST /operator/register.
///
/// # Errors
/// Every fault of the body.
pub fn parse_operator(body: &Value) -> Parsed<RegisterOperator> {
    Fields::read(body, |fields| {
        let name = fields.required("name", text(1..=NAME_CHARS_MAX));
        let email = fields.required("email", email);
        let phone = fields.optional("phone", phone);
        let location = fields.optional("location", home_place);
        let skills = fields.optional("skills", skills);
        Some(RegisterOperator {
            name: name?,
            email: email?,
            phone,
            location,
            skills: skills.unwrap_or_default(),
        })
    })
}

/// Reads PATCH /operator/profile.
///
/// # Errors
/// Every fault of the body.
pub fn parse_operator_change(body: &Value) -> Parsed<ChangeOperator> {
    Fields::read(body, |fields| {
        Some(ChangeOperator {
            name: fields.optional("name", text(1..=NAME_CHARS_MAX)),
            phone: fields.optional("phone", phone),
            location: fields.optional("location", home_place),
            skills: fields.optional("skills", skills),
        })
    })
}

fn skills(value: &Value) -> Parsed<Vec<TaskType>> {
    let names = TaskType::ALL.map(TaskType::as_str).join(", ");
    list(0..=TaskType::ALL.len(), choice(TaskType::parse, names))(value)
}

fn phone(value: &Value) -> Parsed<String> {
    let read = text(1..=32)(value)?;
    let spaced = |c: char| !matches!(c, ' ' | '-' | '(' | ')' | '.');
    let compact: String = read.chars().filter(|c| spaced(*c)).collect();
    let digits = compact.strip_prefix('+').unwrap_or_default();
    let fits = (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if fits {
        Ok(compact)
    } else {
        wrong("must be + and 7 to 15 digits, like +1234567890")
    }
}

fn home_place(value: &Value) -> Parsed<HomePlace> {
    Fields::read(value, |fields| {
        let city = fields.required("city", text(1..=100));
        let country = fields.required("country", |value| {
            let read = text(2..=2)(value)?;
            let letters = read.bytes().all(|byte| byte.is_ascii_alphabetic());
            if letters {
                Ok(read.to_uppercase())
            } else {
                wrong("must be two letters, like US")
            }
        });
        let lat = fields.optional("lat", degrees(-90.0..=90.0));
        let lng = fields.optional("lng", degrees(-180.0..=180.0));
        match (lat, lng) {
            (Some(_), None) => fields.fault("lng", "is required beside lat"),
            (None, Some(_)) => fields.fault("lat", "is required beside lng"),
            _ => {}
        }
        // To a tenth of a degree: where somebody lives is nobody's affair.
        let coarse = |degrees: f64| (degrees * 10.0).round() / 10.0;
        Some(HomePlace {
            city: city?,
            country: country?,
            lat: lat.map(coarse),
            lng: lng.map(coarse),
        })
    })
}

/// Reads POST /agents/deposit/usdc.
///
/// # Errors
/// Every fault of the body.
pub fn parse_deposit(body: &Value) -> Parsed<DepositUsdc> {
    Fields::read(body, |fields| {
        let tx_hash = fields.required("tx_hash", tx_hash);
        let amount_usdc = fields.required("amount_usdc", |value| {
            let amount = money(6)(value)?;
            let fits = (DEPOSIT_MIN..=DEPOSIT_MAX).contains(&amount);
            if fits {
                Ok(amount)
            } else {
                wrong("must be from 5 to 10000 USDC")
            }
        });
        let base = |name: &str| (name == "base").then(|| name.to_owned());
        let chain = fields.optional("chain", choice(base, "base"));
        Some(DepositUsdc {
            tx_hash: tx_hash?,
            amount_usdc: amount_usdc?,
            chain,
        })
    })
}

/// A transaction hash, lower-cased so that one transaction has one spelling.
fn tx_hash(value: &Value) -> Parsed<String> {
    let read = text(1..=100)(value)?;
    let digits = read.strip_prefix("0x").unwrap_or_default();
    let fits = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if fits {
        Ok(read.to_lowercase())
    } else {
        wrong("must be 0x and 64 hexadecimal digits")
    }
}
