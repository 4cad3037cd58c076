//! New accounts: what an agent or an operator must say of itself (contract §3, §6).

use api_types::{
    agent::{COMPANY_CHARS_MAX, CreateKey, NAME_CHARS_MAX, RegisterAgent},
    deposit::{DEPOSIT_MAX, DEPOSIT_MIN, DepositUsdc},
    operator::{ChangeOperator, HomePlace, RegisterOperator},
    task::TaskType,
};
use serde_json::Value;

use super::fields::{Fields, Parsed, choice, degrees, email, list, money, text, wrong};

/// Reads POST /agents/register.
///
/// # Errors
/// Every fault of the body.
pub fn parse_agent(body: &Value) -> Parsed<RegisterAgent> {
    let mut fields = Fields::of(body);
    let name = fields.required("name", text(1..=NAME_CHARS_MAX));
    let email = fields.required("email", email);
    let company = fields.optional("company", text(0..=COMPANY_CHARS_MAX));
    let read = name.zip(email).map(|(name, email)| RegisterAgent {
        name,
        email,
        company,
    });
    fields.finish(read)
}

/// Reads POST /agents/keys; a body is not needed.
///
/// # Errors
/// Every fault of the body.
pub fn parse_key(body: &Value) -> Parsed<CreateKey> {
    if body.is_null() {
        return Ok(CreateKey::default());
    }
    let mut fields = Fields::of(body);
    let name = fields.optional("name", text(1..=NAME_CHARS_MAX));
    fields.finish(Some(CreateKey { name }))
}

/// Reads POST /operator/register.
///
/// # Errors
/// Every fault of the body.
pub fn parse_operator(body: &Value) -> Parsed<RegisterOperator> {
    let mut fields = Fields::of(body);
    let name = fields.required("name", text(1..=NAME_CHARS_MAX));
    let email = fields.required("email", email);
    let phone = fields.optional("phone", phone);
    let location = fields.optional("location", home_place);
    let skills = fields.optional("skills", skills);
    let read = name.zip(email).map(|(name, email)| RegisterOperator {
        name,
        email,
        phone,
        location,
        skills: skills.unwrap_or_default(),
    });
    fields.finish(read)
}

/// Reads PATCH /operator/profile.
///
/// # Errors
/// Every fault of the body.
pub fn parse_operator_change(body: &Value) -> Parsed<ChangeOperator> {
    let mut fields = Fields::of(body);
    let changed = ChangeOperator {
        name: fields.optional("name", text(1..=NAME_CHARS_MAX)),
        phone: fields.optional("phone", phone),
        location: fields.optional("location", home_place),
        skills: fields.optional("skills", skills),
    };
    fields.finish(Some(changed))
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
    let mut fields = Fields::of(value);
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
    let read = city.zip(country).map(|(city, country)| HomePlace {
        city,
        country,
        lat: lat.map(coarse),
        lng: lng.map(coarse),
    });
    fields.finish(read)
}

/// Reads POST /agents/deposit/usdc.
///
/// # Errors
/// Every fault of the body.
pub fn parse_deposit(body: &Value) -> Parsed<DepositUsdc> {
    let mut fields = Fields::of(body);
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
    let read = tx_hash.zip(amount_usdc);
    let read = read.map(|(tx_hash, amount_usdc)| DepositUsdc {
        tx_hash,
        amount_usdc,
        chain,
    });
    fields.finish(read)
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
