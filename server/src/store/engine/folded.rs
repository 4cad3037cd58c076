//! Text that is compared without regard to case. The server folds it, because the databases fold
//! letters differently: SQLite's LOWER and LIKE know ASCII alone, and PostgreSQL's LOWER follows
//! the locale of the database.

use crate::store::engine::queue::{QueuedWork, Work};
use crate::store::{StoreError, Tx, params};

/// Returns the text in lower case, by Unicode's table and letter by letter, so that a part of a
/// text folds to a part of the folded text.
pub(in crate::store) fn folded(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// Returns a pattern for `LIKE … ESCAPE '\'` that finds `text` anywhere in a folded column,
/// whatever characters it has.
pub(in crate::store) fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in folded(text).chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// Maximum number of rows of each table that one transaction folds.
const ROWS_MAX: u32 = 1000;

/// Folds the names of all rows that an earlier version wrote. It is part of migrating, on the
/// thread that migrates: `run` runs one write and commits it.
pub(in crate::store) fn fold_all_names(
    mut run: impl FnMut(Box<dyn Work>),
) -> Result<(), StoreError> {
    loop {
        let (work, mut answer) = QueuedWork::for_caller(fold_names);
        run(work);
        let stopped = StoreError::Unavailable("its thread has stopped");
        if answer.try_recv().unwrap_or(Err(stopped))? == 0 {
            return Ok(());
        }
    }
}

/// Folds one batch of names, and returns how many it folded.
fn fold_names(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    let mut folds = 0;
    for table in ["agent", "operator"] {
        let unfolded = tx.query(
            &format!("SELECT id, name FROM {table} WHERE name_folded IS NULL ORDER BY id LIMIT $1"),
            &params![ROWS_MAX],
        )?;
        let fold = format!(
            "UPDATE {table} SET name_folded = $3
             WHERE id = $1 AND name = $2 AND name_folded IS NULL"
        );
        for row in unfolded {
            let (id, name): (String, String) = (row.get("id")?, row.get("name")?);
            let name_folded = folded(&name);
            folds += tx.execute(&fold, &params![id, name, name_folded])?;
        }
    }
    Ok(folds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_every_alphabet_are_folded() {
        assert_eq!(folded("ÉLODIE Straße ΣΑΣ Юлия"), "élodie straße σασ юлия");
        assert_eq!(containing("50%_É\\"), "%50\\%\\_é\\\\%");
    }
}
