//! A list's conditions and their parameters, numbered as they are added.

use std::{
    collections::{HashMap, HashSet},
    fmt::Display,
    hash::Hash,
    str::FromStr,
};

use super::{Row, StoreError, Tx, Value, columns::text};

/// What a list of a table's rows is narrowed to.
#[derive(Clone, Debug)]
pub(super) struct Search {
    table: &'static str,
    /// What stands after WHERE.
    pub(super) condition: String,
    /// What its `$n` stand for.
    pub(super) params: Vec<Value>,
}

impl Search {
    /// A search by one column, such as `task.agent_id = `.
    pub(super) fn of(table: &'static str, column: &str, value: impl Into<Value>) -> Self {
        Self {
            table,
            condition: format!("{column}$1"),
            params: vec![value.into()],
        }
    }

    /// A search by a condition that is spelled out.
    pub(super) fn all(table: &'static str, condition: &str) -> Self {
        Self {
            table,
            condition: condition.to_owned(),
            params: Vec::new(),
        }
    }

    /// Narrows it, if there is a value to narrow it to.
    pub(super) fn and(&mut self, column: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            let number = self.bind(value);
            self.also(&format!("{column}{number}"));
        }
    }

    /// Narrows it by a condition that is spelled out, so that a partial index can serve it.
    pub(super) fn also(&mut self, condition: &str) {
        self.condition.push_str(" AND ");
        self.condition.push_str(condition);
    }

    /// Adds a parameter that no condition names yet, and says how it is named.
    pub(super) fn bind(&mut self, value: impl Into<Value>) -> String {
        self.params.push(value.into());
        format!("${}", self.params.len())
    }

    /// The table that is searched.
    pub(super) fn table(&self) -> &'static str {
        self.table
    }

    /// How many rows it finds.
    pub(super) fn count(&self, tx: &mut Tx<'_>) -> Result<u64, StoreError> {
        let (table, condition) = (self.table, &self.condition);
        counted(
            tx,
            &format!("SELECT COUNT(*) AS n FROM {table} WHERE {condition}"),
            &self.params,
        )
    }

    /// How many rows it finds, or `most` if there are more.
    pub(super) fn count_to(&self, tx: &mut Tx<'_>, most: u32) -> Result<u64, StoreError> {
        let (table, condition) = (self.table, &self.condition);
        let some = format!("SELECT 1 AS one FROM {table} WHERE {condition} LIMIT {most}");
        let count = format!("SELECT COUNT(*) AS n FROM ({some}) AS found");
        counted(tx, &count, &self.params)
    }
}

/// How many ids one statement names: few lengths, so that few statements are prepared. What is
/// left over of a length is the last id once more.
const LENGTHS: [usize; 4] = [1, 8, 32, IDS_MAX];
const IDS_MAX: usize = 128;

/// What `read` makes of the rows with these ids, by their ids. `select` ends before ` IN (…)`.
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

/// The same in the order of the ids.
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
