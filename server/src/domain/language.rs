//! The languages of mails, and the choice among them by a request's `Accept-Language`.

use serde::{Deserialize, Serialize};

/// Maximum number of languages of a header that are considered. Browsers send a few.
const RANGES_MAX: usize = 20;

/// A language in which mails are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Language {
    /// English, which everybody gets whose language is unknown or not in this list.
    #[default]
    #[serde(rename = "en")]
    English,
    /// German, with the formal address.
    #[serde(rename = "de")]
    German,
    /// Spanish, as it is understood on both sides of the Atlantic.
    #[serde(rename = "es")]
    Spanish,
    /// French, with the formal address.
    #[serde(rename = "fr")]
    French,
    /// Portuguese, as it is written in Brazil.
    #[serde(rename = "pt")]
    Portuguese,
}

impl Language {
    /// Every language in which mails are written.
    pub const ALL: [Self; 5] = [
        Self::English,
        Self::German,
        Self::Spanish,
        Self::French,
        Self::Portuguese,
    ];

    /// Returns the code of the language (ISO 639-1), which is also the attribute `lang` in HTML.
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Spanish => "es",
            Self::French => "fr",
            Self::Portuguese => "pt",
        }
    }

    /// Returns the language with this code. Regions are ignored: `de-AT` is German.
    pub fn of_code(code: &str) -> Option<Self> {
        let primary = code.split('-').next().unwrap_or_default();
        let is_it = |one: &Self| primary.eq_ignore_ascii_case(one.code());
        Self::ALL.into_iter().find(is_it)
    }

    /// Returns the language that a reader prefers, by an `Accept-Language` header (RFC 9110
    /// §12.5.4). It is English if the header names none of ours.
    pub fn preferred(accept_language: &str) -> Self {
        let ranges = accept_language.split(',').take(RANGES_MAX);
        let known = ranges.filter_map(|range| {
            let (code, weight) = weighted(range)?;
            Some((Self::of_code(code)?, weight))
        });
        let best = known.reduce(|best, next| if next.1 > best.1 { next } else { best });
        best.map_or_else(Self::default, |(language, _)| language)
    }

    /// Returns whether this is the language of everybody whose language is unknown.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Returns a range of the header, such as `de;q=0.8`, with its weight in thousandths. `None` means
/// that the weight is invalid or zero, so the reader does not want the language.
fn weighted(range: &str) -> Option<(&str, u32)> {
    const FULL: u32 = 1000;
    let Some((code, weight)) = range.split_once(';') else {
        return Some((range.trim(), FULL));
    };
    let weight = weight.trim().strip_prefix("q=")?;
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    let digits: u32 = match fraction.len() {
        0..=3 => format!("{fraction:0<3}").parse().ok()?,
        _ => return None,
    };
    let weight = whole.parse::<u32>().ok()?.checked_mul(FULL)? + digits;
    (1..=FULL).contains(&weight).then(|| (code.trim(), weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_with_the_largest_weight_is_chosen() {
        for (header, language) in [
            ("", Language::English),
            ("de", Language::German),
            ("de-AT,de;q=0.9,en;q=0.8", Language::German),
            ("ja, pt-BR;q=0.7, es;q=0.9", Language::Spanish),
            ("en;q=0.1,fr-CA; q=0.55", Language::French),
            ("PT", Language::Portuguese),
            ("es;q=0.5,pt;q=0.5", Language::Spanish),
            ("de;q=0,es;q=0.001", Language::Spanish),
            ("ja,*;q=0.5", Language::English),
            ("de;q=2", Language::English),
            ("de;q=0.1234", Language::English),
            ("de;q=-1,;;,q=,de;x=1", Language::English),
            ("de;q=9999999999", Language::English),
            ("deutsch", Language::English),
        ] {
            assert_eq!(Language::preferred(header), language, "{header}");
        }
        let long = format!("{}de", "ja,".repeat(RANGES_MAX));
        assert_eq!(Language::preferred(&long), Language::English);
    }

    #[test]
    fn a_language_is_found_by_its_code_and_stored_under_it() {
        for language in Language::ALL {
            assert_eq!(Language::of_code(language.code()), Some(language));
            let stored = serde_json::to_string(&language).unwrap();
            assert_eq!(stored, format!("{:?}", language.code()));
        }
    }
}
