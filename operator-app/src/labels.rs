//! Display texts for the API's enums. Every variant has a text; a new variant does not compile
//! without one.

use api_types::{
    Timestamp,
    agent::AgentSummary,
    error::ErrorCode,
    place::Location,
    proof::ProofType,
    status::Status,
    task::OperatorTaskView,
    task_type::{TaskDomain, TaskType},
};

use crate::browser;

/// Returns the name of a task type.
pub(crate) const fn task_type(kind: TaskType) -> &'static str {
    match kind {
        TaskType::Verification => "Verify something",
        TaskType::Delivery => "Deliver something",
        TaskType::Photo => "Take photos",
        TaskType::Inspection => "Inspect something",
        TaskType::CaptchaSolving => "Solve a captcha",
        TaskType::FormFilling => "Fill in a form",
        TaskType::BrowserInteraction => "Browse a website",
        TaskType::ContentReview => "Review content",
        TaskType::DataValidation => "Check data",
        TaskType::AccountCreation => "Create an account",
        TaskType::ApiKeyProcurement => "Get an API key",
        TaskType::PhoneVerification => "Verify a phone number",
        TaskType::SubscriptionSetup => "Set up a subscription",
    }
}

/// Returns the name of a status from the operator's view.
pub(crate) const fn status(status: Status) -> &'static str {
    match status {
        Status::Pending => "Open",
        Status::EstimatePending => "Estimate sent",
        Status::Accepted => "Accepted",
        Status::InProgress => "In progress",
        Status::Submitted => "Under review",
        Status::Verified => "Approved",
        Status::Completed => "Completed",
        Status::ManualReview => "Agent review",
        Status::Disputed => "Disputed",
        Status::Cancelled => "Cancelled",
    }
}

/// Returns a description of the kind of proof that a task asks for.
pub(crate) const fn proof_kind(task: &OperatorTaskView) -> &'static str {
    match (task.task_domain, task.proof_type) {
        (TaskDomain::Credential, _) => "A credential, encrypted on this phone",
        (_, ProofType::Photo) => "Photos taken on site",
        (_, ProofType::Screenshot) => "Screenshots",
        (_, ProofType::Confirmation) => "A written confirmation",
        (_, ProofType::Artifact) => "Files: pictures or PDFs",
    }
}

/// Returns the label of the button that leads to the proof form.
pub(crate) const fn proof_action(task: &OperatorTaskView) -> &'static str {
    match (task.task_domain, task.task_type, task.proof_type) {
        (TaskDomain::Credential, TaskType::ApiKeyProcurement, _) => "Send API key",
        (TaskDomain::Credential, TaskType::PhoneVerification, _) => "Send code",
        (TaskDomain::Credential, ..) => "Send account details",
        (_, _, ProofType::Photo) => "Add photos",
        (_, _, ProofType::Screenshot) => "Add screenshots",
        (_, _, ProofType::Confirmation) => "Write confirmation",
        (_, _, ProofType::Artifact) => "Add files",
    }
}

/// Returns where a task takes place, as far as the operator may know it now.
pub(crate) fn location(domain: TaskDomain, location: Option<&Location>) -> String {
    match (domain, location) {
        (TaskDomain::Digital | TaskDomain::Credential, _) => "From anywhere".to_owned(),
        (
            _,
            Some(Location {
                address: Some(address),
                ..
            }),
        ) => address.clone(),
        (
            _,
            Some(Location {
                lat: Some(lat),
                lng: Some(lng),
                ..
            }),
        ) => {
            let north = if *lat < 0.0 { 'S' } else { 'N' };
            let east = if *lng < 0.0 { 'W' } else { 'E' };
            let (lat, lng) = (
                browser::two_decimals(lat.abs()),
                browser::two_decimals(lng.abs()),
            );
            format!("Near {lat}° {north}, {lng}° {east}")
        }
        _ => "In person".to_owned(),
    }
}

const MINUTE_MS: i64 = 60_000;

/// Returns the time from `now` to `then` in its two largest units, or `None` once it is over.
pub(crate) fn time_left(now: Timestamp, then: Timestamp) -> Option<String> {
    let millis = then.as_millis() - now.as_millis();
    if millis <= 0 {
        return None;
    }
    let minutes = millis / MINUTE_MS;
    let (days, hours) = (minutes / 1_440, minutes / 60 % 24);
    Some(match minutes {
        0 => "less than a minute left".to_owned(),
        1..60 => format!("{minutes} min left"),
        60..1_440 => format!("{hours} h {} min left", minutes % 60),
        1_440..2_880 => format!("1 day {hours} h left"),
        _ => format!("{days} days left"),
    })
}

/// Returns the next time at which [`time_left`] returns another text: at the next whole minute, and
/// at `then` itself.
pub(crate) fn next_time_left_change(now: Timestamp, then: Timestamp) -> Option<Timestamp> {
    let millis = then.as_millis() - now.as_millis();
    let next = match millis {
        ..=0 => return None,
        1..MINUTE_MS => millis,
        // A whole minute is shown until it is over.
        _ => millis % MINUTE_MS + 1,
    };
    Timestamp::from_millis(now.as_millis() + next)
}

/// Returns whether `then` is less than an hour away, or in the past.
pub(crate) fn is_soon(now: Timestamp, then: Timestamp) -> bool {
    then.as_millis() - now.as_millis() < 60 * MINUTE_MS
}

/// Returns a short title for an error; the server's sentence gives the details.
pub(crate) const fn error_title(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::Validation | ErrorCode::SchemaValidationFailed => "Correction needed",
        ErrorCode::Unauthorized => "You are not signed in",
        ErrorCode::Forbidden | ErrorCode::DelegationExceeded | ErrorCode::HumanApprovalRequired => {
            "Not allowed"
        }
        ErrorCode::KycRequired => "Your identity is not confirmed yet",
        ErrorCode::NotFound => "Not available",
        ErrorCode::MethodNotAllowed | ErrorCode::UnsupportedMediaType => {
            "The server does not accept this request"
        }
        ErrorCode::InsufficientFunds => "Insufficient funds",
        ErrorCode::AlreadyExists => "Already exists",
        ErrorCode::InvalidState => "No longer possible",
        ErrorCode::Expired => "The deadline has passed",
        ErrorCode::RuleViolation => "Not allowed by the rules",
        ErrorCode::LimitExceeded => "Limit reached",
        ErrorCode::TooLarge => "Too large",
        ErrorCode::IdempotencyConflict => "Still being processed",
        ErrorCode::IdempotencyMismatch => "Already sent with different content",
        ErrorCode::RateLimited => "Too many requests. Wait a minute",
        ErrorCode::NotImplemented => "Not available on this server",
        ErrorCode::Unavailable => "The server is temporarily unavailable",
        ErrorCode::Internal => "Server error",
    }
}

/// Returns an agent's record: how many tasks it had completed and paid.
pub(crate) fn agent_record(agent: &AgentSummary) -> String {
    match agent.completed_tasks {
        0 => "New agent".to_owned(),
        number => count(number, "task paid", "tasks paid"),
    }
}

/// Returns the operators' rating of an agent, or `None` while there is none.
pub(crate) fn rating(stars: Option<f32>) -> Option<String> {
    let stars = browser::two_decimals(f64::from(stars?));
    Some(format!(
        "{} of 5 stars",
        stars.trim_end_matches('0').trim_end_matches('.')
    ))
}

/// Formats a duration in its largest whole unit: `45 min`, `2 h`, `1 day`.
pub(crate) fn duration(number: u32) -> String {
    match number {
        0 => "0 min".to_owned(),
        _ if number.is_multiple_of(1_440) => count(u64::from(number / 1_440), "day", "days"),
        _ if number.is_multiple_of(60) => format!("{} h", number / 60),
        _ => format!("{number} min"),
    }
}

/// Formats a number with its noun: `1 task`, `2 tasks`.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_770_000_000_000 + millis).unwrap()
    }

    fn left(millis: i64) -> Option<String> {
        time_left(at(0), at(millis))
    }

    #[test]
    fn no_time_is_left_at_the_deadline() {
        assert_eq!(left(1).unwrap(), "less than a minute left");
        for over in [0, -1, -30_000, -59_999, -60_000, -86_400_000] {
            assert_eq!(left(over), None, "{over} ms");
        }
    }

    #[test]
    fn time_left_has_the_two_largest_units() {
        for (millis, text) in [
            (59_999, "less than a minute left"),
            (60_000, "1 min left"),
            (59 * 60_000 + 59_999, "59 min left"),
            (60 * 60_000, "1 h 0 min left"),
            (1_439 * 60_000, "23 h 59 min left"),
            (1_440 * 60_000, "1 day 0 h left"),
            (2_880 * 60_000, "2 days left"),
        ] {
            assert_eq!(left(millis).unwrap(), text);
        }
    }

    /// Follows the text from change to change: no change is missed, and none is announced without
    /// need in the last day.
    #[test]
    fn the_text_changes_exactly_at_the_announced_times() {
        let deadline = at(86_400_000 - 1);
        let mut now = at(0);
        let mut text = time_left(now, deadline);
        let mut changes = 0;
        while let Some(next) = next_time_left_change(now, deadline) {
            let before = Timestamp::from_millis(next.as_millis() - 1).unwrap();
            assert_eq!(time_left(before, deadline), text, "at {before}");
            assert_ne!(time_left(next, deadline), text, "at {next}");
            (now, text) = (next, time_left(next, deadline));
            changes += 1;
        }
        assert_eq!((now, text, changes), (deadline, None, 1_440));
    }

    #[test]
    fn the_last_hour_is_soon() {
        assert!(!is_soon(at(0), at(3_600_000)));
        assert!(is_soon(at(0), at(3_599_999)));
        assert!(is_soon(at(0), at(-1)));
    }
}
