//! The synthetic operator's submissions: a drawn picture, a text, a credential that opens nothing.
//! Each states that it is synthetic.

use api_types::{Timestamp, credential::EncryptedCredential};
use crypto_wasm::{AgentPublicKey, Envelope};
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use serde_json::json;

use super::task::Task;

/// The text of a synthetic confirmation.
pub const CONFIRMATION: &str = "Synthetic confirmation: this task is simulated and nobody did it.";

/// The notes of every synthetic proof.
pub const NOTES: &str = "Synthetic proof by the sandbox.";

/// The notes of a proof for which no result could be generated.
pub const NOTES_WITHOUT_RESULT: &str = "Synthetic proof by the sandbox. It has no result: none \
    could be made up from the schema. An entry in the schema's `examples` will be used.";

/// Width and height of a synthetic picture in pixels.
pub const PICTURE: (u32, u32) = (640, 360);

const PAPER: [u8; 3] = [246, 243, 234];
const STRIPE: [u8; 3] = [255, 214, 92];
const INK: [u8; 3] = [32, 36, 48];

/// Draws a picture that states that it is synthetic, as PNG. A bar code of the time below the text
/// makes every picture different.
pub fn picture(now: Timestamp) -> Option<Vec<u8>> {
    let (width, height) = PICTURE;
    let mut pixels = Vec::with_capacity((width * height * 3) as usize);
    for y in 0..height {
        for x in 0..width {
            let edge = !(40..height - 40).contains(&y);
            let ink = is_ink(x, y) || is_bar(x, y, now);
            let color = match (ink, edge && (x + y) % 48 < 24) {
                (true, _) => INK,
                (_, true) => STRIPE,
                _ => PAPER,
            };
            pixels.extend_from_slice(&color);
        }
    }
    let mut png = Vec::new();
    PngEncoder::new(&mut png)
        .write_image(&pixels, width, height, ExtendedColorType::Rgb8)
        .ok()?;
    Some(png)
}

/// A line of text: its position, and the width of a dot in pixels.
struct TextLine {
    words: &'static str,
    x: u32,
    y: u32,
    dot: u32,
}

const LINES: [TextLine; 2] = [
    TextLine {
        words: "SYNTHETIC PROOF",
        x: 50,
        y: 120,
        dot: 6,
    },
    TextLine {
        words: "SANDBOX: NOBODY TOOK THIS PHOTO",
        x: 41,
        y: 215,
        dot: 3,
    },
];

fn is_ink(x: u32, y: u32) -> bool {
    LINES.iter().any(|line| {
        let dots = x.checked_sub(line.x).zip(y.checked_sub(line.y));
        let Some((column, row)) = dots.map(|(x, y)| (x / line.dot, y / line.dot)) else {
            return false;
        };
        let letter = line.words.as_bytes().get((column / 6) as usize);
        let rows = letter.map_or([0; 7], |letter| glyph(*letter));
        let bits = rows.get(row as usize).copied().unwrap_or_default();
        column % 6 < 5 && bits & (0b1_0000 >> (column % 6)) != 0
    })
}

/// Returns whether a pixel belongs to the bar code: the bits of the time, ten pixels each.
fn is_bar(x: u32, y: u32, now: Timestamp) -> bool {
    let bit = x.checked_sub(100).map(|x| x / 10).filter(|bit| *bit < 44);
    (260..290).contains(&y) && bit.is_some_and(|bit| now.as_millis() >> bit & 1 == 1)
}

/// Returns a letter as seven rows of five dots.
const fn glyph(letter: u8) -> [u8; 7] {
    match letter {
        b'A' => [0x0e, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11],
        b'B' => [0x1e, 0x11, 0x11, 0x1e, 0x11, 0x11, 0x1e],
        b'C' => [0x0e, 0x11, 0x10, 0x10, 0x10, 0x11, 0x0e],
        b'D' => [0x1e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x1e],
        b'E' => [0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x1f],
        b'F' => [0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x10],
        b'H' => [0x11, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11],
        b'I' => [0x0e, 0x04, 0x04, 0x04, 0x04, 0x04, 0x0e],
        b'K' => [0x11, 0x12, 0x14, 0x18, 0x14, 0x12, 0x11],
        b'N' => [0x11, 0x19, 0x15, 0x13, 0x11, 0x11, 0x11],
        b'O' => [0x0e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0e],
        b'P' => [0x1e, 0x11, 0x11, 0x1e, 0x10, 0x10, 0x10],
        b'R' => [0x1e, 0x11, 0x11, 0x1e, 0x14, 0x12, 0x11],
        b'S' => [0x0f, 0x10, 0x10, 0x0e, 0x01, 0x01, 0x1e],
        b'T' => [0x1f, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04],
        b'X' => [0x11, 0x11, 0x0a, 0x04, 0x0a, 0x11, 0x11],
        b'Y' => [0x11, 0x11, 0x0a, 0x04, 0x04, 0x04, 0x04],
        b':' => [0x00, 0x04, 0x00, 0x00, 0x00, 0x04, 0x00],
        _ => [0; 7],
    }
}

/// Returns a credential that opens nothing, sealed to the agent's key like a real one, or `None` if
/// the task has no key or the random source fails.
pub fn credential(task: &Task, now: Timestamp) -> Option<EncryptedCredential> {
    let key = AgentPublicKey::parse(task.stated.agent_public_key.as_deref()?).ok()?;
    let plaintext = json!({
        "synthetic": true,
        "notice": "This credential is simulated and opens nothing.",
        "task_id": task.id,
        "username": "sandbox-user",
        "api_key": "sandbox-key-that-opens-nothing",
    });
    let sealed = crypto_wasm::seal(&key, &task.id.to_string(), plaintext.to_string().as_bytes());
    let envelope = sealed.ok()?;
    Some(EncryptedCredential {
        v: Envelope::VERSION,
        algorithm: Envelope::ALGORITHM.to_owned(),
        ciphertext: envelope.ciphertext_base64(),
        iv: envelope.iv_base64(),
        ephemeral_public_key: envelope.ephemeral_public_key_base64(),
        created_at: now,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_synthetic_picture_can_be_decoded_and_is_not_blank() {
        let now = |millis| Timestamp::from_millis(millis).unwrap();
        let png = picture(now(0)).unwrap();
        let measured = super::super::picture::measure(&png).unwrap();
        assert!(!measured.blank);
        assert_ne!(picture(now(1)).unwrap(), png);
    }

    /// The stem of the first letter's lower curve, the space within it, and the edges.
    #[test]
    fn the_words_stand_on_paper_within_striped_edges() {
        assert!(is_ink(50 + 6, 120) && !is_ink(50, 120) && !is_ink(49, 119));
        let png = picture(Timestamp::from_millis(0).unwrap()).unwrap();
        let decoded = image::load_from_memory(&png).unwrap().to_rgb8();
        let at = |x, y| decoded.get_pixel(x, y).0;
        assert_eq!([at(0, 0), at(10, 100), at(56, 120)], [STRIPE, PAPER, INK]);
    }

    #[test]
    fn every_letter_of_the_words_is_drawn() {
        for line in &LINES {
            for letter in line.words.bytes().filter(|letter| *letter != b' ') {
                assert_ne!(glyph(letter), [0; 7], "{}", char::from(letter));
            }
            let wide = u32::try_from(line.words.len()).unwrap() * 6 * line.dot;
            assert!(line.x + wide <= PICTURE.0, "{}", line.words);
        }
    }
}
