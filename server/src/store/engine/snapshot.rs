//! The whole database, table by table, for backup and restore. Tables, columns and foreign keys are
//! read from the database itself, so that no table can be forgotten.
//!
//! Functions return database errors as [`StoreError`].

use crate::store::{Row, StoreError, Tx, Value, params};

/// The type of a column, one of the three types of the SQL subset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// The type `TEXT`.
    Text,
    /// The type `BIGINT`.
    Int,
    /// The type `BYTEA`.
    Bytes,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The column's name.
    pub name: String,
    /// The type of its values.
    pub kind: ColumnType,
}

/// A table, with what is needed to page through its rows and to insert rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The table's name.
    pub name: String,
    /// The table's columns, in their order.
    pub columns: Vec<Column>,
    /// Positions of the primary key's columns in `columns`, in the key's order.
    key: Vec<usize>,
}

/// Returns the migrations that made the schema, oldest first.
pub fn schema(tx: &mut Tx<'_>) -> Result<Vec<String>, StoreError> {
    let rows = tx.query(
        "SELECT CAST(version AS BIGINT) AS version, CAST(name AS TEXT) AS name
         FROM refinery_schema_history ORDER BY version",
        &[],
    )?;
    let named = |row: &Row| {
        let (version, name): (i64, String) = (row.get("version")?, row.get("name")?);
        Ok(format!("V{version}__{name}"))
    };
    rows.iter().map(named).collect()
}

/// Returns every table but the history of migrations; tables that others refer to come first.
///
/// # Errors
/// `Inconsistent` if a table has no primary key or a column of another type, or if tables refer to
/// each other in a cycle.
pub fn tables(tx: &mut Tx<'_>) -> Result<Vec<Table>, StoreError> {
    let catalogue = tx.engine.catalogue();
    let mut tables: Vec<(Table, Vec<(i64, usize)>)> = Vec::new();
    for row in tx.query(catalogue.columns, &[])? {
        let name: String = row.get("table_name")?;
        if tables.last().is_none_or(|(last, _)| last.name != name) {
            let (columns, key) = (Vec::new(), Vec::new());
            tables.push((Table { name, columns, key }, Vec::new()));
        }
        if let Some((table, key)) = tables.last_mut() {
            let position: i64 = row.get("key_position")?;
            if position > 0 {
                key.push((position, table.columns.len()));
            }
            table.columns.push(Column {
                name: row.get("column_name")?,
                kind: kind(&table.name, &row.get::<String>("kind")?)?,
            });
        }
    }
    let mut whole = Vec::new();
    for (mut table, mut key) in tables {
        key.sort_unstable();
        table.key = key.into_iter().map(|(_, place)| place).collect();
        if table.key.is_empty() {
            return Err(unusual(&table.name, "it has no primary key".to_owned()));
        }
        whole.push(table);
    }
    let rows = tx.query(catalogue.references, &[])?;
    let pair = |row: &Row| Ok::<_, StoreError>((row.get("child")?, row.get("parent")?));
    let references = rows.iter().map(pair).collect::<Result<Vec<_>, _>>()?;
    parents_first(whole, &references)
}

fn kind(table: &str, declared: &str) -> Result<ColumnType, StoreError> {
    match declared {
        "TEXT" | "CHARACTER VARYING" => Ok(ColumnType::Text),
        "BIGINT" | "INTEGER" => Ok(ColumnType::Int),
        "BYTEA" | "BLOB" => Ok(ColumnType::Bytes),
        other => Err(unusual(table, format!("it has a column of type {other}"))),
    }
}

fn unusual(table: &str, problem: String) -> StoreError {
    StoreError::Inconsistent {
        table: "schema",
        id: table.to_owned(),
        problem,
    }
}

fn parents_first(
    mut waiting: Vec<Table>,
    references: &[(String, String)],
) -> Result<Vec<Table>, StoreError> {
    let mut ordered: Vec<Table> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let before = ordered.len();
        let mut left = Vec::new();
        for table in waiting {
            let parents = references.iter().filter(|(child, _)| *child == table.name);
            let placed = |name: &String| {
                *name == table.name || ordered.iter().any(|parent| parent.name == *name)
            };
            if parents.map(|(_, parent)| parent).all(placed) {
                ordered.push(table);
            } else {
                left.push(table);
            }
        }
        if ordered.len() == before {
            let names: Vec<_> = left.iter().map(|table| table.name.as_str()).collect();
            let problem = "they refer to each other in a circle".to_owned();
            return Err(unusual(&names.join(", "), problem));
        }
        waiting = left;
    }
    Ok(ordered)
}

/// Returns at most `limit` rows of a table, in the order of its primary key, after the row `after`.
pub fn rows_after(
    tx: &mut Tx<'_>,
    table: &Table,
    after: Option<&[Value]>,
    limit: u32,
) -> Result<Vec<Vec<Value>>, StoreError> {
    let names = quoted(table.columns.iter().map(|column| &column.name));
    let key = table
        .key
        .iter()
        .filter_map(|place| table.columns.get(*place));
    let key = quoted(key.map(|column| &column.name));
    let mut values = Vec::new();
    let mut begin = String::new();
    if let Some(row) = after {
        values.extend(
            table
                .key
                .iter()
                .filter_map(|place| row.get(*place).cloned()),
        );
        begin = format!("WHERE ({key}) > ({})", places(1, values.len()));
    }
    values.extend(params![limit]);
    let sql = format!(
        "SELECT {names} FROM \"{}\" {begin} ORDER BY {key} LIMIT ${}",
        table.name,
        values.len()
    );
    let rows = tx.query(&sql, &values)?;
    Ok(rows.into_iter().map(Row::into_values).collect())
}

/// Inserts rows into a table; `columns` tells which values they have, in their order.
pub fn insert_rows(
    tx: &mut Tx<'_>,
    table: &str,
    columns: &[Column],
    rows: &[Vec<Value>],
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let names = quoted(columns.iter().map(|column| &column.name));
    let tuples: Vec<_> = (0..rows.len())
        .map(|nth| format!("({})", places(1 + nth * columns.len(), columns.len())))
        .collect();
    let sql = format!(
        "INSERT INTO \"{table}\" ({names}) VALUES {}",
        tuples.join(", ")
    );
    let values: Vec<_> = rows.iter().flatten().cloned().collect();
    // Waits for the result, so that a large archive does not pile up in memory on its way.
    tx.execute(&sql, &values).map(drop)
}

/// Rows that the migrations themselves insert into a new database: the table, and the row's id.
const SEEDS: [(&str, &str); 1] = [("operator", "op_00000000000000000000000000")];

/// Returns the first table that holds more than in a new database, or `None` if there is none.
pub fn first_in_use(tx: &mut Tx<'_>, tables: &[Table]) -> Result<Option<String>, StoreError> {
    for table in tables {
        let seed = SEEDS.iter().find(|(name, _)| *name == table.name);
        let row = match seed {
            Some((name, id)) => {
                let others = format!("SELECT 1 AS used FROM \"{name}\" WHERE id <> $1 LIMIT 1");
                tx.first(&others, &params![*id])?
            }
            None => {
                let any = format!("SELECT 1 AS used FROM \"{}\" LIMIT 1", table.name);
                tx.first(&any, &[])?
            }
        };
        if row.is_some() {
            return Ok(Some(table.name.clone()));
        }
    }
    Ok(None)
}

/// Deletes the rows that migrations insert into a new database, to make room for the same rows of
/// an archive.
pub fn remove_seeds(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    for (table, id) in SEEDS {
        tx.execute(
            &format!("DELETE FROM \"{table}\" WHERE id = $1"),
            &params![id],
        )?;
    }
    Ok(())
}

fn quoted<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let quoted: Vec<_> = names.map(|name| format!("\"{name}\"")).collect();
    quoted.join(", ")
}

fn places(first: usize, count: usize) -> String {
    let places: Vec<_> = (first..first + count)
        .map(|nth| format!("${nth}"))
        .collect();
    places.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::support::{self, FreshStore, on_both_databases};

    async fn described(store: &FreshStore) -> Vec<Table> {
        store.read(tables).await.unwrap()
    }

    on_both_databases! {
        async fn a_table_comes_after_those_that_it_refers_to(store) {
            let tables = described(&store).await;
            let place = |name| tables.iter().position(|table| table.name == name).unwrap();
            assert!(place("agent") < place("task"));
            assert!(place("operator") < place("task"));
            assert!(place("task") < place("credential"));
            assert!(place("credential") < place("credential_access"));
        }
    }

    /// Both databases use the same names for a table, its columns and its key, so an archive of
    /// either can be restored into either.
    #[tokio::test]
    async fn both_databases_describe_the_same_schema() {
        let (lite, post) = (support::on_sqlite(), support::on_postgres());
        let by_name = |mut tables: Vec<Table>| {
            tables.sort_by(|a, b| a.name.cmp(&b.name));
            tables
        };
        assert_eq!(
            by_name(described(&lite).await),
            by_name(described(&post).await)
        );
        let history = async |store: &FreshStore| store.read(schema).await.unwrap();
        assert_eq!(history(&lite).await, history(&post).await);
    }
}
