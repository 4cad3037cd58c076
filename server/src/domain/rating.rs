//! Ratings by both sides of a completed task (contract §4).

use api_types::message::{COMMENT_CHARS_MAX, GiveRating, STARS_MAX, STARS_MIN};
use serde_json::Value;

use super::fields::{Fields, Parsed, text, whole};

/// Parses a rating: 1 to 5 stars, and a comment.
pub fn parse(body: &Value) -> Parsed<GiveRating> {
    Fields::read(body, |fields| {
        let stars = fields.required("stars", whole(STARS_MIN..=STARS_MAX));
        let comment = fields.optional("comment", text(1..=COMMENT_CHARS_MAX));
        let stars = stars.and_then(|stars| u8::try_from(stars).ok());
        stars.map(|stars| GiveRating { stars, comment })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rating_has_stars_and_may_have_a_comment() {
        for stars in [STARS_MIN, STARS_MAX] {
            let comment = "x".repeat(COMMENT_CHARS_MAX);
            let rating = parse(&json!({"stars": stars, "comment": comment})).unwrap();
            assert_eq!(u32::from(rating.stars), stars);
        }
        for (body, fields) in [
            (json!({}), vec!["stars"]),
            (json!({"stars": STARS_MIN - 1}), vec!["stars"]),
            (json!({"stars": STARS_MAX + 1}), vec!["stars"]),
            (
                json!({"stars": "5", "comment": ""}),
                vec!["stars", "comment"],
            ),
            (
                json!({"stars": 4.5, "comment": "x".repeat(COMMENT_CHARS_MAX + 1), "tip": 1}),
                vec!["stars", "comment", "tip"],
            ),
        ] {
            let faults = parse(&body).unwrap_err().into_iter();
            let faulty: Vec<_> = faults.map(|fault| fault.field).collect();
            assert_eq!(faulty, fields, "{body}");
        }
    }
}
