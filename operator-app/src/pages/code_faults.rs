//! What can be wrong with a code that the person types.

use api_types::{error::Fault, session::CODE_DIGITS};

use crate::components::field_fault;

/// The name of the field, which is also its id.
const FIELD: &str = "code";

/// Returns the fault of a text that has too few or too many digits for a code.
pub(super) fn incomplete_code(typed: &str) -> Option<Fault> {
    let digits = typed.chars().filter(char::is_ascii_digit).count();
    (digits != CODE_DIGITS).then(|| field_fault(FIELD, "Enter the six digits of the email."))
}

/// Returns the fault of a code that the server refused.
pub(super) fn refused_code() -> Fault {
    let message = "This code is wrong or no longer valid. Enter the code of the latest email.";
    field_fault(FIELD, message)
}
