//! The faults of a request, bounded in number and size.
//!
//! A caller controls how many faults a request has and how long their field paths are. Both are
//! bounded here for every reader: at most [`FAULTS_MAX`] faults are listed, in at most `BYTES_MAX`
//! bytes, and the rest are counted. A reader that checks [`Faults::is_full`] stops formatting them.

use api_types::error::Fault;

/// Maximum number of listed faults (contract §8).
pub const FAULTS_MAX: usize = 50;

/// Maximum size of the listed faults as JSON, in bytes, in the dialect with the longest form.
/// Together with the message and the envelope the response stays below 16 KiB.
const BYTES_MAX: usize = 12 * 1024;

/// Bytes of a fault in addition to its field and message: member names and a code.
const FRAME_BYTES: usize = 80;

/// Maximum characters of a field path.
const FIELD_CHARS_MAX: usize = 120;

/// Maximum characters of a message.
const MESSAGE_CHARS_MAX: usize = 400;

/// The faults of a request: the first ones in full, the rest as a count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    named: Vec<ListedFault>,
    left_out: usize,
    bytes: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct ListedFault {
    fault: Fault,
    place: FieldOrigin,
}

/// The origin of the name in a fault's field path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FieldOrigin {
    /// The name is a field of this API.
    Known,
    /// The caller chose the name. It may be anything, even a secret, and is never stored.
    MadeUp,
}

impl Faults {
    /// Adds a fault of a field of this API.
    pub fn push(&mut self, fault: Fault) {
        self.admit(fault, FieldOrigin::Known);
    }

    /// Adds a fault whose field name was chosen by the caller.
    pub fn push_made_up(&mut self, fault: Fault) {
        self.admit(fault, FieldOrigin::MadeUp);
    }

    /// Counts faults without listing them.
    pub fn leave_out(&mut self, count: usize) {
        self.left_out += count;
    }

    /// Adds the faults of a value that its parent holds under `name`.
    pub fn extend_within(&mut self, name: &str, inner: Self) {
        for ListedFault { fault, place } in inner.named {
            self.admit(within(name, fault), place);
        }
        self.leave_out(inner.left_out);
    }

    /// Returns the same faults as those of a value that its parent holds under `name`.
    #[must_use]
    pub fn within(self, name: &str) -> Self {
        let mut outer = Self::default();
        outer.extend_within(name, self);
        outer
    }

    /// Returns whether further faults are only counted.
    pub fn is_full(&self) -> bool {
        self.left_out > 0 || self.named.len() >= FAULTS_MAX
    }

    /// Returns whether there are no faults.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// Returns the number of all faults, listed or not.
    pub fn count(&self) -> usize {
        self.named.len() + self.left_out
    }

    /// Returns the listed faults.
    pub fn listed(&self) -> impl Iterator<Item = &Fault> {
        self.named.iter().map(|named| &named.fault)
    }

    /// Returns the faults as a response lists them: the listed ones, then the number of the others.
    pub fn details(&self) -> Vec<Fault> {
        let mut details: Vec<_> = self.listed().cloned().collect();
        if self.left_out > 0 {
            details.push(Fault {
                field: String::new(),
                message: format!("and {} more", self.left_out),
            });
        }
        details
    }

    /// Restores the faults of a response from the result of [`Faults::details`].
    pub fn of_details(details: Vec<Fault>) -> Self {
        let place = FieldOrigin::Known;
        let named = details
            .into_iter()
            .map(|fault| ListedFault { fault, place });
        Self {
            named: named.collect(),
            ..Self::default()
        }
    }

    /// Returns the faults as they may be stored: without field names that the caller chose.
    #[must_use]
    pub fn without_made_up(mut self) -> Self {
        if self.any_made_up() {
            self.named.retain(|named| named.place == FieldOrigin::Known);
            self.named.push(ListedFault {
                fault: Fault {
                    field: String::new(),
                    message: "fields were sent that this request does not have".to_owned(),
                },
                place: FieldOrigin::Known,
            });
        }
        self
    }

    /// Returns whether any listed fault has a field name that the caller chose.
    pub fn any_made_up(&self) -> bool {
        (self.named.iter()).any(|named| named.place == FieldOrigin::MadeUp)
    }

    /// Lists the fault in shortened form, or counts it if the limits are reached.
    fn admit(&mut self, fault: Fault, place: FieldOrigin) {
        if self.is_full() {
            self.left_out += 1;
            return;
        }
        let fault = Fault {
            field: shown(fault.field, FIELD_CHARS_MAX),
            message: shown(fault.message, MESSAGE_CHARS_MAX),
        };
        // One dialect repeats the field in the message.
        let bytes = 2 * json_bytes(&fault.field) + json_bytes(&fault.message) + FRAME_BYTES;
        if self.bytes + bytes > BYTES_MAX {
            self.left_out += 1;
            return;
        }
        self.bytes += bytes;
        self.named.push(ListedFault { fault, place });
    }
}

/// Returns a text without control characters, cut to this many characters.
fn shown(text: String, chars_max: usize) -> String {
    let is_plain = text.len() <= chars_max && !text.contains(char::is_control);
    if is_plain {
        return text;
    }
    let mut chars = text.chars();
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let mut shown: String = chars.by_ref().take(chars_max).map(plain).collect();
    if chars.next().is_some() {
        shown.push('…');
    }
    shown
}

/// Returns the bytes of a text without control characters as a JSON string.
fn json_bytes(text: &str) -> usize {
    text.len() + text.bytes().filter(|byte| b"\"\\".contains(byte)).count()
}

/// Returns a fault of a value that its parent holds under `name`.
fn within(name: &str, inner: Fault) -> Fault {
    let is_joined = name.is_empty() || inner.field.is_empty() || inner.field.starts_with('[');
    let joint = if is_joined { "" } else { "." };
    Fault {
        field: format!("{name}{joint}{}", inner.field),
        message: inner.message,
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self::from_iter([fault])
    }
}

impl From<Vec<Fault>> for Faults {
    fn from(faults: Vec<Fault>) -> Self {
        Self::from_iter(faults)
    }
}

impl FromIterator<Fault> for Faults {
    fn from_iter<I: IntoIterator<Item = Fault>>(faults: I) -> Self {
        let mut all = Self::default();
        for fault in faults {
            all.push(fault);
        }
        all
    }
}

impl Extend<Self> for Faults {
    fn extend<I: IntoIterator<Item = Self>>(&mut self, others: I) {
        for other in others {
            self.extend_within("", other);
        }
    }
}

impl IntoIterator for Faults {
    type Item = Fault;
    type IntoIter = std::vec::IntoIter<Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.details().into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(field: &str, message: &str) -> Fault {
        Fault {
            field: field.to_owned(),
            message: message.to_owned(),
        }
    }

    #[test]
    fn fifty_faults_are_named_and_the_others_counted() {
        let faults: Faults = (0..1000)
            .map(|n| fault(&n.to_string(), "is wrong"))
            .collect();
        let details = faults.details();
        assert_eq!(details.len(), FAULTS_MAX + 1);
        assert_eq!(details.last(), Some(&fault("", "and 950 more")));
        assert_eq!(faults.count(), 1000);
        let mut outer = Faults::from(fault("name", "is required"));
        outer.extend_within("list", faults);
        assert_eq!(outer.count(), 1001);
        assert_eq!(outer.details().last(), Some(&fault("", "and 951 more")));
    }

    #[test]
    fn long_places_and_messages_are_cut_and_their_sum_is_bounded() {
        let (place, message) = ("\"".repeat(9000), "\u{1}𝄞".repeat(9000));
        let faults: Faults = (0..50).map(|_| fault(&place, &message)).collect();
        assert!(faults.listed().count() > 4);
        let printed = serde_json::to_string(&faults.details()).unwrap();
        assert!(printed.len() < BYTES_MAX, "{}", printed.len());
        assert_eq!(faults.count(), 50);
    }

    #[test]
    fn names_that_a_caller_made_up_are_not_stored() {
        let mut faults = Faults::from(fault("title", "is required"));
        faults.push_made_up(fault("hunter2", "is not a field of this request"));
        assert_eq!(faults.details().len(), 2);
        let stored = faults.without_made_up().details();
        assert_eq!(stored.len(), 2);
        assert!(!format!("{stored:?}").contains("hunter2"));
    }
}
