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
