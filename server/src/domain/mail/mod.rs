//! The content of mails, and its two forms: plain text and HTML.
//!
//! The HTML has no remote content: no images, no fonts, no tracking. The texts in each language are
//! in [`texts`].

pub mod texts;

use super::language::Language;

/// Columns of a line of plain text (RFC 5322 §2.1.1 recommends at most 78).
const COLUMNS: usize = 76;

/// The content of a mail in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailContent {
    /// The language in which it is written.
    pub language: Language,
    /// The subject: a single line.
    pub subject: String,
    /// The paragraphs, in their order.
    pub paragraphs: Vec<Paragraph>,
}

/// A paragraph of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paragraph {
    /// Sentences without a line break.
    Text(String),
    /// A code to copy, in large digits.
    Code(String),
    /// A URL to open, on a line of its own.
    Link(String),
}

impl MailContent {
    /// Returns the plain text, in lines that end with LF.
    pub fn plain_text(&self) -> String {
        let paragraphs = self.paragraphs.iter().map(|paragraph| match paragraph {
            Paragraph::Text(text) => wrapped(text),
            Paragraph::Code(line) | Paragraph::Link(line) => format!("{line}\n"),
        });
        paragraphs.collect::<Vec<_>>().join("\n")
    }

    /// Returns the HTML document. The URL `origin` is a link wherever the text names it.
    pub fn html(&self, origin: &str) -> String {
        let origin = escaped(origin);
        let origin_link = link(&origin);
        let paragraphs = self.paragraphs.iter().map(|paragraph| match paragraph {
            Paragraph::Text(text) => {
                format!("<p>{}</p>\n", escaped(text).replace(&origin, &origin_link))
            }
            Paragraph::Code(code) => format!(
                "<p style=\"font-size:32px;font-weight:700;letter-spacing:.2em\">{}</p>\n",
                escaped(code)
            ),
            // A long URL would make a phone scroll sideways.
            Paragraph::Link(url) => format!(
                "<p style=\"overflow-wrap:anywhere\">{}</p>\n",
                link(&escaped(url))
            ),
        });
        format!(
            "<!doctype html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{subject}</title>\n</head>\n\
             <body style=\"font:16px/1.5 system-ui,sans-serif;max-width:32em;margin:0 auto;\
             padding:1em\">\n{paragraphs}</body>\n</html>\n",
            language = self.language.code(),
            subject = escaped(&self.subject),
            paragraphs = paragraphs.collect::<String>(),
        )
    }
}

/// Returns a link to an escaped URL, which is also its text.
fn link(url: &str) -> String {
    format!("<a href=\"{url}\">{url}</a>")
}

/// Breaks a paragraph into lines at its spaces, and not at spaces that do not break.
fn wrapped(text: &str) -> String {
    let mut lines = String::with_capacity(text.len() + 8);
    let mut columns = 0;
    for word in text.split(' ') {
        let width = word.chars().count();
        if columns > 0 {
            let fits = columns + 1 + width <= COLUMNS;
            lines.push(if fits { ' ' } else { '\n' });
            columns = if fits { columns + 1 } else { 0 };
        }
        lines.push_str(word);
        columns += width;
    }
    lines.push('\n');
    lines
}

fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            c => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_wrapped_at_its_spaces() {
        let long = "https://tasks.example.com/".repeat(4);
        let text = format!("{} {long} end", "word ".repeat(20).trim_end());
        let lines: Vec<String> = wrapped(&text).lines().map(str::to_owned).collect();
        assert!(lines.contains(&long), "a long word has its own line");
        let rest = lines.iter().filter(|line| **line != long);
        assert!(rest.clone().all(|line| line.len() <= COLUMNS));
        assert_eq!(lines.join(" "), text);
        let kept = wrapped(&format!("{}\u{a0}: b", "a".repeat(COLUMNS - 2)));
        assert_eq!(kept.lines().count(), 2, "{kept}");
        assert!(kept.ends_with(":\nb\n"), "{kept}");
    }

    #[test]
    fn html_escapes_its_text_and_links_the_origin() {
        let content = MailContent {
            language: Language::French,
            subject: "a <b> & \"c\"".to_owned(),
            paragraphs: vec![
                Paragraph::Text("Open https://a.example, <now>.".to_owned()),
                Paragraph::Link("https://a.example/x?y=1&z=2".to_owned()),
            ],
        };
        let html = content.html("https://a.example");
        for part in [
            "<html lang=\"fr\">",
            "<title>a &lt;b&gt; &amp; &quot;c&quot;</title>",
            "<p>Open <a href=\"https://a.example\">https://a.example</a>, &lt;now&gt;.</p>",
            "<a href=\"https://a.example/x?y=1&amp;z=2\">https://a.example/x?y=1&amp;z=2</a>",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
    }
}
