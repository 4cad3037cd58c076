//! New accounts: what an agent or an operator must say of itself (contract §3, §6).

use api_types::{
    agent::{COMPANY_CHARS_MAX, CreateKey, NAME_CHARS_MAX, RegisterAgent},
    deposit::{DEPOSIT_MAX, DEPOSIT_MIN, DepositUsdc},
    operator::{HomePlace, RegisterOperator},
    task::TaskType,
};
use serde_json::Value;

use super::fields::{Fields, Parsed, choice, email, list, money, text, wrong};

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
    let names = TaskType::ALL.map(TaskType::as_str).join(", ");
    let skills = fields.optional("skills", list(0..=13, choice(TaskType::parse, names)));
    let read = name.zip(email).map(|(name, email)| RegisterOperator {
        name,
        email,
        phone,
        location,
        skills: skills.unwrap_or_default(),
    });
    fields.finish(read)
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
    let read = city
        .zip(country)
        .map(|(city, country)| HomePlace { city, country });
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
