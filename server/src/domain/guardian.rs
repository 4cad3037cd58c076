//! The rule-based Guardian: turns measurements of a proof into a result per requirement, a
//! confidence and a decision (contract §4).
//!
//! The reasoning states what was checked. What rules cannot decide goes to a person.

use api_types::guardian::{Decision, GuardianResult, RequirementResult};

use super::picture::{MeasureError, PictureMeasurements};

/// Confidence from which on a proof is approved (contract §4).
const APPROVE_MIN: u8 = 90;

/// Confidence from which on a person decides; below it the task is disputed (contract §4).
const REVIEW_MIN: u8 = 50;

/// Characters that a confirmation needs so that a rule may approve it.
const CONFIRMATION_CHARS_MIN: usize = 10;

/// What was measured about a proof before it is judged.
#[derive(Clone, Debug, PartialEq)]
pub enum Findings {
    /// The structure check of a sealed credential.
    Credential {
        /// Whether the envelope has a valid structure.
        valid: bool,
    },
    /// The operator's text.
    Confirmation {
        /// Its characters without surrounding whitespace.
        chars: usize,
    },
    /// Pictures or other files, in the operator's order.
    Files(Vec<FileFindings>),
}

/// The kind of a file, as the notes to its readers call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A picture of any format.
    Picture,
    /// Any other file, such as a PDF.
    Document,
}

impl FileKind {
    /// Returns the kind of a file that is served under this media type.
    pub fn of_content_type(content_type: &str) -> Self {
        if content_type.starts_with("image/") {
            Self::Picture
        } else {
            Self::Document
        }
    }
}

/// What was measured about one file.
#[derive(Clone, Debug, PartialEq)]
pub struct FileFindings {
    /// Whether it is a picture or a document.
    pub kind: FileKind,
    /// The measurements, or why there are none.
    pub measured: Result<PictureMeasurements, MeasureError>,
    /// Whether a proof of another task already had the same file.
    pub seen_before: bool,
    /// Whether the same file comes earlier in this proof.
    pub repeated: bool,
}

/// The result for one requirement, without the requirement's text.
#[derive(Clone, Copy)]
struct Finding {
    met: Option<bool>,
    confidence: u8,
    note: &'static str,
}

/// Returns the Guardian's result for a proof of these requirements. Rules see what a file is, not
/// what it shows. They may therefore find that a requirement is not met, and never that it is met:
/// whatever nobody has looked at stays open.
///
/// `rules_may_approve` states whether the measurements alone suffice to approve a picture or a
/// text.
pub fn judge(
    requirements: &[String],
    findings: &Findings,
    rules_may_approve: bool,
) -> GuardianResult {
    let (looked_at, each) = match findings {
        Findings::Credential { valid } => (
            "Only the structure of the sealed envelope was checked: nobody but the agent can read \
             what is inside.",
            vec![credential(*valid); requirements.len()],
        ),
        Findings::Confirmation { chars } => (
            "Only the presence of a text was checked, not whether it is true.",
            vec![confirmation(*chars, rules_may_approve); requirements.len()],
        ),
        Findings::Files(files) => (
            "Rules looked at the files: whether they can be decoded, how many there are, whether \
             they are blank, and whether another task has seen them. What they show was not \
             judged.",
            judge_files(requirements.len(), files, rules_may_approve),
        ),
    };
    result(requirements, &each, looked_at)
}

fn credential(valid: bool) -> Finding {
    let (met, confidence, note) = match valid {
        true => (
            None,
            95,
            "A well-formed envelope was delivered. Its content cannot be seen here.",
        ),
        false => (Some(false), 0, "The envelope is not well-formed."),
    };
    Finding {
        met,
        confidence,
        note,
    }
}

fn confirmation(chars: usize, rules_may_approve: bool) -> Finding {
    let (met, confidence, note) = match (chars, rules_may_approve) {
        (CONFIRMATION_CHARS_MIN.., true) => (
            None,
            92,
            "Not checked: a text was given, and nobody judged what it says.",
        ),
        (CONFIRMATION_CHARS_MIN.., false) => (None, 75, "A text was given; a person must read it."),
        _ => (
            None,
            60,
            "The text is too short to say much; a person must read it.",
        ),
    };
    Finding {
        met,
        confidence,
        note,
    }
}

/// Returns one finding for each requirement; the file at the same position is its evidence.
fn judge_files(
    requirements: usize,
    files: &[FileFindings],
    rules_may_approve: bool,
) -> Vec<Finding> {
    // One bad file fails the proof, wherever it stands.
    let each: Vec<_> = files
        .iter()
        .map(|file| judge_file(file, rules_may_approve))
        .collect();
    let worst = each
        .iter()
        .min_by_key(|finding| finding.confidence)
        .copied();
    let missing = Finding {
        met: None,
        confidence: 60,
        note: "There are fewer files than requirements; a person must see whether one shows both.",
    };
    (0..requirements)
        .map(|nth| match (each.get(nth), worst) {
            (_, Some(worst)) if worst.met == Some(false) && nth >= each.len() => worst,
            (Some(finding), _) => *finding,
            (None, _) => missing,
        })
        .chain(
            each.iter()
                .skip(requirements)
                .filter(|extra| extra.met == Some(false))
                .copied(),
        )
        .collect()
}

fn judge_file(file: &FileFindings, rules_may_approve: bool) -> Finding {
    let (met, confidence, note) = match (&file.measured, file.kind) {
        _ if file.seen_before || file.repeated => return judge_copy(file),
        (Err(MeasureError::Broken), FileKind::Picture) => {
            (Some(false), 20, "The file is broken and cannot be decoded.")
        }
        (Err(MeasureError::Broken), FileKind::Document) => {
            (Some(false), 20, "The file is broken: its end is missing.")
        }
        (Err(MeasureError::TooManyPixels), _) => (
            None,
            60,
            "The picture is too large to be decoded here; a person must look.",
        ),
        (Err(MeasureError::NotDecoded), FileKind::Picture) => (
            None,
            60,
            "This picture format cannot be decoded here; a person must look.",
        ),
        (Err(MeasureError::NotDecoded), FileKind::Document) => {
            (None, 70, "A file was delivered; a person must read it.")
        }
        (Ok(measured), _) if measured.blank => (Some(false), 30, "The picture is blank."),
        (Ok(_), _) if rules_may_approve => (
            None,
            92,
            "Not checked: nobody looked at what the picture shows. It can be decoded and no task \
             has seen it before.",
        ),
        (Ok(_), _) => (
            None,
            75,
            "The picture can be decoded and no task has seen it before; a person must look at it.",
        ),
    };
    Finding {
        met,
        confidence,
        note,
    }
}

/// Returns the finding for a file that is not new, worded for its kind.
fn judge_copy(file: &FileFindings) -> Finding {
    let (met, confidence, note) = match (file.seen_before, file.kind) {
        (true, FileKind::Picture) => (
            Some(false),
            10,
            "The same picture was already sent for another task.",
        ),
        (true, FileKind::Document) => (
            Some(false),
            10,
            "The same file was already sent for another task.",
        ),
        (false, FileKind::Picture) => (
            None,
            60,
            "The same picture stands in this proof twice; a person must see whether it shows both.",
        ),
        (false, FileKind::Document) => (
            None,
            60,
            "The same file stands in this proof twice; a person must see whether it answers both.",
        ),
    };
    Finding {
        met,
        confidence,
        note,
    }
}

fn result(requirements: &[String], each: &[Finding], looked_at: &str) -> GuardianResult {
    let confidence = each
        .iter()
        .map(|finding| finding.confidence)
        .min()
        .unwrap_or(0);
    let decision = match confidence {
        APPROVE_MIN.. => Decision::Approve,
        REVIEW_MIN.. => Decision::ManualReview,
        _ => Decision::Reject,
    };
    let outcome = match decision {
        Decision::Approve => "Nothing speaks against the proof.",
        Decision::ManualReview => "Rules cannot tell whether the requirements are met.",
        Decision::Reject => "The proof cannot be taken as it is.",
    };
    let requirement_results = requirements
        .iter()
        .zip(each)
        .map(|(requirement, finding)| RequirementResult {
            requirement: requirement.clone(),
            met: finding.met,
            confidence: finding.confidence,
            note: finding.note.to_owned(),
        })
        .collect();
    let reasoning = format!("{looked_at} {outcome}");
    GuardianResult {
        decision,
        confidence,
        reasoning,
        requirement_results,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirements(count: usize) -> Vec<String> {
        (0..count).map(|nth| format!("Requirement {nth}")).collect()
    }

    fn good() -> FileFindings {
        let measured = PictureMeasurements {
            width: 640,
            height: 480,
            blank: false,
            hash: [7; 8],
        };
        FileFindings {
            kind: FileKind::Picture,
            measured: Ok(measured),
            seen_before: false,
            repeated: false,
        }
    }

    fn photos(count: usize, files: Vec<FileFindings>, may_approve: bool) -> GuardianResult {
        let findings = Findings::Files(files);
        judge(&requirements(count), &findings, may_approve)
    }

    #[test]
    fn a_credential_is_judged_by_its_structure_and_the_result_says_so() {
        let findings = Findings::Credential { valid: true };
        let result = judge(&requirements(2), &findings, false);
        assert_eq!(result.decision, Decision::Approve);
        assert!(result.reasoning.contains("Only the structure"));
        assert_eq!(result.requirement_results.len(), 2);
        assert!(
            result
                .requirement_results
                .iter()
                .all(|one| one.met.is_none())
        );
    }

    #[test]
    fn rules_alone_approve_photos_only_where_they_may() {
        assert_eq!(
            photos(2, vec![good(), good()], true).decision,
            Decision::Approve
        );
        assert_eq!(
            photos(2, vec![good(), good()], false).decision,
            Decision::ManualReview
        );
    }

    #[test]
    fn fewer_photos_than_requirements_go_to_a_person() {
        let result = photos(2, vec![good()], true);
        assert_eq!(result.decision, Decision::ManualReview);
        assert_eq!(result.requirement_results[1].met, None);
    }

    #[test]
    fn one_bad_photo_disputes_the_proof_wherever_it_stands() {
        let seen = FileFindings {
            seen_before: true,
            repeated: false,
            ..good()
        };
        let broken = FileFindings {
            measured: Err(MeasureError::Broken),
            ..good()
        };
        for bad in [seen, broken] {
            for files in [vec![bad.clone(), good()], vec![good(), good(), bad.clone()]] {
                assert_eq!(photos(2, files, true).decision, Decision::Reject);
            }
        }
    }

    #[test]
    fn a_photo_that_cannot_be_decoded_here_goes_to_a_person() {
        let heic = FileFindings {
            measured: Err(MeasureError::NotDecoded),
            ..good()
        };
        assert_eq!(photos(1, vec![heic], true).decision, Decision::ManualReview);
    }

    #[test]
    fn a_short_confirmation_goes_to_a_person() {
        let judge_text = |chars| {
            let findings = Findings::Confirmation { chars };
            judge(&requirements(1), &findings, true).decision
        };
        assert_eq!(judge_text(9), Decision::ManualReview);
        assert_eq!(judge_text(10), Decision::Approve);
    }
}
