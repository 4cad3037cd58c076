//! Account data that an agent or an operator states about itself and may change (contract §3, §6).
//!
//! Each function that reads a body returns every fault of the body. Storing the values is elsewhere
//! (`store`).

use api_types::{
    agent::{AGENT_NAME_CHARS_MAX, AgentSettings, COMPANY_CHARS_MAX, RegisterAgent},
    error::Dialect,
    estimate::ESTIMATE_MINUTES_MAX,
    event::WebhookStyle,
    operator::{ChangeOperator, OPERATOR_NAME_CHARS_MAX, PHONE_DIGITS_MAX, PHONE_DIGITS_MIN},
    place::{CITY_CHARS_MAX, COUNTRY_CHARS, HomePlace, LAT_DEGREES_MAX, LNG_DEGREES_MAX},
    task_type::TaskType,
};
use serde_json::Value;

use super::delegation;
use super::email::email;
use super::fields::{Fields, Parsed, choice, degrees, list, text, whole, wrong};

/// Maximum number of characters in a phone number with its separators.
const PHONE_CHARS_MAX: usize = 32;

/// Reads the body of POST /agents/register.
pub fn parse_agent(body: &Value) -> Parsed<RegisterAgent> {
    Fields::read(body, |fields| {
        let name = fields.required("name", text(1..=AGENT_NAME_CHARS_MAX));
        let email = fields.required("email", email);
        let company = fields.optional("company", text(0..=COMPANY_CHARS_MAX));
        Some(RegisterAgent {
            name: name?,
            email: email?,
            company,
        })
    })
}

/// The changes that PATCH /agents/me asks for; an inner `None` removes the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentChange {
    /// The new name, if it changes.
    pub name: Option<String>,
    /// The new company; `Some(None)` removes it.
    pub company: Option<Option<String>>,
    /// The changed settings, if any.
    pub settings: Option<SettingsChange>,
}

/// The changes to an agent's settings; an inner `None` removes the setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettingsChange {
    dialect: Option<Option<Dialect>>,
    webhook_style: Option<Option<WebhookStyle>>,
    auto_approve_estimate_minutes: Option<Option<u32>>,
}

impl SettingsChange {
    /// Returns the settings after the change, given the `old` ones.
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

/// Reads the body of PATCH /agents/me.
pub fn parse_agent_change(body: &Value) -> Parsed<AgentChange> {
    Fields::read(body, |fields| {
        let name = fields.optional("name", text(1..=AGENT_NAME_CHARS_MAX));
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

/// The account that an operator registers.
#[derive(Clone, Debug, PartialEq)]
pub struct NewOperator {
    /// The name, which agents see shortened.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// The phone number, if given.
    pub phone: Option<String>,
    /// The approximate area where the operator works, if given.
    pub location: Option<HomePlace>,
    /// The task types that the operator does; empty means all.
    pub skills: Vec<TaskType>,
}

/// Reads the body of POST /operator/register. `verified` is the address that the person proved by
/// signing in.
pub fn parse_operator(body: &Value, verified: Option<&str>) -> Parsed<NewOperator> {
    Fields::read(body, |fields| {
        let name = fields.required("name", text(1..=OPERATOR_NAME_CHARS_MAX));
        let email = match verified {
            None => fields.required("email", email),
            Some(verified) => {
                let stated = fields.optional("email", email);
                if stated.is_some_and(|stated| stated != verified) {
                    fields.fault("email", "must be the address that you signed in with");
                }
                Some(verified.to_owned())
            }
        };
        let phone = fields.optional("phone", phone);
        let location = fields.optional("location", home_place);
        let skills = fields.optional("skills", skills);
        Some(NewOperator {
            name: name?,
            email: email?,
            phone,
            location,
            skills: skills.unwrap_or_default(),
        })
    })
}

/// Reads the body of PATCH /operator/profile.
pub fn parse_operator_change(body: &Value) -> Parsed<ChangeOperator> {
    Fields::read(body, |fields| {
        Some(ChangeOperator {
            name: fields.optional("name", text(1..=OPERATOR_NAME_CHARS_MAX)),
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
    let read = text(1..=PHONE_CHARS_MAX)(value)?;
    let spaced = |c: char| !matches!(c, ' ' | '-' | '(' | ')' | '.');
    let compact: String = read.chars().filter(|c| spaced(*c)).collect();
    let digits = compact.strip_prefix('+').unwrap_or_default();
    let fits = (PHONE_DIGITS_MIN..=PHONE_DIGITS_MAX).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit());
    if fits {
        Ok(compact)
    } else {
        wrong("must be + and 7 to 15 digits, like +1234567890")
    }
}

fn home_place(value: &Value) -> Parsed<HomePlace> {
    Fields::read(value, |fields| {
        let city = fields.required("city", text(1..=CITY_CHARS_MAX));
        let country = fields.required("country", |value| {
            let read = text(COUNTRY_CHARS..=COUNTRY_CHARS)(value)?;
            let letters = read.bytes().all(|byte| byte.is_ascii_alphabetic());
            if letters {
                Ok(read.to_uppercase())
            } else {
                wrong("must be two letters, like US")
            }
        });
        let lat = fields.optional("lat", degrees(-LAT_DEGREES_MAX..=LAT_DEGREES_MAX));
        let lng = fields.optional("lng", degrees(-LNG_DEGREES_MAX..=LNG_DEGREES_MAX));
        match (lat, lng) {
            (Some(_), None) => fields.fault("lng", "is required together with lat"),
            (None, Some(_)) => fields.fault("lat", "is required together with lng"),
            _ => {}
        }
        // Rounded to a tenth of a degree: the exact home of an operator must not be known.
        let coarse = |degrees: f64| (degrees * 10.0).round() / 10.0;
        Some(HomePlace {
            city: city?,
            country: country?,
            lat: lat.map(coarse),
            lng: lng.map(coarse),
        })
    })
}

/// Shortens a name for agents: "Jane Doe" becomes "Jane D." (contract §4).
pub fn shortened_name(name: &str) -> String {
    let mut words = name.split_whitespace();
    let first = words.next().unwrap_or_default();
    match words.next_back().and_then(|last| last.chars().next()) {
        Some(initial) => format!("{first} {}.", initial.to_uppercase()),
        None => first.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_home_is_kept_to_a_tenth_of_a_degree() {
        let stated = json!({"city": "Berlin", "country": "de", "lat": 52.5163, "lng": -13.3777});
        let home = home_place(&stated).unwrap();
        assert_eq!((home.lat, home.lng), (Some(52.5), Some(-13.4)));
        assert_eq!(home.country, "DE");
    }

    #[test]
    fn an_operators_name_is_shortened() {
        for (name, shown) in [
            ("Jane Doe", "Jane D."),
            ("Jane", "Jane"),
            ("Ana de la cruz", "Ana C."),
        ] {
            assert_eq!(shortened_name(name), shown);
        }
    }
}
