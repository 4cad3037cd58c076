//! The conditions of a list and their parameters, which are numbered as they are added.

use std::{
    collections::{HashMap, HashSet},
    fmt::Display,
    hash::Hash,
    str::FromStr,
};

use crate::store::engine::columns::text;
use crate::store::{Row, StoreError, Tx, Value};

/// The table of a list and the conditions on its rows.
#[derive(Clone, Debug)]
pub(super) struct Search {
    table: &'static str,
    /// The condition after WHERE.
    pub(super) condition: String,
    /// The values of its `$n`.
    pub(super) params: Vec<Value>,
}

impl Search {
    /// Returns a search by one column, such as `task.agent_id = `.
    pub(super) fn of(table: &'static str, column: &str, value: impl Into<Value>) -> Self {
        Self {
            table,
            condition: format!("{column}$1"),
            params: vec![value.into()],
        }
    }

    /// Returns a search by a literal condition.
    pub(super) fn all(table: &'static str, condition: &str) -> Self {
        Self {
            table,
            condition: condition.to_owned(),
            params: Vec::new(),
        }
    }

    /// Narrows the search by a column, if there is a value.
    pub(super) fn and(&mut self, column: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            let number = self.bind(value);
            self.also(&format!("{column}{number}"));
        }
    }

    /// Narrows the search by a literal condition, so that a partial index can serve it.
    pub(super) fn also(&mut self, condition: &str) {
        self.condition.push_str(" AND ");
        self.condition.push_str(condition);
    }

    /// Adds a parameter that no condition names yet, and returns its placeholder.
    pub(super) fn bind(&mut self, value: impl Into<Value>) -> String {
        self.params.push(value.into());
        format!("${}", self.params.len())
    }

    /// Returns the table that is searched.
    pub(super) fn table(&self) -> &'static str {
        self.table
    }

    /// Returns how many rows the search finds.
    pub(super) fn count(&self, tx: &mut Tx<'_>) -> Result<u64, StoreError> {
        let (table, condition) = (self.table, &self.condition);
        counted(
            tx,
            &format!("SELECT COUNT(*) AS n FROM {table} WHERE {condition}"),
            &self.params,
        )
    }

    /// Returns how many rows the search finds, or `most` if there are more.
    pub(super) fn count_to(&self, tx: &mut Tx<'_>, most: u32) -> Result<u64, StoreError> {
        let (table, condition) = (self.table, &self.condition);
        let some = format!("SELECT 1 AS one FROM {table} WHERE {condition} LIMIT {most}");
        let count = format!("SELECT COUNT(*) AS n FROM ({some}) AS found");
        counted(tx, &count, &self.params)
    }
}

/// Numbers of ids that one statement names: few lengths, so that few statements are prepared. The
/// last id is repeated to fill a length.
const LENGTHS: [usize; 4] = [1, 8, 32, IDS_MAX];
const IDS_MAX: usize = 128;

/// Returns what `read` makes of the rows with these ids, by id. `select` ends before ` IN (…)`.
pub(super) fn with_ids<Id: Copy + Eq + Hash + Display + FromStr, T>(
    tx: &mut Tx<'_>,
    select: &str,
    ids: &[Id],
    read: impl Fn(&Row) -> Result<T, StoreError>,
) -> Result<HashMap<Id, T>, StoreError> {
    let each_once: HashSet<_> = ids.iter().copied().collect();
    let ids: Vec<_> = each_once.into_iter().collect();
    let mut found = HashMap::new();
    for part in ids.chunks(IDS_MAX) {
        let length = LENGTHS.into_iter().find(|length| *length >= part.len());
        let mut params: Vec<Value> = part.iter().map(|id| id.to_string().into()).collect();
        let last = params.last().cloned().into_iter().cycle();
        params.extend(last.take(length.unwrap_or_default().saturating_sub(part.len())));
        let names: Vec<_> = (1..=params.len()).map(|nth| format!("${nth}")).collect();
        for row in tx.query(&format!("{select} IN ({})", names.join(", ")), &params)? {
            found.insert(text(&row, "id")?, read(&row)?);
        }
    }
    Ok(found)
}

/// Returns the same as [`with_ids`], in the order of the ids.
pub(super) fn in_order_of<Id: Copy + Eq + Hash + Display + FromStr, T>(
    tx: &mut Tx<'_>,
    select: &str,
    ids: &[Id],
    read: impl Fn(&Row) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut found = with_ids(tx, select, ids, read)?;
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

fn counted(tx: &mut Tx<'_>, count: &str, params: &[Value]) -> Result<u64, StoreError> {
    let row = tx.first(count, params)?;
    let total = row.map_or(Ok(0), |row| row.get::<i64>("n"))?;
    Ok(u64::try_from(total).unwrap_or_default())
}
