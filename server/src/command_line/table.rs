//! Output of commands: columns for people, JSON for programs.

use std::io::Write;

use serde::Serialize;

/// The output format of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Print {
    /// Aligned columns, or lines of `name: value`.
    ForPeople,
    /// One JSON document.
    Json,
}

impl Print {
    /// Prints a list: a line of column names and one line for each row, or the rows as JSON.
    pub(super) fn list<T: Serialize>(
        self,
        out: &mut impl Write,
        names: &[&str],
        rows: &[T],
        cells: impl Fn(&T) -> Vec<String>,
    ) -> anyhow::Result<()> {
        if self == Self::Json {
            return json(out, &rows);
        }
        let mut lines = vec![names.iter().map(|name| (*name).to_owned()).collect()];
        lines.extend(rows.iter().map(cells));
        Ok(out.write_all(aligned(&lines).as_bytes())?)
    }

    /// Prints one object, field by field.
    pub(super) fn one<T: Serialize>(self, out: &mut impl Write, thing: &T) -> anyhow::Result<()> {
        if self == Self::Json {
            return json(out, thing);
        }
        let value = serde_json::to_value(thing)?;
        let fields = value.as_object().into_iter().flatten();
        let lines: Vec<_> = fields
            .map(|(name, value)| vec![format!("{name}:"), shown(value)])
            .collect();
        Ok(out.write_all(aligned(&lines).as_bytes())?)
    }
}

fn json(out: &mut impl Write, thing: &impl Serialize) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *out, thing)?;
    Ok(writeln!(out)?)
}

fn shown(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => "-".to_owned(),
        serde_json::Value::String(text) => plain(text),
        other => plain(&other.to_string()),
    }
}

/// Replaces control characters, so that text of strangers stays on one line and cannot move the
/// cursor.
pub(super) fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// Formats cells as columns, each as wide as its widest cell, two spaces apart.
fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    let mut text = String::new();
    for line in lines {
        let cells = line.iter().zip(&widths);
        let padded: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        text.push_str(padded.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let lines = [
            row(["ID", "NAME"]),
            row(["op_1", "Jörg"]),
            row(["op_22", ""]),
        ];
        assert_eq!(aligned(&lines), "ID     NAME\nop_1   Jörg\nop_22\n");
    }

    #[test]
    fn a_strangers_text_cannot_move_the_cursor() {
        assert_eq!(plain("a\u{1b}[2Jb\nc"), "a [2Jb c");
    }
}
